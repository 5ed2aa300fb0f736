/* partrun archive: one table to one address, proven, with its manifest. */
#include "archive/by_hand.h"
#include "archive/manifest.h"
#include "cli/transfer.h"
#include "model/ident.h"

static void
put_row(prt_buf *out, const prt_text_style *style, const char *name, const char *text)
{
    prt_buf_str(out, "  ");
    prt_text_put(out, style, PRT_TINT_DIM, name, 10);
    prt_buf_str(out, "  ");
    prt_text_put(out, style, PRT_TINT_NONE, text, 0);
    prt_buf_char(out, '\n');
}

static const char *
column_list(prt_arena *arena, const char *const *columns)
{
    prt_buf list;
    prt_buf_init(&list, arena);
    prt_buf_str(&list, "");
    for (size_t i = 0; columns[i] != NULL; i++)
        prt_buf_fmt(&list, "%s%s", i == 0 ? "" : ", ", prt_ident_display(arena, NULL, columns[i]));
    return list.data;
}

static const char *
format_text(prt_arena *arena, const prt_manifest *m)
{
    if (m->codec == PRT_CODEC_NONE)
        return m->format;
    return prt_arena_printf(arena, "%s, %s", m->format, prt_codec_name(m->codec));
}

static void
show_text(prt_cli *cli, const prt_archive_result *result, const prt_manifest *m, const char *took)
{
    prt_arena *arena = cli->arena;
    const prt_text_style *style = &cli->style;
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_text_put(&out, style, PRT_TINT_BOLD, prt_ident_display(arena, m->schema, m->name), 0);
    prt_buf_fmt(&out, "  %s in %s\n",
                result->resumed ? "was archived already, and verified again" : "archived and verified", took);
    put_row(&out, style, "archive", result->url);
    put_row(&out, style, "manifest", prt_manifest_url(arena, result->url));
    put_row(&out, style, "rows", prt_number_text(arena, m->rows));
    put_row(&out, style, "bytes",
            prt_arena_printf(arena, "%s (%s)", prt_number_text(arena, m->bytes), prt_bytes_text(arena, m->bytes)));
    put_row(&out, style, "sha256", m->sha256);
    put_row(&out, style, "format", format_text(arena, m));
    put_row(&out, style, "columns", column_list(arena, m->columns));
    if (m->parent_name != NULL)
        put_row(&out, style, "parent", prt_ident_display(arena, m->parent_schema, m->parent_name));
    if (m->bound != NULL)
        put_row(&out, style, "bound", m->bound);
    put_row(&out, style, "created_at", prt_instant_format(arena, m->created_at));
    prt_cli_print(&out);
}

/* The manifest as it is stored: what was proven is what is shown. */
static bool
show(prt_cli *cli, const prt_archive_result *result, const prt_transfer *transfer, const char *took, prt_error *err)
{
    prt_store *store;
    prt_manifest manifest = {0};
    bool found = false;
    const char *text = NULL;
    if (!prt_store_open(result->url, &transfer->options.store, &store, err))
        return false;
    bool ok = prt_manifest_load(store, cli->arena, result->url, &found, &manifest, err);
    store->close(store);
    if (ok && !found)
        ok = prt_fail(err, PRT_ERR_FAILED, "the manifest of %s is gone", result->url);
    if (ok && cli->args.options.format == PRT_FORMAT_JSON) {
        ok = prt_manifest_write(cli->arena, &manifest, &text, err);
        if (ok)
            fputs(text, stdout);
    } else if (ok)
        show_text(cli, result, &manifest, took);
    prt_manifest_done(&manifest);
    return ok;
}

int
prt_cmd_archive(prt_cli *cli)
{
    prt_archive_request request;
    prt_archive_result result;
    prt_transfer transfer;
    prt_error err = {0};
    char *const *operands = cli->args.operands;
    prt_transfer_begin(&transfer, cli, "archiving");
    bool ok = prt_cli_connect(cli, &err) && prt_archive_by_hand(cli->conn, cli->arena, operands[0], &request, &err);
    if (ok) {
        request.url = operands[1];
        ok = prt_archive_table(cli->conn, cli->arena, &request, &transfer.options, &result, &err);
    }
    const char *took = prt_transfer_end(&transfer);
    if (ok && (cli->args.options.format == PRT_FORMAT_JSON || !cli->args.options.quiet))
        ok = show(cli, &result, &transfer, took, &err);
    return ok ? PARTRUN_EXIT_OK : prt_cli_report(cli, &err);
}
