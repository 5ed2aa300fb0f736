/*
 * Purges: expired rows of one tenant, deleted in batches, one partition after the other. Each batch is a statement and a
 * transaction of its own, with a pause after it; a run that is stopped has deleted what it has deleted, and the next goes on.
 */
#ifndef PRT_PG_EXEC_PURGE_H
#define PRT_PG_EXEC_PURGE_H

#include "pg/exec.h"

/* The whole operation, its outcome included; operation->rows says how many rows went. False: the run has to stop. */
PRT_NODISCARD bool prt_exec_purge(prt_executor *x, prt_task task, prt_error *err);

#endif
