/* Lua running out of memory at any point of the API raises, leaks nothing (the sanitizers look) and leaves no transaction. */
#include "support/lua_support.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>

#include "lua/modules.h"

enum { PLENTY = 1 << 30, STEP = 29 };

static const char before[] =
    "partrun = require 'partrun'\n"
    "policy = partrun.policy { table = 'public.events', interval = '1 day', premake = 1,\n"
    "  on_create = function(ctx) ctx.db:exec 'SELECT 1' end, hold = function() return false end }\n"
    "assert(partrun.connect()):close()";

static const char during[] =
    "local db = assert(partrun.connect())\n"
    "local rows = assert(db:query(\"SELECT g AS id, now() AS at, '{\\\"a\\\":[1,{}]}'::jsonb AS j, $1 AS t, "
    "1.5::numeric AS n\"\n"
    "  .. ' FROM generate_series(1, 5) AS g', 'text'))\n"
    "assert(#rows == 5)\n"
    "assert(db:transaction(function() assert(db:exec('CREATE TABLE public.made (id int)')) end))\n"
    "assert(db:exec 'DROP TABLE public.made')\n"
    "assert(#assert(db:tables 'public.*') == 1)\n"
    "local plan = assert(partrun.plan(db, { policy }, { now = '2025-03-10' }))\n"
    "assert(#tostring(plan) > 10 and #plan:json() > 10 and #plan:operations() == 2 and #plan:sets() == 1)\n"
    "local result = assert(plan:apply())\n"
    "assert(result.failed + result.skipped == 0, result.operations[1].error)\n"
    "assert(#assert(db:partitions 'public.events') == 2)\n"
    "assert(#assert(partrun.check(db, policy, { now = '2025-03-10' })):findings() == 0)\n"
    "db:close()";

static void *
allocate(void *data, void *memory, size_t old, size_t size)
{
    long *left = data;
    (void) old;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    if (*left <= 0)
        return NULL;
    --*left;
    return realloc(memory, size);
}

/* Whether all of it went well with `budget` allocations. */
static bool
attempt(const prl_pg_options *options, long budget)
{
    long left = PLENTY;
    lua_State *L = lua_newstate(allocate, &left);
    luaL_openlibs(L);
    prl_pg_set(L, options);
    prl_open_modules(L);
    prl_open_pg(L);
    if (luaL_dostring(L, before) != LUA_OK)
        fail_msg("%s", lua_tostring(L, -1));
    if (luaL_loadbuffer(L, during, sizeof during - 1, "=during") != LUA_OK)
        fail_msg("%s", lua_tostring(L, -1));
    left = budget;
    bool ok = lua_pcall(L, 0, 0, 0) == LUA_OK;
    left = PLENTY;
    if (!ok && strstr(lua_tostring(L, -1), "memory") == NULL)
        fail_msg("%s", lua_tostring(L, -1));
    lua_close(L);
    return ok;
}

static void
a_want_of_memory_leaks_nothing(void **state)
{
    pg_test *t = *state;
    const prl_pg_options options = {.conn = {.dsn = t->dsn, .application_name = "memory"}};
    bool done = false;
    for (long budget = 0; !done && budget < 100000; budget += STEP) {
        pg_sql(t, "DROP TABLE IF EXISTS public.made; DROP TABLE IF EXISTS public.events;"
                  "CREATE TABLE public.events (at timestamptz NOT NULL) PARTITION BY RANGE (at)");
        done = attempt(&options, budget);
    }
    assert_true(done);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_want_of_memory_leaks_nothing, pg_test_setup, pg_test_teardown),
    };
    return cmocka_run_group_tests_name("pg/lua_memory", tests, NULL, NULL);
}
