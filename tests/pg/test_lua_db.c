/* partrun.connect and what a db can do, from Lua on a real server. */
#include "support/lua_support.h"

#include <lauxlib.h>

#include "lua/call.h"
#include "lua/db.h"

static void
maps_types(void **state)
{
    lua_run(
        *state,
        "local rows = assert(db:query([[SELECT true AS b, false AS b2, 1::int2 AS i2, -2::int4 AS i4,\n"
        "  9223372036854775807 AS i8, 5::oid AS o, 1.5::float4 AS f4, 2::float8 AS f8, 'NaN'::float8 AS nan,\n"
        "  '-Infinity'::float8 AS inf, 1e300::float8 AS big, 'x'::text AS t, 'a'::char AS c, NULL::int AS nothing,\n"
        "  'c0ffee00-0000-7000-8000-000000000000'::uuid AS u, '{1,2}'::int[] AS a, '\\xff00'::bytea AS raw,\n"
        "  'hi'::name AS n, '1 day'::interval AS iv]]))\n"
        "assert(#rows == 1)\n"
        "local r = rows[1]\n"
        "assert(r.b == true and r.b2 == false)\n"
        "assert(math.type(r.i2) == 'integer' and r.i2 == 1 and r.i4 == -2 and r.i8 == math.maxinteger and r.o == 5)\n"
        "assert(math.type(r.f4) == 'float' and r.f4 == 1.5)\n"
        "assert(math.type(r.f8) == 'float' and r.f8 == 2.0 and r.big == 1e300)\n"
        "assert(r.nan ~= r.nan and r.inf == -math.huge)\n"
        "assert(r.t == 'x' and r.c == 'a' and r.nothing == nil and r.n == 'hi')\n"
        "assert(r.u == 'c0ffee00-0000-7000-8000-000000000000' and r.a == '{1,2}' and r.raw == '\\\\xff00')\n"
        "assert(r.iv == '1 day')\n"
        "assert(#db:query('SELECT 1 AS one WHERE false') == 0)");
}

static void
keeps_numeric_exact(void **state)
{
    lua_run(
        *state,
        "local r = db:query([[SELECT 12::numeric AS i, 1.10::numeric AS d, sum(g) AS s,\n"
        "  99999999999999999999::numeric AS big, 'NaN'::numeric AS nan FROM generate_series(1::bigint, 3) AS g]])[1]\n"
        "assert(math.type(r.i) == 'integer' and r.i == 12)\n"
        "assert(r.d == '1.10' and r.s == 6 and r.big == '99999999999999999999' and r.nan == 'NaN')");
}

static void
maps_times(void **state)
{
    lua_run(*state, "local r = db:query([[SELECT '2025-03-30 02:30+02'::timestamptz AS tz, '2025-01-02'::date AS d,\n"
                    "  '2025-01-02 03:04:05.678901'::timestamp AS ts, 'infinity'::timestamptz AS inf,\n"
                    "  '0044-03-15 BC'::date AS bc]])[1]\n"
                    "assert(r.tz == partrun.time '2025-03-30 00:30Z')\n"
                    "assert(r.d == partrun.time '2025-01-02' and r.ts == partrun.time '2025-01-02 03:04:05.678901')\n"
                    "assert(r.inf == partrun.time 'infinity' and r.bc == partrun.time '0044-03-15 BC')");
}

static void
decodes_json(void **state)
{
    lua_run(*state,
            "local r = db:query([[SELECT '{\"a\":[1,null,{}]}'::jsonb AS j, 'null'::json AS n, '[]'::json AS e,\n"
            "  NULL::json AS missing]])[1]\n"
            "assert(r.j.a[1] == 1 and r.j.a[2] == partrun.json.null and next(r.j.a[3]) == nil)\n"
            "assert(r.n == partrun.json.null and #r.e == 0 and r.missing == nil)\n"
            "fails('value', '::text', db:query [[SELECT '123456789012345678901234567890'::json AS j]])\n"
            "assert(db:query [[SELECT '123456789012345678901234567890'::json::text AS j]])");
}

static void
binds_every_value(void **state)
{
    lua_run(
        *state,
        "local function back(value, type)\n"
        "  return assert(db:query('SELECT $1::' .. type .. ' AS v', value))[1].v\n"
        "end\n"
        "assert(back(nil, 'int') == nil and back(true, 'bool') == true and back(false, 'bool') == false)\n"
        "assert(back(math.mininteger, 'bigint') == math.mininteger)\n"
        "for _, f in ipairs { 0.1, 1 / 3, 1e308, -2.5e-300, math.huge, -math.huge, 3.0 } do assert(back(f, 'float8') "
        "== f) end\n"
        "assert(back(0 / 0, 'float8') ~= back(0 / 0, 'float8'))\n"
        "for _, s in ipairs { '', \"it's\", 'a\\\\b', '$1', '\\u{1F600}', \"'; DROP TABLE x; --\" } do assert(back(s, "
        "'text') == s) end\n"
        "for _, t in ipairs { '2025-01-01', '2025-06-01 01:02:03.000004', '12025-01-01', '0044-03-15 BC', 'infinity',\n"
        "    '-infinity' } do\n"
        "  assert(back(partrun.time(t), 'timestamptz') == partrun.time(t), t)\n"
        "end\n"
        "assert(back(partrun.time '2025-02-03', 'date') == partrun.time '2025-02-03')\n"
        "assert(back(partrun.interval '1 month 2 days', 'interval') == '1 mon 2 days')\n"
        "local j = back({ a = { 1, 2 }, b = partrun.json.null }, 'jsonb')\n"
        "assert(j.a[2] == 2 and j.b == partrun.json.null)\n"
        "local r = db:query('SELECT $1::text AS a, $2::text AS b, $3::text AS c', 'x', nil, nil)[1]\n"
        "assert(r.a == 'x' and r.b == nil and r.c == nil)\n"
        "raises('zero byte', db.query, db, 'SELECT $1', 'a\\0b')\n"
        "raises('a function cannot be a parameter', db.query, db, 'SELECT $1', print)\n"
        "raises('no JSON form', db.query, db, 'SELECT $1', { print })");
}

static void
exec_counts_rows(void **state)
{
    lua_run(*state, "assert(db:exec 'CREATE TABLE public.t (id int PRIMARY KEY, name text)' == 0)\n"
                    "assert(db:exec('INSERT INTO public.t SELECT g, $1 FROM generate_series(1, 10) AS g', 'x') == 10)\n"
                    "assert(db:exec 'DELETE FROM public.t WHERE id > 7' == 3)\n"
                    "assert(db:query('SELECT count(*) AS n FROM public.t')[1].n == 7)\n"
                    "assert(#db:query('INSERT INTO public.t VALUES (100) RETURNING id') == 1)\n"
                    "assert(#db:query('INSERT INTO public.t VALUES (101)') == 0)");
}

static void
failures_have_message_code_and_state(void **state)
{
    lua_run(*state, "assert(fails('sql', 'does not exist', db:query 'SELECT * FROM public.nowhere') == '42P01')\n"
                    "assert(fails('sql', 'syntax error', db:exec 'SELEC') == '42601')\n"
                    "assert(fails('sql', 'multiple commands', db:exec 'SELECT 1; SELECT 2') == '42601')\n"
                    "db:exec 'CREATE TABLE public.t (id int PRIMARY KEY)'\n"
                    "db:exec 'INSERT INTO public.t VALUES (1)'\n"
                    "assert(fails('sql', 'duplicate key', db:exec 'INSERT INTO public.t VALUES (1)') == '23505')\n"
                    "fails('failed', 'COPY', db:exec 'COPY public.t TO STDOUT')\n"
                    "fails('failed', 'COPY', db:exec 'COPY public.t FROM STDIN')\n"
                    "assert(db:query('SELECT 1 AS one')[1].one == 1)");
}

static void
mistakes_raise(void **state)
{
    lua_run(*state, "raises('call it with a colon, db:query%(%.%.%.%)', db.query, 'SELECT 1')\n"
                    "raises('call it with a colon, db:transaction', db.transaction, function() end)\n"
                    "raises('string expected', db.query, db)\n"
                    "raises('function expected', db.transaction, db, 'x')\n"
                    "raises('two columns named id', db.query, db, 'SELECT 1 AS id, 2 AS id')\n"
                    "raises(\"did you mean 'lock_timeout'\", partrun.connect, nil, { lock_timeot = '1 s' })\n"
                    "raises('string expected', partrun.connect, {})\n"
                    "assert(getmetatable(db) == false)");
}

static void
connecting_fails_with_a_message(void **state)
{
    lua_run(*state, "fails('connect', '.', partrun.connect 'host=/nowhere password=topsecret')\n"
                    "local _, message = partrun.connect 'host=/nowhere password=topsecret'\n"
                    "assert(not message:find 'topsecret', message)\n"
                    "fails('connect', 'nobody_has_this', partrun.connect 'dbname=nobody_has_this')");
}

static void
closes(void **state)
{
    lua_test *t = *state;
    lua_run(t, "local name = { application_name = 'closing' }\n"
               "local first = assert(partrun.connect(nil, name))\n"
               "assert(tostring(first):find 'dbname=')\n"
               "first:close()\n"
               "first:close()\n"
               "assert(tostring(first) == 'db (closed)')\n"
               "raises('connection is closed', first.query, first, 'SELECT 1')\n"
               "do local second <close> = assert(partrun.connect(nil, name)) end\n"
               "do local third = assert(partrun.connect(nil, name)) end\n"
               "collectgarbage()\n"
               "collectgarbage()");
    long left = -1;
    for (int i = 0; i < 100 && left != 0; i++) /* backends take a moment to go */
        left = pg_number(t->pg, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'closing' AND "
                                "pg_sleep(0.02) IS NOT NULL");
    assert_int_equal(left, 0);
}

static void
transactions_commit_on_return(void **state)
{
    lua_run(*state, "db:exec 'CREATE TABLE public.t (id int)'\n"
                    "local ok, a, b, c = db:transaction(function(inside)\n"
                    "  assert(inside == db)\n"
                    "  assert(db:exec 'INSERT INTO public.t VALUES (1)' == 1)\n"
                    "  assert(db:exec 'INSERT INTO public.t VALUES (2)' == 1)\n"
                    "  return 'a', nil, 'c'\n"
                    "end)\n"
                    "assert(ok == true and a == 'a' and b == nil and c == 'c')\n"
                    "assert(select('#', db:transaction(function() end)) == 1)\n"
                    "local other <close> = partrun.connect()\n"
                    "assert(other:query('SELECT count(*) AS n FROM public.t')[1].n == 2)");
}

static void
transactions_roll_back_and_raise_again(void **state)
{
    lua_run(*state, "db:exec 'CREATE TABLE public.t (id int)'\n"
                    "local what = {}\n"
                    "local ok, why = pcall(db.transaction, db, function()\n"
                    "  db:exec 'INSERT INTO public.t VALUES (1)'\n"
                    "  error(what)\n"
                    "end)\n"
                    "assert(not ok and why == what)\n"
                    "raises('does not exist', db.transaction, db, function()\n"
                    "  db:exec 'INSERT INTO public.t VALUES (1)'\n"
                    "  assert(db:exec 'INSERT INTO public.nowhere VALUES (1)')\n"
                    "end)\n"
                    "assert(db:query('SELECT count(*) AS n FROM public.t')[1].n == 0)\n"
                    "assert(db:transaction(function() end))");
}

static void
a_failure_that_is_ignored_is_not_committed(void **state)
{
    lua_run(*state, "db:exec 'CREATE TABLE public.t (id int)'\n"
                    "fails('sql', 'rolled back', db:transaction(function()\n"
                    "  db:exec 'INSERT INTO public.t VALUES (1)'\n"
                    "  db:exec 'nonsense'\n"
                    "end))\n"
                    "assert(db:query('SELECT count(*) AS n FROM public.t')[1].n == 0)\n"
                    "db:exec 'CREATE TABLE public.d (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)'\n"
                    "fails('sql', 'duplicate', db:transaction(function()\n"
                    "  db:exec 'INSERT INTO public.d VALUES (1), (1)'\n"
                    "end))\n"
                    "assert(db:transaction(function() end))");
}

static void
transactions_do_not_nest(void **state)
{
    lua_run(*state, "raises('inside another one', db.transaction, db, function() db:transaction(function() end) end)\n"
                    "raises('ended inside', db.transaction, db, function() db:exec 'COMMIT' end)\n"
                    "raises('cannot be closed inside', db.transaction, db, function() db:close() end)\n"
                    "raises('cannot be made inside', db.transaction, db, function() partrun.plan(db, {}) end)\n"
                    "db:exec 'BEGIN'\n"
                    "raises('inside a transaction', partrun.plan, db, {})\n"
                    "raises('begun by hand', db.transaction, db, function() end)\n"
                    "db:exec 'ROLLBACK'\n"
                    "assert(db:transaction(function() end))\n"
                    "local co = coroutine.wrap(function() db:transaction(function() coroutine.yield() end) end)\n"
                    "raises('yield', co)\n"
                    "assert(db:transaction(function() end))");
}

/* A hook that runs out of its budget inside a transaction: whatever it catches, the transaction is rolled back. */
static void
a_budget_ends_a_transaction(void **state)
{
    static const char endless[] = "db:transaction(function()\n"
                                  "  assert(db:exec 'CREATE TABLE public.t (id int)')\n"
                                  "  while true do pcall(function() while true do end end) end\n"
                                  "end)";
    lua_test *t = *state;
    prl_guard guard = {.budgets = {[PRL_ACTION] = {.instructions = 100000}}};
    prt_error err = {0};
    prl_guard_attach(t->L, &guard);
    lua_settop(t->L, 0);
    assert_int_equal(luaL_loadstring(t->L, endless), LUA_OK);
    assert_int_equal(prl_call(t->L, 0, 0, PRL_ACTION, &err), PRL_LIMIT);
    assert_non_null(strstr(err.message, "instructions"));
    lua_run(t, "assert(db:query(\"SELECT to_regclass('public.t') AS t\")[1].t == nil)\n"
               "assert(db:transaction(function() end))");
}

static void
a_lost_connection_is_a_failure(void **state)
{
    lua_run(*state, "local victim = assert(partrun.connect())\n"
                    "local pid = victim:query('SELECT pg_backend_pid() AS pid')[1].pid\n"
                    "assert(db:query('SELECT pg_terminate_backend($1, 5000) AS gone', pid)[1].gone)\n"
                    "fails('connect', '.', victim:query 'SELECT 1')\n"
                    "fails('connect', '.', victim:query 'SELECT 1')\n"
                    "fails('connect', '.', victim:transaction(function() end))\n"
                    "victim = assert(partrun.connect())\n"
                    "pid = victim:query('SELECT pg_backend_pid() AS pid')[1].pid\n"
                    "raises('gone', victim.transaction, victim, function()\n"
                    "  assert(db:query('SELECT pg_terminate_backend($1, 5000) AS gone', pid)[1].gone)\n"
                    "  victim:exec 'SELECT 1'\n"
                    "  error 'gone'\n"
                    "end)");
}

static void
timeouts_come_from_the_options(void **state)
{
    lua_run(*state, "local function setting(c, name) return c:query('SELECT current_setting($1) AS s', name)[1].s end\n"
                    "assert(setting(db, 'lock_timeout') == '300ms' and setting(db, 'statement_timeout') == '0')\n"
                    "local c <close> = partrun.connect(nil, { lock_timeout = '2 s', statement_timeout = '50 ms' })\n"
                    "assert(setting(c, 'lock_timeout') == '2s' and setting(c, 'statement_timeout') == '50ms')\n"
                    "assert(fails('sql', 'timeout', c:query 'SELECT pg_sleep(5)') == '57014')\n"
                    "local z <close> = partrun.connect(nil, { lock_timeout = '0' })\n"
                    "assert(setting(z, 'lock_timeout') == '0')");
}

static void
quotes(void **state)
{
    lua_run(*state, "assert(partrun.quote_ident 'a\"b' == '\"a\"\"b\"')\n"
                    "assert(partrun.quote_ident('My Schema', 'a.b') == '\"My Schema\".\"a.b\"')\n"
                    "raises('zero byte', partrun.quote_ident, 'a\\0')\n"
                    "raises('empty', partrun.quote_ident, '')\n"
                    "raises('string expected', partrun.quote_ident, 1)\n"
                    "for _, v in ipairs { \"it's\", 'a\\\\b', '', \"\\\\'\" } do\n"
                    "  assert(db:query('SELECT ' .. partrun.quote_literal(v) .. '::text AS v')[1].v == v)\n"
                    "end\n"
                    "assert(partrun.quote_literal(nil) == 'NULL' and partrun.quote_literal(3) == \"'3'\")\n"
                    "assert(db:quote_ident('s', 't') == '\"s\".\"t\"' and db:quote_literal(nil) == 'NULL')\n"
                    "raises('with a colon', db.quote_ident, 's')\n"
                    "local t = partrun.time '2025-01-01'\n"
                    "assert(db:query('SELECT ' .. partrun.quote_literal(t) .. '::timestamptz AS v')[1].v == t)");
}

static void
lists_tables(void **state)
{
    lua_test *t = *state;
    pg_sql(t->pg,
           "CREATE TABLE public.events_raw (id int); CREATE TABLE public.eventsXraw (id int);"
           "CREATE SCHEMA \"My Schema\"; CREATE TABLE \"My Schema\".\"we.ird(1)\" (id int) PARTITION BY LIST (id);"
           "CREATE TABLE \"My Schema\".p1 PARTITION OF \"My Schema\".\"we.ird(1)\" FOR VALUES IN (1)");
    lua_run(t, "local function names(pattern)\n"
               "  local list = {}\n"
               "  for i, t in ipairs(assert(db:tables(pattern))) do list[i] = t.name end\n"
               "  return table.concat(list, ' ')\n"
               "end\n"
               "assert(names() == 'we.ird(1) events_raw eventsxraw', names())\n"
               "assert(names 'events_*' == 'events_raw', names 'events_*')\n"
               "assert(names 'events?raw' == 'events_raw eventsxraw')\n"
               "assert(names 'public.*' == 'events_raw eventsxraw')\n"
               "assert(names 'My Schema.we.ird(1)' == 'we.ird(1)')\n"
               "assert(names 'event' == '' and names '.*' == '' and names '[' == '')\n"
               "local t = db:tables('My Schema.*')[1]\n"
               "assert(t.schema == 'My Schema' and t.kind == 'partitioned' and t.strategy == 'list' and t.key == 'LIST "
               "(id)')\n"
               "assert(t.partitions == 1 and db:tables('events_raw')[1].kind == 'table')");
}

static void
lists_partitions(void **state)
{
    lua_test *t = *state;
    pg_sql(t->pg,
           "CREATE TABLE public.e (at timestamptz) PARTITION BY RANGE (at);"
           "CREATE TABLE public.e_b PARTITION OF public.e FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');"
           "CREATE TABLE public.e_z PARTITION OF public.e FOR VALUES FROM (MINVALUE) TO ('2025-02-01');"
           "CREATE TABLE public.e_a PARTITION OF public.e DEFAULT;"
           "CREATE TABLE public.e_c PARTITION OF public.e FOR VALUES FROM ('2025-03-01') TO (MAXVALUE)"
           " PARTITION BY LIST (at);"
           "INSERT INTO public.e VALUES ('2025-02-02'); ANALYZE public.e_b;"
           "CREATE TABLE public.n (id bigint) PARTITION BY RANGE (id);"
           "CREATE TABLE public.n1 PARTITION OF public.n FOR VALUES FROM (-100) TO (0);"
           "CREATE TABLE public.l (k text) PARTITION BY LIST (k);"
           "CREATE TABLE public.l1 PARTITION OF public.l FOR VALUES IN ('a', 'it''s');"
           "CREATE TABLE public.t (org uuid, at date) PARTITION BY RANGE (org, at);"
           "CREATE TABLE public.t2 PARTITION OF public.t FOR VALUES FROM ('00000000-0000-0000-0000-000000000002',"
           " '2025-01-01') TO ('00000000-0000-0000-0000-000000000002', '2025-01-02');"
           "CREATE TABLE public.t1 PARTITION OF public.t FOR VALUES FROM ('00000000-0000-0000-0000-000000000001',"
           " '2025-02-01') TO ('00000000-0000-0000-0000-000000000001', MAXVALUE);"
           "CREATE TABLE public.t3 PARTITION OF public.t FOR VALUES FROM ('00000000-0000-0000-0000-000000000003',"
           " '2025-02-01') TO ('00000000-0000-0000-0000-000000000005', MINVALUE);"
           "CREATE TABLE public.plain (id int)");
    lua_run(
        t,
        "local p = assert(db:partitions 'public.e')\n"
        "assert(#p == 4 and p[1].name == 'e_z' and p[2].name == 'e_b' and p[3].name == 'e_c' and p[4].name == 'e_a')\n"
        "assert(p[1].from == nil and p[1].to == partrun.time '2025-02-01')\n"
        "assert(p[2].from == partrun.time '2025-02-01' and p[2].to == partrun.time '2025-03-01')\n"
        "assert(p[2].rows == 1 and p[2].bytes > 0 and p[2].state == 'attached' and p[2].kind == 'table')\n"
        "assert(p[3].to == nil and p[3].kind == 'partitioned' and p[4].default == true and p[4].bound == 'DEFAULT')\n"
        "assert(db:partitions('public.e', { bytes = false })[2].bytes == nil)\n"
        "p = assert(db:partitions 'n')\n"
        "assert(#p == 1 and p[1].from == -100 and p[1].to == 0 and math.type(p[1].from) == 'integer')\n"
        "p = assert(db:partitions 'l')\n"
        "assert(p[1].from == nil and p[1].bound:find(\"IN %('a', 'it''s'%)\"), p[1].bound)\n"
        "p = assert(db:partitions 't')\n"
        "assert(p[1].name == 't1' and p[2].name == 't2' and p[3].name == 't3')\n"
        "assert(p[1].tenant == '00000000-0000-0000-0000-000000000001' and p[1].to == nil)\n"
        "assert(p[1].from == partrun.time '2025-02-01' and p[2].to == partrun.time '2025-01-02')\n"
        "assert(p[3].tenant == nil and p[3].from == nil)\n"
        "fails('value', 'no table', db:partitions 'public.nowhere')\n"
        "fails('value', 'not a partitioned table', db:partitions 'public.plain')");
}

/* ctx.db: connects when it is used, the same session for the next hook, never one in a transaction. */
static void
a_hooks_db_is_lazy(void **state)
{
    lua_test *t = *state;
    static const char count[] = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hooks'";
    prt_conn_options options = {.dsn = t->pg->dsn, .application_name = "hooks"};
    prt_error err = {0};
    assert_true(prl_push_db(&options, t->L, &err));
    lua_setglobal(t->L, "hook_db");
    assert_int_equal(pg_number(t->pg, "%s", count), 0);
    lua_run(t, "assert(tostring(hook_db) == 'db (not connected yet)')\n"
               "pid = hook_db:query('SELECT pg_backend_pid() AS pid')[1].pid");
    assert_int_equal(pg_number(t->pg, "%s", count), 1);

    assert_true(prl_push_db(&options, t->L, &err));
    lua_setglobal(t->L, "again");
    lua_run(t, "assert(again == hook_db and again:query('SELECT pg_backend_pid() AS pid')[1].pid == pid)\n"
               "hook_db:exec 'BEGIN'");
    assert_true(prl_push_db(&options, t->L, &err));
    lua_settop(t->L, 0);
    lua_run(t, "assert(hook_db:query('SELECT pg_backend_pid() AS pid')[1].pid ~= pid)\n"
               "hook_db:close()");
    assert_true(prl_push_db(&options, t->L, &err));
    lua_settop(t->L, 0);
    lua_run(t, "assert(hook_db:query 'SELECT 1')");
}

static void
an_interrupt_ends_a_statement(void **state)
{
    static volatile sig_atomic_t interrupt;
    lua_test *t = *state;
    t->options.conn.interrupt = &interrupt;
    interrupt = 0;
    lua_run(t, "c = assert(partrun.connect())");
    interrupt = 1;
    lua_run(t, "fails('interrupted', 'interrupted', c:query 'SELECT pg_sleep(60)')");
    interrupt = 0;
    lua_run(t, "assert(c:query 'SELECT 1')");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lua_test_setup, lua_test_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(maps_types),
        TEST(keeps_numeric_exact),
        TEST(maps_times),
        TEST(decodes_json),
        TEST(binds_every_value),
        TEST(exec_counts_rows),
        TEST(failures_have_message_code_and_state),
        TEST(mistakes_raise),
        TEST(connecting_fails_with_a_message),
        TEST(closes),
        TEST(transactions_commit_on_return),
        TEST(transactions_roll_back_and_raise_again),
        TEST(a_failure_that_is_ignored_is_not_committed),
        TEST(transactions_do_not_nest),
        TEST(a_budget_ends_a_transaction),
        TEST(a_lost_connection_is_a_failure),
        TEST(timeouts_come_from_the_options),
        TEST(quotes),
        TEST(lists_tables),
        TEST(lists_partitions),
        TEST(a_hooks_db_is_lazy),
        TEST(an_interrupt_ends_a_statement),
    };
    return cmocka_run_group_tests_name("pg/lua_db", tests, NULL, NULL);
}
