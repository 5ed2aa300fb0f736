/*
 * kill -9 at every step: a child is killed just before the n-th statement that it would send, for every n; then a second run
 * has to complete, and leave the very catalog that an undisturbed run leaves.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/archive_fake.h"
#include "support/run_support.h"

static const char early[] = "2025-01-08 12:00:00Z", now[] = "2025-01-10 12:00:00Z";

typedef struct scenario {
    const char *setup;   /* on an empty database */
    const char *first;   /* an undisturbed run at this instant comes before; NULL: none */
    const char *arrange; /* SQL after it */
    void (*configure)(prt_spec *spec);
    int jobs;
    bool every; /* also before statements that only read */
    bool archives;
} scenario;

static void
reset(pg_test *t, const scenario *s, const prt_spec *spec)
{
    pg_sql(
        t,
        "DROP SCHEMA IF EXISTS partrun, attic CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE SCHEMA "
        "attic");
    pg_sql(t, "%s", s->setup);
    if (s->first != NULL) {
        prt_run_options options = run_options(s->first);
        run_apply(t, spec, &options);
    }
    if (s->arrange != NULL)
        pg_sql(t, "%s", s->arrange);
    if (s->archives)
        archive_fake_reset(t);
}

typedef struct trigger {
    int left;
    bool every; /* otherwise not at those that only read: to die before one is to die after what was before it */
} trigger;

static void
count_down(void *data, const char *sql)
{
    trigger *t = data;
    bool reads = strncmp(sql, "-- purpose", 10) == 0 && strstr(sql, "lock") == NULL;
    if ((t->every || !reads) && --t->left == 0)
        kill(getpid(), SIGKILL);
}

/* True when the child was killed; false when it came to its end first. */
static bool
run_and_kill(pg_test *t, const prt_spec *spec, const prt_run_options *options, int statement, bool every)
{
    pid_t child = fork();
    if (child == 0) {
        trigger countdown = {.left = statement, .every = every};
        prt_conn_options mine = {.dsn = t->dsn, .trace = count_down, .trace_data = &countdown};
        archive_fake fake = {.t = t, .step = count_down, .step_data = &countdown};
        prt_archiver archiver = archive_fake_archiver(&fake);
        prt_run_options with = *options;
        with.archiver = &archiver;
        prt_conn *conn = NULL;
        prt_result *result = NULL;
        prt_error err = {0};
        bool ok = prt_conn_open(&mine, &conn, &err) && run_try(t, conn, spec, &with, &result, &err);
        if (!ok)
            fprintf(stderr, "the child failed: %s\n", err.message);
        _exit(ok ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGKILL);
        return true;
    }
    assert_int_equal(status, 0);
    return false;
}

/* The server needs a moment to notice that the child's sessions are gone. */
static void
wait_for_quiet(pg_test *t)
{
    for (int i = 0; i < 500; i++) {
        if (pg_number(t,
                      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid NOT IN "
                      "(pg_backend_pid(), %d) AND backend_type = 'client backend'",
                      PQbackendPID(prt_conn_raw(t->conn))) == 0)
            return;
        usleep(10000);
    }
    fail_msg("sessions of a killed run stay");
}

/* What is gone is archived, with every row, and no archive that was proven has been made again. */
static void
judge_archives(pg_test *t, int statement)
{
    const char *archives = pg_value(t, "SELECT string_agg(url || ' ' || rows || ' ' || copies, ', ' ORDER BY url) FROM "
                                       "cold.archives");
    if (archives == NULL || strcmp(archives, "s3://cold/events_p20250108 1 1, s3://cold/events_p20250109 1 1") != 0)
        fail_msg("killed before statement %d, the archives are %s", statement, archives);
}

static void
run_scenario(pg_test *t, const scenario *s)
{
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    if (s->configure != NULL)
        s->configure(spec);
    prt_run_options options = run_options(now);
    options.jobs = s->jobs;
    archive_fake fake = {.t = t};
    prt_archiver archiver = archive_fake_archiver(&fake);
    options.archiver = &archiver;
    reset(t, s, spec);
    run_settle(t, spec, &options);
    const char *expected = run_catalog(t, "'public', 'attic'");
    int statement = 1;
    for (;; statement++) {
        reset(t, s, spec);
        if (!run_and_kill(t, spec, &options, statement, s->every))
            break;
        wait_for_quiet(t);
        run_settle(t, spec, &options);
        const char *actual = run_catalog(t, "'public', 'attic'");
        if (strcmp(expected, actual) != 0)
            fail_msg("killed before statement %d, the next run leaves\n%s\ninstead of\n%s", statement, actual,
                     expected);
        if (s->archives)
            judge_archives(t, statement);
    }
    /* The connection alone is a few statements: a run of none would prove nothing. */
    assert_true(statement > 12);
    print_message("           killed at %d statements\n", statement - 1);
}

#define EVENTS                                                                                                      \
    "CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, body text, PRIMARY KEY " \
    "(id, "                                                                                                         \
    "at)) PARTITION BY RANGE (at); CREATE INDEX events_body ON events (body); ALTER TABLE events REPLICA IDENTITY " \
    "FULL; "
#define DEFAULT "CREATE TABLE events_default PARTITION OF events DEFAULT; "

static void
few(prt_spec *spec)
{
    spec->premake = 2;
}

static void
test_creations(void **state)
{
    run_scenario(*state, &(scenario) {.setup = EVENTS, .configure = few, .every = true});
}

static void
eight(prt_spec *spec)
{
    spec->premake = 7;
}

static void
test_creations_by_two_sessions(void **state)
{
    run_scenario(*state, &(scenario) {.setup = EVENTS, .configure = eight, .jobs = 2});
}

static void
test_creations_beside_a_default(void **state)
{
    run_scenario(*state, &(scenario) {.setup = EVENTS DEFAULT, .configure = few});
}

static void
drain(prt_spec *spec)
{
    spec->premake = 2;
    spec->default_partition = PRT_DEFAULT_DRAIN;
}

static void
test_draining(void **state)
{
    run_scenario(
        *state, &(scenario) {.setup = EVENTS DEFAULT
                             "INSERT INTO events (at) SELECT '2025-01-10Z'::timestamptz + i * interval '1 hour' "
                             "FROM generate_series(0, 60) i; "
                             "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'fired'; END $$; "
                             "CREATE TRIGGER no BEFORE DELETE ON events FOR EACH ROW EXECUTE FUNCTION no()",
                             .configure = drain});
}

static void
test_guarding(void **state)
{
    run_scenario(*state,
                 &(scenario) {.setup = EVENTS DEFAULT
                              "DROP INDEX events_body; ALTER TABLE events_default ALTER body SET STORAGE EXTERNAL; "
                              "INSERT INTO events (at, body) SELECT '1999-01-01Z', "
                              "repeat('x', 900000) || i FROM generate_series(1, 12) i",
                              .configure = few});
}

static void
dropping(prt_spec *spec)
{
    run_retention(spec, "12 hours", PRT_CLEANUP_DROP);
    spec->premake = 2;
}

static const char rows[] = "INSERT INTO events (at) VALUES ('2025-01-08Z'), ('2025-01-09Z'), ('2025-01-10 13:00Z'); "
                           "COMMENT ON TABLE events_p20250109 IS 'mine'";

static void
test_drops(void **state)
{
    run_scenario(*state, &(scenario) {.setup = EVENTS, .first = early, .arrange = rows, .configure = dropping});
}

static void
test_drops_beside_a_default(void **state)
{
    run_scenario(*state, &(scenario) {.setup = EVENTS DEFAULT, .first = early, .arrange = rows, .configure = dropping});
}

static void
grace(prt_spec *spec)
{
    dropping(spec);
    spec->grace.days = 1;
}

static void
test_drops_with_a_grace(void **state)
{
    run_scenario(*state, &(scenario) {.setup = EVENTS, .first = early, .arrange = rows, .configure = grace});
}

static void
test_drops_after_a_grace(void **state)
{
    run_scenario(*state,
                 &(scenario) {.setup = EVENTS
                              "CREATE TABLE events_p20241220 PARTITION OF events FOR VALUES FROM ('2024-12-20Z') TO "
                              "('2024-12-21Z'); CREATE TABLE events_p20241221 PARTITION OF events FOR VALUES FROM "
                              "('2024-12-21Z') TO ('2024-12-22Z')",
                              .first = early,
                              .arrange = rows,
                              .configure = grace});
}

static void
detaching(prt_spec *spec)
{
    dropping(spec);
    spec->cleanup = PRT_CLEANUP_DETACH;
}

static void
test_detaches(void **state)
{
    run_scenario(*state, &(scenario) {.setup = EVENTS, .first = early, .arrange = rows, .configure = detaching});
}

static void
moving(prt_spec *spec)
{
    dropping(spec);
    spec->cleanup = PRT_CLEANUP_MOVE;
    spec->cleanup_schema = "attic";
    spec->cleanup_indexes = false;
}

static void
test_moves(void **state)
{
    run_scenario(*state, &(scenario) {.setup = EVENTS, .first = early, .arrange = rows, .configure = moving});
}

static void
archiving(prt_spec *spec)
{
    dropping(spec);
    spec->archive.url = "s3://cold/{name}";
}

static void
test_archives_then_drops(void **state)
{
    run_scenario(
        *state,
        &(scenario) {.setup = EVENTS, .first = early, .arrange = rows, .configure = archiving, .archives = true});
}

static void
archiving_with_grace(prt_spec *spec)
{
    archiving(spec);
    spec->grace.days = 1;
}

static void
test_archives_with_a_grace(void **state)
{
    run_scenario(*state, &(scenario) {.setup = EVENTS DEFAULT,
                                      .first = early,
                                      .arrange = rows,
                                      .configure = archiving_with_grace,
                                      .archives = true});
}

static void
archiving_then_moving(prt_spec *spec)
{
    moving(spec);
    spec->archive.url = "s3://cold/{name}";
}

static void
test_archives_then_moves(void **state)
{
    run_scenario(
        *state,
        &(scenario) {
            .setup = EVENTS, .first = early, .arrange = rows, .configure = archiving_then_moving, .archives = true});
}

static void
returning(prt_spec *spec)
{
    run_retention(spec, "9 days", PRT_CLEANUP_DROP);
    spec->premake = 2;
}

/* Detached and fenced by an earlier run, and inside the retention by now. */
static void
test_reattaches(void **state)
{
    run_scenario(
        *state,
        &(scenario) {.setup = EVENTS,
                     .first = early,
                     .arrange = "INSERT INTO events (at) VALUES ('2025-01-08Z'); ALTER TABLE events DETACH PARTITION "
                                "events_p20250108; ALTER TABLE events_p20250108 ADD CONSTRAINT partrun_archived CHECK "
                                "(false) NOT VALID; DO $$ BEGIN EXECUTE format('COMMENT ON TABLE events_p20250108 IS "
                                "%L', E'mine\\npartrun: ' || json_build_object('state', 'retiring', 'system', (SELECT "
                                "system_identifier FROM pg_control_system())::text, 'database', (SELECT oid FROM "
                                "pg_database WHERE datname = current_database())::bigint, 'oid', "
                                "'events_p20250108'::regclass::oid::bigint, 'policy', 'public.events', "
                                "'parent_schema', 'public', 'parent_name', 'events', 'from', '''2025-01-08 "
                                "00:00:00+00''', 'to', '''2025-01-09 00:00:00+00''', 'since', "
                                "'2025-01-08T00:00:00Z')); END $$",
                     .configure = returning});
}

int
main(void)
{
#define PG_TEST(f) cmocka_unit_test_setup_teardown(f, pg_test_setup, pg_test_teardown)
    const struct CMUnitTest tests[] = {
        PG_TEST(test_creations),
        PG_TEST(test_creations_by_two_sessions),
        PG_TEST(test_creations_beside_a_default),
        PG_TEST(test_draining),
        PG_TEST(test_guarding),
        PG_TEST(test_drops),
        PG_TEST(test_drops_beside_a_default),
        PG_TEST(test_drops_with_a_grace),
        PG_TEST(test_drops_after_a_grace),
        PG_TEST(test_detaches),
        PG_TEST(test_moves),
        PG_TEST(test_archives_then_drops),
        PG_TEST(test_archives_with_a_grace),
        PG_TEST(test_archives_then_moves),
        PG_TEST(test_reattaches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
