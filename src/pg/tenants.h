/* Who a policy's tenants are, and the values of its LIST levels: from its lists and queries to what PostgreSQL prints. */
#ifndef PRT_PG_TENANTS_H
#define PRT_PG_TENANTS_H

#include "pg/run_plan.h"

/*
 * Fills snapshot->tenants and snapshot->sub_values (left NULL where no policy has any). A policy's query runs once, however
 * many tables it has, and all ids are brought to their column's type in one more. What goes wrong with one policy is the
 * `error` of its lists; false only when the run cannot go on. Changes the session's timeouts.
 */
PRT_NODISCARD bool prt_tenants_read(prt_conn *conn, prt_arena *arena, const prt_targets *targets,
                                    const prt_run_options *options, prt_snapshot *snapshot, prt_error *err);

#endif
