#include "pg/exec_retire.h"

#include <string.h>

#include "base/clock.h"
#include "model/ident.h"
#include "model/render.h"
#include "pg/exec_archive.h"
#include "pg/exec_create.h"
#include "pg/exec_purge.h"
#include "pg/retry.h"

enum {
    DETACH_LIMIT_MS = 60 * 1000, /* of a concurrent detach, all its waiting included */
    LARGEST_MARKING = 100,       /* markers written in one transaction ahead of their operations */
};

typedef struct retirement {
    prt_executor *x;
    prt_task *tasks;
    bool *marked; /* the task's leading PRT_EARLY statements have run */
    size_t length;
    size_t ahead; /* tasks before this one have been looked at for marking */
    bool *waited; /* by set: a detach waited in vain, the others would too */
} retirement;

/* What is known of a partition whose detach failed. */
typedef struct detach_state {
    bool known, attached, pending;
    const char *comment;
    const char *name; /* of the very table, qualified: it may have been renamed */
} detach_state;

static void
collect_tasks(retirement *r)
{
    const prt_plan *plan = r->x->result->plan;
    size_t total = prt_plan_operations(plan);
    r->tasks = prt_arena_array(r->x->arena, total + 1, sizeof *r->tasks);
    r->marked = prt_arena_array(r->x->arena, total + 1, sizeof *r->marked);
    r->waited = prt_arena_array(r->x->arena, plan->sets.length + 1, sizeof *r->waited);
    for (size_t s = 0; s < plan->sets.length; s++)
        for (size_t i = prt_exec_creations(&plan->sets.items[s]); i < plan->sets.items[s].operations.length; i++)
            r->tasks[r->length++] = (prt_task) {.set = s, .operation = i};
}

static size_t
early_length(const prt_operation *op)
{
    size_t length = 0;
    while (length < op->statements_length && (op->statements[length].flags & PRT_EARLY) != 0)
        length++;
    return length;
}

static const prt_table *
find_attached(const prt_set *set, uint32_t oid)
{
    for (size_t i = 0; oid != 0 && i < set->children_length; i++)
        if (set->children[i]->oid == oid)
            return set->children[i];
    return NULL;
}

/* The operation ends a partition's time in its set: before_detach has a say. */
static bool
detaches(const prt_set *set, const prt_operation *op)
{
    const prt_table *table = find_attached(set, op->oid);
    return table != NULL && !table->detach_pending &&
           (op->op == PRT_OP_DETACH || op->op == PRT_OP_DROP || op->op == PRT_OP_MOVE || op->op == PRT_OP_ARCHIVE);
}

/* A hook decides just before its own partition is touched: nothing is marked before it was asked. */
static bool
may_mark(const retirement *r, prt_task task, const prt_set *first)
{
    const prt_set *set = prt_exec_set(r->x, task);
    return early_length(prt_exec_operation(r->x, task)) > 0 && !prt_hook_wanted(set, PRT_HOOK_BEFORE_DETACH) &&
           prt_exec_lock_timeout(r->x, set) == prt_exec_lock_timeout(r->x, first) &&
           prt_exec_statement_timeout(r->x, set) == prt_exec_statement_timeout(r->x, first);
}

/* Collects the next operations' markers, with one look at all of their partitions; how many. */
static size_t
collect_marks(retirement *r, size_t from, size_t *marks, prt_script *script)
{
    prt_executor *x = r->x;
    const prt_set *first = prt_exec_set(x, r->tasks[from]), *sets[LARGEST_MARKING];
    const prt_operation *operations[LARGEST_MARKING];
    size_t budget = x->result->plan->snapshot->lock_budget > LARGEST_MARKING
                        ? LARGEST_MARKING
                        : (size_t) x->result->plan->snapshot->lock_budget;
    size_t length = 0;
    for (r->ahead = from; r->ahead < r->length && r->ahead < from + budget; r->ahead++) {
        const prt_operation *op = prt_exec_operation(x, r->tasks[r->ahead]);
        if (!may_mark(r, r->tasks[r->ahead], first))
            continue;
        marks[length] = r->ahead;
        sets[length] = prt_exec_set(x, r->tasks[r->ahead]);
        operations[length++] = op;
        for (size_t s = 0; s < early_length(op); s++)
            if ((op->statements[s].flags & PRT_CHECK) == 0)
                prt_script_add(x->arena, script, &op->statements[s], PRT_OWNER_NONE);
    }
    if (length > 0) {
        const prt_statement checks = {.sql = prt_render_checks(x->arena, sets, operations, length)};
        prt_script_add(x->arena, script, &checks, PRT_OWNER_NONE);
    }
    return length;
}

/* Writes the markers of the operations that follow in one transaction. A failure costs nothing: each then writes its own. */
static bool
mark_ahead(retirement *r, size_t from, prt_error *err)
{
    prt_executor *x = r->x;
    if (from < r->ahead)
        return true;
    const prt_set *first = prt_exec_set(x, r->tasks[from]);
    prt_script script = {.statement_ms = prt_exec_statement_timeout(x, first)};
    size_t marks[LARGEST_MARKING];
    size_t length = collect_marks(r, from, marks, &script);
    if (length < 2)
        return true;
    size_t failed;
    prt_error why = {0};
    prt_script_timeouts(x->conn, &script, prt_exec_lock_timeout(x, first));
    bool ok = prt_exec_transaction(x->conn, script.sql.items, script.sql.length, &failed, &why);
    if (!ok && prt_exec_fatal(&why)) {
        *err = why;
        return false;
    }
    for (size_t i = 0; i < length; i++)
        r->marked[marks[i]] = ok;
    return true;
}

static detach_state
look_at(prt_executor *x, const prt_operation *op)
{
    detach_state state = {0};
    const char *values[] = {prt_arena_printf(x->arena, "%u", op->oid)};
    PGresult *result = NULL;
    prt_error ignored = {0};
    if (op->oid == 0 || !prt_query_file(x->conn, "detach_state", 1, values, &result, &ignored))
        return state;
    if (PQntuples(result) == 1) {
        state.known = true;
        state.attached = PQgetvalue(result, 0, 0)[0] == 't';
        state.pending = PQgetvalue(result, 0, 1)[0] == 't';
        state.comment = PQgetisnull(result, 0, 2) ? NULL : prt_arena_strdup(x->arena, PQgetvalue(result, 0, 2));
        state.name = prt_ident_qualify(x->arena, PQgetvalue(result, 0, 3), PQgetvalue(result, 0, 4));
    }
    PQclear(result);
    return state;
}

/* Of the detach itself. A lock_timeout would only interrupt it half-way: the limit is on the whole. */
static void
set_detach_timeouts(prt_executor *x)
{
    prt_conn_timeouts_soon(x->conn, 0, DETACH_LIMIT_MS);
}

static bool
run_alone(prt_executor *x, prt_task task, const prt_statement *statement, prt_error *err)
{
    const prt_set *set = prt_exec_set(x, task);
    const prt_operation *op = prt_exec_operation(x, task);
    if ((statement->flags & PRT_ARCHIVE) != 0)
        return prt_exec_archive(x, task, (size_t) (statement - op->statements), err);
    if (op->op != PRT_OP_ANALYZE)
        set_detach_timeouts(x);
    else
        prt_conn_timeouts_soon(x->conn, prt_exec_lock_timeout(x, set), 0);
    return prt_exec(x->conn, statement->sql, err);
}

/* The look just before a concurrent detach waits for nothing: it takes the detach's timeouts along, and spares the detach
 * the round trip. */
static bool
is_last_look(const prt_operation *op, const prt_statement *statements, size_t length)
{
    const prt_statement *next = statements + length;
    return length == 1 && next < op->statements + op->statements_length && op->op != PRT_OP_ANALYZE &&
           (next->flags & (PRT_ALONE | PRT_ARCHIVE)) == PRT_ALONE;
}

/* One transaction. A refused journal row is no reason to fail: once more without. */
static bool
run_script(prt_executor *x, const prt_set *set, const prt_statement *statements, size_t length, bool last_look,
           const prt_journal_row *row, prt_error *err)
{
    for (;;) {
        prt_script script = {.statement_ms = prt_exec_statement_timeout(x, set)};
        for (size_t i = 0; i < length; i++)
            prt_script_add(x->arena, &script, &statements[i], 0);
        if (row != NULL)
            prt_script_journal(x->arena, &script, prt_journal_rows(x->journal, x->arena, row, 1));
        size_t failed = 0;
        prt_error why = {0};
        if (last_look)
            set_detach_timeouts(x);
        else
            prt_script_timeouts(x->conn, &script, prt_exec_lock_timeout(x, set));
        if (prt_exec_transaction(x->conn, script.sql.items, script.sql.length, &failed, &why))
            return true;
        if (prt_exec_fatal(&why) || prt_script_owner(&script, failed) != PRT_OWNER_JOURNAL) {
            *err = why;
            return false;
        }
        prt_journal_off(x->journal, &why);
    }
}

/* One group of statements, with its retries. */
static bool
run_group(prt_executor *x, prt_task task, size_t start, size_t end, prt_journal_row *row, int *attempts, prt_error *err)
{
    const prt_set *set = prt_exec_set(x, task);
    const prt_operation *op = prt_exec_operation(x, task);
    const prt_statement *statements = op->statements + start;
    bool alone = (statements->flags & PRT_ALONE) != 0;
    for (*attempts = 1;; (*attempts)++) {
        prt_error why = {0};
        row->attempts = *attempts;
        bool last = end == op->statements_length;
        if (alone ? run_alone(x, task, statements, &why)
                  : run_script(x, set, statements, end - start, is_last_look(op, statements, end - start),
                               last ? row : NULL, &why))
            return true;
        bool again = prt_retry_worth(&why) && *attempts <= set->spec->retries && !(alone && look_at(x, op).pending);
        if (!again) {
            *err = why;
            return false;
        }
        prt_exec_sleep(x, prt_retry_delay(*attempts, prt_retry_random(&x->random)));
        if (!prt_exec_uninterrupted(x, err))
            return false;
    }
}

/* Takes back a marker whose partition stays attached: were it detached by hand some day, it would be taken for ours. */
static void
unmark(prt_executor *x, prt_task task, const detach_state *state)
{
    prt_marker marker;
    if (!state->known || !state->attached || state->pending || state->comment == NULL ||
        !prt_marker_read(x->arena, state->comment, &marker))
        return;
    const char *comment = prt_marker_strip(x->arena, state->comment);
    prt_statement statement = {
        .sql = prt_arena_printf(x->arena, "COMMENT ON TABLE %s IS %s", state->name,
                                comment == NULL ? "NULL" : prt_literal_quote(x->arena, comment))};
    prt_error err = {0};
    if (!run_script(x, prt_exec_set(x, task), &statement, 1, false, NULL, &err))
        prt_log_error(x->options->log, &err);
}

/* Puts into words what the failure of a detach has left behind. */
static void
explain(prt_error *err, const detach_state *state, bool alone)
{
    if (alone && state->pending) {
        prt_error told = {0};
        prt_fail(&told, err->code, "its concurrent detach did not come to an end (%.600s) and is left pending",
                 err->message);
        prt_fail_hint(&told, "the next run finalizes it; an old transaction may be in its way (pg_stat_activity)");
        memcpy(told.sqlstate, err->sqlstate, sizeof told.sqlstate);
        *err = told;
    } else if (alone && strcmp(err->sqlstate, "55000") == 0) {
        prt_fail_hint(err, "another detach of this table is pending: the next run finalizes it first");
    } else if (alone && strcmp(err->sqlstate, "57014") == 0) {
        prt_fail_hint(err, "it waited for a lock or an old transaction (pg_stat_activity); nothing has changed");
    }
}

static void
fail_task(retirement *r, size_t index, prt_journal_row *row, bool alone, prt_error *err)
{
    prt_executor *x = r->x;
    prt_task task = r->tasks[index];
    bool detached = false;
    bool waited = prt_retry_worth(err) || strcmp(err->sqlstate, "57014") == 0;
    if (!prt_exec_fatal(err) && detaches(prt_exec_set(x, task), prt_exec_operation(x, task))) {
        detach_state state = look_at(x, prt_exec_operation(x, task));
        explain(err, &state, alone);
        unmark(x, task, &state);
        r->waited[task.set] |= waited && alone;
        detached = state.known && !state.attached;
    }
    prt_exec_failed(x, task, row->attempts, row->duration, err);
    prt_exec_outcome(x, task)->detached = detached;
}

static bool
call_hooks(prt_executor *x, prt_task task, bool first, size_t end, prt_error *err)
{
    const prt_set *set = prt_exec_set(x, task);
    const prt_operation *op = prt_exec_operation(x, task);
    if (first && detaches(set, op) && !prt_hook_call(x, task, PRT_HOOK_BEFORE_DETACH, "attached", NULL, err))
        return false;
    const char *state = first && find_attached(set, op->oid) != NULL ? "attached" : "detached";
    return op->op != PRT_OP_DROP || end < op->statements_length ||
           prt_hook_call(x, task, PRT_HOOK_BEFORE_DROP, state, NULL, err);
}

/* False: the run has to stop. */
static bool
retire(retirement *r, size_t index, prt_error *err)
{
    prt_executor *x = r->x;
    prt_task task = r->tasks[index];
    const prt_operation *op = prt_exec_operation(x, task);
    if (op->op == PRT_OP_PURGE)
        return prt_exec_purge(x, task, err);
    int64_t began = prt_clock_monotonic();
    prt_journal_row row = {.set = prt_exec_set(x, task), .operation = op, .attempts = 1};
    bool alone = false, detach = false;
    size_t skip = r->marked[index] ? early_length(op) : 0, end;
    prt_exec_started(x, task);
    for (size_t start = skip; start < op->statements_length; start = end) {
        prt_error why = {0};
        end = prt_group_end(op->statements, op->statements_length, start);
        alone = (op->statements[start].flags & PRT_ALONE) != 0;
        detach = alone && (op->statements[start].flags & PRT_ARCHIVE) == 0;
        row.duration = prt_clock_monotonic() - began;
        if (!call_hooks(x, task, start == skip, end, &why) ||
            !run_group(x, task, start, end, &row, &row.attempts, &why)) {
            row.duration = prt_clock_monotonic() - began;
            fail_task(r, index, &row, detach, &why);
            if (prt_exec_fatal(&why))
                *err = why;
            return !prt_exec_fatal(&why);
        }
    }
    row.duration = prt_clock_monotonic() - began;
    if (alone)
        prt_journal_write(x->journal, &row);
    prt_exec_done(x, task, row.attempts, row.duration);
    return true;
}

static bool
must_skip(retirement *r, prt_task task)
{
    if (!r->waited[task.set] || !detaches(prt_exec_set(r->x, task), prt_exec_operation(r->x, task)))
        return false;
    prt_error why = {0};
    prt_fail(&why, PRT_ERR_FAILED, "not tried: another detach of this table has just waited in vain");
    prt_exec_skipped(r->x, task, &why);
    return true;
}

static bool
retire_all(retirement *r, prt_error *err)
{
    for (size_t i = 0; i < r->length; i++) {
        if (!prt_exec_uninterrupted(r->x, err))
            return false;
        if (must_skip(r, r->tasks[i]))
            continue;
        if (!mark_ahead(r, i, err) || !retire(r, i, err))
            return false;
        prt_exec_settle(r->x);
    }
    return true;
}

/* An interrupted run takes back the markers of what it did not come to detach. */
static void
unmark_rest(retirement *r)
{
    prt_executor *x = r->x;
    bool before = prt_conn_shield(x->conn, true);
    for (size_t i = 0; i < r->length; i++) {
        prt_status status = prt_exec_outcome(x, r->tasks[i])->status;
        bool begun = r->marked[i] || status == PRT_STATUS_FAILED;
        const prt_operation *op = prt_exec_operation(x, r->tasks[i]);
        if (status == PRT_STATUS_DONE || !begun || !detaches(prt_exec_set(x, r->tasks[i]), op))
            continue;
        detach_state state = look_at(x, op);
        unmark(x, r->tasks[i], &state);
    }
    prt_conn_shield(x->conn, before);
}

bool
prt_exec_retire(prt_executor *x, prt_error *err)
{
    retirement r = {.x = x};
    collect_tasks(&r);
    bool ok = retire_all(&r, err);
    if (!ok && err->code == PRT_ERR_INTERRUPTED)
        unmark_rest(&r);
    return ok;
}
