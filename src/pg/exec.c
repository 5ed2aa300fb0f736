/* Outcomes: how an operation ends, and who is told. */
#include "pg/exec.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "model/ident.h"

const char *const prt_status_names[] = {"planned", "done", "failed", "skipped"};

prt_set *
prt_exec_set(const prt_executor *x, prt_task task)
{
    return &x->result->plan->sets.items[task.set];
}

prt_operation *
prt_exec_operation(const prt_executor *x, prt_task task)
{
    return &prt_exec_set(x, task)->operations.items[task.operation];
}

prt_outcome *
prt_exec_outcome(const prt_executor *x, prt_task task)
{
    return &x->result->outcomes[task.set][task.operation];
}

int64_t
prt_exec_lock_timeout(const prt_executor *x, const prt_set *set)
{
    return x->options->lock_timeout_ms > 0 ? x->options->lock_timeout_ms : set->spec->lock_timeout_ms;
}

int64_t
prt_exec_statement_timeout(const prt_executor *x, const prt_set *set)
{
    return x->options->statement_timeout_ms > 0 ? x->options->statement_timeout_ms : set->spec->statement_timeout_ms;
}

bool
prt_exec_fatal(const prt_error *err)
{
    return err->code == PRT_ERR_CONNECT || err->code == PRT_ERR_INTERRUPTED;
}

static bool
interrupted(const prt_executor *x)
{
    const prt_conn_options *options = prt_conn_options_of(x->conn);
    return options->interrupt != NULL && *options->interrupt != 0;
}

bool
prt_exec_uninterrupted(const prt_executor *x, prt_error *err)
{
    return !interrupted(x) || prt_fail(err, PRT_ERR_INTERRUPTED, "interrupted");
}

void
prt_exec_sleep(const prt_executor *x, int64_t usec)
{
    const int64_t slice = 20 * PRT_USEC_PER_MSEC;
    int64_t end = prt_clock_monotonic() + usec;
    for (int64_t left = usec; left > 0 && !interrupted(x); left = end - prt_clock_monotonic()) {
        int64_t now = left < slice ? left : slice;
        struct timespec wait = {.tv_nsec = (long) (now * 1000)};
        nanosleep(&wait, NULL);
    }
}

static void
tell(prt_executor *x, prt_task task, const prt_outcome *outcome)
{
    if (outcome != NULL)
        x->told++;
    if (x->options->progress == NULL)
        return;
    prt_run_event event = {.set = prt_exec_set(x, task),
                           .operation = prt_exec_operation(x, task),
                           .outcome = outcome,
                           .index = x->told,
                           .total = x->total};
    x->options->progress(x->options->progress_data, &event);
}

static const char *
object(const prt_executor *x, prt_task task)
{
    const prt_operation *op = prt_exec_operation(x, task);
    return prt_ident_display(x->arena, op->schema, op->name);
}

static void
log_outcome(const prt_executor *x, prt_task task, const prt_outcome *outcome)
{
    bool bad = outcome->status != PRT_STATUS_DONE;
    const prt_operation *op = prt_exec_operation(x, task);
    const prt_error *error = &outcome->error;
    prt_field fields[] = {{"op", prt_op_names[op->op]},
                          {"partition", object(x, task)},
                          {"policy", prt_exec_set(x, task)->spec->name},
                          {"tenant", op->purge != NULL ? op->purge->tenant : prt_exec_set(x, task)->tenant},
                          {"error", bad ? error->message : NULL},
                          {"sqlstate", bad && error->sqlstate[0] != '\0' ? error->sqlstate : NULL},
                          {"hint", bad && error->hint[0] != '\0' ? error->hint : NULL},
                          {NULL, NULL}};
    /* After Ctrl-C, a line for each of a thousand operations that were not begun would bury the one that counts. */
    bool loud = bad && error->code != PRT_ERR_INTERRUPTED;
    prt_log_write(x->options->log, loud ? PRT_WARNING : PRT_DEBUG, prt_status_names[outcome->status], fields);
}

void
prt_exec_started(prt_executor *x, prt_task task)
{
    tell(x, task, NULL);
}

void
prt_exec_going_on(prt_executor *x, prt_task task, int64_t rows, int64_t elapsed)
{
    if (x->options->progress == NULL)
        return;
    prt_run_event event = {.set = prt_exec_set(x, task),
                           .operation = prt_exec_operation(x, task),
                           .index = x->told,
                           .total = x->total,
                           .rows = rows,
                           .elapsed = elapsed};
    x->options->progress(x->options->progress_data, &event);
}

void
prt_exec_done(prt_executor *x, prt_task task, int attempts, int64_t duration)
{
    prt_outcome *outcome = prt_exec_outcome(x, task);
    *outcome = (prt_outcome) {
        .status = PRT_STATUS_DONE, .attempts = attempts, .duration = duration, .note = outcome->note};
    x->result->done++;
    log_outcome(x, task, outcome);
    if (prt_exec_set(x, task)->spec->hooks.actions != 0)
        prt_vec_push(x->arena, &x->due, task);
    tell(x, task, outcome);
}

static void
add_finding(prt_executor *x, prt_task task, prt_finding_code code, const char *message, const char *hint)
{
    prt_set *set = prt_exec_set(x, task);
    prt_finding finding = {.code = code,
                           .severity = PRT_SEVERITY_ERROR,
                           .object = object(x, task),
                           .message = prt_arena_strdup(x->arena, message),
                           .hint = hint};
    prt_vec_push(x->arena, &set->findings, finding);
}

/* It concerns the whole set: once is enough. */
static void
find_no_privilege(prt_executor *x, prt_task task)
{
    prt_set *set = prt_exec_set(x, task);
    for (size_t i = 0; i < set->findings.length; i++)
        if (set->findings.items[i].code == PRT_FINDING_PRIVILEGES)
            return;
    prt_finding finding = {.code = PRT_FINDING_PRIVILEGES,
                           .severity = PRT_SEVERITY_ERROR,
                           .object = prt_ident_display(x->arena, set->schema, set->table),
                           .message = "the role that partrun connects as may not do this",
                           .hint = "connect as the table's owner or a member of that role, with CREATE on the schema"};
    prt_vec_push(x->arena, &set->findings, finding);
}

/* What a refusal says about the state of the set, beyond this one operation. */
static void
find_cause(prt_executor *x, prt_task task, const prt_error *err)
{
    prt_op op = prt_exec_operation(x, task)->op;
    bool creating = op == PRT_OP_CREATE || op == PRT_OP_DRAIN || op == PRT_OP_ALTER || op == PRT_OP_REATTACH;
    if (strcmp(err->sqlstate, "23514") == 0 && creating)
        add_finding(x, task, PRT_FINDING_DEFAULT_BLOCKS, "the default partition holds rows of this range",
                    "default = \"drain\" moves them when their partition is made");
    else if (strcmp(err->sqlstate, "23503") == 0 && op == PRT_OP_PURGE)
        add_finding(x, task, PRT_FINDING_REFERENCED, "expired rows are still referenced by a foreign key",
                    "they stay until the referencing rows are gone");
    else if (strcmp(err->sqlstate, "23503") == 0)
        add_finding(x, task, PRT_FINDING_REFERENCED, "rows of this partition are referenced by a foreign key",
                    "it stays attached until the referencing rows are gone");
    else if (strcmp(err->sqlstate, "42501") == 0)
        find_no_privilege(x, task);
}

static void
advise(const prt_executor *x, prt_task task, prt_error *err)
{
    const prt_operation *op = prt_exec_operation(x, task);
    if (strcmp(err->sqlstate, "3F000") == 0 && op->op == PRT_OP_MOVE)
        prt_fail_hint(err, "CREATE SCHEMA %s, and run apply again: it goes on from here",
                      prt_ident_display(x->arena, NULL, op->destination));
}

static void
fail_outcome(prt_executor *x, prt_task task, int attempts, int64_t duration, const prt_error *err)
{
    prt_outcome *outcome = prt_exec_outcome(x, task);
    *outcome = (prt_outcome) {.status = PRT_STATUS_FAILED, .error = *err, .attempts = attempts, .duration = duration};
    x->result->failed++;
    log_outcome(x, task, outcome);
}

void
prt_exec_failed(prt_executor *x, prt_task task, int attempts, int64_t duration, const prt_error *err)
{
    prt_error told = *err;
    advise(x, task, &told);
    fail_outcome(x, task, attempts, duration, &told);
    find_cause(x, task, err);
    prt_vec_push(x->arena, &x->due, task);
    tell(x, task, prt_exec_outcome(x, task));
}

static void
settle_failure(prt_executor *x, prt_task task)
{
    const prt_outcome *outcome = prt_exec_outcome(x, task);
    prt_journal_row row = {.set = prt_exec_set(x, task),
                           .operation = prt_exec_operation(x, task),
                           .attempts = outcome->attempts,
                           .duration = outcome->duration,
                           .error = &outcome->error};
    prt_journal_write(x->journal, &row);
    prt_error err = {0};
    const prt_table *table = row.operation->table;
    bool detached = outcome->detached || (row.operation->has_range && table != NULL && table->parent_table == NULL);
    const char *state = row.operation->oid == 0 ? "new" : detached ? "detached" : "attached";
    if (!prt_hook_call(x, task, PRT_HOOK_ERROR, state, &outcome->error, &err))
        prt_log_error(x->options->log, &err);
}

static void
settle_success(prt_executor *x, prt_task task)
{
    prt_op op = prt_exec_operation(x, task)->op;
    bool created = op == PRT_OP_CREATE || op == PRT_OP_DRAIN;
    if (!created && op != PRT_OP_DROP)
        return;
    prt_error err = {0};
    if (prt_hook_call(x, task, created ? PRT_HOOK_CREATE : PRT_HOOK_AFTER_DROP, created ? "attached" : "dropped", NULL,
                      &err))
        return;
    const prt_outcome *outcome = prt_exec_outcome(x, task);
    x->result->done--;
    fail_outcome(x, task, outcome->attempts, outcome->duration, &err);
    settle_failure(x, task);
}

void
prt_exec_settle(prt_executor *x)
{
    for (size_t i = 0; i < x->due.length; i++) {
        prt_task task = x->due.items[i];
        if (prt_exec_outcome(x, task)->status == PRT_STATUS_DONE)
            settle_success(x, task);
        else
            settle_failure(x, task);
    }
    x->due.length = 0;
}

void
prt_exec_skipped(prt_executor *x, prt_task task, const prt_error *why)
{
    prt_outcome *outcome = prt_exec_outcome(x, task);
    *outcome = (prt_outcome) {.status = PRT_STATUS_SKIPPED, .error = *why};
    x->result->skipped++;
    log_outcome(x, task, outcome);
    tell(x, task, outcome);
}
