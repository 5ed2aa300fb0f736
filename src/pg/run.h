/*
 * A run: the road from specs to a plan, and from a plan to a changed database. Every command is a view on it.
 *
 *   resolve tables -> [lock sets] -> snapshot -> plan -> execute -> journal
 */
#ifndef PRT_PG_RUN_H
#define PRT_PG_RUN_H

#include "base/log.h"
#include "model/plan.h"
#include "pg/archiver.h"

typedef enum prt_status { PRT_STATUS_PLANNED, PRT_STATUS_DONE, PRT_STATUS_FAILED, PRT_STATUS_SKIPPED } prt_status;
extern const char *const prt_status_names[]; /* "planned", "done", "failed", "skipped" */

typedef struct prt_outcome {
    prt_status status;
    prt_error error; /* FAILED, SKIPPED: why */
    int attempts;
    int64_t duration; /* microseconds */
    const char *note; /* DONE: what is left for the next run, and the like; NULL: nothing to add */
    bool detached;    /* FAILED: its partition is out of the set all the same */
} prt_outcome;

typedef struct prt_run_event {
    const prt_set *set;
    const prt_operation *operation;
    const prt_outcome *outcome; /* NULL: it starts, or goes on */
    size_t index, total;
    const prt_archive_progress *archive; /* goes on: how far its archive is; NULL otherwise */
    int64_t rows, elapsed; /* of one that goes on: so far, and microseconds since its start; 0: it starts */
} prt_run_event;

typedef struct prt_run_options {
    prt_plan_options plan;
    bool has_now;
    prt_instant now;
    bool sizes;     /* fill in bytes of what is to be retired (plan, apply's report) */
    bool all_sizes; /* of every partition (stats, check) */
    int jobs;       /* sessions for creation; 0 or 1: this one */
    bool no_journal;
    int64_t lock_timeout_ms, statement_timeout_ms; /* 0: the policy's; override otherwise */
    const char *fingerprint;                       /* a saved plan's: PRT_ERR_DRIFT when the plan of now differs */
    const prt_archiver *archiver;                  /* NULL: operations with an archive fail */
    const prt_log *log;
    void (*progress)(void *data, const prt_run_event *event); /* may be NULL */
    void *progress_data;
} prt_run_options;

typedef struct prt_result {
    prt_plan *plan;
    prt_outcome **outcomes; /* outcomes[set][operation] */
    size_t done, failed, skipped;
    size_t locked;  /* sets another run holds: left out, finding lock_held */
    int64_t run_id; /* in the journal; 0: no journal */
} prt_result;

/*
 * What would be done; takes no lock, changes nothing. `specs` are policies: their tables are resolved here (list or
 * query). A table that does not exist, or is not partitioned, is a finding of its set.
 */
PRT_NODISCARD bool prt_run_plan(prt_conn *conn, prt_arena *arena, const prt_spec *const *specs, size_t length,
                                const prt_run_options *options, prt_plan **out, prt_error *err);
/*
 * Does it: locks each set, plans under the locks, executes (creations of all sets first, then retirement one partition at
 * a time), journals. False only when the run as a whole could not go on (connection lost, interrupted, drift, every set
 * locked); failures of single operations are outcomes. `*out` is set whenever a plan was made, also on failure.
 */
PRT_NODISCARD bool prt_run_apply(prt_conn *conn, prt_arena *arena, const prt_spec *const *specs, size_t length,
                                 const prt_run_options *options, prt_result **out, prt_error *err);
/* check --deep: tries an insert that is rolled back at now and at the horizon, and EXPLAINs pruning; adds findings. */
PRT_NODISCARD bool prt_run_deep(prt_conn *conn, prt_plan *plan, prt_error *err);

#endif
