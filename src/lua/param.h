/*
 * Lua values as texts that PostgreSQL reads: for bound parameters and for quote_literal.
 *
 * nil            NULL
 * string         itself (without zero bytes)
 * boolean        true, false
 * number         all its digits; Infinity, NaN
 * time, interval their texts
 * table, partrun.json.null   JSON
 */
#ifndef PRL_LUA_PARAM_H
#define PRL_LUA_PARAM_H

#include <lua.h>

#include "base/arena.h"

/* NULL for nil. What has no such text raises, as an error of the argument at `index`. `arena` is in a box. */
const char *prl_param_text(lua_State *L, int index, prt_arena *arena);

#endif
