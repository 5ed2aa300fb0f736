/* What exists, as pieces of the key's axis, and the segments that are missing between them. */
#include <stdlib.h>
#include <string.h>

#include "model/ident.h"
#include "model/plan_set.h"

/* Cells looked at one by one, in each direction: a guard against a premake or backfill beyond all reason. */
enum { MOST_CELLS = 1000000 };

static int
compare_pieces(const void *a, const void *b)
{
    const prt_range *x = &((const prt_piece *) a)->range, *y = &((const prt_piece *) b)->range;
    if (x->from.pos != y->from.pos)
        return x->from.pos < y->from.pos ? -1 : 1;
    if (x->to.pos != y->to.pos)
        return x->to.pos < y->to.pos ? -1 : 1;
    return strcmp(x->from.sql, y->from.sql); /* parts of one position, by later columns of the key */
}

/* A partition of several tenants holds the end, the beginning, or all of this one's rows. */
static void
read_span(const prt_worksite *site, prt_piece *piece)
{
    const prt_bound *bound = &piece->table->bound;
    if (!site->set->exact || !prt_tenants_span(bound))
        return;
    const prt_datum *from = &bound->from[0], *to = &bound->to[0];
    piece->spans = true;
    if (from->kind != PRT_DATUM_VALUE || strcmp(from->text, site->set->tenant) != 0)
        piece->range.from.pos = PRT_POS_MIN;
    if (to->kind != PRT_DATUM_VALUE || strcmp(to->text, site->set->tenant) != 0)
        piece->range.to.pos = PRT_POS_MAX;
}

static void
read_child(prt_worksite *site, const prt_table *child)
{
    prt_error err = {0};
    prt_piece piece = {.table = child, .pending = child->detach_pending};
    if (child->bound_error != NULL) {
        prt_fail(&err, PRT_ERR_VALUE, "%s", child->bound_error);
    } else if (child->bound.kind == PRT_BOUND_DEFAULT) {
        site->set->default_table = child;
        site->set->has_default = true;
        return;
    } else if (prt_range_from_bound(site->arena, &site->set->key, &child->bound, &piece.range, &err)) {
        read_span(site, &piece);
        site->pieces[site->length++] = piece;
        site->set->partitions += !child->detach_pending;
        return;
    }
    site->unreadable++;
    site->set->partitions += !child->detach_pending;
    prt_find(site, PRT_FINDING_UNEXPECTED_BOUNDS, PRT_SEVERITY_ERROR, prt_site_name(site, child),
             "partrun leaves this partition alone; check the policy's key", "its bounds cannot be read: %s",
             err.message);
}

void
prt_cover_read(prt_worksite *site)
{
    size_t children = site->set->children_length;
    site->pieces = prt_arena_array(site->arena, children + 1, sizeof *site->pieces);
    bool sorted = true;
    for (size_t i = 0; i < children; i++) {
        read_child(site, site->set->children[i]);
        size_t n = site->length;
        sorted = sorted && (n < 2 || compare_pieces(&site->pieces[n - 2], &site->pieces[n - 1]) <= 0);
    }
    if (!sorted)
        qsort(site->pieces, site->length, sizeof *site->pieces, compare_pieces);
}

size_t
prt_cover_find(const prt_worksite *site, prt_pos at)
{
    size_t low = 0, high = site->length;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (site->pieces[middle].range.to.pos > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* What the walks need: bounds at the key's resolution, and how many segments may still be made. */
typedef struct walk {
    prt_worksite *site;
    prt_pos least, greatest; /* the type's limits */
    size_t limit;            /* stop when there are more segments than this */
    int64_t room;
} walk;

static prt_pos
clamp(const walk *w, prt_pos at)
{
    at = at < w->least ? w->least : at > w->greatest ? w->greatest : at;
    return at == PRT_POS_MIN || at == PRT_POS_MAX ? at : prt_key_floor(&w->site->set->key, at);
}

/* The end at `at`: exactly the neighbour's where there is one. */
static bool
make_end(walk *w, prt_pos at, const prt_end *neighbour, prt_end *out)
{
    if (neighbour != NULL && neighbour->pos == at) {
        *out = *neighbour;
        return true;
    }
    prt_error err = {0};
    prt_worksite *site = w->site;
    if (prt_end_make(site->arena, &site->set->key, at, out, &err))
        return true;
    prt_find(site, PRT_FINDING_UNSUPPORTED_KEY, PRT_SEVERITY_ERROR, NULL, err.hint[0] ? err.hint : NULL,
             "no bound can be made at %s: %s", prt_pos_display(site->arena, &site->set->key, at), err.message);
    w->limit = 0;
    return false;
}

/* By another column than its branch, the rows of a level near the branch's ends may lie a little outside. */
static void
open_ends(const walk *w, size_t i, prt_range *range)
{
    const prt_nest *nest = w->site->planner->nest;
    prt_error ignored = {0};
    if (nest == NULL || !nest->open)
        return;
    if (i == 0 && range->from.pos == w->least)
        (void) !prt_end_make(w->site->arena, &w->site->set->key, PRT_POS_MIN, &range->from, &ignored);
    if (i == w->site->length && range->to.pos == w->greatest)
        (void) !prt_end_make(w->site->arena, &w->site->set->key, PRT_POS_MAX, &range->to, &ignored);
}

/* Adds [from, to), which nothing covers; `i` is the first piece that ends after `from`. */
static void
add_segment(walk *w, prt_pos from, prt_pos to, size_t i, prt_segment segment)
{
    prt_worksite *site = w->site;
    bool past = to <= site->set->now;
    if (past && (to <= site->keep.cutoff || w->room == 0))
        return;
    const prt_end *before = i > 0 ? &site->pieces[i - 1].range.to : NULL;
    const prt_end *after = i < site->length ? &site->pieces[i].range.from : NULL;
    if (!make_end(w, from, before, &segment.range.from) || !make_end(w, to, after, &segment.range.to))
        return;
    if (past)
        w->room--;
    open_ends(w, i, &segment.range);
    if (segment.kind != PRT_SEGMENT_REQUESTED && from <= site->set->now && site->set->now < to)
        segment.kind = PRT_SEGMENT_CURRENT;
    prt_vec_push(site->arena, &site->segments, segment);
}

/* The parts of the cell [from, to) that end after `after` and that no piece covers, ascending. */
static void
fill_cell(walk *w, prt_pos from, prt_pos to, prt_pos after, prt_segment like)
{
    const prt_worksite *site = w->site;
    prt_pos low = clamp(w, from), high = clamp(w, to);
    size_t i = prt_cover_find(site, low);
    for (prt_pos at = low; at < high && site->segments.length <= w->limit; i++) {
        prt_pos stop = i < site->length && site->pieces[i].range.from.pos < high ? site->pieces[i].range.from.pos
                                                                                 : high;
        if (stop > at && stop > after) {
            like.whole = at == from && stop == to;
            add_segment(w, at, stop, i, like);
        }
        if (i >= site->length || site->pieces[i].range.from.pos >= high)
            break;
        at = site->pieces[i].range.to.pos;
    }
}

/* The cell that holds now (what of it is not past), and `premake` after it. */
static prt_pos
walk_ahead(walk *w)
{
    const prt_worksite *site = w->site;
    const prt_grid *grid = &site->set->grid;
    prt_pos now = site->set->now, from = prt_grid_floor(grid, now), to = prt_grid_next(grid, now);
    /* The type's last value is no part of any cell: a bound cannot lie behind it. */
    prt_pos after = now < w->greatest ? now : w->greatest - 1;
    int64_t cells = site->spec->premake < MOST_CELLS ? site->spec->premake : MOST_CELLS;
    for (int64_t k = 0; k <= cells && site->segments.length <= w->limit; k++) {
        fill_cell(w, from, to, after, (prt_segment) {.kind = PRT_SEGMENT_AHEAD, .index = k});
        if (to >= w->greatest) /* the axis ends: what has no upper bound there is in nobody's way */
            break;
        from = to;
        to = prt_grid_next(grid, from);
    }
    return from;
}

/* The boundaries of `backfill` cells before the current one, nearest first; [0] is the current cell's own. */
static prt_pos *
backfill_boundaries(const walk *w, int64_t *cells)
{
    const prt_grid *grid = &w->site->set->grid;
    int64_t most = w->site->spec->backfill < MOST_CELLS ? w->site->spec->backfill : MOST_CELLS;
    prt_pos *boundaries = prt_arena_array(w->site->arena, (size_t) most + 1, sizeof *boundaries);
    boundaries[0] = prt_grid_floor(grid, w->site->set->now);
    for (*cells = 0; *cells < most && boundaries[*cells] > w->least; (*cells)++) {
        prt_pos before = prt_grid_prev(grid, boundaries[*cells]);
        if (before <= w->site->keep.cutoff && boundaries[*cells] <= w->site->keep.cutoff)
            break;
        boundaries[*cells + 1] = before;
    }
    return boundaries;
}

/*
 * Where the oldest partition that stays begins; PRT_POS_MAX: none does. With a retention by size, one that stays only
 * because it is protected has no say: what the budget has let go before it would have to be made again.
 */
static prt_pos
oldest_staying(prt_worksite *site)
{
    bool by_size = site->retention.kind == PRT_KEEP_BYTES;
    for (size_t i = 0; i < site->length; i++)
        if (site->pieces[i].stays && !(by_size && prt_expire_protected(site, &site->pieces[i])))
            return site->pieces[i].range.from.pos;
    return PRT_POS_MAX;
}

/* From now back to the start of the backfill or of the oldest partition that stays, hole by hole. */
static void
walk_back(walk *w)
{
    prt_worksite *site = w->site;
    const prt_grid *grid = &site->set->grid;
    int64_t cells;
    prt_pos *boundaries = backfill_boundaries(w, &cells);
    prt_pos oldest = oldest_staying(site), limit = boundaries[cells] < oldest ? boundaries[cells] : oldest;
    /* What a budget lets go is not to be made again by the next run: only an empty set is backfilled. */
    if (site->retention.kind == PRT_KEEP_BYTES && site->length > 0)
        limit = oldest;
    size_t i = prt_cover_find(site, site->set->now);
    prt_pos top = boundaries[0];
    if (i < site->length && site->pieces[i].range.from.pos <= site->set->now)
        top = site->pieces[i].range.from.pos;
    else if (i > 0 && site->pieces[i - 1].range.to.pos > top)
        top = site->pieces[i - 1].range.to.pos;
    top = clamp(w, top);
    limit = limit < w->least ? w->least : limit;
    int64_t k = 0;
    while (top > limit) {
        prt_pos floor = i > 0 && site->pieces[i - 1].range.to.pos > limit ? site->pieces[i - 1].range.to.pos : limit;
        while (top > floor) {
            if (site->segments.length > w->limit || w->room == 0 || top <= site->keep.cutoff)
                return;
            prt_pos cell = prt_grid_prev(grid, top), from = clamp(w, cell > floor ? cell : floor);
            while (k < cells && boundaries[k] > cell)
                k++;
            bool whole = from == cell && prt_grid_next(grid, cell) == top;
            int64_t index = oldest < from || boundaries[k] != cell ? 0 : k;
            add_segment(w, from, top, i, (prt_segment) {.kind = PRT_SEGMENT_BEHIND, .whole = whole, .index = index});
            top = from < top ? from : floor; /* a cell below the key's resolution ends the walk of this hole */
        }
        if (i == 0)
            return;
        i--;
        top = site->pieces[i].range.from.pos;
    }
}

static prt_pos
request_position(const prt_key *key, prt_pos at)
{
    return prt_key_is_time(key) ? prt_key_now(key, at) : at;
}

/* ensure: every cell from the one that holds the first position to the one that holds the last. */
static void
walk_request(walk *w)
{
    prt_worksite *site = w->site;
    const prt_plan_options *options = site->planner->options;
    const prt_grid *grid = &site->set->grid;
    prt_pos first = request_position(&site->set->key, *options->ensure_from);
    prt_pos last = options->ensure_to != NULL ? request_position(&site->set->key, *options->ensure_to) : first;
    prt_pos from = prt_grid_floor(grid, first);
    size_t refused = 0;
    for (int64_t k = 0; k <= MOST_CELLS && from <= last && site->segments.length <= w->limit; k++) {
        prt_pos to = prt_grid_next(grid, from);
        if (to <= site->keep.cutoff)
            refused++;
        else
            fill_cell(w, from, to, PRT_POS_MIN, (prt_segment) {.kind = PRT_SEGMENT_REQUESTED});
        if (to >= w->greatest)
            break;
        from = to;
    }
    if (refused != 0)
        prt_find(site, PRT_FINDING_EXPIRED, PRT_SEVERITY_ERROR, NULL, "lengthen the retention first",
                 "%zu partition%s asked for would be retired at once: older than the retention of %s", refused,
                 refused == 1 ? "" : "s", prt_retention_display(site->arena, &site->retention));
}

/* A level inside a branch: every cell of the branch's range. */
static void
walk_branch(walk *w)
{
    const prt_worksite *site = w->site;
    const prt_range *range = &site->planner->nest->range;
    const prt_grid *grid = &site->set->grid;
    w->least = range->from.pos > w->least ? range->from.pos : w->least;
    w->greatest = range->to.pos < w->greatest ? range->to.pos : w->greatest;
    prt_pos from = prt_grid_floor(grid, w->least);
    for (int64_t k = 0; k <= MOST_CELLS && from < w->greatest && site->segments.length <= w->limit; k++) {
        prt_pos to = prt_grid_next(grid, from);
        if (to > site->keep.cutoff || to > site->set->now)
            fill_cell(w, from, to, PRT_POS_MIN, (prt_segment) {.kind = PRT_SEGMENT_AHEAD});
        from = to;
    }
}

static int
compare_segments(const void *a, const void *b)
{
    prt_pos x = ((const prt_segment *) a)->range.from.pos, y = ((const prt_segment *) b)->range.from.pos;
    return x < y ? -1 : x > y;
}

/* A partition without an upper bound inside the window leaves no room for those that should be there. */
static void
find_unbounded(prt_worksite *site, prt_pos end)
{
    if (site->length == 0)
        return;
    const prt_piece *last = &site->pieces[site->length - 1];
    if (last->range.to.pos == PRT_POS_MAX && last->range.from.pos < end && !last->pending && !last->spans)
        prt_find(site, PRT_FINDING_UNBOUNDED, PRT_SEVERITY_WARNING, prt_site_name(site, last->table),
                 "detach it, create what is missing, and move its rows",
                 "it has no upper bound: it never expires, and leaves no room for partitions after %s",
                 prt_pos_display(site->arena, &site->set->key, last->range.from.pos));
}

void
prt_cover_missing(prt_worksite *site)
{
    const prt_plan_options *options = site->planner->options;
    const prt_key *key = &site->set->key;
    size_t most = site->spec->max_create < 0 ? 0 : (size_t) site->spec->max_create;
    walk w = {
        .site = site, .least = prt_key_min(key), .greatest = prt_key_max(key), .limit = most, .room = site->keep.room};
    if (site->planner->nest != NULL) {
        walk_branch(&w);
    } else if (options->ensure_from != NULL) {
        walk_request(&w);
    } else {
        find_unbounded(site, walk_ahead(&w));
        walk_back(&w);
    }
    if (site->segments.length > most) {
        prt_find(site, PRT_FINDING_RUNAWAY, PRT_SEVERITY_ERROR, NULL,
                 "check interval, premake and backfill; raise max_create if it is meant",
                 "more than %zu partitions would have to be created: only the %zu nearest to now are made", most, most);
        site->segments.length = most; /* both walks begin at now */
    }
    if (site->segments.length > 1)
        qsort(site->segments.items, site->segments.length, sizeof *site->segments.items, compare_segments);
}

/* The next planned creation that begins at or after *j and covers `at`. */
static prt_pos
planned_end(const prt_set *set, size_t *j, prt_pos at)
{
    for (; *j < set->operations.length; (*j)++) {
        const prt_operation *o = &set->operations.items[*j];
        bool creates = (o->op == PRT_OP_CREATE || o->op == PRT_OP_DRAIN) && o->has_range;
        if (!creates || o->range.to.pos <= at)
            continue;
        return o->range.from.pos <= at ? o->range.to.pos : at;
    }
    return at;
}

prt_pos
prt_cover_end(const prt_worksite *site, prt_pos at, bool planned)
{
    size_t i = prt_cover_find(site, at), j = 0;
    for (;;) {
        if (i < site->length && site->pieces[i].range.from.pos <= at && !site->pieces[i].pending) {
            at = site->pieces[i].range.to.pos > at ? site->pieces[i].range.to.pos : at;
            i++;
            continue;
        }
        prt_pos end = planned ? planned_end(site->set, &j, at) : at;
        if (end == at || at == PRT_POS_MAX)
            return at;
        at = end;
        while (i < site->length && site->pieces[i].range.to.pos <= at)
            i++;
    }
}
