/*
 * Several statements in one round trip. PostgreSQL manual: libpq, Pipeline Mode.
 *
 * After a statement that failed, the server skips the others up to the sync; a transaction that was begun is then open
 * and failed, and is rolled back in a round trip of its own.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "pg/conn_impl.h"

static bool
send_step(prt_conn *conn, const prt_step *step)
{
    PGconn *raw = conn->raw;
    const char *name = step->statement != NULL ? step->statement : "";
    if (step->prepare)
        return PQsendPrepare(raw, name, step->sql, 0, NULL) == 1;
    if (step->sql != NULL)
        prt_io_announce(conn, step->sql, step->params);
    if (step->statement != NULL)
        return PQsendQueryPrepared(raw, name, step->params, step->values, NULL, NULL, 0) == 1;
    return PQsendQueryParams(raw, step->sql, step->params, NULL, step->values, NULL, NULL, 0) == 1;
}

/* Timeouts that are due go in front, in the transaction of the first step: one that fails takes them back. */
static bool
send_settings(prt_conn *conn, bool idle, size_t *steps)
{
    char sql[PRT_SETTINGS_SIZE];
    *steps = 0;
    if (!idle || !prt_conn_settings(conn, sql, sizeof sql))
        return true;
    *steps = 1;
    return send_step(conn, &(prt_step) {.sql = sql});
}

bool
prt_job_send(prt_conn *conn, const prt_step *steps, size_t length, PGresult **results, prt_error *err)
{
    assert(!conn->job.active);
    if (!prt_io_check(conn, err))
        return false;
    bool idle = PQtransactionStatus(conn->raw) == PQTRANS_IDLE;
    size_t syncs = 0, settings = 0;
    bool sent = PQenterPipelineMode(conn->raw) == 1 && send_settings(conn, idle, &settings);
    for (size_t i = 0; sent && i < length; i++) {
        bool sync = steps[i].sync || i + 1 == length;
        sent = send_step(conn, &steps[i]) && (!sync || PQpipelineSync(conn->raw) == 1);
        syncs += sync;
    }
    if (!sent || PQflush(conn->raw) < 0)
        return prt_io_lost(conn, err);
    conn->round_trips++;
    conn->job = (prt_job) {.active = true,
                           .length = length + settings,
                           .settings = settings,
                           .syncs = syncs,
                           .results = results,
                           .deadline = prt_io_deadline(conn, length)};
    return true;
}

/* A result of the step that is under way; takes it. */
static void
take_result(prt_conn *conn, PGresult *result, prt_code stop)
{
    prt_job *job = &conn->job;
    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        job->done = --job->syncs == 0;
        break;
    case PGRES_PIPELINE_ABORTED:
        break;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
        if (job->results != NULL && job->next >= job->settings) {
            job->results[job->next - job->settings] = result;
            return;
        }
        break;
    default:
        if (job->err.code == PRT_OK)
            job->failed = job->next < job->settings ? 0 : job->next - job->settings;
        prt_io_fail(conn, result, stop, &job->err);
    }
    PQclear(result);
}

/* Takes what has arrived, without waiting. */
static bool
advance(prt_conn *conn, prt_code stop, prt_error *err)
{
    while (!conn->job.done && !PQisBusy(conn->raw)) {
        PGresult *result = PQgetResult(conn->raw);
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            PQclear(result); /* libpq has no way out of COPY in a pipeline */
            return prt_fail(err, PRT_ERR_CONNECT, "COPY cannot be used here; the session is given up");
        }
        if (result != NULL)
            take_result(conn, result, stop);
        else if (PQstatus(conn->raw) != CONNECTION_OK || conn->job.next > conn->job.length)
            return prt_io_lost(conn, err);
        else
            conn->job.next++; /* NULL ends the results of one statement */
    }
    return true;
}

static void
clear_results(prt_job *job)
{
    for (size_t i = 0; job->results != NULL && i < job->length - job->settings; i++) {
        PQclear(job->results[i]);
        job->results[i] = NULL;
    }
}

bool
prt_job_finish(prt_conn *conn, size_t *failed, prt_error *err)
{
    prt_job *job = &conn->job;
    prt_code stop = PRT_OK;
    bool alive = true;
    assert(job->active);
    while (alive && !job->done)
        alive = prt_io_wait(conn, &job->deadline, &stop, err) && advance(conn, stop, err);
    if (!alive && job->err.code != PRT_OK && err->code == PRT_ERR_CONNECT) {
        /* The server said why before it hung up. */
        *err = job->err;
        err->code = PRT_ERR_CONNECT;
    }
    bool ok = alive && job->err.code == PRT_OK;
    if (alive)
        ok = PQexitPipelineMode(conn->raw) == 1 && ok;
    if (alive && job->err.code != PRT_OK && err->code == PRT_OK)
        *err = job->err;
    if (failed != NULL)
        *failed = job->failed;
    if (!ok)
        clear_results(job);
    if (job->settings > 0)
        prt_conn_settled(conn, ok);
    conn->job = (prt_job) {0};
    return ok;
}

bool
prt_conn_begin_transaction(prt_conn *conn, const char *const *sql, size_t length, prt_error *err)
{
    prt_arena *scratch = prt_arena_new();
    bool lone = length == 1 && !conn->pooled; /* what one sync ends is a transaction already */
    size_t offset = lone ? 0 : conn->pooled ? 2 : 1;
    prt_step *steps = prt_arena_array(scratch, length + 3, sizeof *steps);
    if (!lone)
        steps[0] = (prt_step) {.sql = "BEGIN"};
    if (conn->pooled)
        steps[1] = prt_pooled_step(conn, scratch);
    for (size_t i = 0; i < length; i++)
        steps[offset + i] = (prt_step) {.sql = sql[i]};
    if (!lone)
        steps[offset + length] = (prt_step) {.sql = "COMMIT"};
    bool ok = prt_job_send(conn, steps, lone ? 1 : offset + length + 1, NULL, err);
    conn->job.offset = offset;
    prt_arena_free(scratch);
    return ok;
}

bool
prt_conn_finish_transaction(prt_conn *conn, size_t *failed, prt_error *err)
{
    size_t offset = conn->job.offset, step = 0;
    bool ok = prt_job_finish(conn, &step, err);
    if (failed != NULL)
        *failed = step < offset ? 0 : step - offset;
    if (PQstatus(conn->raw) == CONNECTION_OK && PQtransactionStatus(conn->raw) != PQTRANS_IDLE) {
        bool shielded = conn->shielded;
        prt_error ignored = {0};
        conn->shielded = true;
        bool rolled_back = prt_exec(conn, "ROLLBACK", &ignored);
        conn->shielded = shielded;
        if (!rolled_back && ignored.code == PRT_ERR_CONNECT && ok)
            *err = ignored;
    }
    return ok;
}

bool
prt_exec_transaction(prt_conn *conn, const char *const *sql, size_t length, size_t *failed, prt_error *err)
{
    if (failed != NULL)
        *failed = 0;
    return prt_conn_begin_transaction(conn, sql, length, err) && prt_conn_finish_transaction(conn, failed, err);
}

/* Done, lost, or past its own deadline: finishing it does not block for long. */
static bool
is_ready(prt_conn *conn)
{
    prt_error lost = {0};
    if (!conn->job.active)
        return false;
    if (PQflush(conn->raw) < 0 || PQconsumeInput(conn->raw) == 0 || !advance(conn, PRT_OK, &lost))
        return true;
    return conn->job.done || (conn->job.deadline != 0 && prt_clock_monotonic() >= conn->job.deadline);
}

int
prt_conn_wait_any(prt_conn **conns, size_t n, int64_t timeout_ms, prt_error *err)
{
    int64_t deadline = timeout_ms == 0 ? 0 : prt_clock_monotonic() + timeout_ms * 1000;
    for (;;) {
        prt_conn *busy[64];
        size_t waiting = 0;
        for (size_t i = 0; i < n; i++) {
            if (is_ready(conns[i]))
                return (int) i;
            if (conns[i]->job.active && waiting < sizeof busy / sizeof *busy)
                busy[waiting++] = conns[i];
        }
        if (waiting == 0) {
            prt_fail(err, PRT_ERR_FAILED, "no session is busy");
            return -1;
        }
        if (prt_io_interrupted(busy[0])) {
            prt_fail(err, PRT_ERR_INTERRUPTED, "interrupted");
            return -1;
        }
        if (deadline != 0 && prt_clock_monotonic() >= deadline) {
            prt_fail(err, PRT_ERR_TIMEOUT, "no session was done within %lld ms", (long long) timeout_ms);
            return -1;
        }
        prt_io_poll(busy, waiting, deadline);
    }
}
