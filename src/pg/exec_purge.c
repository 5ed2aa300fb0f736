#include "pg/exec_purge.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "model/ident.h"
#include "model/render.h"
#include "pg/query.h"
#include "pg/result.h"
#include "pg/retry.h"

enum { SMALLEST_BATCH = 100, LOG_EVERY_S = 10 };

typedef struct purging {
    prt_executor *x;
    prt_task task;
    const prt_set *set;
    prt_operation *op;
    prt_arena *scratch; /* of one batch */
    int64_t batch;      /* rows; halved when a statement takes too long */
    int64_t left;       /* rows that this run may still delete; INT64_MAX: no cap */
    int64_t began, logged;
    int attempts;
} purging;

typedef struct batch {
    int64_t deleted, found;
    const char *last; /* the last key found, as a literal; NULL: no order */
} batch;

/* What the set's cap has left after its other purges. */
static int64_t
rows_left(const prt_executor *x, prt_task task)
{
    const prt_set *set = prt_exec_set(x, task);
    int64_t left = set->spec->purge.max_rows;
    if (left == 0)
        return INT64_MAX;
    for (size_t i = 0; i < task.operation; i++)
        if (set->operations.items[i].op == PRT_OP_PURGE && set->operations.items[i].rows > 0)
            left -= set->operations.items[i].rows;
    return left < 0 ? 0 : left;
}

static void
tell(purging *p)
{
    prt_executor *x = p->x;
    int64_t now = prt_clock_monotonic(), elapsed = now - p->began;
    prt_exec_going_on(x, p->task, p->op->rows, elapsed);
    if (now - p->logged < LOG_EVERY_S * PRT_USEC_PER_SEC)
        return;
    p->logged = now;
    prt_field fields[] = {
        {"partition", prt_ident_display(p->scratch, p->op->schema, p->op->name)},
        {"tenant", p->op->purge->tenant},
        {"rows", prt_arena_printf(p->scratch, "%" PRId64, p->op->rows)},
        {"rows_per_second",
         prt_arena_printf(p->scratch, "%.0f", (double) p->op->rows * PRT_USEC_PER_SEC / (double) (elapsed + 1))},
        {NULL, NULL}};
    prt_log_write(x->options->log, PRT_INFO, "purging", fields);
}

static bool
run_once(purging *p, const char *sql, batch *out, prt_error *err)
{
    prt_executor *x = p->x;
    PGresult *result = NULL;
    if (!prt_conn_timeouts(x->conn, prt_exec_lock_timeout(x, p->set), prt_exec_statement_timeout(x, p->set), err) ||
        !prt_query(x->conn, sql, 0, NULL, &result, err))
        return false;
    const char *last = prt_cell_text(p->scratch, result, 0, 2);
    *out = (batch) {.deleted = prt_cell_int(result, 0, 0, 0),
                    .found = prt_cell_int(result, 0, 1, 0),
                    .last = last == NULL ? NULL : prt_literal_quote(p->scratch, last)};
    PQclear(result);
    return true;
}

/* One batch, with its retries. One that takes too long is tried again with half the rows: that is no failure yet. */
static bool
run_batch(purging *p, const prt_table *leaf, const char *from, int64_t *rows, batch *out, prt_error *err)
{
    prt_executor *x = p->x;
    for (int failed = 0;;) {
        prt_error why = {0};
        *rows = p->batch < p->left ? p->batch : p->left;
        if (run_once(p, prt_render_batch(p->scratch, p->set, p->op->purge, leaf, from, *rows), out, &why))
            return true;
        bool slow = strcmp(why.sqlstate, "57014") == 0 && p->batch > SMALLEST_BATCH;
        if (slow)
            p->batch = p->batch / 2 < SMALLEST_BATCH ? SMALLEST_BATCH : p->batch / 2;
        else if (prt_retry_worth(&why) && failed < p->set->spec->retries)
            prt_exec_sleep(x, prt_retry_delay(++failed, prt_retry_random(&x->random)));
        else {
            *err = why;
            return false;
        }
        p->attempts = failed + 1 > p->attempts ? failed + 1 : p->attempts;
        if (!prt_exec_uninterrupted(x, err))
            return false;
    }
}

/* The pause of a whole batch, or the part of it that so many rows are of one. */
static void
pause_after(purging *p, int64_t rows)
{
    const prt_purge_spec *spec = &p->set->spec->purge;
    prt_exec_sleep(p->x, spec->pause_ms * PRT_USEC_PER_MSEC * rows / spec->batch);
}

/* Batches until nothing is found any more. Rows that others have locked, or have just changed, are left to the next run. */
static bool
purge_leaf(purging *p, const prt_table *leaf, prt_error *err)
{
    const char *from = p->op->purge->from;
    while (p->left > 0) {
        batch b;
        int64_t rows;
        prt_error why = {0};
        if (!run_batch(p, leaf, from, &rows, &b, &why)) {
            bool gone = strcmp(why.sqlstate, "42P01") == 0; /* dropped by hand: its rows are no concern any more */
            if (!gone)
                *err = why;
            return gone;
        }
        p->op->rows += b.deleted;
        if (p->left != INT64_MAX)
            p->left -= b.deleted;
        tell(p);
        bool over = b.found < rows || b.deleted == 0;
        from = b.last == NULL ? from : prt_arena_strdup(p->scratch, b.last);
        if (p->left > 0 || !over)
            pause_after(p, b.deleted);
        if (over)
            return true;
        if (!prt_exec_uninterrupted(p->x, err))
            return false;
    }
    return true;
}

/* Keys that point at a single partition, or are new since the plan: its rows stay, and the first such key is the error. */
static bool
find_reach(purging *p, bool *spared, prt_error *why, prt_error *err)
{
    const prt_purge *purge = p->op->purge;
    uint32_t *oids = prt_arena_array(p->scratch, purge->leaves_length, sizeof *oids);
    for (size_t i = 0; i < purge->leaves_length; i++)
        oids[i] = purge->leaves[i]->oid;
    const char *const values[] = {prt_array_oids(p->scratch, oids, purge->leaves_length)};
    PGresult *result = NULL;
    if (!prt_query_file(p->x->conn, "purge_reach", 1, values, &result, err))
        return false;
    for (int row = 0; row < PQntuples(result); row++)
        for (size_t i = 0; i < purge->leaves_length; i++) {
            if (oids[i] != (uint32_t) prt_cell_int(result, row, 0, 0))
                continue;
            spared[i] = true;
            const char *table = prt_ident_display(p->scratch, prt_cell_text(p->scratch, result, row, 2),
                                                  prt_cell_text(p->scratch, result, row, 3));
            if (why->code == PRT_OK) {
                prt_fail(why, PRT_ERR_FAILED,
                         "%s is not purged: the foreign key %s of %s would delete or change rows there",
                         prt_ident_display(p->scratch, purge->leaves[i]->schema, purge->leaves[i]->name),
                         prt_cell_text(p->scratch, result, row, 1), table);
                prt_fail_hint(why, "delete the referencing rows first, and let the foreign key be NO ACTION");
            }
        }
    PQclear(result);
    return true;
}

static bool
purge_leaves(purging *p, prt_error *err)
{
    const prt_purge *purge = p->op->purge;
    prt_error why = {0};
    prt_arena *arena = prt_arena_new();
    bool *spared = prt_arena_array(arena, purge->leaves_length + 1, sizeof *spared);
    bool ok = find_reach(p, spared, &why, err);
    for (size_t i = 0; ok && i < purge->leaves_length && p->left > 0; i++) {
        if (spared[i])
            continue;
        ok = prt_exec_uninterrupted(p->x, err) && purge_leaf(p, purge->leaves[i], err);
        prt_arena_free(p->scratch);
        p->scratch = prt_arena_new();
    }
    prt_arena_free(arena);
    if (ok && why.code != PRT_OK)
        *err = why;
    return ok && why.code == PRT_OK;
}

static void
end(purging *p, const prt_error *err)
{
    prt_executor *x = p->x;
    int64_t duration = prt_clock_monotonic() - p->began;
    if (err != NULL) {
        prt_exec_failed(x, p->task, p->attempts, duration, err);
        return;
    }
    if (p->left == 0)
        prt_exec_outcome(x, p->task)->note = "the cap of rows is reached: the next run goes on";
    prt_journal_row row = {.set = p->set, .operation = p->op, .attempts = p->attempts, .duration = duration};
    prt_journal_write(x->journal, &row);
    prt_exec_done(x, p->task, p->attempts, duration);
}

bool
prt_exec_purge(prt_executor *x, prt_task task, prt_error *err)
{
    purging p = {.x = x,
                 .task = task,
                 .set = prt_exec_set(x, task),
                 .op = prt_exec_operation(x, task),
                 .scratch = prt_arena_new(),
                 .left = rows_left(x, task),
                 .began = prt_clock_monotonic(),
                 .attempts = 1};
    prt_error why = {0};
    p.logged = p.began;
    p.batch = p.set->spec->purge.batch;
    p.op->rows = 0;
    prt_exec_started(x, task);
    bool ok = purge_leaves(&p, &why);
    prt_arena_free(p.scratch);
    end(&p, ok ? NULL : &why);
    if (ok || !prt_exec_fatal(&why))
        return true;
    *err = why;
    return false;
}
