/* partrun restore: an archive back into a table, and on request to its parent. */
#include "cli/transfer.h"
#include "model/ident.h"

static void
show_text(prt_cli *cli, const prt_restore_request *request, const prt_restore_result *result, const char *took)
{
    prt_arena *arena = cli->arena;
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_text_put(&out, &cli->style, PRT_TINT_BOLD, prt_ident_display(arena, result->schema, result->name), 0);
    prt_buf_fmt(&out, "  %s%s restored from ", prt_number_text(arena, result->rows),
                result->rows == 1 ? " row" : " rows");
    prt_text_put(&out, &cli->style, PRT_TINT_NONE, request->url, 0);
    prt_buf_fmt(&out, " in %s\n", took);
    if (result->parent != NULL) {
        prt_buf_str(&out, "  attached to ");
        prt_text_put(&out, &cli->style, PRT_TINT_NONE, result->parent, 0);
        prt_buf_char(&out, '\n');
    }
    prt_cli_print(&out);
}

static void
show_json(prt_cli *cli, const prt_restore_request *request, const prt_restore_result *result)
{
    prt_cli_print_json(json_pack("{s:i, s:s, s:s, s:I, s:s?}", "version", 1, "table",
                                 prt_ident_display(cli->arena, result->schema, result->name), "url", request->url,
                                 "rows", (json_int_t) result->rows, "parent", result->parent));
}

static bool
read_request(prt_cli *cli, prt_restore_request *out, prt_error *err)
{
    const prt_options *o = &cli->args.options;
    *out = (prt_restore_request) {.url = cli->args.operands[0], .attach = o->attach, .parent = o->parent};
    if (o->parent != NULL && !o->attach) {
        prt_fail(err, PRT_ERR_USAGE, "--parent says what to attach to: give --attach as well");
        return false;
    }
    if (o->into == NULL)
        return true;
    prt_error why = {0};
    if (!prt_ident_parse(cli->arena, o->into, &out->schema, &out->name, &why))
        return prt_fail(err, PRT_ERR_USAGE, "--into: %s", why.message);
    out->schema = out->schema == NULL ? "public" : out->schema;
    return true;
}

int
prt_cmd_restore(prt_cli *cli)
{
    prt_restore_request request;
    prt_restore_result result;
    prt_transfer transfer;
    prt_error err = {0};
    prt_transfer_begin(&transfer, cli, "restoring");
    bool ok = read_request(cli, &request, &err) && prt_cli_connect(cli, &err) &&
              prt_archive_restore(cli->conn, cli->arena, &request, &transfer.options, &result, &err);
    const char *took = prt_transfer_end(&transfer);
    if (!ok)
        return prt_cli_report(cli, &err);
    if (cli->args.options.format == PRT_FORMAT_JSON)
        show_json(cli, &request, &result);
    else if (!cli->args.options.quiet)
        show_text(cli, &request, &result, took);
    return PARTRUN_EXIT_OK;
}
