/*
 * partrun.core: the pure C half. What its Lua half needs from here are the values and checks of texts, which return the
 * canonical form, or nil, a message and perhaps a hint.
 */
#include <lauxlib.h>

#include "base/file.h"
#include "lua/box.h"
#include "lua/modules.h"
#include "lua/types.h"
#include "lua/values.h"
#include "model/ident.h"
#include "model/naming.h"

static int
refuse(lua_State *L, const prt_error *err)
{
    lua_pushnil(L);
    lua_pushstring(L, err->message);
    if (err->hint[0] == '\0')
        return 2;
    lua_pushstring(L, err->hint);
    return 3;
}

/* check_interval(text) -> text, microseconds (approximately) */
static int
check_interval(lua_State *L)
{
    const char *text = luaL_checkstring(L, 1);
    prt_interval interval;
    prt_error err = {0};
    if (!prt_interval_parse(text, &interval, &err))
        return refuse(L, &err);
    lua_pushstring(L, prt_interval_format(prl_arena_box(L), &interval));
    lua_pushinteger(L, prt_interval_usec(&interval));
    return 2;
}

/* check_time(text) -> time */
static int
check_time(lua_State *L)
{
    prt_instant at;
    prt_error err = {0};
    if (!prt_instant_parse(luaL_checkstring(L, 1), &at, &err))
        return refuse(L, &err);
    prl_push_time(L, at);
    return 1;
}

/* check_table(text) -> schema or false, name */
static int
check_table(lua_State *L)
{
    const char *text = luaL_checkstring(L, 1), *schema, *name;
    prt_error err = {0};
    if (!prt_ident_parse(prl_arena_box(L), text, &schema, &name, &err))
        return refuse(L, &err);
    if (schema == NULL)
        lua_pushboolean(L, 0);
    else
        lua_pushstring(L, schema);
    lua_pushstring(L, name);
    return 2;
}

/* check_zone(name) -> true */
static int
check_zone(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    prt_arena *arena = prl_arena_box(L);
    char *bytes;
    size_t length;
    const prt_zone *zone;
    prt_error err = {0};
    if (!prt_tzdata_read(arena, name, &bytes, &length, &err) ||
        !prt_zone_parse(arena, name, bytes, length, &zone, &err))
        return refuse(L, &err);
    lua_pushboolean(L, 1);
    return 1;
}

/* check_naming(text) -> true */
static int
check_naming(lua_State *L)
{
    prt_error err = {0};
    if (!prt_naming_check(luaL_checkstring(L, 1), &err))
        return refuse(L, &err);
    lua_pushboolean(L, 1);
    return 1;
}

/* check_grid(interval, anchor or nil) -> true: whether partitions can lie on such a grid */
static int
check_grid(lua_State *L)
{
    prt_interval interval = prl_check_interval(L, 1);
    const prt_instant *anchor = prl_to_time(L, 2);
    prt_grid grid;
    prt_error err = {0};
    if (!prt_grid_time(&grid, &interval, anchor, NULL, &err))
        return refuse(L, &err);
    lua_pushboolean(L, 1);
    return 1;
}

/* The nearest caller that is Lua code: between may be pcall. */
static bool
find_caller(lua_State *L, lua_Debug *ar)
{
    for (int level = 1; level < 10 && lua_getstack(L, level, ar); level++)
        if (lua_getinfo(L, "Sl", ar) && ar->currentline > 0)
            return true;
    return false;
}

static int
call_located(lua_State *L)
{
    lua_Debug ar;
    int arguments = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    bool found = find_caller(L, &ar);
    lua_pushstring(L, !found ? "?" : ar.source[0] == '@' ? ar.source + 1 : ar.short_src);
    lua_pushinteger(L, found ? ar.currentline : 0);
    lua_call(L, arguments + 2, LUA_MULTRET);
    return lua_gettop(L);
}

/* located(f): a function that calls f(..., file, line) of the place it is called from. It is in C because a tail call
 * (`return partrun.policy {...}`) leaves a Lua function no caller to look at. */
static int
located(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_pushcclosure(L, call_located, 1);
    return 1;
}

/* kind(value): "time", "interval", "range" for values of these types, otherwise what type() says */
static int
kind(lua_State *L)
{
    luaL_checkany(L, 1);
    if (luaL_testudata(L, 1, PRL_TIME) != NULL)
        lua_pushliteral(L, "time");
    else if (luaL_testudata(L, 1, PRL_INTERVAL) != NULL)
        lua_pushliteral(L, "interval");
    else if (luaL_testudata(L, 1, PRL_RANGE) != NULL)
        lua_pushliteral(L, "range");
    else
        lua_pushstring(L, luaL_typename(L, 1));
    return 1;
}

int
luaopen_partrun_core(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"time", prl_time},
        {"interval", prl_interval},
        {"range", prl_range},
        {"ranges", prl_ranges},
        {"kind", kind},
        {"located", located},
        {"check_interval", check_interval},
        {"check_time", check_time},
        {"check_table", check_table},
        {"check_zone", check_zone},
        {"check_naming", check_naming},
        {"check_grid", check_grid},
        {NULL, NULL},
    };
    prl_open_values(L);
    luaL_newlib(L, functions);
    lua_pushliteral(L, PARTRUN_VERSION);
    lua_setfield(L, -2, "version");
    return 1;
}
