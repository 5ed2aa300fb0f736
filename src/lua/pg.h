/*
 * The half of partrun that reaches out, for scripts: connect, load, plan, check, archive, restore and the quoting
 * functions (the module partrun.pg), and beside it partrun.log, partrun.http and partrun.json. Policies get only what the
 * policy room hands to their hooks.
 */
#ifndef PRL_LUA_PG_H
#define PRL_LUA_PG_H

#include <lua.h>

#include "model/instant.h"
#include "pg/conn.h"

/* What the program around a Lua state says about databases and runs: the command line's options. */
typedef struct prl_pg_options {
    prt_conn_options conn; /* `dsn` is the one of connect() without an argument; `log` also serves partrun.log */
    bool has_now;
    prt_instant now;                               /* --now */
    int64_t lock_timeout_ms, statement_timeout_ms; /* --lock-timeout, --statement-timeout; 0: not given */
    bool no_journal;
} prl_pg_options;

/* `options` is kept, not copied, and outlives the state. Call it before the functions below are used. */
void prl_pg_set(lua_State *L, const prl_pg_options *options);
const prl_pg_options *prl_pg_get(lua_State *L); /* never NULL */

/* Puts partrun.pg, partrun.log, partrun.http and partrun.json into package.preload: `require "partrun"` takes them in. */
void prl_open_pg(lua_State *L);

#endif
