#include "lua/load.h"

#include <dirent.h>
#include <errno.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lua/modules.h"

static const char load_key = 0; /* its address is the registry key of the load function, once it is made */

static bool
ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static int
policy_name(const struct dirent *entry)
{
    const char *name = entry->d_name;
    return name[0] != '.' && ends_with(name, ".lua") && !ends_with(name, "_spec.lua");
}

static int
by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* A userdata that owns scandir's memory. */
typedef struct listing {
    struct dirent **entries;
    int length;
} listing;

static int
listing_gc(lua_State *L)
{
    listing *l = lua_touserdata(L, 1);
    for (int i = 0; i < l->length; i++)
        free(l->entries[i]);
    free(l->entries);
    *l = (listing) {0};
    return 0;
}

static listing *
push_listing(lua_State *L)
{
    listing *l = lua_newuserdatauv(L, sizeof *l, 0);
    *l = (listing) {0};
    if (luaL_newmetatable(L, "partrun.listing")) {
        lua_pushcfunction(L, listing_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return l;
}

/* files(path) -> list of policy files: the path itself, or a folder's *.lua in name order; or nil, message. */
static int
policy_files(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct stat info;
    lua_newtable(L);
    if (stat(path, &info) == 0 && !S_ISDIR(info.st_mode)) {
        lua_pushvalue(L, 1);
        lua_rawseti(L, -2, 1);
        return 1;
    }
    listing *l = push_listing(L);
    l->length = scandir(path, &l->entries, policy_name, by_bytes);
    if (l->length < 0) {
        l->length = 0;
        lua_pushnil(L);
        lua_pushfstring(L, "%s: %s", path, strerror(errno));
        return 2;
    }
    for (int i = 0; i < l->length; i++) {
        lua_pushfstring(L, ends_with(path, "/") ? "%s%s" : "%s/%s", path, l->entries[i]->d_name);
        lua_rawseti(L, 2, i + 1);
    }
    lua_settop(L, 2);
    return 1;
}

/* The Lua half is read when it is first needed: it requires partrun, which may be in the making. */
static int
load(lua_State *L)
{
    int arguments = lua_gettop(L);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &load_key) == LUA_TNIL) {
        lua_pop(L, 1);
        if (!prl_load_module(L, "partrun.load"))
            return luaL_error(L, "the module partrun.load is missing");
        lua_pushcfunction(L, policy_files);
        lua_call(L, 1, 1);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &load_key);
    }
    lua_insert(L, 1);
    lua_call(L, arguments, LUA_MULTRET);
    return lua_gettop(L);
}

void
prl_push_load(lua_State *L)
{
    lua_pushcfunction(L, load);
}
