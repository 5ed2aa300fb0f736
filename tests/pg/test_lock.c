/* One run at a time per partition set. */
#include "pg/lock.h"
#include "support/run_support.h"

static const char now[] = "2025-01-10 12:00:00Z";

static void
test_each_set_has_its_own_lock(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE a (at timestamptz) PARTITION BY RANGE (at); "
              "CREATE TABLE \"We'ird\" (k text, at timestamptz) PARTITION BY LIST (k); "
              "CREATE TABLE w1 PARTITION OF \"We'ird\" FOR VALUES IN ('x') PARTITION BY RANGE (at); "
              "CREATE TABLE w2 PARTITION OF \"We'ird\" FOR VALUES IN ('y') PARTITION BY RANGE (at); "
              "CREATE TABLE w3 PARTITION OF \"We'ird\" FOR VALUES IN ('z'); CREATE TABLE plain (i int)");
    const char *tables[] = {"a", "public.\"We'ird\"", "a", "plain", "nothing"};
    prt_locks mine = {0}, theirs = {0};
    prt_error err = {0};
    prt_conn *other = pg_connect(t, NULL);
    assert_ok(prt_lock_sets(t->conn, t->arena, tables, 5, &mine, &err), &err);
    assert_int_equal(mine.held_length, 4);
    assert_int_equal(mine.busy_length, 0);
    assert_true(prt_lock_holds(&mine, (uint32_t) pg_number(t, "SELECT 'w2'::regclass::oid::bigint")));
    assert_true(prt_lock_holds(&mine, (uint32_t) pg_number(t, "SELECT '\"We''ird\"'::regclass::oid::bigint")));

    assert_ok(prt_lock_sets(other, t->arena, tables, 5, &theirs, &err), &err);
    assert_int_equal(theirs.held_length, 0);
    assert_int_equal(theirs.busy_length, 4);

    assert_ok(prt_lock_release(t->conn, t->arena, &mine, &err), &err);
    assert_int_equal(mine.held_length, 0);
    assert_int_equal(run_advisory_locks(t), 0);
    assert_ok(prt_lock_sets(other, t->arena, tables, 5, &theirs, &err), &err);
    assert_int_equal(theirs.held_length, 4);
    prt_conn_close(other);
}

static void
test_a_held_set_is_left_out(void **state)
{
    pg_test *t = *state;
    pg_sql(t,
           "CREATE TABLE a (at timestamptz) PARTITION BY RANGE (at); "
           "CREATE TABLE b (at timestamptz) PARTITION BY RANGE (at); "
           "SELECT pg_advisory_lock(%d, 'a'::regclass::oid::int4)",
           PRT_LOCK_CLASS);
    const prt_spec *specs[] = {run_spec(t, "public.a", "1 day"), run_spec(t, "public.b", "1 day")};
    prt_run_options options = run_options(now);
    prt_result *result = NULL;
    prt_error err = {0};
    assert_ok(prt_run_apply(t->conn, t->arena, specs, 2, &options, &result, &err), &err);
    run_expect(result, 5, 0, 0);
    assert_int_equal(result->locked, 1);
    assert_int_equal(run_count(t, "a"), 0);
    assert_int_equal(run_count(t, "b"), 5);
    assert_int_equal(result->plan->sets.items[0].findings.length, 1);
    assert_int_equal(result->plan->sets.items[0].findings.items[0].code, PRT_FINDING_LOCK_HELD);
    assert_int_equal(result->plan->sets.items[0].findings.items[0].severity, PRT_SEVERITY_INFO);

    assert_false(prt_run_apply(t->conn, t->arena, specs, 1, &options, &result, &err));
    assert_int_equal(err.code, PRT_ERR_LOCKED);

    pg_sql(t, "SELECT pg_advisory_unlock_all()");
    run_expect(run_apply(t, specs[0], &options), 5, 0, 0);
    assert_int_equal(run_advisory_locks(t), 0);
}

int
main(void)
{
#define PG_TEST(f) cmocka_unit_test_setup_teardown(f, pg_test_setup, pg_test_teardown)
    const struct CMUnitTest tests[] = {PG_TEST(test_each_set_has_its_own_lock), PG_TEST(test_a_held_set_is_left_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
