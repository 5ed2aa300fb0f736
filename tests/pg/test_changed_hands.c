/* What a plan was made for is no longer there when its turn comes: names that changed hands, bounds that moved. */
#include "support/run_support.h"

static const char early[] = "2025-01-01 12:00:00Z", now[] = "2025-01-10 12:00:00Z";

/* SQL that somebody else runs just before partrun sends its first statement that says `word`. */
typedef struct meddler {
    pg_test *test;
    const char *word, *sql;
    bool done;
} meddler;

static void
meddle(void *data, const char *sql)
{
    meddler *m = data;
    if (m->done || strstr(sql, m->word) == NULL)
        return;
    m->done = true;
    pg_sql(m->test, "%s", m->sql);
}

/* events with a row in each of 1 to 5 January, of which at `now` the first two have expired, and what is current. */
static prt_spec *
make_events(pg_test *t, bool with_default)
{
    pg_sql(t, "CREATE TABLE events (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at)");
    if (with_default)
        pg_sql(t, "CREATE TABLE events_rest PARTITION OF events DEFAULT");
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    prt_run_options options = run_options(early);
    (void) run_apply(t, spec, &options);
    options = run_options(now);
    (void) run_apply(t, spec, &options);
    pg_sql(t, "INSERT INTO events SELECT n, '2025-01-01 06:00+00'::timestamptz + (n - 1) * interval '1 day'"
              " FROM generate_series(1, 10) n;"
              "COMMENT ON TABLE events_p20250110 IS 'of today'");
    run_retention(spec, "7 days", PRT_CLEANUP_DROP);
    return spec;
}

static prt_result *
apply_meddled(pg_test *t, const prt_spec *spec, const char *word, const char *sql)
{
    meddler m = {.test = t, .word = word, .sql = sql};
    prt_conn_options mine = {.dsn = t->dsn, .trace = meddle, .trace_data = &m};
    prt_conn *conn = pg_connect(t, &mine);
    prt_run_options options = run_options(now);
    prt_result *result = NULL;
    prt_error err = {0};
    assert_ok(run_try(t, conn, spec, &options, &result, &err), &err);
    assert_true(m.done);
    prt_conn_close(conn);
    return result;
}

#define SWAP_NAMES                                          \
    "BEGIN; ALTER TABLE events_p20250101 RENAME TO parked;" \
    "ALTER TABLE events_p20250110 RENAME TO events_p20250101; COMMIT"

static void
assert_names_swapped_and_nothing_lost(pg_test *t, const prt_result *result)
{
    run_expect(result, 1, 1, 0);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM events"), 9); /* the 2nd went: its name is its own */
    assert_int_equal(pg_number(t, "SELECT count(*) FROM events WHERE at >= '2025-01-10'"), 1);
    assert_string_equal(pg_value(t, "SELECT obj_description('events_p20250101'::regclass)"), "of today");
    assert_null(pg_value(t, "SELECT obj_description('parked'::regclass)"));
}

static void
test_a_name_that_changed_hands_is_not_detached(void **state)
{
    pg_test *t = *state;
    prt_spec *spec = make_events(t, false);
    assert_names_swapped_and_nothing_lost(t, apply_meddled(t, spec, "COMMENT ON TABLE", SWAP_NAMES));
}

static void
test_a_name_that_changed_hands_is_not_detached_beside_a_default(void **state)
{
    pg_test *t = *state;
    prt_spec *spec = make_events(t, true);
    assert_names_swapped_and_nothing_lost(t, apply_meddled(t, spec, "COMMENT ON TABLE", SWAP_NAMES));
}

static void
test_a_name_that_changes_hands_after_its_marker_is_not_detached(void **state)
{
    pg_test *t = *state;
    prt_spec *spec = make_events(t, true);
    assert_names_swapped_and_nothing_lost(t,
                                          apply_meddled(t, spec, "LOCK TABLE ONLY \"public\".\"events\"", SWAP_NAMES));
}

/* The very table, but by now it holds what has not expired. */
static void
assert_wider_partition_stays(pg_test *t, bool with_default)
{
    prt_spec *spec = make_events(t, with_default);
    prt_result *result = apply_meddled(t, spec, "COMMENT ON TABLE",
                                       "BEGIN; ALTER TABLE events DETACH PARTITION events_p20250102;"
                                       "ALTER TABLE events DETACH PARTITION events_p20250103;"
                                       "INSERT INTO events_p20250102 SELECT * FROM events_p20250103;"
                                       "DROP TABLE events_p20250103;"
                                       "ALTER TABLE events ATTACH PARTITION events_p20250102"
                                       " FOR VALUES FROM ('2025-01-02 00:00+00') TO ('2025-01-04 00:00+00'); COMMIT");
    run_expect(result, 1, 1, 0);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM events"), 9);
    assert_null(pg_value(t, "SELECT obj_description('events_p20250102'::regclass)"));
}

static void
test_bounds_that_moved_on_are_noticed(void **state)
{
    assert_wider_partition_stays(*state, false);
}

static void
test_bounds_that_moved_on_are_noticed_beside_a_default(void **state)
{
    assert_wider_partition_stays(*state, true);
}

#define PG_TEST(f) cmocka_unit_test_setup_teardown(f, pg_test_setup, pg_test_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        PG_TEST(test_a_name_that_changed_hands_is_not_detached),
        PG_TEST(test_a_name_that_changed_hands_is_not_detached_beside_a_default),
        PG_TEST(test_a_name_that_changes_hands_after_its_marker_is_not_detached),
        PG_TEST(test_bounds_that_moved_on_are_noticed),
        PG_TEST(test_bounds_that_moved_on_are_noticed_beside_a_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
