/* What the parts of the connection share: conn.c, io.c, pipeline.c, query.c. Nobody else includes it. */
#ifndef PRT_PG_CONN_IMPL_H
#define PRT_PG_CONN_IMPL_H

#include "base/vec.h"
#include "pg/conn.h"

enum { PRT_SETTINGS_SIZE = 192 };

/* One statement of a pipeline. */
typedef struct prt_step {
    const char *sql;       /* what is parsed; NULL: `statement` is prepared already */
    const char *statement; /* name of a prepared statement; NULL: unnamed */
    bool prepare;          /* only prepare it */
    bool sync;             /* commits here: what follows is a transaction of its own, in the same round trip */
    int params;
    const char *const *values;
} prt_step;

/* The pipeline under way: steps, and a sync at least at the end. */
typedef struct prt_job {
    bool active, done;
    size_t length, next; /* steps sent, and the one whose result is expected */
    size_t syncs;        /* still to come */
    size_t failed;       /* the step that failed, when err is set */
    PGresult **results;  /* one a step; NULL: not wanted */
    size_t settings;     /* steps of our own in front: timeouts that were due */
    size_t offset;       /* steps before the caller's first */
    int64_t deadline;    /* monotonic; 0: none */
    prt_error err;
} prt_job;

struct prt_conn {
    prt_arena *arena;
    prt_conn_options options;
    PGconn *raw;
    const char *describe;
    prt_conn_facts facts;
    bool pooled, shielded;
    unsigned round_trips;
    int64_t lock_ms, statement_ms;           /* as they have to be when a statement runs */
    int64_t sent_lock_ms, sent_statement_ms; /* as the server has them now; -1: not known */
    PRT_VEC(const char *) prepared;
    prt_job job;
};

/* io.c */
/* False, with an error, when an interrupt is pending or the connection is lost: before anything is sent. */
bool prt_io_check(prt_conn *conn, prt_error *err);
/* The deadline of `statements` statements under the server's own timeouts; 0: none. */
int64_t prt_io_deadline(const prt_conn *conn, size_t statements);
/* Waits until PQgetResult does not block. When the deadline or an interrupt comes first, cancels once, notes why in *stop
 * and goes on waiting for the answer to that. False: the connection is of no more use. */
bool prt_io_wait(prt_conn *conn, int64_t *deadline, prt_code *stop, prt_error *err);
bool prt_io_interrupted(const prt_conn *conn);
void prt_io_cancel(prt_conn *conn);
/* poll() in short slices, so that a signal that comes just before it is seen soon. */
void prt_io_poll(prt_conn *const *conns, size_t n, int64_t deadline);
bool prt_io_lost(prt_conn *conn, prt_error *err);
/* The error of a result, or of *stop when we cancelled it. Always false. */
bool prt_io_fail(const prt_conn *conn, const PGresult *result, prt_code stop, prt_error *err);
/* Just before a statement is sent: trace and log. Of an embedded file, the log gets the name. */
void prt_io_announce(const prt_conn *conn, const char *sql, int params);

/* conn.c */
/* The statement that brings the server's timeouts up to date, in `out`; false: none is due. */
bool prt_conn_settings(const prt_conn *conn, char *out, size_t size);
/* It has run, or it was taken back with the transaction that it ran in. */
void prt_conn_settled(prt_conn *conn, bool ok);

/* pipeline.c */
bool prt_job_send(prt_conn *conn, const prt_step *steps, size_t length, PGresult **results, prt_error *err);
bool prt_job_finish(prt_conn *conn, size_t *failed, prt_error *err);

/* query.c */
/* The settings of a pooled session, for one transaction: a step in front of every pipeline. */
prt_step prt_pooled_step(prt_conn *conn, prt_arena *arena);
/* Timeouts that are due, in a round trip of their own. */
bool prt_exec_settings(prt_conn *conn, prt_error *err);

#endif
