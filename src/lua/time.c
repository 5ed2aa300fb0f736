/* partrun.time: an instant. */
#include <lauxlib.h>

#include "base/buf.h"
#include "lua/box.h"
#include "lua/types.h"
#include "lua/values.h"
#include "model/civil.h"
#include "model/grid.h"

enum { LONGEST_FORMAT = 1000 };

void
prl_push_time(lua_State *L, prt_instant at)
{
    *(prt_instant *) prl_new_value(L, sizeof at, PRL_TIME) = at;
}

const prt_instant *
prl_to_time(lua_State *L, int index)
{
    return luaL_testudata(L, index, PRL_TIME);
}

prt_instant
prl_check_time(lua_State *L, int index)
{
    const prt_instant *at = prl_to_time(L, index);
    if (at != NULL)
        return *at;
    if (lua_type(L, index) != LUA_TSTRING)
        luaL_typeerror(L, index, "time");
    prt_instant parsed;
    prt_error err = {0};
    if (!prt_instant_parse(lua_tostring(L, index), &parsed, &err))
        prl_raise(L, &err);
    return parsed;
}

/* Units a second of an epoch: "s", "ms", "us", "ns". */
static int64_t
check_epoch_unit(lua_State *L, int index)
{
    static const char *const names[] = {"s", "ms", "us", "ns", NULL};
    static const int64_t per_sec[] = {1, 1000, 1000000, 1000000000};
    return per_sec[luaL_checkoption(L, index, NULL, names)];
}

static prt_instant
from_epoch(lua_State *L, int64_t amount, int64_t per_sec)
{
    if (per_sec > PRT_USEC_PER_SEC)
        return prt_floor_div(amount, per_sec / PRT_USEC_PER_SEC);
    int64_t factor = PRT_USEC_PER_SEC / per_sec;
    if (amount >= PRT_POS_MAX / factor || amount <= PRT_POS_MIN / factor)
        luaL_argerror(L, 1, "out of range");
    return amount * factor;
}

/* time(value) of a time or a text; time(n, unit) of an epoch. A bare number has no unit, so it is an error. */
int
prl_time(lua_State *L)
{
    if (lua_isinteger(L, 1) && !lua_isnoneornil(L, 2))
        prl_push_time(L, from_epoch(L, lua_tointeger(L, 1), check_epoch_unit(L, 2)));
    else if (lua_type(L, 1) == LUA_TNUMBER)
        luaL_argerror(L, 1, "a number needs a unit: time(n, \"s\"), \"ms\", \"us\" or \"ns\"");
    else
        prl_push_time(L, prl_check_time(L, 1));
    return 1;
}

static int
time_epoch(lua_State *L)
{
    prt_instant at = *(prt_instant *) luaL_checkudata(L, 1, PRL_TIME);
    int64_t per_sec = lua_isnoneornil(L, 2) ? 1 : check_epoch_unit(L, 2);
    int64_t result;
    if (per_sec <= PRT_USEC_PER_SEC)
        result = prt_floor_div(at, PRT_USEC_PER_SEC / per_sec);
    else if (__builtin_mul_overflow(at, per_sec / PRT_USEC_PER_SEC, &result))
        luaL_argerror(L, 1, "out of range");
    lua_pushinteger(L, result);
    return 1;
}

/* The zone of the options at `index`: a table with `timezone`, or nothing. */
static const prt_zone *
check_zone_option(lua_State *L, int index)
{
    static const char *const names[] = {"timezone", "anchor", NULL};
    prl_check_options(L, index, names);
    if (lua_isnoneornil(L, index))
        return NULL;
    lua_getfield(L, index, "timezone");
    const prt_zone *zone = prl_check_zone(L, luaL_optstring(L, -1, NULL));
    lua_pop(L, 1);
    return zone;
}

void
prl_check_grid(lua_State *L, int interval_index, int options_index, prt_grid *grid)
{
    prt_interval interval = prl_check_interval(L, interval_index);
    const prt_zone *zone = check_zone_option(L, options_index);
    prt_instant anchor;
    bool has_anchor = false;
    if (!lua_isnoneornil(L, options_index) && lua_getfield(L, options_index, "anchor") != LUA_TNIL) {
        anchor = prl_check_time(L, lua_gettop(L));
        has_anchor = true;
    }
    prt_error err = {0};
    if (!prt_grid_time(grid, &interval, has_anchor ? &anchor : NULL, zone, &err))
        prl_raise(L, &err);
}

static int
time_floor(lua_State *L)
{
    prt_instant at = prl_check_time(L, 1);
    prt_grid grid;
    lua_settop(L, 3);
    prl_check_grid(L, 2, 3, &grid);
    prl_push_time(L, prt_grid_floor(&grid, at));
    return 1;
}

static int
time_format(lua_State *L)
{
    prt_instant at = prl_check_time(L, 1);
    size_t length;
    const char *format = luaL_checklstring(L, 2, &length);
    luaL_argcheck(L, length <= LONGEST_FORMAT, 2, "the format is too long");
    luaL_argcheck(L, at != PRT_POS_MIN && at != PRT_POS_MAX, 1, "infinity has no such form");
    const prt_zone *zone = check_zone_option(L, 3);
    prt_buf text;
    prt_error err = {0};
    prt_buf_init(&text, prl_arena_box(L));
    if (!prt_civil_format(&text, format, prt_zone_local(zone, at), &err))
        prl_raise(L, &err);
    lua_pushlstring(L, text.data, text.length);
    return 1;
}

static int
add(lua_State *L, int time, int interval, int sign, const prt_zone *zone)
{
    prt_instant at = prl_check_time(L, time);
    prt_interval span = prl_check_interval(L, interval);
    prl_push_time(L, prt_interval_add(at, &span, sign, zone));
    return 1;
}

/* t:add(interval, {timezone=}): on that zone's calendar; t + interval is on UTC's. */
static int
time_add_method(lua_State *L)
{
    return add(L, 1, 2, 1, check_zone_option(L, 3));
}

static int
time_subtract_method(lua_State *L)
{
    return add(L, 1, 2, -1, check_zone_option(L, 3));
}

static int
time_plus(lua_State *L)
{
    return prl_to_time(L, 1) != NULL ? add(L, 1, 2, 1, NULL) : add(L, 2, 1, 1, NULL);
}

static int
time_minus(lua_State *L)
{
    const prt_instant *other = prl_to_time(L, 2);
    if (other == NULL)
        return add(L, 1, 2, -1, NULL);
    prt_interval between = {0};
    if (__builtin_sub_overflow(prl_check_time(L, 1), *other, &between.usec))
        return luaL_error(L, "the times are too far apart");
    prl_push_interval(L, &between);
    return 1;
}

static int
time_equal(lua_State *L)
{
    const prt_instant *a = prl_to_time(L, 1), *b = prl_to_time(L, 2);
    lua_pushboolean(L, a != NULL && b != NULL && *a == *b);
    return 1;
}

static int
time_less(lua_State *L)
{
    lua_pushboolean(L, prl_check_time(L, 1) < prl_check_time(L, 2));
    return 1;
}

static int
time_at_most(lua_State *L)
{
    lua_pushboolean(L, prl_check_time(L, 1) <= prl_check_time(L, 2));
    return 1;
}

static int
time_tostring(lua_State *L)
{
    prt_instant at = prl_check_time(L, 1);
    lua_pushstring(L, prt_instant_format(prl_arena_box(L), at));
    return 1;
}

void
prl_open_time(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"floor", time_floor},
        {"format", time_format},
        {"epoch", time_epoch},
        {"add", time_add_method},
        {"subtract", time_subtract_method},
        {NULL, NULL},
    };
    static const luaL_Reg meta[] = {
        {"__add", time_plus},   {"__sub", time_minus},         {"__eq", time_equal}, {"__lt", time_less},
        {"__le", time_at_most}, {"__tostring", time_tostring}, {NULL, NULL},
    };
    prl_new_type(L, PRL_TIME, meta, methods);
}
