/*
 * `partrun SCRIPT.lua [ARG...]`: a Lua program with the whole standard library, `arg`, and partrun.
 *
 * A first line that begins with `#` is skipped; `require` also finds the modules beside the script, and partrun's own
 * without any installation. os.exit works as in lua.
 */
#ifndef PRL_LUA_SCRIPT_H
#define PRL_LUA_SCRIPT_H

#include "lua/pg.h"

typedef struct prl_script_options {
    prl_pg_options pg;
} prl_script_options;

/*
 * Runs the script with `argc` arguments (the script itself not counted) and returns the exit status: 0; 1 when it
 * raised (message and traceback on stderr); 2 when it cannot be read or is not Lua; 130 when an interrupt ended it.
 */
int prl_script_run(const prl_script_options *options, const char *path, int argc, char *const *argv);

#endif
