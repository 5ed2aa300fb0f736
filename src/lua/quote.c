#include "lua/quote.h"

#include <lauxlib.h>
#include <string.h>

#include "base/buf.h"
#include "lua/box.h"
#include "lua/param.h"
#include "model/ident.h"

int
prl_quote_ident(lua_State *L)
{
    int parts = lua_gettop(L);
    luaL_checkany(L, 1);
    prt_arena *arena = prl_arena_box(L);
    prt_buf out;
    prt_buf_init(&out, arena);
    for (int i = 1; i <= parts; i++) {
        size_t length;
        luaL_checktype(L, i, LUA_TSTRING);
        const char *name = lua_tolstring(L, i, &length);
        luaL_argcheck(L, length > 0, i, "a name cannot be empty");
        luaL_argcheck(L, strlen(name) == length, i, "a name cannot hold a zero byte");
        prt_buf_str(&out, i > 1 ? "." : "");
        prt_buf_str(&out, prt_ident_quote(arena, name));
    }
    lua_pushlstring(L, out.data, out.length);
    prl_arena_done(L, parts + 1);
    return 1;
}

int
prl_quote_literal(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    prt_arena *arena = prl_arena_box(L);
    const char *text = prl_param_text(L, 1, arena);
    lua_pushstring(L, text == NULL ? "NULL" : prt_literal_quote(arena, text));
    prl_arena_done(L, 2);
    return 1;
}
