/* partrun ensure: the partitions of another time, now. */
#include "cli/cli.h"

static bool
read_points(const prt_options *o, prt_point *from, prt_point *to, prt_error *err)
{
    if (o->at.given && !o->from.given && !o->to.given) {
        *from = *to = o->at;
        return true;
    }
    if (o->at.given || !o->from.given || !o->to.given)
        return prt_fail(err, PRT_ERR_USAGE, "ensure wants either --at, or --from and --to");
    *from = o->from;
    *to = o->to;
    if (from->is_id != to->is_id)
        return prt_fail(err, PRT_ERR_USAGE, "--from and --to are an id and a time");
    return from->at <= to->at || prt_fail(err, PRT_ERR_USAGE, "--from is after --to");
}

/* A year such as 2026 reads as an id: every policy has to want what was given. */
static bool
check_kind(const prt_loaded *loaded, const prt_point *point, prt_error *err)
{
    for (size_t i = 0; i < loaded->length; i++) {
        if (loaded->specs[i]->by_id == point->is_id)
            continue;
        prt_fail(err, PRT_ERR_USAGE, "policy '%s' goes by %s, and %.60s is %s", loaded->specs[i]->name,
                 loaded->specs[i]->by_id ? "id" : "time", point->text, point->is_id ? "an id" : "a time");
        return point->is_id ? prt_fail_hint(err, "write a time as 2026-01-31 or \"2026-01-31 10:00\"")
                            : prt_fail_hint(err, "name only the policies that are meant");
    }
    return true;
}

int
prt_cmd_ensure(prt_cli *cli)
{
    prt_loaded loaded;
    prt_run_options options;
    prt_error err = {0};
    prt_point from = {0}, to = {0};
    if (!read_points(&cli->args.options, &from, &to, &err) ||
        !prt_cli_load(cli, cli->args.operands, (size_t) cli->args.operands_length, &loaded, &err) ||
        !check_kind(&loaded, &from, &err))
        return prt_cli_report(cli, &err);
    prt_cli_run_options(cli, &options);
    options.plan.ensure_from = &from.at;
    options.plan.ensure_to = &to.at;
    return prt_cli_apply(cli, &loaded, &options);
}
