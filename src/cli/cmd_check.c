/* partrun check: what is not as the policies want it. */
#include "cli/cli.h"

static json_t *
check_json(const prt_plan *plan)
{
    json_t *whole = prt_plan_json(plan);
    const json_t *sets = json_object_get(whole, "sets");
    for (size_t i = 0; i < json_array_size(sets); i++)
        json_object_del(json_array_get(sets, i), "operations");
    json_object_del(whole, "fingerprint");
    size_t errors = prt_plan_findings(plan, PRT_SEVERITY_ERROR);
    size_t warnings = prt_plan_findings(plan, PRT_SEVERITY_WARNING) - errors;
    json_object_set_new(whole, "errors", json_integer((json_int_t) errors));
    json_object_set_new(whole, "warnings", json_integer((json_int_t) warnings));
    return whole;
}

static void
show(prt_cli *cli, const prt_plan *plan)
{
    if (cli->args.options.format == PRT_FORMAT_JSON) {
        prt_cli_print_json(check_json(plan));
        return;
    }
    if (cli->args.options.quiet && prt_plan_findings(plan, PRT_SEVERITY_WARNING) == 0)
        return;
    prt_buf text;
    prt_buf_init(&text, cli->arena);
    prt_check_text(&text, plan, &cli->style);
    prt_cli_print(&text);
}

static bool
make(prt_cli *cli, const prt_loaded *loaded, prt_plan **plan, prt_error *err)
{
    prt_run_options options;
    prt_cli_run_options(cli, &options);
    options.all_sizes = true;
    options.plan.checking = true;
    return prt_cli_connect(cli, err) &&
           prt_run_plan(cli->conn, cli->arena, loaded->specs, loaded->length, &options, plan, err) &&
           (!cli->args.options.deep || prt_run_deep(cli->conn, *plan, err));
}

int
prt_cmd_check(prt_cli *cli)
{
    prt_loaded loaded;
    prt_plan *plan = NULL;
    prt_error err = {0};
    if (!prt_cli_load(cli, cli->args.operands, (size_t) cli->args.operands_length, &loaded, &err) ||
        !make(cli, &loaded, &plan, &err))
        return prt_cli_report(cli, &err);
    show(cli, plan);
    int status = prt_plan_findings(plan, PRT_SEVERITY_WARNING) > 0 ? PARTRUN_EXIT_FINDINGS : PARTRUN_EXIT_OK;
    return loaded.errors.length > 0 ? prt_exit_worse(status, PARTRUN_EXIT_USAGE) : status;
}
