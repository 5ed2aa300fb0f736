/* Retention, hold, max_drop, and what earlier runs left behind. */
#include "model/plan.h"
#include "support/world.h"

#define TZ "timestamp with time zone"

/* A daily set, covered from 2026-03-01 to 2026-03-17, that keeps `age`; no creations to be made. */
static prt_table *
daily(world *w, prt_arena *arena, const char *age)
{
    world_init(w, arena, "2026-03-12 09:00");
    prt_table *t = world_root(w, "events", "at", TZ);
    for (int day = 1; day <= 16; day++)
        world_range(w, t, prt_arena_printf(arena, "d%02d", day),
                    prt_arena_printf(arena, "2026-03-%02d 00:00:00+00", day),
                    prt_arena_printf(arena, "2026-03-%02d 00:00:00+00", day + 1));
    if (age != NULL)
        w->spec.retention = (prt_retention) {.kind = PRT_KEEP_AGE, .age = world_interval(age)};
    return t;
}

static void
assert_operations(world *w, const char *expected)
{
    assert_string_equal(world_operations(w, world_plan(w, NULL), 0), expected);
}

static void
assert_findings(world *w, const char *expected)
{
    assert_string_equal(world_findings(w, world_plan(w, NULL), 0), expected);
}

/* 9 days before 03-12 09:00 is 03-03 09:00: d02 ends before, d03 has rows that are younger. */
static void
age_is_judged_by_the_upper_bound(void **state)
{
    world w;
    daily(&w, *state, "9 days");
    assert_operations(&w, "drop d01 2026-03-01 .. 2026-03-02 (expired 1 d 9 h ago)\n"
                          "drop d02 2026-03-02 .. 2026-03-03 (expired 9 h ago)\n");
    w.spec.retention.age = world_interval("10 days 9 hours");
    assert_operations(&w, "drop d01 2026-03-01 .. 2026-03-02 (expired 0 s ago)\n");
    w.spec.retention.age.usec++;
    assert_operations(&w, "");
}

static void
an_adopted_wide_partition_stays_until_its_end(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    world_range(&w, t, "events_p20250101", "2025-01-01 00:00:00+00", "2026-03-17 00:00:00+00");
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_AGE, .age = world_interval("1 day")};
    assert_operations(&w, "");
}

static void
an_open_lower_end_expires_and_an_open_upper_end_does_not(void **state)
{
    world w;
    daily(&w, *state, "1 hour");
    w.spec.max_drop.kind = PRT_DROP_ALL;
    prt_table *t = w.snapshot.roots[0];
    world_range(&w, t, "first", "MINVALUE", "2026-03-01 00:00:00+00");
    world_range(&w, t, "last", "2026-03-17 00:00:00+00", "MAXVALUE");
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(plan->sets.items[0].operations.length, 12);
    assert_string_equal(plan->sets.items[0].operations.items[0].name, "first");
    assert_string_equal(plan->sets.items[0].operations.items[11].name, "d11");
}

static void
neither_now_nor_the_future_expires(void **state)
{
    world w;
    daily(&w, *state, "0");
    w.spec.max_drop.kind = PRT_DROP_ALL;
    world_child(&w, w.snapshot.roots[0], "events_default", "DEFAULT");
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(plan->sets.items[0].operations.length, 11);
    world_apply(&w, plan);
    assert_int_equal(w.snapshot.roots[0]->parent->children_length, 6);
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_BYTES, .amount = 0};
    assert_operations(&w, "");
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_COUNT, .amount = 0};
    assert_operations(&w, "");
}

static void
counts_and_sizes(void **state)
{
    world w;
    prt_table *t = daily(&w, *state, NULL);
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_COUNT, .amount = 9};
    assert_operations(&w, "drop d01 2026-03-01 .. 2026-03-02 (beyond 9 partitions)\n"
                          "drop d02 2026-03-02 .. 2026-03-03 (beyond 9 partitions)\n");
    for (size_t i = 0; i < t->parent->children_length; i++)
        t->parent->children[i]->bytes = INT64_C(1) << 30;
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_BYTES, .amount = INT64_C(15) << 30};
    assert_operations(&w, "drop d01 2026-03-01 .. 2026-03-02 (over 15 GB)\n");
    w.spec.retention.amount++;
    assert_operations(&w, "drop d01 2026-03-01 .. 2026-03-02 (over 16106127361 bytes)\n");
    w.spec.retention.amount = INT64_C(16) << 30;
    assert_operations(&w, "");
}

static void
ids_are_a_distance(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "ledger", "id", "integer");
    w.spec.by_id = true;
    w.spec.id_step = 1000;
    w.spec.premake = 0;
    t->parent->highest = "3100";
    for (int i = 0; i < 4; i++)
        world_child(&w, t, prt_arena_printf(*state, "l%d", i),
                    prt_arena_printf(*state, "FOR VALUES FROM (%d) TO (%d)", i * 1000, (i + 1) * 1000));
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_IDS, .amount = 2000};
    assert_operations(&w, "drop l0 0 .. 1000 (expired 100 ids ago)\n");
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_AGE, .age = world_interval("1 day")};
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(prt_plan_operations(plan), 0);
    assert_true(world_found(plan, 0, PRT_FINDING_EXPIRED, PRT_SEVERITY_ERROR));
}

static bool
hold_some(void *data, const prt_hook_context *context, const prt_hook_partition *partition, bool *out, prt_error *err)
{
    int *calls = data;
    (*calls)++;
    assert_string_equal(context->table, "events");
    if (strcmp(partition->name, "d02") == 0)
        return prt_fail(err, PRT_ERR_LUA, "events.lua:7: boom");
    *out = strcmp(partition->name, "d01") == 0;
    return true;
}

static void
hold_beats_everything_and_an_error_holds(void **state)
{
    world w;
    int calls = 0;
    daily(&w, *state, "7 days");
    w.spec.hooks = (prt_hooks) {.data = &calls, .hold = hold_some};
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(world_operations(&w, plan, 0), "drop d03 2026-03-03 .. 2026-03-04 (expired 1 d 9 h ago)\n"
                                                       "drop d04 2026-03-04 .. 2026-03-05 (expired 9 h ago)\n");
    assert_string_equal(world_findings(&w, plan, 0),
                        "info held d01: the policy holds it (expired 3 d 9 h ago)\n"
                        "error expired d02: it is kept, because its hold is not known: events.lua:7: boom\n");
    assert_int_equal(calls, 4); /* asked only about what would go */
}

static bool
retention_raises(void *data, const prt_hook_context *context, prt_retention *out, prt_error *err)
{
    (void) data;
    (void) context;
    (void) out;
    return prt_fail(err, PRT_ERR_LIMIT, "events.lua:3: out of instructions");
}

static bool
retention_of_a_week(void *data, const prt_hook_context *context, prt_retention *out, prt_error *err)
{
    (void) data;
    (void) err;
    assert_true(context->now == world_time("2026-03-12 09:00"));
    *out = (prt_retention) {.kind = PRT_KEEP_AGE, .age = {.days = 10}};
    return true;
}

static void
a_retention_function_decides_or_keeps_everything(void **state)
{
    world w;
    daily(&w, *state, "1 day");
    w.spec.hooks.retention = retention_of_a_week;
    assert_operations(&w, "drop d01 2026-03-01 .. 2026-03-02 (expired 9 h ago)\n");
    w.spec.hooks.retention = retention_raises;
    assert_operations(&w, "");
    assert_findings(&w, "error expired public.events: nothing is retired, because the retention is not known: "
                        "events.lua:3: out of instructions\n");
}

static void
foreign_tables_are_reported(void **state)
{
    world w;
    prt_table *t = daily(&w, *state, "9 days");
    t->parent->children[0]->kind = 'f';
    prt_table *branch = t->parent->children[1];
    world_partitioned(&w, branch, 'h', "id", "bigint");
    world_child(&w, branch, "remote", "FOR VALUES WITH (modulus 1, remainder 0)")->kind = 'f';
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(prt_plan_operations(plan), 0);
    assert_string_equal(world_findings(&w, plan, 0),
                        "warning expired d01: a foreign table is never retired (expired 1 d 9 h ago)\n"
                        "warning expired d02: a foreign table is never retired (expired 9 h ago)\n");
}

static void
too_many_at_once_are_too_many(void **state)
{
    world w;
    daily(&w, *state, "2 days"); /* 9 of 16 */
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(prt_plan_operations(plan), 0);
    assert_string_equal(world_findings(&w, plan, 0),
                        "error mass_drop public.events: 9 of 16 partitions would be retired, but "
                        "max_drop allows 8: nothing of this set is retired\n");
    prt_max_drop nine = {.kind = PRT_DROP_COUNT, .amount = 9}, few = {.kind = PRT_DROP_PERCENT, .amount = 1};
    prt_plan_options options = {.max_drop = &nine};
    assert_int_equal(prt_plan_operations(world_plan(&w, &options)), 9);
    options.max_drop = &few; /* at least one */
    assert_int_equal(prt_plan_operations(world_plan(&w, &options)), 0);
    w.spec.retention.age = world_interval("10 days");
    assert_int_equal(prt_plan_operations(world_plan(&w, &options)), 1);
    few.amount = 0; /* and none is none */
    assert_int_equal(prt_plan_operations(world_plan(&w, &options)), 0);
}

/* One bad set does not stop the other. */
static void
sets_are_judged_one_by_one(void **state)
{
    world w;
    daily(&w, *state, "9 days");
    prt_table *other = world_root(&w, "others", "at", TZ);
    world_range(&w, other, "o1", "2026-01-01 00:00:00+00", "2026-01-02 00:00:00+00");
    world_range(&w, other, "o2", "2026-01-02 00:00:00+00", "2026-01-03 00:00:00+00");
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(plan->sets.items[0].operations.length, 2);
    assert_true(world_found(plan, 1, PRT_FINDING_MASS_DROP, PRT_SEVERITY_ERROR));
    assert_int_equal(plan->sets.items[1].operations.length, 5); /* created all the same */
}

static void
clocks_that_differ_retire_nothing(void **state)
{
    world w;
    prt_table *t = daily(&w, *state, "9 days");
    w.spec.premake = 5;
    w.snapshot.clock_skew = -10 * PRT_USEC_PER_SEC - 1;
    world_waiting(&w, t, "gone", "retiring", "2026-02-01 00:00:00+00", "2026-02-02 00:00:00+00", "2026-03-01");
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(world_operations(&w, plan, 0),
                        "create events_p20260317 2026-03-17 .. 2026-03-18 (premake 5 of 5)\n");
    assert_true(world_found(plan, 0, PRT_FINDING_CLOCK_DRIFT, PRT_SEVERITY_ERROR));
    w.snapshot.clock_skew = 10 * PRT_USEC_PER_SEC;
    assert_int_equal(prt_plan_operations(world_plan(&w, NULL)), 4);
}

static void
halves_of_a_run(void **state)
{
    world w;
    daily(&w, *state, "9 days");
    w.spec.premake = 5;
    prt_plan_options create = {.create_only = true}, retire = {.retire_only = true};
    assert_string_equal(world_operations(&w, world_plan(&w, &create), 0),
                        "create events_p20260317 2026-03-17 .. 2026-03-18 (premake 5 of 5)\n");
    assert_string_equal(world_operations(&w, world_plan(&w, &retire), 0),
                        "drop d01 2026-03-01 .. 2026-03-02 (expired 1 d 9 h ago)\n"
                        "drop d02 2026-03-02 .. 2026-03-03 (expired 9 h ago)\n");
}

static void
cleanups_and_grace(void **state)
{
    world w;
    daily(&w, *state, "10 days");
    w.spec.grace = world_interval("7 days");
    prt_plan *plan = world_plan(&w, NULL);
    const prt_operation *o = &plan->sets.items[0].operations.items[0];
    assert_int_equal(o->op, PRT_OP_DETACH);
    assert_string_equal(o->note, "dropped after a grace of 7 days");
    world_apply(&w, plan);
    assert_int_equal(w.snapshot.waiting_length, 1);
    assert_string_equal(w.snapshot.waiting[0].marker.state, "retiring");
    assert_findings(&w, "info detached_waiting d01: it is detached, and dropped after 2026-03-19 09:00\n");
    int calls = 0;
    w.spec.hooks = (prt_hooks) {.data = &calls, .hold = hold_some};
    assert_findings(&w, "info held d01: the policy holds it (expired 9 h ago)\n"); /* and no date to be afraid of */
    w.spec.hooks = (prt_hooks) {0};
    w.spec.retention.age = world_interval("30 days"); /* changed their minds */
    w.snapshot.now = world_time("2026-03-19 09:00");
    assert_non_null(strstr(world_findings(&w, world_plan(&w, &(prt_plan_options) {.retire_only = true}), 0),
                           "by today's retention it has not expired"));
    assert_non_null(strstr(world_operations(&w, world_plan(&w, NULL), 0), "reattach d01 2026-03-01 .. 2026-03-02"));
    w.spec.retention.age = world_interval("17 days");
    assert_non_null(
        strstr(world_operations(&w, world_plan(&w, NULL), 0), "drop d01 2026-03-01 .. 2026-03-02 (expired 9 h ago)"));
    w.spec.cleanup = PRT_CLEANUP_MOVE;
    w.spec.cleanup_schema = "attic";
    plan = world_plan(&w, &(prt_plan_options) {.retire_only = true});
    assert_int_equal(plan->sets.items[0].operations.items[0].op, PRT_OP_MOVE);
    world_apply(&w, plan);
    assert_int_equal(w.snapshot.waiting_length, 0);
}

static void
detached_for_good_is_left_alone(void **state)
{
    world w;
    daily(&w, *state, "10 days");
    w.spec.cleanup = PRT_CLEANUP_DETACH;
    w.spec.grace = world_interval("1 day");
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(world_operations(&w, plan, 0), "detach d01 2026-03-01 .. 2026-03-02 (expired 9 h ago)\n");
    assert_null(plan->sets.items[0].operations.items[0].note);
    world_apply(&w, plan);
    assert_string_equal(w.snapshot.waiting[0].marker.state, "kept");
    w.spec.cleanup = PRT_CLEANUP_DROP;
    assert_operations(&w, "");
    assert_findings(&w, "");
}

static void
other_policies_tables_are_not_ours(void **state)
{
    world w;
    prt_table *t = daily(&w, *state, "10 days");
    world_waiting(&w, t, "theirs", "retiring", "2026-02-01 00:00:00+00", "2026-02-02 00:00:00+00", "2026-03-01");
    w.snapshot.waiting[0].marker.policy = "others";
    world_waiting(&w, t, "elsewhere", "retiring", "2026-02-01 00:00:00+00", "2026-02-02 00:00:00+00", "2026-03-01");
    w.snapshot.waiting[1].marker.parent_name = "zzz";
    world_waiting(&w, t, "ours_b", "retiring", "2026-02-02 00:00:00+00", "2026-02-03 00:00:00+00", "2026-03-01");
    world_waiting(&w, t, "ours_a", "retiring", "2026-02-01 00:00:00+00", "2026-02-02 00:00:00+00", "2026-03-01");
    assert_operations(&w, "drop ours_a 2026-02-01 .. 2026-02-02 (expired 28 d 9 h ago)\n"
                          "drop ours_b 2026-02-02 .. 2026-02-03 (expired 27 d 9 h ago)\n"
                          "drop d01 2026-03-01 .. 2026-03-02 (expired 9 h ago)\n");
    assert_findings(&w, "info detached_waiting theirs: it was detached by policy others, not by this one: it stays\n");
}

static void
what_was_made_and_is_not_needed_is_told(void **state)
{
    world w;
    prt_table *t = daily(&w, *state, "10 days");
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP};
    world_waiting(&w, t, "Left", "making", "2027-02-01 00:00:00+00", "2027-02-02 00:00:00+00", "2026-03-01");
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(world_findings(&w, plan, 0),
                        "info detached_waiting \"Left\": it was built by an interrupted run, "
                        "and is not needed any more\n");
    assert_string_equal(plan->sets.items[0].findings.items[0].hint,
                        "DROP TABLE \"public\".\"Left\", unless somebody has put rows into it");
}

static void
an_interrupted_detach_of_ours_is_finished(void **state)
{
    world w;
    prt_table *t = daily(&w, *state, "9 days");
    prt_table *first = t->parent->children[0];
    first->detach_pending = true;
    world_mark(&w, first, t, "retiring", "2026-03-01 00:00:00+00", "2026-03-02 00:00:00+00", "2026-03-12 08:00");
    prt_plan *plan = world_plan(&w, NULL);
    const prt_operation *o = &plan->sets.items[0].operations.items[0];
    assert_string_equal(world_operations(&w, plan, 0), "drop d01 2026-03-01 .. 2026-03-02 (expired 1 d 9 h ago)\n"
                                                       "drop d02 2026-03-02 .. 2026-03-03 (expired 9 h ago)\n");
    assert_string_equal(o->note, "finishes an interrupted detach");
    assert_non_null(strstr(o->statements[2].sql, "FINALIZE"));
    assert_int_equal(plan->sets.items[0].findings.length, 0);
    /* With a grace, it is only finalized, and then waits. */
    w.spec.grace = world_interval("1 day");
    plan = world_plan(&w, NULL);
    assert_int_equal(plan->sets.items[0].operations.items[0].op, PRT_OP_FINALIZE);
    world_apply(&w, plan);
    assert_int_equal(w.snapshot.waiting_length, 2);
    assert_operations(&w, "");
}

static void
an_interrupted_detach_of_others_is_finalized_and_left(void **state)
{
    world w;
    prt_table *t = daily(&w, *state, "9 days");
    t->parent->children[1]->detach_pending = true;
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(world_operations(&w, plan, 0), "finalize d02 2026-03-02 .. 2026-03-03 (interrupted detach)\n"
                                                       "drop d01 2026-03-01 .. 2026-03-02 (expired 1 d 9 h ago)\n");
    assert_true(world_found(plan, 0, PRT_FINDING_PENDING_DETACH, PRT_SEVERITY_WARNING));
    world_apply(&w, plan);
    assert_int_equal(w.snapshot.waiting_length, 0);
    assert_null(strstr(world_operations(&w, world_plan(&w, NULL), 0), "drop"));
}

/* Killed between the marker and the detach: gone on with, or taken back. */
static void
a_marker_on_an_attached_partition(void **state)
{
    world w;
    prt_table *t = daily(&w, *state, "9 days");
    prt_table *first = t->parent->children[0];
    first->comment = "somebody's";
    world_mark(&w, first, t, "retiring", "2026-03-01 00:00:00+00", "2026-03-02 00:00:00+00", "2026-03-12 08:00");
    assert_non_null(strstr(world_operations(&w, world_plan(&w, NULL), 0), "drop d01"));
    w.spec.retention.age = world_interval("30 days");
    assert_operations(&w, "alter d01 (stays: its marker goes)\n");
    world_apply(&w, world_plan(&w, NULL));
    assert_string_equal(first->comment, "somebody's");
    assert_operations(&w, "");
    /* A marker of another database means nothing here. */
    world_mark(&w, first, t, "retiring", "2026-03-01 00:00:00+00", "2026-03-02 00:00:00+00", "2026-03-12 08:00");
    w.snapshot.system = "7000000000000000009";
    assert_operations(&w, "");
}

static void
by_hand_hold_and_retention_protect(void **state)
{
    world w;
    int calls = 0;
    daily(&w, *state, "9 days");
    const char *names[] = {"d01", "public.d05", "\"d12\"", NULL};
    prt_plan_options options = {.retire = names};
    prt_plan *plan = world_plan(&w, &options);
    assert_string_equal(world_operations(&w, plan, 0), "drop d01 2026-03-01 .. 2026-03-02 (requested)\n");
    assert_string_equal(world_findings(&w, plan, 0),
                        "error held d05: it stays: it is inside its retention of 9 days\n"
                        "error held d12: it stays: the current and the future partitions are never retired\n");
    options.force_retention = true;
    plan = world_plan(&w, &options);
    assert_string_equal(world_operations(&w, plan, 0), "drop d01 2026-03-01 .. 2026-03-02 (requested)\n"
                                                       "drop d05 2026-03-05 .. 2026-03-06 (requested)\n");
    w.spec.hooks = (prt_hooks) {.data = &calls, .hold = hold_some};
    assert_string_equal(world_operations(&w, world_plan(&w, &options), 0),
                        "drop d05 2026-03-05 .. 2026-03-06 (requested)\n");
    assert_int_equal(calls, 2);
}

static void
by_hand_an_unknown_name_is_an_error(void **state)
{
    world w;
    daily(&w, *state, "9 days");
    const char *names[] = {"d01", "D02", "other.d03", NULL};
    prt_plan_options options = {.retire = names};
    prt_plan *plan;
    prt_error err = {0};
    assert_false(prt_plan_make(*state, &w.snapshot, w.specs, &options, &plan, &err));
    assert_int_equal(err.code, PRT_ERR_USAGE);
    assert_string_equal(err.message, "no partition other.d03 belongs to these policies"); /* D02 folds to d02 */
}

static void
check_tells_what_has_expired(void **state)
{
    world w;
    daily(&w, *state, "10 days");
    prt_plan_options checking = {.checking = true};
    assert_string_equal(world_findings(&w, world_plan(&w, &checking), 0),
                        "warning expired d01: 2026-03-01 .. 2026-03-02 is expired 9 h ago\n");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, support_arena_setup, support_arena_teardown)
    const struct CMUnitTest tests[] = {
        TEST(age_is_judged_by_the_upper_bound),
        TEST(an_adopted_wide_partition_stays_until_its_end),
        TEST(an_open_lower_end_expires_and_an_open_upper_end_does_not),
        TEST(neither_now_nor_the_future_expires),
        TEST(counts_and_sizes),
        TEST(ids_are_a_distance),
        TEST(hold_beats_everything_and_an_error_holds),
        TEST(a_retention_function_decides_or_keeps_everything),
        TEST(foreign_tables_are_reported),
        TEST(too_many_at_once_are_too_many),
        TEST(sets_are_judged_one_by_one),
        TEST(clocks_that_differ_retire_nothing),
        TEST(halves_of_a_run),
        TEST(cleanups_and_grace),
        TEST(detached_for_good_is_left_alone),
        TEST(other_policies_tables_are_not_ours),
        TEST(what_was_made_and_is_not_needed_is_told),
        TEST(an_interrupted_detach_of_ours_is_finished),
        TEST(an_interrupted_detach_of_others_is_finalized_and_left),
        TEST(a_marker_on_an_attached_partition),
        TEST(by_hand_hold_and_retention_protect),
        TEST(by_hand_an_unknown_name_is_an_error),
        TEST(check_tells_what_has_expired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
