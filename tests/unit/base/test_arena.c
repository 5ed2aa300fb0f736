#include "support/support.h"

static void
test_alloc(void **state)
{
    prt_arena *arena = *state;
    assert_int_equal(prt_arena_used(arena), 0);
    size_t total = 0;
    for (size_t size = 0; size < 5000; size += 7) {
        char *memory = prt_arena_alloc(arena, size);
        assert_non_null(memory);
        assert_int_equal((uintptr_t) memory % 16, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xff, size); /* so that a later overlap is seen as bytes that are not zero */
        total += size;
    }
    assert_true(prt_arena_used(arena) >= total);
}

static void
test_large(void **state)
{
    char *large = prt_arena_alloc(*state, 5 << 20), *small = prt_arena_alloc(*state, 1);
    large[0] = large[(5 << 20) - 1] = 'x';
    assert_int_equal(*small, 0);
    int *numbers = prt_arena_array(*state, 1000, sizeof *numbers);
    assert_int_equal(numbers[999], 0);
}

static void
test_texts(void **state)
{
    prt_arena *arena = *state;
    assert_null(prt_arena_strdup(arena, NULL));
    assert_string_equal(prt_arena_strdup(arena, ""), "");
    assert_string_equal(prt_arena_strndup(arena, "abcdef", 3), "abc");
    assert_string_equal(prt_arena_printf(arena, "%s-%d", "a", 5), "a-5");
    assert_string_equal(prt_arena_printf(arena, "%s", ""), "");
    char long_text[9000];
    memset(long_text, 'y', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    assert_string_equal(prt_arena_printf(arena, "%s", long_text), long_text);
    prt_arena_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_alloc, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_large, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_texts, support_arena_setup, support_arena_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
