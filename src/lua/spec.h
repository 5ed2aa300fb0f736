/*
 * From a policy (what partrun.policy returned) to a prt_spec. Nothing is taken on trust: whatever Lua holds or returns
 * is looked at again here.
 */
#ifndef PRL_LUA_SPEC_H
#define PRL_LUA_SPEC_H

#include <lua.h>

#include "model/spec.h"

bool prl_is_policy(lua_State *L, int index);

/*
 * Reads the policy at `index`. The spec's texts live in `arena`; its hooks are kept by the state's registry and run in
 * `L` (a main state), which outlives the spec. Decision hooks run in phase PRL_DECISION, action hooks in PRL_ACTION.
 */
PRT_NODISCARD bool prl_spec_read(lua_State *L, int index, prt_arena *arena, prt_spec *spec, prt_error *err);
/* Lets go of the spec's functions: for specs that do not live as long as the state. The spec is not used afterwards. */
void prl_spec_release(lua_State *L, const prt_spec *spec);

#endif
