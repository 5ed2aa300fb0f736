/* What every command is handed: the parsed command line, where to write, and how. */
#ifndef PRT_CLI_CLI_H
#define PRT_CLI_CLI_H

#include <jansson.h>
#include <signal.h>
#include <stdio.h>

#include "base/buf.h"
#include "cli/options.h"
#include "model/plan_text.h"
#include "partrun/exit.h"
#include "pg/conn.h"
#include "pg/run.h"
#include "policy/policy.h"

typedef struct prt_cli {
    prt_arena *arena;
    prt_cli_args args;
    prt_log log;
    prt_text_style style; /* of stdout */
    bool progress;        /* stderr is a terminal, and nothing asked for silence */
    volatile sig_atomic_t *interrupt;
    prt_conn *conn;         /* NULL: not connected */
    prt_policies *policies; /* NULL: not loaded */
    prt_conn_options hooks; /* the session that action hooks get as ctx.db, opened when it is first used */
} prt_cli;

/* Frees what the commands opened. */
void prt_cli_done(prt_cli *cli);

/* What the command line says about connections; it points into `cli`. */
void prt_cli_conn_options(prt_cli *cli, prt_conn_options *out);
/* Connects as the options say; once. */
PRT_NODISCARD bool prt_cli_connect(prt_cli *cli, prt_error *err);
/* Logs the error; its exit status. */
int prt_cli_report(const prt_cli *cli, const prt_error *err);
int prt_exit_status(prt_code code);
/* The graver of two statuses: interrupted, unreachable, failed, wrong, locked, findings, done. */
int prt_exit_worse(int a, int b);

typedef struct prt_loaded {
    const prt_spec *const *specs;
    size_t length;
    PRT_VEC(prt_error) errors; /* of what did not load; each was reported */
    const char **paths;        /* where they came from, NULL-ended */
} prt_loaded;

/* The named files and folders, or PARTRUN_POLICIES or ./policies when `length` is 0. False, with an error to report, when
 * there is nothing to go on with. */
PRT_NODISCARD bool prt_cli_load(prt_cli *cli, char *const *paths, size_t length, prt_loaded *out, prt_error *err);
/* The run's options that the command line gives. */
void prt_cli_run_options(prt_cli *cli, prt_run_options *out);

void prt_cli_print(const prt_buf *text); /* to stdout */
void prt_cli_print_json(json_t *value);  /* indented, to stdout; takes the reference */
/* stdout could not be written (a full disk, a closed pipe): an error at exit. */
PRT_NODISCARD bool prt_cli_flush(prt_error *err);

int prt_cmd_validate(prt_cli *cli);
int prt_cmd_plan(prt_cli *cli);
int prt_cmd_apply(prt_cli *cli);
int prt_cmd_check(prt_cli *cli);
int prt_cmd_ensure(prt_cli *cli);
int prt_cmd_retire(prt_cli *cli);
int prt_cmd_stats(prt_cli *cli);
int prt_cmd_archive(prt_cli *cli);
int prt_cmd_restore(prt_cli *cli);
int prt_cmd_demo(prt_cli *cli);
int prt_cmd_script(prt_cli *cli);

/* apply, ensure and retire end the same way: run, report each operation, summary, exit status. */
int prt_cli_apply(prt_cli *cli, const prt_loaded *loaded, const prt_run_options *options);

#endif
