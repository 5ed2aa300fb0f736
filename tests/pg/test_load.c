/* Partitions are made, detached and dropped while others write and read: they get no error and do not wait for long. */
#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/run_support.h"

typedef struct client {
    const char *dsn, *sql;
    volatile bool *stop;
    long calls, errors;
    int64_t longest; /* microseconds */
    char error[400];
} client;

static void *
call_again_and_again(void *data)
{
    client *c = data;
    PGconn *conn = PQconnectdb(c->dsn);
    while (!*c->stop) {
        int64_t began = prt_clock_monotonic();
        PGresult *r = PQexec(conn, c->sql);
        ExecStatusType status = PQresultStatus(r);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && c->errors++ == 0)
            strncpy(c->error, PQresultErrorMessage(r), sizeof c->error - 1);
        PQclear(r);
        int64_t took = prt_clock_monotonic() - began;
        c->longest = took > c->longest ? took : c->longest;
        c->calls++;
        usleep(1000);
    }
    PQfinish(conn);
    return NULL;
}

/* Generous against a busy machine; a lock that the writers had to queue behind would last for the whole run. */
enum { CLIENTS = 3, LONGEST_MS = 300 + 700 };

static void
run_under_load(pg_test *t, const prt_spec *spec, int jobs)
{
    volatile bool stop = false;
    client clients[CLIENTS] = {
        {.sql = "INSERT INTO events (at) VALUES ('2025-01-10 12:00Z')"},
        {.sql = "SELECT count(*) FROM events"},
        {.sql = "BEGIN; UPDATE events SET body = 'x' WHERE at = '2025-01-10 12:00Z' AND id = 1; SELECT max(at) FROM "
                "events "
                "WHERE at > '2025-01-09Z'; COMMIT"},
    };
    pthread_t threads[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i].dsn = t->dsn;
        clients[i].stop = &stop;
        assert_int_equal(pthread_create(&threads[i], NULL, call_again_and_again, &clients[i]), 0);
    }
    usleep(100 * 1000);
    prt_run_options options = run_options("2025-01-10 12:00:00Z");
    options.jobs = jobs;
    prt_result *result = run_apply(t, spec, &options);
    usleep(100 * 1000);
    stop = true;
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(result->failed + result->skipped, 0);
    assert_true(result->done > 100);
    for (int i = 0; i < CLIENTS; i++) {
        if (clients[i].errors > 0)
            fail_msg("%ld errors: %s", clients[i].errors, clients[i].error);
        assert_true(clients[i].calls > 20);
        assert_in_range(clients[i].longest / 1000, 0, LONGEST_MS);
    }
    assert_int_equal(pg_number(t, "SELECT count(*) FROM events WHERE at = '2025-01-10 12:00Z'"), clients[0].calls);
}

static prt_spec *
arrange(pg_test *t)
{
    pg_sql(
        t,
        "CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, body text, PRIMARY KEY "
        "(id, at)) PARTITION BY RANGE (at); CREATE INDEX ON events (body)");
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    spec->premake = 12;
    prt_run_options early = run_options("2025-01-01 12:00:00Z");
    run_apply(t, spec, &early);
    pg_sql(t, "INSERT INTO events (at) SELECT '2025-01-01Z'::timestamptz + i * interval '1 hour' FROM "
              "generate_series(0, 200) i");
    run_retention(spec, "3 days", PRT_CLEANUP_DROP);
    spec->premake = 120;
    return spec;
}

static void
test_one_session(void **state)
{
    run_under_load(*state, arrange(*state), 1);
}

static void
test_two_sessions(void **state)
{
    run_under_load(*state, arrange(*state), 2);
}

int
main(void)
{
#define PG_TEST(f) cmocka_unit_test_setup_teardown(f, pg_test_setup, pg_test_teardown)
    const struct CMUnitTest tests[] = {PG_TEST(test_one_session), PG_TEST(test_two_sessions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
