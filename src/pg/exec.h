/*
 * Execution of a plan. Creations of all sets first (exec_create.h), then retirement one partition at a time
 * (exec_retire.h); this is what the two share: outcomes and how they are told, scripts of statements, action hooks.
 */
#ifndef PRT_PG_EXEC_H
#define PRT_PG_EXEC_H

#include "pg/journal.h"
#include "pg/run.h"

typedef struct prt_task {
    size_t set, operation; /* indexes into the plan */
} prt_task;

typedef struct prt_executor {
    prt_conn *conn;
    prt_arena *arena;
    const prt_run_options *options;
    prt_result *result;
    prt_journal *journal;  /* NULL: none wanted */
    uint64_t random;       /* state of prt_retry_random */
    size_t told, total;    /* operations that have ended, of all */
    PRT_VEC(prt_task) due; /* ended, with their hooks and rows still to come (prt_exec_settle) */
} prt_executor;

prt_set *prt_exec_set(const prt_executor *x, prt_task task);
prt_operation *prt_exec_operation(const prt_executor *x, prt_task task);
prt_outcome *prt_exec_outcome(const prt_executor *x, prt_task task);
/* Timeouts of a set's policy, or the run's override; milliseconds. */
int64_t prt_exec_lock_timeout(const prt_executor *x, const prt_set *set);
int64_t prt_exec_statement_timeout(const prt_executor *x, const prt_set *set);

/* The run cannot go on: the session is gone, or somebody wants us to stop. */
bool prt_exec_fatal(const prt_error *err);
/* PRT_ERR_INTERRUPTED once the flag is up. */
PRT_NODISCARD bool prt_exec_uninterrupted(const prt_executor *x, prt_error *err);
/* Sleeps; earlier back on an interrupt. */
void prt_exec_sleep(const prt_executor *x, int64_t usec);

/* How operations end: the outcome, the counts, the log, the progress, findings of failures. */
void prt_exec_started(prt_executor *x, prt_task task);
void prt_exec_going_on(prt_executor *x, prt_task task, int64_t rows, int64_t elapsed);
void prt_exec_done(prt_executor *x, prt_task task, int attempts, int64_t duration);
void prt_exec_failed(prt_executor *x, prt_task task, int attempts, int64_t duration, const prt_error *err);
void prt_exec_skipped(prt_executor *x, prt_task task, const prt_error *why);
/*
 * What follows the end of operations and needs the first session, idle: the journal's rows of failures, the hooks on_create,
 * after_drop and on_error. A hook that raises after the work was done makes the outcome a failure all the same.
 */
void prt_exec_settle(prt_executor *x);

/*
 * A script: the statements of one transaction, each with the task it belongs to, so that a failure finds its operation.
 * A PRT_LONG statement runs without statement_timeout, the others under `statement_ms`.
 */
typedef struct prt_script {
    PRT_VEC(const char *) sql;
    PRT_VEC(int) owners; /* index of a task, or PRT_OWNER_JOURNAL, or PRT_OWNER_NONE */
    bool lifted;         /* has PRT_LONG statements: the session's own timeout must be 0 */
    bool now_lifted;
    int64_t statement_ms;
} prt_script;

enum { PRT_OWNER_NONE = -1, PRT_OWNER_JOURNAL = -2 };

void prt_script_add(prt_arena *arena, prt_script *script, const prt_statement *statement, int owner);
void prt_script_journal(prt_arena *arena, prt_script *script, const char *insert); /* NULL: nothing */
/* Whose statement failed; `failed` as prt_exec_transaction gives it. */
int prt_script_owner(const prt_script *script, size_t failed);
/* Sets the session's timeouts for this script; they go with it. */
void prt_script_timeouts(prt_conn *conn, const prt_script *script, int64_t lock_ms);

/* Where the transaction (or the PRT_ALONE statement) that begins at `start` ends. */
size_t prt_group_end(const prt_statement *statements, size_t length, size_t start);

/* True when the policy has this action hook. */
bool prt_hook_wanted(const prt_set *set, prt_hook hook);
/* Calls it; no-op without one. `cause` only for PRT_HOOK_ERROR. */
PRT_NODISCARD bool prt_hook_call(prt_executor *x, prt_task task, prt_hook hook, const char *state,
                                 const prt_error *cause, prt_error *err);

#endif
