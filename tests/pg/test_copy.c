/* COPY as a stream: both ways, rows of any kind, and every way to end early with a session that is still of use. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "pg/copy.h"
#include "support/pg_support.h"

typedef struct sink {
    prt_buf text;
    int64_t calls, stop_at; /* stop_at 0: never */
    volatile sig_atomic_t *interrupt;
    pg_test *kill; /* kills the backend of `conn` */
    size_t bytes;
    bool keep;
} sink;

static bool
take(void *data, const char *bytes, size_t length, prt_error *err)
{
    sink *s = data;
    s->bytes += length;
    if (s->keep)
        prt_buf_mem(&s->text, bytes, length);
    if (++s->calls != s->stop_at)
        return true;
    if (s->interrupt != NULL) {
        *s->interrupt = 1;
        return true;
    }
    if (s->kill != NULL) {
        pg_sql(s->kill, "SELECT pg_terminate_backend(%d)", PQbackendPID(prt_conn_raw(s->kill->conn)));
        return true;
    }
    prt_fail(err, PRT_ERR_IO, "the disk is full");
    return prt_fail_hint(err, "free some space");
}

typedef struct source {
    const char *const *parts;
    const char *endless; /* given for ever */
    size_t at, fail_at;
    volatile sig_atomic_t *interrupt;
    pg_test *kill;
} source;

static bool
give(void *data, const char **bytes, size_t *length, prt_error *err)
{
    source *s = data;
    size_t at = s->at++;
    if (s->fail_at != 0 && at == s->fail_at) {
        if (s->interrupt != NULL)
            *s->interrupt = 1;
        else if (s->kill != NULL)
            pg_sql(s->kill, "SELECT pg_terminate_backend(%d)", PQbackendPID(prt_conn_raw(s->kill->conn)));
        else
            return prt_fail(err, PRT_ERR_VALUE, "the data is damaged");
    }
    *bytes = s->endless != NULL ? s->endless : s->parts[at];
    *length = *bytes == NULL ? 0 : strlen(*bytes);
    return true;
}

static void
assert_usable(prt_conn *conn)
{
    prt_error err = {0};
    assert_int_equal(PQtransactionStatus(prt_conn_raw(conn)), PQTRANS_IDLE);
    assert_ok(prt_exec(conn, "SELECT 1", &err), &err);
}

static void
goes_out_and_in(void **state)
{
    pg_test *t = *state;
    prt_error err = {0};
    int64_t rows;
    pg_sql(t, "CREATE TABLE t (a int, b text); CREATE TABLE u (LIKE t);"
              "INSERT INTO t SELECT i, nullif(repeat('x', i %% 300), '') FROM generate_series(1, 5000) AS i;"
              "INSERT INTO t VALUES (-1, E'a\\nb\\t\\\\\"''')");
    sink s = {.keep = true};
    prt_buf_init(&s.text, t->arena);
    assert_ok(prt_copy_out(t->conn, "COPY public.t TO STDOUT", take, &s, &rows, &err), &err);
    assert_int_equal(rows, 5001);
    assert_int_equal(s.calls, 5001);
    assert_int_equal(s.text.length, s.bytes);
    const char *const parts[] = {s.text.data, NULL};
    source from = {.parts = parts};
    assert_ok(prt_copy_in(t->conn, "COPY public.u FROM STDIN", give, &from, &rows, &err), &err);
    assert_int_equal(rows, 5001);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM (TABLE t EXCEPT ALL TABLE u) AS d"), 0);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM u"), 5001);
    pg_sql(t, "TRUNCATE t");
    s.bytes = 0;
    assert_ok(prt_copy_out(t->conn, "COPY public.t TO STDOUT", take, &s, &rows, &err), &err);
    assert_int_equal(rows, 0);
    assert_int_equal(s.bytes, 0);
    const char *const nothing[] = {NULL};
    from = (source) {.parts = nothing};
    assert_ok(prt_copy_in(t->conn, "COPY public.u FROM STDIN", give, &from, &rows, &err), &err);
    assert_int_equal(rows, 0);
    assert_usable(t->conn);
}

static void
takes_large_rows(void **state)
{
    pg_test *t = *state;
    prt_error err = {0};
    int64_t rows;
    sink s = {0};
    assert_ok(prt_copy_out(t->conn, "COPY (SELECT repeat('x', 30000000) FROM generate_series(1, 3)) TO STDOUT", take,
                           &s, &rows, &err),
              &err);
    assert_int_equal(rows, 3);
    assert_int_equal(s.bytes, 90000003);
}

#define MANY "COPY (SELECT generate_series(1, 100000000), repeat('x', 100)) TO STDOUT"

static void
ends_when_the_taker_fails(void **state)
{
    pg_test *t = *state;
    for (int64_t at = 1; at <= 10000; at *= 100) {
        prt_error err = {0};
        int64_t rows;
        sink s = {.stop_at = at};
        assert_false(prt_copy_out(t->conn, MANY, take, &s, &rows, &err));
        assert_int_equal(err.code, PRT_ERR_IO);
        assert_string_equal(err.message, "the disk is full");
        assert_string_equal(err.hint, "free some space");
        assert_int_equal(s.calls, at);
        assert_usable(t->conn);
    }
}

static void
ends_when_interrupted(void **state)
{
    pg_test *t = *state;
    volatile sig_atomic_t interrupt = 0;
    const prt_conn_options options = {.dsn = t->dsn, .interrupt = &interrupt};
    prt_conn *conn = pg_connect(t, &options);
    prt_error err = {0};
    int64_t rows;
    pg_sql(t, "CREATE TABLE t (a text)");
    sink s = {.stop_at = 1000, .interrupt = &interrupt};
    assert_false(prt_copy_out(conn, MANY, take, &s, &rows, &err));
    assert_int_equal(err.code, PRT_ERR_INTERRUPTED);
    interrupt = 0;
    assert_usable(conn);
    source from = {.endless = "some row\n", .fail_at = 1000, .interrupt = &interrupt};
    err = (prt_error) {0};
    assert_false(prt_copy_in(conn, "COPY public.t FROM STDIN", give, &from, &rows, &err));
    assert_int_equal(err.code, PRT_ERR_INTERRUPTED);
    interrupt = 0;
    assert_usable(conn);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM t"), 0);
    prt_conn_close(conn);
}

static void
obeys_the_statement_timeout(void **state)
{
    pg_test *t = *state;
    prt_error err = {0};
    int64_t rows;
    sink s = {0};
    assert_ok(prt_conn_timeouts(t->conn, 300, 200, &err), &err);
    assert_false(prt_copy_out(t->conn, MANY, take, &s, &rows, &err));
    assert_string_equal(err.sqlstate, "57014");
    assert_usable(t->conn);
    assert_ok(prt_conn_timeouts(t->conn, 300, 0, &err), &err);
}

static void
says_what_the_server_said(void **state)
{
    pg_test *t = *state;
    static const char *const out[][2] = {
        {"COPY public.missing TO STDOUT", "42P01"},
        {"COPY (SELECT 1 / (i - 5000) FROM generate_series(1, 10000) AS i) TO STDOUT", "22012"},
        {"SELECT 1", ""},
        {"CREATE TEMP TABLE x ()", ""},
    };
    int64_t rows;
    for (size_t i = 0; i < sizeof out / sizeof *out; i++) {
        prt_error err = {0};
        sink s = {0};
        assert_false(prt_copy_out(t->conn, out[i][0], take, &s, &rows, &err));
        assert_string_equal(err.sqlstate, out[i][1]);
        assert_true(err.message[0] != '\0');
        assert_usable(t->conn);
    }
    pg_sql(t, "CREATE TABLE t (a int PRIMARY KEY)");
    static const char *const parts[] = {"1\n", "2\n", "x\n", "3\n", NULL}, *const twice[] = {"1\n", "1\n", NULL};
    source bad = {.parts = parts}, again = {.parts = twice}, wrong = {.parts = twice};
    prt_error err = {0};
    assert_false(prt_copy_in(t->conn, "COPY public.t FROM STDIN", give, &bad, &rows, &err));
    assert_string_equal(err.sqlstate, "22P02");
    assert_usable(t->conn);
    err = (prt_error) {0};
    assert_false(prt_copy_in(t->conn, "COPY public.t FROM STDIN", give, &again, &rows, &err));
    assert_string_equal(err.sqlstate, "23505");
    assert_usable(t->conn);
    err = (prt_error) {0};
    assert_false(prt_copy_in(t->conn, "COPY public.t TO STDOUT", give, &wrong, &rows, &err));
    assert_usable(t->conn);
    sink s = {0};
    err = (prt_error) {0};
    assert_false(prt_copy_out(t->conn, "COPY public.t FROM STDIN", take, &s, &rows, &err));
    assert_usable(t->conn);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM t"), 0);
}

static void
ends_when_the_giver_fails(void **state)
{
    pg_test *t = *state;
    int64_t rows;
    pg_sql(t, "CREATE TABLE t (a text)");
    for (size_t at = 1; at <= 10000; at *= 100) {
        prt_error err = {0};
        source from = {.endless = "some row\n", .fail_at = at};
        assert_false(prt_copy_in(t->conn, "COPY public.t FROM STDIN", give, &from, &rows, &err));
        assert_int_equal(err.code, PRT_ERR_VALUE);
        assert_string_equal(err.message, "the data is damaged");
        assert_usable(t->conn);
    }
    assert_int_equal(pg_number(t, "SELECT count(*) FROM t"), 0);
}

static void
notices_a_lost_backend(void **state)
{
    pg_test *t = *state;
    prt_error err = {0};
    int64_t rows;
    pg_sql(t, "CREATE TABLE t (a text)");
    sink s = {.stop_at = 1000, .kill = t};
    assert_false(prt_copy_out(t->conn, MANY, take, &s, &rows, &err));
    assert_int_equal(err.code, PRT_ERR_CONNECT);
    prt_conn_close(t->conn);
    t->conn = pg_connect(t, NULL);
    source from = {.endless = "some row\n", .fail_at = 1000, .kill = t};
    err = (prt_error) {0};
    assert_false(prt_copy_in(t->conn, "COPY public.t FROM STDIN", give, &from, &rows, &err));
    assert_int_equal(err.code, PRT_ERR_CONNECT);
    err = (prt_error) {0};
    assert_false(prt_copy_out(t->conn, MANY, take, &s, &rows, &err));
    assert_int_equal(err.code, PRT_ERR_CONNECT);
}

/* A trigger that waits for a lock: the server does not read, and the socket fills up. */
static void
is_interrupted_while_the_server_does_not_read(void **state)
{
    pg_test *t = *state;
    volatile sig_atomic_t interrupt = 0;
    const prt_conn_options options = {.dsn = t->dsn, .interrupt = &interrupt};
    prt_conn *conn = pg_connect(t, &options);
    prt_error err = {0};
    int64_t rows;
    pg_sql(t, "CREATE TABLE t (a text); CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS "
              "'BEGIN PERFORM pg_sleep(100); RETURN new; END';"
              "CREATE TRIGGER waits BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION waits()");
    const char *row = prt_arena_printf(t->arena, "%0100000d\n", 1);
    source from = {.endless = row, .fail_at = 10, .interrupt = &interrupt};
    assert_false(prt_copy_in(conn, "COPY public.t FROM STDIN", give, &from, &rows, &err));
    assert_int_equal(err.code, PRT_ERR_INTERRUPTED);
    interrupt = 0;
    assert_usable(conn);
    prt_conn_close(conn);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, pg_test_setup, pg_test_teardown)
    const struct CMUnitTest tests[] = {
        TEST(goes_out_and_in),
        TEST(takes_large_rows),
        TEST(ends_when_the_taker_fails),
        TEST(ends_when_interrupted),
        TEST(obeys_the_statement_timeout),
        TEST(says_what_the_server_said),
        TEST(ends_when_the_giver_fails),
        TEST(notices_a_lost_backend),
        TEST(is_interrupted_while_the_server_does_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
