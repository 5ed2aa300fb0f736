/* Trouble from outside: locks, other runs, lost sessions, missing rights, hooks that raise. One failure stops nothing else. */
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/run_support.h"

static const char early[] = "2025-01-01 12:00:00Z", now[] = "2025-01-10 12:00:00Z";

static void
make(pg_test *t, const char *name)
{
    pg_sql(t, "CREATE TABLE %s (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at)", name);
}

static prt_spec *
dropping(pg_test *t)
{
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    run_retention(spec, "7 days", PRT_CLEANUP_DROP);
    return spec;
}

/* events with 1 to 5 January; at `now` the first two have expired. */
static prt_spec *
make_old_events(pg_test *t)
{
    make(t, "events");
    prt_spec *spec = dropping(t);
    prt_run_options options = run_options(early);
    run_expect(run_apply(t, spec, &options), 5, 0, 0);
    return spec;
}

static prt_result *
apply_two(pg_test *t, const prt_spec *a, const prt_spec *b, const prt_run_options *options)
{
    const prt_spec *specs[] = {a, b};
    prt_result *result = NULL;
    prt_error err = {0};
    assert_ok(prt_run_apply(t->conn, t->arena, specs, 2, options, &result, &err), &err);
    return result;
}

/* ---- locks of others ---- */

static void
test_a_blocked_table_costs_a_bounded_wait(void **state)
{
    pg_test *t = *state;
    make(t, "events");
    make(t, "others");
    prt_spec *spec = run_spec(t, "public.events", "1 day"), *other = run_spec(t, "public.others", "1 day");
    spec->retries = other->retries = 2;
    spec->lock_timeout_ms = other->lock_timeout_ms = 100;
    pg_sql(t, "BEGIN; LOCK TABLE events IN ACCESS EXCLUSIVE MODE");
    prt_run_options options = run_options(now);
    int64_t began = prt_clock_monotonic();
    prt_result *result = apply_two(t, spec, other, &options);
    int64_t took = prt_clock_monotonic() - began;
    pg_sql(t, "COMMIT");
    run_expect(result, 5, 5, 0);
    assert_in_range(took / 1000, 300, 3000);
    const prt_outcome *failed = run_outcome(result, PRT_STATUS_FAILED);
    assert_string_equal(failed->error.sqlstate, "55P03");
    assert_int_equal(failed->attempts, 3);
    assert_int_equal(run_count(t, "events"), 0);
    assert_int_equal(run_count(t, "others"), 5);
    run_settle(t, spec, &options);
    assert_int_equal(run_count(t, "events"), 5);
}

static void *
commit_later(void *data)
{
    pg_test *t = data;
    usleep(500 * 1000);
    PQclear(PQexec(t->side, "COMMIT"));
    return NULL;
}

static void
test_a_lock_that_goes_away_is_waited_for(void **state)
{
    pg_test *t = *state;
    make(t, "events");
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    spec->lock_timeout_ms = 100;
    pg_sql(t, "BEGIN; LOCK TABLE events IN ACCESS EXCLUSIVE MODE");
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, commit_later, t), 0);
    prt_run_options options = run_options(now);
    prt_result *result = run_apply(t, spec, &options);
    pthread_join(thread, NULL);
    run_expect(result, 5, 0, 0);
    assert_in_range(run_outcome(result, PRT_STATUS_DONE)->attempts, 2, 6);
}

static void
test_ids_that_cannot_be_read_stop_their_own_set_only(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE numbers (id bigint) PARTITION BY RANGE (id);"
              "CREATE TABLE numbers_0 PARTITION OF numbers FOR VALUES FROM (0) TO (10);"
              "INSERT INTO numbers VALUES (5);"
              "CREATE TABLE more (id bigint) PARTITION BY RANGE (id);"
              "CREATE TABLE more_0 PARTITION OF more FOR VALUES FROM (0) TO (10);"
              "INSERT INTO more VALUES (5)");
    pg_sql(t, "BEGIN; LOCK TABLE numbers_0 IN ACCESS EXCLUSIVE MODE");
    prt_spec *spec = run_spec(t, "public.numbers", "10"), *other = run_spec(t, "public.more", "10");
    spec->retention = (prt_retention) {.kind = PRT_KEEP_IDS};
    spec->cleanup = PRT_CLEANUP_DROP;
    prt_run_options options = run_options(NULL);
    prt_result *result = apply_two(t, spec, other, &options);
    pg_sql(t, "COMMIT");
    run_expect(result, 4, 0, 0);
    assert_int_equal(run_count(t, "numbers"), 1);
    assert_int_equal(run_count(t, "more"), 5);
    assert_true(run_has_finding(result->plan, PRT_FINDING_UNSUPPORTED_KEY));
    run_settle(t, spec, &options);
    assert_int_equal(run_count(t, "numbers"), 5);
}

static void
test_a_locked_default_does_not_keep_others_from_draining(void **state)
{
    pg_test *t = *state;
    make(t, "events");
    make(t, "others");
    pg_sql(t, "CREATE TABLE events_rest PARTITION OF events DEFAULT;"
              "CREATE TABLE others_rest PARTITION OF others DEFAULT;"
              "INSERT INTO others VALUES (1, '2025-01-12 00:00+00');"
              "INSERT INTO events VALUES (1, '2025-01-12 00:00+00')");
    prt_spec *spec = run_spec(t, "public.events", "1 day"), *other = run_spec(t, "public.others", "1 day");
    spec->default_partition = other->default_partition = PRT_DEFAULT_DRAIN;
    spec->retries = other->retries = 0;
    spec->lock_timeout_ms = other->lock_timeout_ms = 100;
    pg_sql(t, "BEGIN; LOCK TABLE events_rest IN ACCESS EXCLUSIVE MODE");
    prt_run_options options = run_options(now);
    prt_result *result = apply_two(t, spec, other, &options);
    pg_sql(t, "COMMIT");
    run_expect(result, 5, 5, 0);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM others_rest"), 0);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM others"), 1);
    run_settle(t, spec, &options);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM events_p20250112"), 1);
}

/* ---- several runs at once ---- */

static void
test_applies_at_once_share_the_work_and_the_result(void **state)
{
    pg_test *t = *state;
    enum { N = 4 };
    pid_t children[N];
    make(t, "events");
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    spec->premake = 59;
    for (int i = 0; i < N; i++) {
        children[i] = fork();
        if (children[i] != 0)
            continue;
        prt_conn *conn = NULL;
        prt_error err = {0};
        prt_conn_options mine = {.dsn = t->dsn};
        prt_run_options options = run_options(now);
        prt_result *result = NULL;
        bool ok = prt_conn_open(&mine, &conn, &err) && run_try(t, conn, spec, &options, &result, &err);
        _exit(ok && result->failed == 0 ? (result->done == 60 ? 10 : 0) : err.code == PRT_ERR_LOCKED ? 0 : 1);
    }
    int made = 0;
    for (int i = 0; i < N; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 10));
        made += WEXITSTATUS(status) == 10;
    }
    assert_int_equal(made, 1);
    assert_int_equal(run_count(t, "events"), 60);
}

/* ---- lost sessions and interrupts ---- */

typedef struct assassin {
    pg_test *t;
    prt_conn *victim;
    int left;
} assassin;

static void
terminate(void *data, const char *sql)
{
    assassin *a = data;
    (void) sql;
    if (a->victim != NULL && --a->left == 0)
        pg_sql(a->t, "SELECT pg_terminate_backend(%d, 5000)", PQbackendPID(prt_conn_raw(a->victim)));
}

static void
test_a_killed_backend_at_any_statement(void **state)
{
    pg_test *t = *state;
    prt_run_options first = run_options(early), options = run_options(now);
    const char *expected = NULL;
    bool lost = true;
    for (int statement = 0; lost; statement++) {
        pg_sql(t, "DROP TABLE IF EXISTS events; DROP SCHEMA IF EXISTS partrun CASCADE");
        pg_sql(t, "CREATE TABLE events (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at)");
        prt_spec *spec = dropping(t);
        run_apply(t, spec, &first);
        assassin a = {.t = t, .left = statement};
        prt_conn_options mine = {.trace = terminate, .trace_data = &a};
        prt_conn *conn = pg_connect(t, &mine);
        prt_result *result = NULL;
        prt_error err = {0};
        a.victim = statement == 0 ? NULL : conn;
        lost = !run_try(t, conn, spec, &options, &result, &err);
        if (lost)
            assert_int_equal(err.code, PRT_ERR_CONNECT);
        prt_conn_close(conn);
        run_settle(t, spec, &options);
        const char *actual = run_catalog(t, "'public'");
        if (statement == 0) {
            assert_false(lost);
            lost = true;
            expected = actual;
        }
        assert_string_equal(actual, expected);
    }
}

typedef struct waiter {
    const char *dsn;
    volatile sig_atomic_t *flag;
    const char *sql; /* NULL: raise the flag */
} waiter;

/* Waits until a DETACH waits for somebody, and does what it is told. */
static void *
act_on_waiting_detach(void *data)
{
    waiter *w = data;
    PGconn *conn = PQconnectdb(w->dsn);
    bool waiting = false;
    for (int i = 0; i < 500 && !waiting; i++) {
        PGresult *r = PQexec(
            conn, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'ALTER TABLE % DETACH PARTITION %' "
                  "AND wait_event_type = 'Lock' AND datname = current_database()");
        waiting = strcmp(PQgetvalue(r, 0, 0), "1") == 0;
        PQclear(r);
        usleep(10000);
    }
    if (w->sql == NULL)
        *w->flag = 1;
    else
        PQclear(PQexec(conn, w->sql));
    PQfinish(conn);
    return NULL;
}

static void
test_an_interrupted_detach_is_finalized_by_the_next_run(void **state)
{
    pg_test *t = *state;
    prt_spec *spec = make_old_events(t);
    volatile sig_atomic_t flag = 0;
    prt_conn_options mine = {.interrupt = &flag};
    prt_conn *conn = pg_connect(t, &mine);
    waiter w = {.dsn = t->dsn, .flag = &flag};
    pthread_t thread;
    pg_sql(t, "BEGIN; SELECT count(*) FROM events");
    assert_int_equal(pthread_create(&thread, NULL, act_on_waiting_detach, &w), 0);
    prt_run_options options = run_options(now);
    prt_result *result = NULL;
    prt_error err = {0};
    int64_t began = prt_clock_monotonic();
    assert_false(run_try(t, conn, spec, &options, &result, &err));
    pthread_join(thread, NULL);
    assert_int_equal(err.code, PRT_ERR_INTERRUPTED);
    assert_in_range((prt_clock_monotonic() - began) / 1000, 0, 8000);
    assert_int_equal(result->done + result->failed + result->skipped, prt_plan_operations(result->plan));
    pg_sql(t, "COMMIT");
    assert_string_equal(pg_value(t, "SELECT status FROM partrun.run ORDER BY id DESC LIMIT 1"), "interrupted");
    assert_int_equal(run_advisory_locks(t), 0);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM pg_inherits WHERE inhdetachpending"), 1);
    prt_conn_close(conn);
    run_settle(t, spec, &options);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM pg_inherits WHERE inhdetachpending"), 0);
    assert_null(pg_value(t, "SELECT to_regclass('events_p20250101')"));
    assert_null(pg_value(t, "SELECT to_regclass('events_p20250102')"));
}

static void
test_a_cancelled_detach_fails_alone_and_is_reported(void **state)
{
    pg_test *t = *state;
    prt_spec *spec = make_old_events(t);
    make(t, "others");
    waiter w = {.dsn = t->dsn,
                .sql = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'ALTER TABLE % DETACH "
                       "PARTITION %' AND pid <> pg_backend_pid() AND datname = current_database()"};
    pthread_t thread;
    pg_sql(t, "BEGIN; SELECT count(*) FROM events");
    assert_int_equal(pthread_create(&thread, NULL, act_on_waiting_detach, &w), 0);
    prt_run_options options = run_options(now);
    prt_result *result = apply_two(t, spec, run_spec(t, "public.others", "1 day"), &options);
    pthread_join(thread, NULL);
    pg_sql(t, "COMMIT");
    assert_int_equal(result->failed, 1);
    assert_int_equal(result->skipped, 1);
    const prt_outcome *failed = run_outcome(result, PRT_STATUS_FAILED);
    assert_non_null(strstr(failed->error.message, "left pending"));
    assert_non_null(strstr(failed->error.hint, "finalizes"));
    assert_string_equal(failed->error.sqlstate, "57014");
    run_settle(t, spec, &options);
    assert_null(pg_value(t, "SELECT to_regclass('events_p20250101')"));
}

static void
test_an_interrupt_before_the_start_changes_nothing(void **state)
{
    pg_test *t = *state;
    make(t, "events");
    volatile sig_atomic_t flag = 0;
    prt_conn_options mine = {.interrupt = &flag};
    prt_conn *conn = pg_connect(t, &mine);
    prt_run_options options = run_options(now);
    prt_result *result = NULL;
    prt_error err = {0};
    flag = 1;
    assert_false(run_try(t, conn, run_spec(t, "public.events", "1 day"), &options, &result, &err));
    assert_int_equal(err.code, PRT_ERR_INTERRUPTED);
    prt_conn_close(conn);
    assert_int_equal(run_count(t, "events"), 0);
}

typedef struct breaker {
    const char *word;
    volatile sig_atomic_t flag;
} breaker;

static void
interrupt_at(void *data, const char *sql)
{
    breaker *b = data;
    if (strstr(sql, b->word) != NULL)
        b->flag = 1;
}

/* While a guard stands, the default partition refuses rows. */
static void
assert_interrupt_leaves_no_guard(pg_test *t, const char *word)
{
    breaker b = {.word = word};
    prt_conn_options mine = {.interrupt = &b.flag, .trace = interrupt_at, .trace_data = &b};
    prt_conn *conn = pg_connect(t, &mine);
    prt_run_options options = run_options(now);
    prt_result *result = NULL;
    prt_error err = {0};
    assert_false(run_try(t, conn, run_spec(t, "public.events", "1 day"), &options, &result, &err));
    assert_int_equal(err.code, PRT_ERR_INTERRUPTED);
    prt_conn_close(conn);
    assert_int_equal(b.flag, 1);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM pg_constraint WHERE conname = 'partrun_guard'"), 0);
    pg_sql(t, "INSERT INTO events VALUES (1, '2030-01-01')");
}

static void
test_an_interrupt_leaves_no_guard(void **state)
{
    pg_test *t = *state;
    make(t, "events");
    pg_sql(t, "CREATE TABLE events_rest PARTITION OF events DEFAULT;"
              "INSERT INTO events SELECT n, '1999-01-01' FROM generate_series(1, 300000) n");
    assert_interrupt_leaves_no_guard(t, "NOT VALID");
    assert_interrupt_leaves_no_guard(t, "VALIDATE CONSTRAINT");
    assert_interrupt_leaves_no_guard(t, "CREATE TABLE \"public\".\"events_p20250110");
    prt_run_options options = run_options(now);
    run_settle(t, run_spec(t, "public.events", "1 day"), &options);
    assert_int_equal(run_count(t, "events"), 6);
}

static void
test_an_interrupt_leaves_no_marker_on_what_stays(void **state)
{
    pg_test *t = *state;
    prt_spec *spec = make_old_events(t);
    spec->premake = 0;
    pg_sql(t, "COMMENT ON TABLE events_p20250102 IS 'mine'");
    breaker b = {.word = "DETACH PARTITION \"public\".\"events_p20250101\""};
    prt_conn_options mine = {.interrupt = &b.flag, .trace = interrupt_at, .trace_data = &b};
    prt_conn *conn = pg_connect(t, &mine);
    prt_result *result = NULL;
    prt_error err = {0};
    prt_run_options options = run_options(now);
    pg_sql(t, "BEGIN; SELECT count(*) FROM events"); /* the detach waits for it */
    assert_false(run_try(t, conn, spec, &options, &result, &err));
    pg_sql(t, "COMMIT");
    assert_int_equal(b.flag, 1);
    if (err.code != PRT_ERR_INTERRUPTED)
        fail_msg("%s: %s", prt_code_name(err.code), err.message);
    prt_conn_close(conn);
    assert_string_equal(pg_value(t, "SELECT obj_description('events_p20250102'::regclass)"), "mine");
    run_settle(t, spec, &options);
    assert_int_equal(
        pg_number(t, "SELECT count(*) FROM pg_class WHERE relname IN ('events_p20250101', 'events_p20250102')"), 0);
}

/* ---- rights, refusals ---- */

static void
test_a_read_only_user_changes_nothing(void **state)
{
    pg_test *t = *state;
    prt_spec *spec = make_old_events(t);
    pg_sql(
        t,
        "DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader");
    const char *before = run_catalog(t, "'public'");
    prt_conn_options mine = {.dsn = prt_arena_printf(t->arena, "dbname=%s user=reader", t->database)};
    prt_conn *conn = pg_connect(t, &mine);
    prt_run_options options = run_options(now);
    options.no_journal = true;
    prt_result *result = NULL;
    prt_error err = {0};
    assert_ok(run_try(t, conn, spec, &options, &result, &err), &err);
    assert_int_equal(result->done, 0);
    assert_int_equal(result->failed, prt_plan_operations(result->plan));
    assert_string_equal(run_outcome(result, PRT_STATUS_FAILED)->error.sqlstate, "42501");
    assert_string_equal(run_catalog(t, "'public'"), before);
    prt_conn_close(conn);
    pg_sql(t, "DROP OWNED BY reader; DROP ROLE reader");
}

static void
test_one_refused_creation_fails_alone(void **state)
{
    pg_test *t = *state;
    make(t, "events");
    make(t, "others");
    /* Nobody may call a table of this day by its name. */
    pg_sql(
        t,
        "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT FROM pg_class "
        "WHERE relname = 'events_p20250112') THEN RAISE 'not on a Sunday'; END IF; END $$; "
        "CREATE EVENT TRIGGER refuse ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION refuse()");
    prt_run_options options = run_options(now);
    prt_result *result = apply_two(t, run_spec(t, "public.events", "1 day"), run_spec(t, "public.others", "1 day"),
                                   &options);
    pg_sql(t, "DROP EVENT TRIGGER refuse");
    run_expect(result, 9, 1, 0);
    assert_non_null(strstr(run_outcome(result, PRT_STATUS_FAILED)->error.message, "not on a Sunday"));
    assert_int_equal(run_count(t, "events"), 4);
    assert_int_equal(run_count(t, "others"), 5);
}

static void
test_a_referenced_partition_stays_and_the_others_go(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE events (id bigint, at timestamptz NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)");
    prt_spec *spec = dropping(t);
    prt_run_options first = run_options(early), options = run_options(now);
    run_apply(t, spec, &first);
    pg_sql(t, "CREATE TABLE refs (id bigint, at timestamptz, FOREIGN KEY (id, at) REFERENCES events); "
              "INSERT INTO events VALUES (1, '2025-01-01 10:00Z'); INSERT INTO refs TABLE events; "
              "COMMENT ON TABLE events_p20250101 IS 'keep me'");
    prt_result *result = run_apply(t, spec, &options);
    assert_int_equal(result->failed, 1);
    assert_true(run_has_finding(result->plan, PRT_FINDING_REFERENCED));
    assert_string_equal(run_outcome(result, PRT_STATUS_FAILED)->error.sqlstate, "23503");
    assert_int_equal(pg_number(t, "SELECT count(*) FROM events"), 1);
    assert_null(pg_value(t, "SELECT to_regclass('events_p20250102')"));
    assert_string_equal(pg_value(t, "SELECT obj_description('events_p20250101'::regclass)"), "keep me");
    pg_sql(t, "DELETE FROM refs");
    run_settle(t, spec, &options);
    assert_null(pg_value(t, "SELECT to_regclass('events_p20250101')"));
}

/* ---- action hooks ---- */

typedef struct witness {
    pg_test *t;
    int calls[PRT_HOOK_COUNT];
    prt_hook refuse; /* PRT_HOOK_COUNT: none */
    const char *partition;
    const char *sql; /* run instead of refusing */
    bool seen;       /* the partition was in the catalog when on_create was called */
    char cause[200];
} witness;

static bool
act(void *data, prt_hook hook, const prt_hook_context *context, const prt_hook_partition *partition,
    const prt_error *cause, prt_error *err)
{
    witness *w = data;
    w->calls[hook]++;
    assert_string_equal(context->table, "events");
    if (hook == PRT_HOOK_CREATE)
        w->seen = pg_number(w->t, "SELECT relispartition::int FROM pg_class WHERE relname = '%s'", partition->name) ==
                  1;
    if (hook == PRT_HOOK_ERROR)
        snprintf(w->cause, sizeof w->cause, "%.199s", cause->message);
    if (hook != w->refuse || (w->partition != NULL && strcmp(w->partition, partition->name) != 0))
        return true;
    if (w->sql == NULL)
        return prt_fail(err, PRT_ERR_LUA, "not this one");
    pg_sql(w->t, "%s", w->sql);
    return true;
}

static void
watch(prt_spec *spec, witness *w)
{
    spec->hooks.data = w;
    spec->hooks.action = act;
    spec->hooks.actions = (1u << PRT_HOOK_COUNT) - 1;
}

static void
test_hooks_are_called(void **state)
{
    pg_test *t = *state;
    prt_spec *spec = make_old_events(t);
    witness w = {.t = t, .refuse = PRT_HOOK_COUNT};
    watch(spec, &w);
    prt_run_options options = run_options(now);
    prt_result *result = run_apply(t, spec, &options);
    assert_int_equal(result->failed, 0);
    assert_int_equal(w.calls[PRT_HOOK_CREATE], result->done - 2);
    assert_true(w.seen);
    assert_int_equal(w.calls[PRT_HOOK_BEFORE_DETACH], 2);
    assert_int_equal(w.calls[PRT_HOOK_BEFORE_DROP], 2);
    assert_int_equal(w.calls[PRT_HOOK_AFTER_DROP], 2);
    assert_int_equal(w.calls[PRT_HOOK_ERROR], 0);
}

static void
test_before_detach_keeps_the_partition(void **state)
{
    pg_test *t = *state;
    prt_spec *spec = make_old_events(t);
    witness w = {.t = t, .refuse = PRT_HOOK_BEFORE_DETACH, .partition = "events_p20250101"};
    watch(spec, &w);
    prt_run_options options = run_options(now);
    prt_result *result = run_apply(t, spec, &options);
    assert_int_equal(result->failed, 1);
    assert_string_equal(run_outcome(result, PRT_STATUS_FAILED)->error.message, "not this one");
    assert_string_equal(w.cause, "not this one");
    assert_int_equal(pg_number(t, "SELECT relispartition::int FROM pg_class WHERE relname = 'events_p20250101'"), 1);
    assert_null(pg_value(t, "SELECT obj_description('events_p20250101'::regclass)"));
    assert_null(pg_value(t, "SELECT to_regclass('events_p20250102')"));
}

static void
test_before_drop_keeps_the_table(void **state)
{
    pg_test *t = *state;
    prt_spec *spec = make_old_events(t);
    witness w = {.t = t, .refuse = PRT_HOOK_BEFORE_DROP, .partition = "events_p20250101"};
    watch(spec, &w);
    prt_run_options options = run_options(now);
    assert_int_equal(run_apply(t, spec, &options)->failed, 1);
    assert_non_null(pg_value(t, "SELECT to_regclass('events_p20250101')"));
    assert_null(pg_value(t, "SELECT to_regclass('events_p20250102')"));
    w.refuse = PRT_HOOK_COUNT;
    run_settle(t, spec, &options);
    assert_null(pg_value(t, "SELECT to_regclass('events_p20250101')"));
}

static void
test_on_create_that_raises_is_a_failure_of_a_made_partition(void **state)
{
    pg_test *t = *state;
    make(t, "events");
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    witness w = {.t = t, .refuse = PRT_HOOK_CREATE, .partition = "events_p20250112"};
    watch(spec, &w);
    prt_run_options options = run_options(now);
    run_expect(run_apply(t, spec, &options), 4, 1, 0);
    assert_int_equal(run_count(t, "events"), 5);
    assert_int_equal(w.calls[PRT_HOOK_ERROR], 1);
}

/* Between plan and drop the names are swapped: what is called events_p20250101 by then must live. */
static void
test_a_swapped_name_is_not_dropped(void **state)
{
    pg_test *t = *state;
    prt_spec *spec = make_old_events(t);
    pg_sql(t, "CREATE TABLE precious (i int)");
    witness w = {
        .t = t,
        .refuse = PRT_HOOK_BEFORE_DROP,
        .partition = "events_p20250101",
        .sql = "ALTER TABLE events_p20250101 RENAME TO aside; ALTER TABLE precious RENAME TO events_p20250101"};
    watch(spec, &w);
    prt_run_options options = run_options(now);
    prt_result *result = run_apply(t, spec, &options);
    assert_int_equal(result->failed, 1);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM pg_attribute WHERE attrelid = 'events_p20250101'::regclass AND "
                                  "attname = 'i'"),
                     1);
    assert_non_null(pg_value(t, "SELECT to_regclass('aside')"));
}

static void
test_a_reattached_table_is_not_dropped(void **state)
{
    pg_test *t = *state;
    prt_spec *spec = make_old_events(t);
    witness w = {.t = t,
                 .refuse = PRT_HOOK_BEFORE_DROP,
                 .partition = "events_p20250101",
                 .sql = "ALTER TABLE events ATTACH PARTITION events_p20250101 FOR VALUES FROM ('2025-01-01Z') TO "
                        "('2025-01-02Z')"};
    watch(spec, &w);
    prt_run_options options = run_options(now);
    assert_int_equal(run_apply(t, spec, &options)->failed, 1);
    assert_int_equal(pg_number(t, "SELECT relispartition::int FROM pg_class WHERE relname = 'events_p20250101'"), 1);
}

/* ---- keys that make draining hard ---- */

static void
test_rows_without_a_later_key_stay_in_the_default(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE events (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at, id);"
              "CREATE TABLE events_rest PARTITION OF events DEFAULT;"
              "INSERT INTO events VALUES (1, '2025-01-12 01:00+00'), (NULL, '2025-01-12 01:00+00')");
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    spec->default_partition = PRT_DEFAULT_DRAIN;
    prt_run_options options = run_options(now);
    run_settle(t, spec, &options);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM events_p20250112"), 1);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM events_rest WHERE id IS NULL"), 1);
}

static void
test_a_key_with_an_expression_is_not_drained(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE events (id text, at timestamptz NOT NULL) PARTITION BY RANGE (at, lower(id));"
              "CREATE TABLE events_old PARTITION OF events"
              " FOR VALUES FROM ('2025-01-10 00:00+00', 'a') TO ('2025-01-12 00:00+00', 'm');"
              "CREATE TABLE events_rest PARTITION OF events DEFAULT;"
              "INSERT INTO events VALUES ('Z', '2025-01-12 00:00+00')");
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    spec->default_partition = PRT_DEFAULT_DRAIN;
    prt_run_options options = run_options(now);
    prt_result *result = run_apply(t, spec, &options);
    assert_true(result->failed == 0 && run_has_finding(result->plan, PRT_FINDING_DEFAULT_BLOCKS));
    assert_int_equal(pg_number(t, "SELECT count(*) FROM events_rest"), 1);
}

/* ---- draining under load ---- */

typedef struct writer {
    const char *dsn;
    volatile bool stop;
    long written, refused;
} writer;

static void *
write_rows(void *data)
{
    writer *w = data;
    PGconn *conn = PQconnectdb(w->dsn);
    while (!w->stop) {
        PGresult *r = PQexec(conn, "INSERT INTO events VALUES (1, '2025-01-11 05:00Z')");
        if (PQresultStatus(r) == PGRES_COMMAND_OK)
            w->written++;
        else
            w->refused++; /* PostgreSQL: routed to the default, which no longer takes the row when its lock is granted */
        PQclear(r);
    }
    PQfinish(conn);
    return NULL;
}

static void
test_draining_under_load_loses_nothing(void **state)
{
    pg_test *t = *state;
    make(t, "events");
    pg_sql(t,
           "CREATE TABLE events_default PARTITION OF events DEFAULT; INSERT INTO events SELECT i, '2025-01-10 05:00Z'::"
           "timestamptz + i * interval '1 s' FROM generate_series(1, 150000) i");
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    spec->default_partition = PRT_DEFAULT_DRAIN;
    writer w = {.dsn = t->dsn};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_rows, &w), 0);
    usleep(100 * 1000);
    prt_run_options options = run_options(now);
    prt_result *result = run_apply(t, spec, &options);
    usleep(100 * 1000);
    w.stop = true;
    pthread_join(thread, NULL);
    run_expect(result, 5, 0, 0);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM events"), 150000 + w.written);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM ONLY events_default"), 0);
    assert_true(w.written > 10);
    assert_true(w.refused <= 1);
}

int
main(void)
{
#define PG_TEST(f) cmocka_unit_test_setup_teardown(f, pg_test_setup, pg_test_teardown)
    const struct CMUnitTest tests[] = {
        PG_TEST(test_a_blocked_table_costs_a_bounded_wait),
        PG_TEST(test_a_lock_that_goes_away_is_waited_for),
        PG_TEST(test_ids_that_cannot_be_read_stop_their_own_set_only),
        PG_TEST(test_a_locked_default_does_not_keep_others_from_draining),
        PG_TEST(test_applies_at_once_share_the_work_and_the_result),
        PG_TEST(test_a_killed_backend_at_any_statement),
        PG_TEST(test_an_interrupted_detach_is_finalized_by_the_next_run),
        PG_TEST(test_a_cancelled_detach_fails_alone_and_is_reported),
        PG_TEST(test_an_interrupt_before_the_start_changes_nothing),
        PG_TEST(test_an_interrupt_leaves_no_guard),
        PG_TEST(test_an_interrupt_leaves_no_marker_on_what_stays),
        PG_TEST(test_a_read_only_user_changes_nothing),
        PG_TEST(test_one_refused_creation_fails_alone),
        PG_TEST(test_a_referenced_partition_stays_and_the_others_go),
        PG_TEST(test_hooks_are_called),
        PG_TEST(test_before_detach_keeps_the_partition),
        PG_TEST(test_before_drop_keeps_the_table),
        PG_TEST(test_on_create_that_raises_is_a_failure_of_a_made_partition),
        PG_TEST(test_a_swapped_name_is_not_dropped),
        PG_TEST(test_a_reattached_table_is_not_dropped),
        PG_TEST(test_rows_without_a_later_key_stay_in_the_default),
        PG_TEST(test_a_key_with_an_expression_is_not_drained),
        PG_TEST(test_draining_under_load_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
