#include "lua/param.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/json.h"
#include "lua/values.h"
#include "model/civil.h"

/* PostgreSQL writes years before 1 as BC, and reads no sign before a year. */
static const char *
time_text(prt_arena *arena, prt_instant at)
{
    if (at == PRT_POS_MIN || at == PRT_POS_MAX)
        return at == PRT_POS_MIN ? "-infinity" : "infinity";
    const prt_civil c = prt_civil_from_usec(at);
    return prt_arena_printf(arena, "%04lld-%02d-%02d %02d:%02d:%02d.%06d+00%s",
                            (long long) (c.year > 0 ? c.year : 1 - c.year), c.month, c.day, c.hour, c.minute, c.second,
                            c.usec, c.year > 0 ? "" : " BC");
}

/* The shortest of two forms that reads back as the same number, with a point whatever the locale says. */
static const char *
float_text(prt_arena *arena, double value)
{
    if (isnan(value))
        return "NaN";
    if (isinf(value))
        return value > 0 ? "Infinity" : "-Infinity";
    char *text = prt_arena_printf(arena, "%.15g", value);
    if (strtod(text, NULL) != value)
        text = prt_arena_printf(arena, "%.17g", value);
    char *point = strpbrk(text, ",");
    if (point != NULL)
        *point = '.';
    return text;
}

static const char *
string_text(lua_State *L, int index, prt_arena *arena)
{
    size_t length;
    const char *text = lua_tolstring(L, index, &length);
    luaL_argcheck(L, strlen(text) == length, index, "a text for PostgreSQL cannot hold a zero byte");
    return prt_arena_strndup(arena, text, length);
}

static const char *
json_text(lua_State *L, int index, prt_arena *arena)
{
    prt_buf out;
    prt_error err = {0};
    prt_buf_init(&out, arena);
    if (!prl_json_encode(L, index, 0, &out, &err))
        luaL_argerror(L, index, err.message);
    return out.data;
}

static const char *
userdata_text(lua_State *L, int index, prt_arena *arena)
{
    const prt_instant *at = prl_to_time(L, index);
    if (at != NULL)
        return time_text(arena, *at);
    const prt_interval *interval = prl_to_interval(L, index);
    if (interval != NULL)
        return prt_interval_format(arena, interval);
    return json_text(L, index, arena);
}

const char *
prl_param_text(lua_State *L, int index, prt_arena *arena)
{
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        return NULL;
    case LUA_TBOOLEAN:
        return lua_toboolean(L, index) ? "true" : "false";
    case LUA_TNUMBER:
        if (lua_isinteger(L, index))
            return prt_arena_printf(arena, "%lld", (long long) lua_tointeger(L, index));
        return float_text(arena, lua_tonumber(L, index));
    case LUA_TSTRING:
        return string_text(L, index, arena);
    case LUA_TUSERDATA:
        return userdata_text(L, index, arena);
    case LUA_TTABLE:
        return json_text(L, index, arena);
    default:
        luaL_argerror(L, index, lua_pushfstring(L, "a %s cannot be a parameter", luaL_typename(L, index)));
        return NULL;
    }
}
