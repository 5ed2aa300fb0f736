/* Sets, keys, grids, cover, names and the default partition. Retirement is in test_plan_retire.c. */
#include "model/plan.h"

#include "base/file.h"
#include "support/world.h"

#define TZ "timestamp with time zone"

static const prt_zone *
zone(prt_arena *arena, const char *name)
{
    char *bytes;
    size_t length;
    const prt_zone *out;
    prt_error err = {0};
    assert_ok(prt_tzdata_read(arena, name, &bytes, &length, &err), &err);
    assert_ok(prt_zone_parse(arena, name, bytes, length, &out, &err), &err);
    return out;
}

static const prt_set *
only_set(const prt_plan *plan)
{
    assert_int_equal(plan->sets.length, 1);
    return &plan->sets.items[0];
}

static void
assert_operations(world *w, const char *expected)
{
    assert_string_equal(world_operations(w, world_plan(w, NULL), 0), expected);
}

static void
assert_idle_after_apply(world *w)
{
    world_apply(w, world_plan(w, NULL));
    assert_operations(w, "");
}

static void
an_empty_set_gets_current_premake_and_backfill(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    world_root(&w, "events", "at", TZ);
    w.spec.premake = 2;
    w.spec.backfill = 2;
    assert_operations(&w, "create events_p20260310 2026-03-10 .. 2026-03-11 (backfill 2 of 2)\n"
                          "create events_p20260311 2026-03-11 .. 2026-03-12 (backfill 1 of 2)\n"
                          "create events_p20260312 2026-03-12 .. 2026-03-13 (current)\n"
                          "create events_p20260313 2026-03-13 .. 2026-03-14 (premake 1 of 2)\n"
                          "create events_p20260314 2026-03-14 .. 2026-03-15 (premake 2 of 2)\n");
    assert_idle_after_apply(&w);
}

/* A boundary is the first instant of its cell, not the last of the one before. */
static void
now_on_a_boundary_belongs_to_the_new_cell(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12");
    world_root(&w, "events", "at", TZ);
    w.spec.premake = 0;
    assert_operations(&w, "create events_p20260312 2026-03-12 .. 2026-03-13 (current)\n");
}

/* Not by counting future partitions: by the horizon. */
static void
holes_are_found_inside_the_window(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    world_range(&w, t, "a", "2026-03-12 00:00:00+00", "2026-03-13 00:00:00+00");
    world_range(&w, t, "b", "2026-03-15 00:00:00+00", "2026-03-16 00:00:00+00");
    world_range(&w, t, "c", "2026-03-16 00:00:00+00", "2026-03-17 00:00:00+00");
    world_range(&w, t, "d", "2026-03-17 00:00:00+00", "2026-03-18 00:00:00+00");
    assert_operations(&w, "create events_p20260313 2026-03-13 .. 2026-03-14 (gap)\n"
                          "create events_p20260314 2026-03-14 .. 2026-03-15 (gap)\n");
    assert_idle_after_apply(&w);
}

/* After a pause of months, the hole in the middle is filled too. */
static void
a_pause_leaves_no_hole(void **state)
{
    world w;
    world_init(&w, *state, "2026-06-10");
    prt_table *t = world_root(&w, "events", "at", TZ);
    w.spec.interval = world_interval("1 month");
    w.spec.premake = 1;
    world_range(&w, t, "old", "2026-01-01 00:00:00+00", "2026-02-01 00:00:00+00");
    assert_operations(&w, "create events_p20260201 2026-02-01 .. 2026-03-01 (gap)\n"
                          "create events_p20260301 2026-03-01 .. 2026-04-01 (gap)\n"
                          "create events_p20260401 2026-04-01 .. 2026-05-01 (gap)\n"
                          "create events_p20260501 2026-05-01 .. 2026-06-01 (gap)\n"
                          "create events_p20260601 2026-06-01 .. 2026-07-01 (current)\n"
                          "create events_p20260701 2026-07-01 .. 2026-08-01 (premake 1 of 1)\n");
    assert_idle_after_apply(&w);
}

/* ... but not what retention would take at once, and not before the oldest that stays. */
static void
a_pause_makes_nothing_that_has_expired(void **state)
{
    world w;
    world_init(&w, *state, "2026-06-10");
    prt_table *t = world_root(&w, "events", "at", TZ);
    w.spec.interval = world_interval("1 month");
    w.spec.premake = 0;
    w.spec.max_drop.kind = PRT_DROP_ALL;
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_AGE, .age = world_interval("60 days")};
    world_range(&w, t, "old", "2026-01-01 00:00:00+00", "2026-02-01 00:00:00+00");
    assert_operations(&w, "create events_p20260601 2026-06-01 .. 2026-07-01 (current)\n"
                          "drop old 2026-01-01 .. 2026-02-01 (expired 69 d ago)\n");
    assert_idle_after_apply(&w);
    world_range(&w, t, "kept", "2026-03-01 00:00:00+00", "2026-04-20 00:00:00+00");
    assert_operations(&w, "create events_p20260420_to_20260501 2026-04-20 .. 2026-05-01 (gap)\n"
                          "create events_p20260501 2026-05-01 .. 2026-06-01 (gap)\n");
}

static void
backfill_stops_where_retention_begins(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    world_root(&w, "events", "at", TZ);
    w.spec.premake = 0;
    w.spec.backfill = 10;
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_AGE, .age = world_interval("1 day")};
    assert_operations(&w, "create events_p20260311 2026-03-11 .. 2026-03-12 (backfill 1 of 10)\n"
                          "create events_p20260312 2026-03-12 .. 2026-03-13 (current)\n");
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_COUNT, .amount = 3};
    assert_int_equal(only_set(world_plan(&w, NULL))->operations.length, 4);
    assert_idle_after_apply(&w);
}

/* The interval was changed on a live table: new cells give way to what is there. */
static void
partly_covered_cells_become_segments(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    w.spec.interval = world_interval("1 month");
    w.spec.premake = 1;
    world_range(&w, t, "week", "2026-03-09 00:00:00+00", "2026-03-16 00:00:00+00");
    assert_operations(&w, "create events_p20260301_to_20260309 2026-03-01 .. 2026-03-09 (rest of a cell)\n"
                          "create events_p20260316_to_20260401 2026-03-16 .. 2026-04-01 (rest of a cell)\n"
                          "create events_p20260401 2026-04-01 .. 2026-05-01 (premake 1 of 1)\n");
    assert_idle_after_apply(&w);
    world_range(&w, t, "weeks", "2026-02-08 00:00:00+00", "2026-02-22 00:00:00+00");
    assert_operations(&w, "create events_p20260222_to_20260301 2026-02-22 .. 2026-03-01 (gap)\n");
}

/* A new partition starts exactly where its neighbour ends, to the last letter. */
static void
neighbours_bounds_are_taken_literally(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "id", "uuid");
    w.spec.premake = 1;
    /* 2026-03-12 00:00 is 019cdf68-1c00-7... in milliseconds; the lower bits of this one are somebody's. */
    prt_plan *plan = world_plan(&w, NULL);
    const prt_operation *current = &only_set(plan)->operations.items[0];
    char *odd = prt_arena_strdup(*state, current->range.to.sql);
    odd[strlen(odd) - 2] = 'f';
    world_child(&w, t, "mine", prt_arena_printf(*state, "FOR VALUES FROM (%s) TO (%s)", current->range.from.sql, odd));
    plan = world_plan(&w, NULL);
    assert_int_equal(only_set(plan)->operations.length, 1);
    assert_string_equal(only_set(plan)->operations.items[0].range.from.sql, odd);
    assert_string_equal(only_set(plan)->operations.items[0].reason, "premake 1 of 1");
    assert_idle_after_apply(&w);
}

static void
later_columns_of_a_key_are_kept_as_text(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    t->parent->columns = 2;
    t->parent->key[1] = (prt_key_column) {.name = "id", .type = "bigint"};
    w.spec.premake = 1;
    world_child(&w, t, "first",
                "FOR VALUES FROM ('2026-03-12 00:00:00+00', MINVALUE) TO ('2026-03-12 12:00:00+00', '5')");
    world_child(&w, t, "second", "FOR VALUES FROM ('2026-03-12 12:00:00+00', '5') TO ('2026-03-12 12:00:00+00', '9')");
    const prt_set *set = only_set(world_plan(&w, NULL));
    assert_int_equal(set->operations.length, 2);
    assert_string_equal(set->operations.items[0].range.from.sql, "'2026-03-12 12:00:00+00', '9'");
    assert_string_equal(set->operations.items[0].range.to.sql, "'2026-03-13 00:00:00+00', MINVALUE");
    assert_idle_after_apply(&w);
}

/* Neither by name nor by a pattern of names; only by bounds and attachment. */
static void
existence_is_judged_by_bounds(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    w.spec.premake = 1;
    world_range(&w, t, "whatever", "2026-03-12 00:00:00+00", "2026-03-13 00:00:00+00");
    assert_operations(&w, "create events_p20260313 2026-03-13 .. 2026-03-14 (premake 1 of 1)\n");
    /* The right name with other bounds fills nothing, and is in the way. */
    world_range(&w, t, "events_p20260313", "2026-04-13 00:00:00+00", "2026-04-14 00:00:00+00");
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(world_operations(&w, plan, 0), "");
    assert_true(world_found(plan, 0, PRT_FINDING_NAME_TAKEN, PRT_SEVERITY_ERROR));
}

static void
a_stray_table_with_the_name_is_an_error(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    world_root(&w, "Events", "at", TZ);
    w.spec.premake = 1;
    size_t length;
    const char **names = prt_plan_names(*state, world_plan(&w, NULL), &length);
    assert_int_equal(length, 2);
    assert_string_equal(names[0], "\"public\".\"Events_p20260312\"");
    w.snapshot.taken = names + 1;
    w.snapshot.taken_length = 1;
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(world_operations(&w, plan, 0),
                        "create \"Events_p20260312\" 2026-03-12 .. 2026-03-13 (current)\n");
    assert_non_null(strstr(world_findings(&w, plan, 0),
                           "error name_taken \"Events_p20260313\": public.\"Events_p20260313\" exists"));
}

/* Two long parents that are cut to one prefix: the second one's partition is not silently left out. */
static void
two_planned_names_collide(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    char *long_name = prt_arena_alloc(*state, 64);
    memset(long_name, 'x', 62);
    long_name[62] = '1';
    world_root(&w, long_name, "at", TZ);
    char *other = prt_arena_strdup(*state, long_name);
    other[62] = '2';
    world_root(&w, other, "at", TZ);
    w.spec.premake = 0;
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(plan->sets.items[0].operations.length, 1);
    assert_int_equal(plan->sets.items[1].operations.length, 0);
    assert_true(world_found(plan, 1, PRT_FINDING_NAME_COLLISION, PRT_SEVERITY_ERROR));
    assert_true(world_found(plan, 1, PRT_FINDING_LOW_RUNWAY, PRT_SEVERITY_ERROR));
}

static void
a_table_has_one_policy(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    w.specs[1] = &w.spec;
    w.snapshot.roots[w.snapshot.roots_length++] = t;
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(plan->sets.items[0].operations.length, 5);
    assert_int_equal(plan->sets.items[1].operations.length, 0);
    assert_non_null(strstr(world_findings(&w, plan, 1), "error name_collision public.events: another policy"));
}

static void
privileges_that_cannot_be_read_are_reported(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    t->parent->acl = "{bob=rZ/app}";
    assert_int_equal(world_plan(&w, NULL)->sets.items[0].findings.length, 0);
    w.spec.inherit_privileges = true;
    assert_true(world_found(world_plan(&w, NULL), 0, PRT_FINDING_PRIVILEGES, PRT_SEVERITY_ERROR));
}

static bool
bad_name(void *data, prt_arena *arena, const prt_name_input *input, const char **name, prt_error *err)
{
    (void) data;
    (void) arena;
    (void) input;
    (void) name;
    return prt_fail(err, PRT_ERR_LUA, "policy.lua:3: no such tenant");
}

static void
a_naming_function_that_raises_is_a_finding(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    world_root(&w, "events", "at", TZ);
    w.spec.naming.make = bad_name;
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(world_operations(&w, plan, 0), "");
    assert_non_null(strstr(world_findings(&w, plan, 0), "policy.lua:3: no such tenant"));
}

/* The hour that happens twice has two names; no gap, no overlap, through both changes. */
static void
clock_changes_leave_no_gap(void **state)
{
    world w;
    world_init(&w, *state, "2025-10-26 00:30");
    world_root(&w, "events", "at", TZ);
    w.spec.zone = zone(*state, "Europe/Paris");
    w.spec.interval = world_interval("1 hour");
    w.spec.premake = 3;
    assert_operations(&w, "create events_p20251026_000000 2025-10-26 .. 2025-10-26 01:00 (current)\n"
                          "create events_p20251026_010000 2025-10-26 01:00 .. 2025-10-26 02:00 (premake 1 of 3)\n"
                          "create events_p20251026_020000 2025-10-26 02:00 .. 2025-10-26 03:00 (premake 2 of 3)\n"
                          "create events_p20251026_030000 2025-10-26 03:00 .. 2025-10-26 04:00 (premake 3 of 3)\n");
    assert_idle_after_apply(&w);
    /* A local day of 25 hours. */
    world d;
    world_init(&d, *state, "2025-10-26 12:00");
    world_root(&d, "events", "at", TZ);
    d.spec.zone = w.spec.zone;
    d.spec.premake = 0;
    assert_operations(&d, "create events_p20251026 2025-10-25 22:00 .. 2025-10-26 23:00 (current)\n");
}

/* `date` and `timestamp` columns hold the wall clock of the policy's zone. */
static void
wall_clock_keys_follow_the_policy_s_zone(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 23:30");
    world_root(&w, "events", "day", "date");
    w.spec.zone = zone(*state, "Europe/Paris");
    w.spec.premake = 0;
    const prt_set *set = only_set(world_plan(&w, NULL));
    assert_string_equal(set->operations.items[0].range.from.sql, "'2026-03-13'");
    assert_string_equal(set->operations.items[0].range.to.sql, "'2026-03-14'");
}

static void
open_bounds_are_understood(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    w.spec.premake = 2;
    world_range(&w, t, "first", "MINVALUE", "2026-03-11 00:00:00+00");
    world_range(&w, t, "last", "2026-03-13 12:00:00+00", "MAXVALUE");
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(world_operations(&w, plan, 0),
                        "create events_p20260311 2026-03-11 .. 2026-03-12 (gap)\n"
                        "create events_p20260312 2026-03-12 .. 2026-03-13 (current)\n"
                        "create events_p20260313_to_20260313_120000 2026-03-13 .. 2026-03-13 12:00 (gap)\n");
    assert_true(world_found(plan, 0, PRT_FINDING_UNBOUNDED, PRT_SEVERITY_WARNING));
    assert_int_equal(only_set(plan)->runway, 0);
    assert_idle_after_apply(&w);
    assert_true(only_set(world_plan(&w, NULL))->runway == PRT_POS_MAX);
}

static void
bounds_that_cannot_be_read_are_reported(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    prt_table *bad = world_table(&w, "public", "bad", 'r');
    bad->bound_error = "unexpected \"x\"";
    bad->parent_table = t;
    t->parent->children[t->parent->children_length++] = bad;
    world_range(&w, t, "worse", "yesterday", "tomorrow");
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(only_set(plan)->partitions, 2);
    assert_int_equal(only_set(plan)->operations.length, 5); /* the others go on */
    assert_non_null(
        strstr(world_findings(&w, plan, 0), "error unexpected_bounds bad: its bounds cannot be read: unexpected"));
    assert_non_null(strstr(world_findings(&w, plan, 0), "error unexpected_bounds worse"));
}

static void
ids_are_counted_from_the_highest(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "ledger", "id", "bigint");
    w.spec.by_id = true;
    w.spec.id_step = 1000;
    w.spec.premake = 1;
    assert_operations(&w, "create ledger_p0 0 .. 1000 (current)\ncreate ledger_p1000 1000 .. 2000 (premake 1 of 1)\n");
    assert_idle_after_apply(&w);
    t->parent->highest = "1500";
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(world_operations(&w, plan, 0), "create ledger_p2000 2000 .. 3000 (premake 1 of 1)\n");
    assert_int_equal(only_set(plan)->runway, 500);
    t->parent->highest = "-1500";
    assert_non_null(
        strstr(world_operations(&w, world_plan(&w, NULL), 0), "create ledger_pn2000 -2000 .. -1000 (current)\n"));
}

static void
the_type_s_limits_are_never_overstepped(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "small", "id", "smallint");
    w.spec.by_id = true;
    w.spec.id_step = 1000;
    t->parent->highest = "32100";
    assert_operations(&w, "create small_p32000_to_32767 32000 .. 32767 (current)\n");
    assert_idle_after_apply(&w);
    /* Nor does a partition without an end take room there that anybody could use. */
    prt_table *made = t->parent->children[0];
    world_bound(&w, made, "FOR VALUES FROM ('32000') TO (MAXVALUE)");
    assert_int_equal(only_set(world_plan(&w, NULL))->findings.length, 0);
    t->parent->highest = "-32768";
    assert_non_null(strstr(world_operations(&w, world_plan(&w, NULL), 0), "-32768 .. -32000 (current)\n"));
    world b;
    world_init(&b, *state, "2026-03-12 09:00");
    t = world_root(&b, "big", "id", "bigint");
    b.spec.by_id = true;
    b.spec.id_step = INT64_MAX / 2;
    t->parent->highest = "9223372036854775806";
    prt_plan *plan = world_plan(&b, NULL);
    assert_int_equal(only_set(plan)->operations.length, 1);
    world_apply(&b, plan);
    assert_operations(&b, "");
}

static void
a_runaway_is_cut_to_what_is_nearest(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    w.spec.interval = world_interval("1 minute");
    w.spec.premake = 2;
    w.spec.max_create = 4;
    world_range(&w, t, "ancient", "1970-01-01 00:00:00+00", "1970-01-02 00:00:00+00");
    prt_plan *plan = world_plan(&w, NULL);
    assert_true(world_found(plan, 0, PRT_FINDING_RUNAWAY, PRT_SEVERITY_ERROR));
    assert_int_equal(only_set(plan)->operations.length, 4);
    assert_string_equal(only_set(plan)->operations.items[0].name, "events_p20260312_085900");
    assert_string_equal(only_set(plan)->operations.items[3].name, "events_p20260312_090200");
    w.spec.max_create = 1;
    assert_operations(&w, "create events_p20260312_090000 2026-03-12 09:00 .. 2026-03-12 09:01 (current)\n");
    w.spec.premake = INT64_MAX;
    w.spec.max_create = 1000;
    plan = world_plan(&w, NULL);
    assert_int_equal(only_set(plan)->operations.length, 1000);
}

static void
levels_below_list_and_hash_are_sets(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *root = world_root(&w, "events", "tenant", "text");
    root->parent->strategy = 'l';
    prt_table *a = world_child(&w, root, "events_a", "FOR VALUES IN ('a')");
    world_partitioned(&w, a, 'h', "id", "bigint");
    for (int i = 0; i < 2; i++) {
        prt_table *h = world_child(&w, a, prt_arena_printf(*state, "events_a%d", i),
                                   prt_arena_printf(*state, "FOR VALUES WITH (modulus 2, remainder %d)", i));
        world_partitioned(&w, h, 'r', "at", TZ);
    }
    world_child(&w, root, "events_b", "FOR VALUES IN ('b', NULL)"); /* a leaf: not a set */
    w.spec.premake = 0;
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(plan->sets.length, 2);
    assert_string_equal(plan->sets.items[1].table, "events_a1");
    assert_string_equal(world_operations(&w, plan, 1),
                        "create events_a1_p20260312 2026-03-12 .. 2026-03-13 (current)\n");
}

static void
what_is_no_set_is_a_finding_and_the_others_go_on(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    world_root(&w, "gone", "at", TZ)->kind = 0;
    w.snapshot.roots[0]->parent = NULL;
    prt_table *plain = world_root(&w, "plain", "at", TZ);
    plain->kind = 'r';
    plain->parent = NULL;
    world_root(&w, "hashed", "id", "bigint")->parent->strategy = 'h';
    world_root(&w, "expression", NULL, TZ);
    world_root(&w, "odd", "at", "interval");
    world_root(&w, "good", "at", TZ);
    w.spec.premake = 0;
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(plan->sets.length, 6);
    for (size_t i = 0; i < 3; i++)
        assert_true(world_found(plan, i, PRT_FINDING_NOT_PARTITIONED, PRT_SEVERITY_ERROR));
    for (size_t i = 3; i < 5; i++)
        assert_true(world_found(plan, i, PRT_FINDING_UNSUPPORTED_KEY, PRT_SEVERITY_ERROR));
    assert_string_equal(world_operations(&w, plan, 5), "create good_p20260312 2026-03-12 .. 2026-03-13 (current)\n");
    assert_int_equal(plan->sets.items[5].findings.length, 0);
}

static void
the_interval_has_to_fit_the_key(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    world_root(&w, "ids", "id", "bigint");
    prt_plan *plan = world_plan(&w, NULL);
    assert_true(world_found(plan, 0, PRT_FINDING_UNSUPPORTED_KEY, PRT_SEVERITY_ERROR));
    assert_non_null(strstr(plan->sets.items[0].findings.items[0].hint, "epoch"));
    world d;
    world_init(&d, *state, "2026-03-12 09:00");
    world_root(&d, "days", "day", "date");
    d.spec.interval = world_interval("6 hours");
    plan = world_plan(&d, NULL);
    assert_non_null(
        strstr(world_findings(&d, plan, 0), "an interval of 6 hours is finer than column day of type date"));
    d.spec.interval = world_interval("48 hours");
    assert_int_equal(world_plan(&d, NULL)->sets.items[0].findings.length, 0);
    d.spec.by_id = true;
    d.spec.id_step = 10;
    assert_true(world_found(world_plan(&d, NULL), 0, PRT_FINDING_UNSUPPORTED_KEY, PRT_SEVERITY_ERROR));
}

static void
the_key_s_column_has_to_come_first(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "tenant", "text");
    t->parent->columns = 2;
    t->parent->key[1] = (prt_key_column) {.name = "at", .type = TZ};
    w.spec.key.column = "at";
    assert_non_null(strstr(world_findings(&w, world_plan(&w, NULL), 0), "other columns before"));
    w.spec.key.column = "no such";
    assert_non_null(strstr(world_findings(&w, world_plan(&w, NULL), 0), "not partitioned by column \"no such\""));
}

static void
rows_in_the_default_partition_block_or_move(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    prt_table *d = world_child(&w, t, "events_default", "DEFAULT");
    d->rows = 40;
    w.spec.premake = 1;
    const char *blocked[] = {"\"public\".\"events_p20260312\""};
    w.snapshot.blocked = blocked;
    w.snapshot.blocked_length = 1;
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(world_operations(&w, plan, 0),
                        "create events_p20260313 2026-03-13 .. 2026-03-14 (premake 1 of 1)\n");
    assert_true(world_found(plan, 0, PRT_FINDING_DEFAULT_BLOCKS, PRT_SEVERITY_ERROR));
    assert_non_null(strstr(world_findings(&w, plan, 0),
                           "warning default_not_empty events_default: events_default holds about 40 rows\n"));
    assert_true(world_found(plan, 0, PRT_FINDING_LOW_RUNWAY, PRT_SEVERITY_WARNING)); /* inserts do not fail */
    w.spec.default_partition = PRT_DEFAULT_DRAIN;
    w.spec.alert_default_rows = 100;
    plan = world_plan(&w, NULL);
    assert_string_equal(world_operations(&w, plan, 0),
                        "drain events_p20260312 2026-03-12 .. 2026-03-13 (current)\n"
                        "create events_p20260313 2026-03-13 .. 2026-03-14 (premake 1 of 1)\n");
    assert_false(world_found(plan, 0, PRT_FINDING_DEFAULT_NOT_EMPTY, PRT_SEVERITY_INFO)); /* it is being emptied */
    prt_plan_options checking = {.checking = true};
    plan = world_plan(&w, &checking);
    assert_true(world_found(plan, 0, PRT_FINDING_DEFAULT_NOT_EMPTY, PRT_SEVERITY_INFO));
    /* ON DELETE CASCADE would delete the referencing rows. */
    prt_reference reference = {.schema = "public", .table = "items", .constraint = "items_fk", .on_delete = 'c'};
    t->parent->references = &reference;
    t->parent->references_length = 1;
    plan = world_plan(&w, NULL);
    assert_true(world_found(plan, 0, PRT_FINDING_REFERENCED, PRT_SEVERITY_ERROR));
    assert_int_equal(only_set(plan)->operations.length, 1);
    reference.on_delete = 'a';
    assert_int_equal(only_set(world_plan(&w, NULL))->operations.length, 2);
}

static void
a_small_or_empty_default_says_nothing(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    prt_table *d = world_child(&w, t, "events_default", "DEFAULT");
    d->bytes = 16384; /* never analyzed; pages of empty indexes only */
    assert_int_equal(only_set(world_plan(&w, NULL))->findings.length, 0);
    d->bytes = 1 << 20;
    assert_true(world_found(world_plan(&w, NULL), 0, PRT_FINDING_DEFAULT_NOT_EMPTY, PRT_SEVERITY_WARNING));
    d->rows = 0;
    assert_int_equal(only_set(world_plan(&w, NULL))->findings.length, 0);
}

static void
a_large_default_is_guarded(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    prt_table *d = world_child(&w, t, "events_default", "DEFAULT");
    d->bytes = INT64_C(9) << 20;
    d->rows = 0;
    w.spec.premake = 1;
    assert_operations(&w, "alter events_default (spares the default partition's scan)\n"
                          "create events_p20260312 2026-03-12 .. 2026-03-13 (current)\n"
                          "create events_p20260313 2026-03-13 .. 2026-03-14 (premake 1 of 1)\n"
                          "alter events_default (the scan is over)\n");
    d->bytes = INT64_C(8) << 20;
    assert_int_equal(only_set(world_plan(&w, NULL))->operations.length, 2);
    assert_idle_after_apply(&w);
    d->guarded = true;
    assert_operations(&w, "alter events_default (left over by an interrupted run)\n");
}

static void
a_default_partition_is_made_last(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    world_root(&w, "events", "at", TZ);
    w.spec.premake = 0;
    w.spec.default_partition = PRT_DEFAULT_CREATE;
    assert_operations(&w, "create events_p20260312 2026-03-12 .. 2026-03-13 (current)\n"
                          "create events_default (default partition)\n");
    assert_idle_after_apply(&w);
}

static void
a_table_built_before_a_kill_is_only_attached(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    w.spec.premake = 1;
    prt_table *made = world_waiting(&w, t, "events_p20260313", "making", "2026-03-13 00:00:00+00",
                                    "2026-03-14 00:00:00+00", "2026-03-12 08:00");
    const char *taken[] = {"\"public\".\"events_p20260313\""};
    w.snapshot.taken = taken;
    w.snapshot.taken_length = 1;
    prt_plan *plan = world_plan(&w, NULL);
    const prt_operation *o = &only_set(plan)->operations.items[1];
    assert_string_equal(world_operations(&w, plan, 0), "create events_p20260312 2026-03-12 .. 2026-03-13 (current)\n"
                                                       "create events_p20260313 2026-03-13 .. 2026-03-14 (resumed)\n");
    assert_ptr_equal(o->table, made);
    assert_int_equal(o->statements_length, 2);
    /* Built for other bounds: in the way. */
    w.snapshot.waiting[0].marker.to = "'2026-03-15 00:00:00+00'";
    assert_true(world_found(world_plan(&w, NULL), 0, PRT_FINDING_NAME_TAKEN, PRT_SEVERITY_ERROR));
}

static void
ensure_makes_just_what_is_asked_for(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_AGE, .age = world_interval("30 days")};
    world_range(&w, t, "old", "2026-01-01 00:00:00+00", "2026-01-02 00:00:00+00");
    prt_pos from = world_time("2026-05-01 10:00"), to = world_time("2026-05-02 00:00");
    prt_plan_options options = {.ensure_from = &from, .ensure_to = &to};
    assert_string_equal(world_operations(&w, world_plan(&w, &options), 0),
                        "create events_p20260501 2026-05-01 .. 2026-05-02 (requested)\n"
                        "create events_p20260502 2026-05-02 .. 2026-05-03 (requested)\n");
    options.ensure_to = NULL;
    world_apply(&w, world_plan(&w, &options));
    assert_int_equal(only_set(world_plan(&w, &options))->operations.length, 0);
    from = world_time("2026-01-20");
    assert_true(world_found(world_plan(&w, &options), 0, PRT_FINDING_EXPIRED, PRT_SEVERITY_ERROR));
}

static void
runway_reaches_to_the_first_hole(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    prt_table *now = world_range(&w, t, "a", "2026-03-12 00:00:00+00", "2026-03-13 00:00:00+00");
    world_range(&w, t, "b", "2026-03-13 00:00:00+00", "2026-03-13 12:00:00+00");
    world_range(&w, t, "c", "2026-03-14 00:00:00+00", "2026-03-15 00:00:00+00");
    prt_plan_options checking = {.checking = true};
    prt_plan *plan = world_plan(&w, &checking);
    assert_true(only_set(plan)->runway == 27 * PRT_USEC_PER_HOUR);
    assert_true(only_set(plan)->horizon == world_time("2026-03-13 12:00"));
    assert_false(world_found(plan, 0, PRT_FINDING_LOW_RUNWAY, PRT_SEVERITY_WARNING));
    w.spec.has_alert_runway = true;
    w.spec.alert_runway = world_interval("2 days");
    assert_non_null(
        strstr(world_findings(&w, world_plan(&w, &checking), 0),
               "warning low_runway public.events: partitions reach only 1 d 3 h ahead, to 2026-03-13 12:00"));
    assert_int_equal(only_set(world_plan(&w, NULL))->findings.length, 0); /* the plan mends it */
    prt_plan_options retiring = {.retire_only = true};
    world_detach(t, now);
    assert_true(world_found(world_plan(&w, &retiring), 0, PRT_FINDING_LOW_RUNWAY, PRT_SEVERITY_ERROR));
}

static void
check_tells_what_is_missing(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    w.spec.premake = 1;
    prt_table *odd = world_range(&w, t, "odd", "2026-03-09 06:00:00+00", "2026-03-10 00:00:00+00");
    odd->owner = "Somebody";
    odd->acl = "{Somebody=arwdDxt/Somebody,reader=r/Somebody}";
    t->parent->acl = "{app=arwdDxt/app,reader=rw/app}";
    w.spec.inherit_privileges = true;
    odd->replica_identity = 'f';
    odd->bytes = 100;
    w.spec.alert_partition_bytes = 99;
    const char *invalid[] = {"broken_idx", NULL};
    t->parent->invalid_indexes = invalid;
    prt_plan_options checking = {.checking = true};
    prt_plan *plan = world_plan(&w, &checking);
    assert_string_equal(
        world_findings(&w, plan, 0),
        "warning gap events_p20260310: a hole: nothing covers 2026-03-10 .. 2026-03-11\n"
        "warning gap events_p20260311: a hole: nothing covers 2026-03-11 .. 2026-03-12\n"
        "error missing events_p20260312: 2026-03-12 .. 2026-03-13 is missing (current)\n"
        "warning missing events_p20260313: 2026-03-13 .. 2026-03-14 is missing (premake 1 of 1)\n"
        "warning owner odd: it belongs to \"Somebody\", its parent to app\n"
        "warning replica_identity odd: its replica identity differs from its parent's\n"
        "warning privileges public.events: 1 partition has other privileges than the parent: odd\n"
        "info unexpected_bounds public.events: 1 partition is not a cell of the daily grid: odd\n"
        "error low_runway public.events: no partition holds 2026-03-12 09:00, which is now: inserts fail\n"
        "warning invalid_index broken_idx: the index is invalid: not every partition has a valid one\n"
        "warning oversize odd: it has 100 bytes, more than the 99 of the policy's alert\n");
}

static void
a_standby_is_left_alone(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    world_root(&w, "events", "at", TZ);
    world_root(&w, "others", "at", TZ);
    w.snapshot.standby = true;
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(prt_plan_operations(plan), 0);
    assert_int_equal(prt_plan_findings(plan, PRT_SEVERITY_INFO), 1);
    assert_true(world_found(plan, 0, PRT_FINDING_STANDBY, PRT_SEVERITY_INFO));
    w.snapshot.standby = false; /* promoted */
    assert_int_equal(prt_plan_operations(world_plan(&w, NULL)), 10);
}

static void
statistics_of_the_parent_are_kept_fresh(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    w.spec.has_analyze = true;
    w.spec.analyze = world_interval("1 day");
    world_apply(&w, world_plan(&w, &(prt_plan_options) {.create_only = true}));
    assert_operations(&w, "analyze events (never analyzed)\n");
    t->parent->analyzed = world_time("2026-03-11 10:00");
    assert_operations(&w, "");
    t->parent->analyzed = world_time("2026-03-11 08:00");
    assert_operations(&w, "analyze events (analyzed 1 d 1 h ago)\n");
    assert_idle_after_apply(&w);
}

static const char *
print_of(world *w)
{
    return world_plan(w, NULL)->fingerprint;
}

static void
a_fingerprint_is_of_what_matters(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    prt_table *child = world_range(&w, t, "a", "2026-03-12 00:00:00+00", "2026-03-13 00:00:00+00");
    const char *print = print_of(&w);
    assert_int_equal(strlen(print), 16);
    w.snapshot.now += PRT_USEC_PER_HOUR;
    child->bytes = 12345;
    child->rows = 99;
    assert_string_equal(print_of(&w), print);
    child->oid++;
    assert_string_not_equal(print_of(&w), print);
    child->oid--;
    w.spec.premake++;
    assert_string_not_equal(print_of(&w), print);
    w.spec.premake--;
    w.spec.cleanup = PRT_CLEANUP_DETACH;
    assert_string_not_equal(print_of(&w), print);
    w.spec.cleanup = PRT_CLEANUP_DROP;
    w.spec.archive.url = "schema:attic";
    assert_string_not_equal(print_of(&w), print);
    w.spec.archive.url = NULL;
    w.spec.purge.batch++;
    assert_string_not_equal(print_of(&w), print);
    w.spec.purge.batch--;
    assert_string_equal(print_of(&w), print);
    w.snapshot.now += PRT_USEC_PER_DAY; /* other operations */
    assert_string_not_equal(print_of(&w), print);
}

static void
pending_detaches_are_not_planned_over(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table *t = world_root(&w, "events", "at", TZ);
    w.spec.premake = 1;
    prt_table *p = world_range(&w, t, "a", "2026-03-12 00:00:00+00", "2026-03-13 00:00:00+00");
    p->detach_pending = true;
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(world_operations(&w, plan, 0),
                        "create events_p20260313 2026-03-13 .. 2026-03-14 (premake 1 of 1)\n"
                        "finalize a 2026-03-12 .. 2026-03-13 (interrupted detach)\n");
    assert_true(world_found(plan, 0, PRT_FINDING_PENDING_DETACH, PRT_SEVERITY_ERROR));
    assert_int_equal(only_set(plan)->partitions, 0);
    world_apply(&w, plan);
    assert_operations(&w, "create events_p20260312 2026-03-12 .. 2026-03-13 (current)\n");
    assert_idle_after_apply(&w);
}

/* 20,000 partitions of 500 sets, nothing to do: nothing is formatted or copied that is not reported. */
static void
large_catalogs_are_planned_in_little_memory(void **state)
{
    enum { SETS = 500, EACH = 40 };
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    prt_table **roots = prt_arena_array(*state, SETS, sizeof(prt_table *));
    const prt_spec **specs = prt_arena_array(*state, SETS, sizeof *specs);
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_AGE, .age = world_interval("60 days")};
    for (int i = 0; i < SETS; i++) {
        w.snapshot.roots_length = 0;
        roots[i] = world_root(&w, prt_arena_printf(*state, "t%d", i), "at", TZ);
        specs[i] = &w.spec;
        for (int j = 0; j < EACH; j++) {
            prt_instant from = world_time("2026-02-06") + j * PRT_USEC_PER_DAY, to = from + PRT_USEC_PER_DAY;
            world_range(&w, roots[i], prt_arena_printf(*state, "t%d_%d", i, j), prt_instant_format(*state, from),
                        prt_instant_format(*state, to));
        }
    }
    w.snapshot.roots = roots;
    w.snapshot.roots_length = SETS;
    prt_plan *plan;
    prt_error err = {0};
    size_t before = prt_arena_used(*state);
    assert_ok(prt_plan_make(*state, &w.snapshot, specs, NULL, &plan, &err), &err);
    assert_int_equal(plan->sets.length, SETS);
    assert_int_equal(prt_plan_operations(plan), 0);
    assert_int_equal(prt_plan_findings(plan, PRT_SEVERITY_INFO), 0);
    assert_in_range((prt_arena_used(*state) - before) / (SETS * EACH), 0, 128); /* bytes a partition */
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, support_arena_setup, support_arena_teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_empty_set_gets_current_premake_and_backfill),
        TEST(now_on_a_boundary_belongs_to_the_new_cell),
        TEST(holes_are_found_inside_the_window),
        TEST(a_pause_leaves_no_hole),
        TEST(a_pause_makes_nothing_that_has_expired),
        TEST(backfill_stops_where_retention_begins),
        TEST(partly_covered_cells_become_segments),
        TEST(neighbours_bounds_are_taken_literally),
        TEST(later_columns_of_a_key_are_kept_as_text),
        TEST(existence_is_judged_by_bounds),
        TEST(a_stray_table_with_the_name_is_an_error),
        TEST(two_planned_names_collide),
        TEST(a_table_has_one_policy),
        TEST(privileges_that_cannot_be_read_are_reported),
        TEST(a_naming_function_that_raises_is_a_finding),
        TEST(clock_changes_leave_no_gap),
        TEST(wall_clock_keys_follow_the_policy_s_zone),
        TEST(open_bounds_are_understood),
        TEST(bounds_that_cannot_be_read_are_reported),
        TEST(ids_are_counted_from_the_highest),
        TEST(the_type_s_limits_are_never_overstepped),
        TEST(a_runaway_is_cut_to_what_is_nearest),
        TEST(levels_below_list_and_hash_are_sets),
        TEST(what_is_no_set_is_a_finding_and_the_others_go_on),
        TEST(the_interval_has_to_fit_the_key),
        TEST(the_key_s_column_has_to_come_first),
        TEST(rows_in_the_default_partition_block_or_move),
        TEST(a_small_or_empty_default_says_nothing),
        TEST(a_large_default_is_guarded),
        TEST(a_default_partition_is_made_last),
        TEST(a_table_built_before_a_kill_is_only_attached),
        TEST(ensure_makes_just_what_is_asked_for),
        TEST(runway_reaches_to_the_first_hole),
        TEST(check_tells_what_is_missing),
        TEST(a_standby_is_left_alone),
        TEST(statistics_of_the_parent_are_kept_fresh),
        TEST(a_fingerprint_is_of_what_matters),
        TEST(pending_detaches_are_not_planned_over),
        TEST(large_catalogs_are_planned_in_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
