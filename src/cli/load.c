/* From paths to policies that can be carried out. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "lua/db.h"

/* A connection string in the place of a policy: its password must not reach a message. */
static bool
looks_like_dsn(const char *text)
{
    return strstr(text, "://") != NULL || strstr(text, "password=") != NULL || strstr(text, "dbname=") != NULL;
}

static bool
check_path(const char *path, prt_error *err)
{
    struct stat info;
    if (looks_like_dsn(path)) {
        prt_fail(err, PRT_ERR_USAGE, "a connection string is not a policy");
        return prt_fail_hint(err, "give it with --dsn, or in PARTRUN_DSN");
    }
    if (stat(path, &info) == 0)
        return true;
    prt_fail(err, PRT_ERR_USAGE, "there is no policy file or folder %s", path);
    return false;
}

/* PARTRUN_POLICIES, or ./policies. */
static bool
default_path(const char **path, prt_error *err)
{
    struct stat info;
    *path = getenv("PARTRUN_POLICIES");
    if (*path != NULL && (*path)[0] != '\0')
        return true;
    *path = "policies";
    if (stat(*path, &info) == 0)
        return true;
    prt_fail(err, PRT_ERR_USAGE, "no policy was named, and there is no folder ./policies");
    return prt_fail_hint(err, "name policy files or folders, or set PARTRUN_POLICIES");
}

/* Everything that is wrong is noted; the other policies go on. */
static void
load_path(prt_cli *cli, const char *path, prt_loaded *out)
{
    prt_error err = {0};
    size_t before = prt_policies_errors(cli->policies);
    bool ok = check_path(path, &err) && prt_policies_load(cli->policies, path, true, &err);
    size_t after = prt_policies_errors(cli->policies);
    for (size_t i = before; i < after; i++)
        prt_vec_push(cli->arena, &out->errors, *prt_policies_error(cli->policies, i));
    if (!ok && after == before)
        prt_vec_push(cli->arena, &out->errors, err);
}

bool
prt_cli_load(prt_cli *cli, char *const *paths, size_t length, prt_loaded *out, prt_error *err)
{
    *out = (prt_loaded) {.paths = prt_arena_array(cli->arena, length + 2, sizeof *out->paths)};
    if (length == 0 && !default_path(&out->paths[0], err))
        return false;
    for (size_t i = 0; i < length; i++)
        out->paths[i] = paths[i];
    prt_cli_conn_options(cli, &cli->hooks);
    const prt_policy_host host = {.push_db = prl_push_db, .data = &cli->hooks, .log = &cli->log};
    cli->policies = prt_policies_new(NULL, &host);
    for (size_t i = 0; out->paths[i] != NULL; i++)
        load_path(cli, out->paths[i], out);
    out->specs = prt_policies_specs(cli->policies, &out->length);
    if (out->length == 0 && out->errors.length == 1) {
        *err = out->errors.items[0];
        if (err->code != PRT_ERR_USAGE)
            err->code = PRT_ERR_POLICY; /* also what broke a limit while it was loaded is a wrong policy */
        return false;
    }
    for (size_t i = 0; i < out->errors.length; i++)
        prt_cli_report(cli, &out->errors.items[i]);
    return out->length > 0 || prt_fail(err, PRT_ERR_POLICY, "no policy is left to work with");
}
