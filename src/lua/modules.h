/* partrun's own modules inside a Lua state. */
#ifndef PRL_LUA_MODULES_H
#define PRL_LUA_MODULES_H

#include <stdbool.h>

#include <lua.h>

/* The pure C half, `partrun.core`: values, checks of texts. Needs no database. */
int luaopen_partrun_core(lua_State *L);

/* Puts partrun.core into package.preload and a searcher for the embedded Lua files behind it. Needs the package library. */
void prl_open_modules(lua_State *L);
/* Pushes the compiled chunk of an embedded module ("partrun.policy"), or returns false and pushes nothing. */
bool prl_load_module(lua_State *L, const char *name);

#endif
