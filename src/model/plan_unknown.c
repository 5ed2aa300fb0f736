/*
 * A tenant that is in no list any more. Its partitions are kept and reported; with unknown = { drop_after = ... } they are
 * retired when that time has passed since a run first missed the tenant. When that was is noted in the comment of its
 * newest partition: partrun keeps no state elsewhere. A tenant that comes back loses the note.
 */
#include <string.h>

#include "model/plan_subtree.h"

static bool
find_note(const prt_worksite *site, prt_instant *since)
{
    bool found = false;
    for (size_t i = 0; i < site->length; i++) {
        prt_marker marker;
        if (!prt_marked(site, site->pieces[i].table, &marker) || strcmp(marker.state, "unknown") != 0)
            continue;
        *since = found && *since < marker.since ? *since : marker.since;
        found = true;
    }
    return found;
}

static void
note(prt_worksite *site)
{
    const prt_piece *newest = NULL;
    for (size_t i = 0; i < site->length; i++)
        if (!site->pieces[i].pending && !site->pieces[i].spans)
            newest = &site->pieces[i];
    if (newest == NULL)
        return;
    prt_plan_add(site, (prt_operation) {.op = PRT_OP_ALTER,
                                        .alter = PRT_ALTER_NOTE,
                                        .schema = newest->table->schema,
                                        .name = newest->table->name,
                                        .oid = newest->table->oid,
                                        .table = newest->table,
                                        .has_range = true,
                                        .range = newest->range,
                                        .reason = "notes since when its tenant is unknown",
                                        .bytes = newest->table->bytes,
                                        .rows = newest->table->rows});
}

static void
retire(prt_worksite *site)
{
    const char *reason = site->gone;
    for (size_t i = 0; i < site->length; i++) {
        const prt_piece *piece = &site->pieces[i];
        if (!piece->pending && !prt_expire_foreign(site, piece, reason) &&
            !prt_expire_held(site, piece->table, &piece->range, "attached", reason))
            prt_plan_add(site, prt_expire_operation(site, piece->table, &piece->range, reason, false));
    }
}

static void
report(prt_worksite *site, const char *hint, const char *what)
{
    prt_find(site, PRT_FINDING_UNKNOWN_TENANT, PRT_SEVERITY_WARNING, NULL, hint,
             "tenant %s is not in the policy's list any more: %zu partition%s %s", site->set->tenant, site->length,
             site->length == 1 ? " is" : "s are", what);
}

/* The cells of its branches may be held. That they could not be made is no concern here. */
static void
read_subtree(prt_worksite *site)
{
    size_t said = site->set->findings.length;
    prt_subtree_begin(site);
    site->set->findings.length = said;
}

/* Whose retention is not known, keeps everything, unless it is retired by force. */
static void
retire_by_hand(prt_worksite *site)
{
    site->retention = (prt_retention) {.kind = PRT_KEEP};
    site->keep = (prt_keep) {.cutoff = PRT_POS_MIN, .room = INT64_MAX};
    if (!site->planner->drift) {
        prt_plan_waiting(site);
        prt_plan_retirements(site);
    }
}

/* Its last partitions are detached: what the runs before have begun is brought to its end. */
static bool
finish(prt_worksite *site, bool idle)
{
    bool acts = site->spec->tenant.drop_unknown && site->spec->cleanup != PRT_CLEANUP_NONE;
    if (site->waiting_length == 0 || idle || !acts || site->planner->nobody)
        return false;
    site->gone = "tenant unknown";
    prt_plan_waiting(site);
    return true;
}

void
prt_plan_unknown(prt_worksite *site)
{
    const prt_spec *spec = site->spec;
    const prt_plan_options *options = site->planner->options;
    prt_instant since = site->planner->snapshot->now;
    bool idle = options->create_only || options->ensure_from != NULL || site->planner->drift;
    read_subtree(site);
    if (options->retire != NULL) {
        retire_by_hand(site);
        return;
    }
    if (site->length == 0) {
        if (!finish(site, idle) || !site->set->exact)
            prt_find(site, PRT_FINDING_UNKNOWN_TENANT, PRT_SEVERITY_WARNING, NULL,
                     site->set->exact ? NULL : "detach it and drop it by hand",
                     "tenant %s is not in the policy's list any more, and no partition is left of it%s",
                     site->set->tenant, site->waiting_length == 0 ? "" : " but detached ones");
        return;
    }
    if (!spec->tenant.drop_unknown || spec->cleanup == PRT_CLEANUP_NONE) {
        report(site, "unknown = { drop_after = \"30 days\" } with a cleanup retires them", "kept");
        return;
    }
    if (!find_note(site, &since) && !idle)
        note(site);
    prt_instant due = prt_interval_add(since, &spec->tenant.drop_after, 1, spec->zone);
    bool over = due <= site->planner->snapshot->now;
    if (over && site->planner->nobody) {
        report(site, "check the query: no tenant at all is hardly meant", "kept, because the list of tenants is empty");
    } else if (over && !idle) {
        site->gone = prt_arena_printf(site->arena, "tenant unknown since %s", prt_second_display(site->arena, since));
        prt_plan_pending(site);
        retire(site);
        prt_plan_waiting(site);
    } else {
        report(site, NULL,
               prt_arena_printf(site->arena, "to be retired after %s", prt_second_display(site->arena, due)));
    }
}
