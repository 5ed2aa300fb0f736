/* partrun retire: named partitions, by the policy's rules. */
#include "cli/cli.h"

int
prt_cmd_retire(prt_cli *cli)
{
    prt_loaded loaded;
    prt_run_options options;
    prt_error err = {0};
    char *const *operands = cli->args.operands;
    if (!prt_cli_load(cli, operands, 1, &loaded, &err))
        return prt_cli_report(cli, &err);
    prt_cli_run_options(cli, &options);
    options.plan.retire = (const char *const *) (operands + 1);
    options.plan.retire_only = true;
    options.plan.force_retention = cli->args.options.force_retention;
    return prt_cli_apply(cli, &loaded, &options);
}
