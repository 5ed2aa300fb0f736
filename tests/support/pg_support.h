/* For tests on a real server (tests/support/with-server): a fresh database for each test, and quick SQL. */
#ifndef PRT_TESTS_PG_SUPPORT_H
#define PRT_TESTS_PG_SUPPORT_H

#include "pg/conn.h"
#include "support/support.h"

typedef struct pg_test {
    prt_arena *arena;
    char database[64];
    char dsn[128];  /* of that database; host, port and user come from the environment */
    PGconn *side;   /* a plain superuser session for arranging and looking, apart from `conn` */
    prt_conn *conn; /* partrun's own session */
} pg_test;

/* Setup and teardown of a test; *state is a pg_test. Without a server, the program ends with a message and status 1. */
int pg_test_setup(void **state);
int pg_test_teardown(void **state);

int pg_major(void); /* 14..18 */

/* Runs SQL (any number of statements) in the side session; a failure fails the test. */
void pg_sql(pg_test *t, const char *format, ...) PRT_PRINTF(2, 3);
/* The first column of the first row as text in the test's arena; NULL for SQL's NULL and for no row. */
const char *pg_value(pg_test *t, const char *format, ...) PRT_PRINTF(2, 3);
long pg_number(pg_test *t, const char *format, ...) PRT_PRINTF(2, 3);
/* One more session of partrun in the test's database, with these options (NULL: none). Close it yourself. */
prt_conn *pg_connect(pg_test *t, const prt_conn_options *options);

#endif
