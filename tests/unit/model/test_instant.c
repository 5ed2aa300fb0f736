#include "model/instant.h"
#include "support/support.h"

#define Y2K INT64_C(946684800000000)

static prt_instant
parse(const char *text)
{
    prt_error err = {0};
    prt_instant at = 1;
    assert_ok(prt_instant_parse(text, &at, &err), &err);
    return at;
}

static void
test_parse(void **state)
{
    (void) state;
    static const struct {
        const char *text;
        prt_instant at;
    } rows[] = {
        {"1970-01-01", 0},
        {"2000-01-01", Y2K},
        {"  2000-01-01 ", Y2K},
        {"2000-01-01 00:00:00+00", Y2K},
        {"2000-01-01T00:00Z", Y2K},
        {"2000-01-01t00:00:00z", Y2K},
        {"2000-01-01 02:00+02", Y2K},
        {"2000-01-01 05:30:00+05:30", Y2K},
        {"2000-01-01 05:30:00+0530", Y2K},
        {"1999-12-31 20:29:40-03:30:20", Y2K},
        {"1999-12-31 24:00:00", Y2K},
        {"1999-12-31 24:00:00.000", Y2K},
        {"2000-01-01 00:00:00.5", Y2K + 500000},
        {"2000-01-01 00:00:00.000001+00", Y2K + 1},
        {"2000-01-01 00:00:00.0000014", Y2K + 1},
        {"2000-01-01 00:00:00.0000015", Y2K + 2},
        {"1999-12-31 23:59:59.9999999", Y2K},
        {"2000-01-01 00:00:00 AD", Y2K},
        {"1969-12-31 23:59:59.999999", -1},
        {"0001-01-01", INT64_C(-62135596800000000)},
        {"0001-01-01 BC", INT64_C(-62167219200000000)},
        {"0000-01-01", INT64_C(-62167219200000000)},
        {"0044-03-15 00:00:00+00 BC", INT64_C(-63517824000000000)},
        {"-0043-03-15", INT64_C(-63517824000000000)},
        {"4714-11-24 BC", INT64_C(-210866803200000000)}, /* PostgreSQL's first day */
        {"10000-01-01", INT64_C(253402300800000000)},
        {"+10000-01-01T00:00:00Z", INT64_C(253402300800000000)},
        {"294246-12-31 00:00:00+00", INT64_C(9223371158400000000)},
        {"294276-12-31 23:59:59.999999+00", PRT_POS_MAX}, /* PostgreSQL's last timestamp lies past 64 bits here */
        {"5874897-12-31", PRT_POS_MAX},
        {"infinity", PRT_POS_MAX},
        {" Infinity ", PRT_POS_MAX},
        {"-infinity", PRT_POS_MIN},
        {"2004-02-29", Y2K + INT64_C(1520) * PRT_USEC_PER_DAY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (parse(rows[i].text) != rows[i].at)
            fail_msg("%s: %lld, not %lld", rows[i].text, (long long) parse(rows[i].text), (long long) rows[i].at);
}

static void
test_parse_errors(void **state)
{
    (void) state;
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"", "does not begin with a date"},
        {"now", "does not begin with a date"},
        {"2025", "year-month-day"},
        {"2025-01", "year-month-day"},
        {"20250101", "its year is out of range"},
        {"25-01-01", "four digits"},
        {"2025-13-01", "no such month"},
        {"2025-00-01", "no such month"},
        {"2025-1-1", "two digits"},
        {"2025-011-01", "two digits"},
        {"2025-02-30", "no such day"},
        {"1900-02-29", "no such day"},
        {"2025-01-00", "no such day"},
        {"2025-01-32", "no such day"},
        {"2025-01-01 25:00", "no such hour"},
        {"2025-01-01 24:01", "no such hour"},
        {"2025-01-01 24:00:00.1", "no such hour"},
        {"2025-01-01 10", "hour:minute"},
        {"2025-01-01 10:60", "no such minute"},
        {"2025-01-01 10:00:60", "no such second"},
        {"2025-01-01 10:00:00.", "no digits"},
        {"2025-01-01T", "no time follows"},
        {"2025-01-01 10:00+16", "offset is out of range"},
        {"2025-01-01 10:00+5", "offset is not like"},
        {"2025-01-01 10:00+053", "offset is not like"},
        {"2025-01-01+02", "does not belong"},
        {"2025-01-01 10:00 Europe/Paris", "does not belong"},
        {"2025-01-01x", "does not belong"},
        {"0000-01-01 BC", "an era is positive"},
        {"-0005-01-01 BC", "an era is positive"},
        {"5874898-01-01", "out of range"},
        {"99999999999999999999-01-01", "out of range"},
        {"infinity2", "does not begin with a date"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        prt_error err = {0};
        prt_instant at;
        if (prt_instant_parse(rows[i].text, &at, &err))
            fail_msg("\"%s\" is accepted", rows[i].text);
        assert_int_equal(err.code, PRT_ERR_VALUE);
        if (strstr(err.message, rows[i].part) == NULL || strstr(err.message, rows[i].text) == NULL)
            fail_msg("\"%s\": %s", rows[i].text, err.message);
        assert_non_null(strstr(err.hint, "2025-01-01T10:20:30+02:00"));
    }
}

static void
test_format(void **state)
{
    static const struct {
        const char *text, *format, *display;
    } rows[] = {
        {"2025-01-01", "2025-01-01T00:00:00Z", "2025-01-01"},
        {"2025-01-01 06:00", "2025-01-01T06:00:00Z", "2025-01-01 06:00"},
        {"2025-01-01 00:00:05", "2025-01-01T00:00:05Z", "2025-01-01 00:00:05"},
        {"2025-01-01 23:59:59.120", "2025-01-01T23:59:59.12Z", "2025-01-01 23:59:59.12"},
        {"2025-01-01 00:00:00.000001", "2025-01-01T00:00:00.000001Z", "2025-01-01 00:00:00.000001"},
        {"0001-01-01 BC", "0000-01-01T00:00:00Z", "0000-01-01"},
        {"0002-01-01 BC", "-0001-01-01T00:00:00Z", "-0001-01-01"},
        {"12025-01-01", "+12025-01-01T00:00:00Z", "+12025-01-01"},
        {"infinity", "infinity", "infinity"},
        {"-infinity", "-infinity", "-infinity"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(prt_instant_format(*state, parse(rows[i].text)), rows[i].format);
        assert_string_equal(prt_instant_display(*state, parse(rows[i].text)), rows[i].display);
        assert_int_equal(parse(rows[i].format), parse(rows[i].text));
    }
}

/* Whatever is printed is read back as the same instant, up to both ends of the axis. */
static void
test_round_trip(void **state)
{
    uint64_t random = 1;
    for (int i = 0; i < 20000; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        prt_instant at = (prt_instant) random >> (i % 40);
        assert_int_equal(parse(prt_instant_format(*state, at)), at);
        assert_int_equal(parse(prt_instant_display(*state, at)), at);
    }
    assert_int_equal(parse(prt_instant_format(*state, PRT_POS_MAX - 1)), PRT_POS_MAX - 1);
    assert_int_equal(parse(prt_instant_format(*state, PRT_POS_MIN + 1)), PRT_POS_MIN + 1);
}

static void
test_sums(void **state)
{
    (void) state;
    assert_int_equal(prt_pos_add(1, 2), 3);
    assert_int_equal(prt_pos_add(PRT_POS_MAX - 1, 5), PRT_POS_MAX);
    assert_int_equal(prt_pos_add(PRT_POS_MIN + 1, -5), PRT_POS_MIN);
    assert_int_equal(prt_pos_add(PRT_POS_MAX, -5), PRT_POS_MAX);
    assert_int_equal(prt_pos_add(PRT_POS_MIN, 5), PRT_POS_MIN);
    assert_int_equal(prt_pos_add(-1, INT64_MIN), PRT_POS_MIN);
    assert_int_equal(prt_floor_div(7, 2), 3);
    assert_int_equal(prt_floor_div(-7, 2), -4);
    assert_int_equal(prt_floor_div(-8, 2), -4);
    assert_int_equal(prt_floor_div(INT64_MIN, 1), INT64_MIN);
    assert_int_equal(prt_floor_div(INT64_MIN, INT64_MAX), -2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_errors),
        cmocka_unit_test_setup_teardown(test_format, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_round_trip, support_arena_setup, support_arena_teardown),
        cmocka_unit_test(test_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
