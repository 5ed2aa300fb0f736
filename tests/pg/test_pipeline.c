/* Transactions in one round trip, on one session and on several at once. */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "pg/query.h"
#include "support/pg_support.h"

enum { STATEMENTS = 5 };
static const char *const inserts[STATEMENTS] = {
    "INSERT INTO public.t VALUES (1)", "INSERT INTO public.t VALUES (2)", "INSERT INTO public.t VALUES (3)",
    "INSERT INTO public.t VALUES (4)", "INSERT INTO public.t VALUES (5)",
};

static void
commits_in_one_round_trip(void **state)
{
    pg_test *t = *state;
    prt_error err = {0};
    size_t failed = 99;
    pg_sql(t, "CREATE TABLE t (a int)");
    unsigned before = prt_conn_round_trips(t->conn);
    assert_ok(prt_exec_transaction(t->conn, inserts, STATEMENTS, &failed, &err), &err);
    assert_int_equal(prt_conn_round_trips(t->conn) - before, 1);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM t"), STATEMENTS);
    assert_int_equal(pg_number(t, "SELECT count(DISTINCT xmin::text) FROM t"), 1);
    assert_ok(prt_exec_transaction(t->conn, NULL, 0, &failed, &err), &err);
}

static void
rolls_everything_back(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE t (a int CHECK (a <> 3))");
    for (int round = 0; round < 2; round++) {
        prt_error err = {0};
        size_t failed = 99;
        assert_false(prt_exec_transaction(t->conn, inserts, STATEMENTS, &failed, &err));
        assert_int_equal(failed, 2);
        assert_string_equal(err.sqlstate, "23514");
        assert_int_equal(pg_number(t, "SELECT count(*) FROM t"), 0);
        assert_int_equal(PQtransactionStatus(prt_conn_raw(t->conn)), PQTRANS_IDLE);
    }
    /* A syntax error is found when the statement is parsed. */
    prt_error err = {0};
    size_t failed = 99;
    const char *const broken[] = {"INSERT INTO public.t VALUES (1)", "SELEC"};
    assert_false(prt_exec_transaction(t->conn, broken, 2, &failed, &err));
    assert_int_equal(failed, 1);
    assert_string_equal(err.sqlstate, "42601");
    assert_int_equal(pg_number(t, "SELECT count(*) FROM t"), 0);
}

static void
tells_a_failing_commit(void **state)
{
    pg_test *t = *state;
    prt_error err = {0};
    size_t failed = 0;
    pg_sql(t, "CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    const char *const twice[] = {"INSERT INTO public.t VALUES (1)", "INSERT INTO public.t VALUES (1)"};
    assert_false(prt_exec_transaction(t->conn, twice, 2, &failed, &err));
    assert_int_equal(failed, 2);
    assert_string_equal(err.sqlstate, "23505");
    assert_int_equal(PQtransactionStatus(prt_conn_raw(t->conn)), PQTRANS_IDLE);
}

static void
sends_more_than_a_socket_holds(void **state)
{
    pg_test *t = *state;
    prt_error err = {0};
    enum { MANY = 2000, LONG = 4000 };
    const char **sql = prt_arena_array(t->arena, MANY, sizeof *sql);
    pg_sql(t, "CREATE TABLE t (a text)");
    for (int i = 0; i < MANY; i++)
        sql[i] = prt_arena_printf(t->arena, "INSERT INTO public.t VALUES (repeat('x', 1) || '%0*d') RETURNING *", LONG,
                                  i);
    assert_ok(prt_exec_transaction(t->conn, sql, MANY, NULL, &err), &err);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM t WHERE length(a) = %d", LONG + 1), MANY);
}

static void
respects_the_timeouts(void **state)
{
    pg_test *t = *state;
    prt_error err = {0};
    size_t failed = 0;
    const char *const slow[] = {"SELECT 1", "SELECT pg_catalog.pg_sleep(20)", "SELECT 2"};
    assert_ok(prt_conn_timeouts(t->conn, 100, 200, &err), &err);
    int64_t start = prt_clock_monotonic();
    assert_false(prt_exec_transaction(t->conn, slow, 3, &failed, &err));
    assert_true(prt_clock_monotonic() - start < 5 * 1000 * 1000);
    assert_int_equal(failed, 1);
    assert_string_equal(err.sqlstate, "57014");
}

static void
runs_sessions_side_by_side(void **state)
{
    pg_test *t = *state;
    enum { SESSIONS = 3 };
    prt_conn *conns[SESSIONS];
    prt_error err = {0};
    int done[SESSIONS] = {0};
    int64_t start = prt_clock_monotonic();
    pg_sql(t, "CREATE TABLE t (a int)");
    for (int i = 0; i < SESSIONS; i++) {
        conns[i] = pg_connect(t, NULL);
        /* The first begun is the last done. */
        const char *const sql[] = {prt_arena_printf(t->arena, "SELECT pg_catalog.pg_sleep(%g)", 0.9 - 0.3 * i),
                                   prt_arena_printf(t->arena, "INSERT INTO public.t VALUES (%d)", i)};
        assert_ok(prt_conn_begin_transaction(conns[i], sql, 2, &err), &err);
    }
    for (int n = 0; n < SESSIONS; n++) {
        int which = prt_conn_wait_any(conns, SESSIONS, 0, &err);
        assert_int_equal(which, SESSIONS - 1 - n);
        assert_ok(prt_conn_finish_transaction(conns[which], NULL, &err), &err);
        done[which]++;
    }
    assert_true(prt_clock_monotonic() - start < 1700 * 1000);
    assert_int_equal(prt_conn_wait_any(conns, SESSIONS, 0, &err), -1);
    for (int i = 0; i < SESSIONS; i++) {
        assert_int_equal(done[i], 1);
        prt_conn_close(conns[i]);
    }
    assert_int_equal(pg_number(t, "SELECT count(*) FROM t"), SESSIONS);
}

static void
gives_up_waiting(void **state)
{
    pg_test *t = *state;
    prt_error err = {0};
    size_t failed = 0;
    const char *const slow[] = {"SELECT pg_catalog.pg_sleep(1)"};
    assert_ok(prt_conn_begin_transaction(t->conn, slow, 1, &err), &err);
    assert_int_equal(prt_conn_wait_any(&t->conn, 1, 100, &err), -1);
    assert_int_equal(err.code, PRT_ERR_TIMEOUT);
    /* Finishing waits for what was begun. */
    err = (prt_error) {0};
    assert_ok(prt_conn_finish_transaction(t->conn, &failed, &err), &err);
}

static void
one_session_of_several_is_lost(void **state)
{
    pg_test *t = *state;
    prt_error err = {0};
    prt_conn *conns[2] = {t->conn, pg_connect(t, NULL)};
    const char *const slow[] = {"SELECT pg_catalog.pg_sleep(1)"};
    for (int i = 0; i < 2; i++)
        assert_ok(prt_conn_begin_transaction(conns[i], slow, 1, &err), &err);
    pg_sql(t, "SELECT pg_terminate_backend(%d)", PQbackendPID(prt_conn_raw(conns[1])));
    assert_int_equal(prt_conn_wait_any(conns, 2, 0, &err), 1);
    assert_false(prt_conn_finish_transaction(conns[1], NULL, &err));
    assert_int_equal(err.code, PRT_ERR_CONNECT);
    err = (prt_error) {0};
    assert_int_equal(prt_conn_wait_any(conns, 2, 0, &err), 0);
    assert_ok(prt_conn_finish_transaction(conns[0], NULL, &err), &err);
    prt_conn_close(conns[1]);
}

typedef struct seen {
    prt_arena *arena;
    const char *sql[16];
    size_t length;
} seen;

static void
remember(void *data, const char *sql)
{
    seen *s = data;
    if (s->length < 16)
        s->sql[s->length++] = prt_arena_strdup(s->arena, sql);
}

static void
traces_each_statement(void **state)
{
    pg_test *t = *state;
    seen s = {.arena = t->arena};
    prt_error err = {0};
    prt_conn_options options = {.trace = remember, .trace_data = &s};
    prt_conn *conn = pg_connect(t, &options);
    const char *const sql[] = {"SELECT 1", "SELECT 2"};
    s.length = 0;
    assert_ok(prt_exec_transaction(conn, sql, 2, NULL, &err), &err);
    assert_ok(prt_exec(conn, "SELECT 3", &err), &err);
    static const char *const wanted[] = {"BEGIN", "SELECT 1", "SELECT 2", "COMMIT", "SELECT 3"};
    assert_int_equal(s.length, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(s.sql[i], wanted[i]);
    prt_conn_close(conn);
}

static void
prepares_files_once(void **state)
{
    pg_test *t = *state;
    prt_error err = {0};
    PGresult *result = NULL;
    unsigned before = prt_conn_round_trips(t->conn);
    for (int i = 0; i < 3; i++) {
        assert_ok(prt_query_file(t->conn, "clock", 0, NULL, &result, &err), &err);
        assert_int_equal(PQntuples(result), 1);
        PQclear(result);
    }
    assert_int_equal(prt_conn_round_trips(t->conn) - before, 3);
    assert_ok(prt_query(t->conn, "SELECT count(*) FROM pg_catalog.pg_prepared_statements", 0, NULL, &result, &err),
              &err);
    assert_string_equal(PQgetvalue(result, 0, 0), "1");
    PQclear(result);
}

static void
frees_the_results_of_a_failed_pipeline(void **state)
{
    pg_test *t = *state;
    prt_error err = {0};
    const char *bad[] = {"{not an oid}"};
    prt_file_query queries[] = {{.file = "clock"}, {.file = "catalog_indexes", .params = 1, .values = bad}};
    assert_false(prt_query_files(t->conn, "BEGIN", queries, 2, "COMMIT", &err));
    assert_string_equal(err.sqlstate, "22P02");
    assert_null(queries[0].result);
    assert_null(queries[1].result);
    assert_int_equal(PQtransactionStatus(prt_conn_raw(t->conn)), PQTRANS_INERROR);
    err = (prt_error) {0};
    assert_ok(prt_exec(t->conn, "ROLLBACK", &err), &err);
    /* What was prepared before the failure stays so. */
    bad[0] = "{}";
    assert_ok(prt_query_files(t->conn, NULL, queries, 2, NULL, &err), &err);
    PQclear(queries[0].result);
    PQclear(queries[1].result);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(commits_in_one_round_trip, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(rolls_everything_back, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(tells_a_failing_commit, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(sends_more_than_a_socket_holds, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(respects_the_timeouts, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(runs_sessions_side_by_side, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(gives_up_waiting, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(one_session_of_several_is_lost, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(traces_each_statement, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(prepares_files_once, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(frees_the_results_of_a_failed_pipeline, pg_test_setup, pg_test_teardown),
    };
    return cmocka_run_group_tests_name("pg/pipeline", tests, NULL, NULL);
}
