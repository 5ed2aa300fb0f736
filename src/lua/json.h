/*
 * JSON for Lua, by jansson.
 *
 * JSON object   table with text keys
 * JSON array    list that carries a mark, so that an empty one stays an array (partrun.json.array marks others)
 * integer       integer, exact; one beyond 64 bits is an error, never rounded
 * other number  float
 * null          partrun.json.null (tostring gives "null"; it is true in conditions)
 *
 * The other way round, times and intervals become their texts, and a table with neither mark nor items is `{}`.
 * Nesting is limited to 512 levels both ways.
 */
#ifndef PRL_LUA_JSON_H
#define PRL_LUA_JSON_H

#include <jansson.h>
#include <lua.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"

/* Pushes the table of partrun.json: encode, decode, array, null. */
int prl_open_json(lua_State *L);

/* Pushes a userdata that owns one JSON value: what a Lua error would otherwise leak. Starts as NULL. */
json_t **prl_json_box(lua_State *L);
/* Pushes the value as Lua's. Raises only for want of memory, so `value` has to be in a box. */
PRT_NODISCARD bool prl_json_push(lua_State *L, json_t *value, prt_error *err);
/* Reads a text and pushes its value; pushes nothing on failure. */
PRT_NODISCARD bool prl_json_decode(lua_State *L, const char *text, size_t length, prt_error *err);
/* Writes the value at `index` as JSON; `indent` 0 is compact. Keys are sorted. PRT_ERR_USAGE: it has no JSON form. */
PRT_NODISCARD bool prl_json_encode(lua_State *L, int index, int indent, prt_buf *out, prt_error *err);

#endif
