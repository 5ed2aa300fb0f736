/* Retirement: one partition at a time, on the run's own session, each failure for itself. */
#ifndef PRT_PG_EXEC_RETIRE_H
#define PRT_PG_EXEC_RETIRE_H

#include "pg/exec.h"

/* Everything of the plan that prt_exec_create leaves. False only when the run has to stop. */
PRT_NODISCARD bool prt_exec_retire(prt_executor *x, prt_error *err);

#endif
