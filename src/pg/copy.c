/* COPY as a stream. PostgreSQL manual: libpq, Functions Associated with the COPY Command. */
#include "pg/copy.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "pg/conn_impl.h"

enum {
    DRAIN_US = 5 * 1000 * 1000, /* for the server to stop sending */
    AGAIN_US = 250 * 1000,      /* a request that came before the statement was begun is lost: ask again */
    ROWS_PER_LOOK = 256,        /* between two looks at the interrupt flag while data keeps coming */
    UNSENT = 256 * 1024,        /* what may pile up in libpq before the socket is waited for */
};

/* One COPY under way. */
typedef struct stream {
    prt_conn *conn;
    int64_t deadline; /* of the statement, or of the answer to a cancel request; 0: none */
    int64_t again;    /* when to cancel once more */
    prt_code stop;    /* why it was cancelled; PRT_OK: it was not */
    prt_error first;  /* the first error */
} stream;

/* Sends the statement and waits for the server to turn to COPY. */
static bool
start(stream *s, const char *sql, ExecStatusType wanted)
{
    prt_conn *conn = s->conn;
    if (!prt_io_check(conn, &s->first))
        return false;
    prt_io_announce(conn, sql, 0);
    if (PQsendQuery(conn->raw, sql) != 1)
        return prt_io_lost(conn, &s->first);
    conn->round_trips++;
    s->deadline = prt_io_deadline(conn, 1);
    if (!prt_io_wait(conn, &s->deadline, &s->stop, &s->first))
        return false;
    PGresult *result = PQgetResult(conn->raw);
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_FATAL_ERROR)
        prt_io_fail(conn, result, s->stop, &s->first);
    else if (status != wanted)
        prt_fail(&s->first, PRT_ERR_FAILED, "this statement is no COPY in the direction that is wanted");
    PQclear(result);
    return status == wanted;
}

static void
cancel(stream *s, prt_code why)
{
    if (s->stop == PRT_OK) {
        s->stop = why;
        s->deadline = prt_clock_monotonic() + DRAIN_US;
    }
    if (prt_clock_monotonic() < s->again)
        return;
    prt_io_cancel(s->conn);
    s->again = prt_clock_monotonic() + AGAIN_US;
}

/* Interrupts, deadlines, and an outstanding cancel. False: the server does not let go of the statement. */
static bool
look(stream *s)
{
    bool late = s->deadline != 0 && prt_clock_monotonic() >= s->deadline;
    if (late && s->stop != PRT_OK)
        return prt_fail(&s->first, PRT_ERR_CONNECT, "the server did not answer a cancel request");
    if (s->stop != PRT_OK || late || prt_io_interrupted(s->conn))
        cancel(s, late ? PRT_ERR_TIMEOUT : PRT_ERR_INTERRUPTED);
    return true;
}

/* What is left of the statement, until the session is free again. *rows: from its tag. */
static bool
finish(stream *s, int64_t *rows)
{
    prt_conn *conn = s->conn;
    bool alive = true;
    for (;;) {
        alive = prt_io_wait(conn, &s->deadline, &s->stop, &s->first);
        PGresult *result = alive ? PQgetResult(conn->raw) : NULL;
        if (result == NULL)
            break;
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_COMMAND_OK) {
            const char *tag = PQcmdTuples(result);
            *rows = tag[0] != '\0' ? strtoimax(tag, NULL, 10) : -1;
        } else if (status == PGRES_COPY_IN)
            PQputCopyEnd(conn->raw, "COPY cannot be used here");
        else if (status == PGRES_COPY_OUT) {
            char *bytes;
            while (PQgetCopyData(conn->raw, &bytes, 0) > 0)
                PQfreemem(bytes);
        } else
            prt_io_fail(conn, result, s->stop, &s->first);
        PQclear(result);
    }
    if (PQstatus(conn->raw) != CONNECTION_OK) {
        prt_io_lost(conn, &s->first);
        if (s->first.code == PRT_ERR_SQL) /* the server said why before it hung up */
            s->first.code = PRT_ERR_CONNECT;
    }
    if (s->first.code == PRT_OK && s->stop == PRT_ERR_INTERRUPTED)
        prt_fail(&s->first, PRT_ERR_INTERRUPTED, "interrupted");
    return s->first.code == PRT_OK;
}

static bool
conclude(const stream *s, prt_error *err)
{
    if (s->first.code != PRT_OK && err->code == PRT_OK)
        *err = s->first;
    return s->first.code == PRT_OK;
}

typedef bool take_fn(void *data, const char *bytes, size_t length, prt_error *err);

/* Reads until the server is done; once something failed, what still comes is thrown away. False: the session is lost. */
static bool
receive(stream *s, take_fn *take, void *data)
{
    PGconn *raw = s->conn->raw;
    bool fresh = false; /* the socket has been asked since the last row */
    for (unsigned n = 0;; n++) {
        char *bytes = NULL;
        int length = PQgetCopyData(raw, &bytes, 1);
        if (length > 0 && s->stop == PRT_OK && !take(data, bytes, (size_t) length, &s->first)) {
            prt_fail(&s->first, PRT_ERR_FAILED, "the rows were not taken");
            cancel(s, s->first.code);
        }
        PQfreemem(bytes);
        if (length < 0)
            return true;
        if ((length == 0 || n % ROWS_PER_LOOK == 0) && !look(s))
            return false;
        if (length > 0) {
            fresh = false;
            continue;
        }
        /* While rows keep coming there is no need to ask poll() before each read: the socket does not block. */
        if (fresh)
            prt_io_poll(&s->conn, 1, s->deadline);
        if (PQconsumeInput(raw) == 0)
            return prt_io_lost(s->conn, &s->first);
        fresh = true;
    }
}

bool
prt_copy_out(prt_conn *conn, const char *sql, take_fn *take, void *data, int64_t *rows, prt_error *err)
{
    stream s = {.conn = conn};
    *rows = -1;
    bool started = start(&s, sql, PGRES_COPY_OUT);
    if (!started || receive(&s, take, data))
        finish(&s, rows);
    return conclude(&s, err);
}

/* Empties libpq's buffer into the socket; a COPY that is being cancelled is `last` flushed after its end. */
static bool
flush(stream *s, bool last)
{
    PGconn *raw = s->conn->raw;
    for (;;) {
        int more = PQflush(raw);
        if (more < 0)
            return prt_io_lost(s->conn, &s->first);
        if (more == 0)
            return true;
        if (!look(s))
            return false;
        if (s->stop != PRT_OK && !last)
            return true;
        prt_io_poll(&s->conn, 1, s->deadline);
        if (PQconsumeInput(raw) == 0)
            return prt_io_lost(s->conn, &s->first);
    }
}

typedef bool give_fn(void *data, const char **bytes, size_t *length, prt_error *err);

/* Sends until the source ends or something fails. False: the session is lost. */
static bool
transmit(stream *s, give_fn *give, void *data)
{
    PGconn *raw = s->conn->raw;
    size_t unsent = 0;
    for (;;) {
        const char *bytes = NULL;
        size_t length = 0;
        if (!look(s))
            return false;
        if (s->stop == PRT_OK && !give(data, &bytes, &length, &s->first))
            prt_fail(&s->first, PRT_ERR_FAILED, "there is nothing to load");
        if (s->stop != PRT_OK || s->first.code != PRT_OK || length == 0)
            break;
        for (size_t part; length > 0; bytes += part, length -= part) {
            part = length < UNSENT ? length : UNSENT;
            if (PQputCopyData(raw, bytes, (int) part) != 1)
                return prt_io_lost(s->conn, &s->first);
            unsent += part;
            if (unsent >= UNSENT && !flush(s, false))
                return false;
            unsent = unsent >= UNSENT ? 0 : unsent;
        }
    }
    /* A reason makes the server end the COPY with an error of its own. */
    bool ok = s->first.code == PRT_OK && s->stop == PRT_OK;
    if (PQputCopyEnd(raw, ok ? NULL : "the source failed") != 1)
        return prt_io_lost(s->conn, &s->first);
    return flush(s, true);
}

bool
prt_copy_in(prt_conn *conn, const char *sql, give_fn *give, void *data, int64_t *rows, prt_error *err)
{
    stream s = {.conn = conn};
    *rows = -1;
    bool alive = true;
    if (start(&s, sql, PGRES_COPY_IN)) {
        /* Otherwise a full socket would block, deaf to interrupts. */
        PQsetnonblocking(conn->raw, 1);
        alive = transmit(&s, give, data);
        PQsetnonblocking(conn->raw, 0);
    }
    if (alive)
        finish(&s, rows);
    return conclude(&s, err);
}
