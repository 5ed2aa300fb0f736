/* A policy's functions as the hooks of a spec. */
#ifndef PRL_LUA_HOOKS_H
#define PRL_LUA_HOOKS_H

#include <lua.h>

#include "model/spec.h"

/* References of the registry; 0: the policy has no such function. */
typedef struct prl_hooks {
    lua_State *L; /* where they run */
    const prt_spec *spec;
    int retention, hold, archive, naming, encode, decode;
    int actions[PRT_HOOK_COUNT];
} prl_hooks;

/* The state that hooks of `L` run in; kept by the registry. */
lua_State *prl_hooks_state(lua_State *L);
/* Puts the functions that `hooks` has (it outlives the spec) into the spec. */
void prl_hooks_install(prl_hooks *hooks, prt_spec *spec);
/* Reads a retention in its normal form, {age= | ids= | partitions= | bytes=}, at absolute index `t`; raises. */
void prl_read_retention(lua_State *L, int t, prt_retention *out);

#endif
