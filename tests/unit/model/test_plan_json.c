#include "model/plan.h"

#include "support/world.h"

static json_t *
operation(json_t *plan, size_t set, size_t index)
{
    return json_array_get(json_object_get(json_array_get(json_object_get(plan, "sets"), set), "operations"), index);
}

static void
assert_text(const json_t *object, const char *key, const char *expected)
{
    const json_t *value = json_object_get(object, key);
    assert_non_null(value);
    if (expected == NULL)
        assert_true(json_is_null(value));
    else
        assert_string_equal(json_string_value(value), expected);
}

static void
the_whole_shape(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00:00.5");
    prt_table *t = world_root(&w, "events", "at", "timestamp with time zone");
    prt_table *first = world_range(&w, t, "first", "MINVALUE", "2026-03-10 00:00:00+00");
    world_range(&w, t, "now", "2026-03-10 00:00:00+00", "2026-03-13 00:00:00+00");
    first->bytes = 4096;
    w.spec.premake = 1;
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_AGE, .age = world_interval("1 day")};
    w.spec.alert_partition_bytes = 1;
    prt_plan *plan = world_plan(&w, NULL);
    json_t *json = prt_plan_json(plan), *set = json_array_get(json_object_get(json, "sets"), 0);
    assert_int_equal(json_integer_value(json_object_get(json, "version")), 1);
    assert_text(json, "now", "2026-03-12T09:00:00.5Z");
    assert_text(json, "database", "app");
    assert_text(json, "fingerprint", plan->fingerprint);
    assert_int_equal(json_object_size(json), 5);
    assert_text(set, "policy", "events");
    assert_text(set, "table", "public.events");
    assert_text(set, "tenant", NULL);
    assert_int_equal(json_object_size(set), 5);

    json_t *create = operation(json, 0, 0), *drop = operation(json, 0, 1);
    assert_text(create, "op", "create");
    assert_text(create, "partition", "public.events_p20260313");
    assert_text(create, "from", "2026-03-13T00:00:00Z");
    assert_text(create, "to", "2026-03-14T00:00:00Z");
    assert_text(create, "reason", "premake 1 of 1");
    assert_text(create, "lock", "ShareUpdateExclusiveLock");
    assert_text(create, "bytes", NULL);
    assert_text(create, "rows", NULL);
    assert_int_equal(json_array_size(json_object_get(create, "sql")), 2);
    assert_int_equal(json_object_size(create), 9);
    assert_text(drop, "op", "drop");
    assert_text(drop, "from", NULL);
    assert_int_equal(json_integer_value(json_object_get(drop, "bytes")), 4096);

    json_t *finding = json_array_get(json_object_get(set, "findings"), 0);
    assert_text(finding, "code", "oversize");
    assert_text(finding, "severity", "warning");
    assert_text(finding, "object", "first");
    assert_text(finding, "hint", "choose a shorter interval");
    assert_int_equal(json_object_size(finding), 5);
    json_decref(json);
}

static void
ids_are_numbers_and_a_missing_hint_is_null(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    world_root(&w, "ledger", "id", "bigint");
    w.spec.by_id = true;
    w.spec.id_step = 1000;
    w.spec.default_partition = PRT_DEFAULT_CREATE;
    json_t *json = prt_plan_json(world_plan(&w, NULL));
    assert_int_equal(json_integer_value(json_object_get(operation(json, 0, 1), "from")), 1000);
    assert_true(json_is_integer(json_object_get(operation(json, 0, 0), "to")));
    assert_text(operation(json, 0, 5), "to", NULL); /* the default partition */
    json_decref(json);
    prt_finding bare = {.code = PRT_FINDING_STANDBY, .object = "app", .message = "it is"};
    json_t *finding = prt_finding_json(&bare);
    assert_text(finding, "hint", NULL);
    assert_text(finding, "severity", "info");
    json_decref(finding);
}

static void
a_table_that_does_not_exist_has_its_finding(void **state)
{
    world w;
    world_init(&w, *state, "2026-03-12 09:00");
    world_root(&w, "gone", "at", "date")->kind = 0;
    w.snapshot.roots[0]->parent = NULL;
    json_t *json = prt_plan_json(world_plan(&w, NULL));
    json_t *set = json_array_get(json_object_get(json, "sets"), 0);
    assert_text(set, "table", "public.gone");
    assert_int_equal(json_array_size(json_object_get(set, "operations")), 0);
    assert_text(json_array_get(json_object_get(set, "findings"), 0), "code", "not_partitioned");
    json_decref(json);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, support_arena_setup, support_arena_teardown)
    const struct CMUnitTest tests[] = {TEST(the_whole_shape), TEST(ids_are_numbers_and_a_missing_hint_is_null),
                                       TEST(a_table_that_does_not_exist_has_its_finding)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
