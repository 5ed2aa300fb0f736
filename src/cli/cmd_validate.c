/* partrun validate: load and check policies; say what each will do. */
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"
#include "model/archive_address.h"
#include "model/grid.h"
#include "model/retention.h"

static const char *
interval_text(prt_arena *arena, const prt_spec *spec)
{
    prt_grid grid;
    prt_error err = {0};
    bool ok = spec->by_id
                  ? prt_grid_id(&grid, spec->id_step, spec->anchor, &err)
                  : prt_grid_time(&grid, &spec->interval, spec->has_anchor ? &spec->anchor : NULL, spec->zone, &err);
    return ok ? prt_grid_display(arena, &grid) : prt_interval_format(arena, &spec->interval);
}

static const char *
retention_text(prt_arena *arena, const prt_spec *spec)
{
    if (spec->hooks.retention != NULL)
        return "keeps what its function says";
    return prt_arena_printf(arena, "keeps %s", prt_retention_display(arena, &spec->retention));
}

static const char *
cleanup_text(prt_arena *arena, const prt_spec *spec)
{
    const char *url = spec->archive.url, *schema = url == NULL ? NULL : prt_archive_address_schema(url);
    const char *archives = (url != NULL || spec->hooks.archive != NULL) && schema == NULL ? "archives and " : "";
    const char *drops = schema == NULL ? "drops" : prt_arena_printf(arena, "moves to %s", schema);
    switch (spec->cleanup) {
    case PRT_CLEANUP_DROP:
        if (!prt_interval_is_zero(&spec->grace))
            return prt_arena_printf(arena, ", then %sdetaches, and %s after %s", archives, drops,
                                    prt_interval_format(arena, &spec->grace));
        return prt_arena_printf(arena, ", then %s%s", archives, drops);
    case PRT_CLEANUP_DETACH:
        return prt_arena_printf(arena, ", then %sdetaches", archives);
    case PRT_CLEANUP_MOVE:
        return prt_arena_printf(arena, ", then %smoves to %s", archives, spec->cleanup_schema);
    default:
        return "";
    }
}

static const char *
tables_text(prt_arena *arena, const prt_spec *spec)
{
    if (spec->tables_query != NULL)
        return "(tables by query)";
    prt_buf out;
    prt_buf_init(&out, arena);
    for (size_t i = 0; i < spec->tables_length; i++) {
        prt_buf_str(&out, i == 0 ? "" : ", ");
        prt_buf_str(&out, spec->tables[i]);
    }
    return out.data;
}

static int
widest(const prt_loaded *loaded, const char *(*text)(prt_arena *, const prt_spec *), prt_arena *arena)
{
    int width = 0;
    for (size_t i = 0; i < loaded->length; i++) {
        int w = prt_text_width(text(arena, loaded->specs[i]));
        width = w > width ? w : width;
    }
    return width < 44 ? width : 44;
}

static void
put_policies(prt_buf *out, const prt_cli *cli, const prt_loaded *loaded)
{
    prt_arena *arena = out->arena;
    int tables = widest(loaded, tables_text, arena), intervals = widest(loaded, interval_text, arena);
    const char *file = "";
    for (size_t i = 0; i < loaded->length; i++) {
        const prt_spec *spec = loaded->specs[i];
        if (strcmp(file, spec->file) != 0) {
            prt_text_put(out, &cli->style, PRT_TINT_BOLD, spec->file, 0);
            prt_buf_char(out, '\n');
        }
        file = spec->file;
        prt_buf_str(out, "  ");
        prt_text_put(out, &cli->style, PRT_TINT_NONE, tables_text(arena, spec), tables);
        prt_buf_str(out, "   ");
        prt_text_put(out, &cli->style, PRT_TINT_NONE, interval_text(arena, spec), intervals);
        prt_buf_fmt(out, "   %" PRId64 " ahead, %s%s", spec->premake, retention_text(arena, spec),
                    cleanup_text(arena, spec));
        prt_buf_char(out, '\n');
    }
}

static json_t *
policy_json(prt_arena *arena, const prt_spec *spec)
{
    json_t *tables = json_array();
    for (size_t i = 0; spec->tables_query == NULL && i < spec->tables_length; i++)
        json_array_append_new(tables, json_string(spec->tables[i]));
    return json_pack("{s:s, s:s, s:i, s:o, s:s?, s:s, s:I}", "policy", spec->name, "file", spec->file, "line",
                     spec->line, "tables", tables, "query", spec->tables_query, "interval", interval_text(arena, spec),
                     "premake", (json_int_t) spec->premake);
}

static void
print_json(prt_cli *cli, const prt_loaded *loaded)
{
    json_t *policies = json_array(), *errors = json_array();
    for (size_t i = 0; i < loaded->length; i++)
        json_array_append_new(policies, policy_json(cli->arena, loaded->specs[i]));
    for (size_t i = 0; i < loaded->errors.length; i++) {
        const prt_error *e = &loaded->errors.items[i];
        json_array_append_new(errors,
                              json_pack("{s:s, s:s, s:o}", "code", prt_code_name(e->code), "message", e->message,
                                        "hint", e->hint[0] == '\0' ? json_null() : json_string(e->hint)));
    }
    prt_cli_print_json(json_pack("{s:i, s:o, s:o}", "version", 1, "policies", policies, "errors", errors));
}

static void
print_text(prt_cli *cli, const prt_loaded *loaded)
{
    prt_buf text;
    prt_buf_init(&text, cli->arena);
    put_policies(&text, cli, loaded);
    const char *valid = prt_count_text(cli->arena, loaded->length, "policy");
    if (loaded->length != 1)
        valid = prt_arena_printf(cli->arena, "%zu policies", loaded->length);
    if (loaded->errors.length > 0)
        prt_buf_fmt(&text, "%s valid; %s\n", valid, prt_count_text(cli->arena, loaded->errors.length, "error"));
    else
        prt_buf_fmt(&text, "%s, all valid\n", valid);
    prt_cli_print(&text);
}

int
prt_cmd_validate(prt_cli *cli)
{
    prt_loaded loaded;
    prt_error err = {0};
    bool ok = prt_cli_load(cli, cli->args.operands, (size_t) cli->args.operands_length, &loaded, &err);
    int status = ok ? PARTRUN_EXIT_OK : prt_cli_report(cli, &err);
    if (cli->args.options.format == PRT_FORMAT_JSON)
        print_json(cli, &loaded);
    else if (ok && !cli->args.options.quiet)
        print_text(cli, &loaded);
    return loaded.errors.length > 0 ? prt_exit_worse(status, PARTRUN_EXIT_USAGE) : status;
}
