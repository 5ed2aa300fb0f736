/* What the program around a Lua state lends to it: the log, and for action hooks the database. */
#ifndef PRL_LUA_HOST_H
#define PRL_LUA_HOST_H

#include <signal.h>

#include <lua.h>

#include "base/log.h"

typedef struct prl_host {
    bool (*push_db)(void *data, lua_State *L, prt_error *err); /* pushes one value or fails; NULL: ctx.db is nil */
    void *data;
    const prt_log *log;               /* NULL: stderr */
    volatile sig_atomic_t *interrupt; /* not zero: stop waiting; NULL: there is none */
} prl_host;

/* `host` is kept, not copied. */
void prl_host_set(lua_State *L, const prl_host *host);
const prl_host *prl_host_get(lua_State *L); /* never NULL */

#endif
