/* The first half of a run: from policies to tables, and from tables to a plan. run.c builds both doors from it. */
#ifndef PRT_PG_RUN_PLAN_H
#define PRT_PG_RUN_PLAN_H

#include "pg/run.h"

/* One entry a table. A policy whose tables could not be found out affects only itself: it is in `broken`. */
typedef struct prt_targets {
    const char **tables; /* as prt_ident_parse reads them */
    const prt_spec **specs;
    size_t length;
    struct prt_broken {
        const prt_spec *spec;
        const prt_error *error;
    } * broken;
    size_t broken_length;
} prt_targets;

PRT_NODISCARD bool prt_targets_resolve(prt_conn *conn, prt_arena *arena, const prt_spec *const *specs, size_t length,
                                       const prt_run_options *options, prt_targets *out, prt_error *err);
PRT_NODISCARD bool prt_targets_plan(prt_conn *conn, prt_arena *arena, const prt_targets *targets,
                                    const prt_run_options *options, prt_plan **out, prt_error *err);
void prt_set_find(prt_arena *arena, prt_set *set, prt_finding_code code, prt_severity severity, const char *message,
                  const char *hint);

/*
 * Which of the plan's creations have rows in their set's default partition now: prt_ident_qualify names, sorted. One query;
 * where a default partition cannot be read, one a set, and false, but the answers of the others are there.
 */
PRT_NODISCARD bool prt_blocked_read(prt_conn *conn, prt_arena *arena, const prt_plan *plan, const char ***blocked,
                                    size_t *length, prt_error *err);

/* Sets `rows` of default partitions that are empty to 0, whatever the statistics say. One query, where there are any. */
PRT_NODISCARD bool prt_defaults_read(prt_conn *conn, prt_arena *arena, prt_snapshot *snapshot, prt_error *err);

#endif
