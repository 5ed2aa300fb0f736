#include "cli/plan_file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static const char *const only_names[] = {"both", "create", "retire"};

/* Absolute, so that the plan can be applied from another folder. */
static json_t *
paths_json(const prt_loaded *loaded)
{
    json_t *paths = json_array();
    for (const char **path = loaded->paths; *path != NULL; path++) {
        char *absolute = realpath(*path, NULL);
        json_array_append_new(paths, json_string(absolute == NULL ? *path : absolute));
        free(absolute);
    }
    return paths;
}

json_t *
prt_plan_file_json(const prt_cli *cli, const prt_loaded *loaded, const prt_plan *plan)
{
    const prt_options *o = &cli->args.options;
    json_t *whole = prt_plan_json(plan);
    json_t *request = json_pack("{s:o, s:s, s:s?, s:s?}", "policies", paths_json(loaded), "only", only_names[o->only],
                                "max_drop", o->max_drop_text, "now", o->now_text);
    json_object_set_new(whole, "request", request);
    return whole;
}

bool
prt_plan_file_write(prt_arena *arena, const char *path, json_t *plan, prt_error *err)
{
    const char *beside = prt_arena_printf(arena, "%s.%d.tmp", path, (int) getpid());
    FILE *stream = fopen(beside, "w");
    bool ok = stream != NULL && json_dumpf(plan, stream, JSON_INDENT(2)) == 0 && fputc('\n', stream) != EOF &&
              fflush(stream) == 0;
    int cause = errno;
    if (stream != NULL)
        ok = fclose(stream) == 0 && ok;
    if (ok && rename(beside, path) == 0)
        return true;
    cause = ok ? errno : cause;
    if (stream != NULL)
        unlink(beside);
    return prt_fail(err, PRT_ERR_IO, "cannot write %s: %s", path, strerror(cause));
}

bool
prt_plan_file_is(const char *operand)
{
    size_t length = strlen(operand);
    return length > 5 && strcmp(operand + length - 5, ".json") == 0;
}

static bool
take_paths(prt_cli *cli, const json_t *paths, prt_plan_file *out)
{
    size_t count = json_array_size(paths);
    out->paths = prt_arena_array(cli->arena, count + 1, sizeof *out->paths);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(paths, i));
        if (text == NULL)
            return false;
        out->paths[out->paths_length++] = prt_arena_strdup(cli->arena, text);
    }
    return count > 0;
}

/* The text of one option as the plan has it, through the option's own row. */
static bool
take_option(prt_cli *cli, const char *name, const char *text, prt_error *err)
{
    for (const prt_option *o = prt_option_table; o->name != NULL; o++)
        if (strcmp(o->name, name) == 0)
            return o->set(&cli->args.options, prt_arena_strdup(cli->arena, text), err);
    return true;
}

static bool
take_request(prt_cli *cli, const json_t *request, prt_error *err)
{
    const prt_options *o = &cli->args.options;
    const char *only = json_string_value(json_object_get(request, "only"));
    const char *max_drop = json_string_value(json_object_get(request, "max_drop"));
    const char *now = json_string_value(json_object_get(request, "now"));
    if (o->only != PRT_ONLY_BOTH || o->has_max_drop || o->has_now) {
        prt_fail(err, PRT_ERR_USAGE, "a saved plan has its own --only, --max-drop and --now");
        return prt_fail_hint(err, "give them to plan --out");
    }
    return (only == NULL || strcmp(only, "both") == 0 || take_option(cli, "only", only, err)) &&
           (max_drop == NULL || take_option(cli, "max-drop", max_drop, err)) &&
           (now == NULL || take_option(cli, "now", now, err));
}

bool
prt_plan_file_read(prt_cli *cli, const char *path, prt_plan_file *out, prt_error *err)
{
    char *bytes;
    size_t length;
    prt_error cause = {0};
    *out = (prt_plan_file) {0};
    if (!prt_file_read(cli->arena, path, &bytes, &length, &cause))
        return prt_fail(err, PRT_ERR_USAGE, "%s", cause.message);
    json_t *whole = json_loadb(bytes, length, 0, NULL);
    const json_t *request = json_object_get(whole, "request");
    const char *fingerprint = json_string_value(json_object_get(whole, "fingerprint"));
    bool ok = fingerprint != NULL && take_paths(cli, json_object_get(request, "policies"), out);
    if (ok) {
        out->fingerprint = prt_arena_strdup(cli->arena, fingerprint);
        out->database = prt_arena_strdup(cli->arena, json_string_value(json_object_get(whole, "database")));
        ok = take_request(cli, request, err);
    } else {
        prt_fail(err, PRT_ERR_USAGE, "%s is not a plan that partrun plan --out has saved", path);
    }
    json_decref(whole);
    return ok;
}
