/* Whether a RANGE key's first column is a tenant's. */
#include "model/axis.h"
#include "support/support.h"

typedef struct parent_fixture {
    prt_parent parent;
    prt_key_column key[2];
    prt_table tables[4];
    prt_table *children[4];
} parent_fixture;

static prt_parent *
make_parent(prt_arena *arena, const char *const *bounds)
{
    parent_fixture *f = PRT_NEW(arena, parent_fixture);
    f->key[0].name = "a";
    f->key[1].name = "b";
    f->parent = (prt_parent) {.strategy = 'r', .columns = 2, .key = f->key, .children = f->children};
    for (size_t i = 0; bounds[i] != NULL; i++) {
        prt_error err = {0};
        assert_ok(prt_bound_parse(arena, bounds[i], &f->tables[i].bound, &err), &err);
        f->children[f->parent.children_length++] = &f->tables[i];
    }
    return &f->parent;
}

static void
test_axis(void **state)
{
    static const char *const exact[] = {"FOR VALUES FROM ('it''s', MINVALUE) TO ('it''s', '2025-01-01')",
                                        "FOR VALUES FROM ('b', '2025-01-01') TO ('b', MAXVALUE)",
                                        "FOR VALUES FROM ('b', MAXVALUE) TO ('d', MINVALUE)", NULL};
    static const char *const plain[] = {"FOR VALUES FROM ('2025-01-01', MINVALUE) TO ('2025-01-02', MINVALUE)",
                                        "FOR VALUES FROM (MINVALUE, MINVALUE) TO ('2025-01-01', MINVALUE)", "DEFAULT",
                                        NULL};
    static const char *const single[] = {"FOR VALUES FROM (1) TO (2)", "DEFAULT", NULL};
    static const char *const none[] = {NULL};
    prt_parent *parent = make_parent(*state, exact);
    assert_int_equal(prt_parent_axis(parent), 1);
    assert_string_equal(prt_bound_tenant(&parent->children[0]->bound), "it's");
    assert_null(prt_bound_tenant(&parent->children[2]->bound));
    parent = make_parent(*state, plain);
    assert_int_equal(prt_parent_axis(parent), 0);
    assert_null(prt_bound_tenant(&parent->children[1]->bound));
    assert_null(prt_bound_tenant(&parent->children[2]->bound));
    assert_int_equal(prt_parent_axis(make_parent(*state, single)), 0);
    assert_int_equal(prt_parent_axis(make_parent(*state, none)), 0);
    parent = make_parent(*state, exact);
    parent->key[1].name = NULL; /* an expression */
    assert_int_equal(prt_parent_axis(parent), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_axis, support_arena_setup, support_arena_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
