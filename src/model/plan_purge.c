/*
 * Purges: in partitions that several tenants share, the rows of one whose retention is shorter than the partition's. The
 * first plan lists who might have such rows (set->purges); the caller asks the server, and the next plan has an operation
 * for each who does.
 */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "model/ident.h"
#include "model/plan_set.h"

enum { NAMED = 3 }; /* tenants in a message */

/* Tenants of whom one thing is to be said. */
typedef struct crowd {
    size_t length;
    const char *first[NAMED], *last;
} crowd;

typedef struct purging {
    prt_worksite *site;
    crowd *held;     /* by piece: for whom the policy holds it */
    crowd uncounted; /* their retention is no line on the key's axis */
    crowd kept;      /* they have expired rows, but nobody said that these may be deleted */
    crowd overdue;   /* they have had expired rows for more than an interval */
    size_t candidates;
} purging;

const char *
prt_purge_id(prt_arena *arena, const prt_set *set, const char *tenant)
{
    return prt_arena_printf(arena, "%s %s", prt_ident_qualify(arena, set->schema, set->table), tenant);
}

static void
join(crowd *c, const char *tenant)
{
    if (c->last == tenant)
        return;
    c->last = tenant;
    if (c->length < NAMED)
        c->first[c->length] = tenant;
    c->length++;
}

/* "tenant a", "tenants a, b and c", "tenants a, b, c and 17 others" */
static const char *
crowd_text(prt_arena *arena, const crowd *c)
{
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_buf_str(&out, c->length == 1 ? "tenant " : "tenants ");
    for (size_t i = 0; i < c->length && i < NAMED; i++)
        prt_buf_fmt(&out, "%s%s", i == 0 ? "" : i + 1 == c->length ? " and " : ", ", c->first[i]);
    if (c->length > NAMED)
        prt_buf_fmt(&out, " and %zu other%s", c->length - NAMED, c->length == NAMED + 1 ? "" : "s");
    return out.data;
}

static bool
literal(const prt_worksite *site, prt_pos at, const char **out)
{
    prt_error ignored = {0};
    const char *text;
    if (!prt_key_encode(&site->set->key, site->arena, at, &text, &ignored))
        return false;
    *out = prt_literal_quote(site->arena, text);
    return true;
}

/* Whether the piece's rows are there after the retirements of this plan, and ours to delete as far as its kind goes. */
static bool
remains(const prt_piece *piece)
{
    return !piece->pending && !piece->spans && (!piece->expired || piece->strange);
}

/* ------------------------------------------------------------------------------------------- candidates */

typedef PRT_VEC(uint32_t) oid_list;
typedef PRT_VEC(const prt_table *) table_list;

typedef struct sorting {
    prt_arena *arena;
    table_list leaves; /* to delete from */
    oid_list spared;
    bool spare;
} sorting;

static bool
sort_leaf(void *data, const prt_table *table)
{
    sorting *s = data;
    if (table->kind == 'p')
        return true;
    if (s->spare || table->kind != 'r')
        prt_vec_push(s->arena, &s->spared, table->oid);
    else
        prt_vec_push(s->arena, &s->leaves, table); /* NOLINT(bugprone-sizeof-expression): addresses */
    return true;
}

/* An error of the hook holds as well. */
static bool
holds(purging *p, const prt_piece *piece, const prt_tenant *tenant)
{
    prt_worksite *site = p->site;
    prt_error err = {0};
    bool held;
    if (site->spec->hooks.hold == NULL)
        return false;
    if (prt_expire_ask_hold(site, piece->table, &piece->range, "attached", tenant, &held, &err) && !held)
        return false;
    if (err.code != PRT_OK && p->held[piece - site->pieces].length == 0)
        prt_find(site, PRT_FINDING_EXPIRED, PRT_SEVERITY_ERROR, prt_site_name(site, piece->table),
                 err.hint[0] ? err.hint : NULL, "it is not purged, because its hold is not known: %s", err.message);
    join(&p->held[piece - site->pieces], tenant->id);
    return true;
}

/* Fills in where the purge begins, and what it leaves alone; false: there is nothing for it to do. */
static bool
find_leaves(purging *p, const prt_tenant *tenant, prt_purge *purge, prt_pos oldest)
{
    prt_worksite *site = p->site;
    sorting s = {.arena = site->arena};
    bool begun = false;
    for (size_t i = 0; i < site->length; i++) {
        const prt_piece *piece = &site->pieces[i];
        if (piece->range.from.pos >= purge->before.pos)
            break;
        if (prt_range_over(&site->set->key, &piece->range) <= oldest)
            continue;
        s.spare = !remains(piece) || holds(p, piece, tenant);
        if (!begun && !s.spare && oldest == PRT_POS_MIN && piece->range.from.pos != PRT_POS_MIN &&
            !literal(site, piece->range.from.pos, &purge->from))
            purge->from = NULL;
        begun |= !s.spare;
        prt_table_walk(piece->table, sort_leaf, &s);
    }
    s.spare = true;
    if (site->set->default_table != NULL)
        prt_table_walk(site->set->default_table, sort_leaf, &s);
    purge->spared = s.spared.items;
    purge->spared_length = s.spared.length;
    purge->leaves = s.leaves.items;
    purge->leaves_length = s.leaves.length;
    return s.leaves.length > 0;
}

/* Whether this tenant's rows expire before their partitions do. */
static bool
has_line(purging *p, const prt_tenant *tenant, const prt_retention *retention, prt_purge *purge)
{
    prt_worksite *site = p->site;
    prt_error ignored = {0};
    if (retention->kind == PRT_KEEP_COUNT || retention->kind == PRT_KEEP_BYTES) {
        if (retention->kind != site->retention.kind || retention->amount != site->retention.amount)
            join(&p->uncounted, tenant->id);
        return false;
    }
    if (retention->kind == PRT_KEEP)
        return false;
    prt_pos cutoff = prt_retention_keep(retention, site->set->now, site->axis_zone, NULL, 0).cutoff;
    if (cutoff <= site->keep.cutoff || !prt_end_make(site->arena, &site->set->key, cutoff, &purge->before, &ignored) ||
        !literal(site, purge->before.pos, &purge->limit))
        return false;
    purge->id = prt_purge_id(site->arena, site->set, tenant->id);
    purge->tenant = tenant->id;
    purge->ordered = site->parent->tenant_access == PRT_ACCESS_ORDERED;
    return true;
}

/* ------------------------------------------------------------------------------------------- operations */

static void
add_operation(prt_worksite *site, const prt_purge *purge, const prt_end *oldest, const prt_retention *retention)
{
    const prt_purge_spec *spec = &site->spec->purge;
    prt_arena *arena = site->arena;
    prt_purge *kept = PRT_NEW(arena, prt_purge);
    *kept = *purge;
    const char *cap = spec->max_rows == 0 ? "" : prt_arena_printf(arena, ", at most %" PRId64 " a run", spec->max_rows);
    prt_operation o = {
        .op = PRT_OP_PURGE,
        .schema = site->set->schema,
        .name = site->set->table,
        .oid = site->set->parent->oid,
        .table = site->set->parent,
        .purge = kept,
        .has_range = true,
        .range = {.from = *oldest, .to = purge->before},
        .reason = prt_arena_printf(arena, "expired rows of tenant %s", purge->tenant),
        .note = prt_arena_printf(arena, "older than %s; %" PRId64 " rows a batch, %" PRId64 " ms apart%s",
                                 prt_retention_display(arena, retention), spec->batch, spec->pause_ms, cap),
        .bytes = -1,
        .rows = -1};
    prt_plan_add(site, o);
}

/* The oldest key to be deleted: partitions before it need not be looked at again. */
static prt_end
oldest_of(const prt_worksite *site, const prt_purge *purge)
{
    prt_end end = {.pos = PRT_POS_MIN, .sql = "MINVALUE"};
    const char *text = prt_snapshot_purge_from(site->planner->snapshot, purge->id);
    prt_error ignored = {0};
    if (text == NULL)
        return end;
    prt_datum datum = {.kind = PRT_DATUM_VALUE, .text = text, .sql = prt_literal_quote(site->arena, text)};
    if (prt_key_decode(&site->set->key, &datum, &end.pos, &ignored))
        end.sql = datum.sql;
    return end;
}

/* Rows are deleted for good: what a policy archives, or keeps detached, is deleted only when it says `purge` itself. */
static bool
may_delete(const prt_spec *spec)
{
    bool drops = spec->cleanup == PRT_CLEANUP_DROP && spec->archive.url == NULL && spec->hooks.archive == NULL;
    return drops || spec->purge.stated;
}

static void
consider(purging *p, size_t index)
{
    prt_worksite *site = p->site;
    const prt_tenant *tenant = &site->set->tenants->items[index];
    const prt_snapshot *snapshot = site->planner->snapshot;
    prt_purge purge = {0};
    if (!has_line(p, tenant, &site->each[index], &purge))
        return;
    if (snapshot->purgeable == NULL) {
        if (find_leaves(p, tenant, &purge, PRT_POS_MIN))
            prt_vec_push(site->arena, &site->set->purges, purge);
        return;
    }
    p->candidates++;
    if (site->spec->hooks.hold != NULL) /* for the findings: rows that are held are not purgeable */
        (void) find_leaves(p, tenant, &purge, PRT_POS_MIN);
    if (!prt_snapshot_is_purgeable(snapshot, purge.id))
        return;
    if (!may_delete(site->spec)) {
        join(&p->kept, tenant->id);
        return;
    }
    prt_end oldest = oldest_of(site, &purge);
    if (oldest.pos < prt_grid_floor(&site->set->grid, purge.before.pos))
        join(&p->overdue, tenant->id);
    purge.from = oldest.pos == PRT_POS_MIN ? NULL : oldest.sql;
    if (find_leaves(p, tenant, &purge, oldest.pos))
        add_operation(site, &purge, &oldest, &site->each[index]);
}

/* ------------------------------------------------------------------------------------------- findings */

/* A DELETE that reaches into other tables is nobody's idea of retention: a partition could not even be detached then. */
static const prt_reference *
reaching_reference(const prt_table *table)
{
    for (; table != NULL && table->parent != NULL; table = table->parent_table)
        for (size_t i = 0; i < table->parent->references_length; i++)
            if (strchr("cnd", table->parent->references[i].on_delete) != NULL)
                return &table->parent->references[i];
    return NULL;
}

/* One finding for each partition, or one for all where a hold covers many. */
static void
report_held(const purging *p)
{
    prt_worksite *site = p->site;
    size_t count = 0, first = 0, last = 0;
    for (size_t i = 0; i < site->length; i++) {
        if (p->held[i].length == 0)
            continue;
        first = count == 0 ? i : first;
        last = i;
        count++;
    }
    for (size_t i = first; count > 0 && count <= NAMED && i <= last; i++)
        if (p->held[i].length > 0)
            prt_find(site, PRT_FINDING_HELD, PRT_SEVERITY_INFO, prt_site_name(site, site->pieces[i].table), NULL,
                     "the policy holds it: it is not purged for %s", crowd_text(site->arena, &p->held[i]));
    if (count > NAMED)
        prt_find(site, PRT_FINDING_HELD, PRT_SEVERITY_INFO, NULL, NULL,
                 "the policy holds %zu partitions, from %s to %s: they are not purged for %s%s", count,
                 prt_site_name(site, site->pieces[first].table), prt_site_name(site, site->pieces[last].table),
                 crowd_text(site->arena, &p->held[last]), p->held[first].length != p->held[last].length ? ", ..." : "");
}

static void
report(purging *p)
{
    prt_worksite *site = p->site;
    prt_arena *arena = site->arena;
    report_held(p);
    if (p->overdue.length > 0 && site->planner->options->checking)
        prt_find(site, PRT_FINDING_EXPIRED, PRT_SEVERITY_WARNING, NULL, "apply deletes them",
                 "rows of %s have been expired for longer than an interval", crowd_text(arena, &p->overdue));
    if (p->uncounted.length > 0)
        prt_find(site, PRT_FINDING_EXPIRED, PRT_SEVERITY_WARNING, NULL, "give them an age, such as \"30 days\"",
                 "the retention of %s counts partitions or bytes: in partitions that tenants share, rows can only be "
                 "deleted by age",
                 crowd_text(arena, &p->uncounted));
    if (p->kept.length > 0)
        prt_find(
            site, PRT_FINDING_EXPIRED, PRT_SEVERITY_WARNING, NULL,
            "purge = {} deletes them for good, without an archive",
            "expired rows of %s stay until their partitions are retired: the policy archives or keeps what expires",
            crowd_text(arena, &p->kept));
}

/* What makes a purge of this set impossible; a finding says so. */
static bool
is_impossible(const purging *p)
{
    prt_worksite *site = p->site;
    const prt_parent *parent = site->parent;
    if (parent->tenant_error != NULL) {
        prt_find(site, PRT_FINDING_EXPIRED, PRT_SEVERITY_ERROR, NULL, NULL,
                 "nothing is purged, because expired rows could not be looked for: %s", parent->tenant_error);
        return true;
    }
    if (parent->tenant_access != PRT_ACCESS_SCAN)
        return false;
    prt_arena *arena = site->arena;
    prt_find(site, PRT_FINDING_INVALID_INDEX, PRT_SEVERITY_ERROR, NULL,
             prt_arena_printf(arena, "CREATE INDEX ON %s (%s, %s), or build it partition by partition",
                              prt_ident_display(arena, site->set->schema, site->set->table),
                              prt_ident_display(arena, NULL, site->spec->tenant.key),
                              prt_ident_display(arena, NULL, site->set->key.column)),
             "nothing is purged: no valid index leads with the tenant's column %s, so that each batch would read whole "
             "partitions",
             prt_ident_display(arena, NULL, site->spec->tenant.key));
    return true;
}

/* max_drop has stopped the retirements: what it is wary of holds for rows as well. */
static bool
is_stopped(const prt_set *set)
{
    for (size_t i = 0; i < set->findings.length; i++)
        if (set->findings.items[i].code == PRT_FINDING_MASS_DROP)
            return true;
    return false;
}

static void
refuse_reach(prt_worksite *site, const prt_reference *r)
{
    size_t removed = 0;
    for (size_t i = site->set->operations.length; i > 0 && site->set->operations.items[i - 1].op == PRT_OP_PURGE; i--)
        removed++;
    if (removed == 0)
        return;
    site->set->operations.length -= removed;
    prt_find(site, PRT_FINDING_REFERENCED, PRT_SEVERITY_ERROR, NULL,
             "delete the referencing rows first, by a policy of their own, and let the foreign key be NO ACTION",
             "expired rows of %zu tenant%s are not purged: the foreign key %s of %s would delete or change rows there",
             removed, removed == 1 ? "" : "s", r->constraint, prt_ident_display(site->arena, r->schema, r->table));
}

void
prt_plan_purges(prt_worksite *site)
{
    const prt_set *set = site->set;
    if (set->tenants == NULL || set->outer != NULL || site->each == NULL || !site->retention_known ||
        site->spec->cleanup == PRT_CLEANUP_NONE || site->planner->options->retire != NULL || is_stopped(set))
        return;
    purging p = {.site = site, .held = prt_arena_array(site->arena, site->length + 1, sizeof *p.held)};
    for (size_t i = 0; i < set->tenants->length; i++)
        consider(&p, i);
    if (p.candidates > 0 && is_impossible(&p))
        return;
    report(&p);
    const prt_reference *reaching = reaching_reference(set->parent);
    if (reaching != NULL)
        refuse_reach(site, reaching);
}
