/*
 * Query results as Lua values: a list of rows, each a table by column name.
 *
 * NULL                                    nil (the field is not there)
 * boolean                                 boolean
 * smallint, integer, bigint, oid          integer
 * real, double precision                  float
 * numeric                                 integer when it is one and fits 64 bits, otherwise its exact text
 * date, timestamp, timestamptz            partrun.time (dates and timestamps read as UTC)
 * json, jsonb                             the decoded value (lua/json.h)
 * everything else                         PostgreSQL's text
 */
#ifndef PRL_LUA_ROWS_H
#define PRL_LUA_ROWS_H

#include <libpq-fe.h>
#include <lua.h>

#include "base/attr.h"
#include "base/error.h"

/* Pushes a userdata that owns one result; starts as NULL. */
PGresult **prl_result_box(lua_State *L);
/* Clears the result of the box now. */
void prl_result_done(PGresult **box);

/* Pushes the list of rows. The result is in a box. A value that Lua cannot hold is PRT_ERR_VALUE; two columns of one
 * name are PRT_ERR_USAGE. */
PRT_NODISCARD bool prl_push_rows(lua_State *L, const PGresult *result, prt_error *err);

#endif
