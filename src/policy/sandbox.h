/*
 * What a policy can reach: an allow-list of globals, each of which either works within the budgets or is left out.
 *
 * partrun's own modules run with the state's globals, which policies never see; every policy file gets globals of its
 * own, and closed copies of the libraries.
 */
#ifndef PRT_POLICY_SANDBOX_H
#define PRT_POLICY_SANDBOX_H

#include <lua.h>

#include "lua/call.h"

/* Opens the libraries and partrun's modules. May raise. */
void prt_sandbox_open(lua_State *L);
/* Pushes new globals for a policy file whose modules are in `folder` (an absolute path without links). May raise. */
void prt_sandbox_push_globals(lua_State *L, const char *folder);

/* The checked functions, for the libraries of policies: each replaces fields of the table on top of the stack. */
void prt_sandbox_guard_strings(lua_State *L);
void prt_sandbox_guard_tables(lua_State *L);
/* Replaces field `name` of the table on top by `function`, which has the original as its first upvalue. */
void prt_sandbox_guard(lua_State *L, const char *name, lua_CFunction function);
/* Calls that original with all arguments: the end of a check that passed. */
int prt_sandbox_forward(lua_State *L);

/* Loads a text chunk: a first line with #! and a byte order mark are skipped. Pushes the function or an error; returns
 * Lua's status. */
int prt_sandbox_load(lua_State *L, const char *text, size_t length, const char *name);
/* Pushes `require` for policies in that folder, with the globals at `globals` for the modules. */
void prt_sandbox_push_require(lua_State *L, const char *folder, int globals);

#endif
