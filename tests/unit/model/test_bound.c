/* Bounds as pg_get_expr(relpartbound, oid) printed them on a real server, and texts that are none. */
#include "support/support.h"

#include "base/buf.h"
#include "model/bound.h"

/* Values are joined by " | " and tuples by " -> "; MINVALUE and the like as <MIN>, so that 'MINVALUE' shows. */
static void
show_datum(prt_buf *out, const prt_datum *datum)
{
    static const char *const words[] = {
        [PRT_DATUM_MINVALUE] = "<MIN>", [PRT_DATUM_MAXVALUE] = "<MAX>", [PRT_DATUM_NULL] = "<NULL>"};
    if (datum->kind == PRT_DATUM_VALUE) {
        prt_buf_str(out, datum->text);
        return;
    }
    assert_null(datum->text);
    prt_buf_str(out, words[datum->kind]);
}

static void
show_tuple(prt_buf *out, const prt_datum *tuple, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        prt_buf_str(out, i == 0 ? "" : " | ");
        show_datum(out, &tuple[i]);
    }
}

static const char *
show(prt_arena *arena, const prt_bound *bound)
{
    prt_buf out;
    prt_buf_init(&out, arena);
    switch (bound->kind) {
    case PRT_BOUND_DEFAULT:
        prt_buf_str(&out, "default");
        break;
    case PRT_BOUND_HASH:
        prt_buf_fmt(&out, "hash %d of %d", bound->remainder, bound->modulus);
        break;
    case PRT_BOUND_LIST:
        prt_buf_str(&out, "list ");
        show_tuple(&out, bound->values, bound->length);
        break;
    default:
        show_tuple(&out, bound->from, bound->length);
        prt_buf_str(&out, " -> ");
        show_tuple(&out, bound->to, bound->length);
    }
    return out.data;
}

typedef struct print {
    const char *text, *shown;
} print;

/* The same on 14 to 18, with standard_conforming_strings = on, TimeZone = UTC and DateStyle = ISO. */
static const print printed[] = {
    {"DEFAULT", "default"},
    {"FOR VALUES WITH (modulus 4, remainder 3)", "hash 3 of 4"},
    /* smallint, integer, bigint, and a domain over integer */
    {"FOR VALUES FROM ('-32768') TO ('-5')", "-32768 -> -5"},
    {"FOR VALUES FROM ('-5') TO ('32767')", "-5 -> 32767"},
    {"FOR VALUES FROM (MINVALUE) TO ('-5')", "<MIN> -> -5"},
    {"FOR VALUES FROM ('-5') TO (2147483647)", "-5 -> 2147483647"},
    {"FOR VALUES FROM (2147483647) TO (MAXVALUE)", "2147483647 -> <MAX>"},
    {"FOR VALUES FROM ('-9223372036854775808') TO ('-5')", "-9223372036854775808 -> -5"},
    {"FOR VALUES FROM ('0') TO ('9223372036854775807')", "0 -> 9223372036854775807"},
    {"FOR VALUES FROM ('-1') TO ('4')", "-1 -> 4"},
    {"FOR VALUES FROM ('-1') TO (4)", "-1 -> 4"},
    /* date */
    {"FOR VALUES FROM ('-infinity') TO ('0044-03-15 BC')", "-infinity -> 0044-03-15 BC"},
    {"FOR VALUES FROM ('2025-01-01') TO ('infinity')", "2025-01-01 -> infinity"},
    /* timestamp */
    {"FOR VALUES FROM ('-infinity') TO ('0044-03-15 01:02:03.5 BC')", "-infinity -> 0044-03-15 01:02:03.5 BC"},
    {"FOR VALUES FROM ('2025-01-01 00:00:00.000001') TO ('12345-02-03 00:00:00')",
     "2025-01-01 00:00:00.000001 -> 12345-02-03 00:00:00"},
    /* timestamptz */
    {"FOR VALUES FROM ('-infinity') TO ('0044-03-14 19:32:03.5+00 BC')", "-infinity -> 0044-03-14 19:32:03.5+00 BC"},
    {"FOR VALUES FROM ('2024-12-31 18:30:00.000001+00') TO ('12345-02-03 00:00:00+00')",
     "2024-12-31 18:30:00.000001+00 -> 12345-02-03 00:00:00+00"},
    {"FOR VALUES FROM ('290000-01-01 00:00:00+00') TO ('infinity')", "290000-01-01 00:00:00+00 -> infinity"},
    /* uuid */
    {"FOR VALUES FROM ('00000000-0000-0000-0000-000000000000') TO ('01941f29-7c00-7000-8000-000000000000')",
     "00000000-0000-0000-0000-000000000000 -> 01941f29-7c00-7000-8000-000000000000"},
    /* text and bigint; text like keywords */
    {"FOR VALUES FROM ('', MINVALUE) TO ('a''b,(c)', '-3')", " | <MIN> -> a'b,(c) | -3"},
    {"FOR VALUES FROM ('b\\c', '1') TO ('b\\c', '2')", "b\\c | 1 -> b\\c | 2"},
    {"FOR VALUES FROM ('c\nx', '1') TO ('\u00e9\"''''::text', MAXVALUE)", "c\nx | 1 -> \u00e9\"''::text | <MAX>"},
    {"FOR VALUES FROM ('MINVALUE') TO ('maxvalue')", "MINVALUE -> maxvalue"},
    /* lists: text, boolean, integer, an enum, numeric, money, jsonb, char(4), arrays, bit */
    {"FOR VALUES IN ('a', NULL, 'it''s', '\\', '),(', 'NULL')", "list a | <NULL> | it's | \\ | ),( | NULL"},
    {"FOR VALUES IN (true)", "list true"},
    {"FOR VALUES IN (false, NULL)", "list false | <NULL>"},
    {"FOR VALUES IN ('-1', 0, 7, NULL)", "list -1 | 0 | 7 | <NULL>"},
    {"FOR VALUES IN ('sad', 'it''s (ok), fine')", "list sad | it's (ok), fine"},
    {"FOR VALUES IN (1.50, '-2', '1000000000000000000000000000000', 'NaN')",
     "list 1.50 | -2 | 1000000000000000000000000000000 | NaN"},
    {"FOR VALUES IN ('$1.50', '-$3.00')", "list $1.50 | -$3.00"},
    {"FOR VALUES IN ('{\"a\": \"it''s, (b)\\\\\"}')", "list {\"a\": \"it's, (b)\\\\\"}"},
    {"FOR VALUES IN ('a   ', 'b''  ')", "list a    | b'  "},
    {"FOR VALUES IN ('{1,2}', '{}')", "list {1,2} | {}"},
    {"FOR VALUES IN ('101')", "list 101"},
    /* float8, interval, bytea, inet, oid, varbit, text collate "C" */
    {"FOR VALUES FROM ('-1.5') TO ('1e+300')", "-1.5 -> 1e+300"},
    {"FOR VALUES FROM ('1 day') TO ('1 mon 2 days -03:04:05')", "1 day -> 1 mon 2 days -03:04:05"},
    {"FOR VALUES FROM ('\\x00ff') TO ('\\xff')", "\\x00ff -> \\xff"},
    {"FOR VALUES FROM ('10.0.0.0/8') TO ('11.0.0.0/8')", "10.0.0.0/8 -> 11.0.0.0/8"},
    {"FOR VALUES FROM ('1') TO ('4000000000')", "1 -> 4000000000"},
    /* boolean, date, smallint and timestamptz in one key */
    {"FOR VALUES FROM (false, '2025-01-01', '-1', MINVALUE) TO (true, '2025-01-01', '3', '2024-12-31 22:00:00+00')",
     "false | 2025-01-01 | -1 | <MIN> -> true | 2025-01-01 | 3 | 2024-12-31 22:00:00+00"},
};

/* What the grammar allows besides: other spacing and case, casts, collations, E'' strings, bare numbers. */
static const print allowed[] = {
    {"  for  values\nfrom(1)to( 2 ) ", "1 -> 2"},
    {"default ", "default"},
    {"FOR VALUES WITH(MODULUS 2147483647,REMAINDER 0)", "hash 0 of 2147483647"},
    {"FOR VALUES FROM (-5) TO (+5)", "-5 -> +5"},
    {"FOR VALUES FROM (-.5) TO (1.)", "-.5 -> 1."},
    {"FOR VALUES FROM (1e5) TO (1.5E-7)", "1e5 -> 1.5E-7"},
    {"FOR VALUES FROM ('-5'::integer) TO ('5'::pg_catalog.int4)", "-5 -> 5"},
    {"FOR VALUES FROM (5::bigint) TO ('x'::\"My Schema\".\"ty\"\"pe\")", "5 -> x"},
    {"FOR VALUES FROM ('a'::character varying(20)) TO ('b'::text COLLATE \"de-DE\")", "a -> b"},
    {"FOR VALUES FROM ('a' COLLATE pg_catalog.\"C\", MINVALUE) TO ('b'::varchar::text, 1::numeric(10,-2))",
     "a | <MIN> -> b | 1"},
    {"FOR VALUES FROM ('2025-01-01'::timestamp(3) without time zone) TO ('infinity'::timestamp with time zone)",
     "2025-01-01 -> infinity"},
    {"FOR VALUES IN ('{1}'::integer[], NULL::int[3][], '{}'::\"t\"[] )", "list {1} | <NULL> | {}"},
    {"FOR VALUES IN (true::boolean, FALSE, null)", "list true | false | <NULL>"},
    {"FOR VALUES IN (E'it\\'s', E'a\\\\b', E'\\t\\n\\r\\b\\f', e'x''y')", "list it's | a\\b | \t\n\r\b\f | x'y"},
    {"FOR VALUES IN (E'\\101\\x42\\x4', E'\\u00e9\\U0001F600\\u20ac', E'\\q\\v')",
     "list AB\x04 | \u00e9\U0001F600\u20ac | qv"},
    {"FOR VALUES IN ('')", "list "},
};

static void
check_prints(prt_arena *arena, const print *prints, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        prt_error err = {0};
        prt_bound bound;
        assert_ok(prt_bound_parse(arena, prints[i].text, &bound, &err), &err);
        assert_string_equal(show(arena, &bound), prints[i].shown);
    }
}

static void
test_printed_by_postgresql(void **state)
{
    check_prints(*state, printed, sizeof printed / sizeof printed[0]);
}

static void
test_allowed_by_the_grammar(void **state)
{
    check_prints(*state, allowed, sizeof allowed / sizeof allowed[0]);
}

/* Every bound of `printed` put together again from its parts' SQL is the very text it was read from. */
static void
test_sql_is_kept_as_printed(void **state)
{
    prt_arena *arena = *state;
    for (size_t i = 0; i < sizeof printed / sizeof printed[0]; i++) {
        prt_error err = {0};
        prt_bound bound;
        prt_buf sql;
        assert_ok(prt_bound_parse(arena, printed[i].text, &bound, &err), &err);
        if (bound.kind != PRT_BOUND_RANGE && bound.kind != PRT_BOUND_LIST)
            continue;
        prt_buf_init(&sql, arena);
        prt_buf_str(&sql, bound.kind == PRT_BOUND_RANGE ? "FOR VALUES FROM (" : "FOR VALUES IN (");
        const prt_datum *first = bound.kind == PRT_BOUND_RANGE ? bound.from : bound.values;
        for (size_t k = 0; k < bound.length; k++)
            prt_buf_fmt(&sql, "%s%s", k == 0 ? "" : ", ", first[k].sql);
        for (size_t k = 0; bound.kind == PRT_BOUND_RANGE && k < bound.length; k++)
            prt_buf_fmt(&sql, "%s%s", k == 0 ? ") TO (" : ", ", bound.to[k].sql);
        prt_buf_char(&sql, ')');
        assert_string_equal(sql.data, printed[i].text);
    }
}

static void
test_sql_of_casts(void **state)
{
    prt_error err = {0};
    prt_bound bound;
    assert_ok(
        prt_bound_parse(*state, "FOR VALUES FROM ( '-5'::integer , MINVALUE ) TO ( E'a\\\\b' ,  7 )", &bound, &err),
        &err);
    assert_string_equal(bound.from[0].sql, "'-5'::integer");
    assert_string_equal(bound.from[1].sql, "MINVALUE");
    assert_string_equal(bound.to[0].sql, "E'a\\\\b'");
    assert_string_equal(bound.to[0].text, "a\\b");
    assert_string_equal(bound.to[1].sql, "7");
}

static const char *const garbage[] = {
    "",
    " ",
    "DEFAULTS",
    "DEFAULT x",
    "default;",
    "FOR",
    "FOR VALUES",
    "FOR VALUES FROM",
    "FORVALUES IN (1)",
    "FOR VALUES FROM ()",
    "FOR VALUES FROM () TO ()",
    "FOR VALUES FROM (1)",
    "FOR VALUES FROM (1) TO",
    "FOR VALUES FROM (1) TO (2",
    "FOR VALUES FROM (1) TO (2))",
    "FOR VALUES FROM (1) TO (2) x",
    "FOR VALUES FROM (1, 2) TO (3)",
    "FOR VALUES FROM (1) TO (3, 4)",
    "FOR VALUES FROM (1,) TO (2,)",
    "FOR VALUES FROM (1 2) TO (3)",
    "FOR VALUES FROM 1 TO 2",
    "FOR VALUES FROM (NULL) TO (1)",
    "FOR VALUES FROM (MINVALUES) TO (1)",
    "FOR VALUES FROM (minvalue1) TO (1)",
    "FOR VALUES FROM (x) TO (y)",
    "FOR VALUES FROM (now()) TO (1)",
    "FOR VALUES FROM ('a) TO ('b')",
    "FOR VALUES FROM ('a'b) TO ('b')",
    "FOR VALUES FROM ('a) TO (b)",
    "FOR VALUES FROM (\"a\") TO (1)",
    "FOR VALUES FROM (1-2) TO (3)",
    "FOR VALUES FROM (-) TO (3)",
    "FOR VALUES FROM (.) TO (3)",
    "FOR VALUES FROM (1.2.3) TO (3)",
    "FOR VALUES FROM (12ab) TO (3)",
    "FOR VALUES FROM (1e) TO (3)",
    "FOR VALUES FROM (0x10) TO (3)",
    "FOR VALUES FROM (--5) TO (3)",
    "FOR VALUES FROM ('a'::) TO ('b')",
    "FOR VALUES FROM ('a'::1) TO ('b')",
    "FOR VALUES FROM ('a':text) TO ('b')",
    "FOR VALUES FROM ('a'::varchar(20) TO ('b')",
    "FOR VALUES FROM ('a'::int[) TO ('b')",
    "FOR VALUES FROM ('a'::\"x) TO ('b')",
    "FOR VALUES FROM ('a'::x.) TO ('b')",
    "FOR VALUES FROM ('a' COLLATE) TO ('b')",
    "FOR VALUES IN ()",
    "FOR VALUES IN (MINVALUE)",
    "FOR VALUES IN (MAXVALUE)",
    "FOR VALUES IN (1",
    "FOR VALUES IN (1,",
    "FOR VALUES IN (1) TO (2)",
    "FOR VALUES IN (NULLS)",
    "FOR VALUES IN (TRUES)",
    "FOR VALUES IN (E'a)",
    "FOR VALUES IN (E'a\\",
    "FOR VALUES IN (E'a\\')",
    "FOR VALUES IN (E'\\x')",
    "FOR VALUES IN (E'\\0')",
    "FOR VALUES IN (E'\\400')",
    "FOR VALUES IN (E'\\x00')",
    "FOR VALUES IN (E'\\u00')",
    "FOR VALUES IN (E'\\u0000')",
    "FOR VALUES IN (E'\\ud800')",
    "FOR VALUES IN (E'\\U00110000')",
    "FOR VALUES IN (E'\\u",
    "FOR VALUES WITH",
    "FOR VALUES WITH ()",
    "FOR VALUES WITH (modulus 4)",
    "FOR VALUES WITH (modulus 4, remainder 4)",
    "FOR VALUES WITH (modulus 0, remainder 0)",
    "FOR VALUES WITH (modulus -4, remainder 0)",
    "FOR VALUES WITH (modulus 2147483648, remainder 0)",
    "FOR VALUES WITH (modulus 99999999999999999999, remainder 0)",
    "FOR VALUES WITH (modulus 4, remainder 3",
    "FOR VALUES WITH (modulus 4, remainder 3) x",
    "FOR VALUES WITH (remainder 3, modulus 4)",
    "FOR VALUES WITH (modulus 4a, remainder 3)",
    "FOR VALUES WITH (modulus '4', remainder 3)",
};

static void
test_garbage_is_an_error(void **state)
{
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        prt_error err = {0};
        prt_bound bound = {.modulus = -7};
        if (prt_bound_parse(*state, garbage[i], &bound, &err))
            fail_msg("read as a bound: %s", garbage[i]);
        assert_int_equal(err.code, PRT_ERR_VALUE);
        assert_int_equal(bound.modulus, -7); /* nothing is given out on failure */
    }
}

/* Whatever is cut off a bound's end, or put in the middle, never more than an error comes of it. */
static void
test_every_prefix_is_an_error(void **state)
{
    prt_arena *arena = *state;
    for (size_t i = 0; i < sizeof printed / sizeof printed[0]; i++)
        for (size_t length = 0; length < strlen(printed[i].text); length++) {
            prt_error err = {0};
            prt_bound bound;
            const char *cut = prt_arena_strndup(arena, printed[i].text, length);
            if (prt_bound_parse(arena, cut, &bound, &err))
                fail_msg("read as a bound: %s", cut);
            assert_int_equal(err.code, PRT_ERR_VALUE);
        }
}

static void
test_error_says_where(void **state)
{
    prt_error err = {0};
    prt_bound bound;
    assert_false(prt_bound_parse(*state, "FOR VALUES FROM (1) UNTIL (2)", &bound, &err));
    assert_string_equal(err.message, "partition bound cannot be read at character 21, near \"UNTIL (2)\": expected TO");
}

static void
test_long_lists(void **state)
{
    prt_arena *arena = *state;
    prt_error err = {0};
    prt_bound bound;
    prt_buf text;
    prt_buf_init(&text, arena);
    prt_buf_str(&text, "FOR VALUES IN (0");
    for (int i = 1; i < 20000; i++)
        prt_buf_fmt(&text, ", 'tenant ''%d''s'", i);
    prt_buf_char(&text, ')');
    assert_ok(prt_bound_parse(arena, text.data, &bound, &err), &err);
    assert_int_equal(bound.length, 20000);
    assert_string_equal(bound.values[19999].text, "tenant '19999's");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_printed_by_postgresql, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_allowed_by_the_grammar, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_sql_is_kept_as_printed, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_sql_of_casts, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_garbage_is_an_error, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_every_prefix_is_an_error, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_error_says_where, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_long_lists, support_arena_setup, support_arena_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
