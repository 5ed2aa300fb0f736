#include "base/hash.h"
#include "support/support.h"

/* Published values of FNV-1a, 64 bits. */
static void
test_known(void **state)
{
    (void) state;
    assert_true(prt_hash_mem(PRT_HASH_INIT, "", 0) == UINT64_C(0xcbf29ce484222325));
    assert_true(prt_hash_mem(PRT_HASH_INIT, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(prt_hash_mem(PRT_HASH_INIT, "foobar", 6) == UINT64_C(0x85944171f73967e8));
}

/* The NUL keeps neighbours apart. */
static void
test_texts(void **state)
{
    (void) state;
    uint64_t one = prt_hash_str(prt_hash_str(PRT_HASH_INIT, "ab"), "c");
    uint64_t other = prt_hash_str(prt_hash_str(PRT_HASH_INIT, "a"), "bc");
    assert_true(one != other);
    assert_true(prt_hash_str(PRT_HASH_INIT, NULL) == prt_hash_str(PRT_HASH_INIT, ""));
    assert_true(prt_hash_str(PRT_HASH_INIT, "a") == prt_hash_mem(PRT_HASH_INIT, "a", 2));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known), cmocka_unit_test(test_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
