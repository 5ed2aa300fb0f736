/*
 * Random partition sets, planned and applied: an oracle that knows nothing of the planner judges the result.
 * The seed is printed; PARTRUN_SEED sets it, PARTRUN_ROUNDS the number of sets.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/file.h"
#include "model/retention.h"
#include "model/zone.h"
#include "support/world.h"

typedef struct sample {
    const char *type;
    prt_key_options key;
    bool ids;
    const char *intervals[6];
    int64_t first_year, last_year;
} sample;

static const sample samples[] = {
    {.type = "timestamp with time zone",
     .intervals = {"1 day", "1 hour", "6 hours", "1 month", "1 week", "15 minutes"},
     .first_year = 1900,
     .last_year = 2200},
    {.type = "timestamp without time zone",
     .intervals = {"1 day", "1 hour", "3 months", "2 weeks", "1 year", "10 days"},
     .first_year = 1900,
     .last_year = 2200},
    {.type = "date",
     .intervals = {"1 day", "1 week", "1 month", "3 months", "1 year", "10 years"},
     .first_year = 1900,
     .last_year = 2200},
    {.type = "uuid",
     .intervals = {"1 day", "1 hour", "1 month", "1 week", "2 days", "30 seconds"},
     .first_year = 1990,
     .last_year = 2200},
    {.type = "bigint",
     .key = {.epoch_per_sec = 1000},
     .intervals = {"1 day", "1 hour", "1 month", "1 week", "1 year", "1 minute"},
     .first_year = 1900,
     .last_year = 2200},
    {.type = "integer",
     .key = {.epoch_per_sec = 1},
     .intervals = {"1 day", "1 hour", "1 month", "1 week", "1 year", "1 minute"},
     .first_year = 1910,
     .last_year = 2030},
    {.type = "bigint",
     .key = {.snowflake = true, .snowflake_shift = 22, .snowflake_epoch = INT64_C(1288834974657000)},
     .intervals = {"1 day", "1 hour", "1 month", "1 week", "2 days", "1 minute"},
     .first_year = 2015,
     .last_year = 2060},
    {.type = "bigint", .ids = true},
    {.type = "integer", .ids = true},
    {.type = "smallint", .ids = true},
};

static const char *const zone_names[] = {"UTC",          "Europe/Paris",        "America/New_York", "Asia/Kathmandu",
                                         "Pacific/Apia", "Australia/Lord_Howe", "America/Sao_Paulo"};
enum { ZONES = 7, MOST_PIECES = 400 };

typedef struct extent {
    prt_pos from, to;
    int64_t bytes;
    bool pending, held;
    const char *name;
} extent;

typedef struct trial {
    world w;
    uint64_t random, seed;
    const prt_zone *zones[ZONES];
    prt_table *root;
    prt_key key;
    prt_grid grid;
    prt_pos now;
    const prt_zone *axis;
} trial;

static uint64_t
dice(trial *t)
{
    uint64_t z = t->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int64_t
between(trial *t, int64_t low, int64_t high)
{
    return low + (int64_t) (dice(t) % (uint64_t) (high - low + 1));
}

static bool
one_in(trial *t, int64_t n)
{
    return between(t, 1, n) == 1;
}

static bool
holds(void *data, const prt_hook_context *context, const prt_hook_partition *partition, bool *out, prt_error *err)
{
    (void) data;
    (void) context;
    (void) err;
    *out = strstr(partition->name, "held") != NULL;
    return true;
}

static void
choose_now(trial *t, const sample *s)
{
    if (!s->ids) {
        prt_instant low = world_time(prt_arena_printf(t->w.arena, "%" PRId64 "-01-01", s->first_year));
        prt_instant high = world_time(prt_arena_printf(t->w.arena, "%" PRId64 "-01-01", s->last_year));
        t->w.snapshot.now = between(t, low, high);
        return;
    }
    int64_t limit = s->type[0] == 's' ? 32767 : s->type[0] == 'i' ? INT32_MAX : INT64_MAX;
    int64_t now = one_in(t, 8) ? limit - between(t, 0, 2000) : between(t, one_in(t, 3) ? -20000 : 0, 30000);
    t->root->parent->highest = one_in(t, 10) ? NULL : prt_arena_printf(t->w.arena, "%" PRId64, now);
}

static void
choose_retention(trial *t, bool ids)
{
    prt_spec *spec = &t->w.spec;
    int64_t length = ids ? spec->id_step : prt_interval_usec(&spec->interval);
    switch (between(t, 0, 4)) {
    case 0:
        break;
    case 1:
    case 2:
        if (ids)
            spec->retention = (prt_retention) {.kind = PRT_KEEP_IDS, .amount = between(t, 0, 20) * length};
        else
            spec->retention = (prt_retention) {.kind = PRT_KEEP_AGE, .age = {.usec = between(t, 0, 20) * (length / 2)}};
        break;
    case 3:
        spec->retention = (prt_retention) {.kind = PRT_KEEP_COUNT, .amount = between(t, 0, 8)};
        break;
    default:
        spec->retention = (prt_retention) {.kind = PRT_KEEP_BYTES, .amount = between(t, 0, 2000)};
    }
}

static void
choose_spec(trial *t)
{
    const sample *s = &samples[between(t, 0, sizeof samples / sizeof *samples - 1)];
    prt_spec *spec = &t->w.spec;
    t->root = world_root(&t->w, "t", "k", s->type);
    spec->key = s->key;
    spec->by_id = s->ids;
    spec->zone = t->zones[between(t, 0, ZONES - 1)];
    if (s->ids)
        spec->id_step = one_in(t, 4) ? between(t, 1, 30) : 1000;
    else
        spec->interval = world_interval(s->intervals[between(t, 0, 5)]);
    choose_now(t, s);
    spec->premake = between(t, 0, 8);
    spec->backfill = one_in(t, 2) ? 0 : between(t, 0, 6);
    spec->max_drop.kind = one_in(t, 4) ? PRT_DROP_PERCENT : PRT_DROP_ALL;
    spec->hooks.hold = one_in(t, 2) ? holds : NULL;
    choose_retention(t, s->ids);
    spec->cleanup = one_in(t, 3) ? PRT_CLEANUP_DETACH : one_in(t, 3) ? PRT_CLEANUP_MOVE : PRT_CLEANUP_DROP;
    spec->cleanup_schema = "attic";
    if (one_in(t, 3))
        spec->grace = world_interval("3 days");
    if (one_in(t, 6))
        world_child(&t->w, t->root, "t_default", "DEFAULT");
}

/* The oracle's own key and grid. */
static void
derive(trial *t)
{
    const prt_spec *spec = &t->w.spec;
    prt_error err = {0};
    assert_ok(prt_key_init(&t->key, "k", t->root->parent->key[0].type, 1, 0, &spec->key, spec->zone, &err), &err);
    bool wall = t->key.kind == PRT_KEY_DATE || t->key.kind == PRT_KEY_TIMESTAMP || spec->by_id;
    t->axis = wall ? NULL : spec->zone;
    if (spec->by_id)
        assert_ok(prt_grid_id(&t->grid, spec->id_step, 0, &err), &err);
    else
        assert_ok(prt_grid_time(&t->grid, &spec->interval, NULL, t->axis, &err), &err);
    const char *highest = t->root->parent->highest;
    t->now = spec->by_id ? (highest == NULL ? 0 : strtoll(highest, NULL, 10)) : prt_key_now(&t->key, t->w.snapshot.now);
}

static void
add_piece(trial *t, prt_pos from, prt_pos to, bool pending)
{
    prt_error err = {0};
    prt_end low, high;
    prt_arena *arena = t->w.arena;
    assert_ok(prt_end_make(arena, &t->key, from, &low, &err), &err);
    assert_ok(prt_end_make(arena, &t->key, to, &high, &err), &err);
    size_t n = t->root->parent->children_length;
    const char *name = prt_arena_printf(arena, one_in(t, 12) ? "held%zu" : "odd%zu", n);
    prt_table *child = world_child(&t->w, t->root, name,
                                   prt_arena_printf(arena, "FOR VALUES FROM (%s) TO (%s)", low.sql, high.sql));
    child->detach_pending = pending;
    child->bytes = between(t, 0, 300);
}

/* Existing partitions from somewhere in the past to somewhere around now: cells, halves, wide ones, holes. */
static void
populate(trial *t)
{
    prt_pos at = prt_grid_floor(&t->grid, t->now);
    int64_t back = between(t, 0, 25), forth = back + between(t, -3, 12);
    for (int64_t i = 0; i < back; i++)
        at = prt_grid_prev(&t->grid, at);
    if (one_in(t, 3))
        at = prt_pos_add(at, (prt_grid_next(&t->grid, at) - at) / between(t, 2, 5));
    prt_pos least = prt_key_min(&t->key), greatest = prt_key_max(&t->key);
    at = prt_key_floor(&t->key, at < least ? least : at);
    bool pending = one_in(t, 12);
    for (int64_t i = 0; i < forth; i++) {
        prt_pos to = prt_grid_next(&t->grid, at);
        for (int64_t more = one_in(t, 6) ? between(t, 1, 4) : 0; more > 0; more--)
            to = prt_grid_next(&t->grid, to);
        if (one_in(t, 6) && to - at > 1)
            to = at + between(t, 1, to - at);
        to = prt_key_floor(&t->key, to > greatest ? greatest : to);
        if (to <= at)
            break;
        if (!one_in(t, 4)) {
            bool first = t->root->parent->children_length == 0;
            add_piece(t, first && one_in(t, 10) ? PRT_POS_MIN : at, to, pending && one_in(t, 3));
        }
        at = to;
    }
    if (one_in(t, 15) && at < greatest)
        add_piece(t, at, PRT_POS_MAX, false);
}

static int
compare_extents(const void *a, const void *b)
{
    prt_pos x = ((const extent *) a)->from, y = ((const extent *) b)->from;
    return x < y ? -1 : x > y;
}

static size_t
extents_of(trial *t, extent *out)
{
    size_t n = 0;
    for (size_t i = 0; i < t->root->parent->children_length; i++) {
        const prt_table *child = t->root->parent->children[i];
        prt_range range;
        prt_error err = {0};
        if (child->bound.kind == PRT_BOUND_DEFAULT)
            continue;
        assert_ok(prt_range_from_bound(t->w.arena, &t->key, &child->bound, &range, &err), &err);
        assert_true(n < MOST_PIECES);
        out[n++] = (extent) {.from = range.from.pos,
                             .to = range.to.pos,
                             .bytes = child->bytes < 0 ? 0 : child->bytes,
                             .pending = child->detach_pending,
                             .name = child->name,
                             .held = t->w.spec.hooks.hold != NULL && strstr(child->name, "held") != NULL};
    }
    qsort(out, n, sizeof *out, compare_extents);
    return n;
}

/* Retention, said again in the simplest way. */
static bool
expired(const trial *t, const extent *all, size_t n, const extent *e)
{
    const prt_retention *r = &t->w.spec.retention;
    int64_t newer = 0, bytes = e->bytes;
    if (e->to > t->now)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (all[i].pending || all[i].from < e->to || &all[i] == e)
            continue;
        newer += all[i].to <= t->now;
        bytes += all[i].bytes;
    }
    switch (r->kind) {
    case PRT_KEEP_AGE:
        return e->to <= prt_interval_add(t->now, &r->age, -1, t->axis);
    case PRT_KEEP_IDS:
        return e->to <= prt_pos_add(t->now, -r->amount);
    case PRT_KEEP_COUNT:
        return newer >= r->amount;
    case PRT_KEEP_BYTES:
        return bytes > r->amount;
    default:
        return false;
    }
}

static const extent *
find_name(const extent *all, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

static void
judge_operations(trial *t, const prt_set *set, const extent *before, size_t n)
{
    size_t retired = 0;
    for (size_t i = 0; i < set->operations.length; i++) {
        const prt_operation *o = &set->operations.items[i];
        if (o->op == PRT_OP_CREATE) {
            assert_true(o->range.from.pos < o->range.to.pos);
            for (size_t j = 0; j < n; j++)
                if (before[j].from < o->range.to.pos && o->range.from.pos < before[j].to)
                    fail_msg("seed %" PRIu64 ": %s overlaps %s", t->seed, o->name, before[j].name);
            continue;
        }
        if (o->op != PRT_OP_DROP && o->op != PRT_OP_DETACH && o->op != PRT_OP_MOVE)
            continue;
        const extent *e = find_name(before, n, o->name);
        assert_non_null(e);
        if (!expired(t, before, n, e) || e->held)
            fail_msg("seed %" PRIu64 ": %s is retired inside its retention", t->seed, o->name);
        retired++;
    }
    int64_t half = (int64_t) set->partitions / 2 < 1 ? 1 : (int64_t) set->partitions / 2;
    assert_true(t->w.spec.max_drop.kind == PRT_DROP_ALL || (int64_t) retired <= half);
}

static bool
has_finding(const prt_set *set, prt_finding_code code)
{
    for (size_t i = 0; i < set->findings.length; i++)
        if (set->findings.items[i].code == code)
            return true;
    return false;
}

/* A hole is right only where retention would take at once what would fill it. */
static void
judge_hole(trial *t, const extent *all, size_t n, prt_pos from, prt_pos to)
{
    size_t past = 0;
    for (size_t i = 0; i < n; i++)
        past += all[i].to <= t->now;
    for (prt_pos at = from; at < to;) {
        prt_pos next = prt_key_floor(&t->key, prt_grid_next(&t->grid, at));
        next = next > to || next <= at ? to : next;
        extent cell = {.from = at, .to = next};
        bool full = t->w.spec.retention.kind == PRT_KEEP_COUNT && next <= t->now &&
                    (int64_t) past >= t->w.spec.retention.amount;
        if (!full && !expired(t, all, n, &cell))
            fail_msg("seed %" PRIu64 ": a hole from %s to %s", t->seed, prt_pos_display(t->w.arena, &t->key, at),
                     prt_pos_display(t->w.arena, &t->key, next));
        at = next;
    }
}

/* After everything is applied: from the oldest that is kept to the horizon, without a hole. */
static void
judge_cover(trial *t, const extent *all, size_t n, const extent *before, size_t before_n)
{
    prt_pos end = prt_grid_next(&t->grid, t->now), greatest = prt_key_max(&t->key),
            at = prt_grid_floor(&t->grid, t->now);
    for (int64_t i = 0; i < t->w.spec.premake; i++)
        end = prt_grid_next(&t->grid, end);
    for (int64_t i = 0; i < t->w.spec.backfill; i++)
        at = prt_grid_prev(&t->grid, at);
    end = prt_key_floor(&t->key, end > greatest ? greatest : end);
    at = prt_key_floor(&t->key, at < prt_key_min(&t->key) ? prt_key_min(&t->key) : at);
    if (t->w.spec.retention.kind == PRT_KEEP_BYTES && before_n > 0)
        at = t->now; /* only an empty set is backfilled */
    for (size_t i = 0; i < n; i++) {
        const extent *e = find_name(before, before_n, all[i].name);
        bool stays = e == NULL || e->held || !expired(t, before, before_n, e);
        /* What is held beyond the budget does not call for what the budget has let go. */
        bool silent = t->w.spec.retention.kind == PRT_KEEP_BYTES && all[i].held && all[i].to <= t->now;
        if (stays && !silent && all[i].from < at)
            at = all[i].from;
        if (i > 0 && all[i].from < all[i - 1].to)
            fail_msg("seed %" PRIu64 ": %s overlaps %s", t->seed, all[i].name, all[i - 1].name);
    }
    for (size_t i = 0; i < n && at < end; i++) {
        if (all[i].from > at)
            judge_hole(t, all, n, at, all[i].from < end ? all[i].from : end);
        at = all[i].to > at ? all[i].to : at;
    }
    if (at < end)
        judge_hole(t, all, n, at, end);
}

/* Every plan after the first: until nothing is left to do. Only a finalized detach makes more work; and where max_drop
 * was in the way (`capped`), what has been created since makes its share larger. */
static void
judge_idempotence(trial *t, bool pending, bool capped)
{
    prt_plan *plan = world_plan(&t->w, NULL);
    if (pending) {
        world_apply(&t->w, plan);
        plan = world_plan(&t->w, NULL);
    }
    size_t left = 0;
    for (size_t i = 0; i < plan->sets.items[0].operations.length; i++)
        left += !capped || plan->sets.items[0].operations.items[i].op == PRT_OP_CREATE;
    if (left != 0)
        fail_msg("seed %" PRIu64 ": planned again:\n%s", t->seed, world_operations(&t->w, plan, 0));
}

/* For somebody who looks into a failure: PARTRUN_VERBOSE=1 PARTRUN_ROUNDS=1 PARTRUN_SEED=... */
static void
describe(trial *t, const prt_plan *plan, const extent *all, size_t n)
{
    const prt_set *set = &plan->sets.items[0];
    print_message("%s %s, zone %s, now %s, premake %" PRId64 ", backfill %" PRId64 ", retention %s\n", set->key.type,
                  prt_grid_display(t->w.arena, &set->grid), prt_zone_name(t->w.spec.zone),
                  prt_pos_display(t->w.arena, &t->key, t->now), t->w.spec.premake, t->w.spec.backfill,
                  prt_retention_display(t->w.arena, &t->w.spec.retention));
    for (size_t i = 0; i < n; i++)
        print_message("  %s %s .. %s %" PRId64 " bytes%s\n", all[i].name,
                      prt_pos_display(t->w.arena, &t->key, all[i].from),
                      prt_pos_display(t->w.arena, &t->key, all[i].to), all[i].bytes, all[i].pending ? " pending" : "");
    print_message("%s%s\n", world_operations(&t->w, plan, 0), world_findings(&t->w, plan, 0));
}

static void
judge(trial *t)
{
    static const prt_plan_options usual = {0};
    extent *before = prt_arena_array(t->w.arena, MOST_PIECES, sizeof *before);
    extent *after = prt_arena_array(t->w.arena, MOST_PIECES, sizeof *after);
    prt_plan *plan = world_plan(&t->w, &usual), *again = world_plan(&t->w, NULL);
    const prt_set *set = &plan->sets.items[0];
    assert_string_equal(world_operations(&t->w, plan, 0), world_operations(&t->w, again, 0));
    assert_string_equal(world_findings(&t->w, plan, 0), world_findings(&t->w, again, 0));
    assert_string_equal(plan->fingerprint, again->fingerprint);
    assert_true(set->plannable);
    assert_false(has_finding(set, PRT_FINDING_NAME_COLLISION));
    assert_false(has_finding(set, PRT_FINDING_UNSUPPORTED_KEY));
    size_t n = extents_of(t, before);
    if (getenv("PARTRUN_VERBOSE") != NULL)
        describe(t, plan, before, n);
    bool pending = false;
    for (size_t i = 0; i < n; i++)
        pending = pending || before[i].pending;
    judge_operations(t, set, before, n);
    world_apply(&t->w, plan);
    judge_idempotence(t, pending, has_finding(set, PRT_FINDING_MASS_DROP));
    if (!has_finding(set, PRT_FINDING_RUNAWAY) && !pending)
        judge_cover(t, after, extents_of(t, after), before, n);
}

static const prt_zone *
read_zone(prt_arena *arena, const char *name)
{
    char *bytes;
    size_t length;
    const prt_zone *zone;
    prt_error err = {0};
    assert_ok(prt_tzdata_read(arena, name, &bytes, &length, &err), &err);
    assert_ok(prt_zone_parse(arena, name, bytes, length, &zone, &err), &err);
    return zone;
}

static uint64_t
number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void
random_sets_are_planned_right(void **state)
{
    uint64_t seed = number_from("PARTRUN_SEED", (uint64_t) time(NULL)), rounds = number_from("PARTRUN_ROUNDS", 8000);
    print_message("PARTRUN_SEED=%" PRIu64 "\n", seed);
    const prt_zone *zones[ZONES];
    for (int i = 0; i < ZONES; i++)
        zones[i] = read_zone(*state, zone_names[i]);
    for (uint64_t i = 0; i < rounds; i++) {
        prt_arena *arena = prt_arena_new();
        trial t = {.random = seed + i, .seed = seed + i};
        memcpy(t.zones, zones, sizeof zones);
        world_init(&t.w, arena, "2025-01-01");
        choose_spec(&t);
        derive(&t);
        populate(&t);
        judge(&t);
        prt_arena_free(arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_sets_are_planned_right, support_arena_setup, support_arena_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
