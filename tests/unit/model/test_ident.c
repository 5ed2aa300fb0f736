#include "support/support.h"

#include "model/ident.h"

static void
test_identifiers_are_always_quoted(void **state)
{
    static const char *const rows[][2] = {
        {"events", "\"events\""},     {"we\"ird", "\"we\"\"ird\""}, {"we'ird", "\"we'ird\""},
        {"Order", "\"Order\""},       {"user", "\"user\""},         {"a.b", "\"a.b\""},
        {"a\\b", "\"a\\b\""},         {"\"", "\"\"\"\""},           {"", "\"\""},
        {"\u00e9 x", "\"\u00e9 x\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(prt_ident_quote(*state, rows[i][0]), rows[i][1]);
    assert_string_equal(prt_ident_qualify(*state, "My \"S\"", "a.b"), "\"My \"\"S\"\"\".\"a.b\"");
}

static void
test_literals(void **state)
{
    static const char *const rows[][2] = {
        {"", "''"},           {"a", "'a'"},       {"it's", "'it''s'"}, {"''", "''''''"},     {"a\\b", "E'a\\\\b'"},
        {"\\'", "E'\\\\'''"}, {"a\nb", "'a\nb'"}, {"\"", "'\"'"},      {"$$x$$", "'$$x$$'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(prt_literal_quote(*state, rows[i][0]), rows[i][1]);
}

static void
test_display_quotes_where_needed(void **state)
{
    static const char *const rows[][3] = {
        {"public", "events", "public.events"},
        {NULL, "events", "events"},
        {NULL, "_e$1", "_e$1"},
        {"My Schema", "Order", "\"My Schema\".\"Order\""},
        {NULL, "1st", "\"1st\""},
        {NULL, "a.b", "\"a.b\""},
        {NULL, "we\"ird", "\"we\"\"ird\""},
        {NULL, "", "\"\""},
        {NULL, "\u00e9t\u00e9", "\"\u00e9t\u00e9\""},
        {NULL, "two\nlines\x1b[31m", "\"two?lines?[31m\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(prt_ident_display(*state, rows[i][0], rows[i][1]), rows[i][2]);
}

static void
test_parse(void **state)
{
    static const char *const rows[][3] = {
        {"events", NULL, "events"},
        {"public.events", "public", "events"},
        {"Public.EVENTS", "public", "events"},
        {"\"My Schema\".\"a.b\"", "My Schema", "a.b"},
        {" s . \"T\" ", "s", "T"},
        {"\"we\"\"ird\"", NULL, "we\"ird"},
        {"\"we'ird\"", NULL, "we'ird"},
        {"_a$1.b2", "_a$1", "b2"},
        {"\u00c9t\u00e9.X", "\u00c9t\u00e9", "x"}, /* only ASCII folds */
        {"user", NULL, "user"},
        {"\"  \"", NULL, "  "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prt_error err = {0};
        const char *schema, *name;
        assert_ok(prt_ident_parse(*state, rows[i][0], &schema, &name, &err), &err);
        assert_string_equal(name, rows[i][2]);
        assert_int_equal(schema == NULL, rows[i][1] == NULL);
        if (schema != NULL)
            assert_string_equal(schema, rows[i][1]);
    }
}

static void
test_parse_errors(void **state)
{
    static const char *const rows[] = {
        "",
        " ",
        ".",
        "a.",
        ".a",
        "a..b",
        "a.b.c",
        "a b",
        "a;b",
        "\"a",
        "\"\"",
        "a.\"\"",
        "1a",
        "$a",
        "a-b",
        "a'b",
        "a\"b\"",
        "\"a\"b",
        "a,b",
        "a.b; DROP TABLE c",
        "a123456789012345678901234567890123456789012345678901234567890123", /* 64 bytes */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prt_error err = {0};
        const char *schema, *name;
        if (prt_ident_parse(*state, rows[i], &schema, &name, &err))
            fail_msg("read as a name: %s", rows[i]);
        assert_int_equal(err.code, PRT_ERR_VALUE);
    }
}

/* What is displayed, or quoted, reads back as the same name. */
static void
test_round_trip(void **state)
{
    static const char *const names[] = {"events", "Order",  "we\"ird", "we'ird", "a.b", "My Schema",
                                        "user",   "\u00e9", "1",       "\\",     " "};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
            const char *texts[] = {prt_ident_qualify(*state, names[i], names[k]),
                                   prt_ident_display(*state, names[i], names[k])};
            for (size_t t = 0; t < 2; t++) {
                prt_error err = {0};
                const char *schema, *name;
                assert_ok(prt_ident_parse(*state, texts[t], &schema, &name, &err), &err);
                assert_string_equal(schema, names[i]);
                assert_string_equal(name, names[k]);
            }
        }
}

static void
test_cut_on_characters(void **state)
{
    (void) state;
    assert_int_equal(prt_utf8_cut("abc", 5), 3);
    assert_int_equal(prt_utf8_cut("abc", 3), 3);
    assert_int_equal(prt_utf8_cut("abc", 2), 2);
    assert_int_equal(prt_utf8_cut("abc", 0), 0);
    assert_int_equal(prt_utf8_cut("", 3), 0);
    assert_int_equal(prt_utf8_cut("a\u00e9b", 2), 1);
    assert_int_equal(prt_utf8_cut("a\u00e9b", 3), 3);
    assert_int_equal(prt_utf8_cut("\U0001F600x", 3), 0);
    assert_int_equal(prt_utf8_cut("\U0001F600x", 4), 4);
    assert_int_equal(prt_utf8_cut("\u20ac\u20ac", 5), 3);
    assert_int_equal(prt_utf8_cut("\x80\x80\x80", 2), 0); /* not UTF-8: nothing is better than half a character */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_identifiers_are_always_quoted, support_arena_setup,
                                        support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_literals, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_display_quotes_where_needed, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_parse, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_parse_errors, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_round_trip, support_arena_setup, support_arena_teardown),
        cmocka_unit_test(test_cut_on_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
