/*
 * What a plan wants to know about the rows in partitions that tenants share, before it is made again: who has expired rows
 * (snapshot->purgeable), which partitions about to be retired hold rows of tenants nobody knows (snapshot->strangers), and
 * how a tenant's rows are found (prt_parent.tenant_access).
 *
 * What cannot be read keeps everything: such a partition counts as one with strangers, such a set is not purged.
 */
#ifndef PRT_PG_RUN_PURGE_H
#define PRT_PG_RUN_PURGE_H

#include "model/plan.h"
#include "pg/conn.h"

/* *again: something was asked, so that the plan has to be made again. False only when the run has to stop. */
PRT_NODISCARD bool prt_purge_read(prt_conn *conn, prt_arena *arena, prt_snapshot *snapshot, const prt_plan *plan,
                                  bool *again, prt_error *err);

#endif
