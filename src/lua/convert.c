#include "lua/convert.h"

#include <lauxlib.h>
#include <string.h>

#include "lua/box.h"
#include "lua/values.h"

enum { MOST_ITEMS = 100000 };

int
prl_raw_field(lua_State *L, int t, const char *name)
{
    lua_pushstring(L, name);
    return lua_rawget(L, t);
}

static void
wrong_type(lua_State *L, const char *name, const char *wanted)
{
    luaL_error(L, "%s: is a %s, not %s", name, luaL_typename(L, -1), wanted);
}

const char *
prl_pop_text(lua_State *L, prt_arena *arena, const char *what)
{
    size_t length;
    if (lua_type(L, -1) != LUA_TSTRING)
        wrong_type(L, what, "a string");
    const char *text = lua_tolstring(L, -1, &length);
    if (strlen(text) != length)
        luaL_error(L, "%s: has a zero byte", what);
    const char *copy = prt_arena_strndup(arena, text, length);
    lua_pop(L, 1);
    return copy;
}

/* Pushes the field; false, with nothing pushed, when it is nil. */
static bool
push_field(lua_State *L, int t, const char *name)
{
    if (prl_raw_field(L, t, name) != LUA_TNIL)
        return true;
    lua_pop(L, 1);
    return false;
}

bool
prl_field_text(lua_State *L, int t, const char *name, prt_arena *arena, const char **out)
{
    if (!push_field(L, t, name))
        return false;
    *out = prl_pop_text(L, arena, name);
    return true;
}

bool
prl_field_integer(lua_State *L, int t, const char *name, int64_t *out)
{
    if (!push_field(L, t, name))
        return false;
    if (!lua_isinteger(L, -1))
        wrong_type(L, name, "an integer");
    *out = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return true;
}

bool
prl_field_boolean(lua_State *L, int t, const char *name, bool *out)
{
    if (!push_field(L, t, name))
        return false;
    if (!lua_isboolean(L, -1))
        wrong_type(L, name, "true or false");
    *out = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return true;
}

bool
prl_field_interval(lua_State *L, int t, const char *name, prt_interval *out)
{
    if (!push_field(L, t, name))
        return false;
    prt_error err = {0};
    if (lua_type(L, -1) != LUA_TSTRING)
        wrong_type(L, name, "an interval's text");
    if (!prt_interval_parse(lua_tostring(L, -1), out, &err))
        luaL_error(L, "%s: %s", name, err.message);
    lua_pop(L, 1);
    return true;
}

bool
prl_field_texts(lua_State *L, int t, const char *name, prt_arena *arena, const char ***out, size_t *length)
{
    if (!push_field(L, t, name))
        return false;
    if (!lua_istable(L, -1))
        wrong_type(L, name, "a list");
    lua_Unsigned count = lua_rawlen(L, -1);
    if (count > MOST_ITEMS)
        luaL_error(L, "%s: has more than %d items", name, MOST_ITEMS);
    *out = prt_arena_array(arena, (size_t) count + 1, sizeof **out);
    *length = (size_t) count;
    for (lua_Unsigned i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (lua_Integer) i + 1);
        (*out)[i] = prl_pop_text(L, arena, name);
    }
    lua_pop(L, 1);
    return true;
}

bool
prl_field_function(lua_State *L, int t, const char *name, int *out)
{
    if (!push_field(L, t, name))
        return false;
    if (!lua_isfunction(L, -1))
        wrong_type(L, name, "a function");
    *out = luaL_ref(L, LUA_REGISTRYINDEX);
    return true;
}

static int
refuse_change(lua_State *L)
{
    return luaL_error(L, "this table cannot be changed (field '%s')", luaL_tolstring(L, 2, NULL));
}

static int
next_field(lua_State *L)
{
    lua_settop(L, 2);
    return lua_next(L, lua_upvalueindex(1)) ? 2 : 0;
}

static int
pairs_of(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, next_field, 1);
    return 1;
}

void
prl_protect(lua_State *L)
{
    lua_newtable(L);
    lua_createtable(L, 0, 4);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, refuse_change);
    lua_setfield(L, -2, "__newindex");
    lua_pushvalue(L, -3);
    lua_pushcclosure(L, pairs_of, 1);
    lua_setfield(L, -2, "__pairs");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_remove(L, -2);
}
