/* partrun.quote_ident(name) and partrun.quote_literal(value), for SQL that parameters cannot express; in hooks db:quote_ident
 * and db:quote_literal. */
#ifndef PRL_LUA_QUOTE_H
#define PRL_LUA_QUOTE_H

#include <lua.h>

/* quote_ident("a.b") is one name, "a.b"; quote_ident("s", "t") is a qualified one. */
int prl_quote_ident(lua_State *L);
/* The value as lua/param.h puts it, quoted; NULL for nil. */
int prl_quote_literal(lua_State *L);

#endif
