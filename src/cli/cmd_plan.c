/* partrun plan: what apply would do. */
#include "cli/plan_file.h"
#include "cli/plan_sql.h"

static void
print_text(prt_cli *cli, const prt_plan *plan)
{
    prt_buf text;
    prt_buf_init(&text, cli->arena);
    if (cli->args.options.sql)
        prt_plan_sql(&text, plan);
    else
        prt_plan_text(&text, plan, &cli->style);
    prt_cli_print(&text);
}

static bool
show(prt_cli *cli, const prt_loaded *loaded, const prt_plan *plan, prt_error *err)
{
    const prt_options *o = &cli->args.options;
    if (o->out != NULL) {
        json_t *whole = prt_plan_file_json(cli, loaded, plan);
        bool ok = prt_plan_file_write(cli->arena, o->out, whole, err);
        json_decref(whole);
        if (!ok)
            return false;
    }
    if (o->format == PRT_FORMAT_JSON)
        prt_cli_print_json(prt_plan_json(plan));
    else if (!o->quiet || o->sql)
        print_text(cli, plan);
    if (o->out != NULL)
        prt_log_fmt(&cli->log, PRT_INFO, "saved in %s; do it with: partrun apply %s", o->out, o->out);
    return true;
}

static bool
make(prt_cli *cli, const prt_loaded *loaded, prt_plan **plan, prt_error *err)
{
    prt_run_options options;
    prt_cli_run_options(cli, &options);
    options.sizes = true;
    return prt_cli_connect(cli, err) &&
           prt_run_plan(cli->conn, cli->arena, loaded->specs, loaded->length, &options, plan, err);
}

int
prt_cmd_plan(prt_cli *cli)
{
    prt_loaded loaded;
    prt_plan *plan = NULL;
    prt_error err = {0};
    if (!prt_cli_load(cli, cli->args.operands, (size_t) cli->args.operands_length, &loaded, &err) ||
        !make(cli, &loaded, &plan, &err) || !show(cli, &loaded, plan, &err))
        return prt_cli_report(cli, &err);
    if (loaded.errors.length > 0)
        return PARTRUN_EXIT_USAGE;
    return cli->args.options.exit_code && prt_plan_operations(plan) > 0 ? PARTRUN_EXIT_FINDINGS : PARTRUN_EXIT_OK;
}
