/*
 * Fields of a Lua table as C values, without metamethods. A field of another type raises with its name; texts are
 * copied into the arena.
 */
#ifndef PRL_LUA_CONVERT_H
#define PRL_LUA_CONVERT_H

#include <stdbool.h>

#include <lua.h>

#include "base/arena.h"
#include "model/interval.h"

/* Pushes t[name] and returns its type; `t` is an absolute index. */
int prl_raw_field(lua_State *L, int t, const char *name);
/* Copies the string on top of the stack and pops it; raises when it holds a zero byte. `what` is for messages. */
const char *prl_pop_text(lua_State *L, prt_arena *arena, const char *what);

/* Each of these leaves `*out` alone and returns false when the field is nil. */
bool prl_field_text(lua_State *L, int t, const char *name, prt_arena *arena, const char **out);
bool prl_field_integer(lua_State *L, int t, const char *name, int64_t *out);
bool prl_field_boolean(lua_State *L, int t, const char *name, bool *out);
bool prl_field_interval(lua_State *L, int t, const char *name, prt_interval *out);
/* A list of texts, ended by NULL. */
bool prl_field_texts(lua_State *L, int t, const char *name, prt_arena *arena, const char ***out, size_t *length);
/* A function, kept by the registry: its reference. */
bool prl_field_function(lua_State *L, int t, const char *name, int *out);

/* Replaces the table on top of the stack by one that shows the same fields but cannot be changed. */
void prl_protect(lua_State *L);

#endif
