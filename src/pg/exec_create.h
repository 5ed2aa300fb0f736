/*
 * Creations of all sets, in batches: whole operations in one pipelined transaction, across sets, within the lock budget.
 *
 * With several sessions the sets are shared out, so that no two of our sessions ever lock the same parent, or a table that
 * a foreign key ties to it; a single large set has its tables made by all sessions and attached by the first.
 */
#ifndef PRT_PG_EXEC_CREATE_H
#define PRT_PG_EXEC_CREATE_H

#include "pg/exec.h"

/* How many of the set's operations, from the first, belong to creation: everything before the first retirement. */
size_t prt_exec_creations(const prt_set *set);
/* False only when the run has to stop; failures of operations are outcomes. */
PRT_NODISCARD bool prt_exec_create(prt_executor *x, prt_error *err);

#endif
