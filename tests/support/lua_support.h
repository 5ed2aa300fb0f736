/* For tests of the Lua API on a real server: scripts whose asserts are the test's. */
#ifndef PRT_TESTS_LUA_SUPPORT_H
#define PRT_TESTS_LUA_SUPPORT_H

#include <lua.h>

#include "lua/pg.h"
#include "support/pg_support.h"

typedef struct lua_test {
    pg_test *pg;
    lua_State *L;
    prl_pg_options options; /* the default connection is the test's database */
} lua_test;

/* Setup and teardown; *state is a lua_test. Globals: partrun, db (connected), raises(pattern, f, ...). */
int lua_test_setup(void **state);
int lua_test_teardown(void **state);

/* Runs a chunk; an error in it fails the test. */
void lua_run(lua_test *t, const char *chunk);

#endif
