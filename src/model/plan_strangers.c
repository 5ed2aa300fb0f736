/*
 * Rows of tenants that nobody knows, in partitions that are about to be retired: with unknown = "keep" such a partition
 * stays. With unknown = { drop_after = ... } it stays until it has been expired for that long. Whether it holds such rows is
 * asked between two plans (pg/run_purge.h); what could not be looked at counts as holding some.
 */
#include "model/ident.h"
#include "model/plan_set.h"

/* Expired for so long that even the unknown have had their time. */
static bool
is_over(const prt_worksite *site, const prt_piece *piece)
{
    const prt_tenant_spec *tenant = &site->spec->tenant;
    if (!tenant->drop_unknown || !prt_key_is_time(&site->set->key) || site->keep.cutoff == PRT_POS_MIN)
        return false;
    return prt_range_over(&site->set->key, &piece->range) <=
           prt_interval_add(site->keep.cutoff, &tenant->drop_after, -1, site->axis_zone);
}

bool
prt_strangers_keep(prt_worksite *site, const prt_piece *piece, prt_severity severity)
{
    const prt_table *table = piece->table;
    const prt_snapshot *snapshot = site->planner->snapshot;
    if (site->set->tenants == NULL || is_over(site, piece))
        return false;
    prt_vec_push(site->arena, &site->set->suspects, table); /* NOLINT(bugprone-sizeof-expression): addresses */
    const char *name = prt_ident_qualify(site->arena, table->schema, table->name);
    if (!prt_snapshot_has_strangers(snapshot, name))
        return false;
    const char *note = prt_snapshot_stranger_note(snapshot, name);
    prt_find(site, PRT_FINDING_UNKNOWN_TENANT, severity, prt_site_name(site, table),
             "add them to the policy's tenants, or let unknown = { drop_after = \"30 days\" } end their time",
             "it is expired, but stays: it holds %s", note == NULL ? "rows of tenants that are not in the list" : note);
    return true;
}
