/*
 * Times, intervals and ranges as Lua values (userdata). All of them are immutable.
 *
 * Where a C function wants a time or an interval, its text will do as well. Positions on a key's axis are times for time
 * keys, Lua integers for ids, nil when unbounded.
 */
#ifndef PRL_LUA_VALUES_H
#define PRL_LUA_VALUES_H

#include <lua.h>

#include "model/interval.h"
#include "model/key.h"
#include "model/range.h"

/* Makes the metatables once in a state; called by luaopen_partrun_core. */
void prl_open_values(lua_State *L);

void prl_push_time(lua_State *L, prt_instant at);
void prl_push_interval(lua_State *L, const prt_interval *interval);
void prl_push_range(lua_State *L, bool ids, prt_pos from, prt_pos to);
/* A time or an integer; nil for PRT_POS_MIN and PRT_POS_MAX. */
void prl_push_pos(lua_State *L, bool ids, prt_pos pos);

/* The value's inside, or NULL when it is something else. */
const prt_instant *prl_to_time(lua_State *L, int index);
const prt_interval *prl_to_interval(lua_State *L, int index);

/* A time or its text; an interval or its text: anything else raises. */
prt_instant prl_check_time(lua_State *L, int index);
prt_interval prl_check_interval(lua_State *L, int index);

/* The zone of that name, kept by the state as long as it lives; NULL name: UTC. Raises when there is none. */
const prt_zone *prl_check_zone(lua_State *L, const char *name);

/* partrun.time, interval, range, ranges */
int prl_time(lua_State *L);
int prl_interval(lua_State *L);
int prl_range(lua_State *L);
int prl_ranges(lua_State *L);

#endif
