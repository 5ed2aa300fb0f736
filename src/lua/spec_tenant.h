/* The fields of a policy that are about tenants and about the level below its partitions. Raise what is not as it has to be. */
#ifndef PRL_LUA_SPEC_TENANT_H
#define PRL_LUA_SPEC_TENANT_H

#include <lua.h>

#include "model/spec.h"

/* `t` is the absolute index of the policy's fields in their normal form. Fields that are not there leave `spec` alone. */
void prl_read_tenant(lua_State *L, int t, prt_arena *arena, prt_spec *spec);
void prl_read_purge(lua_State *L, int t, prt_spec *spec);
void prl_read_subpartition(lua_State *L, int t, prt_arena *arena, prt_spec *spec);

/* Pushes a tenant's row as a table; without one (NULL), only the id; nil when there is neither. */
void prl_push_tenant(lua_State *L, const prt_tenant *tenant, const char *id);

#endif
