/* Shared by the value types' files: their names, and how their metatables are made. */
#ifndef PRL_LUA_TYPES_H
#define PRL_LUA_TYPES_H

#include <lauxlib.h>
#include <lua.h>

#include "model/grid.h"

#define PRL_TIME "partrun.time"
#define PRL_INTERVAL "partrun.interval"
#define PRL_RANGE "partrun.range"

/* A metatable named `name`, closed to Lua code; `methods` become its __index (NULL: meta has one of its own). */
void prl_new_type(lua_State *L, const char *name, const luaL_Reg *meta, const luaL_Reg *methods);
/* Pushes a new userdata of that type. */
void *prl_new_value(lua_State *L, size_t size, const char *name);

void prl_open_time(lua_State *L);
void prl_open_interval(lua_State *L);
void prl_open_range(lua_State *L);

/* The grid of an interval and the options {timezone=, anchor=} at these indexes; raises when there is none. */
void prl_check_grid(lua_State *L, int interval_index, int options_index, prt_grid *grid);

#endif
