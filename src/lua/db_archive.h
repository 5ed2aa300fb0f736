/*
 * partrun.archive(db, table, url, opts) -> { url, rows, bytes, sha256, resumed }
 *   opts: columns = list of names, format = "csv.zst" (where the address does not say it)
 * partrun.restore(db, url, opts) -> { table, schema, name, rows, parent }
 *   opts: into = table, attach = true, parent = table, lock_timeout = interval
 *
 * Both are transactions of their own: not inside db:transaction.
 */
#ifndef PRL_LUA_DB_ARCHIVE_H
#define PRL_LUA_DB_ARCHIVE_H

#include <lua.h>

int prl_archive(lua_State *L);
int prl_restore(lua_State *L);

#endif
