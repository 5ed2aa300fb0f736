/*
 * Random trees below a table by days, damaged at random: one plan repairs them, and a second one finds nothing to do. The seed is
 * printed; PARTRUN_SEED sets it, PARTRUN_ROUNDS the number of trees.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "support/world.h"

#define TZ "timestamp with time zone"

static uint64_t state_of_random;

static size_t
below(size_t limit)
{
    state_of_random ^= state_of_random << 13;
    state_of_random ^= state_of_random >> 7;
    state_of_random ^= state_of_random << 17;
    return (size_t) (state_of_random % limit);
}

static uint64_t
number_from(const char *name, uint64_t other)
{
    const char *text = getenv(name);
    return text == NULL ? other : strtoull(text, NULL, 10);
}

static const prt_tenant values[] = {{.id = "a"}, {.id = "a b"}, {.id = "a_b"}, {.id = "A"}, {.id = "ü"}, {.id = ""}};

/* Some leaves go; of a hash level, others of a larger modulus take the place of a part. */
static void
damage(world *w, prt_table *root)
{
    for (size_t i = 0; i < root->parent->children_length; i++) {
        prt_table *branch = root->parent->children[i];
        for (size_t j = branch->parent->children_length; j-- > 0;) {
            const prt_table *leaf = branch->parent->children[j];
            const prt_bound bound = leaf->bound;
            if (below(3) != 0)
                continue;
            world_detach(branch, leaf);
            int factor = (int) below(3) + 2;
            if (bound.kind == PRT_BOUND_HASH && bound.modulus == w->spec.subpartition.modulus && below(2) == 0)
                world_child(w, branch, prt_arena_printf(w->arena, "odd%u", w->next_oid),
                            prt_arena_printf(w->arena, "FOR VALUES WITH (modulus %d, remainder %d)",
                                             bound.modulus * (factor == 3 ? 2 : factor),
                                             bound.remainder + bound.modulus));
        }
        if (branch->parent->children_length > 0 && below(8) == 0)
            branch->parent->children_length = 0;
    }
}

static void
assert_hash(const prt_parent *p)
{
    int most = 1;
    for (size_t i = 0; i < p->children_length; i++)
        most = p->children[i]->bound.modulus > most ? p->children[i]->bound.modulus : most;
    for (int k = 0; k < most; k++) {
        int times = 0;
        for (size_t i = 0; i < p->children_length; i++)
            times += k % p->children[i]->bound.modulus == p->children[i]->bound.remainder;
        assert_int_equal(times, 1);
    }
}

static void
assert_list(const prt_parent *p, size_t wanted)
{
    assert_int_equal(p->children_length, wanted);
    for (size_t v = 0; v < wanted; v++) {
        int times = 0;
        for (size_t i = 0; i < p->children_length; i++)
            times += strcmp(p->children[i]->bound.values[0].text, values[v].id) == 0;
        assert_int_equal(times, 1);
    }
}

/* Every cell that has not expired has both its ends among the bounds: nothing else begins or ends in between. */
static void
assert_range(const prt_table *branch, const char *cutoff)
{
    const prt_parent *p = branch->parent;
    const char *at = branch->bound.from[0].text, *end = branch->bound.to[0].text;
    at = strcmp(at, cutoff) < 0 ? cutoff : at;
    for (size_t guard = 0; strcmp(at, end) < 0; guard++) {
        const char *next = NULL;
        for (size_t i = 0; i < p->children_length && next == NULL; i++)
            if (strcmp(p->children[i]->bound.from[0].text, at) <= 0 && strcmp(p->children[i]->bound.to[0].text, at) > 0)
                next = p->children[i]->bound.to[0].text;
        if (next == NULL || guard > 1000)
            fail_msg("%s has no cell at %s", branch->name, at);
        at = next;
    }
}

static void
assert_names_differ(const prt_table *root)
{
    for (size_t i = 0; i < root->parent->children_length; i++) {
        const prt_parent *p = root->parent->children[i]->parent;
        for (size_t j = 0; j < p->children_length; j++) {
            assert_in_range(strlen(p->children[j]->name), 1, 63);
            for (size_t k = 0; k < j; k++)
                assert_string_not_equal(p->children[j]->name, p->children[k]->name);
        }
    }
}

static void
assert_quiet(world *w, const prt_plan *plan)
{
    for (size_t i = 0; i < plan->sets.length; i++)
        assert_string_equal(world_findings(w, plan, i), "");
}

static void
round_of(prt_arena *arena)
{
    static const char *const names[] = {"t", "a_name_that_is_as_long_as_a_name_can_be_and_one_more_ÄÖÜ"};
    static const char *const intervals[] = {"1 hour", "7 hours", "1 day", "3 hours"};
    world w;
    world_init(&w, arena, "2026-03-12 12:00");
    prt_table *root = world_root(&w, names[below(2)], "at", TZ);
    size_t kind = below(3);
    w.spec.interval = world_interval(below(2) == 0 ? "1 week" : "2 days");
    w.spec.premake = (int64_t) below(3);
    w.spec.max_drop.kind = PRT_DROP_ALL;
    w.spec.retention = (prt_retention) {.kind = below(2) == 0 ? PRT_KEEP : PRT_KEEP_AGE,
                                        .age = world_interval("3 days")};
    w.spec.subpartition = (prt_sub_spec) {.kind = kind == 0   ? PRT_SUB_HASH
                                                  : kind == 1 ? PRT_SUB_LIST
                                                              : PRT_SUB_RANGE,
                                          .column = kind == 2 ? "at" : "other",
                                          .modulus = (int) below(6) + 1,
                                          .list = values,
                                          .list_length = below(6) + 1,
                                          .interval = world_interval(intervals[below(4)])};
    bool retires = w.spec.retention.kind == PRT_KEEP_AGE;
    for (int day = 0; day < 4; day++) {
        world_apply(&w, world_plan(&w, NULL));
        damage(&w, root);
        w.snapshot.now += (int64_t) (below(3) + 1) * 86400 * 1000000;
        prt_plan *plan = world_plan(&w, NULL);
        assert_quiet(&w, plan);
        world_apply(&w, plan);
        plan = world_plan(&w, NULL);
        assert_int_equal(prt_plan_operations(plan), 0);
        assert_quiet(&w, plan);
        assert_names_differ(root);
        const char *cutoff = !retires ? ""
                                      : prt_arena_printf(
                                            arena, "%.10s 12:00:00+00",
                                            prt_instant_format(arena, w.snapshot.now - INT64_C(3) * 86400 * 1000000));
        for (size_t i = 0; i < root->parent->children_length; i++) {
            const prt_table *branch = root->parent->children[i];
            if (kind == 0)
                assert_hash(branch->parent);
            else if (kind == 1)
                assert_list(branch->parent, w.spec.subpartition.list_length);
            else
                assert_range(branch, cutoff);
        }
    }
}

static void
damaged_trees_are_repaired(void **state)
{
    (void) state;
    uint64_t rounds = number_from("PARTRUN_ROUNDS", 200), seed = number_from("PARTRUN_SEED", (uint64_t) time(NULL));
    for (uint64_t i = 0; i < rounds; i++) {
        state_of_random = (seed + i) * UINT64_C(0x9E3779B97F4A7C15) | 1;
        print_message("%s", i == 0 ? prt_arena_printf(*state, "           seed %" PRIu64 "\n", seed) : "");
        prt_arena *arena = prt_arena_new();
        round_of(arena);
        prt_arena_free(arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(damaged_trees_are_repaired, support_arena_setup, support_arena_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
