#include "pg/run.h"

#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "pg/exec_create.h"
#include "pg/exec_retire.h"
#include "pg/lock.h"
#include "pg/run_plan.h"

static const char pooler_message[] = "the connection goes through a transaction pooler: locks, settings and concurrent "
                                     "detaches do not work";
static const char pooler_hint[] = "connect to the server itself, or to a pooler in session mode";

bool
prt_run_plan(prt_conn *conn, prt_arena *arena, const prt_spec *const *specs, size_t length,
             const prt_run_options *options, prt_plan **out, prt_error *err)
{
    prt_targets targets;
    *out = NULL;
    if (!prt_targets_resolve(conn, arena, specs, length, options, &targets, err) ||
        !prt_targets_plan(conn, arena, &targets, options, out, err))
        return false;
    for (size_t i = 0; prt_conn_is_pooled(conn) && i < (*out)->sets.length; i++)
        prt_set_find(arena, &(*out)->sets.items[i], PRT_FINDING_POOLER, PRT_SEVERITY_ERROR, pooler_message,
                     pooler_hint);
    return true;
}

/* Sets that another run holds, or that came into being since the locks were taken, are none of this run's business. */
static void
leave_out_unlocked(prt_arena *arena, prt_result *result, const prt_locks *locks)
{
    for (size_t i = 0; i < result->plan->sets.length; i++) {
        prt_set *set = &result->plan->sets.items[i];
        if (set->parent == NULL || !set->plannable ||
            prt_lock_holds(locks, set->outer != NULL ? set->outer->oid : set->parent->oid))
            continue;
        set->operations.length = 0;
        set->findings.length = 0;
        prt_set_find(arena, set, PRT_FINDING_LOCK_HELD, PRT_SEVERITY_INFO, "another run is at work on this table",
                     "it was left out; nothing needs to be done");
        result->locked++;
    }
}

static void
skip_rest(prt_executor *x, const prt_error *why)
{
    const prt_plan *plan = x->result->plan;
    for (size_t s = 0; s < plan->sets.length; s++)
        for (size_t i = 0; i < plan->sets.items[s].operations.length; i++)
            if (x->result->outcomes[s][i].status == PRT_STATUS_PLANNED)
                prt_exec_skipped(x, (prt_task) {.set = s, .operation = i}, why);
}

static bool
execute(prt_conn *conn, prt_arena *arena, const prt_run_options *options, prt_result *result, prt_error *err)
{
    prt_executor x = {.conn = conn, .arena = arena, .options = options, .result = result};
    x.total = prt_plan_operations(result->plan);
    if (x.total == 0)
        return true;
    x.random = (uint64_t) prt_clock_wall();
    (void) !getrandom(&x.random, sizeof x.random, GRND_NONBLOCK);
    if (!options->no_journal)
        x.journal = prt_journal_open(conn, arena, result->plan, options->log);
    result->run_id = prt_journal_run(x.journal);
    bool ok = prt_exec_create(&x, err) && prt_exec_retire(&x, err);
    if (!ok)
        skip_rest(&x, err);
    prt_journal_close(x.journal, result->done, result->failed, result->skipped, ok ? NULL : err);
    return ok;
}

static prt_result *
new_result(prt_arena *arena, prt_plan *plan)
{
    prt_result *result = PRT_NEW(arena, prt_result);
    result->plan = plan;
    result->outcomes = prt_arena_array(arena, plan->sets.length + 1, sizeof *result->outcomes);
    for (size_t i = 0; i < plan->sets.length; i++)
        result->outcomes[i] = prt_arena_array(arena, plan->sets.items[i].operations.length + 1,
                                              sizeof **result->outcomes);
    return result;
}

static bool
plan_and_execute(prt_conn *conn, prt_arena *arena, const prt_targets *targets, const prt_run_options *options,
                 const prt_locks *locks, prt_result **out, prt_error *err)
{
    prt_plan *plan = NULL;
    if (!prt_targets_plan(conn, arena, targets, options, &plan, err))
        return false;
    *out = new_result(arena, plan);
    if (options->fingerprint != NULL && strcmp(options->fingerprint, plan->fingerprint) != 0) {
        prt_fail(err, PRT_ERR_DRIFT, "the database is not as it was when this plan was made");
        return prt_fail_hint(err, "make a new plan and look at it");
    }
    leave_out_unlocked(arena, *out, locks);
    return execute(conn, arena, options, *out, err);
}

bool
prt_run_apply(prt_conn *conn, prt_arena *arena, const prt_spec *const *specs, size_t length,
              const prt_run_options *options, prt_result **out, prt_error *err)
{
    prt_targets targets;
    prt_locks locks;
    *out = NULL;
    if (prt_conn_is_pooled(conn)) {
        prt_fail(err, PRT_ERR_USAGE, "%s", pooler_message);
        return prt_fail_hint(err, "%s", pooler_hint);
    }
    if (!prt_targets_resolve(conn, arena, specs, length, options, &targets, err) ||
        !prt_lock_sets(conn, arena, targets.tables, targets.length, &locks, err))
        return false;
    if (locks.held_length == 0 && locks.busy_length > 0) {
        prt_fail(err, PRT_ERR_LOCKED, "another run is at work on %s",
                 locks.busy_length == 1 ? "this table" : "all of these tables");
        return prt_fail_hint(err, "wait for it to end; \"partrun plan\" shows what is left");
    }
    bool ok = plan_and_execute(conn, arena, &targets, options, &locks, out, err);
    prt_error ignored = {0};
    prt_conn_shield(conn, true);
    if (!prt_lock_release(conn, arena, &locks, &ignored) && ok)
        prt_log_error(options->log, &ignored);
    prt_conn_shield(conn, false);
    return ok;
}
