/*
 * Detached tables that a longer retention has caught up with: attached again, before what is missing is looked for. Only where
 * the policy's cleanup would have taken them away in the end: who detaches for good is left alone.
 */
#include <string.h>

#include "model/ident.h"
#include "model/plan_set.h"

/* Room for every waiting table beside what is there. */
static void
make_room(prt_worksite *site)
{
    size_t room = site->waiting_length + 1;
    prt_piece *pieces = prt_arena_array(site->arena, site->length + room, sizeof *pieces);
    prt_extent *extents = prt_arena_array(site->arena, site->extents_length + room, sizeof *extents);
    if (site->length > 0)
        memcpy(pieces, site->pieces, site->length * sizeof *pieces);
    if (site->extents_length > 0)
        memcpy(extents, site->extents, site->extents_length * sizeof *extents);
    site->pieces = pieces;
    site->extents = extents;
}

/* From now on it counts as attached: for the cover, and for what else fits into a retention by count or size. */
static void
count_in(prt_worksite *site, const prt_table *table, const prt_range *range)
{
    size_t i = prt_cover_find(site, range->from.pos), e = 0;
    prt_extent extent = {.to = prt_range_over(&site->set->key, range), .bytes = table->bytes};
    memmove(&site->pieces[i + 1], &site->pieces[i], (site->length - i) * sizeof *site->pieces);
    site->pieces[i] = (prt_piece) {.table = table, .range = *range, .stays = true};
    site->length++;
    while (e < site->extents_length && site->extents[e].to < extent.to)
        e++;
    memmove(&site->extents[e + 1], &site->extents[e], (site->extents_length - e) * sizeof extent);
    site->extents[e] = extent;
    site->extents_length++;
}

/* The partition that has taken its place; NULL: none. */
static const prt_table *
find_cover(const prt_worksite *site, const prt_range *range)
{
    size_t i = prt_cover_find(site, range->from.pos);
    if (i == site->length)
        return NULL;
    const prt_end *from = &site->pieces[i].range.from;
    bool overlaps = from->pos < range->to.pos || (from->pos == range->to.pos && range->to.inside);
    return overlaps ? site->pieces[i].table : NULL;
}

/* With ensure, only what was asked for. */
static bool
is_wanted(const prt_worksite *site, const prt_range *range)
{
    const prt_plan_options *options = site->planner->options;
    const prt_key *key = &site->set->key;
    if (options->ensure_from == NULL)
        return true;
    prt_pos first = *options->ensure_from, last = options->ensure_to != NULL ? *options->ensure_to : first;
    if (prt_key_is_time(key)) {
        first = prt_key_now(key, first);
        last = prt_key_now(key, last);
    }
    return prt_grid_floor(&site->set->grid, first) < range->to.pos && range->from.pos <= last;
}

static bool
is_inside(const prt_worksite *site, const prt_waiting *w, prt_range *range)
{
    bool known = site->retention.kind != PRT_KEEP_BYTES || w->table->bytes >= 0;
    return prt_marker_retiring(&w->marker) && prt_waiting_ours(site, &w->marker) &&
           prt_waiting_range(site, &w->marker, range) && known && !prt_waiting_expired(site, w->table, range) &&
           is_wanted(site, range);
}

/*
 * A retention by size lets go of the first that does not fit, and of everything before it: what lies before one that stays
 * out stays out as well, though it were small enough. Otherwise the next run would let it go again.
 */
static bool
is_cut_off(prt_worksite *site, const prt_range *range)
{
    prt_pos oldest = prt_grid_floor(&site->set->grid, site->set->now);
    if (site->retention.kind != PRT_KEEP_BYTES)
        return false;
    for (size_t i = 0; i < site->length; i++)
        if (site->pieces[i].stays && site->pieces[i].range.from.pos < oldest &&
            !prt_expire_protected(site, &site->pieces[i]))
            oldest = site->pieces[i].range.from.pos;
    return range->to.pos < oldest;
}

static void
refuse(prt_worksite *site, const prt_table *table, const char *hint, const char *why, const prt_table *other)
{
    prt_find(site, PRT_FINDING_DETACHED_WAITING, PRT_SEVERITY_INFO, prt_site_name(site, table), hint,
             "it is detached, and inside the retention again, but %s %s", prt_site_name(site, other), why);
}

/* True when it can be a partition again. */
static bool
has_place(prt_worksite *site, const prt_waiting *w, const prt_range *range)
{
    const prt_table *table = w->table, *other = find_cover(site, range);
    const char *qualified = prt_ident_qualify(site->arena, table->schema, table->name);
    if (other != NULL) {
        refuse(site, table, "INSERT its rows into the table, and drop it", "covers its range by now", other);
        return false;
    }
    if (site->set->default_table != NULL && prt_snapshot_is_blocked(site->planner->snapshot, qualified)) {
        refuse(site, table,
               "move those rows into it (its constraint partrun_archived refuses them, if it has one), and apply again",
               "holds rows of its range", site->set->default_table);
        return false;
    }
    return true;
}

static void
reattach(prt_worksite *site, const prt_table *table, const prt_range *range)
{
    prt_plan_add(site,
                 (prt_operation) {.op = PRT_OP_REATTACH,
                                  .schema = table->schema,
                                  .name = table->name,
                                  .oid = table->oid,
                                  .table = table,
                                  .has_range = true,
                                  .range = *range,
                                  .reason = prt_arena_printf(site->arena, "inside the retention of %s",
                                                             prt_retention_display(site->arena, &site->retention)),
                                  .bytes = table->bytes,
                                  .rows = table->rows});
}

void
prt_plan_reattach(prt_worksite *site)
{
    bool cleans = site->spec->cleanup == PRT_CLEANUP_DROP || site->spec->cleanup == PRT_CLEANUP_MOVE;
    /* Where nothing is retired only because something is not known, nothing comes back either. */
    if (!cleans || !site->retention_known || site->set->stranger != NULL || site->waiting_length == 0)
        return;
    const prt_waiting **oldest_first = prt_waiting_oldest_first(site);
    prt_range *ranges = prt_arena_array(site->arena, site->waiting_length, sizeof *ranges);
    bool *back = prt_arena_array(site->arena, site->waiting_length, sizeof *back);
    make_room(site);
    /* The newest have the first claim to a retention by count or size. */
    for (size_t i = site->waiting_length; i-- > 0;) {
        if (!is_inside(site, oldest_first[i], &ranges[i]) || is_cut_off(site, &ranges[i]))
            continue;
        prt_vec_push(site->arena, &site->settled, oldest_first[i]);
        back[i] = has_place(site, oldest_first[i], &ranges[i]);
        if (back[i])
            count_in(site, oldest_first[i]->table, &ranges[i]);
    }
    for (size_t i = 0; i < site->waiting_length; i++)
        if (back[i])
            reattach(site, oldest_first[i]->table, &ranges[i]);
}

bool
prt_reattach_settled(const prt_worksite *site, const prt_waiting *waiting)
{
    for (size_t i = 0; i < site->settled.length; i++)
        if (site->settled.items[i] == waiting)
            return true;
    return false;
}
