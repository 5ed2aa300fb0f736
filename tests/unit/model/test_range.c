/* Ranges from the catalog's bounds, ends for new bounds, and how they are shown. */
#include "support/support.h"

#include <stdlib.h>

#include "model/range.h"

#define JAN_2025 (INT64_C(1735689600) * PRT_USEC_PER_SEC)

static prt_key
key_of(const char *type, int columns, int index)
{
    prt_error err = {0};
    prt_key key;
    assert_ok(prt_key_init(&key, "k", type, columns, index, NULL, NULL, &err), &err);
    return key;
}

static bool
range_of(prt_arena *arena, const prt_key *key, const char *text, prt_range *out, prt_error *err)
{
    prt_bound bound;
    assert_ok(prt_bound_parse(arena, text, &bound, err), err);
    return prt_range_from_bound(arena, key, &bound, out, err);
}

static void
test_from_bounds(void **state)
{
    static const struct {
        const char *type, *text;
        int columns;
        prt_pos from, to;
        const char *from_sql, *to_sql, *shown;
    } rows[] = {
        {"date", "FOR VALUES FROM ('2025-01-01') TO ('2025-01-02')", 1, JAN_2025, JAN_2025 + PRT_USEC_PER_DAY,
         "'2025-01-01'", "'2025-01-02'", "2025-01-01 .. 2025-01-02"},
        {"timestamp with time zone", "FOR VALUES FROM ('2025-01-01 05:30:00+05:30') TO (MAXVALUE)", 1, JAN_2025,
         PRT_POS_MAX, "'2025-01-01 05:30:00+05:30'", "MAXVALUE", "2025-01-01 .. inf"},
        {"timestamp with time zone", "FOR VALUES FROM (MINVALUE) TO ('2025-01-01 06:00:00+00')", 1, PRT_POS_MIN,
         JAN_2025 + 6 * PRT_USEC_PER_HOUR, "MINVALUE", "'2025-01-01 06:00:00+00'", "-inf .. 2025-01-01 06:00"},
        {"timestamp without time zone", "FOR VALUES FROM ('-infinity') TO ('infinity')", 1, PRT_POS_MIN, PRT_POS_MAX,
         "'-infinity'", "'infinity'", "-inf .. inf"},
        {"integer", "FOR VALUES FROM ('-5') TO (2147483647)", 1, -5, 2147483647, "'-5'", "2147483647",
         "-5 .. 2147483647"},
        {"bigint", "FOR VALUES FROM ('1000') TO ('2000')", 1, 1000, 2000, "'1000'", "'2000'", "1000 .. 2000"},
        {"uuid", "FOR VALUES FROM ('01941f29-7c00-7000-8000-000000000000') TO ('ffffffff-ffff-ffff-ffff-ffffffffffff')",
         1, JAN_2025, INT64_C(281474976710655000), "'01941f29-7c00-7000-8000-000000000000'",
         "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "2025-01-01 .. +10889-08-02 05:31:50.655"},
        /* of several columns the first decides; the others are kept as they are */
        {"date", "FOR VALUES FROM ('2025-01-01', MINVALUE) TO ('2025-01-02', 'a, (b)')", 2, JAN_2025,
         JAN_2025 + PRT_USEC_PER_DAY, "'2025-01-01', MINVALUE", "'2025-01-02', 'a, (b)'", "2025-01-01 .. 2025-01-02"},
        {"bigint", "FOR VALUES FROM (MINVALUE, MINVALUE, MINVALUE) TO ('0', 'it''s', false)", 3, PRT_POS_MIN, 0,
         "MINVALUE, MINVALUE, MINVALUE", "'0', 'it''s', false", "-inf .. 0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prt_error err = {0};
        prt_range range;
        prt_key key = key_of(rows[i].type, rows[i].columns, 0);
        assert_ok(range_of(*state, &key, rows[i].text, &range, &err), &err);
        assert_int_equal(range.from.pos, rows[i].from);
        assert_int_equal(range.to.pos, rows[i].to);
        assert_string_equal(range.from.sql, rows[i].from_sql);
        assert_string_equal(range.to.sql, rows[i].to_sql);
        assert_string_equal(prt_range_display(*state, &key, &range), rows[i].shown);
    }
}

static void
test_what_is_no_range(void **state)
{
    static const char *const texts[] = {
        "DEFAULT",
        "FOR VALUES IN ('2025-01-01')",
        "FOR VALUES WITH (modulus 4, remainder 0)",
        "FOR VALUES FROM ('2025-02-30') TO ('2025-03-01')",
        "FOR VALUES FROM ('2025-01-01') TO ('x')",
        "FOR VALUES FROM (1) TO (2)",
    };
    prt_key key = key_of("date", 1, 0);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        prt_error err = {0};
        prt_range range;
        assert_false(range_of(*state, &key, texts[i], &range, &err));
        assert_int_equal(err.code, PRT_ERR_VALUE);
    }
    prt_error err = {0};
    prt_range range;
    prt_key second = key_of("date", 2, 1);
    assert_false(range_of(*state, &second, "FOR VALUES FROM ('2025-01-01') TO ('2025-01-02')", &range, &err));
    assert_non_null(strstr(err.message, "\"k\" is number 2"));
}

static void
test_new_ends(void **state)
{
    static const struct {
        const char *type;
        int columns;
        prt_pos at;
        const char *sql;
        prt_pos pos;
    } rows[] = {
        {"date", 1, JAN_2025, "'2025-01-01'", JAN_2025},
        {"date", 1, JAN_2025 + 1, "'2025-01-01'", JAN_2025}, /* where the bound really lies */
        {"timestamp with time zone", 1, JAN_2025 + 1, "'2025-01-01 00:00:00.000001+00'", JAN_2025 + 1},
        {"timestamp without time zone", 2, JAN_2025, "'2025-01-01 00:00:00', MINVALUE", JAN_2025},
        {"uuid", 1, JAN_2025 + 999, "'01941f29-7c00-0000-0000-000000000000'", JAN_2025},
        {"integer", 1, -1000, "'-1000'", -1000},
        {"bigint", 3, 0, "'0', MINVALUE, MINVALUE", 0},
        {"date", 1, PRT_POS_MIN, "MINVALUE", PRT_POS_MIN},
        {"uuid", 2, PRT_POS_MAX, "MAXVALUE, MAXVALUE", PRT_POS_MAX},
        {"integer", 2, PRT_POS_MIN, "MINVALUE, MINVALUE", PRT_POS_MIN},
        {"bigint", 1, INT64_MAX, "MAXVALUE", PRT_POS_MAX},
        {"integer", 1, INT32_MAX, "'2147483647'", INT32_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prt_error err = {0};
        prt_end end;
        prt_key key = key_of(rows[i].type, rows[i].columns, 0);
        assert_ok(prt_end_make(*state, &key, rows[i].at, &end, &err), &err);
        assert_string_equal(end.sql, rows[i].sql);
        assert_int_equal(end.pos, rows[i].pos);
    }
    prt_error err = {0};
    prt_end end;
    prt_key key = key_of("smallint", 1, 0);
    assert_false(prt_end_make(*state, &key, 32768, &end, &err));
    assert_string_equal(err.message, "32768 is out of the range of key column \"k\" (smallint)");
}

static bool
backslash_encode(void *data, prt_arena *arena, prt_instant at, const char **text, prt_error *err)
{
    (void) data;
    (void) err;
    *text = prt_arena_printf(arena, "it's \\%lld", (long long) at);
    return true;
}

static bool
backslash_decode(void *data, const char *text, prt_instant *at, prt_error *err)
{
    (void) data;
    (void) err;
    *at = strtoll(strchr(text, '\\') + 1, NULL, 10);
    return true;
}

/* A codec may give any text: it is quoted, and read back it is the same end. */
static void
test_quoted_codecs(void **state)
{
    prt_error err = {0};
    prt_key key;
    const prt_key_options options = {.encode = backslash_encode, .decode = backslash_decode};
    assert_ok(prt_key_init(&key, "k", "text", 1, 0, &options, NULL, &err), &err);
    prt_end from, to;
    assert_ok(prt_end_make(*state, &key, 7, &from, &err), &err);
    assert_ok(prt_end_make(*state, &key, 9, &to, &err), &err);
    assert_string_equal(from.sql, "E'it''s \\\\7'");
    prt_range back;
    assert_ok(
        range_of(*state, &key, prt_arena_printf(*state, "FOR VALUES FROM (%s) TO (%s)", from.sql, to.sql), &back, &err),
        &err);
    assert_int_equal(back.from.pos, 7);
    assert_int_equal(back.to.pos, 9);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_from_bounds, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_range, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_new_ends, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_quoted_codecs, support_arena_setup, support_arena_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
