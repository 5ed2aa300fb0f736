/* One row an option, and what each makes of its text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "model/interval.h"

static bool
wrong(prt_error *err, const char *text, const char *wanted)
{
    return prt_fail(err, PRT_ERR_USAGE, "'%.100s' is not %s", text, wanted);
}

static bool
choose(const char *const *choices, const char *wanted, const char *text, int *out, prt_error *err)
{
    for (int i = 0; choices[i] != NULL; i++)
        if (strcmp(choices[i], text) == 0) {
            *out = i;
            return true;
        }
    return wrong(err, text, wanted);
}

static bool
read_integer(const char *text, int64_t *out)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || strchr(" \t\n\v\f\r+", text[0]) != NULL)
        return false;
    *out = number;
    return true;
}

/* The message of the model, under the code of wrong usage. */
static bool
as_usage(prt_error *err, const prt_error *cause)
{
    prt_fail(err, PRT_ERR_USAGE, "%s", cause->message);
    return cause->hint[0] == '\0' ? false : prt_fail_hint(err, "%s", cause->hint);
}

static bool
read_instant(const char *text, prt_instant *out, prt_error *err)
{
    prt_error cause = {0};
    if (!prt_instant_parse(text, out, &cause))
        return as_usage(err, &cause);
    if (*out == PRT_POS_MIN || *out == PRT_POS_MAX)
        return wrong(err, text, "a time that a partition could hold");
    return true;
}

static bool
read_point(prt_point *point, const char *text, prt_error *err)
{
    *point = (prt_point) {.given = true, .text = text};
    point->is_id = read_integer(text, &point->at);
    return point->is_id || read_instant(text, &point->at, err);
}

static bool
read_milliseconds(const char *text, int64_t *out, prt_error *err)
{
    prt_interval interval;
    prt_error cause = {0};
    if (!prt_interval_parse(text, &interval, &cause))
        return as_usage(err, &cause);
    int64_t ms = prt_interval_usec(&interval) / PRT_USEC_PER_MSEC;
    if (ms < 1 || ms > INT32_MAX)
        return wrong(err, text, "a time between 1 ms and 24 days");
    *out = ms;
    return true;
}

static bool
set_dsn(prt_options *o, const char *text, prt_error *err)
{
    (void) err;
    o->dsn = text;
    return true;
}

static bool
set_now(prt_options *o, const char *text, prt_error *err)
{
    o->has_now = true;
    o->now_text = text;
    return read_instant(text, &o->now, err);
}

static bool
set_format(prt_options *o, const char *text, prt_error *err)
{
    static const char *const choices[] = {"text", "json", NULL};
    int choice = 0;
    if (!choose(choices, "text or json", text, &choice, err))
        return false;
    o->format = (prt_format) choice;
    return true;
}

static bool
set_lock_timeout(prt_options *o, const char *text, prt_error *err)
{
    return read_milliseconds(text, &o->lock_timeout_ms, err);
}

static bool
set_statement_timeout(prt_options *o, const char *text, prt_error *err)
{
    return read_milliseconds(text, &o->statement_timeout_ms, err);
}

static bool
set_log_level(prt_options *o, const char *text, prt_error *err)
{
    return prt_level_parse(text, &o->log_level) || wrong(err, text, "debug, info, warning or error");
}

static bool
set_log_format(prt_options *o, const char *text, prt_error *err)
{
    static const char *const choices[] = {"text", "json", NULL};
    int choice = 0;
    if (!choose(choices, "text or json", text, &choice, err))
        return false;
    o->log_json = choice == 1;
    return true;
}

static bool
set_out(prt_options *o, const char *text, prt_error *err)
{
    if (text[0] == '\0')
        return wrong(err, text, "the name of a file");
    o->out = text;
    return true;
}

static bool
read_table(const char **out, const char *text, prt_error *err)
{
    if (text[0] == '\0')
        return wrong(err, text, "the name of a table");
    *out = text;
    return true;
}

static bool
set_into(prt_options *o, const char *text, prt_error *err)
{
    return read_table(&o->into, text, err);
}

static bool
set_parent(prt_options *o, const char *text, prt_error *err)
{
    return read_table(&o->parent, text, err);
}

static bool
set_only(prt_options *o, const char *text, prt_error *err)
{
    static const char *const choices[] = {"create", "retire", NULL};
    int choice = 0;
    if (!choose(choices, "create or retire", text, &choice, err))
        return false;
    o->only = (prt_only) (choice + 1);
    return true;
}

static bool
set_max_drop(prt_options *o, const char *text, prt_error *err)
{
    static const char wanted[] = "a number of partitions, a share such as 50%, or all";
    char *copy = strdup(text);
    size_t length = copy == NULL ? 0 : strlen(copy);
    bool percent = length > 1 && copy[length - 1] == '%';
    if (percent)
        copy[length - 1] = '\0';
    o->has_max_drop = true;
    o->max_drop_text = text;
    o->max_drop = (prt_max_drop) {.kind = strcmp(text, "all") == 0 ? PRT_DROP_ALL
                                          : percent                ? PRT_DROP_PERCENT
                                                                   : PRT_DROP_COUNT};
    bool ok = o->max_drop.kind == PRT_DROP_ALL || (copy != NULL && read_integer(copy, &o->max_drop.amount) &&
                                                   o->max_drop.amount >= 0 && (!percent || o->max_drop.amount <= 100));
    free(copy);
    return ok || wrong(err, text, wanted);
}

static bool
set_jobs(prt_options *o, const char *text, prt_error *err)
{
    int64_t number;
    if (!read_integer(text, &number) || number < 1 || number > 64)
        return wrong(err, text, "a number from 1 to 64");
    o->jobs = (int) number;
    return true;
}

static bool
set_at(prt_options *o, const char *text, prt_error *err)
{
    return read_point(&o->at, text, err);
}

static bool
set_from(prt_options *o, const char *text, prt_error *err)
{
    return read_point(&o->from, text, err);
}

static bool
set_to(prt_options *o, const char *text, prt_error *err)
{
    return read_point(&o->to, text, err);
}

#define FLAG(name)                                                           \
    static bool set_##name(prt_options *o, const char *text, prt_error *err) \
    {                                                                        \
        (void) text;                                                         \
        (void) err;                                                          \
        o->name = true;                                                      \
        return true;                                                         \
    }
FLAG(sql)
FLAG(exit_code)
FLAG(deep)
FLAG(force_retention)
FLAG(exact)
FLAG(run)
FLAG(attach)
FLAG(no_journal)
FLAG(version)
FLAG(help)
#undef FLAG

static bool
set_verbose(prt_options *o, const char *text, prt_error *err)
{
    (void) text;
    (void) err;
    o->verbose = true;
    o->log_level = PRT_DEBUG;
    return true;
}

static bool
set_quiet(prt_options *o, const char *text, prt_error *err)
{
    (void) text;
    (void) err;
    o->quiet = true;
    o->log_level = PRT_ERROR;
    return true;
}

const prt_option prt_option_table[] = {
    {0, PRT_CMD_PLAN, "sql", NULL, NULL, NULL, set_sql, "print the SQL, ready to run, instead of the report"},
    {'o', PRT_CMD_PLAN, "out", "FILE", NULL, NULL, set_out, "save the plan as JSON, for apply"},
    {0, PRT_CMD_PLAN, "exit-code", NULL, NULL, NULL, set_exit_code, "exit 3 when changes are pending"},
    {0, PRT_CMD_PLAN | PRT_CMD_APPLY, "only", "create|retire", NULL, NULL, set_only, "one half of the work"},
    {0, PRT_CMD_PLAN | PRT_CMD_APPLY, "max-drop", "N|N%|all", NULL, NULL, set_max_drop,
     "how many partitions of a set may be retired in this run, instead of the policies' max_drop"},
    {'j', PRT_CMD_APPLY | PRT_CMD_ENSURE, "jobs", "N", "1", NULL, set_jobs, "create in N sessions side by side"},
    {0, PRT_CMD_CHECK, "deep", NULL, NULL, NULL, set_deep,
     "also try an insert (rolled back) at now and at the horizon, and look whether pruning works"},
    {0, PRT_CMD_ENSURE, "at", "TIME|ID", NULL, NULL, set_at, "create the partition that holds this instant or id"},
    {0, PRT_CMD_ENSURE, "from", "TIME|ID", NULL, NULL, set_from, "create every partition from the one that holds this"},
    {0, PRT_CMD_ENSURE, "to", "TIME|ID", NULL, NULL, set_to, "... to the one that holds this"},
    {0, PRT_CMD_RETIRE, "force-retention", NULL, NULL, NULL, set_force_retention,
     "retire also what the retention would keep (a hold still protects)"},
    {0, PRT_CMD_STATS, "exact", NULL, NULL, NULL, set_exact, "count the rows instead of trusting the statistics"},
    {0, PRT_CMD_RESTORE, "into", "TABLE", NULL, NULL, set_into,
     "the table to make (default: as it was called when it was archived)"},
    {0, PRT_CMD_RESTORE, "attach", NULL, NULL, NULL, set_attach,
     "make it a partition of its parent again, at its old bounds"},
    {0, PRT_CMD_RESTORE, "parent", "TABLE", NULL, NULL, set_parent,
     "with --attach: the parent, where that is another one now"},
    {0, PRT_CMD_DEMO, "run", NULL, NULL, NULL, set_run, "show everything and exit, without waiting"},
    {'d', PRT_CMD_ANY, "dsn", "DSN", NULL, "PARTRUN_DSN", set_dsn,
     "connection string or URL (default: libpq's PG* variables and service files)"},
    {0, PRT_CMD_ANY, "now", "TIME", NULL, NULL, set_now, "pretend that it is this time (default: the server's clock)"},
    {0, PRT_CMD_ANY, "format", "text|json", "text", NULL, set_format, "how results are printed"},
    {0, PRT_CMD_ANY, "lock-timeout", "D", NULL, NULL, set_lock_timeout,
     "longest wait for a lock, such as \"500 ms\" (default: the policy's, 300 ms)"},
    {0, PRT_CMD_ANY, "statement-timeout", "D", NULL, NULL, set_statement_timeout,
     "longest statement (default: the policy's, 3 s)"},
    {0, PRT_CMD_ANY, "no-journal", NULL, NULL, NULL, set_no_journal, "do not write the journal (schema partrun)"},
    {0, PRT_CMD_ANY, "log-level", "L", "info", "PARTRUN_LOG_LEVEL", set_log_level, "debug, info, warning or error"},
    {0, PRT_CMD_ANY, "log-format", "text|json", "text", "PARTRUN_LOG_FORMAT", set_log_format, "how logs are written"},
    {'v', PRT_CMD_ANY, "verbose", NULL, NULL, NULL, set_verbose, "say more: log level debug, nothing shortened"},
    {'q', PRT_CMD_ANY, "quiet", NULL, NULL, NULL, set_quiet, "say only what went wrong"},
    {'V', PRT_CMD_ANY, "version", NULL, NULL, NULL, set_version, "print the version and exit"},
    {'h', PRT_CMD_ANY, "help", NULL, NULL, NULL, set_help, "print help and exit"},
    {0, 0, NULL, NULL, NULL, NULL, NULL, NULL},
};
