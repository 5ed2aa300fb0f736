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

/* What validates but cannot be carried out yet is refused: dropping without the archive it asks for would lose data. */
static bool
refuse_unsupported(const prt_cli *cli, const prt_spec *spec, prt_loaded *out)
{
    if (spec->unsupported == NULL)
        return false;
    prt_error err = {0};
    prt_fail(&err, PRT_ERR_POLICY, "%s:%d: policy '%s' asks for '%s', which this version cannot carry out", spec->file,
             spec->line, spec->name, spec->unsupported);
    prt_fail_hint(&err, "its tables are left alone; take '%s' out of the policy to go on without it",
                  spec->unsupported);
    prt_vec_push(cli->arena, &out->errors, err);
    return true;
}

static void
keep_usable(prt_cli *cli, prt_load_which which, prt_loaded *out)
{
    size_t length;
    const prt_spec *const *specs = prt_policies_specs(cli->policies, &length);
    out->specs = prt_arena_array(cli->arena, length + 1, sizeof(const prt_spec *));
    for (size_t i = 0; i < length; i++)
        if (which == PRT_LOAD_EVERY || !refuse_unsupported(cli, specs[i], out))
            out->specs[out->length++] = specs[i];
}

bool
prt_cli_load(prt_cli *cli, char *const *paths, size_t length, prt_load_which which, prt_loaded *out, prt_error *err)
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
    keep_usable(cli, which, out);
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
