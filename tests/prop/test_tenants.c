/*
 * Random tenants in every layout, over weeks in which they come and go: nothing inside its tenant's retention is ever retired,
 * nothing of an unknown one before its time, everybody has partitions from now to the horizon, no two overlap, and a second plan
 * finds nothing to do. The seed is printed; PARTRUN_SEED sets it, PARTRUN_ROUNDS the number of worlds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "support/world.h"

#define TZ "timestamp with time zone"

enum { TENANTS = 6, DAY = 86400, PREMAKE = 2, DROP_AFTER = 5 };

typedef enum layout { EXACT, LISTED, SHARED, LAYOUTS } layout;

typedef struct trial {
    world w;
    layout layout;
    prt_table *root;
    int days[TENANTS]; /* of retention; 0: for ever */
    bool known[TENANTS];
    prt_instant missed[TENANTS]; /* when a run first missed the tenant; PRT_POS_MAX: never */
    prt_tenant_list list;
    const prt_tenant_list *lists[1];
} trial;

static const char *const ids[TENANTS] = {"1", "2", "3", "7", "10", "11"};
static uint64_t state_of_random;

static size_t
below(size_t limit)
{
    state_of_random ^= state_of_random << 13;
    state_of_random ^= state_of_random >> 7;
    state_of_random ^= state_of_random << 17;
    return (size_t) (state_of_random % limit);
}

static uint64_t
number_from(const char *name, uint64_t other)
{
    const char *text = getenv(name);
    return text == NULL ? other : strtoull(text, NULL, 10);
}

static size_t
number_of(const char *id)
{
    for (size_t i = 0; i < TENANTS; i++)
        if (strcmp(ids[i], id) == 0)
            return i;
    fail_msg("no tenant %s", id);
    return 0;
}

static bool
retention_of(void *data, const prt_hook_context *context, prt_retention *out, prt_error *err)
{
    const trial *t = data;
    (void) err;
    int days = context->tenant == NULL ? 0 : t->days[number_of(context->tenant->id)];
    *out = (prt_retention) {.kind = days == 0 ? PRT_KEEP : PRT_KEEP_AGE, .age = {.days = days}};
    return true;
}

/* ---- what is there at first ---- */

static const char *
date(trial *t, int day)
{
    return prt_instant_format(t->w.arena, t->w.snapshot.now / (DAY * PRT_USEC_PER_SEC) * (DAY * PRT_USEC_PER_SEC) +
                                              day * (DAY * PRT_USEC_PER_SEC));
}

/* Partitions of whole days with holes between them; `id` NULL: of no tenant in particular. */
static void
fill(trial *t, prt_table *parent, const char *id)
{
    const char *with = id == NULL ? "" : prt_arena_printf(t->w.arena, "%s, ", id);
    int day = -(int) below(40);
    for (size_t n = below(12); n > 0; n--) {
        int next = day + 1 + (int) (below(4) == 0 ? below(5) : 0);
        const char *from = below(20) == 0 && n == 12 ? "MINVALUE" : prt_arena_printf(t->w.arena, "'%s'", date(t, day));
        world_child(
            &t->w, parent, prt_arena_printf(t->w.arena, "old%u", t->w.next_oid),
            prt_arena_printf(t->w.arena, "FOR VALUES FROM (%s%s) TO (%s'%s')", with, from, with, date(t, next)));
        day = next + (below(4) == 0 ? (int) below(3) : 0);
    }
}

static void
fill_exact(trial *t)
{
    t->root->parent->columns = 2;
    t->root->parent->key[1] = (prt_key_column) {.name = "at", .type = TZ, .not_null = true};
    for (size_t i = 0; i < TENANTS; i++) {
        size_t span = 1 + below(2);
        if (below(5) == 0 && i + span < TENANTS) { /* all of one or two tenants, for ever */
            world_child(&t->w, t->root, prt_arena_printf(t->w.arena, "span%zu", i),
                        prt_arena_printf(t->w.arena, "FOR VALUES FROM (%s, MINVALUE) TO (%s, MINVALUE)", ids[i],
                                         ids[i + span]));
            i += span - 1;
        } else {
            fill(t, t->root, ids[i]);
        }
    }
}

static void
fill_listed(trial *t)
{
    for (size_t i = 0; i < TENANTS; i++) {
        if (i > 0 && below(4) == 0)
            continue;
        bool both = i + 1 < TENANTS && below(4) == 0;
        prt_table *branch = world_child(
            &t->w, t->root, prt_arena_printf(t->w.arena, "events_%s", ids[i]),
            prt_arena_printf(t->w.arena, "FOR VALUES IN (%s%s%s)", ids[i], both ? ", " : "", both ? ids[i + 1] : ""));
        world_partitioned(&t->w, branch, 'r', "at", TZ);
        fill(t, branch, NULL);
        i += both;
    }
}

static void
fill_shared(trial *t)
{
    for (int i = 0; i < 2; i++) {
        prt_table *bucket = world_child(&t->w, t->root, prt_arena_printf(t->w.arena, "h%d", i),
                                        prt_arena_printf(t->w.arena, "FOR VALUES WITH (modulus 2, remainder %d)", i));
        world_partitioned(&t->w, bucket, 'r', "at", TZ);
        fill(t, bucket, NULL);
    }
}

static void
begin(trial *t, prt_arena *arena)
{
    static const char strategies[LAYOUTS] = {'r', 'l', 'h'};
    world *w = &t->w;
    world_init(w, arena, "2026-03-12 12:00");
    t->layout = (layout) below(LAYOUTS);
    t->root = world_root(w, "events", "tenant", "integer");
    t->root->parent->strategy = strategies[t->layout];
    w->spec.premake = PREMAKE;
    w->spec.max_drop.kind = PRT_DROP_ALL;
    w->spec.tenant = (prt_tenant_spec) {
        .key = "tenant", .drop_unknown = below(2) == 0, .drop_after = {.days = DROP_AFTER}};
    w->spec.grace = (prt_interval) {.days = below(3) == 0 ? 2 : 0};
    w->spec.hooks.retention = retention_of;
    w->spec.hooks.data = t;
    t->list.items = prt_arena_array(arena, TENANTS, sizeof *t->list.items);
    t->lists[0] = &t->list;
    w->snapshot.tenants = t->lists;
    for (size_t i = 0; i < TENANTS; i++) {
        t->days[i] = below(5) == 0 ? 0 : 1 + (int) below(20);
        t->known[i] = below(4) != 0;
        t->missed[i] = PRT_POS_MAX;
    }
    if (t->layout == EXACT)
        fill_exact(t);
    else if (t->layout == LISTED)
        fill_listed(t);
    else
        fill_shared(t);
}

static int
compare_ids(const void *a, const void *b)
{
    return strcmp(((const prt_tenant *) a)->id, ((const prt_tenant *) b)->id);
}

static void
list_known(trial *t)
{
    t->list.length = 0;
    for (size_t i = 0; i < TENANTS; i++) {
        if (t->known[i])
            t->list.items[t->list.length++].id = ids[i];
        t->missed[i] = t->known[i] ? PRT_POS_MAX : t->missed[i] < t->w.snapshot.now ? t->missed[i] : t->w.snapshot.now;
    }
    qsort(t->list.items, t->list.length, sizeof *t->list.items, compare_ids);
}

/* ---- what has to hold ---- */

/* May a partition of this tenant that ends at `to` go? */
static void
assert_may_go(const trial *t, size_t i, prt_pos to, const prt_operation *o)
{
    prt_instant now = t->w.snapshot.now;
    if (t->known[i] && (t->days[i] == 0 || to > now - (int64_t) t->days[i] * DAY * PRT_USEC_PER_SEC))
        fail_msg("%s goes: inside the %d days of tenant %s", o->name, t->days[i], ids[i]);
    if (!t->known[i] && (!t->w.spec.tenant.drop_unknown || t->list.length == 0 ||
                         t->missed[i] + (int64_t) DROP_AFTER * DAY * PRT_USEC_PER_SEC > now))
        fail_msg("%s goes: tenant %s is unknown only since %s", o->name, ids[i],
                 prt_instant_format(t->w.arena, t->missed[i]));
}

static void
assert_retirements(const trial *t, const prt_plan *plan)
{
    for (size_t s = 0; s < plan->sets.length; s++) {
        const prt_set *set = &plan->sets.items[s];
        for (size_t k = 0; k < set->operations.length; k++) {
            const prt_operation *o = &set->operations.items[k];
            if ((o->op != PRT_OP_DROP && o->op != PRT_OP_DETACH) || o->table->parent_table == NULL)
                continue;
            assert_null(strstr(o->name, "span"));
            for (size_t i = 0; set->tenants != NULL && i < TENANTS; i++)
                if (t->known[i])
                    assert_may_go(t, i, o->range.to.pos, o);
            for (size_t i = 0; set->group != NULL && i < set->group->length; i++)
                assert_may_go(t, number_of(set->group->items[i].id), o->range.to.pos, o);
            assert_null(set->stranger);
            if (set->tenant != NULL)
                assert_may_go(t, number_of(set->tenant), o->range.to.pos, o);
        }
    }
}

static long
integer(const char *text)
{
    return strtol(text, NULL, 10);
}

static bool
is_in(const prt_table *child, prt_pos at, const char *id)
{
    const prt_bound *bound = &child->bound;
    size_t k = bound->length - 1;
    if (id != NULL && strstr(child->name, "span") != NULL)
        return integer(bound->from[0].text) <= integer(id) && integer(id) < integer(bound->to[0].text);
    if (id != NULL && strcmp(bound->from[0].text, id) != 0)
        return false;
    prt_instant from = PRT_POS_MIN, to;
    prt_error err = {0};
    if (bound->from[k].kind == PRT_DATUM_VALUE)
        assert_ok(prt_instant_parse(bound->from[k].text, &from, &err), &err);
    assert_ok(prt_instant_parse(bound->to[k].text, &to, &err), &err);
    return from <= at && at < to;
}

/* Exactly one partition for every day from now to the horizon, and at most one before. */
static void
assert_cover(const trial *t, const prt_table *parent, const char *id)
{
    for (int day = -45; day <= PREMAKE; day++) {
        int times = 0;
        for (size_t i = 0; i < parent->parent->children_length; i++)
            times += is_in(parent->parent->children[i], t->w.snapshot.now + (int64_t) day * DAY * PRT_USEC_PER_SEC, id);
        if (times > 1 || (times == 0 && day >= 0))
            fail_msg("%s: %d partitions of tenant %s %d days from now", parent->name, times, id == NULL ? "?" : id,
                     day);
    }
}

static void
assert_covered(const trial *t)
{
    for (size_t i = 0; i < TENANTS; i++) {
        if (!t->known[i])
            continue;
        size_t found = 0;
        for (size_t c = 0; t->layout != EXACT && c < t->root->parent->children_length; c++) {
            const prt_table *branch = t->root->parent->children[c];
            bool its = t->layout == SHARED;
            for (size_t v = 0; branch->bound.kind == PRT_BOUND_LIST && v < branch->bound.length; v++)
                its = its || strcmp(branch->bound.values[v].text, ids[i]) == 0;
            if (its)
                assert_cover(t, branch, NULL);
            found += its;
        }
        if (t->layout == EXACT)
            assert_cover(t, t->root, ids[i]);
        else
            assert_int_equal(found, t->layout == SHARED ? 2 : 1);
    }
}

static void
live(trial *t)
{
    for (int week = 0; week < 8; week++) {
        list_known(t);
        prt_plan *plan = world_plan(&t->w, NULL);
        assert_retirements(t, plan);
        world_apply(&t->w, plan);
        assert_covered(t);
        plan = world_plan(&t->w, NULL);
        for (size_t s = 0; s < plan->sets.length; s++)
            if (plan->sets.items[s].operations.length > 0)
                fail_msg("week %d, again: %s", week, world_operations(&t->w, plan, s));
        t->w.snapshot.now += (int64_t) (1 + below(4)) * DAY * PRT_USEC_PER_SEC;
        for (size_t i = 0; i < TENANTS; i++) {
            t->known[i] = below(6) == 0 ? !t->known[i] : t->known[i];
            t->days[i] = below(10) == 0 ? (int) below(20) : t->days[i];
        }
    }
    for (size_t i = 0; i < t->w.snapshot.waiting_length; i++) /* nothing waits for ever */
        assert_true(t->w.snapshot.waiting[i].marker.since > t->w.snapshot.now - (int64_t) 40 * DAY * PRT_USEC_PER_SEC);
}

static void
tenants_come_and_go(void **state)
{
    (void) state;
    uint64_t seed = number_from("PARTRUN_SEED", (uint64_t) time(NULL)), rounds = number_from("PARTRUN_ROUNDS", 150);
    for (uint64_t i = 0; i < rounds; i++) {
        printf("PARTRUN_SEED=%" PRIu64 " PARTRUN_ROUNDS=1\r", seed + i);
        fflush(stdout);
        state_of_random = (seed + i) * UINT64_C(0x9e3779b97f4a7c15) + 1;
        for (int k = 0; k < 5; k++)
            (void) below(2);
        prt_arena *arena = prt_arena_new();
        trial t = {0};
        begin(&t, arena);
        live(&t);
        prt_arena_free(arena);
    }
    printf("\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tenants_come_and_go)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
