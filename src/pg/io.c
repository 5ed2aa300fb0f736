/* Waiting on sockets: deadlines, interrupts, cancelling, and what the server said as an error. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/embed.h"
#include "pg/conn_impl.h"

enum {
    SLICE_MS = 100,              /* the longest that a signal can go unseen */
    GRACE_US = 10 * 1000 * 1000, /* beyond the server's own timeout: the way there and back */
    DRAIN_US = 5 * 1000 * 1000,  /* for the server to answer a cancel request */
    AGAIN_US = 250 * 1000,       /* a request that came before the statement was begun is lost: ask again */
    LARGEST_POLL = 64,
};

bool
prt_io_interrupted(const prt_conn *conn)
{
    return conn->options.interrupt != NULL && *conn->options.interrupt != 0 && !conn->shielded;
}

bool
prt_io_lost(prt_conn *conn, prt_error *err)
{
    const char *why = PQerrorMessage(conn->raw);
    prt_fail(err, PRT_ERR_CONNECT, "the connection to the server was lost%s%.*s", why[0] == '\0' ? "" : ": ",
             (int) strcspn(why, "\n"), why);
    return prt_fail_hint(err, "run it again: partrun resumes from the catalog");
}

bool
prt_io_check(prt_conn *conn, prt_error *err)
{
    if (prt_io_interrupted(conn))
        return prt_fail(err, PRT_ERR_INTERRUPTED, "interrupted");
    if (PQstatus(conn->raw) != CONNECTION_OK)
        return prt_io_lost(conn, err);
    return true;
}

int64_t
prt_io_deadline(const prt_conn *conn, size_t statements)
{
    if (conn->statement_ms == 0)
        return 0;
    return prt_clock_monotonic() + (int64_t) statements * conn->statement_ms * 1000 + GRACE_US;
}

void
prt_io_poll(prt_conn *const *conns, size_t n, int64_t deadline)
{
    struct pollfd fds[LARGEST_POLL];
    nfds_t used = 0;
    for (size_t i = 0; i < n && used < LARGEST_POLL; i++) {
        int fd = PQsocket(conns[i]->raw);
        if (fd < 0)
            return;
        short events = PQflush(conns[i]->raw) > 0 ? POLLIN | POLLOUT : POLLIN;
        fds[used++] = (struct pollfd) {.fd = fd, .events = events};
    }
    int slice = SLICE_MS;
    if (deadline != 0) {
        int64_t left = (deadline - prt_clock_monotonic()) / 1000;
        slice = left <= 0 ? 0 : left < SLICE_MS ? (int) left + 1 : SLICE_MS;
    }
    poll(fds, used, slice);
}

void
prt_io_cancel(prt_conn *conn)
{
    char why[256];
    PGcancel *cancel = PQgetCancel(conn->raw);
    if (cancel == NULL)
        return;
    PQcancel(cancel, why, sizeof why);
    PQfreeCancel(cancel);
}

bool
prt_io_wait(prt_conn *conn, int64_t *deadline, prt_code *stop, prt_error *err)
{
    for (int64_t again = 0;;) {
        if (PQflush(conn->raw) < 0)
            return prt_io_lost(conn, err);
        if (!PQisBusy(conn->raw))
            return true;
        bool late = *deadline != 0 && prt_clock_monotonic() >= *deadline;
        if (late && *stop != PRT_OK)
            return prt_fail(err, PRT_ERR_CONNECT, "the server did not answer a cancel request");
        if (*stop == PRT_OK && (late || prt_io_interrupted(conn))) {
            *stop = late ? PRT_ERR_TIMEOUT : PRT_ERR_INTERRUPTED;
            *deadline = prt_clock_monotonic() + DRAIN_US;
        }
        if (*stop != PRT_OK && prt_clock_monotonic() >= again) {
            prt_io_cancel(conn);
            again = prt_clock_monotonic() + AGAIN_US;
        }
        prt_io_poll(&conn, 1, *deadline);
        if (PQconsumeInput(conn->raw) == 0)
            return prt_io_lost(conn, err);
    }
}

/* A message as one sentence: no newline, no full stop. */
static void
one_line(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
    for (char *c = out; *c != '\0'; c++)
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    size_t length = strlen(out);
    while (length > 0 && (out[length - 1] == ' ' || out[length - 1] == '.'))
        out[--length] = '\0';
}

static void
fill_details(const PGresult *result, prt_error *err)
{
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    const char *schema = PQresultErrorField(result, PG_DIAG_SCHEMA_NAME);
    const char *table = PQresultErrorField(result, PG_DIAG_TABLE_NAME);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (state != NULL)
        snprintf(err->sqlstate, sizeof err->sqlstate, "%s", state);
    if (schema != NULL && table != NULL)
        prt_fail_object(err, "%s.%s", schema, table);
    if (hint != NULL && err->hint[0] == '\0')
        one_line(err->hint, sizeof err->hint, hint);
}

bool
prt_io_fail(const prt_conn *conn, const PGresult *result, prt_code stop, prt_error *err)
{
    if (err->code != PRT_OK)
        return false;
    char message[600], detail[600];
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *more = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    one_line(message, sizeof message, primary != NULL ? primary : PQresultErrorMessage(result));
    one_line(detail, sizeof detail, more != NULL ? more : "");
    if (stop == PRT_ERR_INTERRUPTED)
        prt_fail(err, stop, "interrupted");
    else if (stop == PRT_ERR_TIMEOUT)
        prt_fail(err, stop, "no answer in time; the statement was cancelled");
    else
        prt_fail(err, PQstatus(conn->raw) == CONNECTION_BAD ? PRT_ERR_CONNECT : PRT_ERR_SQL, "%s%s%s%s", message,
                 detail[0] == '\0' ? "" : " (", detail, detail[0] == '\0' ? "" : ")");
    fill_details(result, err);
    return false;
}

/* The name of the embedded file that this very text is; NULL: none. */
static const char *
file_of(const char *sql)
{
    for (const prt_embedded *file = prt_sql_files; file->name != NULL; file++)
        if (file->text == sql)
            return file->name;
    return NULL;
}

void
prt_io_announce(const prt_conn *conn, const char *sql, int params)
{
    if (conn->options.trace != NULL)
        conn->options.trace(conn->options.trace_data, sql);
    if (conn->options.log == NULL || conn->options.log->level > PRT_DEBUG)
        return;
    const char *file = file_of(sql);
    if (file == NULL)
        prt_log_write(conn->options.log, PRT_DEBUG, sql, NULL);
    else
        prt_log_fmt(conn->options.log, PRT_DEBUG, "sql/%s (%d parameter%s)", file, params, params == 1 ? "" : "s");
}
