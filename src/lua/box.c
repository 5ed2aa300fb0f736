#include "lua/box.h"

#include <lauxlib.h>
#include <string.h>

static const char *const arena_type = "partrun.arena";

static int
arena_gc(lua_State *L)
{
    prt_arena **box = lua_touserdata(L, 1);
    prt_arena_free(*box);
    *box = NULL;
    return 0;
}

prt_arena *
prl_arena_box(lua_State *L)
{
    prt_arena **box = lua_newuserdatauv(L, sizeof(prt_arena *), 0);
    *box = NULL;
    if (luaL_newmetatable(L, arena_type)) {
        lua_pushcfunction(L, arena_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    *box = prt_arena_new();
    return *box;
}

void
prl_arena_done(lua_State *L, int index)
{
    prt_arena **box = luaL_checkudata(L, index, arena_type);
    prt_arena_free(*box);
    *box = NULL;
}

void
prl_set_type(lua_State *L, const char *name, const luaL_Reg *meta, const luaL_Reg *methods)
{
    if (luaL_newmetatable(L, name)) {
        luaL_setfuncs(L, meta, 0);
        lua_newtable(L);
        luaL_setfuncs(L, methods, 0);
        lua_setfield(L, -2, "__index");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
}

static void
push_message(lua_State *L, const prt_error *err)
{
    if (err->object[0] != '\0' && strstr(err->message, err->object) == NULL)
        lua_pushfstring(L, "%s: %s", err->object, err->message);
    else
        lua_pushstring(L, err->message);
    if (err->hint[0] != '\0') {
        lua_pushfstring(L, "%s (hint: %s)", lua_tostring(L, -1), err->hint);
        lua_remove(L, -2);
    }
}

int
prl_failure(lua_State *L, const prt_error *err)
{
    lua_pushnil(L);
    push_message(L, err);
    lua_pushstring(L, prt_code_name(err->code));
    if (err->sqlstate[0] == '\0')
        return 3;
    lua_pushstring(L, err->sqlstate);
    return 4;
}

int
prl_raise(lua_State *L, const prt_error *err)
{
    luaL_where(L, 1);
    push_message(L, err);
    lua_concat(L, 2);
    return lua_error(L);
}

/* Edit distance (insertions, deletions, replacements) of two short names. */
static size_t
distance(const char *a, const char *b)
{
    size_t row[64], n = strlen(b);
    if (n >= 64)
        return 64;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            row[j] = replaced < least ? replaced : least;
        }
    }
    return row[n];
}

static const char *
nearest(const char *wrong, const char *const *names)
{
    const char *best = NULL;
    size_t least = strlen(wrong) / 3 + 2;
    for (; *names != NULL; names++) {
        size_t d = distance(wrong, *names);
        if (d < least) {
            least = d;
            best = *names;
        }
    }
    return best;
}

static void
check_key(lua_State *L, int index, const char *const *names)
{
    if (lua_type(L, -2) != LUA_TSTRING)
        luaL_argerror(L, index, "options are named");
    const char *key = lua_tostring(L, -2);
    for (const char *const *name = names; *name != NULL; name++)
        if (strcmp(key, *name) == 0)
            return;
    const char *proposal = nearest(key, names);
    if (proposal != NULL)
        lua_pushfstring(L, "there is no option '%s'; did you mean '%s'?", key, proposal);
    else
        lua_pushfstring(L, "there is no option '%s'", key);
    luaL_argerror(L, index, lua_tostring(L, -1));
}

void
prl_check_options(lua_State *L, int index, const char *const *names)
{
    if (lua_isnoneornil(L, index))
        return;
    luaL_checktype(L, index, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        check_key(L, index, names);
}
