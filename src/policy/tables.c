/* The table library of policies: its loops in C are bounded, or look at the budgets. */
#include <lauxlib.h>

#include "policy/sandbox.h"

enum { MOST_ITEMS = 1000000 };

/* A length of one's own making would be the number of rounds. */
static void
check_length(lua_State *L, int index)
{
    if (luaL_getmetafield(L, index, "__len") != LUA_TNIL)
        luaL_argerror(L, index, "a table with __len is not accepted here");
}

static int
guarded(lua_State *L)
{
    check_length(L, 1);
    return prt_sandbox_forward(L);
}

static void
check_span(lua_State *L, lua_Integer from, lua_Integer to)
{
    if (to >= from && (lua_Unsigned) to - (lua_Unsigned) from >= MOST_ITEMS)
        luaL_error(L, "more than %d items", MOST_ITEMS);
}

static int
guarded_concat(lua_State *L)
{
    check_length(L, 1);
    if (!lua_isnoneornil(L, 4))
        check_span(L, luaL_optinteger(L, 3, 1), luaL_checkinteger(L, 4));
    return prt_sandbox_forward(L);
}

static int
guarded_move(lua_State *L)
{
    check_span(L, luaL_checkinteger(L, 2), luaL_checkinteger(L, 3));
    return prt_sandbox_forward(L);
}

static int
guarded_unpack(lua_State *L)
{
    check_length(L, 1);
    if (!lua_isnoneornil(L, 3))
        check_span(L, luaL_optinteger(L, 2, 1), luaL_checkinteger(L, 3));
    return prt_sandbox_forward(L);
}

/* One comparison; comparing long texts, or calling C functions, runs no instructions that would be counted. */
static int
sort_less(lua_State *L)
{
    prl_guard_check(L);
    if (lua_isnil(L, lua_upvalueindex(1))) {
        lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
        return 1;
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 2, 1);
    return 1;
}

static int
guarded_sort(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    check_length(L, 1);
    lua_settop(L, 2);
    if (!lua_isnil(L, 2))
        luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushcclosure(L, sort_less, 1);
    return prt_sandbox_forward(L);
}

void
prt_sandbox_guard_tables(lua_State *L)
{
    prt_sandbox_guard(L, "concat", guarded_concat);
    prt_sandbox_guard(L, "insert", guarded);
    prt_sandbox_guard(L, "remove", guarded);
    prt_sandbox_guard(L, "move", guarded_move);
    prt_sandbox_guard(L, "sort", guarded_sort);
    prt_sandbox_guard(L, "unpack", guarded_unpack);
}
