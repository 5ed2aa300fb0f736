/* plan --sql: the plan as a script for psql. */
#ifndef PRT_CLI_PLAN_SQL_H
#define PRT_CLI_PLAN_SQL_H

#include "base/buf.h"
#include "model/plan.h"

void prt_plan_sql(prt_buf *out, const prt_plan *plan);

#endif
