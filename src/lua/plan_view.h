/*
 * Plans for Lua: partrun.plan(db, policies, opts) and partrun.check(db, policies, opts) -> plan.
 *
 * plan:operations() plan:findings() plan:sets() -> lists      plan:json() -> text      tostring(plan) -> text for people
 * plan:apply(opts) -> result, or nil, message, code and, when a part was done, the result
 */
#ifndef PRL_LUA_PLAN_VIEW_H
#define PRL_LUA_PLAN_VIEW_H

#include <lua.h>

int prl_plan(lua_State *L);
int prl_check(lua_State *L);

#endif
