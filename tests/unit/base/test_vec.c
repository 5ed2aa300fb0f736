#include "base/vec.h"
#include "support/support.h"

typedef struct pair {
    int number;
    const char *text;
} pair;

static void
test_push(void **state)
{
    PRT_VEC(pair) pairs = {0};
    for (int i = 0; i < 1000; i++)
        prt_vec_push(*state, &pairs, ((pair) {i, "x"}));
    assert_int_equal(pairs.length, 1000);
    assert_true(pairs.capacity >= 1000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(pairs.items[i].number, i);
        assert_string_equal(pairs.items[i].text, "x");
    }
}

/* An item of the array itself can be pushed while it grows. */
static void
test_push_own_item(void **state)
{
    PRT_VEC(int) numbers = {0};
    prt_vec_push(*state, &numbers, 42);
    for (int i = 0; i < 100; i++)
        prt_vec_push(*state, &numbers, numbers.items[0]);
    for (size_t i = 0; i < numbers.length; i++)
        assert_int_equal(numbers.items[i], 42);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_push, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_push_own_item, support_arena_setup, support_arena_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
