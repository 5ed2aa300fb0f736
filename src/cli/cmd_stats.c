/* partrun stats: bounds, rows, sizes, a timeline. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/stats.h"
#include "model/ident.h"
#include "pg/catalog.h"

typedef PRT_VEC(prt_stats) stats_list;

typedef struct collector {
    prt_cli *cli;
    const prt_snapshot *snapshot;
    stats_list *list;
    prt_error *err;
    bool ok;
} collector;

/* A table needs no policy: an operand is one unless it is a path. */
static bool
is_policy(const char *operand)
{
    struct stat info;
    size_t length = strlen(operand);
    return strchr(operand, '/') != NULL || (length > 4 && strcmp(operand + length - 4, ".lua") == 0) ||
           stat(operand, &info) == 0;
}

/* ------------------------------------------------------------------------------------------------ collecting */

static bool
highest_of(const collector *c, const prt_table *table, const char **highest)
{
    const prt_parent *parent = table->parent;
    *highest = NULL;
    if (parent->strategy != 'r' || parent->key[0].name == NULL || strstr(parent->key[0].type, "int") == NULL)
        return true;
    return prt_catalog_highest(c->cli->conn, c->cli->arena, table, parent->key[0].name, highest, c->err);
}

static bool
collect_parent(void *data, const prt_table *table)
{
    collector *c = data;
    const char *highest;
    prt_stats stats;
    if (table->parent == NULL)
        return true;
    c->ok = highest_of(c, table, &highest);
    if (!c->ok)
        return false;
    prt_stats_from_table(c->cli->arena, table, c->snapshot->now, highest, &stats);
    prt_vec_push(c->cli->arena, c->list, stats);
    return true;
}

static bool
not_partitioned(const prt_table *table, const char *name, prt_error *err)
{
    if (table == NULL || table->kind == 0) {
        prt_fail(err, PRT_ERR_FAILED, "there is no table %s", name);
        return prt_fail_hint(err, "write schema.table (without a schema it is public's); is it the right database?");
    }
    return prt_fail(err, PRT_ERR_FAILED, "%s is not partitioned", name);
}

static bool
collect_tables(prt_cli *cli, const char *const *tables, size_t length, stats_list *list, int *status, prt_error *err)
{
    const prt_options *o = &cli->args.options;
    const prt_catalog_options options = {.bytes = true, .has_now = o->has_now, .now = o->now};
    prt_snapshot *snapshot;
    if (!prt_catalog_read(cli->conn, cli->arena, tables, length, &options, &snapshot, err))
        return false;
    collector c = {.cli = cli, .snapshot = snapshot, .list = list, .err = err, .ok = true};
    for (size_t i = 0; i < length && c.ok; i++) {
        const prt_table *root = snapshot->roots[i];
        prt_error missing = {0};
        if (root->kind == 'p')
            prt_table_walk(root, collect_parent, &c);
        else if (!not_partitioned(root, tables[i], &missing))
            *status = prt_exit_worse(*status, prt_cli_report(cli, &missing));
    }
    return c.ok;
}

static bool
collect_policies(prt_cli *cli, char *const *paths, size_t length, stats_list *list, int *status, prt_error *err)
{
    prt_loaded loaded;
    prt_plan *plan;
    prt_run_options options;
    prt_cli_run_options(cli, &options);
    options.all_sizes = true;
    if (!prt_cli_load(cli, paths, length, &loaded, err) || !prt_cli_connect(cli, err) ||
        !prt_run_plan(cli->conn, cli->arena, loaded.specs, loaded.length, &options, &plan, err))
        return false;
    if (loaded.errors.length > 0)
        *status = prt_exit_worse(*status, PARTRUN_EXIT_USAGE);
    for (size_t i = 0; i < plan->sets.length; i++) {
        const prt_set *set = &plan->sets.items[i];
        prt_error missing = {0};
        prt_stats stats;
        if (set->parent != NULL && set->parent->parent != NULL) {
            prt_stats_from_set(cli->arena, set, plan->now, &stats);
            prt_vec_push(cli->arena, list, stats);
        } else if (!not_partitioned(set->parent, prt_ident_display(cli->arena, set->schema, set->table), &missing)) {
            *status = prt_exit_worse(*status, prt_cli_report(cli, &missing));
        }
    }
    return true;
}

/* ------------------------------------------------------------------------------------------------- counting */

/* Each partition by a query of its own: short snapshots, and Ctrl-C works in between. */
static bool
count_row(prt_cli *cli, prt_stats_row *row, prt_error *err)
{
    PGresult *result;
    const char *name = prt_ident_qualify(cli->arena, row->table->schema, row->table->name);
    const char *sql = prt_arena_printf(cli->arena, "SELECT pg_catalog.count(*) FROM %s", name);
    if (!prt_query(cli->conn, sql, 0, NULL, &result, err))
        return false;
    row->rows = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    row->exact = true;
    PQclear(result);
    return true;
}

static bool
count_rows(prt_cli *cli, stats_list *list, prt_error *err)
{
    if (!cli->args.options.exact)
        return true;
    /* Counting takes as long as it takes; no lock that it could wait for is worth an error. */
    if (list->length > 0 && !prt_conn_timeouts(cli->conn, 0, cli->args.options.statement_timeout_ms, err))
        return false;
    for (size_t i = 0; i < list->length; i++)
        for (size_t k = 0; k < list->items[i].rows.length; k++)
            if (!count_row(cli, &list->items[i].rows.items[k], err))
                return false;
    return true;
}

/* -------------------------------------------------------------------------------------------------- showing */

static bool
is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0')
            return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
    }
    return false;
}

static int
terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 100;
}

static void
show_text(prt_cli *cli, const stats_list *list)
{
    const prt_stats_style style = {.text = cli->style, .utf8 = is_utf8(), .width = terminal_width()};
    prt_buf text;
    prt_buf_init(&text, cli->arena);
    for (size_t i = 0; i < list->length; i++) {
        if (i > 0)
            prt_buf_char(&text, '\n');
        prt_stats_text(&text, &list->items[i], &style);
    }
    prt_cli_print(&text);
}

static void
show_json(prt_cli *cli, const stats_list *list)
{
    json_t *sets = json_array();
    for (size_t i = 0; i < list->length; i++)
        json_array_append_new(sets, prt_stats_json(cli->arena, &list->items[i]));
    prt_cli_print_json(
        json_pack("{s:i, s:s, s:o}", "version", 1, "database", PQdb(prt_conn_raw(cli->conn)), "sets", sets));
}

static bool
collect(prt_cli *cli, stats_list *list, int *status, prt_error *err)
{
    char **operands = cli->args.operands;
    size_t length = (size_t) cli->args.operands_length, policies = 0, tables = 0;
    char **paths = prt_arena_array(cli->arena, length + 1, sizeof *paths);
    const char **names = prt_arena_array(cli->arena, length + 1, sizeof *names);
    for (size_t i = 0; i < length; i++)
        if (is_policy(operands[i]))
            paths[policies++] = operands[i];
        else
            names[tables++] = operands[i];
    return (tables > 0 && policies == 0 ? prt_cli_connect(cli, err)
                                        : collect_policies(cli, paths, policies, list, status, err)) &&
           (tables == 0 || collect_tables(cli, names, tables, list, status, err)) && count_rows(cli, list, err);
}

int
prt_cmd_stats(prt_cli *cli)
{
    stats_list list = {0};
    prt_error err = {0};
    int status = PARTRUN_EXIT_OK;
    if (!collect(cli, &list, &status, &err))
        return prt_exit_worse(status, prt_cli_report(cli, &err));
    if (cli->args.options.format == PRT_FORMAT_JSON)
        show_json(cli, &list);
    else
        show_text(cli, &list);
    return status;
}
