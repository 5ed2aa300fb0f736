#include "base/file.h"
#include "model/grid.h"
#include "support/support.h"

static prt_grid
grid(const char *interval, const char *anchor, const prt_zone *z)
{
    prt_error err = {0};
    prt_interval parsed;
    prt_instant instant = anchor == NULL ? 0 : support_instant(anchor);
    prt_grid g;
    assert_ok(prt_interval_parse(interval, &parsed, &err), &err);
    assert_ok(prt_grid_time(&g, &parsed, anchor == NULL ? NULL : &instant, z, &err), &err);
    return g;
}

static prt_grid
id_grid(int64_t step, int64_t anchor)
{
    prt_error err = {0};
    prt_grid g;
    assert_ok(prt_grid_id(&g, step, anchor, &err), &err);
    return g;
}

/* The cell that holds `inside` is [from, to). */
static void
assert_cell(const prt_grid *g, const char *inside, const char *from, const char *to)
{
    prt_arena *arena = prt_arena_new();
    prt_pos floor = prt_grid_floor(g, support_instant(inside)), next = prt_grid_next(g, support_instant(inside));
    if (floor != support_instant(from) || next != support_instant(to))
        fail_msg("%s: [%s, %s), not [%s, %s)", inside, prt_instant_format(arena, floor),
                 prt_instant_format(arena, next), from, to);
    prt_arena_free(arena);
}

static void
test_utc_cells(void **state)
{
    (void) state;
    static const struct {
        const char *interval, *anchor, *inside, *from, *to;
    } rows[] = {
        {"hourly", NULL, "2025-01-01 10:20", "2025-01-01 10:00", "2025-01-01 11:00"},
        {"6 hours", NULL, "2025-01-01 23:59:59.999999", "2025-01-01 18:00", "2025-01-02"},
        {"6 hours", "2000-01-01 01:00", "2025-01-01 00:00", "2024-12-31 19:00", "2025-01-01 01:00"},
        {"7 hours", NULL, "2000-01-01 06:59", "2000-01-01", "2000-01-01 07:00"},
        {"7 hours", NULL, "1999-12-31 23:59", "1999-12-31 17:00", "2000-01-01"},
        {"15 min", NULL, "2025-01-01 10:20", "2025-01-01 10:15", "2025-01-01 10:30"},
        {"24 hours", NULL, "2025-01-01 10:20", "2025-01-01", "2025-01-02"},
        {"daily", NULL, "2025-01-01", "2025-01-01", "2025-01-02"},
        {"10 days", NULL, "2000-01-10 23:00", "2000-01-01", "2000-01-11"},
        {"10 days", NULL, "1999-12-31", "1999-12-22", "2000-01-01"},
        {"weekly", NULL, "2025-01-01", "2024-12-30", "2025-01-06"},
        {"7 days", NULL, "2025-01-05", "2024-12-30", "2025-01-06"},
        {"2 weeks", NULL, "2000-01-16", "2000-01-03", "2000-01-17"},
        {"2 weeks", NULL, "2000-01-02", "1999-12-20", "2000-01-03"},
        {"weekly", "2025-01-01", "2025-01-05", "2025-01-01", "2025-01-08"},
        {"monthly", NULL, "2024-02-29 12:00", "2024-02-01", "2024-03-01"},
        {"quarterly", NULL, "2025-12-31", "2025-10-01", "2026-01-01"},
        {"2 months", NULL, "1999-12-31", "1999-11-01", "2000-01-01"},
        {"yearly", NULL, "1969-07-01", "1969-01-01", "1970-01-01"},
        {"10 years", NULL, "1999-12-31", "1990-01-01", "2000-01-01"},
        {"yearly", "2000-04-01", "2025-03-31", "2024-04-01", "2025-04-01"},
        {"monthly", "2000-01-31", "2025-02-27", "2025-01-31", "2025-02-28"},
        {"monthly", "2000-01-31", "2025-02-28", "2025-02-28", "2025-03-31"},
        {"monthly", "2000-01-31", "2024-02-28", "2024-01-31", "2024-02-29"},
        {"yearly", "2000-02-29", "2025-02-28", "2025-02-28", "2026-02-28"},
        {"monthly", NULL, "0001-01-15 BC", "0001-01-01 BC", "0001-02-01 BC"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        prt_grid g = grid(rows[i].interval, rows[i].anchor, NULL);
        assert_cell(&g, rows[i].inside, rows[i].from, rows[i].to);
    }
}

static void
test_local_days(void **state)
{
    prt_grid paris = grid("daily", NULL, support_zone(*state, "Europe/Paris"));
    assert_cell(&paris, "2025-03-30 12:00Z", "2025-03-30 00:00+01", "2025-03-31 00:00+02"); /* 23 hours */
    assert_cell(&paris, "2025-10-26 12:00Z", "2025-10-26 00:00+02", "2025-10-27 00:00+01"); /* 25 hours */
    assert_int_equal(prt_grid_wall(&paris, support_instant("2025-10-26 00:00+02")), support_instant("2025-10-26"));

    prt_grid sao_paulo = grid("daily", NULL, support_zone(*state, "America/Sao_Paulo"));
    assert_cell(&sao_paulo, "2018-11-04 12:00Z", "2018-11-04 01:00-02", "2018-11-05 00:00-02"); /* no midnight */
    assert_int_equal(prt_grid_wall(&sao_paulo, support_instant("2018-11-04 01:00-02")),
                     support_instant("2018-11-04 01:00"));
    assert_cell(&sao_paulo, "2018-02-17 23:30-03", "2018-02-17 00:00-02", "2018-02-18 00:00-03"); /* 23:30 again */

    prt_grid st_johns = grid("daily", NULL, support_zone(*state, "America/St_Johns")); /* at 00:01 it was 23:01 again */
    assert_cell(&st_johns, "2009-10-31 23:30-02:30", "2009-10-31 00:00-02:30", "2009-11-01 00:00-02:30");
    assert_cell(&st_johns, "2009-10-31 23:30-03:30", "2009-11-01 00:00-02:30", "2009-11-02 00:00-03:30");
    assert_int_equal(prt_grid_prev(&st_johns, support_instant("2009-10-31 23:30-03:30")),
                     support_instant("2009-11-01 00:00-02:30"));

    prt_grid apia = grid("daily", NULL, support_zone(*state, "Pacific/Apia")); /* 2011-12-30 was skipped */
    assert_cell(&apia, "2011-12-29 23:00-10", "2011-12-29 00:00-10", "2011-12-31 00:00+14");
    assert_cell(&apia, "2011-12-31 00:00+14", "2011-12-31 00:00+14", "2012-01-01 00:00+14");
    assert_int_equal(prt_grid_prev(&apia, support_instant("2011-12-31 00:00+14")),
                     support_instant("2011-12-29 00:00-10"));
    assert_int_equal(prt_grid_wall(&apia, support_instant("2011-12-30 10:00Z")), support_instant("2011-12-31"));

    prt_grid months = grid("monthly", NULL, support_zone(*state, "America/New_York"));
    assert_cell(&months, "2025-03-31 23:00-04", "2025-03-01 00:00-05", "2025-04-01 00:00-04");
    prt_grid weeks = grid("weekly", NULL, support_zone(*state, "Australia/Lord_Howe"));
    assert_cell(&weeks, "2025-04-06 12:00+10:30", "2025-03-31 00:00+11", "2025-04-07 00:00+10:30");
    prt_grid hours = grid("6 hours", NULL, support_zone(*state, "Asia/Kathmandu")); /* on the UTC grid all the same */
    assert_cell(&hours, "2025-01-01 07:00Z", "2025-01-01 06:00Z", "2025-01-01 12:00Z");
    assert_int_equal(prt_grid_wall(&hours, support_instant("2025-01-01 06:00Z")), support_instant("2025-01-01 06:00"));
}

/* Hour by hour through both changes of clocks: each hour once, with a name of its own. */
static void
test_hours_through_clock_changes(void **state)
{
    prt_grid g = grid("hourly", NULL, support_zone(*state, "Europe/Paris"));
    for (int change = 0; change < 2; change++) {
        prt_pos p = change == 0 ? support_instant("2025-03-29 20:00Z") : support_instant("2025-10-25 20:00Z");
        for (int i = 0; i < 12; i++, p = prt_grid_next(&g, p)) {
            assert_int_equal(prt_grid_next(&g, p) - p, PRT_USEC_PER_HOUR);
            assert_true(prt_grid_wall(&g, prt_grid_next(&g, p)) > prt_grid_wall(&g, p));
        }
    }
}

static void
test_ids(void **state)
{
    (void) state;
    prt_grid g = id_grid(1000, 0);
    assert_int_equal(prt_grid_floor(&g, 1999), 1000);
    assert_int_equal(prt_grid_next(&g, 1999), 2000);
    assert_int_equal(prt_grid_floor(&g, -1), -1000);
    assert_int_equal(prt_grid_next(&g, -1), 0);
    assert_int_equal(prt_grid_floor(&g, -1000), -1000);
    assert_int_equal(prt_grid_prev(&g, 1000), 0);
    assert_int_equal(prt_grid_prev(&g, 1001), 1000);
    assert_int_equal(prt_grid_wall(&g, 1000), 1000);
    assert_true(prt_grid_is_boundary(&g, -5000));
    assert_false(prt_grid_is_boundary(&g, -5001));

    prt_grid from_one = id_grid(10, 1);
    assert_int_equal(prt_grid_floor(&from_one, 10), 1);
    assert_int_equal(prt_grid_next(&from_one, 10), 11);
    assert_int_equal(prt_grid_floor(&from_one, 0), -9);

    prt_grid far = id_grid(10, INT64_MIN + 3); /* the distance to the anchor is more than 64 bits hold */
    assert_int_equal(prt_grid_floor(&far, INT64_MAX), INT64_MAX - 2);
    assert_int_equal(prt_grid_next(&far, INT64_MIN), INT64_MIN + 3);
}

static void
test_ends(void **state)
{
    const prt_zone *zones[] = {NULL, support_zone(*state, "Europe/Paris"), support_zone(*state, "America/New_York")};
    prt_grid ids = id_grid(1000, 0);
    assert_int_equal(prt_grid_floor(&ids, INT64_MIN), PRT_POS_MIN);
    assert_int_equal(prt_grid_next(&ids, INT64_MIN), -INT64_C(9223372036854775000));
    assert_int_equal(prt_grid_floor(&ids, INT64_MAX), INT64_C(9223372036854775000));
    assert_int_equal(prt_grid_next(&ids, INT64_MAX), PRT_POS_MAX);
    static const char *const intervals[] = {"hourly", "daily", "weekly", "monthly", "10 years", "200000 years"};
    for (size_t i = 0; i < 6; i++)
        for (int z = 0; z < 3; z++) {
            prt_grid g = grid(intervals[i], NULL, zones[z]);
            assert_int_equal(prt_grid_floor(&g, PRT_POS_MIN), PRT_POS_MIN);
            assert_int_equal(prt_grid_prev(&g, PRT_POS_MIN), PRT_POS_MIN);
            assert_int_equal(prt_grid_next(&g, PRT_POS_MAX), PRT_POS_MAX);
            prt_pos first = prt_grid_next(&g, PRT_POS_MIN), last = prt_grid_floor(&g, PRT_POS_MAX);
            assert_true(PRT_POS_MIN < first && first < last && last < PRT_POS_MAX);
            assert_int_equal(prt_grid_floor(&g, first - 1), PRT_POS_MIN);
            assert_int_equal(prt_grid_prev(&g, first), PRT_POS_MIN);
            assert_int_equal(prt_grid_floor(&g, first), first);
            assert_int_equal(prt_grid_next(&g, last), PRT_POS_MAX);
            assert_int_equal(prt_grid_prev(&g, PRT_POS_MAX), last);
            assert_true(prt_grid_is_boundary(&g, PRT_POS_MIN) && prt_grid_is_boundary(&g, PRT_POS_MAX));
        }
}

static void
test_anchors(void **state)
{
    const prt_zone *new_york = support_zone(*state, "America/New_York"),
                   *kathmandu = support_zone(*state, "Asia/Kathmandu");
    prt_grid g = grid("10 days", "2025-01-05", new_york); /* a plain date is that date anywhere */
    assert_cell(&g, "2025-01-06 12:00Z", "2025-01-05 00:00-05", "2025-01-15 00:00-05");
    g = grid("10 days", "2025-01-05 00:00-05", new_york); /* and so is the zone's own midnight */
    assert_cell(&g, "2025-01-06 12:00Z", "2025-01-05 00:00-05", "2025-01-15 00:00-05");
    g = grid("10 days", "2025-01-05 00:00+05:45", kathmandu);
    assert_cell(&g, "2025-01-06 12:00Z", "2025-01-05 00:00+05:45", "2025-01-15 00:00+05:45");
}

static void
assert_no_grid(const prt_interval *interval, const prt_instant *anchor, const char *part)
{
    prt_error err = {0};
    prt_grid g;
    assert_false(prt_grid_time(&g, interval, anchor, NULL, &err));
    assert_int_equal(err.code, PRT_ERR_VALUE);
    if (strstr(err.message, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.message, part);
}

static void
test_errors(void **state)
{
    (void) state;
    prt_instant morning = 6 * PRT_USEC_PER_HOUR, infinite = PRT_POS_MAX;
    assert_no_grid(&(prt_interval) {0, 0, 0}, NULL, "empty");
    assert_no_grid(&(prt_interval) {1, 2, 0}, NULL, "cannot mix");
    assert_no_grid(&(prt_interval) {0, 1, 1}, NULL, "cannot mix");
    assert_no_grid(&(prt_interval) {-1, 0, 0}, NULL, "negative");
    assert_no_grid(&(prt_interval) {0, 0, -1}, NULL, "negative");
    assert_no_grid(&(prt_interval) {0, INT64_MAX, 0}, NULL, "out of range");
    assert_no_grid(&(prt_interval) {0, 1, 0}, &morning, "must be a date");
    assert_no_grid(&(prt_interval) {0, 0, 1}, &infinite, "infinite");
    for (int64_t step = -1; step <= 0; step++) {
        prt_error err = {0};
        prt_grid g;
        assert_false(prt_grid_id(&g, step, 0, &err));
        assert_non_null(strstr(err.message, "1 or more"));
    }
}

static void
test_display(void **state)
{
    static const char *const rows[][2] = {
        {"1 day", "daily"},       {"2 days", "2 days"},      {"7 days", "weekly"},     {"4 weeks", "4 weeks"},
        {"1 month", "monthly"},   {"3 months", "quarterly"}, {"6 months", "6 months"}, {"12 months", "yearly"},
        {"10 years", "10 years"}, {"60 min", "hourly"},      {"6 hours", "6 hours"},   {"90 min", "1 hour 30 minutes"},
        {"24 hours", "24 hours"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        prt_grid g = grid(rows[i][0], NULL, NULL);
        assert_string_equal(prt_grid_display(*state, &g), rows[i][1]);
    }
    prt_grid g = id_grid(1000000, 0);
    assert_string_equal(prt_grid_display(*state, &g), "1000000 ids");
    g = id_grid(1, 0);
    assert_string_equal(prt_grid_display(*state, &g), "1 id");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utc_cells),
        cmocka_unit_test_setup_teardown(test_local_days, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_hours_through_clock_changes, support_arena_setup, support_arena_teardown),
        cmocka_unit_test(test_ids),
        cmocka_unit_test_setup_teardown(test_ends, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_anchors, support_arena_setup, support_arena_teardown),
        cmocka_unit_test(test_errors),
        cmocka_unit_test_setup_teardown(test_display, support_arena_setup, support_arena_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
