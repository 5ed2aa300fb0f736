/* One statement at a time: ad hoc, or from the embedded files. */
#include <assert.h>
#include <string.h>

#include "pg/conn_impl.h"
#include "pg/query.h"

prt_step
prt_pooled_step(prt_conn *conn, prt_arena *arena)
{
    const char **values = prt_arena_array(arena, 3, sizeof *values);
    values[0] = "true";
    values[1] = prt_arena_printf(arena, "%lld", (long long) conn->lock_ms);
    values[2] = prt_arena_printf(arena, "%lld", (long long) conn->statement_ms);
    return (prt_step) {.sql = prt_sql_text("session"), .params = 3, .values = values};
}

/* COPY outside a pipeline can be left: refuse the data, or read it away. */
static void
leave_copy(PGconn *raw, ExecStatusType status)
{
    char *data;
    if (status == PGRES_COPY_IN || status == PGRES_COPY_BOTH)
        PQputCopyEnd(raw, "COPY cannot be used here");
    if (status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH)
        while (PQgetCopyData(raw, &data, 0) > 0)
            PQfreemem(data);
}

/* All results of what was sent outside a pipeline; the last one is kept in *out unless that is NULL. */
static bool
collect(prt_conn *conn, PGresult **out, prt_error *err)
{
    int64_t deadline = prt_io_deadline(conn, 1);
    prt_code stop = PRT_OK;
    prt_error first = {0};
    PGresult *last = NULL;
    conn->round_trips++;
    for (;;) {
        if (!prt_io_wait(conn, &deadline, &stop, err)) {
            PQclear(last);
            return false;
        }
        PGresult *result = PQgetResult(conn->raw);
        if (result == NULL)
            break;
        PQclear(last);
        last = result;
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            prt_fail(&first, PRT_ERR_FAILED, "COPY cannot be used here");
            leave_copy(conn->raw, status);
        } else if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY)
            prt_io_fail(conn, result, stop, &first);
    }
    if (first.code == PRT_OK && out != NULL && last != NULL) {
        *out = last;
        return true;
    }
    PQclear(last);
    if (first.code != PRT_OK && err->code == PRT_OK)
        *err = first;
    return first.code == PRT_OK;
}

static bool
exec_simple(prt_conn *conn, const char *sql, prt_error *err)
{
    if (!prt_io_check(conn, err))
        return false;
    prt_io_announce(conn, sql, 0);
    if (PQsendQuery(conn->raw, sql) != 1)
        return prt_io_lost(conn, err);
    return collect(conn, NULL, err);
}

bool
prt_exec_settings(prt_conn *conn, prt_error *err)
{
    char sql[PRT_SETTINGS_SIZE];
    if (!prt_conn_settings(conn, sql, sizeof sql))
        return true;
    bool ok = exec_simple(conn, sql, err);
    prt_conn_settled(conn, ok);
    return ok;
}

/* What ends a transaction has to get through, whatever is due. */
static bool
settle(prt_conn *conn, prt_error *err)
{
    return PQtransactionStatus(conn->raw) != PQTRANS_IDLE || prt_exec_settings(conn, err);
}

bool
prt_exec(prt_conn *conn, const char *sql, prt_error *err)
{
    return settle(conn, err) && exec_simple(conn, sql, err);
}

/* A pooled session has no settings of its own: they go with each statement, in its transaction. A transaction that the
 * caller has begun keeps its backend, and the settings of its first statement. */
static bool
query_pooled(prt_conn *conn, const prt_step *step, PGresult **out, prt_error *err)
{
    prt_arena *scratch = prt_arena_new();
    prt_step steps[2] = {prt_pooled_step(conn, scratch), *step};
    PGresult *results[2] = {0};
    bool ok = prt_job_send(conn, steps, 2, results, err) && prt_job_finish(conn, NULL, err);
    PQclear(results[0]);
    *out = results[1];
    prt_arena_free(scratch);
    return ok;
}

bool
prt_query(prt_conn *conn, const char *sql, int params, const char *const *values, PGresult **out, prt_error *err)
{
    *out = NULL;
    if (conn->pooled)
        return query_pooled(conn, &(prt_step) {.sql = sql, .params = params, .values = values}, out, err);
    if (!settle(conn, err) || !prt_io_check(conn, err))
        return false;
    prt_io_announce(conn, sql, params);
    if (PQsendQueryParams(conn->raw, sql, params, NULL, values, NULL, NULL, 0) != 1)
        return prt_io_lost(conn, err);
    return collect(conn, out, err);
}

static bool
is_prepared(const prt_conn *conn, const char *name)
{
    for (size_t i = 0; i < conn->prepared.length; i++)
        if (strcmp(conn->prepared.items[i], name) == 0)
            return true;
    return false;
}

/* The steps of one file: prepared once a session; a pooled one forgets, so there it is parsed each time. */
static size_t
file_steps(prt_conn *conn, const prt_file_query *query, prt_step *steps)
{
    size_t n = 0;
    const char *text = prt_sql_text(query->file);
    if (conn->pooled) {
        steps[n++] = (prt_step) {.sql = text, .params = query->params, .values = query->values};
        return n;
    }
    if (!is_prepared(conn, query->file))
        steps[n++] = (prt_step) {.sql = text, .statement = query->file, .prepare = true};
    steps[n++] = (prt_step) {.statement = query->file, .params = query->params, .values = query->values};
    prt_io_announce(conn, text, query->params);
    return n;
}

bool
prt_query_files(prt_conn *conn, const char *before, prt_file_query *queries, size_t length, const char *after,
                prt_error *err)
{
    prt_arena *scratch = prt_arena_new();
    prt_step *steps = prt_arena_array(scratch, 2 * length + 3, sizeof *steps);
    size_t *at = prt_arena_array(scratch, length, sizeof *at);
    PGresult **results = prt_arena_array(scratch, 2 * length + 3, sizeof *results);
    size_t n = 0;
    if (before != NULL)
        steps[n++] = (prt_step) {.sql = before};
    if (conn->pooled)
        steps[n++] = prt_pooled_step(conn, scratch);
    for (size_t i = 0; i < length; i++) {
        n += file_steps(conn, &queries[i], steps + n);
        at[i] = n - 1;
    }
    if (after != NULL)
        steps[n++] = (prt_step) {.sql = after};
    size_t failed = 0;
    bool ok = prt_job_send(conn, steps, n, results, err) && prt_job_finish(conn, &failed, err);
    for (size_t i = 0; i < length; i++) {
        queries[i].result = ok ? results[at[i]] : NULL;
        results[at[i]] = NULL;
        /* No rollback takes back what was prepared: the step before the query's own. */
        if ((ok || at[i] <= failed) && !conn->pooled && !is_prepared(conn, queries[i].file))
            prt_vec_push(conn->arena, &conn->prepared, prt_arena_strdup(conn->arena, queries[i].file));
        assert(!ok || prt_sql_shape(prt_sql_text(queries[i].file), queries[i].result));
    }
    for (size_t i = 0; i < n; i++)
        PQclear(results[i]);
    prt_arena_free(scratch);
    return ok;
}

bool
prt_query_file(prt_conn *conn, const char *name, int params, const char *const *values, PGresult **out, prt_error *err)
{
    prt_file_query query = {.file = name, .params = params, .values = values};
    bool ok = prt_query_files(conn, NULL, &query, 1, NULL, err);
    *out = query.result;
    return ok;
}
