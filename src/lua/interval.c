/* partrun.interval: months, days and microseconds. Comparisons go by approximate length (a month as 30.4375 days). */
#include <lauxlib.h>

#include "lua/box.h"
#include "lua/types.h"
#include "lua/values.h"

void
prl_push_interval(lua_State *L, const prt_interval *interval)
{
    *(prt_interval *) prl_new_value(L, sizeof *interval, PRL_INTERVAL) = *interval;
}

const prt_interval *
prl_to_interval(lua_State *L, int index)
{
    return luaL_testudata(L, index, PRL_INTERVAL);
}

prt_interval
prl_check_interval(lua_State *L, int index)
{
    const prt_interval *interval = prl_to_interval(L, index);
    if (interval != NULL)
        return *interval;
    prt_interval parsed;
    prt_error err = {0};
    if (lua_type(L, index) == LUA_TNUMBER)
        luaL_argerror(L, index, "a number has no unit: write \"1 day\", \"6 hours\", ...");
    if (lua_type(L, index) != LUA_TSTRING)
        luaL_typeerror(L, index, "interval");
    if (!prt_interval_parse(lua_tostring(L, index), &parsed, &err))
        prl_raise(L, &err);
    return parsed;
}

int
prl_interval(lua_State *L)
{
    prt_interval interval = prl_check_interval(L, 1);
    prl_push_interval(L, &interval);
    return 1;
}

static int
combine(lua_State *L, const prt_interval *a, const prt_interval *b, int64_t factor)
{
    prt_interval sum = {0}, part = {0};
    bool overflow = __builtin_mul_overflow(b->months, factor, &part.months) ||
                    __builtin_mul_overflow(b->days, factor, &part.days) ||
                    __builtin_mul_overflow(b->usec, factor, &part.usec) ||
                    __builtin_add_overflow(a->months, part.months, &sum.months) ||
                    __builtin_add_overflow(a->days, part.days, &sum.days) ||
                    __builtin_add_overflow(a->usec, part.usec, &sum.usec);
    if (overflow)
        return luaL_error(L, "the interval is too long");
    prl_push_interval(L, &sum);
    return 1;
}

static int
interval_plus(lua_State *L)
{
    if (prl_to_time(L, 2) != NULL) { /* interval + time: the time's metamethod wants them the other way round */
        prt_interval interval = prl_check_interval(L, 1);
        prl_push_time(L, prt_interval_add(*prl_to_time(L, 2), &interval, 1, NULL));
        return 1;
    }
    prt_interval a = prl_check_interval(L, 1), b = prl_check_interval(L, 2);
    return combine(L, &a, &b, 1);
}

static int
interval_minus(lua_State *L)
{
    if (prl_to_time(L, 1) != NULL) {
        prt_interval interval = prl_check_interval(L, 2);
        prl_push_time(L, prt_interval_add(*prl_to_time(L, 1), &interval, -1, NULL));
        return 1;
    }
    prt_interval a = prl_check_interval(L, 1), b = prl_check_interval(L, 2);
    return combine(L, &a, &b, -1);
}

static int
interval_times(lua_State *L)
{
    int number = lua_isinteger(L, 1) ? 1 : 2;
    prt_interval zero = {0}, interval = prl_check_interval(L, 3 - number);
    return combine(L, &zero, &interval, luaL_checkinteger(L, number));
}

static int
interval_negative(lua_State *L)
{
    prt_interval zero = {0}, interval = prl_check_interval(L, 1);
    return combine(L, &zero, &interval, -1);
}

static int
interval_equal(lua_State *L)
{
    const prt_interval *a = prl_to_interval(L, 1), *b = prl_to_interval(L, 2);
    lua_pushboolean(L, a != NULL && b != NULL && prt_interval_usec(a) == prt_interval_usec(b));
    return 1;
}

static int
interval_less(lua_State *L)
{
    prt_interval a = prl_check_interval(L, 1), b = prl_check_interval(L, 2);
    lua_pushboolean(L, prt_interval_usec(&a) < prt_interval_usec(&b));
    return 1;
}

static int
interval_at_most(lua_State *L)
{
    prt_interval a = prl_check_interval(L, 1), b = prl_check_interval(L, 2);
    lua_pushboolean(L, prt_interval_usec(&a) <= prt_interval_usec(&b));
    return 1;
}

static int
interval_tostring(lua_State *L)
{
    prt_interval interval = prl_check_interval(L, 1);
    lua_pushstring(L, prt_interval_format(prl_arena_box(L), &interval));
    return 1;
}

static int
interval_seconds(lua_State *L)
{
    prt_interval interval = prl_check_interval(L, 1);
    lua_pushnumber(L, (lua_Number) prt_interval_usec(&interval) / PRT_USEC_PER_SEC);
    return 1;
}

void
prl_open_interval(lua_State *L)
{
    static const luaL_Reg methods[] = {{"seconds", interval_seconds}, {NULL, NULL}};
    static const luaL_Reg meta[] = {
        {"__add", interval_plus},     {"__sub", interval_minus},         {"__mul", interval_times},
        {"__unm", interval_negative}, {"__eq", interval_equal},          {"__lt", interval_less},
        {"__le", interval_at_most},   {"__tostring", interval_tostring}, {NULL, NULL},
    };
    prl_new_type(L, PRL_INTERVAL, meta, methods);
}
