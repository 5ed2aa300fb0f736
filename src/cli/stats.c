#include "cli/stats.h"

#include <stdlib.h>
#include <string.h>

#include "model/axis.h"
#include "model/ident.h"
#include "model/retention.h"

typedef struct totals {
    int64_t rows, bytes; /* rows below 0: none of them is known */
} totals;

/* New partitions have no estimate: they do not hide those of the others. */
static int64_t
add_known(int64_t sum, int64_t rows)
{
    if (rows < 0)
        return sum;
    return sum < 0 ? rows : sum + rows;
}

/* A branch has no storage of its own: its leaves have. */
static bool
add_leaf(void *data, const prt_table *table)
{
    totals *sum = data;
    if (table->parent == NULL) {
        sum->bytes += table->bytes > 0 ? table->bytes : 0;
        sum->rows = add_known(sum->rows, table->rows);
    }
    return true;
}

static int
compare_rows(const void *a, const void *b)
{
    const prt_stats_row *x = a, *y = b;
    if (x->has_range != y->has_range)
        return x->has_range ? -1 : 1;
    if (x->has_range && x->range.from.pos != y->range.from.pos)
        return x->range.from.pos < y->range.from.pos ? -1 : 1;
    bool x_default = x->table->bound.kind == PRT_BOUND_DEFAULT, y_default = y->table->bound.kind == PRT_BOUND_DEFAULT;
    return x_default != y_default ? (x_default ? 1 : -1) : strcmp(x->table->name, y->table->name);
}

static const char *
state_of(const prt_stats *stats, const prt_stats_row *row)
{
    if (row->table->detach_pending)
        return "detach pending";
    if (row->table->bound.kind == PRT_BOUND_DEFAULT)
        return "default";
    if (!row->has_range)
        return "";
    if (stats->has_keep && prt_range_over(&stats->key, &row->range) <= stats->keep)
        return "expired";
    return row->range.from.pos <= stats->now && stats->now < row->range.to.pos ? "now" : "";
}

/* A bound that reaches from one tenant to another is no range of times. */
static bool
is_range(const prt_stats *stats, const prt_table *table)
{
    if (!stats->has_key || table->bound_error != NULL || table->bound.kind != PRT_BOUND_RANGE)
        return false;
    return stats->key.index == 0 || prt_bound_tenant(&table->bound) != NULL;
}

static void
add_row(prt_arena *arena, prt_stats *stats, const prt_table *child)
{
    totals sum = {.rows = -1};
    prt_error ignored = {0};
    prt_stats_row row = {.table = child};
    prt_table_walk(child, add_leaf, &sum);
    row.rows = sum.rows;
    row.bytes = sum.bytes;
    row.has_range = is_range(stats, child) &&
                    prt_range_from_bound(arena, &stats->key, &child->bound, &row.range, &ignored);
    prt_vec_push(arena, &stats->rows, row);
}

static void
add_rows(prt_arena *arena, prt_stats *stats, prt_table *const *children, size_t length)
{
    for (size_t i = 0; i < length; i++)
        add_row(arena, stats, children[i]);
    if (stats->rows.length > 0)
        qsort(stats->rows.items, stats->rows.length, sizeof *stats->rows.items, compare_rows);
}

static void
name_states(prt_stats *stats)
{
    for (size_t i = 0; i < stats->rows.length; i++)
        stats->rows.items[i].state = state_of(stats, &stats->rows.items[i]);
}

/* ------------------------------------------------------------------------------------- with a policy */

static bool
retention_of(const prt_set *set, const prt_tenant *tenant, prt_instant now, prt_retention *out)
{
    const prt_spec *spec = set->spec;
    const prt_hook_context context = {
        .spec = spec, .schema = set->schema, .table = set->table, .key = &set->key, .tenant = tenant, .now = now};
    prt_error ignored = {0};
    *out = spec->retention;
    return spec->hooks.retention == NULL || spec->hooks.retention(spec->hooks.data, &context, out, &ignored);
}

/* The line of one tenant, or of a set without; PRT_POS_MIN: everything stays, or nobody can tell. */
static prt_pos
cutoff_of(const prt_set *set, const prt_tenant *tenant, prt_instant now, const prt_extent *extents, size_t length)
{
    prt_retention retention;
    if (!retention_of(set, tenant, now, &retention))
        return PRT_POS_MIN;
    return prt_retention_keep(&retention, set->now, set->grid.zone, extents, length).cutoff;
}

/* The line that the planner draws, from the same extents: what several tenants share lives as long as the longest of
 * their retentions, and what is nobody's is kept. */
static void
find_keep(prt_arena *arena, const prt_set *set, prt_instant now, prt_stats *stats)
{
    const prt_tenant_list *several = set->tenants != NULL ? set->tenants : set->group;
    prt_extent *extents = prt_arena_array(arena, stats->rows.length + 1, sizeof *extents);
    size_t length = 0;
    if (!set->plannable || set->spec->cleanup == PRT_CLEANUP_NONE || set->unknown_tenant || set->stranger != NULL)
        return;
    for (size_t i = 0; i < stats->rows.length; i++) {
        const prt_stats_row *row = &stats->rows.items[i];
        if (row->has_range && !row->table->detach_pending)
            extents[length++] = (prt_extent) {.to = prt_range_over(&set->key, &row->range), .bytes = row->bytes};
    }
    stats->keep = several == NULL ? cutoff_of(set, set->tenant_row, now, extents, length) : PRT_POS_MAX;
    for (size_t i = 0; several != NULL && i < several->length && stats->keep != PRT_POS_MIN; i++) {
        prt_pos cutoff = cutoff_of(set, &several->items[i], now, extents, length);
        stats->keep = cutoff < stats->keep ? cutoff : stats->keep;
    }
    stats->has_keep = stats->keep != PRT_POS_MIN && stats->keep != PRT_POS_MAX;
}

void
prt_stats_from_set(prt_arena *arena, const prt_set *set, prt_instant now, prt_stats *out)
{
    *out = (prt_stats) {.parent = set->parent, .policy = set->spec->name, .tenant = set->tenant};
    if (set->plannable) {
        out->grid = prt_grid_display(arena, &set->grid);
        out->has_key = true;
        out->key = set->key;
        out->now = set->now;
        out->horizon = set->horizon;
    }
    if (set->exact && !set->follows && set->default_table != NULL)
        add_row(arena, out, set->default_table);
    add_rows(arena, out, set->children, set->children_length);
    find_keep(arena, set, now, out);
    name_states(out);
}

/* ---------------------------------------------------------------------------------- without a policy */

static prt_pos
cover_end(const prt_stats *stats)
{
    prt_pos end = stats->now;
    for (size_t i = 0; i < stats->rows.length; i++) {
        const prt_stats_row *row = &stats->rows.items[i];
        if (row->has_range && row->range.from.pos <= end && end < row->range.to.pos)
            end = row->range.to.pos;
    }
    return end;
}

void
prt_stats_from_table(prt_arena *arena, const prt_table *parent, prt_instant now, const char *highest, prt_stats *out)
{
    const prt_parent *facts = parent->parent;
    const prt_key_options none = {0};
    prt_error ignored = {0};
    *out = (prt_stats) {.parent = parent};
    /* Many tenants' partitions have no runway in common: their bounds are shown as they are. */
    if (facts->strategy == 'r' && facts->key[0].name != NULL && prt_parent_axis(facts) == 0)
        out->has_key = prt_key_init(&out->key, facts->key[0].name, facts->key[0].type, (int) facts->columns, 0, &none,
                                    prt_zone_utc(), &ignored);
    if (out->has_key)
        out->now = prt_key_is_time(&out->key) ? prt_key_now(&out->key, now)
                                              : (highest == NULL ? 0 : strtoll(highest, NULL, 10));
    add_rows(arena, out, facts->children, facts->children_length);
    out->horizon = cover_end(out);
    name_states(out);
}

/* ---------------------------------------------------------------------------------------------- sums, JSON */

int64_t
prt_stats_bytes(const prt_stats *stats)
{
    int64_t sum = 0;
    for (size_t i = 0; i < stats->rows.length; i++)
        sum += stats->rows.items[i].bytes;
    return sum;
}

int64_t
prt_stats_rows(const prt_stats *stats)
{
    int64_t sum = stats->rows.length == 0 ? 0 : -1;
    for (size_t i = 0; i < stats->rows.length; i++)
        sum = add_known(sum, stats->rows.items[i].rows);
    return sum;
}

bool
prt_stats_exact(const prt_stats *stats)
{
    for (size_t i = 0; i < stats->rows.length; i++)
        if (!stats->rows.items[i].exact)
            return false;
    return true;
}

static json_t *
pos_json(prt_arena *arena, const prt_stats *stats, prt_pos at)
{
    if (!stats->has_key || at == PRT_POS_MIN || at == PRT_POS_MAX)
        return json_null();
    return prt_key_is_time(&stats->key) ? json_string(prt_instant_format(arena, at)) : json_integer(at);
}

static json_t *
rows_json(int64_t rows)
{
    return rows < 0 ? json_null() : json_integer(rows);
}

static json_t *
row_json(prt_arena *arena, const prt_stats *stats, const prt_stats_row *row)
{
    const prt_table *table = row->table;
    return json_pack(
        "{s:s, s:o, s:o, s:s?, s:o, s:b, s:I, s:s}", "partition", prt_ident_display(arena, table->schema, table->name),
        "from", row->has_range ? pos_json(arena, stats, row->range.from.pos) : json_null(), "to",
        row->has_range ? pos_json(arena, stats, row->range.to.pos) : json_null(), "bound", table->bound_text, "rows",
        rows_json(row->rows), "exact", (int) row->exact, "bytes", (json_int_t) row->bytes, "state", row->state);
}

json_t *
prt_stats_json(prt_arena *arena, const prt_stats *stats)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < stats->rows.length; i++)
        json_array_append_new(rows, row_json(arena, stats, &stats->rows.items[i]));
    return json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:o, s:o, s:o, s:o, s:I, s:o}", "table",
                     prt_ident_display(arena, stats->parent->schema, stats->parent->name), "policy", stats->policy,
                     "tenant", stats->tenant, "interval", stats->grid, "key", stats->has_key ? stats->key.column : NULL,
                     "now", pos_json(arena, stats, stats->now), "horizon", pos_json(arena, stats, stats->horizon),
                     "retention", stats->has_keep ? pos_json(arena, stats, stats->keep) : json_null(), "rows",
                     rows_json(prt_stats_rows(stats)), "bytes", (json_int_t) prt_stats_bytes(stats), "partitions",
                     rows);
}
