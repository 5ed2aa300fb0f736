/*
 * partrun.load(path) for scripts: the policies of a file, or of a folder's files, as a list. The Lua half is
 * lua/partrun/load.lua; here is what Lua's own library has not: reading a folder.
 */
#ifndef PRL_LUA_LOAD_H
#define PRL_LUA_LOAD_H

#include <lua.h>

/* Pushes the function. */
void prl_push_load(lua_State *L);

#endif
