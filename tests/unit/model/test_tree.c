#include "model/tree.h"

#include "support/world.h"

static void
names_are_found_by_binary_search(void **state)
{
    (void) state;
    const char *taken[] = {"\"a\".\"b\"", "\"a\".\"c\"", "\"s\".\"t\""}, *blocked[] = {"\"x\".\"y\""};
    prt_snapshot snapshot = {.taken = taken, .taken_length = 3, .blocked = blocked, .blocked_length = 1};
    for (int i = 0; i < 3; i++)
        assert_true(prt_snapshot_is_taken(&snapshot, taken[i]));
    assert_false(prt_snapshot_is_taken(&snapshot, "\"a\".\"bb\""));
    assert_false(prt_snapshot_is_taken(&snapshot, "\"x\".\"y\""));
    assert_true(prt_snapshot_is_blocked(&snapshot, "\"x\".\"y\""));
    assert_false(prt_snapshot_is_blocked(&(prt_snapshot) {0}, "\"x\".\"y\""));
}

typedef struct visits {
    char seen[16];
    const char *stop;
} visits;

static bool
visit(void *data, const prt_table *table)
{
    visits *v = data;
    strcat(v->seen, table->name);
    return v->stop == NULL || strcmp(v->stop, table->name) != 0;
}

static void
a_walk_goes_depth_first_and_can_stop(void **state)
{
    world w;
    world_init(&w, *state, "2025-01-01");
    prt_table *root = world_root(&w, "r", "k", "date");
    prt_table *branch = world_range(&w, root, "a", "2025-01-01", "2025-02-01");
    world_partitioned(&w, branch, 'r', "k", "date");
    world_range(&w, branch, "b", "2025-01-01", "2025-01-02");
    world_range(&w, root, "c", "2025-02-01", "2025-03-01");
    visits all = {.seen = ""}, some = {.seen = "", .stop = "b"};
    assert_true(prt_table_walk(root, visit, &all));
    assert_string_equal(all.seen, "rabc");
    assert_false(prt_table_walk(root, visit, &some));
    assert_string_equal(some.seen, "rab");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_by_binary_search),
        cmocka_unit_test_setup_teardown(a_walk_goes_depth_first_and_can_stop, support_arena_setup,
                                        support_arena_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
