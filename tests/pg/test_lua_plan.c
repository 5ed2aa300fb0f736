/* partrun.plan, plan:apply and partrun.check, from Lua on a real server. */
#include "support/lua_support.h"

static void
make_tables(lua_test *t)
{
    pg_sql(t->pg, "CREATE TABLE public.events (id bigint, at timestamptz NOT NULL, body text, PRIMARY KEY (id, at))"
                  " PARTITION BY RANGE (at);"
                  "CREATE TABLE public.ledger (id bigint PRIMARY KEY) PARTITION BY RANGE (id);");
    lua_run(t, "now = partrun.time '2025-03-10 12:00'\n"
               "events = partrun.policy { table = 'public.events', interval = '1 day', premake = 2 }\n"
               "ledger = partrun.policy { table = 'public.ledger', interval = 100, premake = 1 }");
}

static void
a_plan_is_a_value(void **state)
{
    lua_test *t = *state;
    make_tables(t);
    lua_run(t, "local plan = assert(partrun.plan(db, { events, ledger }, { now = now }))\n"
               "local ops = plan:operations()\n"
               "assert(#ops == 5, #ops)\n"
               "local first = ops[1]\n"
               "assert(first.op == 'create' and first.policy == 'events' and first.table == 'public.events')\n"
               "assert(first.schema == 'public' and first.partition == 'events_p20250310', first.partition)\n"
               "assert(first.from == partrun.time '2025-03-10' and first.to == partrun.time '2025-03-11')\n"
               "assert(type(first.reason) == 'string' and first.lock == 'ShareUpdateExclusiveLock')\n"
               "assert(table.concat(first.sql, '\\n'):find 'ATTACH PARTITION')\n"
               "assert(ops[4].from == 0 and ops[4].to == 100 and math.type(ops[4].from) == 'integer')\n"
               "local sets = plan:sets()\n"
               "assert(#sets == 2 and sets[1].name == 'events' and sets[1].plannable and sets[1].partitions == 0)\n"
               "assert(sets[1].now == now and sets[1].runway == 0)\n"
               "local json = assert(partrun.json.decode(plan:json()))\n"
               "assert(json.version == 1 and #json.sets == 2 and #json.sets[1].operations == 3)\n"
               "assert(json.now == '2025-03-10T12:00:00Z')\n"
               "local text = tostring(plan)\n"
               "assert(text:find('public.events', 1, true) and text:find('events_p20250310', 1, true), text)\n"
               "assert(text:find('5 operations', 1, true), text)");
    assert_int_equal(pg_number(t->pg, "SELECT count(*) FROM pg_inherits"), 0);
}

static void
apply_does_what_the_plan_says(void **state)
{
    lua_test *t = *state;
    make_tables(t);
    lua_run(t, "local plan = assert(partrun.plan(db, { events, ledger }, { now = now }))\n"
               "local result = assert(plan:apply())\n"
               "assert(result.done == 5 and result.failed == 0 and result.skipped == 0 and result.locked == 0)\n"
               "assert(#result.operations == 5 and result.run_id)\n"
               "for _, op in ipairs(result.operations) do\n"
               "  assert(op.status == 'done' and op.error == nil and op.attempts >= 1 and op.seconds >= 0)\n"
               "end\n"
               "assert(#assert(db:partitions 'public.events') == 3)\n"
               "assert(db:exec(\"INSERT INTO public.events VALUES (1, $1)\", now) == 1)\n"
               "assert(#assert(partrun.plan(db, { events, ledger }, { now = now })):operations() == 0)");
    assert_int_equal(pg_number(t->pg, "SELECT count(*) FROM partrun.operation"), 5);
}

static void
a_plan_that_no_longer_fits_is_refused(void **state)
{
    lua_test *t = *state;
    make_tables(t);
    lua_run(t, "plan = assert(partrun.plan(db, events, { now = now }))");
    pg_sql(t->pg,
           "CREATE TABLE public.mine PARTITION OF public.events FOR VALUES FROM ('2025-03-01') TO ('2025-03-11')");
    lua_run(t, "fails('drift', '.', plan:apply())");
    assert_int_equal(pg_number(t->pg, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'public.events'::regclass"),
                     1);
}

static void
options_shape_the_plan(void **state)
{
    lua_test *t = *state;
    make_tables(t);
    lua_run(t, "local function count(policies, options)\n"
               "  options.now = '2025-03-10 12:00'\n"
               "  return #assert(partrun.plan(db, policies, options)):operations()\n"
               "end\n"
               "assert(count(events, { only = 'retire' }) == 0)\n"
               "assert(count(events, { only = 'create' }) == 3)\n"
               "assert(count(events, { at = '2025-05-05 13:00' }) == 1)\n"
               "assert(count(events, { from = '2025-05-05', to = partrun.time '2025-05-06' }) == 2)\n"
               "assert(count(ledger, { at = 12345 }) == 1)\n"
               "local plan = assert(partrun.plan(db, events, { now = now, jobs = 2, journal = false, lock_timeout = '1 "
               "s' }))\n"
               "local result = assert(plan:apply())\n"
               "assert(result.done == 3 and result.run_id == nil)");
    assert_null(pg_value(t->pg, "SELECT to_regnamespace('partrun')"));
}

static void
retires_by_age_and_by_hand(void **state)
{
    lua_test *t = *state;
    make_tables(t);
    pg_sql(t->pg,
           "CREATE TABLE public.old1 PARTITION OF public.events FOR VALUES FROM ('2025-03-01') TO ('2025-03-02');"
           "CREATE TABLE public.old2 PARTITION OF public.events FOR VALUES FROM ('2025-03-02') TO ('2025-03-03');");
    lua_run(t, "local short = partrun.policy { table = 'public.events', interval = '1 day', premake = 0, retention = "
               "'5 days',\n"
               "  cleanup = 'drop' }\n"
               "assert(partrun.plan(db, short, { now = now })):findings()\n"
               "local plan = assert(partrun.plan(db, short, { now = now, only = 'retire', retire = 'old1' }))\n"
               "local ops = plan:operations()\n"
               "assert(#ops == 1 and ops[1].op == 'drop' and ops[1].partition == 'old1', tostring(plan))\n"
               "assert(assert(plan:apply()).done == 1)\n"
               "plan = assert(partrun.plan(db, short, { now = now, only = 'retire', max_drop = 'all' }))\n"
               "assert(assert(plan:apply()).done == 1)\n"
               "plan = assert(partrun.plan(db, short, { now = now, only = 'retire', max_drop = 0 }))\n"
               "assert(#plan:operations() == 0)");
    assert_int_equal(pg_number(t->pg, "SELECT count(*) FROM pg_class WHERE relname LIKE 'old_'"), 0);
}

static void
findings_and_check(void **state)
{
    lua_test *t = *state;
    make_tables(t);
    lua_run(t, "local plan = assert(partrun.check(db, events, { now = now }))\n"
               "local findings = plan:findings()\n"
               "assert(#findings >= 1)\n"
               "local codes = {}\n"
               "for _, f in ipairs(findings) do\n"
               "  codes[f.code] = f\n"
               "  assert(f.policy == 'events' and f.message and f.object and f.severity)\n"
               "end\n"
               "assert(codes.missing or codes.low_runway, next(codes))\n"
               "assert(tostring(plan):find 'events')\n"
               "raises('cannot be applied', plan.apply, plan)\n"
               "local none = partrun.policy { table = 'public.nowhere', interval = '1 day' }\n"
               "findings = assert(partrun.check(db, none)):findings()\n"
               "assert(findings[1].code == 'not_partitioned' and findings[1].severity == 'error')\n"
               "assert(assert(partrun.plan(db, events, { now = now })):apply())\n"
               "local deep = assert(partrun.check(db, events, { now = now, deep = true }))\n"
               "for _, f in ipairs(deep:findings()) do assert(f.severity ~= 'error', f.message) end");
}

static void
failures_of_operations_are_in_the_result(void **state)
{
    lua_test *t = *state;
    make_tables(t);
    lua_run(t,
            "local first = assert(partrun.plan(db, events, { now = now }))\n"
            "assert(first:apply())\n"
            "strict = partrun.policy { table = 'public.events', interval = '1 day', premake = 2, retention = '1 day',\n"
            "  cleanup = 'drop', max_drop = 'all', before_drop = function(ctx, partition)\n"
            "    seen = { db = ctx.db, name = partition.name }\n"
            "    error('not this one')\n"
            "  end }\n"
            "local later = partrun.time '2025-03-12 12:00'\n"
            "local plan = assert(partrun.plan(db, strict, { now = later }))\n"
            "local result = assert(plan:apply())\n"
            "assert(result.done == 2 and result.failed + result.skipped == 1, result.failed)\n"
            "local last = result.operations[#result.operations]\n"
            "assert(last.op == 'drop' and last.status ~= 'done' and last.error:find 'not this one', last.error)\n"
            "assert(seen.name == 'events_p20250310' and seen.db ~= db)");
}

/* ctx.db of a hook is a session of its own, to the database that the plan is applied on. */
static void
hooks_have_a_database(void **state)
{
    lua_test *t = *state;
    make_tables(t);
    pg_sql(t->pg, "CREATE TABLE public.note (name text)");
    lua_run(t, "local noting = partrun.policy { table = 'public.events', interval = '1 day', premake = 2,\n"
               "  on_create = function(ctx, partition)\n"
               "    assert(ctx.db:exec('INSERT INTO public.note VALUES ($1)', partition.name))\n"
               "    raises('hooks have ctx.db', db.query, db, 'SELECT 1')\n"
               "    raises('cannot be closed while', db.close, db)\n"
               "    pids = pids or {}\n"
               "    pids[#pids + 1] = assert(ctx.db:query 'SELECT pg_backend_pid() AS pid')[1].pid\n"
               "  end }\n"
               "local plan = assert(partrun.plan(db, noting, { now = now }))\n"
               "assert(assert(plan:apply()).done == 3)\n"
               "assert(#pids == 3 and pids[1] == pids[3])\n"
               "assert(pids[1] ~= db:query('SELECT pg_backend_pid() AS pid')[1].pid)\n"
               "co = coroutine.wrap(function()\n"
               "  local later = assert(partrun.plan(db, noting, { now = '2025-03-11' }))\n"
               "  return assert(later:apply()).done\n"
               "end)\n"
               "assert(co() == 1 and #pids == 4)");
    assert_int_equal(pg_number(t->pg, "SELECT count(*) FROM public.note"), 4);
}

/* A script that plans for ever does not grow: the functions of a policy go with its plan. */
static void
plans_leave_nothing_behind(void **state)
{
    lua_test *t = *state;
    make_tables(t);
    lua_run(t, "function one()\n"
               "  local kept = {}\n"
               "  local policy = partrun.policy { table = 'public.events', interval = '1 day', cleanup = 'drop',\n"
               "    hold = function() return kept end, on_create = function() return kept end,\n"
               "    naming = function(ctx, range) return 'e_' .. range.from:format '%Y%m%d' end,\n"
               "    retention = function() return '5 days' end }\n"
               "  local plan = assert(partrun.plan(db, policy, { now = now }))\n"
               "  assert(plan:operations()[1].partition == 'e_20250310')\n"
               "  watched = setmetatable({ kept, plan, policy }, { __mode = 'v' })\n"
               "end\n"
               "one()\n"
               "for _ = 1, 3 do collectgarbage() end\n"
               "assert(next(watched) == nil)");
}

static void
mistakes_raise(void **state)
{
    lua_test *t = *state;
    make_tables(t);
    lua_run(t, "raises('db, as partrun.connect returns it', partrun.plan, 'x', events)\n"
               "raises('policy or list of policies', partrun.plan, db, 'events')\n"
               "raises('policy or list of policies', partrun.plan, db, {})\n"
               "raises('item 2 is a number, not a policy', partrun.plan, db, { events, 5 })\n"
               "raises(\"did you mean 'only'\", partrun.plan, db, events, { onyl = 'create' })\n"
               "raises(\"no option 'jobs'\", partrun.check, db, events, { jobs = 2 })\n"
               "raises('only is', partrun.plan, db, events, { only = 'both' })\n"
               "raises('max_drop is', partrun.plan, db, events, { max_drop = '20' })\n"
               "raises('max_drop is', partrun.plan, db, events, { max_drop = -1 })\n"
               "raises('max_drop is', partrun.plan, db, events, { max_drop = '101%' })\n"
               "raises('jobs is', partrun.plan, db, events, { jobs = 0 })\n"
               "raises('go together', partrun.plan, db, events, { from = '2025-01-01' })\n"
               "raises('from is after to', partrun.plan, db, events, { from = '2025-01-02', to = '2025-01-01' })\n"
               "raises('at does not go', partrun.plan, db, events, { at = 1, to = '2025-01-01' })\n"
               "raises('retire is', partrun.plan, db, events, { retire = {} })\n"
               "raises('sizes is true or false', partrun.plan, db, events, { sizes = 1 })\n"
               "raises('time', partrun.plan, db, events, { now = 5 })\n"
               "local plan = assert(partrun.plan(db, events, { now = now }))\n"
               "raises('call it with a colon, plan:operations', plan.operations)\n"
               "raises(\"no option 'now'\", plan.apply, plan, { now = now })\n"
               "raises('inside a transaction', db.transaction, db, function() plan:apply() end)\n"
               "db:close()\n"
               "raises('connection is closed', plan.apply, plan)\n"
               "raises('connection is closed', partrun.plan, db, events)");
}

static void
tenants_are_told_apart(void **state)
{
    lua_test *t = *state;
    pg_sql(
        t->pg,
        "CREATE TABLE public.orgs (id text, plan text); INSERT INTO public.orgs VALUES ('b', 'pro'), ('a''s', 'free'); "
        "CREATE TABLE public.org_events (org text, at date) PARTITION BY RANGE (org, at)");
    lua_run(
        t, "local seen = {}\n"
           "local function policy(query)\n"
           "  return partrun.policy { table = 'public.org_events', interval = '1 day', premake = 0, cleanup = 'drop',\n"
           "    tenant = { key = 'org', values = query },\n"
           "    retention = function(ctx) return ctx.tenant.plan == 'free' and '1 day' or '1 year' end,\n"
           "    on_create = function(ctx, p) seen[ctx.tenant.id .. '/' .. ctx.tenant.plan] = p.tenant end }\n"
           "end\n"
           "local plan = assert(partrun.plan(db, policy 'SELECT * FROM public.orgs', { now = now }))\n"
           "local sets, operations = plan:sets(), plan:operations()\n"
           "assert(#sets == 2 and sets[1].tenant == \"a's\" and sets[2].tenant == 'b')\n"
           "assert(#operations == 2 and operations[1].tenant == \"a's\")\n"
           "assert(tostring(plan):find(\"public.org_events  tenant a's   daily\", 1, true))\n"
           "assert(plan:apply())\n"
           "assert(seen[\"a's/free\"] == \"a's\" and seen['b/pro'] == 'b')\n"
           "local partitions = assert(db:partitions 'public.org_events')\n"
           "assert(#partitions == 2 and partitions[1].tenant == \"a's\" and partitions[2].tenant == 'b')\n"
           "plan = assert(partrun.plan(db, policy 'SELECT * FROM orgs', { now = now }))\n"
           "local found = plan:findings()[1]\n"
           "assert(#plan:operations() == 0 and found.severity == 'error' and found.hint:find 'with their schema')");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lua_test_setup, lua_test_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_plan_is_a_value),
        TEST(apply_does_what_the_plan_says),
        TEST(a_plan_that_no_longer_fits_is_refused),
        TEST(options_shape_the_plan),
        TEST(retires_by_age_and_by_hand),
        TEST(findings_and_check),
        TEST(failures_of_operations_are_in_the_result),
        TEST(hooks_have_a_database),
        TEST(plans_leave_nothing_behind),
        TEST(mistakes_raise),
        TEST(tenants_are_told_apart),
    };
    return cmocka_run_group_tests_name("pg/lua_plan", tests, NULL, NULL);
}
