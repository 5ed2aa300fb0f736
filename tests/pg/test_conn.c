/* The session: set-up, errors, deadlines, interrupts, versions, secrets, poolers. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/pg_support.h"

static const char *
one(prt_conn *conn, prt_arena *arena, const char *sql)
{
    PGresult *result = NULL;
    prt_error err = {0};
    assert_ok(prt_query(conn, sql, 0, NULL, &result, &err), &err);
    const char *value = prt_arena_strdup(arena, PQgetvalue(result, 0, 0));
    PQclear(result);
    return value;
}

static void
sets_the_session_up(void **state)
{
    pg_test *t = *state;
    static const char *const wanted[][2] = {
        {"TimeZone", "UTC"},         {"DateStyle", "ISO, YMD"},     {"IntervalStyle", "postgres"},
        {"extra_float_digits", "1"}, {"lc_monetary", "C"},          {"search_path", "pg_catalog"},
        {"row_security", "off"},     {"client_encoding", "UTF8"},   {"application_name", "partrun"},
        {"lock_timeout", "300ms"},   {"statement_timeout", "1min"},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        assert_string_equal(one(t->conn, t->arena, prt_arena_printf(t->arena, "SHOW %s", wanted[i][0])), wanted[i][1]);
    assert_int_equal(prt_conn_version(t->conn) / 10000, pg_major());
    assert_false(prt_conn_is_pooled(t->conn));
}

static void
survives_awkward_defaults(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "ALTER DATABASE %s SET TimeZone = 'America/New_York'", t->database);
    pg_sql(t, "ALTER DATABASE %s SET DateStyle = 'German'", t->database);
    pg_sql(t, "ALTER DATABASE %s SET quote_all_identifiers = on", t->database);
    pg_sql(t, "ALTER DATABASE %s SET standard_conforming_strings = off", t->database);
    pg_sql(t, "ALTER DATABASE %s SET search_path = evil, public", t->database);
    pg_sql(t, "CREATE SCHEMA evil; CREATE FUNCTION evil.pg_backend_pid() RETURNS int LANGUAGE sql AS 'SELECT 1'");
    prt_conn *conn = pg_connect(t, NULL);
    assert_string_equal(one(conn, t->arena, "SELECT timestamptz '2025-07-01 00:00+02'"), "2025-06-30 22:00:00+00");
    assert_string_equal(one(conn, t->arena, "SELECT 'a\\b'"), "a\\b");
    assert_false(prt_conn_is_pooled(conn));
    prt_conn_close(conn);
}

static void
knows_the_facts(void **state)
{
    pg_test *t = *state;
    const prt_conn_facts *facts = prt_conn_facts_of(t->conn);
    assert_string_equal(facts->system, pg_value(t, "SELECT system_identifier FROM pg_control_system()"));
    assert_string_equal(facts->database, t->database);
    assert_int_equal(facts->database_oid,
                     pg_number(t, "SELECT oid FROM pg_database WHERE datname = current_database()"));
    assert_string_equal(facts->user, "postgres");
    assert_true(facts->superuser);
    assert_int_equal(facts->lock_budget, 64 * 100 / 4);
    assert_non_null(strstr(prt_conn_describe(t->conn), t->database));
}

static void
does_without_the_system_identifier(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "DROP ROLE IF EXISTS prt_plain; CREATE ROLE prt_plain LOGIN;"
              "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
    prt_conn_options options = {.dsn = prt_arena_printf(t->arena, "%s user=prt_plain", t->dsn)};
    prt_conn *conn = pg_connect(t, &options), *again = pg_connect(t, &options);
    const char *system = prt_arena_strdup(t->arena, prt_conn_facts_of(conn)->system);
    assert_false(prt_conn_facts_of(conn)->superuser);
    assert_int_equal(strncmp(system, "db:", 3), 0);
    assert_string_equal(system, prt_conn_facts_of(again)->system);
    assert_string_equal(one(conn, t->arena, "SHOW TimeZone"), "UTC");
    prt_conn_close(conn);
    prt_conn_close(again);

    /* A copy of the database is another one. */
    prt_conn_close(t->conn);
    t->conn = NULL;
    PQfinish(t->side);
    t->side = PQconnectdb("dbname=postgres");
    pg_sql(t, "DROP DATABASE IF EXISTS %s_copy", t->database);
    pg_sql(t, "CREATE DATABASE %s_copy TEMPLATE %s", t->database, t->database);
    options.dsn = prt_arena_printf(t->arena, "dbname=%s_copy user=prt_plain", t->database);
    conn = pg_connect(t, &options);
    assert_string_not_equal(system, prt_conn_facts_of(conn)->system);
    prt_conn_close(conn);
    pg_sql(t, "DROP DATABASE %s_copy", t->database);
}

static void
fills_in_the_servers_error(void **state)
{
    pg_test *t = *state;
    prt_error err = {0};
    pg_sql(t, "CREATE TABLE t (a int CONSTRAINT positive CHECK (a > 0) UNIQUE)");
    assert_false(prt_exec(t->conn, "INSERT INTO public.t VALUES (-1)", &err));
    assert_int_equal(err.code, PRT_ERR_SQL);
    assert_string_equal(err.sqlstate, "23514");
    assert_string_equal(err.object, "public.t");
    assert_non_null(strstr(err.message, "positive"));
    assert_non_null(strstr(err.message, "Failing row"));
    assert_null(strchr(err.message, '\n'));

    PGresult *result = NULL;
    err = (prt_error) {0};
    assert_false(prt_query(t->conn, "SELECT pg_catalog.no_such(1)", 0, NULL, &result, &err));
    assert_null(result);
    assert_string_equal(err.sqlstate, "42883");
    assert_string_not_equal(err.hint, "");
    /* The session goes on. */
    assert_string_equal(one(t->conn, t->arena, "SELECT 7"), "7");
}

static void
binds_parameters(void **state)
{
    pg_test *t = *state;
    prt_error err = {0};
    PGresult *result = NULL;
    const char *const values[] = {"it's; DROP TABLE x --", NULL};
    assert_ok(prt_query(t->conn, "SELECT $1::text, $2::text IS NULL", 2, values, &result, &err), &err);
    assert_string_equal(PQgetvalue(result, 0, 0), values[0]);
    assert_string_equal(PQgetvalue(result, 0, 1), "t");
    PQclear(result);
}

static void
refuses_copy_and_goes_on(void **state)
{
    pg_test *t = *state;
    static const char *const copies[] = {"COPY (SELECT * FROM generate_series(1, 10000)) TO STDOUT",
                                         "COPY public.t FROM STDIN"};
    pg_sql(t, "CREATE TABLE t (a int)");
    for (size_t i = 0; i < 2; i++) {
        prt_error err = {0};
        PGresult *result = NULL;
        assert_false(prt_exec(t->conn, copies[i], &err));
        assert_non_null(strstr(err.message, "COPY"));
        err = (prt_error) {0};
        assert_false(prt_query(t->conn, copies[i], 0, NULL, &result, &err));
        assert_string_equal(one(t->conn, t->arena, "SELECT 1"), "1");
    }
}

static void
bounds_waits(void **state)
{
    pg_test *t = *state;
    prt_error err = {0};
    pg_sql(t, "CREATE TABLE t (a int)");
    pg_sql(t, "BEGIN; LOCK TABLE t");
    assert_ok(prt_conn_timeouts(t->conn, 50, 5000, &err), &err);
    assert_false(prt_exec(t->conn, "ALTER TABLE public.t ADD b int", &err));
    assert_string_equal(err.sqlstate, "55P03");
    pg_sql(t, "ROLLBACK");

    err = (prt_error) {0};
    assert_ok(prt_conn_timeouts(t->conn, 50, 100, &err), &err);
    assert_false(prt_exec(t->conn, "SELECT pg_catalog.pg_sleep(10)", &err));
    assert_string_equal(err.sqlstate, "57014");
    assert_int_equal(err.code, PRT_ERR_SQL);

    err = (prt_error) {0};
    unsigned before = prt_conn_round_trips(t->conn);
    assert_ok(prt_conn_timeouts(t->conn, 50, 100, &err), &err);
    assert_int_equal(prt_conn_round_trips(t->conn), before);
    assert_ok(prt_conn_timeouts(t->conn, 0, 0, &err), &err);
    assert_string_equal(one(t->conn, t->arena, "SHOW statement_timeout"), "0");
    assert_string_equal(one(t->conn, t->arena, "SHOW lock_timeout"), "0");
}

static volatile sig_atomic_t interrupted;

static void
on_alarm(int signal_number)
{
    (void) signal_number;
    interrupted = 1;
}

static void
cancels_on_interrupt(void **state)
{
    pg_test *t = *state;
    prt_conn_options options = {.interrupt = &interrupted};
    prt_conn *conn = pg_connect(t, &options);
    const char *const sleeps[] = {"SELECT pg_catalog.pg_sleep(30)"};
    signal(SIGALRM, on_alarm);
    for (int i = 0; i < 2; i++) {
        prt_error err = {0};
        interrupted = 0;
        alarm(1);
        int64_t start = prt_clock_monotonic();
        assert_false(i == 0 ? prt_exec(conn, sleeps[0], &err) : prt_exec_transaction(conn, sleeps, 1, NULL, &err));
        assert_int_equal(err.code, PRT_ERR_INTERRUPTED);
        assert_true(prt_clock_monotonic() - start < 5 * 1000 * 1000);
        /* Nothing more is sent, unless it cleans up. */
        err = (prt_error) {0};
        assert_false(prt_exec(conn, "SELECT 1", &err));
        assert_int_equal(err.code, PRT_ERR_INTERRUPTED);
        prt_conn_shield(conn, true);
        assert_string_equal(one(conn, t->arena, "SELECT 1"), "1");
        prt_conn_shield(conn, false);
    }
    interrupted = 0;
    assert_int_equal(PQtransactionStatus(prt_conn_raw(conn)), PQTRANS_IDLE);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%%pg_sleep(30)%%' "
                                  "AND state = 'active' AND pid <> pg_backend_pid()"),
                     0);
    prt_conn_close(conn);
}

static void
reports_a_lost_connection(void **state)
{
    pg_test *t = *state;
    prt_error err = {0};
    pg_sql(t, "SELECT pg_terminate_backend(%d)", PQbackendPID(prt_conn_raw(t->conn)));
    assert_false(prt_exec(t->conn, "SELECT 1", &err));
    assert_int_equal(err.code, PRT_ERR_CONNECT);
    err = (prt_error) {0};
    PGresult *result = NULL;
    assert_false(prt_query(t->conn, "SELECT 1", 0, NULL, &result, &err));
    assert_int_equal(err.code, PRT_ERR_CONNECT);

    prt_conn_close(t->conn);
    t->conn = pg_connect(t, NULL);
    const char *const dies[] = {"SELECT 1", "SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())",
                                "SELECT 2"};
    err = (prt_error) {0};
    assert_false(prt_exec_transaction(t->conn, dies, 3, NULL, &err));
    assert_int_equal(err.code, PRT_ERR_CONNECT);
    assert_string_not_equal(err.message, "");
}

static void
explains_why_it_cannot_connect(void **state)
{
    pg_test *t = *state;
    static const char *const dsns[] = {
        "host=/nonexistent dbname=x password=s3cret",
        "dbname=no_such_database password=s3cret",
        "postgresql://me:s3cret@localhost:nope/db",
        "host=localhost password='s3cret",
        "postgresql://me:s3cret@[::1/db",
        "dbname=x passwd=s3cret",
        "s3cret = = b c",
    };
    for (size_t i = 0; i < sizeof dsns / sizeof *dsns; i++) {
        prt_conn_options options = {.dsn = dsns[i]};
        prt_conn *conn = t->conn;
        prt_error err = {0};
        assert_false(prt_conn_open(&options, &conn, &err));
        assert_null(conn);
        bool unreadable = strstr(err.message, "cannot be read") != NULL;
        assert_int_equal(err.code, unreadable ? PRT_ERR_USAGE : PRT_ERR_CONNECT);
        assert_null(strstr(err.message, "s3cret"));
        assert_null(strstr(err.hint, "s3cret"));
        assert_string_not_equal(err.message, "");
        assert_string_not_equal(err.hint, "");
        assert_null(strchr(err.message, '\n'));
    }
}

static void
reads_service_files(void **state)
{
    pg_test *t = *state;
    char path[] = "/tmp/partrun-service-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    fprintf(file, "[mine]\ndbname=%s\napplication_name=\n", t->database);
    fclose(file);
    setenv("PGSERVICEFILE", path, 1);
    prt_conn_options options = {.dsn = "service=mine", .application_name = "partrun-worker"};
    prt_conn *conn = pg_connect(t, &options);
    assert_string_equal(prt_conn_facts_of(conn)->database, t->database);
    assert_string_equal(one(conn, t->arena, "SHOW application_name"), "partrun-worker");
    prt_conn_close(conn);
    unsetenv("PGSERVICEFILE");
    unlink(path);

    /* Without a DSN, libpq's variables speak. */
    setenv("PGDATABASE", t->database, 1);
    options = (prt_conn_options) {.dsn = ""};
    conn = pg_connect(t, &options);
    setenv("PGDATABASE", "postgres", 1);
    assert_string_equal(prt_conn_facts_of(conn)->database, t->database);
    prt_conn_close(conn);
}

typedef struct fake_server {
    int listener;
    const char *version; /* NULL: it accepts and never answers */
} fake_server;

/* Just enough of the protocol: authenticated, a version, ready. */
static void *
serve_fake(void *data)
{
    const fake_server *fake = data;
    char request[1024], answer[256];
    int session = accept(fake->listener, NULL, NULL);
    if (session >= 0 && recv(session, request, sizeof request, 0) > 0 && fake->version != NULL) {
        size_t n = 0, length = 4 + sizeof "server_version" + strlen(fake->version) + 1;
        memcpy(answer, "R\0\0\0\10\0\0\0\0S\0\0\0", 13);
        answer[13] = (char) length;
        n = 14;
        memcpy(answer + n, "server_version", 15);
        memcpy(answer + n + 15, fake->version, strlen(fake->version) + 1);
        n += length - 4;
        memcpy(answer + n, "Z\0\0\0\5I", 6);
        (void) !send(session, answer, n + 6, MSG_NOSIGNAL);
    }
    while (session >= 0 && recv(session, request, sizeof request, 0) > 0)
        continue;
    close(session);
    return NULL;
}

/* What prt_conn_open says about such a server. */
static prt_error
open_fake(const char *version, int timeout_s)
{
    char folder[] = "/tmp/partrun-fake-XXXXXX", dsn[128];
    assert_non_null(mkdtemp(folder));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", folder);
    fake_server fake = {.listener = socket(AF_UNIX, SOCK_STREAM, 0), .version = version};
    assert_int_equal(bind(fake.listener, (struct sockaddr *) &address, sizeof address), 0);
    assert_int_equal(listen(fake.listener, 1), 0);
    pthread_t thread;
    pthread_create(&thread, NULL, serve_fake, &fake);

    prt_error err = {0};
    prt_conn *conn = NULL;
    snprintf(dsn, sizeof dsn, "host=%s dbname=x user=x", folder);
    prt_conn_options options = {.dsn = dsn, .connect_timeout_s = timeout_s};
    assert_false(prt_conn_open(&options, &conn, &err));
    pthread_join(thread, NULL);
    close(fake.listener);
    unlink(address.sun_path);
    rmdir(folder);
    return err;
}

static void
refuses_old_servers(void **state)
{
    (void) state;
    prt_error err = open_fake("13.14", 0);
    assert_int_equal(err.code, PRT_ERR_VERSION);
    assert_non_null(strstr(err.message, "13.14"));
    assert_non_null(strstr(err.message, "14"));
    assert_string_not_equal(err.hint, "");
}

static void
gives_up_on_a_silent_server(void **state)
{
    (void) state;
    int64_t start = prt_clock_monotonic();
    prt_error err = open_fake(NULL, 1);
    assert_int_equal(err.code, PRT_ERR_CONNECT);
    assert_non_null(strstr(err.message, "no answer"));
    assert_true(prt_clock_monotonic() - start < 3 * 1000 * 1000);
}

static void
logs_no_secrets_but_notices(void **state)
{
    pg_test *t = *state;
    char *text = NULL;
    size_t size = 0;
    prt_log log = {.stream = open_memstream(&text, &size), .level = PRT_DEBUG};
    prt_conn_options options = {.dsn = prt_arena_printf(t->arena, "%s password=s3cret", t->dsn), .log = &log};
    prt_conn *conn = pg_connect(t, &options);
    prt_error err = {0};
    assert_ok(prt_exec(conn, "DO $$ BEGIN RAISE NOTICE 'look here'; END $$", &err), &err);
    assert_null(strstr(prt_conn_describe(conn), "s3cret"));
    prt_conn_close(conn);
    fclose(log.stream);
    assert_non_null(strstr(text, "look here"));
    assert_non_null(strstr(text, "RAISE NOTICE"));
    assert_null(strstr(text, "s3cret"));
    assert_non_null(strstr(text, "sql/session.sql (3 parameters)"));
    assert_null(strstr(text, "set_config"));
    free(text);
}

/* A PgBouncer in front of the test's server, in one of its modes. */
typedef struct bouncer {
    char folder[64];
    pid_t pid;
} bouncer;

static void
bouncer_start(bouncer *b, pg_test *t, const char *mode, int pool_size)
{
    char path[128];
    strcpy(b->folder, "/tmp/partrun-bouncer-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    chmod(b->folder, 0777);
    snprintf(path, sizeof path, "%s/b.ini", b->folder);
    FILE *file = fopen(path, "w");
    fprintf(file,
            "[databases]\n* = host=%s port=%s user=postgres\n[pgbouncer]\nunix_socket_dir = %s\nlisten_port = 6432\n"
            "auth_type = any\npool_mode = %s\ndefault_pool_size = %d\nlogfile = %s/b.log\n%s",
            getenv("PGHOST"), getenv("PGPORT"), b->folder, mode, pool_size, b->folder,
            geteuid() == 0 ? "user = nobody\n" : "");
    fclose(file);
    b->pid = fork();
    if (b->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* not left behind when a test fails */
        execl("/usr/sbin/pgbouncer", "pgbouncer", "-q", path, (char *) NULL);
        _exit(127);
    }
    snprintf(path, sizeof path, "%s/.s.PGSQL.6432", b->folder);
    for (int i = 0; i < 100 && access(path, F_OK) != 0; i++)
        usleep(50 * 1000);
    assert_int_equal(access(path, F_OK), 0);
    (void) t;
}

static void
bouncer_stop(bouncer *b)
{
    char command[128];
    kill(b->pid, SIGTERM);
    waitpid(b->pid, NULL, 0);
    snprintf(command, sizeof command, "rm -rf '%s'", b->folder);
    assert_int_equal(system(command), 0);
}

static void
notices_poolers(void **state)
{
    pg_test *t = *state;
    static const struct {
        const char *mode;
        int pool_size;
        bool pooled;
    } cases[] = {{"session", 5, false},
                 {"session", 1, false},
                 {"transaction", 5, true},
                 {"transaction", 1, true},
                 {"statement", 5, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bouncer b;
        bouncer_start(&b, t, cases[i].mode, cases[i].pool_size);
        prt_conn_options options = {
            .dsn = prt_arena_printf(t->arena, "%s host=%s port=6432 user=postgres", t->dsn, b.folder)};
        prt_conn *conn = pg_connect(t, &options);
        if (prt_conn_is_pooled(conn) != cases[i].pooled)
            fail_msg("%s %d", cases[i].mode, cases[i].pool_size);
        /* Reading works, with the session's settings, whichever backend serves it. */
        assert_string_equal(one(conn, t->arena, "SELECT pg_catalog.current_setting('search_path')"), "pg_catalog");
        assert_string_equal(one(conn, t->arena, "SELECT timestamptz '2025-07-01 00:00+02'"), "2025-06-30 22:00:00+00");
        prt_conn_close(conn);
        bouncer_stop(&b);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sets_the_session_up, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(survives_awkward_defaults, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(knows_the_facts, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(does_without_the_system_identifier, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(fills_in_the_servers_error, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(binds_parameters, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(refuses_copy_and_goes_on, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(bounds_waits, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(cancels_on_interrupt, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(reports_a_lost_connection, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(explains_why_it_cannot_connect, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(reads_service_files, pg_test_setup, pg_test_teardown),
        cmocka_unit_test(refuses_old_servers),
        cmocka_unit_test(gives_up_on_a_silent_server),
        cmocka_unit_test_setup_teardown(logs_no_secrets_but_notices, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(notices_poolers, pg_test_setup, pg_test_teardown),
    };
    return cmocka_run_group_tests_name("pg/conn", tests, NULL, NULL);
}
