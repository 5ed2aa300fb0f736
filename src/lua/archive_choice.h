/* What a policy says of an archive, `"file:///..."` or `{ url=, format=, columns= }`, as a value of the model. */
#ifndef PRL_LUA_ARCHIVE_CHOICE_H
#define PRL_LUA_ARCHIVE_CHOICE_H

#include <lua.h>

#include "base/arena.h"
#include "model/archive.h"

/* Reads the value at absolute index `index`, in its normal form; nil is no archive. Raises what is none. */
void prl_read_archive_choice(lua_State *L, int index, prt_arena *arena, prt_archive_choice *out);
/* Pushes what came of an archive: url, rows, bytes, sha256; nil for NULL. */
void prl_push_archive_result(lua_State *L, const prt_archive_result *result);

#endif
