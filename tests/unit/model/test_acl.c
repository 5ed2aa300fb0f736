#include "model/acl.h"

#include "support/support.h"

static void
privileges_are_read(void **state)
{
    prt_grant *g;
    size_t n;
    prt_error err = {0};
    assert_ok(prt_acl_parse(*state, "{alice=arwdDxt/alice,bob=r*w/alice,=r/alice}", &g, &n, &err), &err);
    assert_int_equal(n, 4);
    assert_string_equal(g[0].grantee, "alice");
    assert_string_equal(g[0].privileges, "INSERT, SELECT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER");
    assert_string_equal(g[1].privileges, "UPDATE");
    assert_false(g[1].grantable);
    assert_string_equal(g[2].privileges, "SELECT");
    assert_true(g[2].grantable);
    assert_null(g[3].grantee);
}

static void
hostile_roles_are_read(void **state)
{
    prt_grant *g;
    size_t n;
    prt_error err = {0};
    assert_ok(prt_acl_parse(*state, "{\"\\\"we\\\"\\\"ird, =/}\\\\x\\\"=r/\\\"a b\\\"\",x=m/x}", &g, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_string_equal(g[0].grantee, "we\"ird, =/}\\x");
    assert_string_equal(g[0].privileges, "SELECT");
    assert_string_equal(g[1].privileges, "MAINTAIN");
}

static void
nothing_and_nonsense(void **state)
{
    prt_grant *g;
    size_t n = 9;
    prt_error err = {0};
    assert_ok(prt_acl_parse(*state, NULL, &g, &n, &err), &err);
    assert_int_equal(n, 0);
    assert_ok(prt_acl_parse(*state, "{}", &g, &n, &err), &err);
    assert_int_equal(n, 0);
    const char *const bad[] = {"alice=r/alice", "{alice}", "{alice=q/alice}", "{\"}", "{a"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        prt_error e = {0};
        assert_false(prt_acl_parse(*state, bad[i], &g, &n, &e));
        assert_int_equal(e.code, PRT_ERR_VALUE);
    }
}

static bool
same(prt_arena *arena, const char *a, const char *b)
{
    bool out = false;
    prt_error err = {0};
    assert_ok(prt_acl_same(arena, a, "own", b, "other", &out, &err), &err);
    return out;
}

static void
owners_do_not_count_when_compared(void **state)
{
    assert_true(same(*state, NULL, NULL));
    assert_true(same(*state, NULL, "{other=arwdDxt/other}"));
    assert_true(same(*state, "{own=arwdDxt/own,bob=r*w/own,=r/own}", "{=r/other,bob=r*w/other}"));
    assert_true(same(*state, "{bob=r/own,bob=w/x}", "{bob=rw/other}"));
    assert_false(same(*state, "{own=r/own,bob=r/own}", NULL));
    assert_false(same(*state, NULL, "{bob=r/other}"));
    assert_false(same(*state, "{bob=rw/own}", "{bob=r/other}"));
    assert_false(same(*state, "{bob=r*/own}", "{bob=r/other}"));
    assert_false(same(*state, "{=r/own}", "{bob=r/other}"));
    bool out;
    prt_error err = {0};
    assert_false(prt_acl_same(*state, "{bob=q/own}", "own", NULL, "own", &out, &err));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, support_arena_setup, support_arena_teardown)
    const struct CMUnitTest tests[] = {TEST(privileges_are_read), TEST(hostile_roles_are_read),
                                       TEST(nothing_and_nonsense), TEST(owners_do_not_count_when_compared)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
