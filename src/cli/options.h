/*
 * The command line: one row an option, one row a command. These tables drive parsing, --help, the environment and
 * (compared by a test) the manual page.
 */
#ifndef PRT_CLI_OPTIONS_H
#define PRT_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "model/instant.h"
#include "model/spec.h"

/* Which commands an option belongs to. */
enum {
    PRT_CMD_VALIDATE = 1 << 0,
    PRT_CMD_PLAN = 1 << 1,
    PRT_CMD_APPLY = 1 << 2,
    PRT_CMD_CHECK = 1 << 3,
    PRT_CMD_ENSURE = 1 << 4,
    PRT_CMD_RETIRE = 1 << 5,
    PRT_CMD_STATS = 1 << 6,
    PRT_CMD_DEMO = 1 << 7,
    PRT_CMD_SCRIPT = 1 << 8,
    PRT_CMD_ARCHIVE = 1 << 9,
    PRT_CMD_RESTORE = 1 << 10,
    PRT_CMD_ANY = (1 << 11) - 1,
};

typedef enum prt_format { PRT_FORMAT_TEXT, PRT_FORMAT_JSON } prt_format;
typedef enum prt_only { PRT_ONLY_BOTH, PRT_ONLY_CREATE, PRT_ONLY_RETIRE } prt_only;

/* An instant or an id, as --at, --from and --to take them. */
typedef struct prt_point {
    bool given, is_id;
    int64_t at;
    const char *text;
} prt_point;

typedef struct prt_options {
    /* every command */
    const char *dsn; /* NULL: libpq's own defaults */
    bool has_now;
    prt_instant now;
    const char *now_text; /* as given; NULL: not */
    prt_format format;
    int64_t lock_timeout_ms, statement_timeout_ms; /* 0: the policy's */
    prt_level log_level;
    bool log_json, no_journal, verbose, quiet, version, help;
    /* one command each */
    bool sql, exit_code, deep, force_retention, exact, run, attach;
    const char *out, *into, *parent;
    prt_only only;
    bool has_max_drop;
    prt_max_drop max_drop;
    const char *max_drop_text;
    int jobs;
    prt_point at, from, to;
} prt_options;

typedef struct prt_option {
    char letter;             /* 0: none */
    unsigned commands;       /* PRT_CMD_... */
    const char *name;        /* without the dashes */
    const char *value;       /* how its value is called; NULL: a flag */
    const char *fallback;    /* the default, as it would be written; NULL: none */
    const char *environment; /* the variable that gives it when the command line does not; NULL: none */
    bool (*set)(prt_options *options, const char *text, prt_error *err);
    const char *help;
} prt_option;

struct prt_cli;

typedef struct prt_command {
    unsigned bit;
    const char *name;
    const char *operands;            /* "POLICY..." */
    int least, most;                 /* how many operands; most -1: any number */
    const char *summary;             /* one line, for the list */
    const char *about;               /* paragraphs, for its own help */
    int (*run)(struct prt_cli *cli); /* the exit status */
} prt_command;

extern const prt_option prt_option_table[];   /* ended by a NULL name */
extern const prt_command prt_command_table[]; /* ended by a NULL name; without the script's row */
extern const prt_command prt_script_command;

typedef struct prt_cli_args {
    const prt_command *command; /* NULL: none was named */
    char **operands;            /* after the command, NULL-ended; of a script: the script and everything after it */
    int operands_length;
    bool help_command; /* `partrun help ...`: the operands are the topics */
    prt_options options;
} prt_cli_args;

/* Defaults, then the environment, then the arguments. Errors are PRT_ERR_USAGE; option values are never repeated in
 * them where they could hold a secret. */
PRT_NODISCARD bool prt_args_parse(prt_arena *arena, int argc, char **argv, prt_cli_args *out, prt_error *err);
const prt_command *prt_command_find(const char *name);

/* The nearest of `count` names, or NULL when none is near. */
const char *prt_nearest(const char *const *names, size_t count, const char *name);
const char *prt_nearest_command(const char *name);

#endif
