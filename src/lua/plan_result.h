/* Plans and results as plain Lua tables. */
#ifndef PRL_LUA_PLAN_RESULT_H
#define PRL_LUA_PLAN_RESULT_H

#include <lua.h>

#include "pg/run.h"

/*
 * A list of operations in the order of execution: op, policy, table, schema, partition, from, to (times or ids; nil when
 * unbounded), reason, note, lock, bytes, rows, sql (a list). With a result, also status ("done", "failed", ...),
 * attempts, seconds, and error, code, sqlstate of what failed or was skipped.
 */
void prl_push_operations(lua_State *L, const prt_plan *plan, const prt_result *result);
/* policy, table, code, severity, object, message, hint */
void prl_push_findings(lua_State *L, const prt_plan *plan);
/* policy, schema, name, table, tenant, partitions, bytes, now, horizon, runway (seconds or ids; nil: unbounded) */
void prl_push_sets(lua_State *L, const prt_plan *plan);
/* done, failed, skipped, locked (counts), run_id, operations, findings */
void prl_push_result(lua_State *L, const prt_result *result);

#endif
