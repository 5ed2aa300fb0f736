/*
 * The options of partrun.plan, partrun.check and plan:apply, from a Lua table:
 *
 * now = time, only = "create" or "retire", max_drop = 3 or "20%" or "all", jobs = 2, journal = false,
 * at = time or id; from = and to = likewise (create what holds these, retire nothing),
 * retire = name or list of names, force_retention = true (retire just these), sizes = false,
 * lock_timeout = interval, statement_timeout = interval; check only: deep = true
 */
#ifndef PRL_LUA_PLAN_OPTIONS_H
#define PRL_LUA_PLAN_OPTIONS_H

#include <lua.h>

#include "pg/run.h"

/* Fills `out` from the table at `index` (nil or none: the defaults, which the command line gives). What it points to lives in
 * `arena`, which is in a box. Unknown or ill-typed options raise. `deep` is set for a check that asks for it. */
void prl_plan_options(lua_State *L, int index, bool checking, prt_arena *arena, prt_run_options *out, bool *deep);
/* plan:apply's: jobs, journal, lock_timeout, statement_timeout; they change `out`. */
void prl_apply_options(lua_State *L, int index, prt_run_options *out);

#endif
