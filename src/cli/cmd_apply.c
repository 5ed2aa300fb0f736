/* partrun apply, and the way that ensure and retire share with it: run, report, exit status. */
#include "base/clock.h"
#include "cli/plan_file.h"
#include "cli/progress.h"

/* Whoever names partitions to retire wants them gone: what hold or retention kept is told by the exit status. */
static bool
all_retired(const prt_run_options *options, const prt_result *result)
{
    size_t requested = 0;
    while (options->plan.retire != NULL && options->plan.retire[requested] != NULL)
        requested++;
    return options->plan.retire == NULL || result->done >= requested;
}

static int
result_status(const prt_run_options *options, const prt_result *result)
{
    int status = PARTRUN_EXIT_OK;
    if (result->failed > 0 || !all_retired(options, result) || prt_plan_findings(result->plan, PRT_SEVERITY_ERROR) > 0)
        status = PARTRUN_EXIT_FAILED;
    return result->locked > 0 ? prt_exit_worse(status, PARTRUN_EXIT_LOCKED) : status;
}

/* The server looks at every file of a table for its size: only where somebody gets to see it. */
static bool
wants_sizes(const prt_cli *cli, const prt_loaded *loaded, const prt_run_options *options)
{
    const prt_options *given = &cli->args.options;
    bool wants = !given->quiet || given->format == PRT_FORMAT_JSON || !options->no_journal;
    for (size_t i = 0; i < loaded->length; i++)
        wants |= loaded->specs[i]->hooks.action != NULL;
    return wants;
}

int
prt_cli_apply(prt_cli *cli, const prt_loaded *loaded, const prt_run_options *options)
{
    prt_run_options run = *options;
    prt_result *result = NULL;
    prt_error err = {0};
    prt_progress progress;
    int64_t start = prt_clock_monotonic();
    prt_progress_init(&progress, cli);
    run.sizes = wants_sizes(cli, loaded, options);
    run.progress = prt_progress_event;
    run.progress_data = &progress;
    bool ok = prt_cli_connect(cli, &err) &&
              prt_run_apply(cli->conn, cli->arena, loaded->specs, loaded->length, &run, &result, &err);
    if (err.code == PRT_ERR_DRIFT)
        result = NULL; /* nothing was done, and the plan of now is not what was asked for */
    prt_progress_finish(&progress, result, prt_clock_monotonic() - start);
    prt_progress_done(&progress);
    if (err.code == PRT_ERR_INTERRUPTED)
        prt_fail_hint(&err, "what is done stays done; the next run goes on from there");
    int status = ok && result != NULL ? result_status(options, result) : prt_cli_report(cli, &err);
    return loaded->errors.length > 0 ? prt_exit_worse(status, PARTRUN_EXIT_USAGE) : status;
}

static int
apply_policies(prt_cli *cli)
{
    prt_loaded loaded;
    prt_run_options options;
    prt_error err = {0};
    prt_cli_run_options(cli, &options);
    if (!prt_cli_load(cli, cli->args.operands, (size_t) cli->args.operands_length, &loaded, &err))
        return prt_cli_report(cli, &err);
    return prt_cli_apply(cli, &loaded, &options);
}

/* The policies are planned again, and the plan of now has to be the saved one. */
static int
apply_plan_file(prt_cli *cli, const char *path)
{
    prt_plan_file file;
    prt_loaded loaded;
    prt_run_options options;
    prt_error err = {0};
    if (!prt_plan_file_read(cli, path, &file, &err) || !prt_cli_load(cli, file.paths, file.paths_length, &loaded, &err))
        return prt_cli_report(cli, &err);
    prt_cli_run_options(cli, &options);
    options.fingerprint = file.fingerprint;
    return prt_cli_apply(cli, &loaded, &options);
}

int
prt_cmd_apply(prt_cli *cli)
{
    const prt_cli_args *args = &cli->args;
    for (int i = 0; i < args->operands_length; i++)
        if (prt_plan_file_is(args->operands[i]) && args->operands_length > 1) {
            prt_error err = {0};
            prt_fail(&err, PRT_ERR_USAGE, "a saved plan is applied alone");
            return prt_cli_report(cli, &err);
        }
    if (args->operands_length == 1 && prt_plan_file_is(args->operands[0]))
        return apply_plan_file(cli, args->operands[0]);
    return apply_policies(cli);
}
