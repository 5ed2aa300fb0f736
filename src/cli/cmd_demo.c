/* partrun demo: everything on a server of its own, with the sample schema and its policies. */
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/embed.h"
#include "cli/cli.h"
#include "cli/demo_server.h"

extern const prt_embedded prt_sample_files[]; /* tests/sample/ *.sql */
extern const prt_embedded prt_policy_files[]; /* policies/ *.lua */

typedef struct demo_step {
    const char *story;
    const char *argv[4]; /* after "partrun", NULL-ended */
} demo_step;

static const demo_step steps[] = {
    {"The policies: one Lua file for each part of an application that is a year old.", {"validate", NULL}},
    {"Its rows of the last days piled up in a default partition, and of a set that another tool made a week is lost.\n"
     "What is wrong with these two, exactly?",
     {"check", "policies/shop.lua", "policies/legacy.lua", NULL}},
    {"Nobody made tomorrow's partitions either, or dropped the old ones. What partrun would do about some of it;\n"
     "partitions that are there are adopted, whatever they are called:",
     {"plan", "policies/legacy.lua", "policies/webhooks.lua", NULL}},
    {"Now for real. Partitions are made and attached, holes repaired, rows moved out of the default partition, and "
     "what\n"
     "is past its retention is detached and dropped. Readers and writers go on meanwhile.",
     {"apply", NULL}},
    {"And now? (A detached partition waits out the grace period of its policy.)", {"check", NULL}},
    {"One table in detail.", {"stats", "policies/workflow.lua", NULL}},
};

/* ------------------------------------------------------------------------------------------- preparation */

/* The folders that the path goes through; those that cannot be made are seen when the file is opened. */
static void
make_folders(prt_arena *arena, const char *path)
{
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/'))
        mkdir(prt_arena_strndup(arena, path, (size_t) (slash - path)), 0755);
}

static bool
write_file(prt_arena *arena, const char *path, const prt_embedded *file, prt_error *err)
{
    make_folders(arena, path);
    FILE *stream = fopen(path, "w");
    bool ok = stream != NULL && fwrite(file->text, 1, file->length, stream) == file->length;
    if (stream != NULL)
        ok = fclose(stream) == 0 && ok;
    return ok || prt_fail(err, PRT_ERR_IO, "cannot write %s: %s", path, strerror(errno));
}

/* Into the folder of the server, which becomes the working folder: the commands then find ./policies. */
static bool
write_policies(prt_cli *cli, const prt_demo_server *server, prt_error *err)
{
    if (chdir(server->dir) != 0)
        return prt_fail(err, PRT_ERR_IO, "cannot use %s: %s", server->dir, strerror(errno));
    for (const prt_embedded *file = prt_policy_files; file->name != NULL; file++)
        if (!write_file(cli->arena, prt_arena_printf(cli->arena, "policies/%s", file->name), file, err))
            return false;
    return true;
}

static bool
run_sql(PGconn *conn, const char *sql, prt_error *err)
{
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        prt_fail(err, PRT_ERR_FAILED, "the sample tables: %s", PQresultErrorMessage(result));
    PQclear(result);
    return err->code == PRT_OK;
}

static bool
run_sample(PGconn *conn, const char *name, prt_error *err)
{
    for (const prt_embedded *file = prt_sample_files; file->name != NULL; file++)
        if (strcmp(file->name, name) == 0)
            return run_sql(conn, file->text, err);
    return prt_fail(err, PRT_ERR_FAILED, "the sample %s was not built in", name);
}

static PGconn *
connect_to(const prt_demo_server *server, const char *database, prt_error *err)
{
    PGconn *conn = PQconnectdb(prt_demo_server_dsn(server, database));
    if (PQstatus(conn) == CONNECTION_OK)
        return conn;
    prt_fail(err, PRT_ERR_CONNECT, "the demo's server: %s", PQerrorMessage(conn));
    PQfinish(conn);
    return NULL;
}

static bool
fill_database(const prt_demo_server *server, prt_error *err)
{
    PGconn *conn = connect_to(server, "postgres", err);
    bool ok = conn != NULL && run_sql(conn, "CREATE DATABASE demo", err);
    PQfinish(conn);
    if (!ok)
        return false;
    conn = connect_to(server, "demo", err);
    ok = conn != NULL && run_sql(conn, "SET client_min_messages = warning", err) &&
         run_sql(conn, "SELECT pg_catalog.set_config('sample.now', pg_catalog.now()::text, false)", err) &&
         run_sample(conn, "schema.sql", err) && run_sql(conn, "CREATE SCHEMA IF NOT EXISTS attic", err) &&
         run_sample(conn, "rows.sql", err);
    PQfinish(conn);
    return ok;
}

/* --------------------------------------------------------------------------------------------- the tour */

static void
say(const prt_cli *cli, prt_tint tint, const char *text)
{
    prt_buf out;
    prt_buf_init(&out, cli->arena);
    for (const char *line = text; line != NULL;) {
        size_t length = strcspn(line, "\n");
        prt_text_put(&out, &cli->style, tint, prt_arena_strndup(cli->arena, line, length), 0);
        prt_buf_char(&out, '\n');
        line = line[length] == '\0' ? NULL : line + length + 1;
    }
    prt_cli_print(&out);
    fflush(stdout);
}

/* The command as a user would type it, through the same parser. */
static int
run_command(prt_cli *cli, const char *const *words)
{
    char program[] = "partrun", *argv[8] = {program};
    int argc = 1;
    prt_buf shown;
    prt_buf_init(&shown, cli->arena);
    prt_buf_str(&shown, "$ partrun");
    for (; words[argc - 1] != NULL; argc++) {
        argv[argc] = prt_arena_strdup(cli->arena, words[argc - 1]);
        prt_buf_fmt(&shown, " %s", argv[argc]);
    }
    say(cli, PRT_TINT_BOLD, shown.data);
    prt_error err = {0};
    prt_cli step = *cli;
    step.arena = prt_arena_new();
    step.style.fold = true;
    int status = prt_args_parse(step.arena, argc, argv, &step.args, &err) ? step.args.command->run(&step)
                                                                          : prt_cli_report(cli, &err);
    fflush(stdout);
    prt_cli_done(&step);
    prt_arena_free(step.arena);
    return status;
}

/* check finds something (3) before apply has run; nothing else may go wrong. */
static int
show_steps(prt_cli *cli)
{
    int status = PARTRUN_EXIT_OK;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && *cli->interrupt == 0; i++) {
        say(cli, PRT_TINT_NONE, "");
        say(cli, PRT_TINT_DIM, steps[i].story);
        int result = run_command(cli, steps[i].argv);
        if (result != PARTRUN_EXIT_FINDINGS)
            status = prt_exit_worse(status, result);
    }
    return *cli->interrupt != 0 ? PARTRUN_EXIT_INTERRUPTED : status;
}

static void
wait_for_enter(prt_cli *cli)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte = 0;
    while (*cli->interrupt == 0 && byte != '\n') {
        if (poll(&input, 1, 1000) <= 0)
            continue;
        if (read(STDIN_FILENO, &byte, 1) <= 0)
            return;
    }
}

/* This very program, which need not be on the PATH. */
static const char *
own_path(prt_arena *arena)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path);
    return length > 0 && (size_t) length < sizeof path ? prt_arena_strndup(arena, path, (size_t) length) : "partrun";
}

static int
let_look_around(prt_cli *cli, const prt_demo_server *server)
{
    say(cli, PRT_TINT_NONE, "\nThe server stays up while you look around. In another terminal:\n");
    say(cli, PRT_TINT_BOLD,
        prt_arena_printf(cli->arena,
                         "  export PARTRUN_DSN='%s'\n"
                         "  export PARTRUN_POLICIES=%s/policies\n"
                         "  %s stats webhooks.events\n"
                         "  %s/psql \"$PARTRUN_DSN\"\n",
                         prt_demo_server_dsn(server, "demo"), server->dir, own_path(cli->arena), server->bin));
    say(cli, PRT_TINT_NONE, "Press Enter here to stop it and to remove everything.");
    wait_for_enter(cli);
    return *cli->interrupt != 0 ? PARTRUN_EXIT_INTERRUPTED : PARTRUN_EXIT_OK;
}

/* ------------------------------------------------------------------------------------------------- frame */

/* A second Ctrl-C must not leave the server behind. */
static void
keep_handlers(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct sigaction action;
        sigaction(signals[i], NULL, &action);
        action.sa_flags &= (int) ~SA_RESETHAND;
        sigaction(signals[i], &action, NULL);
    }
}

/* Nothing of the caller's own database may reach the demo. */
static void
clean_environment(void)
{
    static const char *const names[] = {"PGSERVICE", "PGSERVICEFILE", "PGOPTIONS", "PGHOSTADDR", "PARTRUN_POLICIES"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
}

static int
demonstrate(prt_cli *cli, prt_demo_server *server)
{
    prt_error err = {0};
    say(cli, PRT_TINT_NONE, "Starting a private PostgreSQL, and filling its tables with a year of rows ...");
    clean_environment();
    if (!prt_demo_server_start(server, cli->arena, cli->interrupt, &err))
        return prt_cli_report(cli, &err);
    setenv("PARTRUN_DSN", prt_demo_server_dsn(server, "demo"), 1);
    if (!fill_database(server, &err) || !write_policies(cli, server, &err))
        return prt_cli_report(cli, &err);
    int status = show_steps(cli);
    if (status == PARTRUN_EXIT_OK && !cli->args.options.run)
        status = let_look_around(cli, server);
    return status;
}

int
prt_cmd_demo(prt_cli *cli)
{
    prt_demo_server server = {0};
    keep_handlers();
    int status = demonstrate(cli, &server);
    if (chdir("/") != 0)
        status = prt_exit_worse(status, PARTRUN_EXIT_FAILED);
    prt_demo_server_stop(&server);
    if (status == PARTRUN_EXIT_OK)
        say(cli, PRT_TINT_DIM, "\nThe demo's server and its files are gone.");
    return status;
}
