#include "lua/values.h"

#include <string.h>

#include "base/file.h"
#include "lua/box.h"
#include "lua/types.h"

static const char zones_key = 0; /* its address is the registry key of the zones read so far */

/* "text" .. value, as print would show it */
static int
value_concat(lua_State *L)
{
    luaL_tolstring(L, 1, NULL);
    luaL_tolstring(L, 2, NULL);
    lua_concat(L, 2);
    return 1;
}

void
prl_new_type(lua_State *L, const char *name, const luaL_Reg *meta, const luaL_Reg *methods)
{
    if (luaL_newmetatable(L, name)) {
        luaL_setfuncs(L, meta, 0);
        lua_pushcfunction(L, value_concat);
        lua_setfield(L, -2, "__concat");
        if (methods != NULL) {
            lua_newtable(L);
            luaL_setfuncs(L, methods, 0);
            lua_setfield(L, -2, "__index");
        }
        lua_pushstring(L, name);
        lua_setfield(L, -2, "__metatable");
    }
    lua_pop(L, 1);
}

void *
prl_new_value(lua_State *L, size_t size, const char *name)
{
    void *value = lua_newuserdatauv(L, size, 0);
    luaL_setmetatable(L, name);
    return value;
}

void
prl_push_pos(lua_State *L, bool ids, prt_pos pos)
{
    if (pos == PRT_POS_MIN || pos == PRT_POS_MAX)
        lua_pushnil(L);
    else if (ids)
        lua_pushinteger(L, pos);
    else
        prl_push_time(L, pos);
}

/* The table of zones: name -> {arena box, light userdata of the zone}. */
static void
push_zones(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &zones_key) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &zones_key);
}

static const prt_zone *
read_zone(lua_State *L, const char *name)
{
    prt_arena *arena = prl_arena_box(L);
    char *bytes;
    size_t length;
    const prt_zone *zone = NULL;
    prt_error err = {0};
    if (!prt_tzdata_read(arena, name, &bytes, &length, &err) ||
        !prt_zone_parse(arena, prt_arena_strdup(arena, name), bytes, length, &zone, &err))
        prl_raise(L, &err);
    return zone;
}

static void
push_zone(lua_State *L, const prt_zone *zone)
{
    void *address; /* only ever read as what it is */
    memcpy(&address, &zone, sizeof address);
    lua_pushlightuserdata(L, address);
}

const prt_zone *
prl_check_zone(lua_State *L, const char *name)
{
    if (name == NULL)
        return NULL;
    int top = lua_gettop(L);
    luaL_checkstack(L, 8, NULL);
    push_zones(L);
    if (lua_getfield(L, -1, name) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_createtable(L, 2, 0);
        const prt_zone *zone = read_zone(L, name);
        lua_rawseti(L, -2, 1);
        push_zone(L, zone);
        lua_rawseti(L, -2, 2);
        lua_pushvalue(L, -1);
        lua_setfield(L, top + 1, name);
    }
    lua_rawgeti(L, -1, 2);
    const prt_zone *zone = lua_touserdata(L, -1);
    lua_settop(L, top);
    return zone;
}

void
prl_open_values(lua_State *L)
{
    prl_open_time(L);
    prl_open_interval(L);
    prl_open_range(L);
}
