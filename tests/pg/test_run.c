/* Whole runs: creation, retirement, idempotence, several sets at once. */
#include <stdio.h>

#include "support/run_support.h"

static const char now[] = "2025-01-10 12:00:00Z";

static void
make_events(pg_test *t)
{
    pg_sql(t,
           "CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, body text, PRIMARY "
           "KEY (id, at)) PARTITION BY RANGE (at); CREATE INDEX events_body ON events (body)");
}

static void
test_creates_ahead_and_is_idempotent(void **state)
{
    pg_test *t = *state;
    make_events(t);
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    prt_run_options options = run_options(now);
    run_expect(run_apply(t, spec, &options), 5, 0, 0);
    assert_string_equal(run_partitions(t, "events"),
                        "events_p20250110 FOR VALUES FROM ('2025-01-10 00:00:00+00') TO ('2025-01-11 00:00:00+00'); "
                        "events_p20250111 FOR VALUES FROM ('2025-01-11 00:00:00+00') TO ('2025-01-12 00:00:00+00'); "
                        "events_p20250112 FOR VALUES FROM ('2025-01-12 00:00:00+00') TO ('2025-01-13 00:00:00+00'); "
                        "events_p20250113 FOR VALUES FROM ('2025-01-13 00:00:00+00') TO ('2025-01-14 00:00:00+00'); "
                        "events_p20250114 FOR VALUES FROM ('2025-01-14 00:00:00+00') TO ('2025-01-15 00:00:00+00')");
    pg_sql(t, "INSERT INTO events (at, body) VALUES ('2025-01-10 12:00Z', 'x'), ('2025-01-14 23:59Z', 'y')");
    assert_int_equal(pg_number(t, "SELECT count(*) FROM pg_index WHERE indrelid = 'events_p20250112'::regclass"), 2);

    prt_result *again = run_apply(t, spec, &options);
    assert_int_equal(prt_plan_operations(again->plan), 0);
    run_expect(again, 0, 0, 0);
    assert_int_equal(again->run_id, 0);
}

static void
test_a_no_op_costs_few_round_trips_and_no_commit(void **state)
{
    pg_test *t = *state;
    make_events(t);
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    prt_run_options options = run_options(now);
    run_apply(t, spec, &options);
    long xid = pg_number(t, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint");
    unsigned before = prt_conn_round_trips(t->conn);
    run_apply(t, spec, &options);
    assert_true(prt_conn_round_trips(t->conn) - before <= 10);
    assert_int_equal(pg_number(t, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"), xid);
}

static void
test_drops_what_expired(void **state)
{
    pg_test *t = *state;
    make_events(t);
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    run_retention(spec, "3 days", PRT_CLEANUP_DROP);
    prt_run_options early = run_options("2025-01-01 12:00:00Z"), late = run_options(now);
    run_expect(run_apply(t, spec, &early), 5, 0, 0);
    prt_result *result = run_apply(t, spec, &late);
    /* All five have ended before 7 January 12:00; what none of them stays for is no gap. */
    run_expect(result, 5 + 5, 0, 0);
    assert_string_equal(pg_value(t, "SELECT min(c.relname) || ' ' || count(*) FROM pg_inherits i JOIN pg_class c ON "
                                    "c.oid = i.inhrelid WHERE i.inhparent = 'events'::regclass"),
                        "events_p20250110 5");
    assert_null(pg_value(t, "SELECT to_regclass('events_p20250101')"));
    run_expect(run_apply(t, spec, &late), 0, 0, 0);
}

static void
test_detaches_for_good(void **state)
{
    pg_test *t = *state;
    make_events(t);
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    run_retention(spec, "3 days", PRT_CLEANUP_DETACH);
    prt_run_options early = run_options("2025-01-01 12:00:00Z"), late = run_options(now);
    run_apply(t, spec, &early);
    pg_sql(t, "INSERT INTO events (at) VALUES ('2025-01-01 10:00Z')");
    pg_sql(t, "COMMENT ON TABLE events_p20250101 IS 'first of all'");
    run_expect(run_apply(t, spec, &late), 10, 0, 0);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM events_p20250101"), 1);
    assert_string_equal(pg_value(t, "SELECT split_part(obj_description('events_p20250101'::regclass), E'\\n', 1)"),
                        "first of all");
    run_expect(run_apply(t, spec, &late), 0, 0, 0);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM events_p20250101"), 1);
}

static void
test_drops_after_a_grace(void **state)
{
    pg_test *t = *state;
    make_events(t);
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    run_retention(spec, "3 days", PRT_CLEANUP_DROP);
    spec->grace.days = 2;
    prt_run_options early = run_options("2025-01-01 12:00:00Z"), late = run_options(now);
    run_apply(t, spec, &early);
    run_expect(run_apply(t, spec, &late), 10, 0, 0);
    assert_non_null(pg_value(t, "SELECT to_regclass('events_p20250101')"));
    prt_run_options soon = run_options("2025-01-11 12:00:00Z");
    prt_result *waiting = run_apply(t, spec, &soon);
    assert_true(run_has_finding(waiting->plan, PRT_FINDING_DETACHED_WAITING));
    assert_non_null(pg_value(t, "SELECT to_regclass('events_p20250101')"));
    prt_run_options after = run_options("2025-01-12 12:00:00Z");
    run_apply(t, spec, &after);
    assert_null(pg_value(t, "SELECT to_regclass('events_p20250101')"));
    assert_null(pg_value(t, "SELECT to_regclass('events_p20250105')"));
    run_settle(t, spec, &after);
}

static void
test_moves_to_a_schema(void **state)
{
    pg_test *t = *state;
    make_events(t);
    pg_sql(t, "CREATE SCHEMA \"My Attic\"");
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    run_retention(spec, "3 days", PRT_CLEANUP_MOVE);
    spec->cleanup_schema = "My Attic";
    spec->cleanup_indexes = false;
    prt_run_options early = run_options("2025-01-01 12:00:00Z"), late = run_options(now);
    run_apply(t, spec, &early);
    pg_sql(t, "INSERT INTO events (at) VALUES ('2025-01-02 10:00Z')");
    run_expect(run_apply(t, spec, &late), 10, 0, 0);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM \"My Attic\".events_p20250102"), 1);
    assert_int_equal(
        pg_number(t, "SELECT count(*) FROM pg_index WHERE indrelid = '\"My Attic\".events_p20250102'::regclass"), 0);
    run_expect(run_apply(t, spec, &late), 0, 0, 0);
}

static void
test_a_restored_copy_is_nobodys_to_drop(void **state)
{
    pg_test *t = *state;
    make_events(t);
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    run_retention(spec, "3 days", PRT_CLEANUP_DROP);
    spec->grace.days = 1;
    prt_run_options early = run_options("2025-01-01 12:00:00Z"), late = run_options(now);
    run_apply(t, spec, &early);
    run_expect(run_apply(t, spec, &late), 10, 0, 0);
    /* What pg_restore does with a marked table: same name, same comment, another oid. */
    pg_sql(t,
           "DO $$ DECLARE c text := obj_description('events_p20250102'::regclass); BEGIN DROP TABLE events_p20250102; "
           "CREATE TABLE events_p20250102 (id bigint); EXECUTE format('COMMENT ON TABLE events_p20250102 IS %%L', c); "
           "END $$");
    prt_run_options after = run_options("2025-02-10 12:00:00Z");
    run_apply(t, spec, &after);
    run_settle(t, spec, &after);
    assert_non_null(pg_value(t, "SELECT to_regclass('events_p20250102')"));
    assert_null(pg_value(t, "SELECT to_regclass('events_p20250103')"));
}

static void
test_many_sets_with_two_sessions(void **state)
{
    pg_test *t = *state;
    pg_sql(
        t,
        "DO $$ BEGIN FOR i IN 1..12 LOOP EXECUTE format('CREATE TABLE t%%s (id int, at timestamptz NOT NULL, PRIMARY "
        "KEY (id, at)) PARTITION BY RANGE (at)', i); END LOOP; END $$");
    prt_spec *spec = run_spec(t, "", "1 day");
    spec->name = "many";
    spec->tables_length = 0;
    spec->tables_query = "SELECT 'public', 't' || i FROM generate_series(1, 12) AS i ORDER BY i";
    spec->premake = 9;
    prt_run_options options = run_options(now);
    options.jobs = 2;
    run_expect(run_apply(t, spec, &options), 120, 0, 0);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE "
                                  "c.relkind = 'r'"),
                     120);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM partrun.operation WHERE status = 'done' AND op = 'create'"),
                     120);
    run_expect(run_apply(t, spec, &options), 0, 0, 0);
}

static void
test_one_large_set_is_made_by_all_sessions(void **state)
{
    pg_test *t = *state;
    make_events(t);
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    spec->premake = 199;
    prt_run_options one = run_options(now), two = one;
    two.jobs = 2;
    run_expect(run_apply(t, spec, &two), 200, 0, 0);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE "
                                  "c.relkind = 'r' AND obj_description(c.oid) IS NOT NULL"),
                     0);
    const char *with_two = run_catalog(t, "'public'");
    pg_sql(t, "DROP TABLE events");
    make_events(t);
    run_expect(run_apply(t, spec, &one), 200, 0, 0);
    assert_string_equal(run_catalog(t, "'public'"), with_two);
}

static void
test_sets_tied_by_foreign_keys_do_not_wait_for_each_other(void **state)
{
    pg_test *t = *state;
    pg_sql(t,
           "CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users VALUES (1); "
           "DO $$ BEGIN FOR i IN 1..8 LOOP EXECUTE format('CREATE TABLE f%%s (u int REFERENCES users, at timestamptz "
           "NOT NULL) PARTITION BY RANGE (at)', i); END LOOP; END $$");
    prt_spec *spec = run_spec(t, "", "1 day");
    spec->name = "tied";
    spec->tables_length = 0;
    spec->tables_query = "SELECT 'public', 'f' || i FROM generate_series(1, 8) AS i";
    spec->premake = 9;
    prt_run_options options = run_options(now);
    options.jobs = 4;
    prt_result *result = run_apply(t, spec, &options);
    run_expect(result, 80, 0, 0);
    for (size_t s = 0; s < result->plan->sets.length; s++)
        for (size_t i = 0; i < result->plan->sets.items[s].operations.length; i++)
            assert_int_equal(result->outcomes[s][i].attempts, 1);
}

static void
test_ids(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE ledger (id bigint PRIMARY KEY, v int) PARTITION BY RANGE (id)");
    prt_spec *spec = run_spec(t, "public.ledger", "1000");
    spec->premake = 2;
    prt_run_options options = run_options(NULL);
    run_expect(run_apply(t, spec, &options), 3, 0, 0);
    pg_sql(t, "INSERT INTO ledger SELECT i FROM generate_series(0, 2500) i");
    run_expect(run_apply(t, spec, &options), 2, 0, 0);
    assert_int_equal(run_count(t, "ledger"), 5);
    run_expect(run_apply(t, spec, &options), 0, 0, 0);
}

static void
test_default_partition_holds_rows(void **state)
{
    pg_test *t = *state;
    make_events(t);
    pg_sql(t, "CREATE TABLE events_default PARTITION OF events DEFAULT; "
              "INSERT INTO events (at) VALUES ('2025-01-11 01:00Z'), ('2025-01-11 02:00Z'), ('1999-01-01Z')");
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    prt_run_options options = run_options(now);
    prt_result *result = run_apply(t, spec, &options);
    run_expect(result, 4, 0, 0);
    assert_true(run_has_finding(result->plan, PRT_FINDING_DEFAULT_BLOCKS));
    spec->default_partition = PRT_DEFAULT_DRAIN;
    run_expect(run_apply(t, spec, &options), 1, 0, 0);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM events_p20250111"), 2);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM ONLY events_default"), 1);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM events"), 3);
}

static void
test_a_large_default_is_not_scanned_under_a_lock(void **state)
{
    pg_test *t = *state;
    make_events(t);
    pg_sql(t, "CREATE TABLE events_default PARTITION OF events DEFAULT; INSERT INTO events (at, body) SELECT "
              "'1999-01-01Z'::timestamptz + i * interval '1 s', repeat('x', 1000) FROM generate_series(1, 12000) i");
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    prt_run_options options = run_options(now);
    prt_result *result = run_apply(t, spec, &options);
    assert_int_equal(result->failed, 0);
    assert_int_equal(result->plan->sets.items[0].operations.items[0].op, PRT_OP_ALTER);
    assert_int_equal(run_count(t, "events"), 6);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM pg_constraint WHERE conname = 'partrun_guard'"), 0);
    run_expect(run_apply(t, spec, &options), 0, 0, 0);
}

static void
test_a_saved_plan_is_refused_after_drift(void **state)
{
    pg_test *t = *state;
    make_events(t);
    const prt_spec *spec = run_spec(t, "public.events", "1 day");
    prt_run_options options = run_options(now);
    prt_plan *plan = NULL;
    prt_error err = {0};
    assert_ok(prt_run_plan(t->conn, t->arena, &spec, 1, &options, &plan, &err), &err);
    assert_int_equal(run_count(t, "events"), 0);
    options.fingerprint = plan->fingerprint;
    pg_sql(t, "CREATE TABLE other PARTITION OF events FOR VALUES FROM ('2025-01-12Z') TO ('2025-01-13Z')");
    prt_result *result = NULL;
    assert_false(run_try(t, t->conn, spec, &options, &result, &err));
    assert_int_equal(err.code, PRT_ERR_DRIFT);
    assert_non_null(result);
    assert_int_equal(run_count(t, "events"), 1);
    pg_sql(t, "DROP TABLE other");
    err = (prt_error) {0};
    assert_ok(run_try(t, t->conn, spec, &options, &result, &err), &err);
    run_expect(result, 5, 0, 0);
}

static void
test_tables_that_are_not_there(void **state)
{
    pg_test *t = *state;
    make_events(t);
    pg_sql(t, "CREATE TABLE plain (id int)");
    prt_spec *missing = run_spec(t, "public.nothing", "1 day"), *plain = run_spec(t, "public.plain", "1 day");
    prt_spec *broken = run_spec(t, "", "1 day"), *good = run_spec(t, "public.events", "1 day");
    broken->name = "broken";
    broken->tables_length = 0;
    broken->tables_query = "SELECT 1 FROM nowhere";
    const prt_spec *specs[] = {missing, plain, broken, good};
    prt_run_options options = run_options(now);
    prt_result *result = NULL;
    prt_error err = {0};
    assert_ok(prt_run_apply(t->conn, t->arena, specs, 4, &options, &result, &err), &err);
    run_expect(result, 5, 0, 0);
    assert_int_equal(result->plan->sets.length, 4);
    for (size_t i = 0; i < 4; i++) {
        const prt_set *set = &result->plan->sets.items[i];
        assert_int_equal(set->findings.length > 0 && set->findings.items[0].severity == PRT_SEVERITY_ERROR,
                         set->spec != good);
    }
}

int
main(void)
{
#define PG_TEST(f) cmocka_unit_test_setup_teardown(f, pg_test_setup, pg_test_teardown)
    const struct CMUnitTest tests[] = {
        PG_TEST(test_creates_ahead_and_is_idempotent),
        PG_TEST(test_a_no_op_costs_few_round_trips_and_no_commit),
        PG_TEST(test_drops_what_expired),
        PG_TEST(test_detaches_for_good),
        PG_TEST(test_drops_after_a_grace),
        PG_TEST(test_moves_to_a_schema),
        PG_TEST(test_a_restored_copy_is_nobodys_to_drop),
        PG_TEST(test_many_sets_with_two_sessions),
        PG_TEST(test_one_large_set_is_made_by_all_sessions),
        PG_TEST(test_sets_tied_by_foreign_keys_do_not_wait_for_each_other),
        PG_TEST(test_ids),
        PG_TEST(test_default_partition_holds_rows),
        PG_TEST(test_a_large_default_is_not_scanned_under_a_lock),
        PG_TEST(test_a_saved_plan_is_refused_after_drift),
        PG_TEST(test_tables_that_are_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
