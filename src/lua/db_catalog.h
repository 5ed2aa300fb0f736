/* db:partitions: what the catalog says of one table's partitions, as a Lua list. */
#ifndef PRL_LUA_DB_CATALOG_H
#define PRL_LUA_DB_CATALOG_H

#include <lua.h>

#include "pg/conn.h"

/*
 * Pushes the direct partitions of `table` in the order of their bounds, the default last. Each is a table:
 * schema, name, kind ("table", "partitioned", "foreign"), state ("attached", "pending"), bound (PostgreSQL's text),
 * from and to (times or integers; nil when unbounded or of another kind), rows (estimate; nil when unknown), bytes, default.
 */
PRT_NODISCARD bool prl_push_partitions(lua_State *L, prt_conn *conn, const char *table, bool bytes, prt_error *err);

#endif
