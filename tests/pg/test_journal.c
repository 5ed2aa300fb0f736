/* The journal: what it says, and that nothing depends on it. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/run_support.h"

static const char now[] = "2025-01-10 12:00:00Z";

static void
make_events(pg_test *t)
{
    pg_sql(t, "CREATE TABLE events (at timestamptz NOT NULL) PARTITION BY RANGE (at)");
}

static void
test_what_was_done_is_written_down(void **state)
{
    pg_test *t = *state;
    make_events(t);
    pg_sql(t, "CREATE TABLE old PARTITION OF events FOR VALUES FROM ('2025-01-05Z') TO ('2025-01-06Z')");
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    run_retention(spec, "3 days", PRT_CLEANUP_DROP);
    prt_run_options options = run_options(now);
    options.sizes = true;
    prt_result *result = run_apply(t, spec, &options);
    assert_int_equal(result->failed, 0);
    assert_int_equal(pg_number(t, "SELECT max(id) FROM partrun.run"), result->run_id);
    assert_string_equal(pg_value(t,
                                 "SELECT status || ' ' || failed || ' ' || skipped || ' ' || policies::text || ' ' || "
                                 "(finished >= started) || ' ' || (username = current_user) FROM partrun.run"),
                        "done 0 0 {public.events} true true");
    assert_int_equal(pg_number(t, "SELECT done FROM partrun.run"), result->done);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM partrun.operation o JOIN partrun.run r ON r.id = o.run"),
                     result->done);
    assert_string_equal(
        pg_value(t,
                 "SELECT op || ' ' || partition || ' ' || range_from || ' ' || range_to || ' ' || status || ' ' || "
                 "attempts || ' ' || (bytes >= 0) || ' ' || (duration > '0') FROM partrun.operation WHERE op = 'drop'"),
        "drop public.old '2025-01-05 00:00:00+00' '2025-01-06 00:00:00+00' done 1 true true");
    run_apply(t, spec, &options);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM partrun.run"), 1);
}

static void
test_failures_are_written_down(void **state)
{
    pg_test *t = *state;
    make_events(t);
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    spec->storage = &(prt_storage) {.name = "no_such_parameter", .value = "1"};
    spec->storage_length = 1;
    prt_run_options options = run_options(now);
    run_expect(run_apply(t, spec, &options), 0, 5, 0);
    assert_string_equal(pg_value(t, "SELECT status || ' ' || failed FROM partrun.run"), "failed 5");
    assert_int_equal(pg_number(t,
                               "SELECT count(*) FROM partrun.operation WHERE status = 'failed' AND op = 'create' AND "
                               "sqlstate = '22023' AND error LIKE '%%no_such_parameter%%'"),
                     5);
}

static void
test_a_run_can_go_without(void **state)
{
    pg_test *t = *state;
    make_events(t);
    prt_run_options options = run_options(now);
    options.no_journal = true;
    prt_result *result = run_apply(t, run_spec(t, "public.events", "1 day"), &options);
    run_expect(result, 5, 0, 0);
    assert_int_equal(result->run_id, 0);
    assert_null(pg_value(t, "SELECT to_regnamespace('partrun')"));
}

static prt_conn *
connect_as(pg_test *t, const char *user, FILE *stream)
{
    prt_log *log = PRT_NEW(t->arena, prt_log);
    *log = (prt_log) {.stream = stream, .level = PRT_WARNING};
    prt_conn_options options = {.dsn = prt_arena_printf(t->arena, "dbname=%s user=%s", t->database, user), .log = log};
    return pg_connect(t, &options);
}

static size_t
count_lines(FILE *stream, const char *text)
{
    char line[2000];
    size_t n = 0;
    rewind(stream);
    while (fgets(line, sizeof line, stream) != NULL)
        n += strstr(line, text) != NULL;
    return n;
}

static void
go_without_privilege(pg_test *t, const char *prepare)
{
    pg_sql(
        t,
        "DROP ROLE IF EXISTS keeper; CREATE ROLE keeper LOGIN; CREATE TABLE events (at timestamptz NOT NULL) PARTITION "
        "BY RANGE (at); ALTER TABLE events OWNER TO keeper; GRANT CREATE, USAGE ON SCHEMA public TO keeper; %s",
        prepare);
    FILE *stream = tmpfile();
    prt_conn *conn = connect_as(t, "keeper", stream);
    prt_run_options options = run_options(now);
    options.log = prt_conn_options_of(conn)->log;
    prt_result *result = NULL;
    prt_error err = {0};
    assert_ok(run_try(t, conn, run_spec(t, "public.events", "1 day"), &options, &result, &err), &err);
    run_expect(result, 5, 0, 0);
    assert_int_equal(result->run_id, 0);
    assert_int_equal(count_lines(stream, "without a journal"), 1);
    prt_conn_close(conn);
    fclose(stream);
    pg_sql(t, "DROP TABLE events; DROP OWNED BY keeper; DROP ROLE keeper");
}

static void
test_no_privilege_to_make_it(void **state)
{
    go_without_privilege(*state, "");
}

static void
test_no_privilege_to_write_it(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE first (at timestamptz NOT NULL) PARTITION BY RANGE (at)");
    prt_run_options options = run_options(now);
    run_expect(run_apply(t, run_spec(t, "public.first", "1 day"), &options), 5, 0, 0);
    go_without_privilege(t, "");
    assert_int_equal(pg_number(t, "SELECT count(*) FROM partrun.run"), 1);
}

/* Tables of an earlier version get what they lack; where that is not allowed, they do as they are. */
static void
test_an_earlier_versions_journal_goes_on(void **state)
{
    pg_test *t = *state;
    make_events(t);
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    prt_run_options options = run_options(now);
    assert_int_equal(run_apply(t, spec, &options)->failed, 0);
    pg_sql(t, "ALTER TABLE partrun.operation DROP COLUMN rows");
    options.now += PRT_USEC_PER_DAY;
    prt_result *result = run_apply(t, spec, &options);
    assert_true(result->run_id > 0);
    assert_int_equal(
        pg_number(t, "SELECT count(*) FROM partrun.operation WHERE run = %ld AND rows IS NULL", (long) result->run_id),
        1);

    pg_sql(
        t,
        "ALTER TABLE partrun.operation DROP COLUMN rows; DROP ROLE IF EXISTS writer; CREATE ROLE writer; GRANT writer "
        "TO "
        "CURRENT_USER; GRANT ALL ON SCHEMA public TO writer; ALTER TABLE events OWNER TO writer; GRANT USAGE ON SCHEMA "
        "partrun TO writer; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA partrun TO writer");
    prt_error err = {0};
    assert_ok(prt_exec(t->conn, "SET ROLE writer", &err), &err);
    options.now += PRT_USEC_PER_DAY;
    result = run_apply(t, spec, &options);
    run_expect(result, 1, 0, 0);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM partrun.operation WHERE run = %ld", (long) result->run_id), 1);
    assert_ok(prt_exec(t->conn, "RESET ROLE", &err), &err);
    pg_sql(t, "DROP TABLE events; DROP OWNED BY writer; DROP ROLE writer");
}

static void
test_a_journal_that_breaks_in_mid_run_breaks_nothing_else(void **state)
{
    pg_test *t = *state;
    make_events(t);
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    prt_run_options options = run_options(now), later = run_options("2025-01-20 12:00:00Z");
    run_expect(run_apply(t, spec, &options), 5, 0, 0);
    pg_sql(t, "ALTER TABLE partrun.operation ADD CHECK (op <> 'create') NOT VALID");
    assert_int_equal(run_apply(t, spec, &later)->failed, 0);
    assert_int_equal(run_count(t, "events"), 15);
}

/* Two first applies at once both have to make the journal. */
static void
test_two_may_make_it_at_once(void **state)
{
    pg_test *t = *state;
    enum { N = 4 };
    pid_t children[N];
    for (int i = 0; i < N; i++)
        pg_sql(t, "CREATE TABLE e%d (at timestamptz NOT NULL) PARTITION BY RANGE (at)", i);
    for (int i = 0; i < N; i++) {
        children[i] = fork();
        if (children[i] != 0)
            continue;
        prt_conn *conn = NULL;
        prt_error err = {0};
        prt_conn_options mine = {.dsn = t->dsn};
        prt_run_options options = run_options(now);
        prt_result *result = NULL;
        prt_spec *spec = run_spec(t, prt_arena_printf(t->arena, "public.e%d", i), "1 day");
        bool ok = prt_conn_open(&mine, &conn, &err) && run_try(t, conn, spec, &options, &result, &err);
        _exit(ok && result->done == 5 && result->run_id != 0 ? 0 : 1);
    }
    for (int i = 0; i < N; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(pg_number(t, "SELECT count(*) FROM partrun.run WHERE status = 'done'"), N);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM partrun.operation"), 5 * N);
}

int
main(void)
{
#define PG_TEST(f) cmocka_unit_test_setup_teardown(f, pg_test_setup, pg_test_teardown)
    const struct CMUnitTest tests[] = {
        PG_TEST(test_what_was_done_is_written_down), PG_TEST(test_failures_are_written_down),
        PG_TEST(test_a_run_can_go_without),          PG_TEST(test_no_privilege_to_make_it),
        PG_TEST(test_no_privilege_to_write_it),      PG_TEST(test_a_journal_that_breaks_in_mid_run_breaks_nothing_else),
        PG_TEST(test_two_may_make_it_at_once),       PG_TEST(test_an_earlier_versions_journal_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
