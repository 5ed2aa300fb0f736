/* Purges and strangers as the planner sees them: who is asked about, what the answers become. */
#include "support/world.h"

typedef struct setup {
    world w;
    prt_table *events;
    prt_tenant_list list;
    const prt_tenant_list *lists[1];
} setup;

static int retentions;

static int
number_in(const char *id)
{
    return (int) strtol(id + strcspn(id, "0123456789"), NULL, 10);
}

/* "acme30" keeps for 30 days, "c3" three partitions, "keeper" everything. */
static bool
retention_of(void *data, const prt_hook_context *context, prt_retention *out, prt_error *err)
{
    (void) data;
    retentions++;
    const char *id = context->tenant->id;
    if (strcmp(id, "broken") == 0)
        return prt_fail(err, PRT_ERR_LUA, "it raised");
    if (strcmp(id, "keeper") == 0)
        *out = (prt_retention) {.kind = PRT_KEEP};
    else if (id[0] == 'c')
        *out = (prt_retention) {.kind = PRT_KEEP_COUNT, .amount = number_in(id)};
    else
        *out = (prt_retention) {.kind = PRT_KEEP_AGE, .age = {.days = number_in(id)}};
    return true;
}

static bool
hold_a3(void *data, const prt_hook_context *context, const prt_hook_partition *partition, bool *out, prt_error *err)
{
    const char *how = data == NULL ? "one" : data;
    if (strcmp(how, "raise") == 0)
        return prt_fail(err, PRT_ERR_LUA, "it raised");
    *out = strcmp(context->tenant->id, "a3") == 0 &&
           (strcmp(how, "all") == 0 || strcmp(partition->name, "events_p20250115") == 0);
    return true;
}

/* `events` with daily partitions from 1 to 22 January, at noon of the 20th, shared by these tenants (sorted). */
static setup *
arrange(void **state, const char *const *ids)
{
    setup *s = PRT_NEW(*state, setup);
    world_init(&s->w, *state, "2025-01-20 12:00");
    s->events = world_root(&s->w, "events", "at", "timestamp with time zone");
    for (int d = 1; d <= 22; d++)
        world_range(&s->w, s->events, prt_arena_printf(*state, "events_p202501%02d", d),
                    prt_arena_printf(*state, "2025-01-%02d 00:00:00+00", d),
                    prt_arena_printf(*state, "2025-01-%02d 00:00:00+00", d + 1));
    s->list.items = prt_arena_array(*state, 3000, sizeof *s->list.items);
    for (; ids[s->list.length] != NULL; s->list.length++)
        s->list.items[s->list.length] = (prt_tenant) {.id = ids[s->list.length]};
    s->lists[0] = &s->list;
    s->w.snapshot.tenants = s->lists;
    s->w.spec.tenant.key = "org";
    s->w.spec.hooks.retention = retention_of;
    s->w.spec.premake = 2;
    s->w.spec.max_drop.kind = PRT_DROP_ALL;
    retentions = 0;
    return s;
}

/* What the server answers, one or two ids of purges or names of tables. */
static void
answer(setup *s, const char *const *purgeable, const char *const *from, const char *const *strangers)
{
    prt_snapshot *snapshot = &s->w.snapshot;
    snapshot->purgeable = prt_arena_array(s->w.arena, 4, sizeof *snapshot->purgeable);
    snapshot->purge_from = prt_arena_array(s->w.arena, 4, sizeof *snapshot->purge_from);
    snapshot->strangers = prt_arena_array(s->w.arena, 4, sizeof *snapshot->strangers);
    snapshot->purgeable_length = snapshot->strangers_length = 0;
    for (; purgeable[snapshot->purgeable_length] != NULL; snapshot->purgeable_length++) {
        snapshot->purgeable[snapshot->purgeable_length] = purgeable[snapshot->purgeable_length];
        snapshot->purge_from[snapshot->purgeable_length] = from == NULL ? NULL : from[snapshot->purgeable_length];
    }
    for (; strangers != NULL && strangers[snapshot->strangers_length] != NULL; snapshot->strangers_length++)
        snapshot->strangers[snapshot->strangers_length] = strangers[snapshot->strangers_length];
}

#define LIST(...) ((const char *const[]) {__VA_ARGS__, NULL})
#define NOTHING ((const char *const[]) {NULL})

static void
test_only_shorter_retentions_are_asked_about(void **state)
{
    setup *s = arrange(state, LIST("a3", "b10", "b11", "c4"));
    prt_plan *plan = world_plan(&s->w, NULL);
    const prt_set *set = &plan->sets.items[0];
    assert_int_equal(retentions, 4);
    /* The partitions live for 11 days: up to 9 January they go. */
    assert_int_equal(set->purges.length, 2);
    assert_int_equal(set->suspects.length, 8);
    const prt_purge *a = &set->purges.items[0];
    assert_string_equal(a->id, "\"public\".\"events\" a3");
    assert_string_equal(a->limit, "'2025-01-17 12:00:00+00'");
    assert_string_equal(a->from, "'2025-01-09 00:00:00+00'");
    assert_int_equal(a->leaves_length, 9);
    assert_int_equal(a->spared_length, 8);
    assert_string_equal(a->leaves[8]->name, "events_p20250117");
    assert_string_equal(set->purges.items[1].tenant, "b10");
    for (size_t i = 0; i < set->operations.length; i++)
        assert_int_not_equal(set->operations.items[i].op, PRT_OP_PURGE);
    assert_non_null(strstr(world_findings(&s->w, plan, 0), "the retention of tenant c4 counts partitions or bytes"));
}

static void
test_answers_become_operations(void **state)
{
    setup *s = arrange(state, LIST("a3", "b10", "keeper"));
    s->w.spec.purge = (prt_purge_spec) {.batch = 100, .pause_ms = 20, .max_rows = 1000};
    s->events->parent->tenant_access = PRT_ACCESS_ORDERED;
    answer(s, LIST("\"public\".\"events\" a3"), LIST("2025-01-16 07:00:00+00"), NULL);
    prt_plan *plan = world_plan(&s->w, NULL);
    assert_string_equal(world_operations(&s->w, plan, 0),
                        "purge events 2025-01-16 07:00 .. 2025-01-17 12:00 (expired rows of tenant a3)\n");
    const prt_operation *o = &plan->sets.items[0].operations.items[0];
    assert_string_equal(o->note, "older than 3 days; 100 rows a batch, 20 ms apart, at most 1000 a run");
    assert_string_equal(o->lock, "none");
    assert_int_equal(o->statements_length, 2);
    assert_int_equal(o->statements[1].flags, PRT_BREAK);
    assert_string_equal(
        o->statements[0].sql,
        prt_arena_printf(
            *state,
            "WITH batch AS MATERIALIZED (SELECT r.ctid AS at, r.\"at\" AS key FROM ONLY "
            "\"public\".\"events_p20250116\" AS r "
            "WHERE r.\"org\" = 'a3' AND r.\"at\" >= '2025-01-16 07:00:00+00' AND r.\"at\" < '2025-01-17 12:00:00+00' "
            "AND "
            "r.tableoid = %u AND EXISTS (SELECT FROM pg_catalog.pg_partition_ancestors(%u) AS a WHERE a.relid = %u) "
            "ORDER "
            "BY r.\"at\" LIMIT 100 FOR UPDATE OF r SKIP LOCKED), gone AS (DELETE FROM ONLY "
            "\"public\".\"events_p20250116\" "
            "WHERE ctid = ANY (ARRAY(SELECT b.at FROM batch AS b)) RETURNING 1) SELECT (SELECT count(*) FROM gone) AS "
            "deleted, (SELECT count(*) FROM batch) AS found, (SELECT b.key::text FROM batch AS b ORDER BY b.key DESC "
            "LIMIT "
            "1) AS last",
            o->purge->leaves[0]->oid, o->purge->leaves[0]->oid, s->events->oid));
    assert_int_equal(prt_plan_findings(plan, PRT_SEVERITY_INFO), 0);
    /* Overdue only when a whole interval has passed. */
    prt_plan_options checking = {.checking = true};
    assert_true(world_found(world_plan(&s->w, &checking), 0, PRT_FINDING_EXPIRED, PRT_SEVERITY_WARNING));
    answer(s, LIST("\"public\".\"events\" a3"), LIST("2025-01-17 01:00:00+00"), NULL);
    assert_false(world_found(world_plan(&s->w, &checking), 0, PRT_FINDING_EXPIRED, PRT_SEVERITY_WARNING));
    answer(s, NOTHING, NULL, NULL);
    assert_int_equal(prt_plan_operations(world_plan(&s->w, NULL)), 0);
}

/* A plan saved in the morning still holds at noon, although the line has moved on. */
static void
test_the_fingerprint_does_not_follow_the_clock(void **state)
{
    setup *s = arrange(state, LIST("a3", "keeper"));
    answer(s, LIST("\"public\".\"events\" a3"), LIST("2025-01-16 07:00:00+00"), NULL);
    prt_plan *morning = world_plan(&s->w, NULL);
    s->w.snapshot.now += 3 * PRT_USEC_PER_HOUR;
    assert_string_equal(world_plan(&s->w, NULL)->fingerprint, morning->fingerprint);
    answer(s, NOTHING, NULL, NULL);
    assert_string_not_equal(world_plan(&s->w, NULL)->fingerprint, morning->fingerprint);
}

static void
test_what_makes_purges_impossible_is_said_once(void **state)
{
    static const prt_reference cascade = {
        .schema = "public", .table = "notes", .constraint = "of", .on_delete = 'c', .on_update = 'a'};
    setup *s = arrange(state, LIST("a3", "b10", "b5", "broken", "keeper"));
    prt_plan *plan = world_plan(&s->w, NULL);
    assert_int_equal(plan->sets.items[0].purges.length, 0);
    assert_true(world_found(plan, 0, PRT_FINDING_EXPIRED, PRT_SEVERITY_ERROR));

    s = arrange(state, LIST("a3", "b10", "b5", "keeper"));
    s->events->parent->tenant_access = PRT_ACCESS_SCAN;
    answer(s, NOTHING, NULL, NULL);
    plan = world_plan(&s->w, NULL);
    assert_string_equal(world_findings(&s->w, plan, 0),
                        "error invalid_index public.events: nothing is purged: no valid index leads with the tenant's "
                        "column org, so that each batch would read whole partitions\n");
    assert_string_equal(plan->sets.items[0].findings.items[0].hint,
                        "CREATE INDEX ON public.events (org, at), or build it partition by partition");

    s->events->parent->tenant_error = "permission denied";
    assert_non_null(
        strstr(world_findings(&s->w, world_plan(&s->w, NULL), 0), "could not be looked for: permission denied"));

    s->events->parent->tenant_error = NULL;
    s->events->parent->tenant_access = PRT_ACCESS_ORDERED;
    answer(s, LIST("\"public\".\"events\" a3", "\"public\".\"events\" b10"), NULL, NULL);
    prt_reference references[] = {cascade};
    s->events->parent->references = references;
    s->events->parent->references_length = 1;
    plan = world_plan(&s->w, NULL);
    assert_int_equal(prt_plan_operations(plan), 0);
    assert_true(world_found(plan, 0, PRT_FINDING_REFERENCED, PRT_SEVERITY_ERROR));
    references[0].on_delete = 'a';
    assert_int_equal(prt_plan_operations(world_plan(&s->w, NULL)), 2);

    /* What is archived is not deleted instead. */
    s->w.spec.archive.url = "file:///a/{name}.csv";
    plan = world_plan(&s->w, NULL);
    assert_int_equal(prt_plan_operations(plan), 0);
    assert_true(world_found(plan, 0, PRT_FINDING_EXPIRED, PRT_SEVERITY_WARNING));
    s->w.spec.purge.stated = true;
    assert_int_equal(prt_plan_operations(world_plan(&s->w, NULL)), 2);
}

/* Runs that retire nothing, or not by the clock, delete nothing either. */
static void
test_purges_go_with_retirement(void **state)
{
    setup *s = arrange(state, LIST("a3", "b10"));
    answer(s, LIST("\"public\".\"events\" a3"), NULL, NULL);
    prt_plan_options create_only = {.create_only = true}, by_hand = {.retire = LIST("events_p20250102")};
    prt_max_drop one = {.kind = PRT_DROP_COUNT, .amount = 1};
    prt_plan_options wary = {.max_drop = &one};
    assert_null(strstr(world_operations(&s->w, world_plan(&s->w, &create_only), 0), "purge"));
    assert_null(strstr(world_operations(&s->w, world_plan(&s->w, &by_hand), 0), "purge"));
    prt_plan *stopped = world_plan(&s->w, &wary);
    assert_true(world_found(stopped, 0, PRT_FINDING_MASS_DROP, PRT_SEVERITY_ERROR));
    assert_null(strstr(world_operations(&s->w, stopped, 0), "purge"));
    s->w.snapshot.clock_skew = 60 * PRT_USEC_PER_SEC;
    assert_null(strstr(world_operations(&s->w, world_plan(&s->w, NULL), 0), "purge"));
    s->w.snapshot.clock_skew = 0;
    assert_non_null(
        strstr(world_operations(&s->w, world_plan(&s->w, NULL), 0), "purge events -inf .. 2025-01-17 12:00"));
}

static void
test_held_partitions_are_left_out(void **state)
{
    setup *s = arrange(state, LIST("a3", "b5", "b6", "keeper"));
    s->w.spec.hooks.hold = hold_a3;
    prt_plan *plan = world_plan(&s->w, NULL);
    const prt_set *set = &plan->sets.items[0];
    assert_int_equal(set->purges.items[0].spared_length, 1);
    assert_int_equal(set->purges.items[1].spared_length, 0);
    answer(s, LIST("\"public\".\"events\" a3"), NULL, NULL);
    plan = world_plan(&s->w, NULL);
    assert_string_equal(world_findings(&s->w, plan, 0), "info held events_p20250115: the policy holds it: it is not "
                                                        "purged for tenant a3\n");
    assert_int_equal(plan->sets.items[0].operations.items[0].purge->leaves_length, 16);
    /* A hold of many partitions is one finding. */
    char all[] = "all", raises[] = "raise";
    s->w.spec.hooks.data = all;
    plan = world_plan(&s->w, NULL);
    assert_int_equal(plan->sets.items[0].operations.length, 0);
    assert_string_equal(world_findings(&s->w, plan, 0),
                        "info held public.events: the policy holds 17 partitions, from events_p20250101 to "
                        "events_p20250117: they are not purged for tenant a3\n");
    /* An error of the hook holds as well. */
    s->w.spec.hooks.data = raises;
    s->w.snapshot.purgeable = NULL;
    assert_int_equal(world_plan(&s->w, NULL)->sets.items[0].purges.length, 0);
}

static void
test_strangers_keep_their_partition(void **state)
{
    setup *s = arrange(state, LIST("a3", "b10"));
    answer(s, NOTHING, NULL, LIST("\"public\".\"events_p20250101\"", "\"public\".\"events_p20250105\""));
    prt_plan *plan = world_plan(&s->w, NULL);
    assert_null(strstr(world_operations(&s->w, plan, 0), "20250101"));
    assert_null(strstr(world_operations(&s->w, plan, 0), "20250105"));
    assert_non_null(strstr(world_operations(&s->w, plan, 0), "drop events_p20250104"));
    assert_true(world_found(plan, 0, PRT_FINDING_UNKNOWN_TENANT, PRT_SEVERITY_WARNING));
    /* Nor by hand, whatever is forced. */
    prt_plan_options by_hand = {.retire = LIST("events_p20250105"), .force_retention = true};
    plan = world_plan(&s->w, &by_hand);
    assert_int_equal(prt_plan_operations(plan), 0);
    assert_true(world_found(plan, 0, PRT_FINDING_UNKNOWN_TENANT, PRT_SEVERITY_ERROR));
    /* Eight days after the others' time: what ended on 2 January, 12:00 or before. */
    s->w.spec.tenant.drop_unknown = true;
    s->w.spec.tenant.drop_after = world_interval("8 days");
    plan = world_plan(&s->w, NULL);
    assert_non_null(strstr(world_operations(&s->w, plan, 0), "drop events_p20250101"));
    assert_null(strstr(world_operations(&s->w, plan, 0), "20250105"));
    assert_int_equal(plan->sets.items[0].suspects.length, 8);
}

/* They are looked for whatever max_drop says: what stays for them shall not stop the others for ever. */
static void
test_strangers_do_not_count_as_drops(void **state)
{
    setup *s = arrange(state, LIST("b18"));
    s->w.spec.max_drop = (prt_max_drop) {.kind = PRT_DROP_COUNT, .amount = 1};
    prt_plan *plan = world_plan(&s->w, NULL);
    assert_true(plan->sets.items[0].suspects.length == 1);
    s->list.items[0].id = "b17";
    plan = world_plan(&s->w, NULL);
    assert_int_equal(plan->sets.items[0].suspects.length, 2);
    assert_int_equal(prt_plan_operations(plan), 0);
    answer(s, NOTHING, NULL, LIST("\"public\".\"events_p20250101\""));
    assert_string_equal(world_operations(&s->w, world_plan(&s->w, NULL), 0),
                        "drop events_p20250102 2025-01-02 .. 2025-01-03 (expired 12 h ago)\n");
}

static void
test_hooks_are_called_once_a_tenant(void **state)
{
    const char **ids = prt_arena_array(*state, 2001, sizeof *ids);
    for (int i = 0; i < 2000; i++)
        ids[i] = prt_arena_printf(*state, "%c%c%c%d", 'd' + i / 400, 'a' + i / 20 % 20, 'a' + i % 20, 3 + i % 8);
    setup *s = arrange(state, ids);
    prt_plan *plan = world_plan(&s->w, NULL);
    assert_int_equal(retentions, 2000);
    assert_int_equal(plan->sets.items[0].purges.length, 1750);
}

int
main(void)
{
#define UNIT(f) cmocka_unit_test_setup_teardown(f, support_arena_setup, support_arena_teardown)
    const struct CMUnitTest tests[] = {
        UNIT(test_only_shorter_retentions_are_asked_about),
        UNIT(test_answers_become_operations),
        UNIT(test_the_fingerprint_does_not_follow_the_clock),
        UNIT(test_what_makes_purges_impossible_is_said_once),
        UNIT(test_purges_go_with_retirement),
        UNIT(test_held_partitions_are_left_out),
        UNIT(test_strangers_keep_their_partition),
        UNIT(test_strangers_do_not_count_as_drops),
        UNIT(test_hooks_are_called_once_a_tenant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
