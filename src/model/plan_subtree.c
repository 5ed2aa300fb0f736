/*
 * `subpartition`: what is beneath a new partition when it is attached. Names of the lower level: <partition>_h0 and so on
 * for hash, <partition>_<value> for list, and the policy's naming with the partition in the table's place for range.
 */
#include "model/plan_subtree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "model/ident.h"

static bool
refuse(prt_worksite *site, const char *hint, const char *message)
{
    prt_find(site, PRT_FINDING_UNSUPPORTED_KEY, PRT_SEVERITY_ERROR, NULL, hint, "%s", message);
    return false;
}

static int
compare_values(const void *a, const void *b)
{
    return strcmp(((const prt_tenant *) a)->id, ((const prt_tenant *) b)->id);
}

/* Sorted, each once, whoever made the list. */
static void
take_values(prt_worksite *site, const prt_tenant *items, size_t length)
{
    prt_sub *sub = site->sub;
    prt_tenant *values = prt_arena_array(site->arena, length + 1, sizeof *values);
    for (size_t i = 0; i < length; i++)
        values[i] = items[i];
    if (length > 1)
        qsort(values, length, sizeof *values, compare_values);
    for (size_t i = 0; i < length; i++)
        if (sub->length == 0 || strcmp(values[sub->length - 1].id, values[i].id) != 0)
            values[sub->length++] = values[i];
    sub->values = values;
}

static bool
begin_list(prt_worksite *site)
{
    const prt_sub_spec *spec = &site->spec->subpartition;
    const prt_tenant_list *list = site->planner->sub_values;
    if (list == NULL) {
        take_values(site, spec->list, spec->list_length);
    } else if (list->error != NULL) {
        prt_find(site, PRT_FINDING_MISSING, PRT_SEVERITY_ERROR, NULL, list->hint,
                 "nothing is created, because the values of its subpartitions are not known: %s", list->error);
        return false;
    } else {
        take_values(site, list->items, list->length);
    }
    return site->sub->length > 0 ||
           refuse(site, "give at least one value", "nothing is created: its subpartitions have no values");
}

prt_pos
prt_subtree_position(const prt_key *from, const prt_key *to, prt_pos at)
{
    bool was_wall = from->kind == PRT_KEY_DATE || from->kind == PRT_KEY_TIMESTAMP;
    bool is_wall = to->kind == PRT_KEY_DATE || to->kind == PRT_KEY_TIMESTAMP;
    if (was_wall == is_wall || at == PRT_POS_MIN || at == PRT_POS_MAX)
        return at;
    return is_wall ? prt_zone_local(to->zone, at) : prt_zone_first(from->zone, at);
}

static bool
begin_range(prt_worksite *site, const char *type)
{
    const prt_spec *spec = site->spec;
    const prt_sub_spec *level = &spec->subpartition;
    const prt_key *key = &site->set->key;
    prt_sub *sub = site->sub;
    prt_error err = {0};
    prt_key_options options = {.column = level->column};
    sub->open = strcmp(level->column, key->column) != 0;
    if (!sub->open)
        options = spec->key;
    if (!sub->open && type == NULL)
        type = key->type;
    if (type == NULL)
        return refuse(site, NULL, "the type of its subpartitions' column is not known");
    bool ok = prt_key_init(&sub->key, level->column, type, 1, 0, &options, spec->zone, &err);
    if (!ok)
        return refuse(site, err.hint[0] ? prt_arena_strdup(site->arena, err.hint) : NULL,
                      prt_arena_printf(site->arena, "subpartition: %s", err.message));
    bool ids = sub->key.kind == PRT_KEY_ID;
    if (ids != level->by_id || ids != (key->kind == PRT_KEY_ID) || (ids && sub->open))
        return refuse(site, "give both levels a time, or both the same column of ids",
                      prt_arena_printf(site->arena,
                                       "subpartitions by range of column %s do not fit into partitions by column %s",
                                       prt_ident_display(site->arena, NULL, level->column),
                                       prt_ident_display(site->arena, NULL, key->column)));
    bool wall = sub->key.kind == PRT_KEY_DATE || sub->key.kind == PRT_KEY_TIMESTAMP;
    ok = ids ? prt_grid_id(&sub->grid, level->id_step, spec->has_anchor ? spec->anchor : 0, &err)
             : prt_grid_time(&sub->grid, &level->interval, NULL, wall ? NULL : spec->zone, &err);
    return ok || refuse(site, err.hint[0] ? prt_arena_strdup(site->arena, err.hint) : NULL,
                        prt_arena_printf(site->arena, "subpartition: %s", err.message));
}

static bool
begin(prt_worksite *site)
{
    const prt_sub_spec *level = &site->spec->subpartition;
    const prt_parent *parent = site->parent;
    const prt_sub_column *column = NULL;
    for (size_t i = 0; i < parent->sub_columns_length && column == NULL; i++)
        if (strcmp(parent->sub_columns[i].name, level->column) == 0)
            column = &parent->sub_columns[i];
    const char *shown = prt_ident_display(site->arena, NULL, level->column);
    if (parent->sub_columns != NULL && column == NULL)
        return refuse(site, "correct the policy's subpartition",
                      prt_arena_printf(site->arena, "there is no column %s to subpartition by", shown));
    if (column != NULL && column->uncovered != NULL)
        return refuse(site, "add the column to the key, or subpartition by a column that is in it",
                      prt_arena_printf(site->arena,
                                       "unique index %s does not contain column %s: partitions that are partitioned by "
                                       "it cannot have that index",
                                       prt_ident_display(site->arena, NULL, column->uncovered), shown));
    switch (level->kind) {
    case PRT_SUB_LIST:
        return begin_list(site);
    case PRT_SUB_RANGE:
        return begin_range(site, column == NULL ? NULL : column->type);
    case PRT_SUB_HASH:
    case PRT_SUB_NONE:
        break;
    }
    return true;
}

void
prt_subtree_begin(prt_worksite *site)
{
    if (site->spec->subpartition.kind == PRT_SUB_NONE)
        return;
    site->sub = PRT_NEW(site->arena, prt_sub);
    site->sub->possible = begin(site);
}

/* ---- names ---- */

/* The partition's name without `over` bytes of the table's name at its beginning, and a suffix; NULL: there are not so many. */
static const char *
without(prt_arena *arena, const char *table, const char *partition, size_t over, const char *suffix)
{
    size_t common = 0;
    while (table[common] != '\0' && table[common] == partition[common])
        common++;
    if (over > 0 && common <= over)
        return NULL;
    return prt_arena_printf(arena, "%.*s%s%s", (int) prt_utf8_cut(partition, common - over), partition,
                            partition + common, suffix);
}

const char *
prt_subtree_name(prt_arena *arena, const char *table, const char *partition, const char *suffix)
{
    size_t length = strlen(partition) + strlen(suffix);
    return without(arena, table, partition, length <= PRT_NAME_BYTES ? 0 : length - PRT_NAME_BYTES, suffix);
}

/* The whole of it, and something else. */
static bool
holds(const char *name, const char *part)
{
    return strstr(name, part) != NULL && strcmp(name, part) != 0;
}

bool
prt_subtree_cell_name(const prt_worksite *site, const char *table, prt_name_input *input, const char **name,
                      prt_error *err)
{
    prt_arena *arena = site->arena;
    const prt_naming *naming = &site->spec->naming;
    const char *partition = input->table, *first = NULL;
    if (!prt_naming_make(arena, naming, input, name, err))
        return false;
    first = *name;
    /* Cut at its end, a partition's name would lose what tells it from its neighbours: it is cut in the table's part. */
    for (size_t over = 1; naming->make == NULL && !holds(*name, input->table); over++) {
        prt_error ignored = {0};
        input->table = without(arena, table, partition, over, "");
        if (input->table == NULL || !prt_naming_make(arena, naming, input, name, &ignored)) {
            *name = first;
            break;
        }
    }
    input->table = partition;
    return true;
}

const char *
prt_subtree_list_name(prt_worksite *site, const char *partition, const char *value, const prt_name_set *others)
{
    enum { MOST_BYTES = 40, MOST_TRIES = 1000 };
    size_t length = prt_utf8_cut(value, MOST_BYTES);
    char *suffix = prt_arena_printf(site->arena, "_%.*s", (int) length, value);
    for (char *c = suffix; *c != '\0'; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
                     (unsigned char) *c >= 0x80;
        *c = plain ? *c : '_';
    }
    for (int i = 1; i < MOST_TRIES; i++) {
        const char *name = prt_subtree_name(site->arena, site->set->table, partition,
                                            i == 1 ? suffix : prt_arena_printf(site->arena, "%s_%d", suffix, i));
        if (name == NULL || !prt_name_set_has(others, site->set->schema, name))
            return name;
    }
    return NULL;
}

bool
prt_subtree_claim(prt_worksite *site, const char *name)
{
    prt_planner *planner = site->planner;
    const char *schema = site->set->schema, *shown = prt_ident_display(site->arena, schema, name);
    if (!prt_name_set_add(site->arena, &planner->names, schema, name)) {
        prt_find(site, PRT_FINDING_NAME_COLLISION, PRT_SEVERITY_ERROR, prt_ident_display(site->arena, NULL, name),
                 "give the policy another naming", "two partitions of this run would be called %s", shown);
        return false;
    }
    if (!prt_snapshot_is_taken(planner->snapshot, prt_ident_qualify(site->arena, schema, name)))
        return true;
    prt_find(site, PRT_FINDING_NAME_TAKEN, PRT_SEVERITY_ERROR, prt_ident_display(site->arena, NULL, name),
             "rename or drop that relation, or give the policy another naming",
             "%s exists and is no partition of this set", shown);
    return false;
}

const prt_table *
prt_subtree_made(const prt_worksite *site, const prt_table *parent, const char *name, const char *bound)
{
    const prt_snapshot *snapshot = site->planner->snapshot;
    for (size_t i = 0; i < snapshot->waiting_length; i++) {
        const prt_waiting *w = &snapshot->waiting[i];
        if (strcmp(w->marker.state, "making") == 0 && strcmp(w->marker.parent_name, parent->name) == 0 &&
            strcmp(w->marker.parent_schema, parent->schema) == 0 && strcmp(w->marker.from, bound) == 0 &&
            strcmp(w->table->name, name) == 0 && strcmp(w->table->schema, site->set->schema) == 0)
            return w->table;
    }
    return NULL;
}

/* ---- the level ---- */

typedef struct prt_subpartition subpartition;

typedef struct level {
    prt_worksite *site;
    const prt_operation *operation;
    PRT_VEC(subpartition) children;
    bool ok;
} level;

static void
add(level *l, const char *name, const char *bound)
{
    prt_worksite *site = l->site;
    if (name == NULL) {
        prt_find(site, PRT_FINDING_NAME_COLLISION, PRT_SEVERITY_ERROR,
                 prt_ident_display(site->arena, NULL, l->operation->name), "give the policy a shorter naming",
                 "no name of at most %d bytes for its subpartition %s", PRT_NAME_BYTES, bound);
        l->ok = false;
        return;
    }
    l->ok = (l->operation->made || prt_subtree_claim(site, name)) && l->ok;
    prt_vec_push(site->arena, &l->children, ((subpartition) {.name = name, .bound = bound}));
}

/* Beyond this, something is wrong with the policy: the same cap as for partitions. */
static bool
has_room(level *l, int64_t length)
{
    prt_worksite *site = l->site;
    if (length <= site->spec->max_create)
        return true;
    if (l->ok)
        prt_find(
            site, PRT_FINDING_RUNAWAY, PRT_SEVERITY_ERROR, prt_ident_display(site->arena, NULL, l->operation->name),
            "check the policy's subpartition; raise max_create if it is meant",
            "more than %" PRId64 " subpartitions would have to be created in one partition", site->spec->max_create);
    l->ok = false;
    return false;
}

static void
add_hash(level *l, int modulus)
{
    for (int i = 0; has_room(l, modulus) && i < modulus; i++)
        add(l,
            prt_subtree_name(l->site->arena, l->site->set->table, l->operation->name,
                             prt_arena_printf(l->site->arena, "_h%d", i)),
            prt_arena_printf(l->site->arena, "FOR VALUES WITH (MODULUS %d, REMAINDER %d)", modulus, i));
}

static void
add_list(level *l)
{
    prt_worksite *site = l->site;
    const prt_sub *sub = site->sub;
    prt_name_set names = {0};
    for (size_t i = 0; has_room(l, (int64_t) sub->length) && i < sub->length; i++) {
        const char *name = prt_subtree_list_name(site, l->operation->name, sub->values[i].id, &names);
        if (name != NULL)
            prt_name_set_add(site->arena, &names, site->set->schema, name);
        add(l, name,
            prt_arena_printf(site->arena, "FOR VALUES IN (%s)", prt_literal_quote(site->arena, sub->values[i].id)));
    }
}

/* The cell [from, to) of the branch's range; `first`, `last`: it begins or ends where the branch does. */
static void
add_cell(level *l, prt_pos from, prt_pos to, const prt_end *first, const prt_end *last)
{
    prt_worksite *site = l->site;
    const prt_sub *sub = site->sub;
    prt_error err = {0};
    prt_name_input input = {.schema = site->set->schema,
                            .table = l->operation->name,
                            .tenant = prt_naming_tenant(site),
                            .key = &sub->key,
                            .grid = &sub->grid};
    prt_range range;
    const char *name = NULL;
    bool ok = prt_end_make(site->arena, &sub->key, from, &input.range.from, &err) &&
              prt_end_make(site->arena, &sub->key, to, &input.range.to, &err) &&
              prt_subtree_cell_name(site, site->set->table, &input, &name, &err);
    range = input.range;
    /* By another column than the branch, rows near its ends may lie a little outside. */
    ok = ok && (!sub->open || first == NULL || prt_end_make(site->arena, &sub->key, PRT_POS_MIN, &range.from, &err));
    ok = ok && (!sub->open || last == NULL || prt_end_make(site->arena, &sub->key, PRT_POS_MAX, &range.to, &err));
    if (!ok) {
        prt_find(site, PRT_FINDING_NAME_COLLISION, PRT_SEVERITY_ERROR,
                 prt_ident_display(site->arena, NULL, l->operation->name), err.hint[0] ? err.hint : NULL,
                 "a subpartition cannot be made: %s", err.message);
        l->ok = false;
        return;
    }
    if (!sub->open && site->set->key.columns == 1) {
        range.from = first != NULL ? *first : range.from;
        range.to = last != NULL ? *last : range.to;
    }
    if (strcmp(range.from.sql, range.to.sql) != 0)
        add(l, name, prt_arena_printf(site->arena, "FOR VALUES FROM (%s) TO (%s)", range.from.sql, range.to.sql));
}

static void
add_range(level *l)
{
    const prt_worksite *site = l->site;
    const prt_sub *sub = site->sub;
    const prt_range *range = &l->operation->range;
    prt_pos low = prt_subtree_position(&site->set->key, &sub->key, range->from.pos);
    prt_pos high = prt_subtree_position(&site->set->key, &sub->key, range->to.pos);
    prt_pos cutoff = prt_subtree_position(&site->set->key, &sub->key, site->keep.cutoff);
    prt_pos now = prt_subtree_position(&site->set->key, &sub->key, site->set->now);
    int64_t n = 0;
    for (prt_pos at = low; at < high;) {
        prt_pos next = prt_grid_next(&sub->grid, at), to = next < high ? next : high;
        bool gone = to <= cutoff && to <= now; /* retention would take it at once */
        if (!gone) {
            if (!has_room(l, ++n))
                return;
            bool first = at == low || (sub->open && n == 1);
            add_cell(l, at, to, first ? &range->from : NULL, to == high ? &range->to : NULL);
        }
        at = to;
    }
}

static const char *
partition_by(prt_arena *arena, const prt_sub_spec *sub)
{
    const char *how = sub->kind == PRT_SUB_HASH ? "HASH" : sub->kind == PRT_SUB_LIST ? "LIST" : "RANGE";
    return prt_arena_printf(arena, "%s (%s)", how, prt_ident_quote(arena, sub->column));
}

const char *
prt_subtree_note(prt_arena *arena, const prt_sublevel *below)
{
    const char *how = strncmp(below->partition_by, "HASH", 4) == 0   ? "hash"
                      : strncmp(below->partition_by, "LIST", 4) == 0 ? "list"
                                                                     : "range";
    const char *note = prt_arena_printf(arena, "with %zu %s partition%s", below->length, how,
                                        below->length == 1 ? "" : "s");
    if (below->length == 0 || below->children[0].below == NULL)
        return note;
    return prt_arena_printf(arena, "%s, each %s", note, prt_subtree_note(arena, below->children[0].below));
}

static int64_t
tables_of(const prt_sublevel *below)
{
    int64_t tables = 1;
    for (size_t i = 0; below != NULL && i < below->length; i++)
        tables += tables_of(below->children[i].below);
    return tables;
}

bool
prt_subtree_fits(prt_worksite *site, const prt_operation *operation)
{
    /* A budget is a share of the lock table that leaves room for others; of three, the others would notice. */
    int64_t locks = tables_of(operation->below) * site->parent->locks_per_child;
    if (locks <= INT64_C(3) * site->planner->snapshot->lock_budget)
        return true;
    prt_find(site, PRT_FINDING_RUNAWAY, PRT_SEVERITY_ERROR, prt_ident_display(site->arena, NULL, operation->name),
             "raise max_locks_per_transaction, or have fewer partitions beneath each",
             "it would be built with %" PRId64 " tables, which takes about %" PRId64
             " locks at once: more than the server can spare",
             tables_of(operation->below), locks);
    return false;
}

bool
prt_subtree_below(prt_worksite *site, prt_operation *operation)
{
    if (site->sub == NULL || !operation->has_range)
        return true;
    if (!site->sub->possible)
        return false;
    const prt_sub_spec *sub = &site->spec->subpartition;
    level l = {.site = site, .operation = operation, .ok = true};
    if (sub->kind == PRT_SUB_HASH)
        add_hash(&l, sub->modulus);
    else if (sub->kind == PRT_SUB_LIST)
        add_list(&l);
    else
        add_range(&l);
    if (!l.ok)
        return false;
    prt_sublevel *below = PRT_NEW(site->arena, prt_sublevel);
    *below = (prt_sublevel) {
        .partition_by = partition_by(site->arena, sub), .children = l.children.items, .length = l.children.length};
    operation->below = below;
    const char *note = prt_subtree_note(site->arena, below);
    operation->note = operation->note == NULL ? note : prt_arena_printf(site->arena, "%s, %s", note, operation->note);
    return prt_subtree_fits(site, operation);
}
