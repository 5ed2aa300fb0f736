/* Policies with tenants: RANGE (tenant, time), LIST (tenant) -> RANGE (time), and what all tenants share. */
#include "model/plan.h"
#include "support/world.h"

#define TZ "timestamp with time zone"

static prt_tenant_list list; /* of the test at hand */

static void
know(world *w, const char *const *ids)
{
    list = (prt_tenant_list) {.items = prt_arena_array(w->arena, 64, sizeof(prt_tenant))};
    for (; *ids != NULL; ids++)
        list.items[list.length++].id = *ids;
    w->snapshot.tenants = prt_arena_array(w->arena, 64, sizeof *w->snapshot.tenants);
    w->snapshot.tenants[0] = &list;
    w->spec.tenant.key = "tenant";
}

#define KNOW(w, ...) know(w, (const char *const[]) {__VA_ARGS__, NULL})

/* RANGE (tenant, at) at noon of 2026-03-12, a day ahead, seven days back. */
static prt_table *
exact(world *w, prt_arena *arena)
{
    world_init(w, arena, "2026-03-12 12:00");
    prt_table *t = world_root(w, "events", "tenant", "text");
    t->parent->columns = 2;
    t->parent->key[1] = (prt_key_column) {.name = "at", .type = TZ, .not_null = true};
    w->spec.premake = 1;
    w->spec.retention = (prt_retention) {.kind = PRT_KEEP_AGE, .age = world_interval("7 days")};
    return t;
}

static prt_table *
day(world *w, prt_table *parent, const char *tenant, const char *date, const char *next)
{
    const char *id = prt_literal_quote(w->arena, tenant);
    return world_child(w, parent, prt_arena_printf(w->arena, "%s %s", tenant, date),
                       prt_arena_printf(w->arena, "FOR VALUES FROM (%s, '%s 00:00:00+00') TO (%s, '%s 00:00:00+00')",
                                        id, date, id, next));
}

static const prt_set *
set_of(const prt_plan *plan, const char *tenant)
{
    for (size_t i = 0; i < plan->sets.length; i++)
        if (plan->sets.items[i].tenant != NULL && strcmp(plan->sets.items[i].tenant, tenant) == 0)
            return &plan->sets.items[i];
    fail_msg("no set of tenant %s", tenant);
    return NULL;
}

static const char *
operations_of(world *w, const prt_plan *plan, const char *tenant)
{
    return world_operations(w, plan, (size_t) (set_of(plan, tenant) - plan->sets.items));
}

static void
every_tenant_has_bounds_of_its_own(void **state)
{
    static const char *const hostile[] = {"\"q\"", "A", "O'Brien, (x)", "a", "a_b", NULL};
    world w;
    exact(&w, *state);
    know(&w, hostile);
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(plan->sets.length, 5);
    const prt_set *set = set_of(plan, "O'Brien, (x)");
    assert_int_equal(set->operations.length, 2);
    assert_string_equal(set->operations.items[0].range.from.sql, "'O''Brien, (x)', '2026-03-12 00:00:00+00'");
    assert_string_equal(set->operations.items[0].range.to.sql, "'O''Brien, (x)', '2026-03-13 00:00:00+00'");
    world_apply(&w, plan);
    assert_int_equal(prt_plan_operations(world_plan(&w, NULL)), 0);
    for (size_t i = 0; i < plan->sets.length; i++)
        assert_string_equal(world_findings(&w, world_plan(&w, NULL), i), "");
}

static bool
by_tenant(void *data, const prt_hook_context *context, prt_retention *out, prt_error *err)
{
    (void) data;
    if (context->tenant != NULL && strcmp(context->tenant->id, "broken") == 0)
        return prt_fail(err, PRT_ERR_LUA, "no plan");
    bool free = context->tenant != NULL && strcmp(context->tenant->id, "free") == 0;
    *out = (prt_retention) {.kind = PRT_KEEP_AGE, .age = {.days = free ? 2 : 5}};
    return true;
}

static void
each_has_its_own_retention(void **state)
{
    world w;
    prt_table *t = exact(&w, *state);
    KNOW(&w, "free", "pro");
    w.spec.hooks.retention = by_tenant;
    w.spec.max_drop.kind = PRT_DROP_ALL;
    for (int d = 5; d <= 13; d++)
        for (int i = 0; i < 2; i++)
            day(&w, t, i ? "pro" : "free", prt_arena_printf(*state, "2026-03-%02d", d),
                prt_arena_printf(*state, "2026-03-%02d", d + 1));
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(set_of(plan, "free")->operations.length, 5);
    assert_string_equal(operations_of(&w, plan, "pro"), "drop \"pro 2026-03-05\" 2026-03-05 .. 2026-03-06 (expired 1 d "
                                                        "12 h ago)\n"
                                                        "drop \"pro 2026-03-06\" 2026-03-06 .. 2026-03-07 (expired 12 "
                                                        "h ago)\n");
    world_apply(&w, plan);
    assert_int_equal(prt_plan_operations(world_plan(&w, NULL)), 0);
}

static void
catch_alls_and_spanning_partitions_are_understood(void **state)
{
    world w;
    prt_table *t = exact(&w, *state);
    KNOW(&w, "a", "b", "c");
    world_child(&w, t, "a_old", "FOR VALUES FROM ('a', MINVALUE) TO ('a', '2026-03-12 00:00:00+00')");
    world_child(&w, t, "a_new", "FOR VALUES FROM ('a', '2026-03-12 00:00:00+00') TO ('a', MAXVALUE)");
    world_child(&w, t, "wide", "FOR VALUES FROM ('b', '2026-03-13 00:00:00+00') TO ('c', '2026-01-01 00:00:00+00')");
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(operations_of(&w, plan, "a"), "");
    assert_string_equal(operations_of(&w, plan, "b"), "create events_b_p20260312 2026-03-12 .. 2026-03-13 (current)\n");
    assert_string_equal(set_of(plan, "b")->operations.items[0].range.to.sql, "'b', '2026-03-13 00:00:00+00'");
    for (size_t i = 0; i < set_of(plan, "c")->operations.length; i++) /* never the drop of "wide", old as its end is */
        assert_int_equal(set_of(plan, "c")->operations.items[i].op, PRT_OP_CREATE);
    assert_true(world_found(plan, 0, PRT_FINDING_UNEXPECTED_BOUNDS, PRT_SEVERITY_WARNING));
    assert_true(world_found(plan, 0, PRT_FINDING_UNBOUNDED, PRT_SEVERITY_WARNING));
}

static void
between_the_ends_of_a_span_integers_are_covered(void **state)
{
    world w;
    prt_table *t = exact(&w, *state);
    t->parent->key[0].type = "integer";
    KNOW(&w, "10", "9");
    world_child(&w, t, "wide", "FOR VALUES FROM (8, MINVALUE) TO (10, MINVALUE)");
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(operations_of(&w, plan, "9"), "");
    assert_int_equal(set_of(plan, "10")->operations.length, 2);
}

static void
waiting_tables_belong_to_their_tenant(void **state)
{
    world w;
    prt_table *t = exact(&w, *state);
    KNOW(&w, "a", "a', 'b");
    prt_table *mine = world_waiting(&w, t, "old", "retiring", "x", "y", "2026-03-01");
    w.snapshot.waiting[0].marker.from = "'a', '2026-03-01 00:00:00+00'";
    w.snapshot.waiting[0].marker.to = "'a', '2026-03-02 00:00:00+00'";
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(set_of(plan, "a', 'b")->operations.length, 2);
    assert_int_equal(set_of(plan, "a")->operations.length, 3);
    assert_ptr_equal(set_of(plan, "a")->operations.items[2].table, mine);
}

static void
a_tenant_that_is_gone_is_kept_and_reported(void **state)
{
    world w;
    prt_table *t = exact(&w, *state);
    KNOW(&w, "a");
    day(&w, t, "gone", "2026-01-01", "2026-01-02");
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(operations_of(&w, plan, "gone"), "");
    assert_string_equal(world_findings(&w, plan, 1), "warning unknown_tenant public.events: tenant gone is not in the "
                                                     "policy's list any more: 1 partition is kept\n");
}

/* The note's date counts, not the data's; then everything of the tenant goes, whatever max_drop says. */
static void
or_dropped_after_the_stated_time(void **state)
{
    world w;
    prt_table *t = exact(&w, *state);
    KNOW(&w, "a");
    w.spec.tenant.drop_unknown = true;
    w.spec.tenant.drop_after = world_interval("30 days");
    day(&w, t, "gone", "2026-01-01", "2026-01-02");
    prt_table *newest = day(&w, t, "gone", "2026-03-12", "2026-03-13");
    prt_plan *plan = world_plan(&w, NULL);
    const prt_set *set = set_of(plan, "gone");
    assert_int_equal(set->operations.length, 1);
    assert_int_equal(set->operations.items[0].alter, PRT_ALTER_NOTE);
    assert_ptr_equal(set->operations.items[0].table, newest);
    newest->comment = world_comment(&w, &set->operations.items[0]);
    assert_string_equal(operations_of(&w, world_plan(&w, NULL), "gone"), "");
    w.snapshot.now = world_time("2026-04-11 12:00");
    assert_int_equal(set_of(world_plan(&w, NULL), "gone")->operations.length, 2);
    assert_int_equal(set_of(world_plan(&w, NULL), "gone")->operations.items[1].op, PRT_OP_DROP);
    list.length = 0; /* an empty list is hardly meant */
    assert_string_equal(operations_of(&w, world_plan(&w, NULL), "gone"), "");
    w.spec.retention.age = world_interval("1 year");
    KNOW(&w, "a", "gone"); /* back again: the note goes */
    assert_non_null(strstr(operations_of(&w, world_plan(&w, NULL), "gone"), "stays: its marker goes"));
}

static void
an_unreadable_list_stops_the_policy(void **state)
{
    world w;
    prt_table *t = exact(&w, *state);
    KNOW(&w, "a");
    list.error = "permission denied for table projects";
    day(&w, t, "a", "2026-01-01", "2026-01-02");
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(prt_plan_operations(plan), 0);
    assert_true(world_found(plan, 0, PRT_FINDING_UNKNOWN_TENANT, PRT_SEVERITY_ERROR));
}

static bool
count_calls(void *data, const prt_hook_context *context, prt_retention *out, prt_error *err)
{
    (void) err;
    ++*(size_t *) data;
    assert_non_null(context->tenant);
    *out = (prt_retention) {.kind = PRT_KEEP_AGE, .age = {.days = 30}};
    return true;
}

/* 2,000 tenants with 30 days each: hooks are asked once a tenant, and no set looks at another one's partitions. */
static void
many_tenants_are_planned_one_by_one(void **state)
{
    enum { TENANTS = 2000, DAYS = 30 };
    world w;
    prt_table *t = exact(&w, *state);
    size_t calls = 0;
    w.spec.hooks.retention = count_calls;
    w.spec.hooks.data = &calls;
    t->parent->children = prt_arena_array(*state, TENANTS * DAYS, sizeof(prt_table *));
    list = (prt_tenant_list) {.items = prt_arena_array(*state, TENANTS, sizeof(prt_tenant)), .length = TENANTS};
    for (int i = 0; i < TENANTS; i++) {
        list.items[i].id = prt_arena_printf(*state, "t%04d", i);
        for (int d = 0; d < DAYS; d++) {
            prt_instant at = world_time("2026-02-12") + d * PRT_USEC_PER_DAY;
            day(&w, t, list.items[i].id, prt_instant_display(*state, at),
                prt_instant_display(*state, at + PRT_USEC_PER_DAY));
        }
    }
    w.snapshot.tenants = prt_arena_array(*state, 1, sizeof *w.snapshot.tenants);
    w.snapshot.tenants[0] = &list;
    w.spec.tenant.key = "tenant";
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(plan->sets.length, TENANTS);
    assert_int_equal(calls, TENANTS);
    assert_int_equal(plan->sets.items[TENANTS - 1].partitions, DAYS);
    assert_int_equal(prt_plan_operations(plan), 0);
}

/* A LIST partition of its own, one of two tenants, and one with a stranger in it. */
static void
list_partitions_are_sets(void **state)
{
    static const char *const bounds[] = {"('free')", "('free2', 'pro')", "('pro2', 'nobody')", "('nobody2')"};
    world w;
    world_init(&w, *state, "2026-03-12 12:00");
    prt_table *root = world_root(&w, "events", "tenant", "text");
    root->parent->strategy = 'l';
    KNOW(&w, "free", "free2", "pro", "pro2");
    w.spec.hooks.retention = by_tenant;
    w.spec.premake = 0;
    w.spec.max_drop.kind = PRT_DROP_ALL;
    for (size_t i = 0; i < 4; i++) {
        prt_table *branch = world_child(&w, root, prt_arena_printf(*state, "l%zu", i),
                                        prt_arena_printf(*state, "FOR VALUES IN %s", bounds[i]));
        world_partitioned(&w, branch, 'r', "at", TZ);
        world_range(&w, branch, prt_arena_printf(*state, "old%zu", i), "2026-03-05 00:00:00+00",
                    "2026-03-06 00:00:00+00");
        world_range(&w, branch, prt_arena_printf(*state, "mid%zu", i), "2026-03-06 00:00:00+00",
                    "2026-03-09 00:00:00+00");
        world_range(&w, branch, prt_arena_printf(*state, "now%zu", i), "2026-03-09 00:00:00+00",
                    "2026-03-13 00:00:00+00");
    }
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(plan->sets.length, 4);
    assert_int_equal(plan->sets.items[0].operations.length, 2);
    assert_int_equal(plan->sets.items[1].operations.length, 1); /* five days: the longer retention */
    assert_true(world_found(plan, 1, PRT_FINDING_UNEXPECTED_BOUNDS, PRT_SEVERITY_INFO));
    assert_int_equal(plan->sets.items[2].operations.length, 0);
    assert_true(world_found(plan, 2, PRT_FINDING_UNKNOWN_TENANT, PRT_SEVERITY_WARNING));
    assert_int_equal(plan->sets.items[3].operations.length, 0);
    assert_true(world_found(plan, 3, PRT_FINDING_UNKNOWN_TENANT, PRT_SEVERITY_WARNING));
}

/* HASH (tenant) -> RANGE (at) lives as long as the longest retention; one that cannot be told keeps everything. */
static void
shared_partitions_live_longest(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 12:00");
    prt_table *root = world_root(&w, "events", "tenant", "text");
    root->parent->strategy = 'h';
    KNOW(&w, "free", "pro");
    w.spec.hooks.retention = by_tenant;
    w.spec.premake = 0;
    w.spec.max_drop.kind = PRT_DROP_ALL;
    prt_table *bucket = world_child(&w, root, "h0", "FOR VALUES WITH (modulus 1, remainder 0)");
    world_partitioned(&w, bucket, 'r', "at", TZ);
    world_range(&w, bucket, "old", "2026-03-05 00:00:00+00", "2026-03-06 00:00:00+00");
    world_range(&w, bucket, "mid", "2026-03-06 00:00:00+00", "2026-03-09 00:00:00+00");
    world_range(&w, bucket, "now", "2026-03-09 00:00:00+00", "2026-03-13 00:00:00+00");
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(plan->sets.length, 1);
    assert_int_equal(plan->sets.items[0].operations.items[0].op, PRT_OP_DROP);
    assert_string_equal(plan->sets.items[0].operations.items[0].name, "old");
    KNOW(&w, "broken", "free", "pro");
    plan = world_plan(&w, NULL);
    assert_string_equal(world_operations(&w, plan, 0), "");
    assert_true(world_found(plan, 0, PRT_FINDING_EXPIRED, PRT_SEVERITY_ERROR));
    list.length = 0;
    assert_string_equal(world_operations(&w, world_plan(&w, NULL), 0), "");
}

/* The second policy is refused for all tenants, not for the first of them alone. */
static void
a_table_has_one_policy_for_all_its_tenants(void **state)
{
    world w;
    prt_table *t = exact(&w, *state);
    KNOW(&w, "a", "b");
    for (int i = 0; i < 2; i++)
        day(&w, t, i ? "b" : "a", "2026-03-09", "2026-03-10");
    prt_spec second = w.spec;
    second.retention.age = world_interval("1 day");
    second.max_drop.kind = PRT_DROP_ALL;
    w.specs[w.snapshot.roots_length] = &second;
    w.snapshot.roots[w.snapshot.roots_length++] = t;
    w.snapshot.tenants[1] = &list;
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(plan->sets.length, 3);
    assert_true(world_found(plan, 2, PRT_FINDING_NAME_COLLISION, PRT_SEVERITY_ERROR));
    assert_string_equal(world_operations(&w, plan, 2), "");
}

static bool
hold_one(void *data, const prt_hook_context *context, const prt_hook_partition *partition, bool *out, prt_error *err)
{
    (void) context;
    (void) err;
    *out = strcmp(partition->name, data) == 0;
    return true;
}

/* What a hold protects inside a branch, the end of its tenant does not take away. */
static void
a_held_cell_keeps_its_branch_though_the_tenant_is_gone(void **state)
{
    world w;
    char held[] = "cell";
    world_init(&w, *state, "2026-03-12 12:00");
    prt_table *root = world_root(&w, "events", "tenant", "text");
    root->parent->strategy = 'l';
    KNOW(&w, "a");
    prt_table *branch = world_child(&w, root, "events_gone", "FOR VALUES IN ('gone')");
    world_partitioned(&w, branch, 'r', "at", TZ);
    prt_table *week = world_range(&w, branch, "week", "2026-01-05 00:00:00+00", "2026-01-12 00:00:00+00");
    world_partitioned(&w, week, 'r', "at", TZ);
    world_range(&w, week, "cell", "2026-01-05 00:00:00+00", "2026-01-06 00:00:00+00");
    w.spec.interval = world_interval("1 week");
    w.spec.subpartition = (prt_sub_spec) {.kind = PRT_SUB_RANGE, .column = "at", .interval = world_interval("1 day")};
    w.spec.tenant.drop_unknown = true;
    w.spec.tenant.drop_after = world_interval("1 day");
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_AGE, .age = world_interval("7 days")};
    world_mark(&w, week, branch, "unknown", "2026-01-05 00:00:00+00", "2026-01-12 00:00:00+00", "2026-02-01 00:00");
    assert_string_equal(operations_of(&w, world_plan(&w, NULL), "gone"),
                        "drop week 2026-01-05 .. 2026-01-12 (tenant unknown since 2026-02-01)\n");
    w.spec.hooks.hold = hold_one;
    w.spec.hooks.data = held;
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(operations_of(&w, plan, "gone"), "");
    /* Cells that the policy cannot understand may be held as well. */
    w.spec.subpartition.by_id = true;
    plan = world_plan(&w, NULL);
    assert_string_equal(operations_of(&w, plan, "gone"), "");
}

/* Detached with a grace, the last partitions of a tenant are nobody's in the catalog: their comments know. */
static void
what_is_left_of_a_tenant_goes_after_its_grace(void **state)
{
    for (int listed = 0; listed < 2; listed++) {
        world w;
        prt_table *t = exact(&w, *state), *branch = t;
        w.spec.tenant.drop_unknown = true;
        w.spec.tenant.drop_after = world_interval("1 day");
        w.spec.grace = world_interval("2 days");
        KNOW(&w, "a");
        prt_table *p;
        if (listed) {
            t->parent->strategy = 'l';
            t->parent->columns = 1;
            branch = world_child(&w, t, "events_gone", "FOR VALUES IN ('gone')");
            world_partitioned(&w, branch, 'r', "at", TZ);
            p = world_range(&w, branch, "gone 2026-03-12", "2026-03-12 00:00:00+00", "2026-03-13 00:00:00+00");
        } else {
            p = day(&w, t, "gone", "2026-03-12", "2026-03-13");
        }
        world_mark(&w, p, branch, "unknown", "x", "y", "2026-03-01 00:00");
        prt_plan *plan = world_plan(&w, NULL);
        assert_non_null(strstr(operations_of(&w, plan, "gone"), "detach \"gone 2026-03-12\""));
        world_apply(&w, plan);
        plan = world_plan(&w, NULL);
        assert_string_equal(operations_of(&w, plan, "gone"), "");
        w.snapshot.now = world_time("2026-03-15 12:00");
        list.length = 0; /* an empty list is nobody's word */
        assert_string_equal(operations_of(&w, world_plan(&w, NULL), "gone"), "");
        list.length = 1;
        plan = world_plan(&w, NULL);
        assert_non_null(strstr(operations_of(&w, plan, "gone"), "drop \"gone 2026-03-12\""));
        world_apply(&w, plan);
        assert_int_equal(w.snapshot.waiting_length, 0);
    }
}

static void
by_hand_an_unknown_tenants_partition_needs_force(void **state)
{
    world w;
    prt_table *t = exact(&w, *state);
    KNOW(&w, "a");
    day(&w, t, "gone", "2026-01-01", "2026-01-02");
    const char *const names[] = {"public.\"gone 2026-01-01\"", NULL};
    prt_plan_options options = {.retire = names};
    prt_plan *plan = world_plan(&w, &options);
    assert_string_equal(operations_of(&w, plan, "gone"), "");
    assert_true(world_found(plan, 1, PRT_FINDING_HELD, PRT_SEVERITY_ERROR));
    options.force_retention = true;
    assert_string_equal(operations_of(&w, world_plan(&w, &options), "gone"),
                        "drop \"gone 2026-01-01\" 2026-01-01 .. 2026-01-02 (requested)\n");
}

/* A retention that is not known retires nothing; it is no reason to leave a new tenant without partitions. */
static void
a_newcomer_is_not_kept_waiting_by_its_retention(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 12:00");
    prt_table *root = world_root(&w, "events", "tenant", "text");
    root->parent->strategy = 'l';
    KNOW(&w, "broken", "pro");
    w.spec.hooks.retention = by_tenant;
    w.spec.premake = 1;
    prt_table *branch = world_child(&w, root, "events_pro", "FOR VALUES IN ('pro')");
    world_partitioned(&w, branch, 'r', "at", TZ);
    prt_plan *plan = world_plan(&w, NULL);
    const prt_set *set = set_of(plan, "broken");
    assert_string_equal(operations_of(&w, plan, "broken"), "create events_broken (new tenant)\n");
    assert_int_equal(set->operations.items[0].below->length, 2);
    assert_true(world_found(plan, (size_t) (set - plan->sets.items), PRT_FINDING_EXPIRED, PRT_SEVERITY_ERROR));
    /* But an empty branch would only take the rows away from the default partition. */
    prt_tenant_list regions = {.error = "no regions"};
    const prt_tenant_list *values[] = {&regions};
    w.snapshot.sub_values = values;
    w.spec.subpartition = (prt_sub_spec) {.kind = PRT_SUB_LIST, .column = "region", .query = "SELECT"};
    plan = world_plan(&w, NULL);
    assert_string_equal(operations_of(&w, plan, "broken"), "");
    set = set_of(plan, "broken");
    assert_true(world_found(plan, (size_t) (set - plan->sets.items), PRT_FINDING_MISSING, PRT_SEVERITY_ERROR));
}

/* No list can have NULL in it: its rows are kept, and go on getting partitions. */
static void
nobodys_list_partition_is_no_tenant_that_is_gone(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 12:00");
    prt_table *root = world_root(&w, "events", "tenant", "text");
    root->parent->strategy = 'l';
    KNOW(&w, "a");
    prt_table *branch = world_child(&w, root, "events_null", "FOR VALUES IN (NULL)");
    world_partitioned(&w, branch, 'r', "at", TZ);
    prt_table *old = world_range(&w, branch, "old", "2026-03-11 00:00:00+00", "2026-03-12 00:00:00+00");
    world_mark(&w, old, branch, "unknown", "x", "y", "2025-01-01 00:00");
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_AGE};
    w.spec.premake = 0;
    w.spec.tenant.drop_unknown = true;
    w.spec.tenant.drop_after = world_interval("1 day");
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(world_operations(&w, plan, 0),
                        "create events_null_p20260312 2026-03-12 .. 2026-03-13 (current)\n"
                        "alter old (stays: its marker goes)\n");
    assert_true(world_found(plan, 0, PRT_FINDING_UNKNOWN_TENANT, PRT_SEVERITY_WARNING));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, support_arena_setup, support_arena_teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_tenant_has_bounds_of_its_own),
        TEST(each_has_its_own_retention),
        TEST(catch_alls_and_spanning_partitions_are_understood),
        TEST(between_the_ends_of_a_span_integers_are_covered),
        TEST(waiting_tables_belong_to_their_tenant),
        TEST(a_tenant_that_is_gone_is_kept_and_reported),
        TEST(or_dropped_after_the_stated_time),
        TEST(an_unreadable_list_stops_the_policy),
        TEST(many_tenants_are_planned_one_by_one),
        TEST(list_partitions_are_sets),
        TEST(shared_partitions_live_longest),
        TEST(a_table_has_one_policy_for_all_its_tenants),
        TEST(a_held_cell_keeps_its_branch_though_the_tenant_is_gone),
        TEST(what_is_left_of_a_tenant_goes_after_its_grace),
        TEST(nobodys_list_partition_is_no_tenant_that_is_gone),
        TEST(by_hand_an_unknown_tenants_partition_needs_force),
        TEST(a_newcomer_is_not_kept_waiting_by_its_retention),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
