/* partrun.quote_ident(name) and partrun.quote_literal(value), for SQL that parameters cannot express. */
#ifndef PRL_LUA_QUOTE_H
#define PRL_LUA_QUOTE_H

#include <lua.h>

/* Adds both functions to the table on the top. */
void prl_add_quote(lua_State *L);

#endif
