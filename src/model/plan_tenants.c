/*
 * Which sets a policy with tenants has, whatever the layout:
 *
 *   RANGE (tenant, time)            a set for each tenant: the partitions with that tenant in both ends of their bounds
 *   LIST (tenant) -> RANGE (time)   a set for each LIST partition, of one tenant or of a group
 *   HASH -> RANGE (time), RANGE     sets that all tenants share
 */
#include <stdlib.h>
#include <string.h>

#include "model/ident.h"
#include "model/plan_set.h"
#include "model/plan_subtree.h"

typedef struct scope {
    prt_planner *planner;
    const prt_spec *spec;
    const prt_tenant_list *list;
} scope;

/* A partition of a RANGE (tenant, time) parent, and a tenant whose rows it holds. */
typedef struct holding {
    const char *tenant;
    prt_table *table;
} holding;

typedef PRT_VEC(holding) holdings;

static bool
is_tenant_column(const prt_parent *parent, const prt_spec *spec)
{
    return parent->columns > 0 && parent->key[0].name != NULL && strcmp(parent->key[0].name, spec->tenant.key) == 0;
}

/* Types whose order is known without asking the server: of texts it is the collation's. */
static bool
is_integer(const prt_parent *parent)
{
    const char *type = parent->key[0].type;
    return strcmp(type, "smallint") == 0 || strcmp(type, "integer") == 0 || strcmp(type, "bigint") == 0;
}

static int
compare_ids(const prt_parent *parent, const char *a, const char *b)
{
    if (!is_integer(parent))
        return strcmp(a, b);
    long long x = strtoll(a, NULL, 10), y = strtoll(b, NULL, 10);
    return (x > y) - (x < y);
}

static bool
is_ordered(const prt_parent *parent)
{
    return is_integer(parent) || strcmp(parent->key[0].type, "uuid") == 0;
}

static void
hold(const scope *s, holdings *out, const char *tenant, prt_table *table)
{
    if (tenant == NULL || (out->length > 0 && out->items[out->length - 1].table == table &&
                           strcmp(out->items[out->length - 1].tenant, tenant) == 0))
        return;
    prt_vec_push(s->planner->arena, out, ((holding) {.tenant = tenant, .table = table}));
}

static size_t
place_of(const prt_tenant_list *list, const char *id)
{
    size_t i = 0;
    while (i < list->order_length && strcmp(list->order[i], id) != 0)
        i++;
    return i;
}

/* Known tenants between the ends, of whom only the server can tell. */
static void
hold_between(const scope *s, holdings *out, prt_table *table)
{
    const prt_datum *from = &table->bound.from[0], *to = &table->bound.to[0];
    const prt_tenant_list *list = s->list;
    size_t i = from->kind == PRT_DATUM_VALUE ? place_of(list, from->text) + 1 : 0;
    size_t end = to->kind == PRT_DATUM_VALUE ? place_of(list, to->text) : list->order_length;
    for (; i < end && end <= list->order_length; i++)
        if (prt_tenant_find(list, list->order[i]) != NULL &&
            (from->kind != PRT_DATUM_VALUE || strcmp(list->order[i], from->text) != 0))
            hold(s, out, list->order[i], table);
}

/* From ('a', x) to ('c', y): the end of a's rows, the beginning of c's, and all of b's. */
static void
hold_spanning(const scope *s, const prt_parent *parent, holdings *out, prt_table *table)
{
    const prt_datum *from = &table->bound.from[0], *to = &table->bound.to[0];
    bool some_of_to = to->kind == PRT_DATUM_VALUE && table->bound.to[1].kind != PRT_DATUM_MINVALUE;
    if (from->kind == PRT_DATUM_VALUE)
        hold(s, out, from->text, table);
    for (size_t i = 0; is_ordered(parent) && i < s->list->length; i++) {
        const char *id = s->list->items[i].id;
        bool after = from->kind != PRT_DATUM_VALUE || compare_ids(parent, id, from->text) > 0;
        bool before = to->kind != PRT_DATUM_VALUE || compare_ids(parent, id, to->text) < 0;
        if (after && before)
            hold(s, out, id, table);
    }
    if (!is_ordered(parent) && s->list->order != NULL)
        hold_between(s, out, table);
    if (some_of_to)
        hold(s, out, to->text, table);
}

bool
prt_tenants_span(const prt_bound *bound)
{
    return bound->from[0].kind != PRT_DATUM_VALUE || bound->to[0].kind != PRT_DATUM_VALUE ||
           strcmp(bound->from[0].text, bound->to[0].text) != 0;
}

/* What is detached and waits for the end of its grace may be all that is left of a tenant. */
static void
hold_waiting(const scope *s, const prt_table *table, holdings *out)
{
    const prt_snapshot *snapshot = s->planner->snapshot;
    for (size_t i = 0; s->spec->tenant.drop_unknown && i < snapshot->waiting_length; i++) {
        const prt_marker *m = &snapshot->waiting[i].marker;
        prt_bound bound;
        prt_error ignored = {0};
        if (prt_marker_retiring(m) && strcmp(m->policy, s->spec->name) == 0 &&
            strcmp(m->parent_name, table->name) == 0 && strcmp(m->parent_schema, table->schema) == 0 &&
            prt_bound_parse(s->planner->arena,
                            prt_arena_printf(s->planner->arena, "FOR VALUES FROM (%s) TO (%s)", m->from, m->to), &bound,
                            &ignored) &&
            bound.length > 1 && !prt_tenants_span(&bound))
            hold(s, out, bound.from[0].text, NULL);
    }
}

static int
compare_holdings(const void *a, const void *b)
{
    return strcmp(((const holding *) a)->tenant, ((const holding *) b)->tenant);
}

/* Which tenants the partitions of a RANGE (tenant, time) parent belong to, by tenant. */
static holdings
find_holdings(const scope *s, const prt_table *table, prt_table **default_table, size_t *unreadable)
{
    const prt_parent *parent = table->parent;
    holdings out = {0};
    for (size_t i = 0; i < parent->children_length; i++) {
        prt_table *child = parent->children[i];
        bool is_default = child->bound_error == NULL && child->bound.kind == PRT_BOUND_DEFAULT;
        if (is_default)
            *default_table = child;
        else if (child->bound_error != NULL || child->bound.kind != PRT_BOUND_RANGE || child->bound.length < 2)
            (*unreadable)++;
        else if (prt_tenants_span(&child->bound))
            hold_spanning(s, parent, &out, child);
        else
            hold(s, &out, child->bound.from[0].text, child);
    }
    hold_waiting(s, table, &out);
    if (out.length > 1)
        qsort(out.items, out.length, sizeof *out.items, compare_holdings);
    return out;
}

static void
find_spanning(const scope *s, prt_set *set)
{
    const prt_parent *parent = set->parent->parent;
    for (size_t i = 0; i < parent->children_length; i++) {
        const prt_table *child = parent->children[i];
        if (child->bound_error == NULL && child->bound.kind == PRT_BOUND_RANGE && child->bound.length > 1 &&
            prt_tenants_span(&child->bound))
            prt_find_set(s->planner->arena, set, PRT_FINDING_UNEXPECTED_BOUNDS, PRT_SEVERITY_WARNING,
                         prt_ident_display(s->planner->arena, child->schema, child->name),
                         "detach it, create each tenant's own partitions, and move its rows",
                         prt_arena_printf(s->planner->arena,
                                          "it holds the rows of several tenants (%s): it is never retired",
                                          child->bound_text));
    }
}

static prt_set *
add_exact_set(const scope *s, const prt_table *table, const char *id, prt_table *const *children, size_t length)
{
    prt_set *set = prt_plan_add_set(s->planner, table, s->spec);
    set->tenant = id;
    set->tenant_row = prt_tenant_find(s->list, id);
    set->unknown_tenant = set->tenant_row == NULL;
    set->exact = true;
    set->children = children;
    set->children_length = length;
    return set;
}

/* Known tenants and those of the bounds, merged in the order of their ids. */
static void
add_exact_sets(const scope *s, const prt_table *table)
{
    prt_table *default_table = NULL;
    size_t unreadable = 0, first = s->planner->plan->sets.length;
    holdings h = find_holdings(s, table, &default_table, &unreadable);
    prt_table **tables = prt_arena_array(s->planner->arena, h.length + 1, sizeof(prt_table *));
    size_t attached = 0;
    for (size_t i = 0, k = 0; i < h.length || k < s->list->length;) {
        int order = i == h.length ? 1 : k == s->list->length ? -1 : strcmp(h.items[i].tenant, s->list->items[k].id);
        const char *id = order <= 0 ? h.items[i].tenant : s->list->items[k].id;
        size_t start = attached;
        for (; i < h.length && strcmp(h.items[i].tenant, id) == 0; i++)
            if (h.items[i].table != NULL)
                tables[attached++] = h.items[i].table;
        k += order >= 0;
        add_exact_set(s, table, id, tables + start, attached - start);
    }
    for (size_t i = first; i < s->planner->plan->sets.length; i++) {
        prt_set *set = &s->planner->plan->sets.items[i];
        set->default_table = default_table;
        set->has_default = default_table != NULL || (i > first && s->planner->plan->sets.items[i - 1].has_default);
        set->follows = i > first;
        if (i == first)
            find_spanning(s, set);
        prt_plan_set(s->planner, set);
        if (i == first && !set->plannable) { /* and so are all others, by the same words */
            s->planner->plan->sets.length = first + 1;
            break;
        }
    }
    if (unreadable > 0 && first < s->planner->plan->sets.length)
        prt_find_set(s->planner->arena, &s->planner->plan->sets.items[first], PRT_FINDING_UNEXPECTED_BOUNDS,
                     PRT_SEVERITY_ERROR, NULL, "partrun leaves them alone",
                     prt_arena_printf(s->planner->arena, "the bounds of %zu partition%s cannot be read", unreadable,
                                      unreadable == 1 ? "" : "s"));
}

/* One RANGE parent that several tenants share: all of the policy's, or a group under one LIST partition. */
static void
add_shared_set(const scope *s, const prt_table *table)
{
    prt_set *set = prt_plan_add_set(s->planner, table, s->spec);
    set->tenants = s->list;
    prt_plan_set(s->planner, set);
}

static bool
lists_tenant(const prt_parent *parent, const char *id)
{
    for (size_t i = 0; i < parent->children_length; i++) {
        const prt_bound *bound = &parent->children[i]->bound;
        for (size_t v = 0;
             parent->children[i]->bound_error == NULL && bound->kind == PRT_BOUND_LIST && v < bound->length; v++)
            if (bound->values[v].kind == PRT_DATUM_VALUE && strcmp(bound->values[v].text, id) == 0)
                return true;
    }
    return false;
}

/* The tenants of one LIST partition: those that somebody knows, and whether there are others. */
static prt_tenant_list *
group_of(const scope *s, const prt_bound *bound, const char **stranger)
{
    prt_arena *arena = s->planner->arena;
    prt_tenant_list *group = PRT_NEW(arena, prt_tenant_list);
    group->items = prt_arena_array(arena, bound->length + 1, sizeof *group->items);
    for (size_t v = 0; v < bound->length; v++) {
        bool is_value = bound->values[v].kind == PRT_DATUM_VALUE;
        const prt_tenant *known = is_value ? prt_tenant_find(s->list, bound->values[v].text) : NULL;
        if (known != NULL)
            group->items[group->length++] = *known;
        else
            *stranger = is_value ? bound->values[v].text : "NULL";
    }
    return group;
}

static size_t
add_listed_set(const scope *s, const prt_table *table)
{
    const prt_bound *bound = &table->bound;
    if (table->bound_error != NULL || bound->kind != PRT_BOUND_LIST || table->parent == NULL || table->detach_pending ||
        table->parent->strategy != 'r')
        return prt_tenants_add_sets(s->planner, table, s->spec, s->list);
    prt_arena *arena = s->planner->arena;
    const char *stranger = NULL;
    prt_tenant_list *group = group_of(s, bound, &stranger);
    prt_set *set = prt_plan_add_set(s->planner, table, s->spec);
    if (bound->length == 1 && bound->values[0].kind == PRT_DATUM_VALUE) {
        set->tenant = group->length == 1 ? group->items[0].id : stranger;
        set->tenant_row = group->length == 1 ? &group->items[0] : NULL;
        set->unknown_tenant = group->length == 0;
    } else {
        set->group = group; /* NULL alone is nobody: no tenant that was ever known could be gone */
        set->stranger = stranger;
    }
    if (bound->length > 1)
        prt_find_set(arena, set, PRT_FINDING_UNEXPECTED_BOUNDS, PRT_SEVERITY_INFO, NULL,
                     "a LIST partition for each tenant lets each have its own",
                     prt_arena_printf(arena, "it holds %zu tenants: the longest of their retentions holds for all",
                                      bound->length));
    prt_plan_set(s->planner, set);
    return 1;
}

static size_t
add_listed_sets(const scope *s, const prt_table *table)
{
    const prt_parent *parent = table->parent;
    size_t sum = 0;
    for (size_t i = 0; i < parent->children_length; i++)
        sum += add_listed_set(s, parent->children[i]);
    for (size_t i = 0; i < s->list->length; i++) {
        if (lists_tenant(parent, s->list->items[i].id))
            continue;
        prt_subtree_tenant(s->planner, table, s->spec, &s->list->items[i]);
        sum++;
    }
    return sum;
}

size_t
prt_tenants_add_sets(prt_planner *planner, const prt_table *table, const prt_spec *spec, const prt_tenant_list *list)
{
    const scope s = {.planner = planner, .spec = spec, .list = list};
    const prt_parent *parent = table->parent;
    if (parent == NULL || table->detach_pending)
        return 0;
    if (parent->strategy == 'l' && is_tenant_column(parent, spec))
        return add_listed_sets(&s, table);
    if (parent->strategy == 'r') {
        if (parent->columns > 1 && is_tenant_column(parent, spec))
            add_exact_sets(&s, table);
        else
            add_shared_set(&s, table);
        return 1;
    }
    size_t sum = 0;
    for (size_t i = 0; i < parent->children_length; i++)
        sum += prt_tenants_add_sets(planner, parent->children[i], spec, list);
    return sum;
}
