#include "pg/run_plan.h"

#include <string.h>

#include "model/ident.h"
#include "pg/catalog.h"
#include "pg/policy_query.h"
#include "pg/run_purge.h"
#include "pg/tenants.h"

enum { LOCK_MS = 3000, READ_MS = 120 * 1000 }; /* reading the catalog, and default partitions */

typedef struct draft {
    PRT_VEC(const char *) tables;
    PRT_VEC(const prt_spec *) specs;
    PRT_VEC(struct prt_broken) broken;
} draft;

static void
add_broken(draft *d, prt_arena *arena, const prt_spec *spec, const prt_error *error)
{
    prt_error *kept = PRT_NEW(arena, prt_error);
    *kept = *error;
    struct prt_broken entry = {.spec = spec, .error = kept};
    prt_vec_push(arena, &d->broken, entry);
}

static void
add_table(draft *d, prt_arena *arena, const prt_spec *spec, const char *table)
{
    const char *schema, *name;
    prt_error err = {0};
    if (!prt_ident_parse(arena, table, &schema, &name, &err)) {
        add_broken(d, arena, spec, &err);
        return;
    }
    prt_vec_push(arena, &d->tables, table);
    prt_vec_push(arena, &d->specs, spec);
}

static bool
query_tables(prt_conn *conn, const prt_spec *spec, const prt_run_options *options, PGresult **out, prt_error *err)
{
    if (!prt_policy_query(conn, spec, options, spec->tables_query, 0, NULL, out, err))
        return false;
    return PQnfields(*out) == 2 ||
           prt_fail(err, PRT_ERR_POLICY, "the query of tables returns %d columns instead of schema and table",
                    PQnfields(*out));
}

static bool
add_queried(draft *d, prt_conn *conn, prt_arena *arena, const prt_spec *spec, const prt_run_options *options,
            prt_error *err)
{
    PGresult *result = NULL;
    prt_error why = {0};
    bool ok = query_tables(conn, spec, options, &result, &why);
    for (int row = 0; ok && row < PQntuples(result); row++) {
        if (PQgetisnull(result, row, 0) || PQgetisnull(result, row, 1))
            continue;
        add_table(d, arena, spec, prt_ident_qualify(arena, PQgetvalue(result, row, 0), PQgetvalue(result, row, 1)));
    }
    PQclear(result);
    if (!ok && prt_ends_the_run(&why)) {
        *err = why;
        return false;
    }
    if (!ok)
        add_broken(d, arena, spec, &why);
    return true;
}

bool
prt_targets_resolve(prt_conn *conn, prt_arena *arena, const prt_spec *const *specs, size_t length,
                    const prt_run_options *options, prt_targets *out, prt_error *err)
{
    draft d = {0};
    for (size_t i = 0; i < length; i++) {
        for (size_t t = 0; t < specs[i]->tables_length; t++)
            add_table(&d, arena, specs[i], specs[i]->tables[t]);
        if (specs[i]->tables_query != NULL && !add_queried(&d, conn, arena, specs[i], options, err))
            return false;
    }
    *out = (prt_targets) {.tables = d.tables.items,
                          .specs = d.specs.items,
                          .length = d.tables.length,
                          .broken = d.broken.items,
                          .broken_length = d.broken.length};
    return true;
}

void
prt_set_find(prt_arena *arena, prt_set *set, prt_finding_code code, prt_severity severity, const char *message,
             const char *hint)
{
    prt_finding finding = {.code = code,
                           .severity = severity,
                           .object = prt_ident_display(arena, set->schema, set->table),
                           .message = message,
                           .hint = hint};
    prt_vec_push(arena, &set->findings, finding);
}

/* A policy without tables to show still has to show what is wrong with it. */
static void
add_broken_sets(prt_arena *arena, prt_plan *plan, const prt_targets *targets)
{
    for (size_t i = 0; i < targets->broken_length; i++) {
        const prt_spec *spec = targets->broken[i].spec;
        const prt_error *error = targets->broken[i].error;
        prt_table *nothing = PRT_NEW(arena, prt_table);
        *nothing = (prt_table) {.schema = "", .name = spec->name, .rows = -1, .bytes = -1};
        prt_set set = {.spec = spec, .parent = nothing, .schema = NULL, .table = spec->name, .bytes = -1};
        prt_set_find(arena, &set, PRT_FINDING_NOT_PARTITIONED, PRT_SEVERITY_ERROR,
                     prt_arena_printf(arena, "the policy's tables cannot be found out: %s", error->message),
                     error->hint[0] != '\0' ? error->hint : NULL);
        prt_vec_push(arena, &plan->sets, set);
    }
}

static const char *
key_column(const prt_spec *spec, const prt_parent *parent)
{
    if (spec->key.column != NULL)
        return spec->key.column;
    return parent->columns > 0 ? parent->key[0].name : NULL;
}

static bool
has_column(const prt_parent *parent, const char *column)
{
    for (size_t i = 0; i < parent->columns; i++)
        if (parent->key[i].name != NULL && strcmp(parent->key[i].name, column) == 0)
            return true;
    return false;
}

/* The RANGE parents whose "now" is the highest id stored. */
typedef struct id_sets {
    PRT_VEC(const prt_table *) tables;
    PRT_VEC(const char *) columns;
} id_sets;

static void
list_id_sets(id_sets *out, prt_arena *arena, const prt_spec *spec, const prt_table *table)
{
    const prt_parent *parent = table->parent;
    if (parent == NULL)
        return;
    const char *column = key_column(spec, parent);
    if (parent->strategy == 'r' && column != NULL && has_column(parent, column)) {
        prt_vec_push(arena, &out->tables, table);
        prt_vec_push(arena, &out->columns, column);
    }
    for (size_t i = 0; parent->strategy != 'r' && i < parent->children_length; i++)
        list_id_sets(out, arena, spec, parent->children[i]);
}

/* One after the other, once it is known that one of them cannot be read: that one alone is out of this run. */
static bool
read_each_highest(prt_conn *conn, prt_arena *arena, const id_sets *sets, prt_error *err)
{
    for (size_t i = 0; i < sets->tables.length; i++) {
        prt_error why = {0};
        prt_parent *parent = sets->tables.items[i]->parent;
        if (prt_catalog_highest(conn, arena, sets->tables.items[i], sets->columns.items[i], &parent->highest, &why))
            continue;
        if (prt_ends_the_run(&why)) {
            *err = why;
            return false;
        }
        parent->highest_error = prt_arena_strdup(arena, why.message);
    }
    return true;
}

static bool
read_highest(prt_conn *conn, prt_arena *arena, const prt_targets *targets, const prt_snapshot *snapshot, prt_error *err)
{
    id_sets sets = {0};
    prt_error why = {0};
    for (size_t i = 0; i < targets->length; i++)
        if (targets->specs[i]->by_id)
            list_id_sets(&sets, arena, targets->specs[i], snapshot->roots[i]);
    size_t length = sets.tables.length;
    if (length == 0)
        return true;
    const char **highest = prt_arena_array(arena, length, sizeof *highest);
    if (!prt_catalog_highest_many(conn, arena, sets.tables.items, sets.columns.items, length, highest, &why)) {
        if (!prt_ends_the_run(&why))
            return read_each_highest(conn, arena, &sets, err);
        *err = why;
        return false;
    }
    for (size_t i = 0; i < length; i++)
        sets.tables.items[i]->parent->highest = highest[i];
    return true;
}

/* Not allowed to read a default partition, or no time: the statistics have to do. */
static bool
look_into_defaults(prt_conn *conn, prt_arena *arena, prt_snapshot *snapshot, prt_error *err)
{
    prt_error why = {0};
    if (prt_defaults_read(conn, arena, snapshot, &why) || !prt_ends_the_run(&why))
        return true;
    *err = why;
    return false;
}

/* Columns that lower levels are, or are to be, partitioned by: the catalog is asked for no others but the keys. */
static void
list_columns(prt_arena *arena, const prt_targets *targets, prt_catalog_options *wanted)
{
    const char **columns = prt_arena_array(arena, 2 * targets->length + 1, sizeof *columns);
    for (size_t i = 0; i < targets->length; i++) {
        const prt_spec *spec = targets->specs[i];
        if (spec->subpartition.kind != PRT_SUB_NONE)
            columns[wanted->columns_length++] = spec->subpartition.column;
        if (spec->tenant.key != NULL && spec->key.column != NULL)
            columns[wanted->columns_length++] = spec->key.column;
    }
    wanted->columns = columns;
}

static bool
wants_bytes(const prt_targets *targets, const prt_run_options *options)
{
    bool wants = options->all_sizes;
    for (size_t i = 0; i < targets->length; i++)
        wants = wants || prt_spec_wants_bytes(targets->specs[i]);
    return wants;
}

static bool
read_snapshot(prt_conn *conn, prt_arena *arena, const prt_targets *targets, const prt_run_options *options, bool bytes,
              prt_snapshot **out, prt_error *err)
{
    prt_catalog_options wanted = {
        .bytes = bytes, .comments = options->plan.checking, .has_now = options->has_now, .now = options->now};
    list_columns(arena, targets, &wanted);
    if (!prt_catalog_read(conn, arena, targets->tables, targets->length, &wanted, out, err))
        return false;
    if (!read_highest(conn, arena, targets, *out, err))
        return false;
    if (!prt_tenants_read(conn, arena, targets, options, *out, err) || !prt_conn_timeouts(conn, LOCK_MS, READ_MS, err))
        return false;
    return look_into_defaults(conn, arena, *out, err);
}

/* What the first plan wants to make may be in the way of something: names that are taken, rows in default partitions. */
static bool
read_obstacles(prt_conn *conn, prt_arena *arena, prt_snapshot *snapshot, const prt_plan *plan,
               const prt_run_options *options, prt_error *err)
{
    size_t length;
    const char **names = prt_plan_names(arena, plan, &length);
    if (length > 0 && !prt_catalog_taken(conn, arena, names, length, &snapshot->taken, &snapshot->taken_length, err))
        return false;
    prt_error why = {0};
    if (prt_blocked_read(conn, arena, plan, &snapshot->blocked, &snapshot->blocked_length, &why))
        return true;
    if (prt_ends_the_run(&why)) {
        *err = why;
        return false;
    }
    /* Not allowed to read the default partition, or no time: ATTACH will find out. */
    prt_log_error(options->log, &why);
    return true;
}

static bool
read_sizes(prt_conn *conn, prt_arena *arena, prt_plan *plan, prt_error *err)
{
    PRT_VEC(prt_operation *) wanted = {0};
    PRT_VEC(uint32_t) oids = {0};
    for (size_t s = 0; s < plan->sets.length; s++) {
        for (size_t i = 0; i < plan->sets.items[s].operations.length; i++) {
            prt_operation *op = &plan->sets.items[s].operations.items[i];
            if (op->oid == 0 || op->bytes >= 0 ||
                (op->op != PRT_OP_DROP && op->op != PRT_OP_DETACH && op->op != PRT_OP_MOVE && op->op != PRT_OP_ARCHIVE))
                continue;
            prt_vec_push(arena, &wanted, op);
            prt_vec_push(arena, &oids, op->oid);
        }
    }
    int64_t *bytes;
    if (oids.length == 0)
        return true;
    if (!prt_catalog_sizes(conn, arena, oids.items, oids.length, &bytes, err))
        return false;
    for (size_t i = 0; i < oids.length; i++)
        wanted.items[i]->bytes = bytes[i];
    return true;
}

/* Sizes cost a look at every file of every partition: what a retention function is content without is not read. */
static bool
first_plan(prt_conn *conn, prt_arena *arena, const prt_targets *targets, const prt_run_options *options,
           prt_snapshot **snapshot, prt_plan **out, prt_error *err)
{
    for (bool bytes = wants_bytes(targets, options);; bytes = true) {
        if (!prt_conn_timeouts(conn, LOCK_MS, READ_MS, err) ||
            !read_snapshot(conn, arena, targets, options, bytes, snapshot, err) ||
            !prt_plan_make(arena, *snapshot, targets->specs, &options->plan, out, err))
            return false;
        if (bytes || !(*out)->wants_bytes)
            return true;
    }
}

bool
prt_targets_plan(prt_conn *conn, prt_arena *arena, const prt_targets *targets, const prt_run_options *options,
                 prt_plan **out, prt_error *err)
{
    prt_snapshot *snapshot;
    bool again = false;
    if (!first_plan(conn, arena, targets, options, &snapshot, out, err) ||
        !read_obstacles(conn, arena, snapshot, *out, options, err) ||
        !prt_purge_read(conn, arena, snapshot, *out, &again, err))
        return false;
    if ((again || snapshot->taken_length > 0 || snapshot->blocked_length > 0) &&
        !prt_plan_make(arena, snapshot, targets->specs, &options->plan, out, err))
        return false;
    add_broken_sets(arena, *out, targets);
    return !options->sizes || read_sizes(conn, arena, *out, err);
}
