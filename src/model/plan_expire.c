/* Retention, hold, and what becomes of the partitions that neither protects. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/ident.h"
#include "model/plan_subtree.h"

static prt_hook_context
hook_context(const prt_worksite *site)
{
    return (prt_hook_context) {.spec = site->spec,
                               .schema = site->set->schema,
                               .table = site->set->table,
                               .key = &site->set->key,
                               .tenant = site->set->tenant_row,
                               .now = site->planner->snapshot->now};
}

bool
prt_expire_retention(prt_worksite *site, const prt_tenant *tenant, prt_retention *out, prt_error *err)
{
    const prt_hooks *hooks = &site->spec->hooks;
    prt_hook_context context = hook_context(site);
    context.tenant = tenant;
    *out = site->spec->retention;
    if (hooks->retention != NULL && !hooks->retention(hooks->data, &context, out, err))
        return false;
    site->planner->plan->wants_bytes |= out->kind == PRT_KEEP_BYTES;
    return prt_retention_check(out, &site->set->key, err);
}

static prt_keep
keep_by(const prt_worksite *site, const prt_retention *retention)
{
    return prt_retention_keep(retention, site->set->now, site->axis_zone, site->extents, site->extents_length);
}

/* Shared partitions live as long as the longest retention of those who share them. */
static bool
longest_retention(prt_worksite *site, const prt_tenant_list *tenants, prt_retention *out, prt_error *err)
{
    prt_retention *each = prt_arena_array(site->arena, tenants->length + 1, sizeof *each);
    prt_pos cutoff = PRT_POS_MAX;
    int64_t room = 0;
    *out = (prt_retention) {.kind = PRT_KEEP}; /* nobody is known: nothing expires */
    for (size_t i = 0; i < tenants->length; i++) {
        if (!prt_expire_retention(site, &tenants->items[i], &each[i], err))
            return prt_fail_object(err, "tenant %s", tenants->items[i].id);
        prt_keep keep = keep_by(site, &each[i]);
        if (each[i].kind == PRT_KEEP)
            keep.cutoff = PRT_POS_MIN;
        if (i > 0 && (keep.cutoff > cutoff || (keep.cutoff == cutoff && keep.room <= room)))
            continue;
        *out = each[i];
        cutoff = keep.cutoff;
        room = keep.room;
    }
    site->each = each;
    return true;
}

/* The policy's retention for this set. What cannot be told keeps everything. */
static void
find_retention(prt_worksite *site)
{
    const prt_set *set = site->set;
    prt_error err = {0};
    if (set->tenants != NULL)
        site->retention_known = longest_retention(site, set->tenants, &site->retention, &err);
    else if (set->group != NULL)
        site->retention_known = longest_retention(site, set->group, &site->retention, &err);
    else
        site->retention_known = prt_expire_retention(site, set->tenant_row, &site->retention, &err);
    if (set->stranger != NULL) {
        site->retention = (prt_retention) {.kind = PRT_KEEP};
        prt_find(site, PRT_FINDING_UNKNOWN_TENANT, PRT_SEVERITY_WARNING, NULL,
                 "add the tenant to the policy's list, or give it a LIST partition of its own",
                 "it holds the rows of tenant %s, which is not in the list: nothing of it is retired", set->stranger);
    }
    if (!site->retention_known)
        prt_find(site, PRT_FINDING_EXPIRED, PRT_SEVERITY_ERROR, NULL, err.hint[0] ? err.hint : NULL,
                 "nothing is retired, because the retention is not known: %s", err.message);
    if (!site->retention_known || site->spec->cleanup == PRT_CLEANUP_NONE)
        site->retention = (prt_retention) {.kind = PRT_KEEP};
}

static void
list_extents(prt_worksite *site)
{
    site->extents = prt_arena_array(site->arena, site->length + 1, sizeof *site->extents);
    for (size_t i = 0; i < site->length; i++)
        if (!site->pieces[i].pending)
            site->extents[site->extents_length++] = (prt_extent) {
                .to = prt_range_over(&site->set->key, &site->pieces[i].range), .bytes = site->pieces[i].table->bytes};
}

static bool
ask_hold(const prt_worksite *site, const prt_table *table, const prt_range *range, const char *state,
         const prt_tenant *tenant, bool *held, prt_error *err)
{
    const prt_hooks *hooks = &site->spec->hooks;
    prt_hook_context context = hook_context(site);
    context.tenant = tenant;
    prt_hook_partition partition = {.schema = table->schema,
                                    .name = table->name,
                                    .range = *range,
                                    .bytes = table->bytes,
                                    .rows = table->rows,
                                    .state = state,
                                    .tenant = tenant == NULL ? site->set->tenant : tenant->id};
    *held = false;
    return hooks->hold == NULL || hooks->hold(hooks->data, &context, &partition, held, err);
}

bool
prt_expire_ask_hold(const prt_worksite *site, const prt_table *table, const prt_range *range, const char *state,
                    const prt_tenant *tenant, bool *held, prt_error *err)
{
    const prt_hooks *hooks = &site->spec->hooks;
    if (!ask_hold(site, table, range, state, tenant, held, err))
        return false;
    /* A branch that goes would take its cells with it: each of them can be held by itself. */
    if (!*held && hooks->hold != NULL && prt_subtree_is_odd(site, table))
        return prt_fail(err, PRT_ERR_POLICY, "its subpartitions do not fit the policy's");
    prt_set inside = *site->set;
    prt_worksite inner = *site;
    inner.set = &inside;
    for (size_t i = 0; !*held && prt_subtree_has_cells(site, table) && i < table->parent->children_length; i++) {
        const prt_table *cell = table->parent->children[i];
        prt_range its;
        inside.schema = table->schema;
        inside.table = table->name;
        inside.key = site->sub->key;
        if (cell->bound_error != NULL || cell->bound.kind == PRT_BOUND_DEFAULT)
            continue;
        if (!prt_range_from_bound(site->arena, &inside.key, &cell->bound, &its, err) ||
            !ask_hold(&inner, cell, &its, state, tenant, held, err))
            return false;
    }
    return true;
}

/* What several tenants share is held as soon as it is held for one of them. */
static bool
ask_for_all(const prt_worksite *site, const prt_table *table, const prt_range *range, const char *state, bool *held,
            const prt_tenant **whose, prt_error *err)
{
    const prt_tenant_list *all = site->set->tenants != NULL ? site->set->tenants : site->set->group;
    *whose = NULL;
    if (all == NULL || all->length == 0)
        return prt_expire_ask_hold(site, table, range, state, site->set->tenant_row, held, err);
    for (size_t i = 0; i < all->length; i++) {
        *whose = &all->items[i];
        if (!prt_expire_ask_hold(site, table, range, state, *whose, held, err))
            return false;
        if (*held)
            return true;
    }
    return true;
}

bool
prt_expire_held(prt_worksite *site, const prt_table *table, const prt_range *range, const char *state,
                const char *reason)
{
    const prt_tenant *whose;
    prt_error err = {0};
    bool held = false;
    if (site->spec->hooks.hold == NULL)
        return false;
    if (!ask_for_all(site, table, range, state, &held, &whose, &err)) {
        prt_find(site, PRT_FINDING_EXPIRED, PRT_SEVERITY_ERROR, prt_site_name(site, table),
                 err.hint[0] ? err.hint : NULL, "it is kept, because its hold is not known: %s", err.message);
        return true;
    }
    if (held)
        prt_find(site, PRT_FINDING_HELD, PRT_SEVERITY_INFO, prt_site_name(site, table), NULL,
                 "the policy holds it%s%s (%s)", whose == NULL ? "" : " for tenant ", whose == NULL ? "" : whose->id,
                 reason);
    return held;
}

static bool
is_local(void *data, const prt_table *table)
{
    (void) data;
    return table->kind != 'f';
}

/* A foreign table is somebody else's data: adopted and reported, never dropped. */
bool
prt_expire_foreign(prt_worksite *site, const prt_piece *piece, const char *reason)
{
    if (piece->spans) /* a finding of the parent's first set says so */
        return true;
    if (prt_table_walk(piece->table, is_local, NULL))
        return false;
    prt_find(site, PRT_FINDING_EXPIRED, PRT_SEVERITY_WARNING, prt_site_name(site, piece->table),
             "detach it by hand, and DROP FOREIGN TABLE", "a foreign table is never retired (%s)", reason);
    return true;
}

bool
prt_expire_protected(const prt_worksite *site, const prt_piece *piece)
{
    const prt_hooks *hooks = &site->spec->hooks;
    const prt_table *table = piece->table;
    if (!prt_table_walk(table, is_local, NULL))
        return true;
    if (hooks->hold == NULL || prt_range_over(&site->set->key, &piece->range) > site->set->now)
        return false;
    const prt_tenant *whose;
    prt_error err = {0};
    bool held = false;
    return !ask_for_all(site, table, &piece->range, "attached", &held, &whose, &err) || held;
}

const char *
prt_expire_reason(const prt_worksite *site, prt_pos to)
{
    prt_arena *arena = site->arena;
    const char *shown = prt_retention_display(arena, &site->retention);
    if (site->gone != NULL)
        return site->gone;
    switch (site->retention.kind) {
    case PRT_KEEP_AGE:
        return prt_arena_printf(arena, "expired %s ago",
                                prt_duration_display(arena, prt_pos_distance(to, site->keep.cutoff)));
    case PRT_KEEP_IDS:
        return prt_arena_printf(arena, "expired %" PRId64 " ids ago", prt_pos_distance(to, site->keep.cutoff));
    case PRT_KEEP_COUNT:
        return prt_arena_printf(arena, "beyond %s", shown);
    case PRT_KEEP_BYTES:
        return prt_arena_printf(arena, "over %s", shown);
    case PRT_KEEP:
        break;
    }
    return "requested";
}

void
prt_expire_mark(prt_worksite *site)
{
    const prt_plan_options *options = site->planner->options;
    bool decide = options->retire == NULL && options->ensure_from == NULL;
    list_extents(site);
    find_retention(site);
    site->keep = keep_by(site, &site->retention);
    for (size_t i = 0; i < site->length; i++) {
        prt_piece *piece = &site->pieces[i];
        prt_pos to = prt_range_over(&site->set->key, &piece->range);
        piece->expired = !piece->pending && !piece->spans && to != PRT_POS_MIN && to <= site->keep.cutoff &&
                         to <= site->set->now;
        /* Cells that wait for their grace are found by their branch. */
        piece->expired = piece->expired && !prt_subtree_waits(site, piece->table);
        piece->stays = !piece->pending;
        if (!piece->expired || !decide)
            continue;
        const char *reason = prt_expire_reason(site, to);
        piece->stays = prt_expire_foreign(site, piece, reason) ||
                       prt_expire_held(site, piece->table, &piece->range, "attached", reason);
        piece->strange = !piece->stays && prt_strangers_keep(site, piece, PRT_SEVERITY_WARNING);
        piece->stays |= piece->strange;
        site->retired += !piece->stays;
    }
}

prt_operation
prt_expire_operation(const prt_worksite *site, const prt_table *table, const prt_range *range, const char *reason,
                     bool waited)
{
    const prt_spec *spec = site->spec;
    prt_arena *arena = site->arena;
    prt_operation o = {.op = PRT_OP_DETACH,
                       .schema = table->schema,
                       .name = table->name,
                       .oid = table->oid,
                       .table = table,
                       .has_range = true,
                       .range = *range,
                       .reason = reason,
                       .bytes = table->bytes,
                       .rows = table->rows};
    bool waits = !waited && !prt_interval_is_zero(&spec->grace);
    const char *grace = waits ? prt_interval_format(arena, &spec->grace) : NULL;
    if (spec->cleanup == PRT_CLEANUP_DROP) {
        o.op = waits ? PRT_OP_DETACH : PRT_OP_DROP;
        o.note = waits ? prt_arena_printf(arena, "dropped after a grace of %s", grace) : NULL;
    } else if (spec->cleanup == PRT_CLEANUP_MOVE) {
        const char *schema = prt_ident_display(arena, NULL, spec->cleanup_schema);
        o.op = waits ? PRT_OP_DETACH : PRT_OP_MOVE;
        o.destination = spec->cleanup_schema;
        o.note = waits ? prt_arena_printf(arena, "moved to schema %s after a grace of %s", schema, grace)
                       : prt_arena_printf(arena, "to schema %s", schema);
    }
    if (table->detach_pending)
        o.note = o.note == NULL ? "finishes an interrupted detach"
                                : prt_arena_printf(arena, "%s; finishes an interrupted detach", o.note);
    return o;
}

static int64_t
drop_limit(const prt_worksite *site)
{
    const prt_max_drop *override = site->planner->options->max_drop;
    const prt_max_drop *max = override != NULL ? override : &site->spec->max_drop;
    int64_t share;
    switch (max->kind) {
    case PRT_DROP_ALL:
        return INT64_MAX;
    case PRT_DROP_COUNT:
        return max->amount;
    case PRT_DROP_PERCENT:
        break;
    }
    share = (int64_t) ((__int128) site->set->partitions * max->amount / 100);
    return share < 1 && max->amount > 0 ? 1 : share;
}

/* A marker on a partition that stays is of a detach that did not happen: nobody shall act on it later. */
static void
unmark_staying(prt_worksite *site)
{
    for (size_t i = 0; i < site->length; i++) {
        const prt_table *table = site->pieces[i].table;
        prt_marker marker;
        /* What this plan attaches again loses its marker with it. */
        if (site->pieces[i].stays && table->parent_table != NULL && prt_marked(site, table, &marker))
            prt_plan_add(site, (prt_operation) {.op = PRT_OP_ALTER,
                                                .alter = PRT_ALTER_UNMARK,
                                                .schema = table->schema,
                                                .name = table->name,
                                                .oid = table->oid,
                                                .table = table,
                                                .reason = "stays: its marker goes",
                                                .bytes = table->bytes,
                                                .rows = table->rows});
    }
}

bool
prt_expire_requested(prt_worksite *site, const prt_table *table)
{
    prt_planner *planner = site->planner;
    bool found = false;
    for (size_t i = 0; planner->options->retire[i] != NULL; i++) {
        const char *schema, *name;
        prt_error err = {0};
        if (prt_ident_parse(site->arena, planner->options->retire[i], &schema, &name, &err) &&
            strcmp(name, table->name) == 0 && (schema == NULL || strcmp(schema, table->schema) == 0))
            found = planner->requested[i] = true;
    }
    return found;
}

/* A partition asked for by hand: hold and retention still protect it. */
static void
retire_requested(prt_worksite *site, prt_piece *piece)
{
    const prt_table *table = piece->table;
    const char *name = prt_site_name(site, table);
    prt_pos over = prt_range_over(&site->set->key, &piece->range);
    bool expired = piece->expired || (piece->pending && over <= site->keep.cutoff);
    if (site->spec->cleanup == PRT_CLEANUP_NONE) {
        prt_find(site, PRT_FINDING_HELD, PRT_SEVERITY_ERROR, name, "give the policy retention and cleanup",
                 "it stays: the policy does not say what becomes of retired partitions");
    } else if (piece->spans) {
        prt_find(site, PRT_FINDING_HELD, PRT_SEVERITY_ERROR, name, NULL,
                 "it stays: it holds rows of other tenants as well");
    } else if (over > site->set->now) {
        prt_find(site, PRT_FINDING_HELD, PRT_SEVERITY_ERROR, name, NULL,
                 "it stays: the current and the future partitions are never retired");
    } else if (!expired && !site->planner->options->force_retention) {
        prt_find(site, PRT_FINDING_HELD, PRT_SEVERITY_ERROR, name, "--force-retention retires it all the same",
                 "it stays: it is inside its retention of %s", prt_retention_display(site->arena, &site->retention));
    } else if (!prt_expire_foreign(site, piece, "requested") &&
               !prt_expire_held(site, table, &piece->range, "attached", "requested") &&
               !prt_strangers_keep(site, piece, PRT_SEVERITY_ERROR)) {
        prt_plan_add(site, prt_expire_operation(site, table, &piece->range, "requested", false));
    }
}

void
prt_plan_retirements(prt_worksite *site)
{
    if (site->planner->options->retire != NULL) {
        for (size_t i = 0; i < site->length; i++)
            if (prt_expire_requested(site, site->pieces[i].table))
                retire_requested(site, &site->pieces[i]);
        return;
    }
    unmark_staying(site);
    int64_t limit = drop_limit(site);
    if ((int64_t) site->retired > limit) {
        prt_find(site, PRT_FINDING_MASS_DROP, PRT_SEVERITY_ERROR, NULL,
                 "check the retention; --max-drop N|N%|all allows it for one run",
                 "%zu of %zu partitions would be retired, but max_drop allows %" PRId64
                 ": nothing of this set is retired",
                 site->retired, site->set->partitions, limit);
        return;
    }
    for (size_t i = 0; i < site->length; i++) {
        const prt_piece *piece = &site->pieces[i];
        if (piece->expired && !piece->stays)
            prt_plan_add(site, prt_expire_operation(
                                   site, piece->table, &piece->range,
                                   prt_expire_reason(site, prt_range_over(&site->set->key, &piece->range)), false));
    }
}
