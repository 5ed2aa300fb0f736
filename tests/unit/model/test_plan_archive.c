/* Archives in the plan: every cleanup, grace and state that a table can be in; and what comes back when retention grows. */
#include "support/world.h"

#define TZ "timestamp with time zone"
#define SHA256 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const char template[] = "file:///cold/{schema}/{table}/{name}.csv.zst";

/* Daily from 2026-03-01 to 2026-03-17; keeps 10 days, so that d01 (to 03-02 00:00) is expired at 03-12 09:00. */
static prt_table *
daily(world *w, prt_arena *arena)
{
    world_init(w, arena, "2026-03-12 09:00");
    prt_table *t = world_root(w, "events", "at", TZ);
    for (int day = 1; day <= 16; day++)
        world_range(w, t, prt_arena_printf(arena, "d%02d", day),
                    prt_arena_printf(arena, "2026-03-%02d 00:00:00+00", day),
                    prt_arena_printf(arena, "2026-03-%02d 00:00:00+00", day + 1));
    w->spec.retention = (prt_retention) {.kind = PRT_KEEP_AGE, .age = world_interval("10 days")};
    w->spec.archive.url = template;
    return t;
}

/* One detached table of 2026-02-20 beside them. */
static prt_table *
waiting(world *w, prt_table *parent, const char *state, const char *since)
{
    prt_table *t = world_table(w, "public", "old", 'r');
    prt_marker marker = {.state = state,
                         .system = w->snapshot.system,
                         .database = w->snapshot.database_oid,
                         .oid = t->oid,
                         .policy = "events",
                         .parent_schema = parent->schema,
                         .parent_name = parent->name,
                         .from = "'2026-02-20 00:00:00+00'",
                         .to = "'2026-02-21 00:00:00+00'",
                         .since = world_time(since)};
    if (strcmp(state, "archived") == 0) {
        marker.archive = (prt_archive_result) {
            .url = "file:///elsewhere/old.csv", .rows = 7, .bytes = 70, .sha256 = SHA256};
        t->fenced = true;
    }
    t->comment = prt_marker_write(w->arena, "mine", &marker);
    w->snapshot.waiting[w->snapshot.waiting_length++] = (prt_waiting) {.table = t, .marker = marker};
    return t;
}

static const char *
shown(world *w, const prt_plan *plan)
{
    char *text = prt_arena_strdup(w->arena, "");
    const prt_set *set = &plan->sets.items[0];
    for (size_t i = 0; i < set->operations.length; i++) {
        const prt_operation *o = &set->operations.items[i];
        text = prt_arena_printf(w->arena, "%s%s %s (%s)%s%s%s\n", text, prt_op_names[o->op], o->name,
                                o->note == NULL ? "-" : o->note, o->archive == NULL ? "" : " -> ",
                                o->archive == NULL ? "" : o->archive->url, o->archived == NULL ? "" : " proven");
    }
    return text;
}

static void
assert_plan(world *w, const char *operations, const char *findings)
{
    prt_plan *plan = world_plan(w, NULL);
    assert_string_equal(shown(w, plan), operations);
    assert_string_equal(world_findings(w, plan, 0), findings);
}

/* Applies it, with every archive proven, again and again: it ends, and nothing stands in its way. */
static void
assert_settles(world *w)
{
    for (int i = 0; i < 5; i++) {
        prt_plan *plan = world_plan(w, NULL);
        if (prt_plan_operations(plan) == 0)
            return;
        world_apply(w, plan);
    }
    fail_msg("there is always something to do");
}

static void
attached_by_cleanup_and_grace(void **state)
{
    world w;
    daily(&w, *state);
    assert_plan(&w,
                "drop d01 (after archive to file:///cold/public/events/d01.csv.zst) -> "
                "file:///cold/public/events/d01.csv.zst\n",
                "");
    w.spec.cleanup = PRT_CLEANUP_DETACH;
    assert_plan(&w,
                "archive d01 (to file:///cold/public/events/d01.csv.zst, then left detached) -> "
                "file:///cold/public/events/d01.csv.zst\n",
                "");
    w.spec.cleanup = PRT_CLEANUP_MOVE;
    w.spec.cleanup_schema = "attic";
    assert_plan(&w,
                "move d01 (to schema attic, after archive to file:///cold/public/events/d01.csv.zst) -> "
                "file:///cold/public/events/d01.csv.zst\n",
                "");
    w.spec.grace = world_interval("7 days");
    assert_plan(
        &w,
        "archive d01 (to file:///cold/public/events/d01.csv.zst, moved to schema attic after a grace of 7 days) "
        "-> file:///cold/public/events/d01.csv.zst\n",
        "");
    w.spec.cleanup = PRT_CLEANUP_DROP;
    assert_plan(&w,
                "archive d01 (to file:///cold/public/events/d01.csv.zst, dropped after a grace of 7 days) -> "
                "file:///cold/public/events/d01.csv.zst\n",
                "");
    w.snapshot.roots[0]->parent->children[0]->detach_pending = true;
    assert_plan(&w, "finalize d01 (-)\n",
                "warning pending_detach d01: its detach, not partrun's, was interrupted: it is finalized, and left "
                "detached\n");
    assert_settles(&w);
}

static void
the_request_says_it_all(void **state)
{
    world w;
    const char *columns[] = {"id", "at", NULL};
    daily(&w, *state);
    w.spec.archive.format = "copy";
    w.spec.archive.columns = columns;
    prt_plan *plan = world_plan(&w, NULL);
    const prt_operation *o = &plan->sets.items[0].operations.items[0];
    const prt_archive_request *r = o->archive;
    assert_string_equal(r->format, "copy");
    assert_ptr_equal(r->columns, columns);
    assert_string_equal(r->schema, "public");
    assert_string_equal(r->name, "d01");
    assert_int_equal(r->oid, o->oid);
    assert_string_equal(r->parent_name, "events");
    assert_string_equal(r->bound, "FOR VALUES FROM ('2026-03-01 00:00:00+00') TO ('2026-03-02 00:00:00+00')");
    assert_string_equal(r->from, "2026-03-01T00:00:00Z");
    assert_string_equal(r->to, "2026-03-02T00:00:00Z");
    assert_non_null(strstr(o->note, ".csv.zst, only id, at"));
}

static void
waiting_by_state(void **state)
{
    static const char report[] = "info detached_waiting old: it is detached, and dropped after 2026-03-17\n";
    static const char expected[] = "archive old (to file:///cold/public/events/old.csv.zst, dropped after a grace of 7 "
                                   "days) -> file:///cold/public/events/old.csv.zst\n";
    world w;
    prt_table *events = daily(&w, *state);
    w.spec.retention.age = world_interval("11 days");
    w.spec.grace = world_interval("7 days");
    waiting(&w, events, "retiring", "2026-03-10");
    assert_plan(&w, expected, "");
    w.spec.archive.url = NULL;
    assert_plan(&w, "", report);
    w.spec.archive.url = template;
    w.spec.grace = world_interval("2 days");
    assert_plan(&w,
                "drop old (after archive to file:///cold/public/events/old.csv.zst) -> "
                "file:///cold/public/events/old.csv.zst\n",
                "");
    assert_settles(&w);

    w.snapshot.waiting_length = 0;
    prt_table *old = waiting(&w, events, "archived", "2026-03-10");
    static const char drop[] = "drop old (after archive to file:///elsewhere/old.csv) -> "
                               "file:///cold/public/events/old.csv.zst proven\n";
    assert_plan(&w, drop, "");
    w.spec.grace = world_interval("7 days");
    assert_plan(&w, "", report);
    /* What was archived is not dropped without a look at its archive, also by a policy that has none any more. */
    w.spec.grace = world_interval("0");
    w.spec.archive.url = NULL;
    assert_plan(&w, "drop old (after archive to file:///elsewhere/old.csv) -> file:///elsewhere/old.csv proven\n", "");
    /* Without the fence, rows may have arrived. */
    w.spec.archive.url = template;
    old->fenced = false;
    assert_plan(&w,
                "drop old (after archive to file:///cold/public/events/old.csv.zst) -> "
                "file:///cold/public/events/old.csv.zst\n",
                "");
    w.snapshot.waiting_length = 0;
    waiting(&w, events, "kept", "2026-03-01");
    assert_plan(&w, "", "");
}

static void
a_policy_that_only_detaches(void **state)
{
    static const char kept[] =
        "info detached_waiting old: it is detached and stays: the policy does not drop any more\n";
    world w;
    prt_table *events = daily(&w, *state);
    w.spec.retention.age = world_interval("11 days");
    w.spec.cleanup = PRT_CLEANUP_DETACH;
    waiting(&w, events, "retiring", "2026-03-10");
    assert_plan(&w,
                "archive old (to file:///cold/public/events/old.csv.zst, then left detached) -> "
                "file:///cold/public/events/old.csv.zst\n",
                "");
    world_apply(&w, world_plan(&w, NULL));
    assert_string_equal(w.snapshot.waiting[0].marker.state, "kept");
    assert_int_equal(w.snapshot.waiting[0].marker.archive.rows, 3);
    assert_memory_equal(w.snapshot.waiting[0].table->comment, "mine\npartrun: {", 15);
    assert_plan(&w, "", "");
    /* killed between the two markers */
    w.snapshot.waiting_length = 0;
    waiting(&w, events, "archived", "2026-03-10");
    assert_plan(&w,
                "archive old (to file:///elsewhere/old.csv, then left detached) -> "
                "file:///cold/public/events/old.csv.zst proven\n",
                "");
    w.spec.archive.url = NULL;
    assert_plan(&w, "", kept);
}

static void
grace_counts_from_the_detach(void **state)
{
    world w;
    daily(&w, *state);
    w.spec.grace = world_interval("2 days");
    world_apply(&w, world_plan(&w, NULL));
    assert_string_equal(w.snapshot.waiting[0].marker.state, "archived");
    assert_string_equal(w.snapshot.waiting[0].marker.archive.url, "file:///cold/public/events/d01.csv.zst");
    assert_int_equal(w.snapshot.waiting[0].marker.since, world_time("2026-03-12 09:00"));
    w.snapshot.now = world_time("2026-03-14 08:59");
    assert_true(strstr(shown(&w, world_plan(&w, NULL)), "drop d01") == NULL);
    w.snapshot.now = world_time("2026-03-14 09:00");
    assert_non_null(strstr(shown(&w, world_plan(&w, NULL)), "drop d01 (after archive to "));
}

static void
in_a_schema(void **state)
{
    world w;
    prt_table *events = daily(&w, *state);
    w.spec.archive.url = "schema:cold_{table}";
    assert_plan(&w, "move d01 (to schema cold_events)\n", "");
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(plan->sets.items[0].operations.items[0].destination, "cold_events");
    w.spec.cleanup = PRT_CLEANUP_DETACH;
    assert_plan(&w, "move d01 (to schema cold_events)\n", "");
    w.spec.cleanup = PRT_CLEANUP_DROP;
    w.spec.grace = world_interval("7 days");
    assert_plan(&w, "detach d01 (moved to schema cold_events after a grace of 7 days)\n", "");
    w.spec.cleanup = PRT_CLEANUP_MOVE;
    w.spec.cleanup_schema = "attic";
    assert_plan(&w, "",
                "error expired d01: it is kept, because its archive is not known: archive moves it to schema "
                "cold_events, but cleanup to schema attic\n");
    w.spec.cleanup = PRT_CLEANUP_DROP;
    w.spec.retention.age = world_interval("11 days");
    waiting(&w, events, "retiring", "2026-03-10");
    assert_plan(&w, "", "info detached_waiting old: it is detached, and moved after 2026-03-17\n");
    w.spec.grace = world_interval("1 day");
    assert_plan(&w, "move old (to schema cold_events)\n", "");
    assert_settles(&w);
}

/* By the partition's name: a template, none, an error, or one that leads elsewhere. */
static bool
hook(void *data, const prt_hook_context *context, const prt_hook_partition *partition, prt_arena *arena,
     prt_archive_choice *out, prt_error *err)
{
    (void) data;
    assert_string_equal(context->table, "events");
    assert_string_equal(partition->state, strcmp(partition->name, "old") == 0 ? "detached" : "attached");
    if (strcmp(partition->name, "d01") == 0)
        *out = (prt_archive_choice) {.url = prt_arena_strdup(arena, "s3://cold/{table}/{name}.copy"), .format = "csv"};
    else if (strcmp(partition->name, "d02") == 0)
        *out = (prt_archive_choice) {0};
    else if (strcmp(partition->name, "d03") == 0)
        return prt_fail(err, PRT_ERR_LUA, "events.lua:9: boom");
    else
        *out = (prt_archive_choice) {.url = "file:///cold/%2e%2E/x.csv"};
    return true;
}

static void
the_function_form(void **state)
{
    world w;
    prt_table *events = daily(&w, *state);
    w.spec.hooks.archive = hook;
    w.spec.retention.age = world_interval("7 days");
    assert_plan(
        &w,
        "drop d01 (after archive to s3://cold/events/d01.copy) -> s3://cold/events/d01.copy\n"
        "drop d02 (-)\n",
        "error expired d03: it is kept, because its archive is not known: events.lua:9: boom\n"
        "error expired d04: it is kept, because its archive is not known: the address file:///cold/%2e%2E/x.csv "
        "has a . or .. in its path\n");
    w.spec.retention.age = world_interval("11 days");
    w.spec.grace = world_interval("100 days");
    waiting(&w, events, "retiring", "2026-03-10");
    assert_plan(
        &w, "",
        "error expired old: it is kept, because its archive is not known: the address file:///cold/%2e%2E/x.csv "
        "has a . or .. in its path\n");
}

static bool
hold_all(void *data, const prt_hook_context *context, const prt_hook_partition *partition, bool *out, prt_error *err)
{
    (void) data, (void) context, (void) partition, (void) err;
    return *out = true;
}

static void
hold_keeps_whatever_waits(void **state)
{
    world w;
    prt_table *events = daily(&w, *state);
    w.spec.hooks.hold = hold_all;
    w.spec.retention.age = world_interval("11 days");
    static const char *const states[] = {"retiring", "archived"};
    for (int i = 0; i < 2; i++) {
        w.snapshot.waiting_length = 0;
        waiting(&w, events, states[i], "2026-03-01");
        prt_plan *plan = world_plan(&w, NULL);
        assert_int_equal(prt_plan_operations(plan), 0);
        assert_true(world_found(plan, 0, PRT_FINDING_HELD, PRT_SEVERITY_INFO));
    }
    w.spec.grace = world_interval("100 days");
    w.snapshot.waiting_length = 0;
    waiting(&w, events, "retiring", "2026-03-01");
    assert_int_equal(prt_plan_operations(world_plan(&w, NULL)), 0);
}

static void
by_hand_and_by_halves(void **state)
{
    world w;
    daily(&w, *state);
    const char *names[] = {"d05", NULL};
    prt_plan_options options = {.retire = names, .force_retention = true};
    assert_string_equal(shown(&w, world_plan(&w, &options)),
                        "drop d05 (after archive to file:///cold/public/events/d05.csv.zst) -> "
                        "file:///cold/public/events/d05.csv.zst\n");
    options = (prt_plan_options) {.create_only = true};
    assert_string_equal(shown(&w, world_plan(&w, &options)), "");
    options = (prt_plan_options) {.checking = true};
    prt_plan *plan = world_plan(&w, &options);
    assert_true(world_found(plan, 0, PRT_FINDING_EXPIRED, PRT_SEVERITY_WARNING));
}

static bool
hook_from_data(void *data, const prt_hook_context *context, const prt_hook_partition *partition, prt_arena *arena,
               prt_archive_choice *out, prt_error *err)
{
    (void) context, (void) partition, (void) arena, (void) err;
    out->url = data;
    return true;
}

/* A saved plan does not hold for another address, wherever that comes from. */
static void
addresses_count_for_the_fingerprint(void **state)
{
    static char a[] = "s3://a/b.csv", b[] = "s3://b/b.csv", c[] = "schema:c", d[] = "schema:d";
    char *urls[] = {NULL, a, b, c, d};
    const char *prints[5];
    world w;
    daily(&w, *state);
    w.spec.hooks.archive = hook_from_data;
    for (size_t i = 0; i < 5; i++) {
        w.spec.hooks.data = urls[i];
        prints[i] = world_plan(&w, NULL)->fingerprint;
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(prints[i], prints[j]);
    }
}

/* Once attached again by hand, it may have got rows: what its marker says is over. */
static void
an_old_proof_does_not_count_for_a_partition(void **state)
{
    world w;
    prt_table *events = daily(&w, *state), *d01 = events->parent->children[0];
    prt_marker marker = {.state = "archived",
                         .system = w.snapshot.system,
                         .database = 5,
                         .oid = d01->oid,
                         .policy = "events",
                         .parent_schema = "public",
                         .parent_name = "events",
                         .from = "'2026-03-01 00:00:00+00'",
                         .to = "'2026-03-02 00:00:00+00'",
                         .archive = {.url = "file:///x.csv", .sha256 = SHA256}};
    d01->comment = prt_marker_write(*state, NULL, &marker);
    d01->fenced = true;
    assert_plan(&w,
                "drop d01 (after archive to file:///cold/public/events/d01.csv.zst) -> "
                "file:///cold/public/events/d01.csv.zst\n",
                "");
    w.spec.retention.age = world_interval("20 days"); /* it stays: fence and marker go */
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(shown(&w, plan), "alter d01 (-)\n");
    assert_string_equal(plan->sets.items[0].operations.items[0].statements[0].sql,
                        "ALTER TABLE \"public\".\"d01\" DROP CONSTRAINT IF EXISTS partrun_archived");
}

/* ---- the statements ---- */

static const char *
statements(world *w, const prt_operation *o)
{
    char *text = prt_arena_strdup(w->arena, "");
    for (size_t i = 0; i < o->statements_length; i++) {
        unsigned flags = o->statements[i].flags;
        const char *sql = o->statements[i].sql, *line = strrchr(sql, '\n');
        text = prt_arena_printf(w->arena, "%s%s%s%s%.*s\n", text, flags & PRT_BREAK ? "| " : "",
                                flags & PRT_ALONE ? "! " : "", flags & PRT_ARCHIVE ? "archive " : "",
                                strncmp(sql, "DO", 2) == 0 ? 2 : 63, line == NULL ? sql : line + 1);
    }
    return text;
}

static void
what_runs(void **state)
{
    world w;
    daily(&w, *state);
    prt_plan *plan = world_plan(&w, NULL);
    prt_operation drop = plan->sets.items[0].operations.items[0];
    assert_string_equal(statements(&w, &drop),
                        "COMMENT ON TABLE \"public\".\"d01\" IS 'partrun: {\"state\":\"retiring\n"
                        "DO\n"
                        "| DO\n"
                        "! ALTER TABLE \"public\".\"events\" DETACH PARTITION \"public\".\"d01\" C\n"
                        "| DO\n"
                        "ALTER TABLE \"public\".\"d01\" DROP CONSTRAINT IF EXISTS partrun_ar\n"
                        "! archive COPY \"public\".\"d01\" TO STDOUT (FORMAT csv, HEADER true)\n"
                        "| DO\n"
                        "DROP TABLE \"public\".\"d01\"\n");
    /* The drop is refused without fence and marker: it is safe to run by hand what is shown. */
    const char *check = drop.statements[7].sql;
    assert_non_null(strstr(check, "partrun_archived"));
    assert_non_null(strstr(check, "\"state\":\"archived\""));
    assert_non_null(
        strstr(drop.statements[6].sql, "-- partrun writes this to file:///cold/public/events/d01.csv.zst,\n"));

    prt_archive_result result = {.url = "file:///y.csv", .rows = 3, .bytes = 30, .sha256 = SHA256};
    drop.archived = &result;
    prt_render_proven(*state, &w.snapshot, &plan->sets.items[0], &drop, true, &drop.statements,
                      &drop.statements_length);
    assert_string_equal(statements(&w, &drop),
                        "| DO\n"
                        "COMMENT ON TABLE \"public\".\"d01\" IS 'partrun: {\"state\":\"archived\n"
                        "| DO\n"
                        "DROP TABLE \"public\".\"d01\"\n");
    assert_non_null(strstr(drop.statements[1].sql,
                           "\"archive\":{\"url\":\"file:///y.csv\",\"rows\":3,\"bytes\":30,\"sha256\":\"" SHA256
                           "\"}"));
}

/* ---- re-attachment ---- */

/* d01 to d03 were detached, with a grace that is long. */
static prt_table *
grown(world *w, prt_arena *arena, const char *age)
{
    prt_table *events = daily(w, arena);
    w->spec.retention.age = world_interval("8 days");
    w->spec.grace = world_interval("1 year");
    world_apply(w, world_plan(w, NULL));
    assert_int_equal(w->snapshot.waiting_length, 3);
    w->spec.retention.age = world_interval(age);
    return events;
}

static void
back_inside_the_retention(void **state)
{
    world w;
    prt_table *events = grown(&w, *state, "10 days");
    prt_plan *plan = world_plan(&w, NULL);
    assert_string_equal(world_operations(&w, plan, 0),
                        "reattach d02 2026-03-02 .. 2026-03-03 (inside the retention of 10 days)\n"
                        "reattach d03 2026-03-03 .. 2026-03-04 (inside the retention of 10 days)\n");
    assert_string_equal(statements(&w, &plan->sets.items[0].operations.items[0]),
                        "DO\n"
                        "ALTER TABLE \"public\".\"d02\" DROP CONSTRAINT IF EXISTS partrun_bo\n"
                        "| ALTER TABLE \"public\".\"d02\" VALIDATE CONSTRAINT partrun_bound\n"
                        "| LOCK TABLE ONLY \"public\".\"events\" IN SHARE UPDATE EXCLUSIVE MOD\n"
                        "DO\n"
                        "ALTER TABLE \"public\".\"d02\" DROP CONSTRAINT IF EXISTS partrun_ar\n"
                        "ALTER TABLE \"public\".\"events\" ATTACH PARTITION \"public\".\"d02\" F\n"
                        "ALTER TABLE \"public\".\"d02\" DROP CONSTRAINT IF EXISTS partrun_bo\n"
                        "COMMENT ON TABLE \"public\".\"d02\" IS NULL\n");
    assert_non_null(strstr(plan->sets.items[0].operations.items[0].statements[1].sql,
                           "CHECK (\"at\" IS NOT NULL AND \"at\" >= '2026-03-02 00:00:00+00' AND \"at\" < '2026-03-03 "
                           "00:00:00+00')"));
    prt_plan_options options = {.checking = true};
    assert_true(world_found(world_plan(&w, &options), 0, PRT_FINDING_MISSING, PRT_SEVERITY_WARNING));
    options = (prt_plan_options) {.create_only = true};
    assert_int_equal(prt_plan_operations(world_plan(&w, &options)), 2);
    options = (prt_plan_options) {.retire_only = true};
    assert_int_equal(prt_plan_operations(world_plan(&w, &options)), 0);
    prt_pos at = world_time("2026-03-03 12:00");
    options = (prt_plan_options) {.ensure_from = &at};
    assert_string_equal(world_operations(&w, world_plan(&w, &options), 0),
                        "reattach d03 2026-03-03 .. 2026-03-04 (inside the retention of 10 days)\n");
    world_apply(&w, plan);
    assert_int_equal(events->parent->children_length, 15);
    assert_int_equal(prt_plan_operations(world_plan(&w, NULL)), 0);
}

/* Only who would be dropped in the end comes back; and without its archive, or with it. */
static void
who_does_not_come_back(void **state)
{
    world w;
    prt_table *events = grown(&w, *state, "10 days");
    w.spec.cleanup = PRT_CLEANUP_DETACH;
    assert_string_equal(world_operations(&w, world_plan(&w, NULL), 0),
                        "archive d01 2026-03-01 .. 2026-03-02 (expired 9 h ago)\n"); /* proven: it becomes kept */
    w.spec.cleanup = PRT_CLEANUP_DROP;
    w.spec.name = "another";
    assert_int_equal(prt_plan_operations(world_plan(&w, NULL)), 0);
    w.spec.name = "events";
    for (size_t i = 0; i < 3; i++)
        w.snapshot.waiting[i].marker.state = "kept";
    world_range(&w, events, "first", "2026-02-01 00:00:00+00", "2026-03-04 00:00:00+00");
    assert_int_equal(prt_plan_operations(world_plan(&w, NULL)), 0);
}

static void
what_stands_in_the_way(void **state)
{
    world w;
    prt_table *events = grown(&w, *state, "10 days");
    world_range(&w, events, "other", "2026-03-02 12:00:00+00", "2026-03-03 00:00:00+00");
    world_child(&w, events, "rest", "DEFAULT")->bytes = 8192;
    const char *blocked[] = {"\"public\".\"d03\""};
    w.snapshot.blocked = blocked;
    w.snapshot.blocked_length = 1;
    prt_plan *plan = world_plan(&w, NULL);
    const char *findings = world_findings(&w, plan, 0);
    assert_non_null(strstr(findings, "info detached_waiting d02: it is detached, and inside the retention again, but "
                                     "other covers its range by now\n"));
    assert_non_null(strstr(findings, "info detached_waiting d03: it is detached, and inside the retention again, but "
                                     "rest holds rows of its range\n"));
    assert_null(strstr(world_operations(&w, plan, 0), "reattach"));
}

/* Each of them fits, but not all: the newest come back, and stay. */
static void
counts_do_not_flap(void **state)
{
    world w;
    prt_table *events = grown(&w, *state, "10 days");
    w.spec.retention = (prt_retention) {.kind = PRT_KEEP_COUNT, .amount = 9};
    assert_string_equal(world_operations(&w, world_plan(&w, NULL), 0),
                        "reattach d03 2026-03-03 .. 2026-03-04 (inside the retention of 9 partitions)\n");
    world_apply(&w, world_plan(&w, NULL));
    assert_int_equal(events->parent->children_length, 14);
    assert_int_equal(prt_plan_operations(world_plan(&w, NULL)), 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, support_arena_setup, support_arena_teardown)
    const struct CMUnitTest tests[] = {
        T(attached_by_cleanup_and_grace),
        T(the_request_says_it_all),
        T(waiting_by_state),
        T(a_policy_that_only_detaches),
        T(grace_counts_from_the_detach),
        T(in_a_schema),
        T(the_function_form),
        T(hold_keeps_whatever_waits),
        T(by_hand_and_by_halves),
        T(addresses_count_for_the_fingerprint),
        T(an_old_proof_does_not_count_for_a_partition),
        T(what_runs),
        T(back_inside_the_retention),
        T(who_does_not_come_back),
        T(what_stands_in_the_way),
        T(counts_do_not_flap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
