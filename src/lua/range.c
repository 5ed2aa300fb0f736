/* partrun.range: [from, to) of times or of ids, either end open; and the iterator over the cells of a grid. */
#include <lauxlib.h>
#include <string.h>

#include "lua/box.h"
#include "lua/types.h"
#include "lua/values.h"

typedef struct range {
    bool ids;
    prt_pos from, to;
} range;

typedef struct walk {
    prt_grid grid;
    prt_pos next, end;
} walk;

void
prl_push_range(lua_State *L, bool ids, prt_pos from, prt_pos to)
{
    *(range *) prl_new_value(L, sizeof(range), PRL_RANGE) = (range) {ids, from, to};
}

static prt_pos
check_end(lua_State *L, int index, bool ids, prt_pos open)
{
    if (lua_isnoneornil(L, index))
        return open;
    return ids ? luaL_checkinteger(L, index) : prl_check_time(L, index);
}

static bool
is_id(lua_State *L, int index)
{
    return lua_type(L, index) == LUA_TNUMBER;
}

int
prl_range(lua_State *L)
{
    bool ids = is_id(L, 1) || is_id(L, 2);
    prt_pos from = check_end(L, 1, ids, PRT_POS_MIN), to = check_end(L, 2, ids, PRT_POS_MAX);
    if (from >= to)
        return luaL_error(L, "the range is empty: its end is not after its start");
    prl_push_range(L, ids, from, to);
    return 1;
}

static int
range_contains(lua_State *L)
{
    const range *r = luaL_checkudata(L, 1, PRL_RANGE);
    luaL_checkany(L, 2);
    prt_pos at = r->ids ? luaL_checkinteger(L, 2) : prl_check_time(L, 2);
    lua_pushboolean(L, r->from <= at && at < r->to);
    return 1;
}

static int
range_overlaps(lua_State *L)
{
    const range *a = luaL_checkudata(L, 1, PRL_RANGE), *b = luaL_checkudata(L, 2, PRL_RANGE);
    luaL_argcheck(L, a->ids == b->ids, 2, "one range is of times, the other of ids");
    lua_pushboolean(L, a->from < b->to && b->from < a->to);
    return 1;
}

static int
range_index(lua_State *L)
{
    const range *r = luaL_checkudata(L, 1, PRL_RANGE);
    const char *name = luaL_checkstring(L, 2);
    if (strcmp(name, "from") == 0)
        prl_push_pos(L, r->ids, r->from);
    else if (strcmp(name, "to") == 0)
        prl_push_pos(L, r->ids, r->to);
    else if (strcmp(name, "contains") == 0)
        lua_pushcfunction(L, range_contains);
    else if (strcmp(name, "overlaps") == 0)
        lua_pushcfunction(L, range_overlaps);
    else
        lua_pushnil(L);
    return 1;
}

static int
range_equal(lua_State *L)
{
    const range *a = luaL_testudata(L, 1, PRL_RANGE), *b = luaL_testudata(L, 2, PRL_RANGE);
    lua_pushboolean(L, a != NULL && b != NULL && a->ids == b->ids && a->from == b->from && a->to == b->to);
    return 1;
}

static void
push_end_text(lua_State *L, const range *r, prt_pos at)
{
    if (at == PRT_POS_MIN)
        lua_pushliteral(L, "-inf");
    else if (at == PRT_POS_MAX)
        lua_pushliteral(L, "inf");
    else if (r->ids)
        lua_pushfstring(L, "%I", (LUAI_UACINT) at);
    else
        lua_pushstring(L, prt_instant_display(prl_arena_box(L), at));
}

static int
range_tostring(lua_State *L)
{
    const range *r = luaL_checkudata(L, 1, PRL_RANGE);
    push_end_text(L, r, r->from);
    const char *from = lua_tostring(L, -1);
    push_end_text(L, r, r->to);
    lua_pushfstring(L, "%s .. %s", from, lua_tostring(L, -1));
    return 1;
}

static int
next_range(lua_State *L)
{
    walk *w = lua_touserdata(L, lua_upvalueindex(1));
    if (w->next >= w->end)
        return 0;
    prt_pos from = w->next;
    w->next = prt_grid_next(&w->grid, from);
    prl_push_range(L, w->grid.unit == PRT_UNIT_ID, from, w->next);
    return 1;
}

/* ranges(interval, from, to, {timezone=, anchor=}): the grid's cells from the one that holds `from` up to `to`. */
int
prl_ranges(lua_State *L)
{
    lua_settop(L, 4);
    bool ids = is_id(L, 1);
    walk *w = lua_newuserdatauv(L, sizeof *w, 0);
    prt_error err = {0};
    if (!ids)
        prl_check_grid(L, 1, 4, &w->grid);
    else if (!prt_grid_id(&w->grid, luaL_checkinteger(L, 1), 0, &err))
        return prl_raise(L, &err);
    w->next = prt_grid_floor(&w->grid, ids ? luaL_checkinteger(L, 2) : prl_check_time(L, 2));
    w->end = ids ? luaL_checkinteger(L, 3) : prl_check_time(L, 3);
    lua_settop(L, 5);
    lua_pushcclosure(L, next_range, 1);
    return 1;
}

void
prl_open_range(lua_State *L)
{
    static const luaL_Reg meta[] = {
        {"__index", range_index}, {"__eq", range_equal}, {"__tostring", range_tostring}, {NULL, NULL}};
    prl_new_type(L, PRL_RANGE, meta, NULL);
}
