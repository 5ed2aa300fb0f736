/*
 * Beneath branches that exist: missing hash buckets at the moduli that are there, missing list values, and RANGE levels,
 * which become sets of their own, bounded by their branch. A partition without such a level is left as it is.
 */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "model/ident.h"
#include "model/plan_subtree.h"

/* PostgreSQL allows any modulus; one that has to be counted out bucket by bucket has to be reasonable. */
enum { MOST_BUCKETS = 1 << 20 };

static char
strategy_of(prt_sub_kind kind)
{
    return kind == PRT_SUB_HASH ? 'h' : kind == PRT_SUB_LIST ? 'l' : 'r';
}

/* A branch of the kind that the policy speaks of. */
static bool
is_branch(const prt_worksite *site, const prt_table *table)
{
    const prt_sub_spec *sub = &site->spec->subpartition;
    const prt_parent *parent = table->parent;
    return parent != NULL && parent->strategy == strategy_of(sub->kind) && parent->columns == 1 &&
           parent->key[0].name != NULL && strcmp(parent->key[0].name, sub->column) == 0;
}

bool
prt_subtree_has_cells(const prt_worksite *site, const prt_table *table)
{
    return site->sub != NULL && site->sub->possible && site->spec->subpartition.kind == PRT_SUB_RANGE &&
           is_branch(site, table);
}

bool
prt_subtree_is_odd(const prt_worksite *site, const prt_table *table)
{
    return site->sub != NULL && !site->sub->possible && site->spec->subpartition.kind == PRT_SUB_RANGE &&
           is_branch(site, table);
}

bool
prt_subtree_waits(const prt_worksite *site, const prt_table *table)
{
    const prt_snapshot *snapshot = site->planner->snapshot;
    bool acts = site->spec->cleanup == PRT_CLEANUP_DROP || site->spec->cleanup == PRT_CLEANUP_MOVE;
    for (size_t i = 0; acts && prt_subtree_has_cells(site, table) && i < snapshot->waiting_length; i++) {
        const prt_marker *marker = &snapshot->waiting[i].marker;
        if (prt_marker_retiring(marker) && strcmp(marker->policy, site->spec->name) == 0 &&
            strcmp(marker->parent_name, table->name) == 0 && strcmp(marker->parent_schema, table->schema) == 0)
            return true;
    }
    return false;
}

static bool
is_wanted(const prt_worksite *site, const prt_piece *piece)
{
    const prt_plan_options *options = site->planner->options;
    if (piece->pending || piece->spans || piece->expired || !piece->stays)
        return false;
    if (options->ensure_from == NULL)
        return true;
    bool time = prt_key_is_time(&site->set->key);
    prt_pos first = *options->ensure_from, last = options->ensure_to != NULL ? *options->ensure_to : first;
    first = time ? prt_key_now(&site->set->key, first) : first;
    last = time ? prt_key_now(&site->set->key, last) : last;
    return piece->range.from.pos <= last && first < piece->range.to.pos;
}

typedef struct repair {
    prt_worksite *site;
    const prt_table *branch;
    size_t made, most;
} repair;

static void
add(repair *r, const char *name, const char *bound)
{
    prt_worksite *site = r->site;
    if (++r->made > r->most) {
        if (r->made == r->most + 1)
            prt_find(site, PRT_FINDING_RUNAWAY, PRT_SEVERITY_ERROR, NULL,
                     "check the policy's subpartition; raise max_create if it is meant",
                     "more than %zu subpartitions are missing: no more are created in this run", r->most);
        return;
    }
    if (name == NULL) {
        prt_find(site, PRT_FINDING_NAME_COLLISION, PRT_SEVERITY_ERROR, prt_site_name(site, r->branch),
                 "rename the partition", "no name of at most %d bytes for its subpartition %s", PRT_NAME_BYTES, bound);
        return;
    }
    prt_operation operation = {.op = PRT_OP_CREATE,
                               .schema = site->set->schema,
                               .name = name,
                               .branch = r->branch,
                               .bound = bound,
                               .reason = "repair",
                               .note = prt_arena_printf(site->arena, "in %s", prt_site_name(site, r->branch)),
                               .bytes = -1,
                               .rows = -1};
    operation.table = prt_subtree_made(site, r->branch, name, bound);
    if (operation.table != NULL) {
        operation.oid = operation.table->oid;
        operation.made = true;
        operation.reason = "resumed";
        prt_name_set_add(site->arena, &site->planner->names, operation.schema, name);
    } else if (!prt_subtree_claim(site, name)) {
        return;
    }
    if (prt_snapshot_is_blocked(site->planner->snapshot, prt_ident_qualify(site->arena, operation.schema, name))) {
        prt_find(site, PRT_FINDING_DEFAULT_BLOCKS, PRT_SEVERITY_ERROR, prt_ident_display(site->arena, NULL, name),
                 "move the rows away, run apply, and insert them again", "the default partition of %s holds rows of it",
                 prt_site_name(site, r->branch));
        return;
    }
    prt_plan_add(site, operation);
}

/* False, with a finding, when a bound beneath the branch cannot be understood. */
static bool
all_readable(repair *r, prt_bound_kind kind)
{
    const prt_parent *parent = r->branch->parent;
    for (size_t i = 0; i < parent->children_length; i++) {
        const prt_table *child = parent->children[i];
        if (child->bound_error == NULL && (child->bound.kind == kind || child->bound.kind == PRT_BOUND_DEFAULT))
            continue;
        prt_find(r->site, PRT_FINDING_UNEXPECTED_BOUNDS, PRT_SEVERITY_ERROR, prt_site_name(r->site, child),
                 "partrun leaves its branch alone", "its bounds cannot be read");
        return false;
    }
    return true;
}

/* ---- hash ---- */

static bool
is_free(const bool *covered, int most, int modulus, int remainder)
{
    for (int k = remainder; k < most; k += modulus)
        if (covered[k])
            return false;
    return true;
}

static void
cover(bool *covered, int most, int modulus, int remainder)
{
    for (int k = remainder; k < most; k += modulus)
        covered[k] = true;
}

static void
add_bucket(repair *r, int modulus, int remainder)
{
    prt_arena *arena = r->site->arena;
    /* No two buckets of a table share a remainder: of two moduli one is a factor of the other, and they would overlap. */
    add(r, prt_subtree_name(arena, r->site->set->table, r->branch->name, prt_arena_printf(arena, "_h%d", remainder)),
        prt_arena_printf(arena, "FOR VALUES WITH (MODULUS %d, REMAINDER %d)", modulus, remainder));
}

/* The next larger modulus among the children; 0: there is none. Each is a factor of the next: PostgreSQL sees to it. */
static int
next_modulus(const prt_parent *parent, int after)
{
    int next = 0;
    for (size_t i = 0; i < parent->children_length; i++) {
        int modulus = parent->children[i]->bound.modulus;
        if (modulus > after && (next == 0 || modulus < next))
            next = modulus;
    }
    return next;
}

/* Missing buckets, as few as the moduli that are there allow. An empty branch gets the policy's. */
static void
repair_hash(repair *r)
{
    const prt_parent *parent = r->branch->parent;
    int most = 0;
    if (!all_readable(r, PRT_BOUND_HASH))
        return;
    for (int modulus = next_modulus(parent, 0); modulus != 0; modulus = next_modulus(parent, modulus))
        most = modulus;
    if (most == 0)
        most = r->site->spec->subpartition.modulus;
    if (most > MOST_BUCKETS) {
        prt_find(r->site, PRT_FINDING_UNEXPECTED_BOUNDS, PRT_SEVERITY_WARNING, prt_site_name(r->site, r->branch),
                 "check its partitions by hand", "its modulus of %d is too large to look for missing buckets", most);
        return;
    }
    bool *covered = prt_arena_array(r->site->arena, (size_t) most, sizeof *covered);
    for (size_t i = 0; i < parent->children_length; i++)
        cover(covered, most, parent->children[i]->bound.modulus, parent->children[i]->bound.remainder);
    int modulus = next_modulus(parent, 0);
    for (modulus = modulus == 0 ? most : modulus; modulus != 0; modulus = next_modulus(parent, modulus))
        for (int remainder = 0; remainder < modulus; remainder++)
            if (is_free(covered, most, modulus, remainder)) {
                add_bucket(r, modulus, remainder);
                cover(covered, most, modulus, remainder);
            }
}

/* ---- list ---- */

static bool
has_value(const prt_parent *parent, const char *value)
{
    for (size_t i = 0; i < parent->children_length; i++) {
        const prt_bound *bound = &parent->children[i]->bound;
        for (size_t v = 0; bound->kind == PRT_BOUND_LIST && v < bound->length; v++)
            if (bound->values[v].kind == PRT_DATUM_VALUE && strcmp(bound->values[v].text, value) == 0)
                return true;
    }
    return false;
}

static void
repair_list(repair *r)
{
    prt_worksite *site = r->site;
    const prt_parent *parent = r->branch->parent;
    prt_name_set names = {0};
    if (!all_readable(r, PRT_BOUND_LIST))
        return;
    for (size_t i = 0; i < parent->children_length; i++)
        prt_name_set_add(site->arena, &names, parent->children[i]->schema, parent->children[i]->name);
    for (size_t i = 0; i < site->sub->length; i++) {
        const char *value = site->sub->values[i].id;
        if (has_value(parent, value))
            continue;
        const char *name = prt_subtree_list_name(site, r->branch->name, value, &names);
        if (name != NULL)
            prt_name_set_add(site->arena, &names, site->set->schema, name);
        add(r, name, prt_arena_printf(site->arena, "FOR VALUES IN (%s)", prt_literal_quote(site->arena, value)));
    }
}

/* ---- the set's branches ---- */

/* Adopted as they are, but worth knowing. */
static void
observe_others(prt_worksite *site)
{
    enum { SHOWN = 3 };
    prt_buf names;
    prt_buf_init(&names, site->arena);
    size_t others = 0;
    for (size_t i = 0; i < site->length; i++)
        if (!is_branch(site, site->pieces[i].table) && others++ < SHOWN)
            prt_buf_fmt(&names, "%s%s", others == 1 ? "" : ", ", prt_site_name(site, site->pieces[i].table));
    if (others > 0)
        prt_find(site, PRT_FINDING_UNEXPECTED_BOUNDS, PRT_SEVERITY_INFO, NULL, NULL,
                 "%zu partition%s not subpartitioned as the policy has it: %s%s", others, others == 1 ? " is" : "s are",
                 names.data, others > SHOWN ? ", ..." : "");
}

void
prt_plan_repairs(prt_worksite *site)
{
    if (site->sub == NULL || !site->sub->possible)
        return;
    prt_sub_kind kind = site->spec->subpartition.kind;
    repair r = {.site = site, .most = site->spec->max_create < 0 ? 0 : (size_t) site->spec->max_create};
    for (size_t i = 0; kind != PRT_SUB_RANGE && i < site->length; i++) {
        r.branch = site->pieces[i].table;
        if (!is_wanted(site, &site->pieces[i]) || !is_branch(site, r.branch))
            continue;
        if (kind == PRT_SUB_HASH)
            repair_hash(&r);
        else
            repair_list(&r);
    }
    if (site->planner->options->checking)
        observe_others(site);
}

/* ---- RANGE levels ---- */

/* The policy as it holds for the cells of a branch: the set's retention by age, or none. */
static prt_spec *
nested_spec(const prt_worksite *site)
{
    const prt_sub_spec *sub = &site->spec->subpartition;
    prt_spec *spec = PRT_NEW(site->arena, prt_spec);
    *spec = *site->spec;
    bool ages = site->retention.kind == PRT_KEEP_AGE || site->retention.kind == PRT_KEEP_IDS;
    spec->retention = ages ? site->retention : (prt_retention) {.kind = PRT_KEEP};
    spec->hooks.retention = NULL;
    if (site->sub->open)
        spec->key = (prt_key_options) {.column = sub->column};
    spec->by_id = sub->by_id;
    spec->interval = sub->interval;
    spec->id_step = sub->id_step;
    spec->has_anchor = spec->has_anchor && sub->by_id;
    spec->premake = spec->backfill = 0;
    spec->has_analyze = false;
    spec->subpartition = (prt_sub_spec) {0};
    if (spec->default_partition == PRT_DEFAULT_CREATE)
        spec->default_partition = PRT_DEFAULT_IGNORE;
    return spec;
}

void
prt_plan_nests(prt_worksite *site)
{
    if (site->sub == NULL || !site->sub->possible || site->spec->subpartition.kind != PRT_SUB_RANGE)
        return;
    prt_spec *spec = nested_spec(site);
    const prt_key *key = &site->set->key, *below = &site->sub->key;
    for (size_t i = 0; i < site->length; i++) {
        const prt_piece *piece = &site->pieces[i];
        prt_range range = piece->range;
        bool bounded = range.from.pos != PRT_POS_MIN && range.to.pos != PRT_POS_MAX;
        if (!bounded || !is_wanted(site, piece) || !is_branch(site, piece->table))
            continue;
        range.from.pos = prt_subtree_position(key, below, range.from.pos);
        range.to.pos = prt_subtree_position(key, below, range.to.pos);
        prt_nest nest = {.branch = piece->table,
                         .outer = site->set->parent,
                         .spec = spec,
                         .tenant = site->set->tenant,
                         .tenant_row = site->set->tenant_row,
                         .tenants = site->set->tenants,
                         .group = site->set->group,
                         .range = range,
                         .open = site->sub->open,
                         .now = site->set->now};
        prt_vec_push(site->arena, &site->planner->nests, nest);
    }
}

void
prt_plan_nested_sets(prt_planner *planner)
{
    for (size_t i = 0; i < planner->nests.length; i++) {
        const prt_nest *nest = planner->nest = &planner->nests.items[i];
        prt_set *set = prt_plan_add_set(planner, nest->branch, nest->spec);
        set->outer = nest->outer;
        set->tenant = nest->tenant;
        set->tenant_row = nest->tenant_row;
        set->tenants = nest->tenants;
        set->group = nest->group;
        set->now = nest->now;
        prt_plan_set(planner, set);
        if (set->operations.length == 0 && set->findings.length == 0)
            planner->plan->sets.length--; /* dozens of branches with nothing to say */
    }
    planner->nests.length = 0;
    planner->nest = NULL;
}
