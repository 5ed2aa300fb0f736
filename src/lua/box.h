/*
 * What C functions called from Lua share: memory that a Lua error cannot leak, and the way failures are returned.
 */
#ifndef PRL_LUA_BOX_H
#define PRL_LUA_BOX_H

#include <lauxlib.h>
#include <lua.h>

#include "base/arena.h"
#include "base/error.h"

/* Pushes a userdata that owns a new arena. It is released when the userdata is collected, or by prl_arena_done. */
prt_arena *prl_arena_box(lua_State *L);
/* Releases the arena of the box at `index` now. */
void prl_arena_done(lua_State *L, int index);

/* Gives the userdata on top the type `name`, made on first use from its metamethods and methods; scripts cannot reach
 * its metatable. */
void prl_set_type(lua_State *L, const char *name, const luaL_Reg *meta, const luaL_Reg *methods);

/* Pushes nil, the message (with its hint), the code's name and, when the server gave one, the SQLSTATE. */
int prl_failure(lua_State *L, const prt_error *err);
/* Raises the error as a programmer's mistake, with the place of the caller. */
int prl_raise(lua_State *L, const prt_error *err);

/* Raises unless every key of the table at `index` (nil or none is fine) is in `names` (NULL-ended); proposes the nearest. */
void prl_check_options(lua_State *L, int index, const char *const *names);

#endif
