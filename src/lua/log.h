/* partrun.log: debug, info, warning and error, each (message, fields). */
#ifndef PRL_LUA_LOG_H
#define PRL_LUA_LOG_H

#include <lua.h>

#include "base/log.h"

/* Pushes the table. `log` outlives the state; NULL: stderr, from info on. */
int prl_open_log(lua_State *L, const prt_log *log);

#endif
