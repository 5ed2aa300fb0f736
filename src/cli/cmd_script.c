/* partrun SCRIPT.lua: a Lua program with the whole API. */
#include "cli/cli.h"
#include "lua/script.h"

int
prt_cmd_script(prt_cli *cli)
{
    const prt_options *o = &cli->args.options;
    prl_script_options options = {
        .pg =
            {
                .has_now = o->has_now,
                .now = o->now,
                .lock_timeout_ms = o->lock_timeout_ms,
                .statement_timeout_ms = o->statement_timeout_ms,
                .no_journal = o->no_journal,
            },
    };
    prt_cli_conn_options(cli, &options.pg.conn);
    return prl_script_run(&options, cli->args.operands[0], cli->args.operands_length - 1, cli->args.operands + 1);
}
