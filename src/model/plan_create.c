/* Segments to operations: names, the default partition's rows, and its guard. */
#include <inttypes.h>
#include <string.h>

#include "model/ident.h"
#include "model/plan_subtree.h"
#include "model/render.h"

/* A default partition above this size is not scanned under a lock: a validated CHECK spares it. */
#define GUARD_BYTES (INT64_C(8) << 20)

static const char *
segment_reason(const prt_worksite *site, const prt_segment *segment)
{
    bool older = site->length > 0 && site->pieces[0].range.from.pos < segment->range.from.pos;
    bool newer = site->length > 0 && site->pieces[site->length - 1].range.from.pos > segment->range.from.pos;
    if (site->planner->nest != NULL)
        return "repair";
    if (segment->kind == PRT_SEGMENT_CURRENT)
        return "current";
    if (segment->kind == PRT_SEGMENT_REQUESTED)
        return "requested";
    if (!segment->whole || (segment->kind == PRT_SEGMENT_AHEAD && segment->index == 0))
        return older && newer ? "gap" : "rest of a cell";
    if (segment->kind == PRT_SEGMENT_AHEAD && !(older && newer))
        return prt_arena_printf(site->arena, "premake %" PRId64 " of %" PRId64, segment->index, site->spec->premake);
    if (segment->kind == PRT_SEGMENT_BEHIND && segment->index > 0)
        return prt_arena_printf(site->arena, "backfill %" PRId64 " of %" PRId64, segment->index, site->spec->backfill);
    return "gap";
}

/* An incoming foreign key that would act on the rows while they move out of the default partition. */
static const prt_reference *
moving_hurts(const prt_parent *parent)
{
    for (size_t i = 0; i < parent->references_length; i++)
        if (parent->references[i].on_delete != 'a')
            return &parent->references[i];
    return NULL;
}

/* Which rows belong to a range, partrun can tell from columns only. */
static bool
has_expression(const prt_parent *parent)
{
    for (size_t i = 0; i < parent->columns; i++)
        if (parent->key[i].name == NULL)
            return true;
    return false;
}

/* The default partition holds rows of the new one: they move, or it cannot be made. False: a finding says why. */
static bool
resolve_blocked(prt_worksite *site, prt_operation *operation)
{
    prt_arena *arena = site->arena;
    const char *qualified = prt_ident_qualify(arena, operation->schema, operation->name);
    if (site->set->default_table == NULL || !prt_snapshot_is_blocked(site->planner->snapshot, qualified))
        return true;
    const char *range = prt_range_display(arena, &site->set->key, &operation->range);
    const char *holder = prt_site_name(site, site->set->default_table);
    const char *object = prt_ident_display(arena, NULL, operation->name);
    if (site->spec->default_partition != PRT_DEFAULT_DRAIN) {
        prt_find(site, PRT_FINDING_DEFAULT_BLOCKS, PRT_SEVERITY_ERROR, object,
                 "default = \"drain\" moves them when their partition is made", "%s holds rows of %s", holder, range);
        return false;
    }
    if (has_expression(site->parent)) {
        prt_find(site, PRT_FINDING_DEFAULT_BLOCKS, PRT_SEVERITY_ERROR, object, "move the rows by hand",
                 "%s holds rows of %s, but they cannot be moved: the key has an expression", holder, range);
        return false;
    }
    const prt_reference *reference = moving_hurts(site->parent);
    if (reference != NULL) {
        prt_find(site, PRT_FINDING_REFERENCED, PRT_SEVERITY_ERROR, object,
                 "move the rows by hand, or give the foreign key ON DELETE NO ACTION",
                 "%s holds rows of %s, but moving them would set off foreign key %s of %s", holder, range,
                 reference->constraint, prt_ident_display(arena, reference->schema, reference->table));
        return false;
    }
    operation->op = PRT_OP_DRAIN;
    operation->note = prt_arena_printf(arena, "%s%smoves rows out of %s",
                                       operation->note == NULL ? "" : operation->note,
                                       operation->note == NULL ? "" : ", ", holder);
    return true;
}

/* True when the name is free, or already is the very table, built but not attached. */
static bool
settle_name(prt_worksite *site, prt_name_set *siblings, prt_operation *operation)
{
    prt_planner *planner = site->planner;
    prt_arena *arena = site->arena;
    const char *shown = prt_ident_display(arena, operation->schema, operation->name);
    const char *object = prt_ident_display(arena, NULL, operation->name);
    if (!prt_name_set_add(arena, &planner->names, operation->schema, operation->name)) {
        prt_find(site, PRT_FINDING_NAME_COLLISION, PRT_SEVERITY_ERROR, object, "give the policy another naming",
                 "two partitions of this run would be called %s", shown);
        return false;
    }
    if (!prt_name_set_add(arena, siblings, operation->schema, operation->name)) {
        prt_find(site, PRT_FINDING_NAME_TAKEN, PRT_SEVERITY_ERROR, object,
                 "rename that partition, or give the policy another naming",
                 "%s is the name of another partition of this set", shown);
        return false;
    }
    operation->table = operation->has_range ? prt_waiting_made(site, operation->name, &operation->range) : NULL;
    if (operation->table != NULL) {
        operation->oid = operation->table->oid;
        operation->made = true;
        operation->reason = "resumed";
        return true;
    }
    if (prt_snapshot_is_taken(planner->snapshot, prt_ident_qualify(arena, operation->schema, operation->name))) {
        prt_find(site, PRT_FINDING_NAME_TAKEN, PRT_SEVERITY_ERROR, object,
                 "rename or drop that relation, or give the policy another naming",
                 "%s exists and is no partition of this set", shown);
        return false;
    }
    return true;
}

static prt_name_set
sibling_names(const prt_worksite *site)
{
    prt_name_set names = {0};
    for (size_t i = 0; i < site->set->children_length; i++) {
        const prt_table *child = site->set->children[i];
        prt_name_set_add(site->arena, &names, child->schema, child->name);
    }
    return names;
}

const char *
prt_naming_tenant(const prt_worksite *site)
{
    const prt_naming *naming = &site->spec->naming;
    bool asked = naming->make != NULL || (naming->text != NULL && strstr(naming->text, "{tenant") != NULL);
    return site->set->exact || asked ? site->set->tenant : NULL;
}

/* The branch of a tenant under LIST may be called after it; then the names below it are made as the branch's own was, so
 * that those of long tenants stay apart. */
static void
name_by_root(const prt_worksite *site, prt_name_input *input)
{
    const prt_table *root = site->set->parent->parent_table;
    if (site->set->tenant == NULL || input->tenant != NULL || root == NULL || root->parent->strategy != 'l')
        return;
    const char *name;
    prt_error ignored = {0};
    if (!prt_naming_branch(site->arena, root->name, site->set->tenant, &name, &ignored) ||
        strcmp(name, site->set->table) != 0)
        return;
    input->table = root->name;
    input->tenant = site->set->tenant;
}

static void
create_segment(prt_worksite *site, prt_name_set *siblings, const prt_segment *segment)
{
    const prt_set *set = site->set;
    prt_name_input input = {.schema = set->schema,
                            .table = set->table,
                            .tenant = prt_naming_tenant(site),
                            .key = &set->key,
                            .grid = &set->grid,
                            .range = segment->range};
    name_by_root(site, &input);
    prt_operation operation = {.op = PRT_OP_CREATE,
                               .schema = set->schema,
                               .has_range = true,
                               .range = segment->range,
                               .bytes = -1,
                               .rows = -1};
    prt_error err = {0};
    const prt_nest *nest = site->planner->nest;
    bool named = nest != NULL ? prt_subtree_cell_name(site, nest->outer->name, &input, &operation.name, &err)
                              : prt_naming_make(site->arena, &site->spec->naming, &input, &operation.name, &err);
    if (!named) {
        prt_find(site, PRT_FINDING_NAME_COLLISION, PRT_SEVERITY_ERROR, NULL,
                 err.hint[0] ? err.hint : "give the policy another naming", "no name for %s: %s",
                 prt_range_display(site->arena, &set->key, &segment->range), err.message);
        return;
    }
    operation.reason = segment_reason(site, segment);
    if (settle_name(site, siblings, &operation) && prt_subtree_below(site, &operation) &&
        resolve_blocked(site, &operation))
        prt_plan_add(site, operation);
}

/* `<table>_default`, after the others: with it in place, each of them would lock and scan it. */
static void
create_default(prt_worksite *site, prt_name_set *siblings)
{
    static const char suffix[] = "_default";
    prt_set *set = site->set;
    size_t cut = prt_utf8_cut(set->table, PRT_NAME_BYTES - strlen(suffix));
    prt_operation operation = {.op = PRT_OP_CREATE,
                               .schema = set->schema,
                               .reason = "default partition",
                               .bytes = -1,
                               .rows = -1,
                               .name = prt_arena_printf(site->arena, "%.*s%s", (int) cut, set->table, suffix)};
    if (!settle_name(site, siblings, &operation))
        return;
    prt_plan_add(site, operation);
    set->has_default = true;
}

static void
add_alter(prt_worksite *site, prt_alter alter, const char *reason)
{
    const prt_table *table = site->set->default_table;
    prt_plan_add(site, (prt_operation) {.op = PRT_OP_ALTER,
                                        .alter = alter,
                                        .schema = table->schema,
                                        .name = table->name,
                                        .oid = table->oid,
                                        .table = table,
                                        .reason = reason,
                                        .bytes = table->bytes,
                                        .rows = table->rows});
}

/* The guard goes before the creations, and off again after them. What an interrupted run left goes first of all. */
static void
add_guard(prt_worksite *site, size_t first)
{
    prt_set *set = site->set;
    const prt_table *table = site->set->default_table;
    if (table == NULL || table->detach_pending)
        return;
    bool wanted = table->bytes > GUARD_BYTES && prt_guard_helps(set);
    if (!wanted && !table->guarded)
        return;
    add_alter(site, wanted ? PRT_ALTER_GUARD : PRT_ALTER_UNGUARD,
              wanted ? "spares the default partition's scan" : "left over by an interrupted run");
    size_t last = set->operations.length - 1;
    prt_operation guard = set->operations.items[last];
    memmove(&set->operations.items[first + 1], &set->operations.items[first], (last - first) * sizeof guard);
    set->operations.items[first] = guard;
    if (wanted)
        add_alter(site, PRT_ALTER_UNGUARD, "the scan is over");
}

void
prt_plan_creations(prt_worksite *site)
{
    size_t first = site->set->operations.length;
    prt_plan_reattach(site);
    prt_cover_missing(site);
    bool wants_default = site->spec->default_partition == PRT_DEFAULT_CREATE && !site->set->has_default &&
                         site->planner->options->ensure_from == NULL;
    if (site->segments.length > 0 || wants_default) {
        prt_name_set siblings = sibling_names(site);
        for (size_t i = 0; i < site->segments.length; i++)
            create_segment(site, &siblings, &site->segments.items[i]);
        if (wants_default)
            create_default(site, &siblings);
    }
    add_guard(site, first);
}
