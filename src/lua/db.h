/*
 * Connections for Lua: partrun.connect(dsn, opts) -> db, and ctx.db of action hooks.
 *
 * db:query(sql, ...) -> rows               db:exec(sql, ...) -> number of rows affected
 * db:transaction(fn) -> true, fn's results db:tables(pattern) -> list    db:partitions(table, opts) -> list
 * db:quote_ident(name, ...) -> text        db:quote_literal(value) -> text
 * db:version() -> 150018                   db:close()
 *
 * Failures at run time are nil, message, code, and the SQLSTATE when the server gave one. A connection closes when it is
 * closed, when its variable (local db <close>) goes out of scope, or when it is collected.
 */
#ifndef PRL_LUA_DB_H
#define PRL_LUA_DB_H

#include <lua.h>

#include "pg/conn.h"

typedef struct prl_db prl_db;

/* partrun.connect */
int prl_connect(lua_State *L);

/*
 * For prt_policy_host.push_db: `data` is the `const prt_conn_options *` to connect with, which outlives the state. Pushes
 * a db that connects when it is first used; the same one for every hook of the state. It is a session of its own: what
 * a run holds open on its own session is not visible there.
 */
bool prl_push_db(void *data, void *lua_state, prt_error *err);

/* A host's push_db (lua/host.h) while a plan is applied on the db at `index`: ctx.db is then a session of its own to the same
 * database. nil ends it. Raises only for want of memory. */
void prl_hook_source(lua_State *L, int index);
bool prl_push_sibling(void *data, lua_State *L, prt_error *err);

/* The db at `index`. `method`: it is the object of that method, and a message says how methods are called; NULL: it is an
 * argument like others. */
prl_db *prl_check_db(lua_State *L, int index, const char *method);
/* Its connection, made now if it was not yet; NULL and PRT_ERR_USAGE when it was closed or is busy. */
prt_conn *prl_db_conn(prl_db *db, prt_error *err);
/* Also one that SQL has begun. */
bool prl_db_in_transaction(const prl_db *db);
/* While busy it is refused to Lua: hooks that run in the middle of a plan must not use or close its connection. */
void prl_db_set_busy(prl_db *db, bool busy);
/* nil, message, code of a failure; PRT_ERR_USAGE raises. */
int prl_db_failure(lua_State *L, const prt_error *err);

#endif
