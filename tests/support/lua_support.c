#include "support/lua_support.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>

#include "lua/modules.h"

static const char prelude[] =
    "partrun = require 'partrun'\n"
    "db = assert(partrun.connect())\n"
    "function raises(pattern, f, ...)\n"
    "  local ok, why = pcall(f, ...)\n"
    "  assert(not ok, 'it did not raise')\n"
    "  assert(tostring(why):find(pattern), 'it raised: ' .. tostring(why))\n"
    "end\n"
    "function fails(want_code, want_text, value, message, code, ...)\n"
    "  assert(value == nil, 'it did not fail')\n"
    "  assert(code == want_code and message:find(want_text), tostring(code) .. ': ' .. message)\n"
    "  return ...\n"
    "end\n";

static int
on_error(lua_State *L)
{
    luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
    return 1;
}

void
lua_run(lua_test *t, const char *chunk)
{
    lua_settop(t->L, 0);
    lua_pushcfunction(t->L, on_error);
    if (luaL_loadbuffer(t->L, chunk, strlen(chunk), "=test") != LUA_OK || lua_pcall(t->L, 0, 0, 1) != LUA_OK)
        fail_msg("%s", lua_tostring(t->L, -1));
}

int
lua_test_setup(void **state)
{
    lua_test *t = calloc(1, sizeof *t);
    void *pg = NULL;
    if (t == NULL || pg_test_setup(&pg) != 0)
        return -1;
    t->pg = pg;
    t->options.conn.dsn = t->pg->dsn;
    t->L = luaL_newstate();
    luaL_openlibs(t->L);
    prl_pg_set(t->L, &t->options);
    prl_open_modules(t->L);
    prl_open_pg(t->L);
    *state = t;
    lua_run(t, prelude);
    return 0;
}

int
lua_test_teardown(void **state)
{
    lua_test *t = *state;
    void *pg = t->pg;
    lua_close(t->L);
    int status = pg_test_teardown(&pg);
    free(t);
    return status;
}
