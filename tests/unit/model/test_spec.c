#include "model/spec.h"

#include "model/finding.h"
#include "support/world.h"

static void
defaults_are_those_of_the_documentation(void **state)
{
    (void) state;
    prt_spec spec;
    prt_spec_init(&spec);
    assert_int_equal(spec.premake, 4);
    assert_int_equal(spec.backfill, 0);
    assert_int_equal(spec.max_create, 1000);
    assert_int_equal(spec.retention.kind, PRT_KEEP);
    assert_int_equal(spec.cleanup, PRT_CLEANUP_NONE);
    assert_true(prt_interval_is_zero(&spec.grace));
    assert_int_equal(spec.max_drop.kind, PRT_DROP_PERCENT);
    assert_int_equal(spec.max_drop.amount, 50);
    assert_int_equal(spec.default_partition, PRT_DEFAULT_IGNORE);
    assert_string_equal(prt_zone_name(spec.zone), "UTC");
    assert_int_equal(spec.lock_timeout_ms, 300);
    assert_int_equal(spec.statement_timeout_ms, 3000);
    assert_int_equal(spec.retries, 5);
    assert_null(spec.naming.text);
}

static void
every_name_is_there(void **state)
{
    (void) state;
    for (int i = 0; i < PRT_HOOK_COUNT; i++)
        assert_non_null(prt_hook_names[i]);
    for (int i = 0; i < PRT_FINDING_COUNT; i++)
        assert_non_null(prt_finding_names[i]);
    for (int i = 0; i < PRT_OP_COUNT; i++)
        assert_non_null(prt_op_names[i]);
    assert_string_equal(prt_finding_names[PRT_FINDING_POOLER], "pooler");
    assert_string_equal(prt_severity_names[PRT_SEVERITY_WARNING], "warning");
    assert_string_equal(prt_hook_names[PRT_HOOK_BEFORE_DROP], "before_drop");
}

static bool
some_hold(void *data, const prt_hook_context *context, const prt_hook_partition *partition, bool *held, prt_error *err)
{
    (void) data;
    (void) context;
    (void) partition;
    (void) held;
    (void) err;
    return false;
}

static bool
some_hook(void *data, const prt_hook_context *context, prt_retention *out, prt_error *err)
{
    (void) data;
    (void) context;
    (void) out;
    (void) err;
    return true;
}

static void
sizes_are_asked_for_only_when_needed(void **state)
{
    (void) state;
    prt_spec spec;
    prt_spec_init(&spec);
    assert_false(prt_spec_wants_bytes(&spec));
    spec.alert_partition_bytes = 1;
    assert_true(prt_spec_wants_bytes(&spec));
    spec.alert_partition_bytes = 0;
    spec.retention.kind = PRT_KEEP_BYTES;
    assert_true(prt_spec_wants_bytes(&spec));
    spec.retention.kind = PRT_KEEP_AGE;
    assert_false(prt_spec_wants_bytes(&spec));
    spec.hooks.retention = some_hook; /* what it chooses is not known yet */
    assert_false(prt_spec_wants_bytes(&spec));
    spec.hooks.hold = some_hold;
    assert_true(prt_spec_wants_bytes(&spec));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_documentation),
        cmocka_unit_test(every_name_is_there),
        cmocka_unit_test(sizes_are_asked_for_only_when_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
