/* `subpartition`: what is built beneath new partitions, and what is mended beneath old ones. */
#include "model/plan.h"
#include "model/plan_text.h"
#include "support/world.h"

#define TZ "timestamp with time zone"

static const prt_tenant regions[] = {{.id = "us"}, {.id = "eu"}, {.id = "e.u"}};

/* events, RANGE (at), at noon of 2026-03-12, without anything ahead. */
static prt_table *
begin(world *w, prt_arena *arena, prt_sub_kind kind, const char *column)
{
    world_init(w, arena, "2026-03-12 12:00");
    prt_table *t = world_root(w, "events", "at", TZ);
    w->spec.premake = 0;
    w->spec.subpartition = (prt_sub_spec) {.kind = kind,
                                           .column = column,
                                           .modulus = 2,
                                           .list = regions,
                                           .list_length = 3,
                                           .interval = world_interval("8 hours")};
    return t;
}

static prt_table *
today(world *w, prt_table *t, char strategy, const char *column, const char *type)
{
    prt_table *branch = world_range(w, t, "today", "2026-03-12 00:00:00+00", "2026-03-13 00:00:00+00");
    world_partitioned(w, branch, strategy, column, type);
    return branch;
}

/* "name bound, name bound" */
static const char *
level_text(prt_arena *arena, const prt_sublevel *level)
{
    const char *text = level->partition_by;
    for (size_t i = 0; i < level->length; i++)
        text = prt_arena_printf(arena, "%s\n%s %s%s%s", text, level->children[i].name, level->children[i].bound,
                                level->children[i].below == NULL ? "" : " ",
                                level->children[i].below == NULL ? "" : level_text(arena, level->children[i].below));
    return text;
}

static const prt_operation *
only_operation(const prt_plan *plan)
{
    assert_int_equal(prt_plan_operations(plan), 1);
    for (size_t i = 0; i < plan->sets.length; i++)
        if (plan->sets.items[i].operations.length == 1)
            return &plan->sets.items[i].operations.items[0];
    return NULL;
}

static const char *
all_operations(world *w, const prt_plan *plan)
{
    const char *text = "";
    for (size_t i = 0; i < plan->sets.length; i++)
        text = prt_arena_printf(w->arena, "%s%s", text, world_operations(w, plan, i));
    return text;
}

static void
assert_idle(world *w)
{
    prt_plan *plan = world_plan(w, NULL);
    assert_string_equal(all_operations(w, plan), "");
    assert_int_equal(prt_plan_findings(plan, PRT_SEVERITY_INFO), 0);
    assert_int_equal(plan->sets.length, 1);
}

static void
new_partitions_are_built_with_their_level(void **state)
{
    static const struct {
        prt_sub_kind kind;
        const char *column, *level, *note;
    } rows[] = {
        {PRT_SUB_HASH, "org",
         "HASH (\"org\")\n"
         "events_p20260312_h0 FOR VALUES WITH (MODULUS 2, REMAINDER 0)\n"
         "events_p20260312_h1 FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
         "with 2 hash partitions"},
        {PRT_SUB_LIST, "region",
         "LIST (\"region\")\n"
         "events_p20260312_e_u FOR VALUES IN ('e.u')\n"
         "events_p20260312_eu FOR VALUES IN ('eu')\n"
         "events_p20260312_us FOR VALUES IN ('us')",
         "with 3 list partitions"},
        {PRT_SUB_RANGE, "at",
         "RANGE (\"at\")\n"
         "events_p20260312_p20260312_000000 FOR VALUES FROM ('2026-03-12 00:00:00+00') TO ('2026-03-12 08:00:00+00')\n"
         "events_p20260312_p20260312_080000 FOR VALUES FROM ('2026-03-12 08:00:00+00') TO ('2026-03-12 16:00:00+00')\n"
         "events_p20260312_p20260312_160000 FOR VALUES FROM ('2026-03-12 16:00:00+00') TO ('2026-03-13 00:00:00+00')",
         "with 3 range partitions"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world w;
        begin(&w, *state, rows[i].kind, rows[i].column);
        prt_plan *plan = world_plan(&w, NULL);
        const prt_operation *o = only_operation(plan);
        assert_string_equal(level_text(w.arena, o->below), rows[i].level);
        assert_string_equal(o->note, rows[i].note);
        assert_string_equal(o->lock, "ShareUpdateExclusiveLock");
        size_t length;
        prt_plan_names(w.arena, plan, &length);
        assert_int_equal(length, 1 + o->below->length);
        json_t *json = prt_operation_json(w.arena, &plan->sets.items[0], o);
        assert_int_equal(json_array_size(json_object_get(json, "subpartitions")), o->below->length);
        json_decref(json);
        world_apply(&w, plan);
        assert_idle(&w);
    }
}

static void
the_branch_is_built_before_it_is_attached(void **state)
{
    static const char *const sql[] = {
        "CREATE TABLE \"public\".\"events_p20260312\" (LIKE \"public\".\"events\" INCLUDING ALL EXCLUDING IDENTITY) "
        "PARTITION BY HASH (\"org\") TABLESPACE \"fast\"",
        "CREATE TABLE \"public\".\"events_p20260312_h0\" (LIKE \"public\".\"events\" INCLUDING ALL EXCLUDING IDENTITY)"
        " WITH (\"fillfactor\" = '70') TABLESPACE \"fast\"",
        "ALTER TABLE \"public\".\"events_p20260312\" ATTACH PARTITION \"public\".\"events_p20260312_h0\" "
        "FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
        "CREATE TABLE \"public\".\"events_p20260312_h1\" (LIKE \"public\".\"events\" INCLUDING ALL EXCLUDING IDENTITY)"
        " WITH (\"fillfactor\" = '70') TABLESPACE \"fast\"",
        "ALTER TABLE \"public\".\"events_p20260312\" ATTACH PARTITION \"public\".\"events_p20260312_h1\" "
        "FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
        "ALTER TABLE \"public\".\"events\" ATTACH PARTITION \"public\".\"events_p20260312\" FOR VALUES FROM "
        "('2026-03-12 00:00:00+00') TO ('2026-03-13 00:00:00+00')",
    };
    world w;
    prt_table *t = begin(&w, *state, PRT_SUB_HASH, "org");
    t->parent->tablespace = "fast";
    prt_storage storage = {.name = "fillfactor", .value = "70"};
    w.spec.storage = &storage;
    w.spec.storage_length = 1;
    const prt_operation *o = only_operation(world_plan(&w, NULL));
    assert_int_equal(o->statements_length, sizeof sql / sizeof *sql);
    for (size_t i = 0; i < o->statements_length; i++)
        assert_string_equal(o->statements[i].sql, sql[i]);
    assert_int_equal(o->building, 5);
}

static void
what_cannot_be_built_is_said(void **state)
{
    static const prt_sub_column keyed = {.name = "org", .type = "integer", .uncovered = "events_pkey"};
    static const prt_sub_column other = {.name = "region", .type = "text"};
    world w;
    prt_table *t = begin(&w, *state, PRT_SUB_HASH, "org");
    t->parent->sub_columns = &keyed;
    t->parent->sub_columns_length = 1;
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(prt_plan_operations(plan), 0);
    assert_non_null(strstr(world_findings(&w, plan, 0), "error unsupported_key public.events: unique index events_pkey "
                                                        "does not contain column org"));
    t->parent->sub_columns = &other;
    plan = world_plan(&w, NULL);
    assert_int_equal(prt_plan_operations(plan), 0);
    assert_non_null(strstr(world_findings(&w, plan, 0), "there is no column org to subpartition by"));
    t->parent->sub_columns_length = 0;
    t->parent->sub_columns = NULL;
    w.spec.max_create = 1;
    plan = world_plan(&w, NULL);
    assert_int_equal(prt_plan_operations(plan), 0);
    assert_true(world_found(plan, 0, PRT_FINDING_RUNAWAY, PRT_SEVERITY_ERROR));
    w.spec.max_create = 1000;
    w.snapshot.lock_budget = 1;
    assert_non_null(strstr(world_findings(&w, world_plan(&w, NULL), 0), "takes about 6 locks at once"));
    w.snapshot.lock_budget = 1000;
    const char *taken[] = {"\"public\".\"events_p20260312_h1\""};
    w.snapshot.taken = taken;
    w.snapshot.taken_length = 1;
    plan = world_plan(&w, NULL);
    assert_int_equal(prt_plan_operations(plan), 0);
    assert_true(world_found(plan, 0, PRT_FINDING_NAME_TAKEN, PRT_SEVERITY_ERROR));
}

/* What is too much of a long name goes from the table's part: neighbours stay apart. */
static void
long_names_keep_what_tells_them_apart(void **state)
{
    world w;
    begin(&w, *state, PRT_SUB_HASH, "org");
    prt_table *t = w.snapshot.roots[0];
    t->name = "a_table_whose_name_is_so_long_that_there_is_hardly_any_room";
    w.spec.premake = 1;
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(prt_plan_operations(plan), 2);
    const prt_operation *o = plan->sets.items[0].operations.items;
    assert_string_equal(o[0].below->children[1].name,
                        "a_table_whose_name_is_so_long_that_there_is_hardly_p20260312_h1");
    assert_string_equal(o[1].below->children[1].name,
                        "a_table_whose_name_is_so_long_that_there_is_hardly_p20260313_h1");
}

static void
missing_buckets_are_made_at_the_modulus_that_is_there(void **state)
{
    world w;
    prt_table *t = begin(&w, *state, PRT_SUB_HASH, "org");
    prt_table *branch = today(&w, t, 'h', "org", "integer");
    world_child(&w, branch, "x", "FOR VALUES WITH (modulus 3, remainder 1)");
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(all_operations(&w, plan), "create today_h0 (repair)\ncreate today_h2 (repair)\n");
    const prt_operation *o = &plan->sets.items[0].operations.items[1];
    assert_string_equal(o->bound, "FOR VALUES WITH (MODULUS 3, REMAINDER 2)");
    assert_string_equal(o->note, "in today");
    assert_string_equal(o->lock, "ShareUpdateExclusiveLock");
    prt_plan_options checking = {.checking = true};
    assert_non_null(strstr(world_findings(&w, world_plan(&w, &checking), 0),
                           "error missing today_h2: FOR VALUES WITH (MODULUS 3, REMAINDER 2) is missing in today"));
    assert_string_equal(o->statements[0].sql,
                        "CREATE TABLE \"public\".\"today_h2\" (LIKE \"public\".\"today\" INCLUDING "
                        "ALL EXCLUDING IDENTITY)");
    assert_string_equal(o->statements[1].sql, "ALTER TABLE \"public\".\"today\" ATTACH PARTITION "
                                              "\"public\".\"today_h2\" FOR VALUES WITH (MODULUS 3, REMAINDER 2)");
    world_apply(&w, plan);
    assert_idle(&w);
}

/* PostgreSQL lets moduli be factors of one another: as few buckets as they allow. */
static void
mixed_moduli_are_filled_up(void **state)
{
    world w;
    prt_table *t = begin(&w, *state, PRT_SUB_HASH, "org");
    prt_table *branch = today(&w, t, 'h', "org", "integer");
    world_child(&w, branch, "a", "FOR VALUES WITH (modulus 2, remainder 0)");
    world_child(&w, branch, "b", "FOR VALUES WITH (modulus 8, remainder 5)");
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(prt_plan_operations(plan), 3);
    const prt_operation *o = plan->sets.items[0].operations.items;
    assert_string_equal(o[0].bound, "FOR VALUES WITH (MODULUS 8, REMAINDER 1)");
    assert_string_equal(o[1].bound, "FOR VALUES WITH (MODULUS 8, REMAINDER 3)");
    assert_string_equal(o[2].bound, "FOR VALUES WITH (MODULUS 8, REMAINDER 7)");
    world_detach(branch, branch->parent->children[0]);
    world_child(&w, branch, "c", "FOR VALUES WITH (modulus 4, remainder 2)");
    plan = world_plan(&w, NULL);
    o = plan->sets.items[0].operations.items;
    assert_string_equal(o[0].bound, "FOR VALUES WITH (MODULUS 4, REMAINDER 0)");
    assert_string_equal(o[1].bound, "FOR VALUES WITH (MODULUS 4, REMAINDER 3)");
    assert_string_equal(o[2].bound, "FOR VALUES WITH (MODULUS 8, REMAINDER 1)");
    world_apply(&w, plan);
    assert_idle(&w);
}

static void
missing_values_are_added_unless_the_default_has_them(void **state)
{
    world w;
    prt_table *t = begin(&w, *state, PRT_SUB_LIST, "region");
    prt_table *branch = today(&w, t, 'l', "region", "text");
    world_child(&w, branch, "today_e_u", "FOR VALUES IN ('eu', NULL)");
    world_child(&w, branch, "rest", "DEFAULT");
    const char *blocked[] = {"\"public\".\"today_us\""};
    w.snapshot.blocked = blocked;
    w.snapshot.blocked_length = 1;
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(all_operations(&w, plan), "create today_e_u_2 (repair)\n");
    assert_true(world_found(plan, 0, PRT_FINDING_DEFAULT_BLOCKS, PRT_SEVERITY_ERROR));
    w.snapshot.blocked_length = 0;
    world_apply(&w, world_plan(&w, NULL));
    assert_idle(&w);
}

/* Cells inside the branch, up to its very ends; the branch itself stays until it has expired as a whole. */
static void
range_levels_are_sets_inside_their_branch(void **state)
{
    world w;
    prt_table *t = begin(&w, *state, PRT_SUB_RANGE, "at");
    w.spec.interval = world_interval("1 week");
    w.spec.subpartition.interval = world_interval("1 day");
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_AGE, .age = world_interval("2 days")};
    prt_table *old = world_range(&w, t, "old", "2026-03-02 00:00:00+00", "2026-03-09 00:00:00+00");
    world_partitioned(&w, old, 'r', "at", TZ);
    prt_table *branch = world_range(&w, t, "now", "2026-03-09 00:00:00+00", "2026-03-16 00:00:00+00");
    world_partitioned(&w, branch, 'r', "at", TZ);
    world_range(&w, branch, "mon", "2026-03-09 00:00:00+00", "2026-03-10 00:00:00+00");
    world_range(&w, branch, "thu", "2026-03-12 00:00:00+00", "2026-03-14 06:00:00+00");
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(all_operations(&w, plan),
                        "drop old 2026-03-02 .. 2026-03-09 (expired 1 d 12 h ago)\n"
                        "create now_p20260310 2026-03-10 .. 2026-03-11 (repair)\n"
                        "create now_p20260311 2026-03-11 .. 2026-03-12 (repair)\n"
                        "create now_p20260314_060000_to_20260315 2026-03-14 06:00 .. 2026-03-15 (repair)\n"
                        "create now_p20260315 2026-03-15 .. 2026-03-16 (repair)\n"
                        "drop mon 2026-03-09 .. 2026-03-10 (expired 12 h ago)\n");
    const prt_set *nested = &plan->sets.items[1];
    prt_buf text;
    prt_buf_init(&text, w.arena);
    prt_set_text(&text, nested, &(prt_text_layout) {0}, NULL);
    assert_string_equal(text.data, "public.now   daily, 2 partitions, inside public.events\n");
    assert_string_equal(nested->table, "now");
    assert_ptr_equal(nested->outer, t);
    world_apply(&w, plan);
    assert_idle(&w);
    /* A hold or max_drop of nothing keeps the cells, too. */
    w.snapshot.now = world_time("2026-03-14 12:00");
    w.spec.max_drop = (prt_max_drop) {.kind = PRT_DROP_COUNT, .amount = 1};
    plan = world_plan(&w, NULL);
    assert_int_equal(prt_plan_operations(plan), 0);
    assert_true(world_found(plan, 1, PRT_FINDING_MASS_DROP, PRT_SEVERITY_ERROR));
    w.spec.max_drop.kind = PRT_DROP_ALL;
    plan = world_plan(&w, NULL);
    assert_string_equal(all_operations(&w, plan), "drop now_p20260310 2026-03-10 .. 2026-03-11 (expired 1 d 12 h ago)\n"
                                                  "drop now_p20260311 2026-03-11 .. 2026-03-12 (expired 12 h ago)\n");
}

static bool
hold_of_acme(void *data, const prt_hook_context *context, const prt_hook_partition *partition, bool *out,
             prt_error *err)
{
    (void) data;
    (void) err;
    *out = context->tenant != NULL && strcmp(context->tenant->id, "acme") == 0 && strcmp(partition->name, "mon") == 0;
    return true;
}

/* Whoever shares a branch has a say in each of its cells; rows of nobody known keep them, too. */
static void
cells_that_tenants_share_are_held_for_any_of_them(void **state)
{
    static prt_tenant ids[] = {{.id = "acme"}, {.id = "zed"}};
    static const prt_tenant_list both = {.items = ids, .length = 2};
    const prt_tenant_list *lists[] = {&both};
    const char *strangers[] = {"\"public\".\"tue\""};
    world w;
    prt_table *t = begin(&w, *state, PRT_SUB_RANGE, "at");
    w.snapshot.tenants = lists;
    w.spec.tenant.key = "tenant";
    w.spec.interval = world_interval("1 week");
    w.spec.subpartition.interval = world_interval("1 day");
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_AGE, .age = world_interval("1 hour")};
    w.spec.hooks.hold = hold_of_acme;
    w.snapshot.strangers = strangers;
    w.snapshot.strangers_length = 1;
    prt_table *branch = world_range(&w, t, "now", "2026-03-09 00:00:00+00", "2026-03-16 00:00:00+00");
    world_partitioned(&w, branch, 'r', "at", TZ);
    world_range(&w, branch, "mon", "2026-03-09 00:00:00+00", "2026-03-10 00:00:00+00");
    world_range(&w, branch, "tue", "2026-03-10 00:00:00+00", "2026-03-11 00:00:00+00");
    world_range(&w, branch, "wed", "2026-03-11 00:00:00+00", "2026-03-12 00:00:00+00");
    world_range(&w, branch, "rest", "2026-03-12 00:00:00+00", "2026-03-16 00:00:00+00");
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(all_operations(&w, plan), "drop wed 2026-03-11 .. 2026-03-12 (expired 11 h ago)\n");
    assert_true(world_found(plan, 1, PRT_FINDING_HELD, PRT_SEVERITY_INFO));
    assert_true(world_found(plan, 1, PRT_FINDING_UNKNOWN_TENANT, PRT_SEVERITY_WARNING));
    /* Nor does the branch as a whole go while one of its cells is held. */
    w.snapshot.strangers_length = 0;
    w.snapshot.now = world_time("2026-03-18 12:00");
    plan = world_plan(&w, NULL);
    assert_null(strstr(all_operations(&w, plan), "drop now"));
    assert_true(world_found(plan, 0, PRT_FINDING_HELD, PRT_SEVERITY_INFO));
    w.spec.hooks.hold = NULL;
    assert_non_null(strstr(all_operations(&w, world_plan(&w, NULL)), "drop now 2026-03-09 .. 2026-03-16"));
}

/* A cell that waits for its grace is found by its branch, which waits with it. */
static void
a_branch_outlives_the_grace_of_its_cells(void **state)
{
    world w;
    prt_table *t = begin(&w, *state, PRT_SUB_RANGE, "at");
    w.spec.interval = world_interval("2 days");
    w.spec.subpartition.interval = world_interval("1 day");
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_AGE, .age = world_interval("1 hour")};
    w.spec.grace = world_interval("3 days");
    w.spec.max_drop.kind = PRT_DROP_ALL;
    prt_table *branch = world_range(&w, t, "b", "2026-03-11 00:00:00+00", "2026-03-13 00:00:00+00");
    world_partitioned(&w, branch, 'r', "at", TZ);
    world_range(&w, branch, "one", "2026-03-11 00:00:00+00", "2026-03-12 00:00:00+00");
    world_range(&w, branch, "two", "2026-03-12 00:00:00+00", "2026-03-13 00:00:00+00");
    prt_plan *plan = world_plan(&w, NULL);
    assert_non_null(strstr(all_operations(&w, plan), "detach one 2026-03-11 .. 2026-03-12"));
    world_apply(&w, plan);
    w.snapshot.now = world_time("2026-03-14 12:00");
    plan = world_plan(&w, NULL);
    assert_null(strstr(all_operations(&w, plan), "detach b"));
    assert_non_null(strstr(all_operations(&w, plan), "detach two 2026-03-12 .. 2026-03-13"));
    world_apply(&w, plan);
    w.snapshot.now = world_time("2026-03-18 12:00");
    plan = world_plan(&w, NULL);
    assert_non_null(strstr(all_operations(&w, plan), "drop one"));
    assert_non_null(strstr(all_operations(&w, plan), "drop two"));
    world_apply(&w, plan);
    assert_int_equal(w.snapshot.waiting_length, 1); /* the next partition, whole */
    assert_non_null(strstr(all_operations(&w, world_plan(&w, NULL)), "detach b"));
}

/* A new branch gets no cells that retention would take at once. */
static void
expired_cells_are_not_built(void **state)
{
    world w;
    begin(&w, *state, PRT_SUB_RANGE, "at");
    w.spec.interval = world_interval("1 week");
    w.spec.subpartition.interval = world_interval("1 day");
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_AGE, .age = world_interval("2 days")};
    prt_plan *plan = world_plan(&w, NULL);
    const prt_operation *o = only_operation(plan);
    assert_int_equal(o->below->length, 6);
    assert_string_equal(o->below->children[0].name, "events_p20260309_p20260310");
    assert_string_equal(o->below->children[0].bound,
                        "FOR VALUES FROM ('2026-03-10 00:00:00+00') TO ('2026-03-11 00:00:00+00')");
    world_apply(&w, plan);
    assert_idle(&w);
}

/* By another column, rows near the ends of a branch may lie a little outside of its range. */
static void
levels_by_another_time_are_open_at_the_ends(void **state)
{
    static const prt_sub_column created = {.name = "created", .type = "timestamp without time zone"};
    world w;
    prt_table *t = begin(&w, *state, PRT_SUB_RANGE, "created");
    t->parent->key[0].type = "uuid";
    t->parent->sub_columns = &created;
    t->parent->sub_columns_length = 1;
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(
        level_text(w.arena, only_operation(plan)->below),
        "RANGE (\"created\")\n"
        "events_p20260312_p20260312_000000 FOR VALUES FROM (MINVALUE) TO ('2026-03-12 08:00:00')\n"
        "events_p20260312_p20260312_080000 FOR VALUES FROM ('2026-03-12 08:00:00') TO ('2026-03-12 16:00:00')\n"
        "events_p20260312_p20260312_160000 FOR VALUES FROM ('2026-03-12 16:00:00') TO (MAXVALUE)");
    world_apply(&w, plan);
    assert_idle(&w);
    prt_table *branch = t->parent->children[0];
    world_detach(branch, branch->parent->children[2]);
    assert_string_equal(only_operation(world_plan(&w, NULL))->statements[1].sql,
                        "ALTER TABLE \"public\".\"events_p20260312\" ATTACH PARTITION "
                        "\"public\".\"events_p20260312_p20260312_160000_to_max\" FOR VALUES FROM "
                        "('2026-03-12 16:00:00') TO (MAXVALUE)");
}

/* Plain partitions and branches of another kind are adopted as they are. */
static void
others_are_left_alone(void **state)
{
    world w;
    prt_table *t = begin(&w, *state, PRT_SUB_HASH, "org");
    today(&w, t, 'l', "region", "text");
    world_range(&w, t, "plain", "2026-03-11 00:00:00+00", "2026-03-12 00:00:00+00");
    assert_idle(&w);
    prt_plan_options checking = {.checking = true};
    prt_plan *plan = world_plan(&w, &checking);
    assert_string_equal(world_findings(&w, plan, 0), "info unexpected_bounds public.events: 2 partitions are not "
                                                     "subpartitioned as the policy has it: plain, today\n");
}

/* ---- tenants ---- */

static prt_tenant_list tenants;

static prt_table *
listed(world *w, prt_arena *arena)
{
    world_init(w, arena, "2026-03-12 12:00");
    prt_table *t = world_root(w, "events", "tenant", "text");
    t->parent->strategy = 'l';
    tenants = (prt_tenant_list) {.items = prt_arena_array(arena, 4, sizeof(prt_tenant)), .length = 1};
    tenants.items[0].id = "A'cme";
    w->snapshot.tenants = prt_arena_array(arena, 64, sizeof *w->snapshot.tenants);
    w->snapshot.tenants[0] = &tenants;
    w->spec.tenant.key = "tenant";
    w->spec.premake = 1;
    return t;
}

static void
a_new_tenant_gets_a_whole_branch(void **state)
{
    world w;
    prt_table *t = listed(&w, *state);
    prt_table *zed = world_child(&w, t, "events_zed", "FOR VALUES IN ('zed')");
    world_partitioned(&w, zed, 'r', "at", TZ);
    w.spec.subpartition = (prt_sub_spec) {.kind = PRT_SUB_HASH, .column = "org", .modulus = 2};
    prt_plan *plan = world_plan(&w, NULL);
    const prt_operation *o = only_operation(plan);
    assert_string_equal(o->name, "events_A'cme");
    assert_string_equal(o->bound, "FOR VALUES IN ('A''cme')");
    assert_string_equal(o->note, "with 2 range partitions, each with 2 hash partitions");
    assert_string_equal(level_text(w.arena, o->below),
                        "RANGE (\"at\")\n"
                        "events_A'cme_p20260312 FOR VALUES FROM ('2026-03-12 00:00:00+00') TO ('2026-03-13 "
                        "00:00:00+00') HASH (\"org\")\n"
                        "events_A'cme_p20260312_h0 FOR VALUES WITH (MODULUS 2, REMAINDER 0)\n"
                        "events_A'cme_p20260312_h1 FOR VALUES WITH (MODULUS 2, REMAINDER 1)\n"
                        "events_A'cme_p20260313 FOR VALUES FROM ('2026-03-13 00:00:00+00') TO ('2026-03-14 "
                        "00:00:00+00') HASH (\"org\")\n"
                        "events_A'cme_p20260313_h0 FOR VALUES WITH (MODULUS 2, REMAINDER 0)\n"
                        "events_A'cme_p20260313_h1 FOR VALUES WITH (MODULUS 2, REMAINDER 1)");
    assert_int_equal(o->statements_length, 1 + 2 * (1 + 2 + 2 + 1) + 1);
    world_apply(&w, plan);
    assert_int_equal(prt_plan_operations(world_plan(&w, NULL)), 0);
}

/* Two tenants that begin alike, longer than any name: their branches and what is below keep names of their own. */
static void
long_tenants_keep_names_of_their_own(void **state)
{
    world w;
    prt_table *t = listed(&w, *state);
    prt_table *zed = world_child(&w, t, "events_zed", "FOR VALUES IN ('zed')");
    world_partitioned(&w, zed, 'r', "at", TZ);
    char ids[2][81];
    for (int i = 0; i < 2; i++) {
        memset(ids[i], 't', 80);
        ids[i][79] = (char) ('1' + i);
        ids[i][80] = '\0';
        tenants.items[i].id = ids[i];
    }
    tenants.length = 2;
    for (int run = 0; run < 2; run++) {
        prt_plan *plan = world_plan(&w, NULL);
        assert_int_equal(prt_plan_findings(plan, PRT_SEVERITY_WARNING), run == 0 ? 1 : 0); /* zed is unknown */
        assert_int_equal(prt_plan_operations(plan), run == 0 ? 2 : 4);
        world_apply(&w, plan);
        assert_int_equal(prt_plan_operations(world_plan(&w, NULL)), 0);
        world_detach(t, zed);
        w.snapshot.now = world_time("2026-03-14 12:00");
    }
}

static void
the_first_tenant_needs_the_policys_key(void **state)
{
    static const prt_sub_column at = {.name = "at", .type = "date"};
    world w;
    prt_table *t = listed(&w, *state);
    assert_true(world_found(world_plan(&w, NULL), 0, PRT_FINDING_UNSUPPORTED_KEY, PRT_SEVERITY_ERROR));
    w.spec.key.column = "at";
    t->parent->sub_columns = &at;
    t->parent->sub_columns_length = 1;
    assert_string_equal(only_operation(world_plan(&w, NULL))->below->children[0].bound,
                        "FOR VALUES FROM ('2026-03-12') TO ('2026-03-13')");
}

static void
a_default_with_the_tenants_rows_is_in_the_way(void **state)
{
    world w;
    prt_table *t = listed(&w, *state);
    prt_table *zed = world_child(&w, t, "events_zed", "FOR VALUES IN ('zed')");
    world_partitioned(&w, zed, 'r', "at", TZ);
    world_child(&w, t, "events_rest", "DEFAULT");
    w.snapshot.blocked = prt_arena_array(w.arena, 1, sizeof(char *));
    w.snapshot.blocked[0] = "\"public\".\"events_A'cme\"";
    w.snapshot.blocked_length = 1;
    prt_plan *plan = world_plan(&w, NULL);
    assert_int_equal(plan->sets.length, 2);
    assert_true(world_found(plan, 1, PRT_FINDING_DEFAULT_BLOCKS, PRT_SEVERITY_ERROR));
    assert_int_equal(plan->sets.items[1].operations.length, 0);
    w.spec.default_partition = PRT_DEFAULT_DRAIN;
    plan = world_plan(&w, NULL);
    assert_int_equal(plan->sets.items[1].operations.items[0].op, PRT_OP_DRAIN);
}

static void
buckets_below_a_tenant_are_as_the_others_have_them(void **state)
{
    world w;
    prt_table *t = listed(&w, *state);
    prt_table *zed = world_child(&w, t, "events_zed", "FOR VALUES IN ('zed')");
    world_partitioned(&w, zed, 'h', "org", "integer");
    prt_table *bucket = world_child(&w, zed, "events_zed_h0", "FOR VALUES WITH (modulus 1, remainder 0)");
    world_partitioned(&w, bucket, 'r', "at", TZ);
    w.spec.premake = 0;
    prt_plan *plan = world_plan(&w, NULL);
    const prt_set *set = &plan->sets.items[plan->sets.length - 1];
    assert_string_equal(
        level_text(w.arena, set->operations.items[0].below),
        "HASH (\"org\")\n"
        "events_A'cme_h0 FOR VALUES WITH (modulus 1, remainder 0) RANGE (\"at\")\n"
        "events_A'cme_h0_p20260312 FOR VALUES FROM ('2026-03-12 00:00:00+00') TO ('2026-03-13 00:00:00+00')");
    world_apply(&w, plan);
    assert_int_equal(prt_plan_operations(world_plan(&w, NULL)), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, support_arena_setup, support_arena_teardown)
    const struct CMUnitTest tests[] = {
        TEST(new_partitions_are_built_with_their_level),
        TEST(the_branch_is_built_before_it_is_attached),
        TEST(what_cannot_be_built_is_said),
        TEST(long_names_keep_what_tells_them_apart),
        TEST(missing_buckets_are_made_at_the_modulus_that_is_there),
        TEST(mixed_moduli_are_filled_up),
        TEST(missing_values_are_added_unless_the_default_has_them),
        TEST(range_levels_are_sets_inside_their_branch),
        TEST(cells_that_tenants_share_are_held_for_any_of_them),
        TEST(a_branch_outlives_the_grace_of_its_cells),
        TEST(expired_cells_are_not_built),
        TEST(levels_by_another_time_are_open_at_the_ends),
        TEST(others_are_left_alone),
        TEST(a_new_tenant_gets_a_whole_branch),
        TEST(long_tenants_keep_names_of_their_own),
        TEST(the_first_tenant_needs_the_policys_key),
        TEST(a_default_with_the_tenants_rows_is_in_the_way),
        TEST(buckets_below_a_tenant_are_as_the_others_have_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
