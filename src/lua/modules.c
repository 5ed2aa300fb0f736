#include "lua/modules.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

#include "base/embed.h"

static const prt_embedded *
find_embedded(const char *path)
{
    for (const prt_embedded *file = prt_lua_files; file->name != NULL; file++)
        if (strcmp(file->name, path) == 0)
            return file;
    return NULL;
}

/* "partrun.policy" is partrun/policy.lua or partrun/policy/init.lua. */
static const prt_embedded *
find_module(const char *name)
{
    char path[200], whole[220];
    if (strlen(name) >= sizeof path || strchr(name, '/') != NULL)
        return NULL;
    memcpy(path, name, strlen(name) + 1);
    for (char *dot = path; (dot = strchr(dot, '.')) != NULL;)
        *dot = '/';
    snprintf(whole, sizeof whole, "%s.lua", path);
    const prt_embedded *file = find_embedded(whole);
    if (file != NULL)
        return file;
    snprintf(whole, sizeof whole, "%s/init.lua", path);
    return find_embedded(whole);
}

bool
prl_load_module(lua_State *L, const char *name)
{
    const prt_embedded *file = find_module(name);
    if (file == NULL)
        return false;
    lua_pushfstring(L, "@%s", file->name);
    if (luaL_loadbufferx(L, file->text, file->length, lua_tostring(L, -1), "t") != LUA_OK)
        lua_error(L);
    lua_remove(L, -2);
    return true;
}

static int
search(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    if (prl_load_module(L, name))
        return 1;
    lua_pushfstring(L, "no embedded module '%s'", name);
    return 1;
}

void
prl_open_modules(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_partrun_core);
    lua_setfield(L, -2, "partrun.core");
    lua_pop(L, 1);

    /* Right behind the preloaded ones: an installed partrun of another version must not mix with this one. */
    lua_getglobal(L, LUA_LOADLIBNAME);
    lua_getfield(L, -1, "searchers");
    luaL_checktype(L, -1, LUA_TTABLE);
    for (lua_Integer i = luaL_len(L, -1); i >= 2; i--) {
        lua_geti(L, -1, i);
        lua_seti(L, -2, i + 1);
    }
    lua_pushcfunction(L, search);
    lua_seti(L, -2, 2);
    lua_pop(L, 2);
}
