#include "base/buf.h"
#include "support/support.h"

static void
test_appends(void **state)
{
    prt_buf buf;
    prt_buf_init(&buf, *state);
    assert_string_equal(buf.data, "");
    prt_buf_str(&buf, "ab");
    prt_buf_char(&buf, 'c');
    prt_buf_mem(&buf, "d\0e", 3);
    prt_buf_fmt(&buf, "%03d", 7);
    prt_buf_fmt(&buf, "%s", "");
    assert_int_equal(buf.length, 9);
    assert_memory_equal(buf.data, "abcd\0e007", 10);
}

/* At every length around the capacity, the text stays whole and ended. */
static void
test_growth(void **state)
{
    prt_buf by_char, by_format;
    prt_buf_init(&by_char, *state);
    prt_buf_init(&by_format, *state);
    for (int i = 0; i < 3000; i++) {
        prt_buf_char(&by_char, (char) ('a' + i % 26));
        prt_buf_fmt(&by_format, "%c", 'a' + i % 26);
        assert_int_equal(strlen(by_char.data), i + 1);
        assert_int_equal(by_format.length, i + 1);
    }
    assert_string_equal(by_char.data, by_format.data);
    prt_buf_str(&by_char, by_char.data); /* its own text: the old one lives on in the arena */
    assert_int_equal(by_char.length, 6000);
    assert_memory_equal(by_char.data + 3000, by_format.data, 3001);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_appends, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_growth, support_arena_setup, support_arena_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
