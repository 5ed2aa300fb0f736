#include "support/support.h"

#include "base/utf8.h"

static void
test_first_wins(void **state)
{
    (void) state;
    prt_error err = {0};
    assert_false(prt_fail(&err, PRT_ERR_SQL, "first %d", 1));
    assert_false(prt_fail_hint(&err, "do %s", "this"));
    assert_false(prt_fail_object(&err, "table %s", "t"));
    assert_false(prt_fail(&err, PRT_ERR_IO, "second"));
    assert_false(prt_fail_hint(&err, "no"));
    assert_false(prt_fail_object(&err, "no"));
    assert_int_equal(err.code, PRT_ERR_SQL);
    assert_string_equal(err.message, "first 1");
    assert_string_equal(err.hint, "do this");
    assert_string_equal(err.object, "table t");
    assert_string_equal(err.sqlstate, "");
}

/* A text that is too long ends after a whole character. */
static void
test_long_messages(void **state)
{
    (void) state;
    static const char *const units[] = {"x", "é", "€", "𝄞"};
    for (int u = 0; u < 4; u++)
        for (int shift = 0; shift < 4; shift++) {
            char text[3000] = "";
            memset(text, '.', (size_t) shift);
            while (strlen(text) < 2000)
                strcat(text, units[u]);
            prt_error err = {0};
            prt_fail(&err, PRT_ERR_VALUE, "%s", text);
            size_t length = strlen(err.message);
            assert_true(length < sizeof err.message && length >= sizeof err.message - 1 - 3);
            assert_memory_equal(err.message, text, length);
            for (size_t i = 0; i < length; i += prt_utf8_length(err.message + i, length - i))
                assert_true(prt_utf8_length(err.message + i, length - i) > 0);
            prt_fail_object(&err, "%s", text);
            assert_true(strlen(err.object) >= sizeof err.object - 4);
        }
    prt_error exact = {0};
    char fits[1024];
    memset(fits, 'y', 1023);
    fits[1023] = '\0';
    prt_fail(&exact, PRT_ERR_VALUE, "%s", fits);
    assert_string_equal(exact.message, fits);
}

static void
test_utf8(void **state)
{
    (void) state;
    static const struct {
        const char *text, *repaired;
    } rows[] = {
        {"", ""},
        {"plain é€𝄞", "plain é€𝄞"},
        {"caf\xe9", "caf?"}, /* Latin-1 */
        {"\xc0\x80", "??"},  /* overlong */
        {"\xe0\x80\x80", "???"},
        {"\xed\xa0\x80", "???"},      /* a surrogate */
        {"\xf4\x90\x80\x80", "????"}, /* past U+10FFFF */
        {"\xf0\x9d\x84", "???"},      /* cut short */
        {"\x80x\xe2\x82y", "?x??y"},
        {"\xff\xfe", "??"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char copy[64];
        strcpy(copy, rows[i].text);
        prt_utf8_repair(copy);
        assert_string_equal(copy, rows[i].repaired);
    }
}

static void
test_names(void **state)
{
    (void) state;
    for (int code = PRT_OK; code <= PRT_ERR_FAILED; code++) {
        assert_non_null(prt_code_name((prt_code) code));
        for (int other = PRT_OK; other < code; other++)
            assert_string_not_equal(prt_code_name((prt_code) code), prt_code_name((prt_code) other));
    }
    assert_string_equal(prt_code_name(PRT_ERR_TIMEOUT), "timeout");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_wins),
        cmocka_unit_test(test_long_messages),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
