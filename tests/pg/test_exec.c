/* How statements become transactions, and batches wait for their turn; without a server. */
#include "pg/exec_batch.h"
#include "support/support.h"

static void
test_groups_end_at_breaks_and_around_lone_statements(void **state)
{
    (void) state;
    const prt_statement s[] = {{"marker", PRT_EARLY},
                               {"detach", PRT_ALONE | PRT_LONG},
                               {"check", PRT_BREAK},
                               {"drop", 0},
                               {"more", PRT_BREAK}};
    assert_int_equal(prt_group_end(s, 5, 0), 1);
    assert_int_equal(prt_group_end(s, 5, 1), 2);
    assert_int_equal(prt_group_end(s, 5, 2), 4);
    assert_int_equal(prt_group_end(s, 5, 4), 5);
    assert_int_equal(prt_group_end(s, 1, 0), 1);
}

static prt_script
script_of(prt_arena *arena, const char *flags)
{
    prt_script script = {.statement_ms = 3000};
    for (int i = 0; flags[i] != '\0'; i++) {
        prt_statement s = {.sql = flags[i] == 'l' ? "long" : "short", .flags = flags[i] == 'l' ? PRT_LONG : 0};
        prt_script_add(arena, &script, &s, i);
    }
    return script;
}

static void
assert_script(const prt_script *script, bool lifted, const char *const *sql, const int *owners, size_t length)
{
    assert_int_equal(script->lifted, lifted);
    assert_int_equal(script->sql.length, length);
    for (size_t i = 0; i < length; i++) {
        assert_string_equal(script->sql.items[i], sql[i]);
        assert_int_equal(prt_script_owner(script, i), owners[i]);
    }
    assert_int_equal(prt_script_owner(script, length), PRT_OWNER_NONE);
}

#define LIFT "SET LOCAL statement_timeout = 0"
#define LOWER "SET LOCAL statement_timeout = 3000"

static void
test_long_statements_alone_go_without_a_timeout(void **state)
{
    prt_script plain = script_of(*state, "ss"), mixed = script_of(*state, "slls"), first = script_of(*state, "ls");
    assert_script(&plain, false, (const char *const[]) {"short", "short"}, (const int[]) {0, 1}, 2);
    assert_script(&mixed, true, (const char *const[]) {LOWER, "short", LIFT, "long", "long", LOWER, "short"},
                  (const int[]) {-1, 0, -1, 1, 2, -1, 3}, 7);
    assert_script(&first, true, (const char *const[]) {"long", LOWER, "short"}, (const int[]) {0, -1, 1}, 3);
}

static void
test_the_journals_row_belongs_to_no_operation(void **state)
{
    prt_script script = script_of(*state, "s");
    prt_script_journal(*state, &script, NULL);
    assert_int_equal(script.sql.length, 1);
    prt_script_journal(*state, &script, "INSERT");
    assert_int_equal(prt_script_owner(&script, 1), PRT_OWNER_JOURNAL);
}

static prt_batch *
batch_of(prt_arena *arena, size_t first_set, size_t second_set, int64_t not_before)
{
    prt_task tasks[] = {{.set = first_set}, {.set = second_set}};
    prt_batch *batch = prt_batch_new(arena, PRT_STAGE_WHOLE, tasks, first_set == second_set ? 1 : 2);
    batch->not_before = not_before;
    return batch;
}

static void
test_a_waiting_batch_holds_up_only_its_own_sets(void **state)
{
    prt_queue queue = {0};
    prt_batch *waiting = batch_of(*state, 1, 1, 100), *same = batch_of(*state, 0, 1, 0),
              *other = batch_of(*state, 2, 2, 0);
    prt_queue_append(&queue, same);
    prt_queue_append(&queue, other);
    prt_queue_prepend(&queue, waiting);
    int64_t wake = 0;
    assert_ptr_equal(prt_queue_take(&queue, 50, &wake), other);
    assert_int_equal(wake, 100);
    assert_null(prt_queue_take(&queue, 50, &wake));
    assert_ptr_equal(prt_queue_take(&queue, 100, &wake), waiting);
    assert_ptr_equal(prt_queue_take(&queue, 100, &wake), same);
    wake = 0;
    assert_null(prt_queue_take(&queue, 100, &wake));
    assert_int_equal(wake, 0);
    prt_queue_append(&queue, other);
    assert_ptr_equal(prt_queue_take(&queue, 100, &wake), other);
}

static void
test_the_earliest_of_several_waits_counts(void **state)
{
    prt_queue queue = {0};
    prt_queue_append(&queue, batch_of(*state, 0, 0, 300));
    prt_queue_append(&queue, batch_of(*state, 1, 1, 200));
    int64_t wake = 0;
    assert_null(prt_queue_take(&queue, 50, &wake));
    assert_int_equal(wake, 200);
}

int
main(void)
{
#define UNIT(f) cmocka_unit_test_setup_teardown(f, support_arena_setup, support_arena_teardown)
    const struct CMUnitTest tests[] = {
        UNIT(test_groups_end_at_breaks_and_around_lone_statements),
        UNIT(test_long_statements_alone_go_without_a_timeout),
        UNIT(test_the_journals_row_belongs_to_no_operation),
        UNIT(test_a_waiting_batch_holds_up_only_its_own_sets),
        UNIT(test_the_earliest_of_several_waits_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
