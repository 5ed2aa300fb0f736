#include "cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "archive/archiver.h"

void
prt_cli_done(prt_cli *cli)
{
    prt_policies_free(cli->policies);
    cli->policies = NULL;
    prt_conn_close(cli->conn);
    cli->conn = NULL;
}

void
prt_cli_conn_options(prt_cli *cli, prt_conn_options *out)
{
    *out = (prt_conn_options) {.dsn = cli->args.options.dsn, .interrupt = cli->interrupt, .log = &cli->log};
}

bool
prt_cli_connect(prt_cli *cli, prt_error *err)
{
    prt_conn_options options;
    prt_cli_conn_options(cli, &options);
    return cli->conn != NULL || prt_conn_open(&options, &cli->conn, err);
}

int
prt_exit_status(prt_code code)
{
    switch (code) {
    case PRT_OK:
        return PARTRUN_EXIT_OK;
    case PRT_ERR_USAGE:
    case PRT_ERR_POLICY:
    case PRT_ERR_VALUE:
        return PARTRUN_EXIT_USAGE;
    case PRT_ERR_CONNECT:
    case PRT_ERR_VERSION:
        return PARTRUN_EXIT_CONNECT;
    case PRT_ERR_LOCKED:
        return PARTRUN_EXIT_LOCKED;
    case PRT_ERR_INTERRUPTED:
        return PARTRUN_EXIT_INTERRUPTED;
    default:
        return PARTRUN_EXIT_FAILED;
    }
}

int
prt_exit_worse(int a, int b)
{
    static const int order[] = {PARTRUN_EXIT_INTERRUPTED, PARTRUN_EXIT_CONNECT, PARTRUN_EXIT_FAILED,
                                PARTRUN_EXIT_USAGE,       PARTRUN_EXIT_LOCKED,  PARTRUN_EXIT_FINDINGS};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (a == order[i] || b == order[i])
            return order[i];
    return PARTRUN_EXIT_OK;
}

/* For people, the object leads the message unless that names it already; in JSON it is a field. */
int
prt_cli_report(const prt_cli *cli, const prt_error *err)
{
    prt_error shown = *err;
    if (!cli->log.json) {
        if (err->object[0] != '\0' && strstr(err->message, err->object) == NULL)
            snprintf(shown.message, sizeof shown.message, "%.199s: %.800s", err->object, err->message);
        shown.object[0] = '\0';
    }
    prt_log_error(&cli->log, &shown);
    return prt_exit_status(err->code);
}

/* On a terminal, the bar tells how far an archive is. */
static const prt_archiver *
make_archiver(prt_cli *cli)
{
    prt_log *log = PRT_NEW(cli->arena, prt_log);
    prt_store_options *store = PRT_NEW(cli->arena, prt_store_options);
    prt_archiver *archiver = PRT_NEW(cli->arena, prt_archiver);
    *log = cli->log;
    if (cli->progress && log->level < PRT_WARNING)
        log->level = PRT_WARNING;
    *store = (prt_store_options) {.log = log, .interrupt = cli->interrupt, .retries = -1};
    *archiver = prt_archiver_of(store);
    return archiver;
}

void
prt_cli_run_options(prt_cli *cli, prt_run_options *out)
{
    const prt_options *o = &cli->args.options;
    *out = (prt_run_options) {
        .has_now = o->has_now,
        .now = o->now,
        .jobs = o->jobs,
        .no_journal = o->no_journal,
        .lock_timeout_ms = o->lock_timeout_ms,
        .statement_timeout_ms = o->statement_timeout_ms,
        .archiver = make_archiver(cli),
        .log = &cli->log,
    };
    out->plan.create_only = o->only == PRT_ONLY_CREATE;
    out->plan.retire_only = o->only == PRT_ONLY_RETIRE;
    out->plan.max_drop = o->has_max_drop ? &o->max_drop : NULL;
}

void
prt_cli_print(const prt_buf *text)
{
    fwrite(text->data, 1, text->length, stdout);
}

void
prt_cli_print_json(json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(value);
}

/* Whoever read us has enough (`partrun plan | head`): nobody's error. */
static bool
reader_is_gone(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

bool
prt_cli_flush(prt_error *err)
{
    errno = 0;
    if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE || reader_is_gone())
        return true;
    return prt_fail(err, PRT_ERR_IO, "cannot write the output: %s",
                    errno == 0 ? "an earlier write failed" : strerror(errno));
}
