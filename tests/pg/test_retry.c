/* Retries as pure functions; the waiting itself is tested in test_isolation.c. */
#include <stdio.h>

#include "pg/retry.h"
#include "support/support.h"

static prt_error
with_state(const char *sqlstate)
{
    prt_error err = {.code = PRT_ERR_SQL};
    snprintf(err.sqlstate, sizeof err.sqlstate, "%s", sqlstate);
    return err;
}

static void
test_only_transient_failures_are_worth_it(void **state)
{
    (void) state;
    static const char *const worth[] = {"55P03", "40P01", "40001"};
    static const char *const not_worth[] = {"57014", "42501", "42P07", "23514", "23503", "53200", "55000", ""};
    for (size_t i = 0; i < sizeof worth / sizeof *worth; i++) {
        prt_error err = with_state(worth[i]);
        assert_true(prt_retry_worth(&err));
        err.code = PRT_ERR_CONNECT;
        assert_false(prt_retry_worth(&err));
    }
    for (size_t i = 0; i < sizeof not_worth / sizeof *not_worth; i++) {
        prt_error err = with_state(not_worth[i]);
        assert_false(prt_retry_worth(&err));
    }
}

static void
test_delays_grow_up_to_a_limit(void **state)
{
    (void) state;
    assert_int_equal(prt_retry_delay(1, 0), 100000);
    assert_int_equal(prt_retry_delay(2, 0), 200000);
    assert_int_equal(prt_retry_delay(6, 0), 3200000);
    assert_int_equal(prt_retry_delay(7, 0), 5000000);
    assert_int_equal(prt_retry_delay(1000000, 0), 5000000);
}

static void
test_jitter_takes_away_up_to_a_half(void **state)
{
    (void) state;
    uint64_t random = 42;
    int64_t least = INT64_MAX, most = 0;
    for (int i = 0; i < 10000; i++) {
        int64_t delay = prt_retry_delay(3, prt_retry_random(&random));
        assert_true(delay >= 200000 && delay <= 400000);
        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
    }
    assert_true(least < 210000 && most > 390000);
}

static void
test_the_same_seed_gives_the_same_numbers(void **state)
{
    (void) state;
    uint64_t a = 7, b = 7, c = 8;
    for (int i = 0; i < 100; i++) {
        uint64_t x = prt_retry_random(&a);
        assert_true(x == prt_retry_random(&b));
        assert_true(x != prt_retry_random(&c));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_transient_failures_are_worth_it),
        cmocka_unit_test(test_delays_grow_up_to_a_limit),
        cmocka_unit_test(test_jitter_takes_away_up_to_a_half),
        cmocka_unit_test(test_the_same_seed_gives_the_same_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
