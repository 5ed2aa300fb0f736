/*
 * One pinned session. Every query is sent, awaited with poll() under a deadline, cancelled when the deadline or an
 * interrupt passes, and drained. The session is set up on connect: TimeZone=UTC, DateStyle=ISO, IntervalStyle=postgres,
 * search_path=pg_catalog, row_security=off, client_encoding=UTF8, application_name=partrun, bounded timeouts, and what else
 * shows in texts (session.sql).
 *
 * A lost connection is an error (PRT_ERR_CONNECT), never a silent reconnect: locks would be gone.
 */
#ifndef PRT_PG_CONN_H
#define PRT_PG_CONN_H

#include <libpq-fe.h>
#include <signal.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/log.h"

typedef struct prt_conn prt_conn;

typedef struct prt_conn_options {
    const char *dsn;              /* NULL or "": libpq's PG* variables and service files */
    const char *application_name; /* NULL: "partrun" */
    int connect_timeout_s;        /* 0: 10 */
    volatile sig_atomic_t
        *interrupt;     /* non-zero: cancel the statement in hand, fail with PRT_ERR_INTERRUPTED; may be NULL */
    const prt_log *log; /* statements at debug level */
    /* Called just before each statement is sent (tests kill the process here; --log-level debug prints). */
    void (*trace)(void *data, const char *sql);
    void *trace_data;
} prt_conn_options;

/* What does not change while the session lasts. */
typedef struct prt_conn_facts {
    const char *system; /* what markers name: the system identifier; where the role may not read it (some managed
                            * services), "db:" with facts of the database's own catalog row, which a copy does not share */
    const char *database;
    uint32_t database_oid;
    const char *user;
    bool superuser;
    int lock_budget; /* relations that one transaction may lock without crowding out others */
} prt_conn_facts;

/* PRT_ERR_CONNECT (not reached, refused) or PRT_ERR_VERSION (before 14). Messages never hold a password. */
PRT_NODISCARD bool prt_conn_open(const prt_conn_options *options, prt_conn **out, prt_error *err);
void prt_conn_close(prt_conn *conn); /* NULL is fine */

const prt_conn_options *prt_conn_options_of(const prt_conn *conn);
int prt_conn_version(const prt_conn *conn); /* 150018 */
const prt_conn_facts *prt_conn_facts_of(const prt_conn *conn);
/* While on, an interrupt neither cancels nor refuses a statement: for cleaning up after one. Returns what it was before. */
bool prt_conn_shield(prt_conn *conn, bool on);
/* Round trips so far, the connection's own left out. */
unsigned prt_conn_round_trips(const prt_conn *conn);
/* "dbname=app host=/run/pg user=me": for messages and logs; no secrets. */
const char *prt_conn_describe(const prt_conn *conn);
PGconn *prt_conn_raw(const prt_conn *conn);
/* A pooler that hands the next statement to another backend (PgBouncer in transaction mode): detected on open. */
bool prt_conn_is_pooled(const prt_conn *conn);
/* 0 lifts the server's statement_timeout or lock_timeout. Sent only when it changes. */
PRT_NODISCARD bool prt_conn_timeouts(prt_conn *conn, int64_t lock_ms, int64_t statement_ms, prt_error *err);
/* The same without a round trip of its own: they go with the next statement. Not before COPY. */
void prt_conn_timeouts_soon(prt_conn *conn, int64_t lock_ms, int64_t statement_ms);
/* As they are now: to put them back. */
void prt_conn_timeouts_of(const prt_conn *conn, int64_t *lock_ms, int64_t *statement_ms);

/* The result of a query. Free with PQclear. Parameters are text and bound, NULL is SQL's NULL. */
PRT_NODISCARD bool prt_query(prt_conn *conn, const char *sql, int params, const char *const *values, PGresult **out,
                             prt_error *err);
/* The embedded file sql/NAME.sql, prepared once a session. A shape that differs from the file's `columns:` header is a
 * programming error (assert). */
PRT_NODISCARD bool prt_query_file(prt_conn *conn, const char *name, int params, const char *const *values,
                                  PGresult **out, prt_error *err);
PRT_NODISCARD bool prt_exec(prt_conn *conn, const char *sql, prt_error *err); /* no result wanted */

/*
 * Several statements in one round trip (pipeline mode), in one transaction of their own (BEGIN and COMMIT are added).
 * On failure everything is rolled back, and *failed is the index of the statement that failed (length: the COMMIT).
 */
PRT_NODISCARD bool prt_exec_transaction(prt_conn *conn, const char *const *sql, size_t length, size_t *failed,
                                        prt_error *err);

/*
 * The same without waiting, for several sessions at once: begin on each, then wait until one is done.
 * Between begin and finish, only these may be called on the connection.
 */
PRT_NODISCARD bool prt_conn_begin_transaction(prt_conn *conn, const char *const *sql, size_t length, prt_error *err);
/* Waits until one of the `n` busy connections is done; its index, or -1 on interrupt or deadline (milliseconds, 0: none). */
int prt_conn_wait_any(prt_conn **conns, size_t n, int64_t timeout_ms, prt_error *err);
PRT_NODISCARD bool prt_conn_finish_transaction(prt_conn *conn, size_t *failed, prt_error *err);

#endif
