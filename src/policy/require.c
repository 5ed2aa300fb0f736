/* require for policies: "partrun", and modules below the policy's own folder. */
#include <lauxlib.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "lua/box.h"
#include "lua/convert.h"
#include "policy/sandbox.h"

/* Upvalues of require: what is loaded, the folder, the globals. */
enum { LOADED = 1, FOLDER, GLOBALS };

int
prt_sandbox_load(lua_State *L, const char *text, size_t length, const char *name)
{
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        length -= 3;
    }
    if (length > 0 && text[0] == '#') /* the line break stays, so that lines keep their numbers */
        while (length > 0 && text[0] != '\n') {
            text++;
            length--;
        }
    lua_pushfstring(L, "@%s", name);
    int status = luaL_loadbufferx(L, text, length, lua_tostring(L, -1), "t");
    lua_remove(L, -2);
    return status;
}

/* Whether the name is parts of letters, digits, _ and -, joined by dots. */
static bool
is_module_name(const char *name)
{
    bool part = false;
    for (; *name != '\0'; name++) {
        bool letter = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                      (*name >= '0' && *name <= '9') || *name == '_' || *name == '-';
        if (!letter && (*name != '.' || !part))
            return false;
        part = letter;
    }
    return part;
}

/* The real path of the module, when it is a regular file inside the folder once links are followed. */
static bool
find_file(const char *folder, const char *name, const char *suffix, char *real)
{
    char path[PATH_MAX];
    struct stat info;
    int prefix = (int) strlen(folder) + 1;
    int whole = snprintf(path, sizeof path, "%s/%s%s", folder, name, suffix);
    if (whole < 0 || (size_t) whole >= sizeof path)
        return false;
    for (char *c = path + prefix; c < path + whole - strlen(suffix); c++)
        *c = *c == '.' ? '/' : *c;
    if (realpath(path, real) == NULL || stat(real, &info) != 0 || !S_ISREG(info.st_mode))
        return false;
    return strncmp(real, path, (size_t) prefix) == 0;
}

static void
load_file(lua_State *L, const char *name, const char *path)
{
    char *text;
    size_t length;
    prt_error err = {0};
    prt_arena *arena = prl_arena_box(L);
    int box = lua_gettop(L);
    if (!prt_file_read(arena, path, &text, &length, &err))
        luaL_error(L, "module '%s': %s", name, err.message);
    int status = prt_sandbox_load(L, text, length, path);
    prl_arena_done(L, box);
    if (status != LUA_OK)
        lua_error(L);
    lua_pushvalue(L, lua_upvalueindex(GLOBALS));
    if (lua_setupvalue(L, -2, 1) == NULL)
        lua_pop(L, 1);
}

/* Pushes the module's value; it is remembered for this policy file only. */
static void
load_module(lua_State *L, const char *name)
{
    char real[PATH_MAX];
    const char *folder = lua_tostring(L, lua_upvalueindex(FOLDER));
    if (!is_module_name(name))
        luaL_error(L, "'%s' is no name of a module: write folder.module", name);
    if (!find_file(folder, name, ".lua", real) && !find_file(folder, name, "/init.lua", real))
        luaL_error(L, "module '%s' not found in the policy's folder %s", name, folder);
    lua_pushboolean(L, 0); /* being loaded */
    lua_setfield(L, lua_upvalueindex(LOADED), name);
    load_file(L, name, real);
    lua_pushstring(L, name);
    lua_call(L, 1, 1);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
}

static void
load_partrun(lua_State *L, const char *name)
{
    if (strcmp(name, "partrun") != 0)
        luaL_error(L, "module '%s' is not available in a policy: require \"partrun\" has what there is", name);
    lua_getglobal(L, "require");
    lua_pushstring(L, name);
    lua_call(L, 1, 1);
    prl_protect(L);
}

static int
policy_require(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    if (lua_getfield(L, lua_upvalueindex(LOADED), name) == LUA_TBOOLEAN && !lua_toboolean(L, -1))
        return luaL_error(L, "module '%s' requires itself, or failed before", name);
    if (!lua_isnil(L, -1))
        return 1;
    if (strcmp(name, "partrun") == 0 || strncmp(name, "partrun.", 8) == 0)
        load_partrun(L, name);
    else
        load_module(L, name);
    lua_pushvalue(L, -1);
    lua_setfield(L, lua_upvalueindex(LOADED), name);
    return 1;
}

void
prt_sandbox_push_require(lua_State *L, const char *folder, int globals)
{
    lua_newtable(L);
    lua_pushstring(L, folder);
    lua_pushvalue(L, globals);
    lua_pushcclosure(L, policy_require, 3);
}
