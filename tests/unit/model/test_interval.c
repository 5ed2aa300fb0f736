#include "base/file.h"
#include "model/interval.h"
#include "support/support.h"

static prt_interval
parse(const char *text)
{
    prt_error err = {0};
    prt_interval interval = {-1, -1, -1};
    assert_ok(prt_interval_parse(text, &interval, &err), &err);
    return interval;
}

static void
test_parse(void **state)
{
    static const struct {
        const char *text;
        prt_interval interval;
        const char *format;
    } rows[] = {
        {"1 day", {0, 1, 0}, "1 day"},
        {"90days", {0, 90, 0}, "90 days"},
        {"  2   WEEKS ", {0, 14, 0}, "14 days"},
        {"1w", {0, 7, 0}, "7 days"},
        {"6 hours", {0, 0, 6 * PRT_USEC_PER_HOUR}, "6 hours"},
        {"90 min", {0, 0, 90 * PRT_USEC_PER_MINUTE}, "1 hour 30 minutes"},
        {"0 s", {0, 0, 0}, "0"},
        {"30s", {0, 0, 30 * PRT_USEC_PER_SEC}, "30 seconds"},
        {"300 ms", {0, 0, 300000}, "300 milliseconds"},
        {"1 us", {0, 0, 1}, "1 microsecond"},
        {"1 year 2 months", {14, 0, 0}, "1 year 2 months"},
        {"1 mon", {1, 0, 0}, "1 month"},
        {"3 mons", {3, 0, 0}, "3 months"},
        {"2 quarters", {6, 0, 0}, "6 months"},
        {"10 yrs", {120, 0, 0}, "10 years"},
        {"1 month 2 days", {1, 2, 0}, "1 month 2 days"},
        {"1 day 6 hours 5 minutes 4 seconds 3 ms 2 us",
         {0, 1, INT64_C(21904003002)},
         "1 day 6 hours 5 minutes 4 seconds 3 milliseconds 2 microseconds"},
        {"0", {0, 0, 0}, "0"},
        {"0 days", {0, 0, 0}, "0"},
        {"hourly", {0, 0, PRT_USEC_PER_HOUR}, "1 hour"},
        {"daily", {0, 1, 0}, "1 day"},
        {"Weekly", {0, 7, 0}, "7 days"},
        {"monthly", {1, 0, 0}, "1 month"},
        {"quarterly", {3, 0, 0}, "3 months"},
        {"yearly", {12, 0, 0}, "1 year"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        prt_interval got = parse(rows[i].text);
        if (got.months != rows[i].interval.months || got.days != rows[i].interval.days ||
            got.usec != rows[i].interval.usec)
            fail_msg("%s: %s", rows[i].text, prt_interval_format(*state, &got));
        assert_string_equal(prt_interval_format(*state, &got), rows[i].format);
        prt_interval again = parse(rows[i].format);
        assert_memory_equal(&again, &got, sizeof got);
    }
}

static void
test_parse_errors(void **state)
{
    (void) state;
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"", "it is empty"},
        {"   ", "it is empty"},
        {"90", "a number has no unit"},
        {"1 day 5", "a number has no unit"},
        {"00", "a number has no unit"},
        {"-1 day", "it is negative"},
        {"1 day -2 hours", "it is negative"},
        {"day", "a number is missing"},
        {"1.5 hours", "numbers are whole"},
        {"15m", "minutes or months"},
        {"1 fortnight", "a unit is unknown"},
        {"1 averyveryverylongunit", "a unit is unknown"},
        {"1 dayss", "a unit is unknown"},
        {"1 ss", "a unit is unknown"},
        {"1 day 2 days", "a unit is there twice"},
        {"1 day, 2 hours", "a number is missing"},
        {"01:00:00", "a number has no unit"},
        {"99999999999999999999 days", "out of range"},
        {"9223372036854775807 days", "out of range"},
        {"9223372036854775807 weeks", "out of range"},
        {"300000 years", "out of range"},
        {"daily 2 hours", "a number is missing"},
        {"P1D", "a number is missing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        prt_error err = {0};
        prt_interval interval;
        if (prt_interval_parse(rows[i].text, &interval, &err))
            fail_msg("\"%s\" is accepted", rows[i].text);
        assert_int_equal(err.code, PRT_ERR_VALUE);
        if (strstr(err.message, rows[i].part) == NULL)
            fail_msg("\"%s\": %s", rows[i].text, err.message);
        assert_non_null(strstr(err.hint, "90 days"));
    }
}

static void
assert_sum(const char *at, const char *interval, int sign, const prt_zone *z, const char *result)
{
    prt_error err = {0};
    prt_instant from, expected;
    assert_ok(prt_instant_parse(at, &from, &err), &err);
    assert_ok(prt_instant_parse(result, &expected, &err), &err);
    prt_interval length = parse(interval);
    prt_arena *arena = prt_arena_new();
    prt_instant got = prt_interval_add(from, &length, sign, z);
    if (got != expected)
        fail_msg("%s %s %s is %s, not %s", at, sign < 0 ? "-" : "+", interval, prt_instant_format(arena, got), result);
    prt_arena_free(arena);
}

static void
test_add(void **state)
{
    assert_sum("2025-01-31", "1 month", 1, NULL, "2025-02-28");
    assert_sum("2024-01-31", "1 month", 1, NULL, "2024-02-29");
    assert_sum("2025-03-31", "1 month", -1, NULL, "2025-02-28");
    assert_sum("2024-02-29", "1 year", 1, NULL, "2025-02-28");
    assert_sum("2025-05-31 10:00", "3 months", -1, NULL, "2025-02-28 10:00");
    assert_sum("2025-01-31", "1 month 1 day", 1, NULL, "2025-03-01");
    assert_sum("2025-01-01", "1 day 6 hours", -1, NULL, "2024-12-30 18:00");
    assert_sum("2025-01-15", "14 months", -1, NULL, "2023-11-15");
    assert_sum("0001-01-01", "1 year", -1, NULL, "0001-01-01 BC");
    assert_sum("2025-01-01", "0", -1, NULL, "2025-01-01");

    /* Paris: 2025-03-30 has 23 hours and no 02:30; 2025-10-26 has 25 and 02:30 twice. */
    const prt_zone *paris = support_zone(*state, "Europe/Paris");
    assert_sum("2025-03-29 12:00+01", "1 day", 1, paris, "2025-03-30 12:00+02");
    assert_sum("2025-03-29 12:00+01", "24 hours", 1, paris, "2025-03-30 13:00+02");
    assert_sum("2025-03-29 02:30+01", "1 day", 1, paris, "2025-03-30 03:00+02");
    assert_sum("2025-10-25 02:30+02", "1 day", 1, paris, "2025-10-26 02:30+02");
    assert_sum("2025-10-27 02:30+01", "1 day", -1, paris, "2025-10-26 02:30+02");
    assert_sum("2025-04-30 02:30+02", "1 month", -1, paris, "2025-03-30 03:00+02");

    const prt_zone *apia = support_zone(*state, "Pacific/Apia"); /* no 2011-12-30 */
    assert_sum("2011-12-29 12:00-10", "1 day", 1, apia, "2011-12-31 00:00+14");
}

static void
test_add_saturates(void **state)
{
    (void) state;
    prt_interval month = {1, 0, 0}, huge = {INT64_MAX, INT64_MAX, INT64_MAX}, day = {0, 1, 0};
    assert_int_equal(prt_interval_add(PRT_POS_MAX, &month, -1, NULL), PRT_POS_MAX);
    assert_int_equal(prt_interval_add(PRT_POS_MIN, &month, 1, NULL), PRT_POS_MIN);
    assert_int_equal(prt_interval_add(PRT_POS_MAX - 5, &month, 1, NULL), PRT_POS_MAX);
    assert_int_equal(prt_interval_add(PRT_POS_MIN + 5, &day, -1, NULL), PRT_POS_MIN);
    assert_int_equal(prt_interval_add(0, &huge, 1, NULL), PRT_POS_MAX);
    assert_int_equal(prt_interval_add(0, &huge, -1, NULL), PRT_POS_MIN);
    assert_int_equal(prt_interval_usec(&huge), PRT_POS_MAX);
}

static void
test_lengths(void **state)
{
    (void) state;
    prt_interval zero = {0, 0, 0}, month = {1, 0, 0}, mixed = {0, 2, 5};
    assert_true(prt_interval_is_zero(&zero));
    assert_false(prt_interval_is_zero(&mixed));
    assert_int_equal(prt_interval_usec(&month) * 12, PRT_USEC_PER_DAY / 4 * 1461);
    assert_int_equal(prt_interval_usec(&mixed), 2 * PRT_USEC_PER_DAY + 5);
}

static void
test_display(void **state)
{
    static const struct {
        int64_t usec;
        const char *text;
    } rows[] = {
        {0, "0 s"},
        {4 * PRT_USEC_PER_DAY + 9 * PRT_USEC_PER_HOUR + 5, "4 d 9 h"},
        {4 * PRT_USEC_PER_DAY + 59 * PRT_USEC_PER_MINUTE, "4 d"},
        {PRT_USEC_PER_HOUR, "1 h"},
        {90 * PRT_USEC_PER_MINUTE, "1 h 30 min"},
        {61 * PRT_USEC_PER_SEC, "1 min 1 s"},
        {35 * PRT_USEC_PER_SEC + 999999, "35 s"},
        {300000, "300 ms"},
        {42, "42 us"},
        {-90 * PRT_USEC_PER_MINUTE, "-1 h 30 min"},
        {INT64_MAX, "106751991 d 4 h"},
        {INT64_MIN, "-106751991 d 4 h"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(prt_duration_display(*state, rows[i].usec), rows[i].text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_parse, support_arena_setup, support_arena_teardown),
        cmocka_unit_test(test_parse_errors),
        cmocka_unit_test_setup_teardown(test_add, support_arena_setup, support_arena_teardown),
        cmocka_unit_test(test_add_saturates),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test_setup_teardown(test_display, support_arena_setup, support_arena_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
