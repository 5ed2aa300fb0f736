#include "support/pg_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
require_server(void)
{
    if (getenv("PARTRUN_TEST_VERSION") != NULL && getenv("PGHOST") != NULL)
        return;
    fputs("this test needs a PostgreSQL server: run through tests/support/with-server\n", stderr);
    exit(1);
}

int
pg_major(void)
{
    const char *version = getenv("PARTRUN_TEST_VERSION");
    return version == NULL ? 0 : atoi(version);
}

static PGresult *
run(PGconn *side, const char *sql)
{
    PGresult *result = PQexec(side, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
        char message[512];
        snprintf(message, sizeof message, "%s", PQresultErrorMessage(result));
        PQclear(result);
        fail_msg("%s\n%s", message, sql);
    }
    return result;
}

static PGconn *
side_session(const char *database)
{
    const char *const names[] = {"dbname", "application_name", "options", NULL};
    const char *const values[] = {database, "partrun-test", "-c client_min_messages=warning", NULL};
    PGconn *side = PQconnectdbParams(names, values, 0);
    if (PQstatus(side) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(side));
    return side;
}

static void
in_main_database(const char *command, const char *database, const char *options)
{
    char sql[256];
    snprintf(sql, sizeof sql, "%s %s %s", command, database, options);
    PGconn *main_session = side_session(getenv("PGDATABASE"));
    PQclear(run(main_session, sql));
    PQfinish(main_session);
}

int
pg_test_setup(void **state)
{
    require_server();
    prt_arena *arena = prt_arena_new();
    pg_test *t = PRT_NEW(arena, pg_test);
    t->arena = arena;
    snprintf(t->database, sizeof t->database, "prt_%d_%llx", (int) getpid(),
             (unsigned long long) (uintptr_t) t & 0xffffff);
    snprintf(t->dsn, sizeof t->dsn, "dbname=%s", t->database);
    in_main_database("DROP DATABASE IF EXISTS", t->database, "(FORCE)");
    in_main_database("CREATE DATABASE", t->database, "");
    t->side = side_session(t->database);
    t->conn = pg_connect(t, NULL);
    *state = t;
    return 0;
}

int
pg_test_teardown(void **state)
{
    pg_test *t = *state;
    prt_conn_close(t->conn);
    PQfinish(t->side);
    in_main_database("DROP DATABASE IF EXISTS", t->database, "(FORCE)");
    prt_arena_free(t->arena);
    return 0;
}

static const char *format_sql(pg_test *t, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

static const char *
format_sql(pg_test *t, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    char *sql = prt_arena_alloc(t->arena, (size_t) length + 1);
    vsnprintf(sql, (size_t) length + 1, format, again);
    va_end(again);
    return sql;
}

void
pg_sql(pg_test *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    PQclear(run(t->side, format_sql(t, format, args)));
    va_end(args);
}

static const char *
first_value(pg_test *t, const char *sql)
{
    PGresult *result = run(t->side, sql);
    const char *value = NULL;
    if (PQntuples(result) > 0 && !PQgetisnull(result, 0, 0))
        value = prt_arena_strdup(t->arena, PQgetvalue(result, 0, 0));
    PQclear(result);
    return value;
}

const char *
pg_value(pg_test *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *value = first_value(t, format_sql(t, format, args));
    va_end(args);
    return value;
}

long
pg_number(pg_test *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *sql = format_sql(t, format, args);
    const char *value = first_value(t, sql);
    va_end(args);
    if (value == NULL)
        fail_msg("no value: %s", sql);
    return value == NULL ? 0 : atol(value);
}

prt_conn *
pg_connect(pg_test *t, const prt_conn_options *options)
{
    prt_conn_options mine = {0};
    if (options != NULL)
        mine = *options;
    if (mine.dsn == NULL)
        mine.dsn = t->dsn;
    prt_error err = {0};
    prt_conn *conn = NULL;
    assert_ok(prt_conn_open(&mine, &conn, &err), &err);
    return conn;
}
