/*
 * The loop of creation. A batch that fails is tried again when the failure is worth it; otherwise it is taken apart, so that
 * only the operation that is to blame fails: first the other sets are split off, then it goes one operation at a time.
 */
#include "pg/exec_create.h"

#include <string.h>

#include "base/clock.h"
#include "pg/exec_jobs.h"
#include "pg/retry.h"

typedef struct set_state {
    bool locked_out; /* all tries for a lock were in vain: what follows gets one try each */
    bool unguarded;  /* the default partition could not be fenced off: attaching would scan it under a lock */
    bool guarding;   /* a guard was begun: it may stand */
} set_state;

typedef struct works {
    prt_executor *x;
    prt_crew crew;
    set_state *sets;
} works;

size_t
prt_exec_creations(const prt_set *set)
{
    size_t length = 0;
    while (length < set->operations.length) {
        prt_op op = set->operations.items[length].op;
        if (op != PRT_OP_CREATE && op != PRT_OP_DRAIN && op != PRT_OP_ALTER && op != PRT_OP_REATTACH)
            break;
        length++;
    }
    return length;
}

static bool
attaches(prt_op op)
{
    return op == PRT_OP_CREATE || op == PRT_OP_DRAIN || op == PRT_OP_REATTACH;
}

static bool
is_alter(const prt_operation *op, prt_alter alter)
{
    return op->op == PRT_OP_ALTER && op->alter == alter;
}

/* Takes creations that must not be tried any more out of a batch. */
static void
leave_out(works *w, prt_batch *batch)
{
    size_t kept = 0;
    for (size_t i = 0; i < batch->length; i++) {
        prt_task task = batch->tasks[i];
        if (!w->sets[task.set].unguarded || !attaches(prt_exec_operation(w->x, task)->op)) {
            batch->tasks[kept++] = task;
            continue;
        }
        prt_error why = {0};
        prt_fail(&why, PRT_ERR_FAILED, "not tried: the default partition could not be fenced off before it");
        prt_exec_skipped(w->x, task, &why);
    }
    batch->length = kept;
}

static void
start_telling(works *w, prt_batch *batch)
{
    if (batch->started != 0)
        return;
    batch->started = prt_clock_monotonic();
    for (size_t i = 0; i < batch->length; i++)
        prt_exec_started(w->x, batch->tasks[i]);
}

/* The batch's step is through: the next one, or the end. */
static void
complete(works *w, prt_session *session, prt_batch *batch)
{
    prt_executor *x = w->x;
    const prt_operation *first = prt_exec_operation(x, batch->tasks[0]);
    if (batch->stage == PRT_STAGE_MAKE) {
        batch->stage = PRT_STAGE_ATTACH;
        batch->attempts = 0;
        prt_queue_append(&w->crew.sessions[0].queue, batch);
        return;
    }
    if (batch->end < first->statements_length) {
        batch->statement = batch->end;
        batch->attempts = 0;
        prt_queue_prepend(&session->queue, batch);
        return;
    }
    int64_t each = (prt_clock_monotonic() - batch->started) / (int64_t) batch->length;
    for (size_t i = 0; i < batch->length; i++)
        prt_exec_done(x, batch->tasks[i], batch->attempts + 1, each);
}

static void
fail_all(works *w, const prt_batch *batch, const prt_error *err)
{
    int64_t each = (prt_clock_monotonic() - batch->started) / (int64_t) batch->length;
    for (size_t i = 0; i < batch->length; i++) {
        prt_task task = batch->tasks[i];
        const prt_operation *op = prt_exec_operation(w->x, task);
        if (is_alter(op, PRT_ALTER_GUARD))
            w->sets[task.set].unguarded = true;
        prt_exec_failed(w->x, task, batch->attempts, each, err);
    }
}

static prt_batch *
part_of(works *w, const prt_batch *batch, size_t set, bool same)
{
    prt_batch *part = prt_batch_new(w->x->arena, batch->stage, batch->tasks, batch->length);
    part->attempts = same ? batch->attempts : 0;
    part->started = batch->started;
    part->length = 0;
    for (size_t i = 0; i < batch->length; i++)
        if ((batch->tasks[i].set == set) == same)
            part->tasks[part->length++] = batch->tasks[i];
    return part;
}

/* Parts the set to blame from the others; false when there are no others. */
static bool
split_by_set(works *w, prt_session *session, const prt_batch *batch, size_t set, prt_batch **blamed)
{
    prt_batch *others = part_of(w, batch, set, false);
    *blamed = part_of(w, batch, set, true);
    if (others->length == 0)
        return false;
    prt_queue_prepend(&session->queue, *blamed);
    prt_queue_prepend(&session->queue, others);
    return true;
}

static void
take_apart(works *w, prt_session *session, const prt_batch *batch)
{
    for (size_t i = batch->length; i-- > 0;) {
        prt_batch *one = prt_batch_new(w->x->arena, batch->stage, &batch->tasks[i], 1);
        one->started = batch->started;
        prt_queue_prepend(&session->queue, one);
    }
}

static void
retry_later(works *w, prt_session *session, prt_batch *batch)
{
    int64_t delay = prt_retry_delay(batch->attempts, prt_retry_random(&w->x->random));
    batch->not_before = prt_clock_monotonic() + delay;
    prt_queue_prepend(&session->queue, batch);
}

static void
recover(works *w, prt_session *session, prt_batch *batch, int owner, const prt_error *err)
{
    if (owner == PRT_OWNER_JOURNAL) {
        prt_journal_off(w->x->journal, err);
        prt_queue_prepend(&session->queue, batch);
        return;
    }
    batch->attempts++;
    size_t set = batch->tasks[owner >= 0 ? owner : 0].set;
    prt_batch *blamed;
    bool worth = prt_retry_worth(err);
    bool lifts = is_alter(prt_exec_operation(w->x, batch->tasks[0]), PRT_ALTER_UNGUARD); /* must not stay behind */
    int retries = w->sets[set].locked_out && !lifts ? 0 : prt_exec_set(w->x, batch->tasks[0])->spec->retries;
    if (owner >= 0 && split_by_set(w, session, batch, set, &blamed)) {
        if (worth)
            blamed->not_before = prt_clock_monotonic() + prt_retry_delay(1, prt_retry_random(&w->x->random));
        return;
    }
    if (worth && batch->attempts <= retries) {
        retry_later(w, session, batch);
        return;
    }
    if (worth)
        w->sets[set].locked_out = true;
    if (!worth && batch->length > 1)
        take_apart(w, session, batch);
    else
        fail_all(w, batch, err);
}

/* An extra session is gone: what it had in hand failed (its COMMIT may even have arrived), the rest goes to the first. */
static void
lose_session(works *w, prt_session *session, const prt_batch *batch, const prt_error *err)
{
    prt_log_error(w->x->options->log, err);
    fail_all(w, batch, err);
    prt_conn_close(session->conn);
    session->conn = NULL;
    while (session->queue.first != NULL) {
        prt_batch *next = session->queue.first;
        session->queue.first = next->next;
        prt_queue_append(&w->crew.sessions[0].queue, next);
    }
    session->queue.last = NULL;
}

/* Looks at how a batch ended. False: the run has to stop. */
static bool
conclude(works *w, prt_session *session, prt_batch *batch, bool ok, size_t failed, prt_error *why, prt_error *err)
{
    session->running = NULL;
    if (ok) {
        complete(w, session, batch);
        return true;
    }
    if (!prt_exec_fatal(why)) {
        recover(w, session, batch, prt_script_owner(&session->script, failed), why);
        return true;
    }
    batch->attempts++;
    if (why->code == PRT_ERR_CONNECT && session != &w->crew.sessions[0]) {
        lose_session(w, session, batch, why);
        return true;
    }
    fail_all(w, batch, why);
    if (err->code == PRT_OK)
        *err = *why;
    return false;
}

static bool
is_alone(const prt_executor *x, const prt_batch *batch)
{
    const prt_operation *op = prt_exec_operation(x, batch->tasks[0]);
    return batch->length == 1 && batch->stage == PRT_STAGE_WHOLE &&
           (op->statements[batch->statement].flags & PRT_ALONE) != 0;
}

/* Sends a batch; what fails already here is concluded at once. */
static bool
begin(works *w, prt_session *session, prt_batch *batch, prt_error *err)
{
    prt_executor *x = w->x;
    leave_out(w, batch);
    if (batch->length == 0)
        return true;
    start_telling(w, batch);
    if (is_alter(prt_exec_operation(x, batch->tasks[0]), PRT_ALTER_GUARD))
        w->sets[batch->tasks[0].set].guarding = true;
    prt_batch_script(x, batch, &session->script);
    prt_script *script = &session->script;
    prt_error why = {0};
    if (script->sql.length == 0) /* all of these were made by an earlier run */
        return conclude(w, session, batch, true, 0, &why, err);
    prt_script_timeouts(session->conn, script, prt_exec_lock_timeout(x, prt_exec_set(x, batch->tasks[0])));
    if (is_alone(x, batch))
        return conclude(w, session, batch, prt_exec(session->conn, script->sql.items[0], &why), 0, &why, err);
    if (!prt_conn_begin_transaction(session->conn, script->sql.items, script->sql.length, &why))
        return conclude(w, session, batch, false, 0, &why, err);
    session->running = batch;
    return true;
}

/* Gives every idle session something to do. */
static bool
hand_out(works *w, int64_t *wake, prt_error *err)
{
    for (size_t i = 0; i < w->crew.length; i++) {
        prt_session *session = &w->crew.sessions[i];
        while (session->conn != NULL && session->running == NULL) {
            if (i == 0 && w->x->due.length > 0)
                prt_exec_settle(w->x);
            int64_t now = prt_clock_monotonic();
            prt_batch *batch = prt_queue_take(&session->queue, now, wake);
            if (batch == NULL)
                batch = prt_queue_take(&w->crew.shared, now, wake);
            if (batch == NULL)
                break;
            if (!begin(w, session, batch, err))
                return false;
        }
    }
    return true;
}

static size_t
busy_sessions(works *w, prt_conn **conns, prt_session **sessions)
{
    size_t n = 0;
    for (size_t i = 0; i < w->crew.length; i++) {
        if (w->crew.sessions[i].running == NULL)
            continue;
        sessions[n] = &w->crew.sessions[i];
        conns[n++] = w->crew.sessions[i].conn;
    }
    return n;
}

static bool
finish(works *w, prt_session *session, prt_error *err)
{
    size_t failed = 0;
    prt_error why = {0};
    bool ok = prt_conn_finish_transaction(session->conn, &failed, &why);
    return conclude(w, session, session->running, ok, failed, &why, err);
}

/* Waits for one of the busy sessions, at most until `wake`. */
static bool
collect(works *w, prt_conn **conns, prt_session **sessions, size_t n, int64_t wake, prt_error *err)
{
    int64_t left = wake == 0 ? 0 : (wake - prt_clock_monotonic()) / 1000;
    prt_error why = {0};
    int index = prt_conn_wait_any(conns, n, wake != 0 && left < 1 ? 1 : left, &why);
    if (index >= 0)
        return finish(w, sessions[index], err);
    if (why.code == PRT_OK || why.code == PRT_ERR_TIMEOUT)
        return true;
    *err = why;
    return false;
}

static bool
work(works *w, prt_error *err)
{
    prt_conn **conns = prt_arena_array(w->x->arena, w->crew.length, sizeof *conns);
    prt_session **sessions = prt_arena_array(w->x->arena, w->crew.length, sizeof *sessions);
    for (;;) {
        int64_t wake = 0;
        if (!prt_exec_uninterrupted(w->x, err) || !hand_out(w, &wake, err))
            return false;
        size_t n = busy_sessions(w, conns, sessions);
        if (n == 0 && wake == 0)
            return true;
        if (n == 0)
            prt_exec_sleep(w->x, wake - prt_clock_monotonic());
        else if (!collect(w, conns, sessions, n, wake, err))
            return false;
    }
}

/* After a stop: what is under way is cancelled or has just come through; either way its outcome is known. */
static void
stop(works *w)
{
    prt_error ignored = {.code = PRT_ERR_INTERRUPTED};
    for (size_t i = 0; i < w->crew.length; i++)
        if (w->crew.sessions[i].running != NULL)
            (void) !finish(w, &w->crew.sessions[i], &ignored);
}

/* A guard refuses rows: an interrupted run does not leave it standing until the next one. */
static void
lift_guard(works *w, prt_task task)
{
    enum { TRIES = 3 };
    prt_executor *x = w->x;
    const prt_set *set = prt_exec_set(x, task);
    const prt_operation *op = prt_exec_operation(x, task);
    prt_error why = {0};
    int64_t began = prt_clock_monotonic();
    bool before = prt_conn_shield(x->conn, true), ok = false;
    for (int i = 1; i <= TRIES && !ok && (i == 1 || prt_retry_worth(&why)); i++) {
        why = (prt_error) {0};
        ok = prt_conn_timeouts(x->conn, prt_exec_lock_timeout(x, set), prt_exec_statement_timeout(x, set), &why) &&
             prt_exec(x->conn, op->statements[0].sql, &why);
        if (ok && prt_exec_outcome(x, task)->status == PRT_STATUS_PLANNED)
            prt_exec_done(x, task, i, prt_clock_monotonic() - began);
    }
    prt_conn_shield(x->conn, before);
    if (!ok)
        prt_log_error(x->options->log, &why);
}

static void
lift_guards(works *w)
{
    const prt_plan *plan = w->x->result->plan;
    for (size_t s = 0; s < plan->sets.length; s++)
        for (size_t i = prt_exec_creations(&plan->sets.items[s]); w->sets[s].guarding && i-- > 0;) {
            prt_task task = {.set = s, .operation = i};
            bool left = prt_exec_outcome(w->x, task)->status != PRT_STATUS_DONE;
            if (left && is_alter(prt_exec_operation(w->x, task), PRT_ALTER_UNGUARD))
                lift_guard(w, task);
        }
}

bool
prt_exec_create(prt_executor *x, prt_error *err)
{
    works w = {.x = x, .sets = prt_arena_array(x->arena, x->result->plan->sets.length, sizeof(set_state))};
    if (!prt_crew_gather(x, &w.crew, err))
        return false;
    bool ok = work(&w, err);
    if (!ok) {
        stop(&w);
        if (err->code == PRT_ERR_INTERRUPTED)
            lift_guards(&w);
    } else {
        prt_exec_settle(x);
    }
    prt_crew_dismiss(&w.crew);
    return ok;
}
