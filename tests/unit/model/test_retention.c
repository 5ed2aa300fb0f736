#include "model/retention.h"

#include "support/world.h"

/* Days 10, 20, .. 60 as positions; 100 bytes each. */
static const prt_extent extents[] = {{10, 100}, {20, 100}, {30, 100}, {40, 100}, {50, 100}, {60, 100}};
enum { N = sizeof extents / sizeof *extents };

static prt_keep
keep(prt_retention_kind kind, int64_t amount, prt_pos now)
{
    prt_retention retention = {.kind = kind, .amount = amount, .age = {.usec = amount}};
    return prt_retention_keep(&retention, now, NULL, extents, N);
}

static void
keeping_everything_has_no_line(void **state)
{
    (void) state;
    assert_true(keep(PRT_KEEP, 0, 45).cutoff == PRT_POS_MIN);
}

static void
ages_and_ids_are_a_distance_from_now(void **state)
{
    (void) state;
    assert_int_equal(keep(PRT_KEEP_AGE, 15, 45).cutoff, 30);
    assert_int_equal(keep(PRT_KEEP_IDS, 15, 45).cutoff, 30);
    assert_int_equal(keep(PRT_KEEP_IDS, 0, 45).cutoff, 45);
    assert_true(keep(PRT_KEEP_IDS, INT64_MAX, -45).cutoff == PRT_POS_MIN);
}

static void
ages_are_calendar_time(void **state)
{
    (void) state;
    prt_retention month = {.kind = PRT_KEEP_AGE, .age = {.months = 1}};
    prt_keep k = prt_retention_keep(&month, world_time("2024-03-31 05:00"), NULL, NULL, 0);
    assert_true(k.cutoff == world_time("2024-02-29 05:00"));
}

static void
counts_are_of_whole_partitions_before_now(void **state)
{
    (void) state;
    prt_keep k = keep(PRT_KEEP_COUNT, 2, 45); /* 50 and 60 are not past */
    assert_int_equal(k.cutoff, 20);
    assert_int_equal(k.room, 0);
    k = keep(PRT_KEEP_COUNT, 6, 45);
    assert_true(k.cutoff == PRT_POS_MIN);
    assert_int_equal(k.room, 2);
    assert_int_equal(keep(PRT_KEEP_COUNT, 0, 45).cutoff, 40);
}

/* Parts of a day, by the key's second column. */
static void
partitions_that_end_at_one_position_stay_together(void **state)
{
    (void) state;
    static const prt_extent parts[] = {{10, 100}, {20, 100}, {20, 100}, {20, 100}, {30, 100}};
    prt_retention two = {.kind = PRT_KEEP_COUNT, .amount = 2}, size = {.kind = PRT_KEEP_BYTES, .amount = 250};
    assert_int_equal(prt_retention_keep(&two, 35, NULL, parts, 5).cutoff, 10);
    assert_int_equal(prt_retention_keep(&size, 35, NULL, parts, 5).cutoff, 10);
    size.amount = 150;
    assert_int_equal(prt_retention_keep(&size, 35, NULL, parts, 5).cutoff, 20);
}

static void
sizes_are_filled_from_the_newest(void **state)
{
    (void) state;
    assert_int_equal(keep(PRT_KEEP_BYTES, 400, 45).cutoff, 20);
    assert_int_equal(keep(PRT_KEEP_BYTES, 399, 45).cutoff, 30);
    assert_true(keep(PRT_KEEP_BYTES, 600, 45).cutoff == PRT_POS_MIN);
    /* Full with the current and the future alone: every past one goes, they stay. */
    assert_int_equal(keep(PRT_KEEP_BYTES, 50, 45).cutoff, 45);
}

static void
a_detached_table_is_judged_beside_the_attached(void **state)
{
    (void) state;
    prt_retention two = {.kind = PRT_KEEP_COUNT, .amount = 4}, size = {.kind = PRT_KEEP_BYTES, .amount = 650};
    prt_retention ids = {.kind = PRT_KEEP_IDS, .amount = 30}, all = {.kind = PRT_KEEP};
    prt_keep none = {.cutoff = PRT_POS_MIN, .room = INT64_MAX}, line = {.cutoff = 15, .room = INT64_MAX};
    assert_true(prt_retention_expired(&two, &none, 45, extents, N, 5, -1));
    two.amount = 5;
    assert_false(prt_retention_expired(&two, &none, 45, extents, N, 5, -1));
    assert_true(prt_retention_expired(&size, &none, 45, extents, N, 5, 51));
    assert_false(prt_retention_expired(&size, &none, 45, extents, N, 5, 50));
    assert_false(prt_retention_expired(&size, &none, 45, extents, N, 5, -1)); /* not known: it stays */
    assert_true(prt_retention_expired(&ids, &line, 45, extents, N, 15, -1));
    assert_false(prt_retention_expired(&ids, &line, 45, extents, N, 16, -1));
    assert_false(prt_retention_expired(&ids, &line, 45, extents, N, 46, -1));
    assert_false(prt_retention_expired(&all, &none, 45, extents, N, 5, -1));
}

static void
kinds_fit_their_keys(void **state)
{
    (void) state;
    prt_key ids, times;
    prt_error err = {0};
    prt_key_options none = {0};
    assert_ok(prt_key_init(&ids, "id", "bigint", 1, 0, &none, NULL, &err), &err);
    assert_ok(prt_key_init(&times, "at", "date", 1, 0, &none, NULL, &err), &err);
    prt_retention age = {.kind = PRT_KEEP_AGE}, distance = {.kind = PRT_KEEP_IDS}, count = {.kind = PRT_KEEP_COUNT};
    assert_true(prt_retention_check(&age, &times, &err));
    assert_true(prt_retention_check(&distance, &ids, &err));
    assert_true(prt_retention_check(&count, &ids, &err) && prt_retention_check(&count, &times, &err));
    assert_false(prt_retention_check(&age, &ids, &err));
    assert_non_null(strstr(err.message, "by age"));
    prt_error second = {0}, third = {0};
    assert_false(prt_retention_check(&distance, &times, &second));
    assert_non_null(strstr(second.hint, "30 days"));
    count.amount = -1;
    assert_false(prt_retention_check(&count, &ids, &third));
}

static void
people_read_it(void **state)
{
    prt_retention r = {.kind = PRT_KEEP_BYTES, .amount = INT64_C(500) << 30};
    assert_string_equal(prt_retention_display(*state, &r), "500 GB");
    r.amount = 1500;
    assert_string_equal(prt_retention_display(*state, &r), "1500 bytes");
    r = (prt_retention) {.kind = PRT_KEEP_COUNT, .amount = 1};
    assert_string_equal(prt_retention_display(*state, &r), "1 partition");
    r = (prt_retention) {.kind = PRT_KEEP_AGE, .age = {.days = 30}};
    assert_string_equal(prt_retention_display(*state, &r), "30 days");
    r = (prt_retention) {.kind = PRT_KEEP_IDS, .amount = 1000};
    assert_string_equal(prt_retention_display(*state, &r), "1000 ids");
    assert_string_equal(prt_retention_display(*state, &(prt_retention) {0}), "everything");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeping_everything_has_no_line),
        cmocka_unit_test(ages_and_ids_are_a_distance_from_now),
        cmocka_unit_test(ages_are_calendar_time),
        cmocka_unit_test(counts_are_of_whole_partitions_before_now),
        cmocka_unit_test(partitions_that_end_at_one_position_stay_together),
        cmocka_unit_test(sizes_are_filled_from_the_newest),
        cmocka_unit_test(a_detached_table_is_judged_beside_the_attached),
        cmocka_unit_test(kinds_fit_their_keys),
        cmocka_unit_test_setup_teardown(people_read_it, support_arena_setup, support_arena_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
