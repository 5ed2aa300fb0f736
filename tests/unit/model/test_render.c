#include "model/render.h"

#include "support/world.h"

#define TZ "timestamp with time zone"

static const prt_operation *
operation(const prt_plan *plan, size_t index)
{
    assert_true(index < plan->sets.items[0].operations.length);
    return &plan->sets.items[0].operations.items[index];
}

static void
assert_sql(const prt_operation *o, size_t index, const char *expected, unsigned flags)
{
    assert_true(index < o->statements_length);
    assert_string_equal(o->statements[index].sql, expected);
    assert_int_equal(o->statements[index].flags, flags);
}

static bool
says(const prt_operation *o, const char *part)
{
    for (size_t i = 0; i < o->statements_length; i++)
        if (strstr(o->statements[i].sql, part) != NULL)
            return true;
    return false;
}

/* An empty daily set with a hostile name, premake 0. */
static prt_table *
hostile(world *w, prt_arena *arena)
{
    world_init(w, arena, "2026-03-12 09:00");
    prt_table *t = world_root(w, "we'ird\"t", "Order", TZ);
    t->schema = "My Schema";
    w->spec.premake = 0;
    w->spec.naming.text = "{table}{from:%d}";
    return t;
}

static void
creation_is_like_and_attach(void **state)
{
    world w;
    hostile(&w, *state);
    const prt_operation *o = operation(world_plan(&w, NULL), 0);
    assert_int_equal(o->statements_length, 2);
    assert_sql(
        o, 0,
        "CREATE TABLE \"My Schema\".\"we'ird\"\"t12\" (LIKE \"My Schema\".\"we'ird\"\"t\" INCLUDING ALL EXCLUDING "
        "IDENTITY)",
        0);
    assert_sql(
        o, 1,
        "ALTER TABLE \"My Schema\".\"we'ird\"\"t\" ATTACH PARTITION \"My Schema\".\"we'ird\"\"t12\" FOR VALUES FROM "
        "('2026-03-12 00:00:00+00') TO ('2026-03-13 00:00:00+00')",
        0);
    assert_string_equal(o->lock, "ShareUpdateExclusiveLock");
}

static void
what_like_does_not_carry_over(void **state)
{
    world w;
    prt_table *t = hostile(&w, *state);
    prt_storage storage[] = {{"fillfactor", "70"}, {"toast.autovacuum_enabled", "false"}};
    prt_row_policy policy = {.name = "mine\"",
                             .permissive = false,
                             .command = "SELECT",
                             .roles = "PUBLIC",
                             .using_sql = "(tenant = CURRENT_USER)"};
    w.spec.template_table = "\"My Schema\".Template";
    w.spec.storage = storage;
    w.spec.storage_length = 2;
    w.spec.inherit_privileges = w.spec.inherit_rls = true;
    t->parent->tablespace = "fast disk";
    t->parent->owner = "Owner";
    t->parent->replica_identity = 'f';
    t->parent->acl = "{Owner=arwdDxt/Owner,=r/Owner,bob=r*/Owner}";
    t->parent->row_security = t->parent->force_row_security = true;
    t->parent->policies = &policy;
    t->parent->policies_length = 1;
    const prt_operation *o = operation(world_plan(&w, NULL), 0);
    const char *const expected[] = {
        "CREATE TABLE \"My Schema\".\"we'ird\"\"t12\" (LIKE \"My Schema\".\"template\" INCLUDING ALL EXCLUDING "
        "IDENTITY)"
        " WITH (\"fillfactor\" = '70', \"toast\".\"autovacuum_enabled\" = 'false') TABLESPACE \"fast disk\"",
        "ALTER TABLE \"My Schema\".\"we'ird\"\"t12\" REPLICA IDENTITY FULL",
        "GRANT SELECT ON TABLE \"My Schema\".\"we'ird\"\"t12\" TO PUBLIC",
        "GRANT SELECT ON TABLE \"My Schema\".\"we'ird\"\"t12\" TO \"bob\" WITH GRANT OPTION",
        ("CREATE POLICY \"mine\"\"\" ON \"My Schema\".\"we'ird\"\"t12\" AS RESTRICTIVE FOR SELECT TO PUBLIC"
         " USING ((tenant = CURRENT_USER))"),
        "ALTER TABLE \"My Schema\".\"we'ird\"\"t12\" ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE \"My Schema\".\"we'ird\"\"t12\" FORCE ROW LEVEL SECURITY",
        "ALTER TABLE \"My Schema\".\"we'ird\"\"t12\" OWNER TO \"Owner\"",
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_sql(o, i, expected[i], 0);
    assert_int_equal(o->statements_length, 9);
    w.spec.tablespace = "slow";
    assert_true(says(operation(world_plan(&w, NULL), 0), "TABLESPACE \"slow\""));
}

static void
a_replica_index_is_found_after_the_attach(void **state)
{
    world w;
    prt_table *t = hostile(&w, *state);
    t->parent->replica_identity = 'i';
    t->parent->replica_index = "idx'%";
    const prt_operation *o = operation(world_plan(&w, NULL), 0);
    assert_int_equal(o->statements_length, 3);
    assert_non_null(strstr(o->statements[2].sql, "h.inhparent = '\"My Schema\".\"idx''%\"'::pg_catalog.regclass"));
    t->name = "a%b$partrun$"; /* neither format() nor the dollar quotes are confused */
    o = operation(world_plan(&w, NULL), 0);
    assert_memory_equal(o->statements[2].sql, "DO 'DECLARE", 11);
    assert_non_null(strstr(o->statements[2].sql, "a%%b$partrun$12"));
}

static void
made_in_two_halves(void **state)
{
    world w;
    hostile(&w, *state);
    prt_plan *plan = world_plan(&w, NULL);
    const prt_operation *o = operation(plan, 0);
    prt_statement *make, *attach;
    size_t makes, attaches;
    prt_render_make(*state, &w.snapshot, &plan->sets.items[0], o, &make, &makes, &attach, &attaches);
    assert_int_equal(makes, 2);
    assert_int_equal(attaches, 2);
    assert_string_equal(make[0].sql, o->statements[0].sql);
    assert_string_equal(attach[0].sql, o->statements[1].sql);
    assert_string_equal(attach[1].sql, "COMMENT ON TABLE \"My Schema\".\"we'ird\"\"t12\" IS NULL");
    const char *text = strstr(make[1].sql, "partrun:");
    assert_non_null(text);
    assert_non_null(strstr(text, "\"making\""));
    assert_non_null(strstr(text, "2026-03-12 00:00:00+00"));
}

static void
rows_are_drained_in_one_transaction(void **state)
{
    world w;
    prt_table *t = hostile(&w, *state);
    t->parent->columns = 2;
    t->parent->key[1] = (prt_key_column) {.name = "id", .type = "bigint"};
    prt_table *d = world_child(&w, t, "def", "DEFAULT");
    d->bytes = INT64_C(100) << 20;
    world_child(&w, t, "a", "FOR VALUES FROM ('2026-03-11 00:00:00+00', '1') TO ('2026-03-12 03:00:00+00', '5')");
    const char *columns[] = {"id", "Order", NULL}, *blocked[] = {NULL};
    t->parent->columns_list = columns;
    w.spec.naming.text = NULL;
    w.spec.default_partition = PRT_DEFAULT_DRAIN;
    prt_plan *plan = world_plan(&w, NULL);
    for (size_t i = 0; i < plan->sets.items[0].operations.length; i++)
        if (operation(plan, i)->op == PRT_OP_CREATE && strcmp(operation(plan, i)->reason, "current") == 0)
            blocked[0] = prt_ident_qualify(*state, "My Schema", operation(plan, i)->name);
    w.snapshot.blocked = blocked;
    w.snapshot.blocked_length = 1;
    plan = world_plan(&w, NULL);
    const prt_operation *o = NULL;
    for (size_t i = 0; i < plan->sets.items[0].operations.length; i++)
        if (operation(plan, i)->op == PRT_OP_DRAIN)
            o = operation(plan, i);
    assert_non_null(o);
    assert_int_equal(o->statements_length, 8);
    assert_sql(o, 0, "LOCK TABLE ONLY \"My Schema\".\"we'ird\"\"t\" IN SHARE UPDATE EXCLUSIVE MODE", 0);
    assert_non_null(
        strstr(o->statements[3].sql,
               "DELETE FROM ONLY \"My Schema\".\"def\" WHERE (\"Order\", \"id\") >= ('2026-03-12 03:00:00+00', '5')"
               " AND \"Order\" < '2026-03-13 00:00:00+00' AND \"id\" IS NOT NULL RETURNING \"id\", \"Order\")"));
    assert_int_equal(o->statements[3].flags, PRT_LONG);
    assert_sql(o, 4, "LOCK TABLE ONLY \"My Schema\".\"we'ird\"\"t\", \"My Schema\".\"def\" IN ACCESS EXCLUSIVE MODE",
               0);
    assert_string_equal(o->lock, "AccessExclusiveLock");
    assert_string_equal(o->statements[5].sql, o->statements[3].sql);
    assert_int_equal(o->statements[7].flags, PRT_LONG); /* ATTACH scans the default partition */
    for (size_t i = 0; i < o->statements_length; i++)
        assert_int_equal(o->statements[i].flags & (PRT_ALONE | PRT_BREAK), 0);
}

static void
what_is_made_is_not_made_again(void **state)
{
    world w;
    prt_table *t = hostile(&w, *state);
    world_waiting(&w, t, "we'ird\"t12", "making", "2026-03-12 00:00:00+00", "2026-03-13 00:00:00+00",
                  "2026-03-12 08:00");
    prt_plan *plan = world_plan(&w, NULL);
    const prt_operation *o = operation(plan, 0);
    assert_int_equal(o->statements_length, 2);
    assert_sql(o, 1, "COMMENT ON TABLE \"My Schema\".\"we'ird\"\"t12\" IS NULL", 0);
    prt_statement *make, *attach;
    size_t makes, attaches;
    prt_render_make(*state, &w.snapshot, &plan->sets.items[0], o, &make, &makes, &attach, &attaches);
    assert_int_equal(makes, 0);
    assert_int_equal(attaches, 2);
    assert_string_equal(attach[1].sql, o->statements[1].sql);
    /* Nor where rows have to be moved into it. */
    world_child(&w, t, "def", "DEFAULT");
    const char *blocked[] = {"\"My Schema\".\"we'ird\"\"t12\""};
    w.snapshot.blocked = blocked;
    w.snapshot.blocked_length = 1;
    w.spec.default_partition = PRT_DEFAULT_DRAIN;
    o = operation(world_plan(&w, NULL), 0);
    assert_int_equal(o->op, PRT_OP_DRAIN);
    assert_false(says(o, "CREATE TABLE"));
    assert_true(says(o, "IS NULL"));
}

/* What ends within a day is not told by the day: the default partition is scanned, for as long as it takes. */
static void
no_guard_for_what_the_first_column_does_not_tell(void **state)
{
    world w;
    prt_table *t = hostile(&w, *state);
    t->parent->columns = 2;
    t->parent->key[1] = (prt_key_column) {.name = "id", .type = "bigint"};
    world_child(&w, t, "def", "DEFAULT")->bytes = INT64_C(100) << 20;
    world_child(&w, t, "a", "FOR VALUES FROM ('2026-03-11 00:00:00+00', '1') TO ('2026-03-13 03:00:00+00', '5')");
    w.spec.naming.text = NULL;
    w.spec.premake = 1;
    const prt_operation *o = operation(world_plan(&w, NULL), 0);
    assert_int_equal(o->op, PRT_OP_CREATE);
    assert_non_null(strstr(o->statements[1].sql, "FROM ('2026-03-13 03:00:00+00', '5') TO"));
    assert_int_equal(o->statements[1].flags, PRT_LONG);
}

static void
a_guard_names_what_the_ranges_have_in_common(void **state)
{
    world w;
    prt_table *t = hostile(&w, *state);
    prt_table *d = world_child(&w, t, "def", "DEFAULT");
    d->bytes = INT64_C(100) << 20;
    d->guarded = true;
    w.spec.premake = 4;
    world_range(&w, t, "mid", "2026-03-15 00:00:00+00", "2026-03-16 00:00:00+00");
    prt_plan *plan = world_plan(&w, NULL);
    const prt_operation *o = operation(plan, 0);
    assert_int_equal(o->op, PRT_OP_ALTER);
    assert_sql(o, 0, "ALTER TABLE \"My Schema\".\"def\" DROP CONSTRAINT IF EXISTS partrun_guard", 0);
    assert_sql(
        o, 1,
        "ALTER TABLE \"My Schema\".\"def\" ADD CONSTRAINT partrun_guard CHECK "
        "((\"Order\" IS NULL OR \"Order\" < '2026-03-13 00:00:00+00' OR \"Order\" >= '2026-03-15 00:00:00+00') AND "
        "(\"Order\" IS NULL OR \"Order\" < '2026-03-16 00:00:00+00' OR \"Order\" >= '2026-03-17 00:00:00+00'))"
        " NOT VALID",
        0);
    assert_sql(o, 2, "ALTER TABLE \"My Schema\".\"def\" VALIDATE CONSTRAINT partrun_guard", PRT_LONG | PRT_BREAK);
    assert_string_equal(o->lock, "none");
    /* The one that holds now is not guarded: its ATTACH may take long. */
    assert_int_equal(operation(plan, 1)->statements[1].flags, PRT_LONG);
    assert_int_equal(operation(plan, 2)->statements[1].flags, 0);
}

/* With an old partition that goes. */
static void
retire(world *w, prt_arena *arena, bool with_default)
{
    prt_table *t = hostile(w, arena);
    world_range(w, t, "old", "2026-01-01 00:00:00+00", "2026-01-02 00:00:00+00")->comment = "it's mine";
    if (with_default)
        world_child(w, t, "def", "DEFAULT");
    w->spec.retention = (prt_retention) {.kind = PRT_KEEP_AGE, .age = world_interval("30 days")};
}

static const prt_operation *
retirement(world *w)
{
    return operation(world_plan(w, &(prt_plan_options) {.retire_only = true}), 0);
}

/* That the name still stands for the very partition, with the bounds that the plan saw. */
static bool
is_check(const prt_operation *o, size_t index, unsigned flags)
{
    const prt_statement *s = &o->statements[index];
    const char *oid = strstr(s->sql, "c.oid = 16385");
    return s->flags == flags && oid != NULL && strstr(s->sql, "'\"My Schema\".\"old\"'::pg_catalog.regclass") != NULL &&
           strstr(s->sql, "'\"My Schema\".\"we''ird\"\"t\"'::pg_catalog.regclass") != NULL &&
           strstr(s->sql, "pg_catalog.pg_get_expr(c.relpartbound, 0) = 'FOR VALUES FROM (''") != NULL;
}

static void
a_drop_is_marked_and_detached_first(void **state)
{
    world w;
    retire(&w, *state, false);
    const prt_plan *plan = world_plan(&w, &(prt_plan_options) {.retire_only = true});
    const prt_operation *o = operation(plan, 0);
    assert_int_equal(o->op, PRT_OP_DROP);
    assert_int_equal(o->statements[0].flags, PRT_EARLY);
    assert_non_null(strstr(o->statements[0].sql, "COMMENT ON TABLE \"My Schema\".\"old\" IS "));
    assert_non_null(strstr(o->statements[0].sql, "it''s mine"));
    assert_non_null(strstr(o->statements[0].sql, "\"retiring\""));
    assert_true(is_check(o, 1, PRT_EARLY | PRT_CHECK) && is_check(o, 2, PRT_BREAK));
    const prt_set *sets[] = {&plan->sets.items[0], &plan->sets.items[0]};
    const prt_operation *both[] = {o, o};
    const char *checks = prt_render_checks(*state, sets, both, 2);
    const char *first = strstr(checks, "('\"My Schema\".\"old\"'::pg_catalog.regclass, ");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "('\"My Schema\".\"old\"'::pg_catalog.regclass, "));
    assert_non_null(strstr(checks, ", 'FOR VALUES FROM (''"));
    assert_sql(o, 3, "ALTER TABLE \"My Schema\".\"we'ird\"\"t\" DETACH PARTITION \"My Schema\".\"old\" CONCURRENTLY",
               PRT_ALONE | PRT_LONG);
    assert_true(o->statements[4].flags & PRT_BREAK);
    assert_string_equal(o->statements[o->statements_length - 1].sql, "DROP TABLE \"My Schema\".\"old\"");
    assert_string_equal(o->lock, "ShareUpdateExclusiveLock");
}

static void
a_default_partition_forbids_the_concurrent_form(void **state)
{
    world w;
    retire(&w, *state, true);
    const prt_operation *o = retirement(&w);
    assert_sql(o, 2, "LOCK TABLE ONLY \"My Schema\".\"we'ird\"\"t\" IN ACCESS EXCLUSIVE MODE", PRT_BREAK);
    assert_true(is_check(o, 1, PRT_EARLY | PRT_CHECK) && is_check(o, 3, 0));
    assert_sql(o, 4, "ALTER TABLE \"My Schema\".\"we'ird\"\"t\" DETACH PARTITION \"My Schema\".\"old\"", 0);
    assert_string_equal(o->lock, "AccessExclusiveLock");
}

static void
a_default_made_in_the_same_run_forbids_it_too(void **state)
{
    world w;
    retire(&w, *state, false);
    w.spec.default_partition = PRT_DEFAULT_CREATE;
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(operation(plan, 2)->lock, "AccessExclusiveLock");
    assert_sql(
        operation(plan, 1), 1,
        "ALTER TABLE \"My Schema\".\"we'ird\"\"t\" ATTACH PARTITION \"My Schema\".\"we'ird\"\"t_default\" DEFAULT", 0);
}

static void
a_move_takes_the_indexes_off_when_told(void **state)
{
    world w;
    retire(&w, *state, false);
    w.spec.cleanup = PRT_CLEANUP_MOVE;
    w.spec.cleanup_schema = "At\"tic";
    const prt_operation *o = retirement(&w);
    assert_true(says(o, "ALTER TABLE \"My Schema\".\"old\" SET SCHEMA \"At\"\"tic\""));
    assert_false(says(o, "DROP INDEX"));
    const char *last = o->statements[o->statements_length - 1].sql;
    assert_non_null(strstr(last, "COMMENT ON TABLE \"At\"\"tic\".\"old\" IS "));
    assert_non_null(strstr(last, "\"kept\""));
    w.spec.cleanup_indexes = false;
    assert_true(says(retirement(&w), "DROP INDEX"));
    assert_true(says(retirement(&w), "'\"At\"\"tic\".\"old\"'::pg_catalog.regclass"));
}

static void
a_detach_for_good_is_marked_so(void **state)
{
    world w;
    retire(&w, *state, false);
    w.spec.cleanup = PRT_CLEANUP_DETACH;
    const prt_operation *o = retirement(&w);
    assert_int_equal(o->statements_length, 4);
    assert_non_null(strstr(o->statements[0].sql, "\"kept\""));
    w.spec.cleanup = PRT_CLEANUP_DROP;
    w.spec.grace = world_interval("1 day");
    o = retirement(&w);
    assert_int_equal(o->op, PRT_OP_DETACH);
    assert_non_null(strstr(o->statements[0].sql, "\"retiring\""));
}

static void
a_waiting_table_is_only_dropped(void **state)
{
    world w;
    prt_table *t = hostile(&w, *state);
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_AGE, .age = world_interval("30 days")};
    world_waiting(&w, t, "gone", "retiring", "2026-01-01 00:00:00+00", "2026-01-02 00:00:00+00", "2026-03-01");
    const prt_operation *o = retirement(&w);
    assert_false(says(o, "DETACH"));
    assert_string_equal(o->statements[o->statements_length - 1].sql, "DROP TABLE \"My Schema\".\"gone\"");
    assert_string_equal(o->lock, "none");
}

static void
analyze_is_alone(void **state)
{
    world w;
    hostile(&w, *state);
    w.spec.has_analyze = true;
    const prt_operation *o = operation(world_plan(&w, NULL), 1);
    assert_sql(o, 0, "ANALYZE \"My Schema\".\"we'ird\"\"t\"", PRT_ALONE | PRT_LONG);
}

static void
nothing_ever_cascades(void **state)
{
    world w;
    retire(&w, *state, true);
    w.spec.cleanup = PRT_CLEANUP_MOVE;
    w.spec.cleanup_schema = "attic";
    w.spec.cleanup_indexes = false;
    prt_plan *plan = world_plan(&w, NULL);
    for (size_t i = 0; i < plan->sets.items[0].operations.length; i++)
        assert_false(says(operation(plan, i), "CASCADE"));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, support_arena_setup, support_arena_teardown)
    const struct CMUnitTest tests[] = {
        TEST(creation_is_like_and_attach),
        TEST(what_like_does_not_carry_over),
        TEST(a_replica_index_is_found_after_the_attach),
        TEST(made_in_two_halves),
        TEST(rows_are_drained_in_one_transaction),
        TEST(what_is_made_is_not_made_again),
        TEST(no_guard_for_what_the_first_column_does_not_tell),
        TEST(a_guard_names_what_the_ranges_have_in_common),
        TEST(a_drop_is_marked_and_detached_first),
        TEST(a_default_partition_forbids_the_concurrent_form),
        TEST(a_default_made_in_the_same_run_forbids_it_too),
        TEST(a_move_takes_the_indexes_off_when_told),
        TEST(a_detach_for_good_is_marked_so),
        TEST(a_waiting_table_is_only_dropped),
        TEST(analyze_is_alone),
        TEST(nothing_ever_cascades),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
