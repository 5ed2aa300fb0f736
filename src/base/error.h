/*
 * The one shape of an error. The caller owns the struct and zeroes it (`prt_error err = {0}`); functions that
 * can fail return false and fill it. The first error wins: a later one does not overwrite it.
 */
#ifndef PRT_BASE_ERROR_H
#define PRT_BASE_ERROR_H

#include <stdbool.h>

#include "base/attr.h"

typedef enum prt_code {
    PRT_OK = 0,
    PRT_ERR_USAGE,       /* wrong arguments or configuration (exit 2) */
    PRT_ERR_POLICY,      /* a policy that does not load or validate (exit 2) */
    PRT_ERR_VALUE,       /* a text that is no such value; out of range */
    PRT_ERR_CONNECT,     /* the database cannot be reached (exit 4) */
    PRT_ERR_VERSION,     /* the server is too old (exit 4) */
    PRT_ERR_SQL,         /* the server refused a statement; `sqlstate` is set */
    PRT_ERR_TIMEOUT,     /* a deadline of ours passed */
    PRT_ERR_LOCKED,      /* another run holds the set (exit 5) */
    PRT_ERR_INTERRUPTED, /* SIGINT or SIGTERM (exit 130) */
    PRT_ERR_DRIFT,       /* a saved plan that no longer matches the catalog */
    PRT_ERR_LUA,         /* a Lua function raised */
    PRT_ERR_LIMIT,       /* a Lua budget: memory, instructions, time */
    PRT_ERR_IO,          /* files, pipes */
    PRT_ERR_FAILED,      /* everything else that failed at run time */
} prt_code;

typedef struct prt_error {
    prt_code code;
    char sqlstate[6];   /* "" unless the server gave one */
    char object[200];   /* what it failed on: a table, a field, a file; "" if none */
    char message[1024]; /* one sentence, no full stop, no newline */
    char hint[512];     /* what to do next; "" if none */
} prt_error;

/* Sets code and message unless an error is there already. Always returns false: `return prt_fail(err, ...)`. */
bool prt_fail(prt_error *err, prt_code code, const char *format, ...) PRT_PRINTF(3, 4);
/* Adds a hint, or the object, to the error that is there (once each). Always returns false. */
bool prt_fail_hint(prt_error *err, const char *format, ...) PRT_PRINTF(2, 3);
bool prt_fail_object(prt_error *err, const char *format, ...) PRT_PRINTF(2, 3);

/* A short lower-case name of the code ("sql", "timeout"); for Lua's third return value and for JSON. */
const char *prt_code_name(prt_code code);

#endif
