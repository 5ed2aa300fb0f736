/* The two probes behind `check --deep`: what a query reads (deep_explain.c), and what an insert does (deep_insert.c). */
#ifndef PRT_PG_DEEP_H
#define PRT_PG_DEEP_H

#include "model/plan.h"
#include "pg/conn.h"

typedef struct prt_deep {
    prt_conn *conn;
    prt_arena *arena;
    prt_plan *plan;
    bool replica; /* triggers can be switched off for a transaction */
} prt_deep;

/*
 * How many partitions of the set (its direct children) a query with this condition on the parent would read, as EXPLAIN
 * tells; a branch counts once. `pruning` forces enable_partition_pruning on: then it tells where a row would go.
 */
PRT_NODISCARD bool prt_deep_explain(prt_deep *deep, const prt_set *set, const char *condition, bool pruning,
                                    size_t *partitions, prt_error *err);

typedef enum prt_trial {
    PRT_TRIAL_TAKEN,    /* the row was stored (and taken back), or refused for what the trial made up */
    PRT_TRIAL_REFUSED,  /* the table refuses it: err says why */
    PRT_TRIAL_NOT_MADE, /* it could not be tried: err says why */
} prt_trial;

/* Inserts a row with this key into the parent, and rolls back. No trigger that somebody wrote fires. False: the session is
 * of no more use. */
PRT_NODISCARD bool prt_deep_insert(prt_deep *deep, const prt_set *set, const char *key, prt_trial *trial,
                                   prt_error *why, prt_error *err);

#endif
