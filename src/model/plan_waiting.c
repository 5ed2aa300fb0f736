/* What earlier runs left behind: interrupted detaches, detached tables that wait, tables built but not attached. */
#include <stdlib.h>
#include <string.h>

#include "model/ident.h"
#include "model/plan_set.h"

bool
prt_marked(const prt_worksite *site, const prt_table *table, prt_marker *marker)
{
    const prt_snapshot *snapshot = site->planner->snapshot;
    return table->comment != NULL && snapshot->system != NULL && prt_marker_read(site->arena, table->comment, marker) &&
           strcmp(marker->system, snapshot->system) == 0 && marker->database == snapshot->database_oid &&
           (marker->oid == table->oid || strcmp(marker->state, "making") == 0);
}

bool
prt_waiting_ours(const prt_worksite *site, const prt_marker *marker)
{
    return strcmp(marker->policy, site->spec->name) == 0 && strcmp(marker->parent_schema, site->set->schema) == 0 &&
           strcmp(marker->parent_name, site->set->table) == 0;
}

static bool
grace_is_over(const prt_worksite *site, const prt_marker *marker)
{
    return prt_interval_add(marker->since, &site->spec->grace, 1, site->spec->zone) <= site->planner->snapshot->now;
}

bool
prt_waiting_expired(const prt_worksite *site, const prt_table *table, const prt_range *range)
{
    return site->gone != NULL ||
           prt_retention_expired(&site->retention, &site->keep, site->set->now, site->extents, site->extents_length,
                                 prt_range_over(&site->set->key, range), table->bytes);
}

static void
finalize(prt_worksite *site, const prt_piece *piece)
{
    const prt_table *table = piece->table;
    prt_plan_add(site, (prt_operation) {.op = PRT_OP_FINALIZE,
                                        .schema = table->schema,
                                        .name = table->name,
                                        .oid = table->oid,
                                        .table = table,
                                        .has_range = true,
                                        .range = piece->range,
                                        .reason = "interrupted detach",
                                        .bytes = table->bytes,
                                        .rows = table->rows});
}

static void
plan_pending(prt_worksite *site, const prt_piece *piece)
{
    const prt_table *table = piece->table;
    const char *name = prt_site_name(site, table);
    prt_marker marker;
    bool ours = prt_marked(site, table, &marker) && prt_waiting_ours(site, &marker);
    if (piece->range.from.pos <= site->set->now && site->set->now < piece->range.to.pos)
        prt_find(site, PRT_FINDING_PENDING_DETACH, PRT_SEVERITY_ERROR, name,
                 "run apply once more when it is finalized: that creates a partition in its place",
                 "its detach was interrupted, and its range holds now: inserts fail until it is finalized");
    else if (!ours)
        prt_find(site, PRT_FINDING_PENDING_DETACH, PRT_SEVERITY_WARNING, name, NULL,
                 "its detach, not partrun's, was interrupted: it is finalized, and left detached");
    const char *reason = prt_expire_reason(site, piece->range.to.pos);
    bool retiring = ours && strcmp(marker.state, "retiring") == 0 && site->spec->cleanup != PRT_CLEANUP_DETACH;
    if (retiring && grace_is_over(site, &marker) && prt_waiting_expired(site, table, &piece->range) &&
        !prt_expire_held(site, table, &piece->range, "pending", reason))
        prt_plan_add(site, prt_expire_operation(site, table, &piece->range, reason, true));
    else
        finalize(site, piece);
}

void
prt_plan_pending(prt_worksite *site)
{
    if (site->planner->options->retire != NULL)
        return;
    for (size_t i = 0; i < site->length; i++)
        if (site->pieces[i].pending)
            plan_pending(site, &site->pieces[i]);
}

/* ('acme', ...: the marker has the tenant as PostgreSQL printed it, or as a new bound has it. */
static bool
is_of_tenant(const prt_worksite *site, const char *end)
{
    const char *id = site->set->tenant, *quoted = site->set->key.prefix;
    size_t length = strlen(quoted), bare = strlen(id);
    return (strncmp(end, quoted, length) == 0 && end[length] == ',') ||
           (strncmp(end, id, bare) == 0 && end[bare] == ',');
}

/* Of the parent's waiting tables, those of the set's own tenant. */
static void
keep_tenants(prt_worksite *site)
{
    const prt_waiting **kept = prt_arena_array(site->arena, site->waiting_length + 1, sizeof(const prt_waiting *));
    size_t length = 0;
    for (size_t i = 0; i < site->waiting_length; i++)
        if (is_of_tenant(site, site->waiting[i]->marker.from))
            kept[length++] = site->waiting[i];
    site->waiting = kept;
    site->waiting_length = length;
}

void
prt_waiting_find(prt_worksite *site)
{
    const prt_planner *planner = site->planner;
    size_t low = 0, high = planner->snapshot->waiting_length;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const prt_marker *m = &planner->waiting[middle]->marker;
        int order = strcmp(m->parent_schema, site->set->schema);
        if (order == 0)
            order = strcmp(m->parent_name, site->set->table);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t count = 0;
    while (low + count < planner->snapshot->waiting_length &&
           strcmp(planner->waiting[low + count]->marker.parent_schema, site->set->schema) == 0 &&
           strcmp(planner->waiting[low + count]->marker.parent_name, site->set->table) == 0)
        count++;
    site->waiting = planner->waiting + low;
    site->waiting_length = count;
    if (site->set->exact)
        keep_tenants(site);
}

const prt_table *
prt_waiting_made(const prt_worksite *site, const char *name, const prt_range *range)
{
    for (size_t i = 0; i < site->waiting_length; i++) {
        const prt_waiting *w = site->waiting[i];
        if (strcmp(w->marker.state, "making") == 0 && strcmp(w->table->name, name) == 0 &&
            strcmp(w->table->schema, site->set->schema) == 0 && w->marker.from != NULL && w->marker.to != NULL &&
            strcmp(w->marker.from, range->from.sql) == 0 && strcmp(w->marker.to, range->to.sql) == 0)
            return w->table;
    }
    return NULL;
}

bool
prt_waiting_range(const prt_worksite *site, const prt_marker *marker, prt_range *range)
{
    prt_error err = {0};
    prt_bound bound;
    return marker->from != NULL && marker->to != NULL &&
           prt_bound_parse(site->arena,
                           prt_arena_printf(site->arena, "FOR VALUES FROM (%s) TO (%s)", marker->from, marker->to),
                           &bound, &err) &&
           prt_range_from_bound(site->arena, &site->set->key, &bound, range, &err);
}

static void
report_waiting(prt_worksite *site, const prt_waiting *waiting, const char *hint, const char *why)
{
    prt_find(site, PRT_FINDING_DETACHED_WAITING, PRT_SEVERITY_INFO, prt_site_name(site, waiting->table), hint, "%s",
             why);
}

static const char *
grace_report(const prt_worksite *site, const prt_marker *marker, const prt_operation *o)
{
    const prt_spec *spec = site->spec;
    bool moves = spec->cleanup == PRT_CLEANUP_MOVE || o->destination != NULL;
    return prt_arena_printf(
        site->arena, "it is detached, and %s after %s", moves ? "moved" : "dropped",
        prt_second_display(site->arena, prt_interval_add(marker->since, &spec->grace, 1, spec->zone)));
}

/* What waits for the end of its grace, or for nothing any more, may lack its archive. */
static void
plan_idle(prt_worksite *site, const prt_waiting *w, const prt_range *range, const char *reason)
{
    prt_operation o = prt_expire_operation(site, w->table, range, reason, false);
    o.op = PRT_OP_DETACH;
    if (!prt_archive_settle(site, &o))
        return;
    if (o.op == PRT_OP_DETACH && site->spec->cleanup == PRT_CLEANUP_DETACH)
        report_waiting(site, w, "drop it, or attach it again",
                       "it is detached and stays: the policy does not drop any more");
    else if (prt_expire_held(site, w->table, range, "detached", reason))
        return;
    else if (o.op != PRT_OP_DETACH)
        prt_plan_put(site, o);
    else
        report_waiting(site, w, NULL, grace_report(site, &w->marker, &o));
}

static void
plan_retiring(prt_worksite *site, const prt_waiting *w, bool by_hand)
{
    const prt_spec *spec = site->spec;
    bool force = by_hand && site->planner->options->force_retention;
    bool archives = spec->cleanup == PRT_CLEANUP_DETACH && prt_archive_possible(spec);
    prt_range range;
    if (!prt_waiting_range(site, &w->marker, &range)) {
        report_waiting(site, w, "drop it by hand",
                       "it is detached and stays: the bounds in its comment cannot be read");
        return;
    }
    const char *reason = by_hand ? "requested" : prt_expire_reason(site, range.to.pos);
    if (spec->cleanup != PRT_CLEANUP_DROP && spec->cleanup != PRT_CLEANUP_MOVE && !archives)
        report_waiting(site, w, "drop it, or attach it again",
                       "it is detached and stays: the policy does not drop any more");
    else if (!force && !prt_waiting_expired(site, w->table, &range))
        report_waiting(site, w, "drop it, or attach it again",
                       "it is detached and stays: by today's retention it has not expired");
    else if (archives || (!force && !grace_is_over(site, &w->marker)))
        plan_idle(site, w, &range, reason);
    else if (!prt_expire_held(site, w->table, &range, "detached", reason))
        prt_plan_add(site, prt_expire_operation(site, w->table, &range, reason, true));
}

/* Whoever renames a policy should not lose sight of what it has detached. */
static void
report_stranger(prt_worksite *site, const prt_waiting *w)
{
    report_waiting(
        site, w, "give the policy its name back, or drop or attach the table by hand",
        prt_arena_printf(site->arena, "it was detached by policy %s, not by this one: it stays", w->marker.policy));
}

static void
report_made(prt_worksite *site, const prt_waiting *w)
{
    const char *t = prt_ident_qualify(site->arena, w->table->schema, w->table->name);
    const char *hint = prt_arena_printf(site->arena, "DROP TABLE %s, unless somebody has put rows into it", t);
    report_waiting(site, w, hint, "it was built by an interrupted run, and is not needed any more");
}

void
prt_plan_waiting(prt_worksite *site)
{
    const prt_plan_options *options = site->planner->options;
    const prt_waiting **waiting = prt_waiting_oldest_first(site);
    for (size_t i = 0; i < site->waiting_length; i++) {
        const prt_waiting *w = waiting[i];
        bool by_hand = options->retire != NULL, ours = prt_waiting_ours(site, &w->marker);
        if (by_hand && (!ours || !prt_expire_requested(site, w->table)))
            continue;
        if (prt_reattach_settled(site, w))
            continue;
        if (prt_marker_retiring(&w->marker) && ours)
            plan_retiring(site, w, by_hand);
        else if (prt_marker_retiring(&w->marker))
            report_stranger(site, w);
        else if (strcmp(w->marker.state, "making") == 0 && !options->retire_only && !by_hand &&
                 !prt_name_set_has(&site->planner->names, w->table->schema, w->table->name))
            report_made(site, w);
    }
}

typedef struct dated {
    const prt_waiting *waiting;
    prt_pos to;
} dated;

static int
compare_dated(const void *a, const void *b)
{
    const dated *x = a, *y = b;
    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    return strcmp(x->waiting->table->name, y->waiting->table->name);
}

const prt_waiting **
prt_waiting_oldest_first(const prt_worksite *site)
{
    size_t count = site->waiting_length;
    dated *order = prt_arena_array(site->arena, count + 1, sizeof *order);
    const prt_waiting **sorted = prt_arena_array(site->arena, count + 1, sizeof(const prt_waiting *));
    for (size_t i = 0; i < count; i++) {
        prt_range range;
        order[i].waiting = site->waiting[i];
        order[i].to = prt_waiting_range(site, &order[i].waiting->marker, &range) ? range.to.pos : PRT_POS_MAX;
    }
    if (count > 1)
        qsort(order, count, sizeof *order, compare_dated);
    for (size_t i = 0; i < count; i++)
        sorted[i] = order[i].waiting;
    return sorted;
}
