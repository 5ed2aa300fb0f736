/* partrun: parse the command line, hand over to the command. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/help.h"

/* The one thing that a signal handler can reach. */
static volatile sig_atomic_t interrupted;

static void
on_signal(int signal_number)
{
    (void) signal_number;
    interrupted = 1;
}

/* The first signal asks for an orderly end; the second one ends the process. */
static void
catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int) SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static bool
wants_color(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(fileno(stream)) && (no_color == NULL || no_color[0] == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

/* 0 when it is not known. */
static int
terminal_width(void)
{
    struct winsize size;
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static void
set_up(prt_cli *cli)
{
    const prt_options *options = &cli->args.options;
    cli->interrupt = &interrupted;
    cli->log = (prt_log) {.stream = stderr,
                          .level = options->log_level,
                          .json = options->log_json,
                          .color = wants_color(stderr) && !options->log_json};
    bool shorten = isatty(STDOUT_FILENO) && !options->verbose;
    cli->style = (prt_text_style) {
        .color = wants_color(stdout), .fold = shorten, .width = shorten ? terminal_width() : 0};
    cli->progress = isatty(STDERR_FILENO) && !options->quiet && !options->log_json && options->log_level > PRT_DEBUG;
}

static int
show_help(prt_cli *cli, const prt_command *command, FILE *stream)
{
    prt_buf text;
    prt_buf_init(&text, cli->arena);
    if (command == NULL)
        prt_help_overview(&text, wants_color(stream));
    else
        prt_help_command(&text, command, wants_color(stream));
    fputs(text.data, stream);
    return PARTRUN_EXIT_OK;
}

/* `partrun help`, `partrun help plan` */
static int
help_on_topic(prt_cli *cli)
{
    if (cli->args.operands_length == 0)
        return show_help(cli, NULL, stdout);
    const char *topic = cli->args.operands[0];
    const prt_command *command = strcmp(topic, "script") == 0 ? &prt_script_command : prt_command_find(topic);
    if (command != NULL)
        return show_help(cli, command, stdout);
    prt_error err = {0};
    prt_fail(&err, PRT_ERR_USAGE, "there is no command '%.60s'", topic);
    const char *nearest = prt_nearest_command(topic);
    if (nearest != NULL)
        prt_fail_hint(&err, "did you mean %s?", nearest);
    return prt_cli_report(cli, &err);
}

static int
dispatch(prt_cli *cli)
{
    const prt_cli_args *args = &cli->args;
    if (args->options.version) {
        printf("partrun %s\n", PARTRUN_VERSION);
        return PARTRUN_EXIT_OK;
    }
    if (args->options.help)
        return show_help(cli, args->command, stdout);
    if (args->help_command)
        return help_on_topic(cli);
    if (args->command == NULL) {
        show_help(cli, NULL, stderr);
        return PARTRUN_EXIT_USAGE;
    }
    return args->command->run(cli);
}

int
main(int argc, char **argv)
{
    prt_cli cli = {.arena = prt_arena_new()};
    prt_error err = {0};
    int status;
    catch_signals();
    bool parsed = prt_args_parse(cli.arena, argc, argv, &cli.args, &err);
    set_up(&cli);
    status = parsed ? dispatch(&cli) : prt_cli_report(&cli, &err);
    prt_error flush_error = {0};
    if (!prt_cli_flush(&flush_error))
        status = prt_exit_worse(status, prt_cli_report(&cli, &flush_error));
    prt_cli_done(&cli);
    prt_arena_free(cli.arena);
    return status;
}
