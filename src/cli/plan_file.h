/*
 * Saved plans: the JSON of `plan --format json` with one more key, "request", which says how to plan again: paths of the
 * policies and the options that matter. No connection string: it could hold a password.
 */
#ifndef PRT_CLI_PLAN_FILE_H
#define PRT_CLI_PLAN_FILE_H

#include "cli/cli.h"

/* The plan's JSON, request included. A new reference. */
json_t *prt_plan_file_json(const prt_cli *cli, const prt_loaded *loaded, const prt_plan *plan);
/* Written beside its final name and renamed. */
PRT_NODISCARD bool prt_plan_file_write(prt_arena *arena, const char *path, json_t *plan, prt_error *err);

typedef struct prt_plan_file {
    char **paths; /* of the policies */
    size_t paths_length;
    const char *fingerprint;
    const char *database;
} prt_plan_file;

bool prt_plan_file_is(const char *operand); /* ends in .json */
/* Reads it and takes its options over into the command line's, which may not have their own. */
PRT_NODISCARD bool prt_plan_file_read(prt_cli *cli, const char *path, prt_plan_file *out, prt_error *err);

#endif
