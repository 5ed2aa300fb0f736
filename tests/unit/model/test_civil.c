#include "model/civil.h"
#include "model/instant.h"
#include "support/support.h"

static const char *
format(prt_arena *arena, const char *text, const char *at)
{
    prt_error err = {0};
    prt_instant usec;
    prt_buf out;
    prt_buf_init(&out, arena);
    assert_ok(prt_instant_parse(at, &usec, &err), &err);
    assert_ok(prt_civil_format(&out, text, usec, &err), &err);
    return out.data;
}

/* Every day of 1600 years, counted one by one. */
static void
test_days(void **state)
{
    (void) state;
    int64_t year = -400, expected = prt_civil_days(-400, 1, 1);
    assert_int_equal(expected, -2 * 146097 - 719528 + 146097); /* 0000-01-01 is day -719528; a cycle has 146097 */
    for (; year < 1200; year++)
        for (int month = 1; month <= 12; month++)
            for (int day = 1; day <= prt_civil_month_days(year, month); day++, expected++) {
                int64_t y;
                int m, d;
                assert_int_equal(prt_civil_days(year, month, day), expected);
                prt_civil_from_days(expected, &y, &m, &d);
                assert_true(y == year && m == month && d == day);
            }
    assert_int_equal(prt_civil_days(1970, 1, 1), 0);
    assert_int_equal(prt_civil_days(2000, 3, 1), 11017);
    assert_int_equal(prt_civil_days(5874897, 12, 31), INT64_C(2147483493) - 2440588);
}

static void
test_month_days(void **state)
{
    (void) state;
    assert_int_equal(prt_civil_month_days(2000, 2), 29);
    assert_int_equal(prt_civil_month_days(1900, 2), 28);
    assert_int_equal(prt_civil_month_days(2024, 2), 29);
    assert_int_equal(prt_civil_month_days(0, 2), 29);
    assert_int_equal(prt_civil_month_days(-4, 2), 29);
    assert_int_equal(prt_civil_month_days(-1, 2), 28);
    assert_int_equal(prt_civil_month_days(2025, 12), 31);
}

static void
test_weeks(void **state)
{
    static const struct {
        const char *date, *week;
    } rows[] = {
        {"2000-01-03", "2000-01-1"}, {"2000-01-02", "1999-52-7"}, {"2021-01-03", "2020-53-7"},
        {"2024-12-30", "2025-01-1"}, {"2026-12-31", "2026-53-4"}, {"1970-01-01", "1970-01-4"},
        {"0001-01-01", "0001-01-1"}, {"0000-12-31", "0000-52-7"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(format(*state, "%G-%V-%u", rows[i].date), rows[i].week);
    assert_int_equal(prt_civil_weekday(0), 4);
    assert_int_equal(prt_civil_weekday(-1), 3);
    assert_int_equal(prt_civil_weekday(-4), 7);
}

static void
test_fields(void **state)
{
    (void) state;
    static const int64_t usecs[] = {0, 1, -1, 86399999999, -86400000000, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    for (size_t i = 0; i < sizeof usecs / sizeof *usecs; i++) {
        prt_civil c = prt_civil_from_usec(usecs[i]);
        assert_true(c.hour >= 0 && c.hour < 24 && c.usec >= 0 && c.usec < 1000000);
        assert_int_equal(prt_civil_to_usec(&c), usecs[i]);
    }
    prt_civil late = {.year = 300000, .month = 1, .day = 1}, early = {.year = -300000, .month = 1, .day = 1};
    assert_int_equal(prt_civil_to_usec(&late), PRT_POS_MAX);
    assert_int_equal(prt_civil_to_usec(&early), PRT_POS_MIN);
}

static void
test_format(void **state)
{
    assert_string_equal(format(*state, "%Y_%m_%d %H:%M:%S", "2025-01-02 03:04:05.6"), "2025_01_02 03:04:05");
    assert_string_equal(format(*state, "%y%j %a %b 100%%", "2024-12-31"), "24366 Tue Dec 100%");
    assert_string_equal(format(*state, "q%q", "2025-03-31"), "q1");
    assert_string_equal(format(*state, "q%q", "2025-04-01"), "q2");
    assert_string_equal(format(*state, "q%q", "2025-12-31"), "q4");
    assert_string_equal(format(*state, "%Y", "0044-03-15 BC"), "-0043");
    assert_string_equal(format(*state, "%Y %y", "12345-01-01"), "12345 45");
    assert_string_equal(format(*state, "%y", "0002-01-01 BC"), "99");
    assert_string_equal(format(*state, "", "2025-01-01"), "");
    assert_string_equal(format(*state, "é%%Y", "2025-01-01"), "é%Y");
}

static void
test_format_errors(void **state)
{
    static const char *const formats[] = {"%", "%Y%", "%E", "%-d", "% ", "%\x80", "%s", "%n"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        prt_error err = {0};
        prt_buf out;
        prt_buf_init(&out, *state);
        assert_false(prt_civil_format(&out, formats[i], 0, &err));
        assert_int_equal(err.code, PRT_ERR_VALUE);
        assert_non_null(strstr(err.hint, "%Y %y %m"));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_month_days),
        cmocka_unit_test_setup_teardown(test_weeks, support_arena_setup, support_arena_teardown),
        cmocka_unit_test(test_fields),
        cmocka_unit_test_setup_teardown(test_format, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_format_errors, support_arena_setup, support_arena_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
