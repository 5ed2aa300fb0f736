/* The text of a plan, on plans made by hand. */
#include "support/support.h"

#include "model/ident.h"
#include "model/plan_text.h"

typedef struct world {
    prt_plan plan;
    prt_spec spec;
    prt_table parent;
    prt_snapshot snapshot;
} world;

static prt_pos
at(const char *text)
{
    prt_instant out;
    prt_error err = {0};
    assert_ok(prt_instant_parse(text, &out, &err), &err);
    return out;
}

static prt_set *
add_set(prt_arena *arena, world *w, const char *schema, const char *table)
{
    prt_set set = {.spec = &w->spec, .parent = &w->parent, .schema = schema, .table = table, .plannable = true};
    prt_interval day = {.days = 1};
    prt_key_options none = {0};
    prt_error err = {0};
    assert_ok(prt_grid_time(&set.grid, &day, NULL, NULL, &err), &err);
    assert_ok(prt_key_init(&set.key, "created_at", "timestamp with time zone", 1, 0, &none, NULL, &err), &err);
    set.partitions = 12;
    set.bytes = INT64_C(3328599654); /* 3.1 GB */
    set.runway = 4 * PRT_USEC_PER_DAY + 9 * PRT_USEC_PER_HOUR;
    prt_vec_push(arena, &w->plan.sets, set);
    return &w->plan.sets.items[w->plan.sets.length - 1];
}

static prt_operation *
add_operation(prt_arena *arena, prt_set *set, prt_op op, const char *name, const char *from, const char *to)
{
    prt_operation operation = {
        .op = op, .schema = set->schema, .name = name, .has_range = true, .bytes = -1, .rows = -1};
    prt_error err = {0};
    assert_ok(prt_end_make(arena, &set->key, at(from), &operation.range.from, &err), &err);
    assert_ok(prt_end_make(arena, &set->key, at(to), &operation.range.to, &err), &err);
    operation.lock = "ShareUpdateExclusiveLock";
    operation.reason = "gap";
    prt_vec_push(arena, &set->operations, operation);
    return &set->operations.items[set->operations.length - 1];
}

static prt_finding *
add_finding(prt_arena *arena, prt_set *set, prt_severity severity, prt_finding_code code, const char *message,
            const char *hint)
{
    const char *object = prt_ident_display(arena, set->schema, set->table);
    prt_vec_push(arena, &set->findings, ((prt_finding) {code, severity, object, message, hint}));
    return &set->findings.items[set->findings.length - 1];
}

static world *
new_world(prt_arena *arena)
{
    world *w = PRT_NEW(arena, world);
    prt_spec_init(&w->spec);
    w->spec.name = "events";
    w->plan.arena = arena;
    w->plan.snapshot = &w->snapshot;
    return w;
}

static const char *
text_of(prt_arena *arena, const world *w, const prt_text_style *style)
{
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_plan_text(&out, &w->plan, style);
    return out.data;
}

/* The example of the documentation, character for character. */
static void
test_example(void **state)
{
    prt_arena *arena = *state;
    world *w = new_world(arena);
    prt_set *set = add_set(arena, w, "public", "events");
    prt_operation *op = add_operation(arena, set, PRT_OP_CREATE, "events_p20260315", "2026-03-15", "2026-03-16");
    op->reason = "premake 4 of 4";
    op = add_operation(arena, set, PRT_OP_DROP, "events_p20260210", "2026-02-10", "2026-02-11");
    op->bytes = 91 * 1024 * 1024;
    op->reason = "expired 1 h ago";
    op->note = "after archive to s3://cold/events/...";
    add_finding(arena, set, PRT_SEVERITY_WARNING, PRT_FINDING_DEFAULT_NOT_EMPTY, "events_default holds about 40 rows",
                "default = \"drain\" moves them when their partition is made")
        ->object = "public.events_default";
    assert_string_equal(
        text_of(arena, w, NULL),
        "public.events   daily, 12 partitions, 3.1 GB, runway 4 d 9 h\n"
        "  + create  events_p20260315   2026-03-15 .. 2026-03-16            premake 4 of 4       "
        "ShareUpdateExclusiveLock\n"
        "  - drop    events_p20260210   2026-02-10 .. 2026-02-11    91 MB   expired 1 h ago      after archive to "
        "s3://cold/events/...\n"
        "  ! default_not_empty          events_default holds about 40 rows\n"
        "                               hint: default = \"drain\" moves them when their partition is made\n"
        "2 operations and 1 finding in 1 set; nothing was changed\n");
}

static void
test_nothing_to_do(void **state)
{
    prt_arena *arena = *state;
    world *w = new_world(arena);
    add_set(arena, w, "public", "events")->bytes = -1;
    prt_set *ids = add_set(arena, w, "ledger", "Entries");
    prt_key_options none = {0};
    prt_error err = {0};
    assert_ok(prt_grid_id(&ids->grid, 10000, 0, &err), &err);
    assert_ok(prt_key_init(&ids->key, "id", "bigint", 1, 0, &none, NULL, &err), &err);
    ids->partitions = 1;
    ids->runway = 1234567;
    ids->bytes = 0;
    assert_string_equal(text_of(arena, w, NULL),
                        "public.events      daily, 12 partitions, runway 4 d 9 h\n"
                        "ledger.\"Entries\"   10000 ids, 1 partition, 0 bytes, runway 1,234,567 ids\n"
                        "nothing to do in 2 sets\n");
}

/* Sizes have a column only where some are known; the note yields to nothing but a lock that others feel. */
static void
test_columns(void **state)
{
    prt_arena *arena = *state;
    world *w = new_world(arena);
    prt_set *set = add_set(arena, w, "public", "events");
    prt_operation *op = add_operation(arena, set, PRT_OP_FINALIZE, "events_p20260210", "2026-02-10", "2026-02-11");
    op->reason = "detach was interrupted";
    op = add_operation(arena, set, PRT_OP_DROP, "old", "2026-02-11", "2026-02-12");
    op->schema = "attic";
    op->lock = "AccessExclusiveLock";
    op->note = "after a grace of 7 days";
    const char *text = text_of(arena, w, NULL);
    assert_non_null(
        strstr(text, "  - finalize  events_p20260210   2026-02-10 .. 2026-02-11   detach was interrupted   Share"));
    assert_non_null(strstr(text, "  - drop      attic.old          2026-02-11 .. 2026-02-12   gap                      "
                                 "after a grace of 7 days, AccessExclusiveLock\n"));
}

static void
test_set_that_cannot_be_planned(void **state)
{
    prt_arena *arena = *state;
    world *w = new_world(arena);
    prt_set *set = add_set(arena, w, "public", "nowhere");
    set->plannable = false;
    add_finding(arena, set, PRT_SEVERITY_ERROR, PRT_FINDING_NOT_PARTITIONED, "there is no table public.nowhere", NULL);
    assert_string_equal(text_of(arena, w, NULL), "public.nowhere   policy events\n"
                                                 "  ! not_partitioned       there is no table public.nowhere\n"
                                                 "no operations and 1 finding in 1 set; nothing was changed\n");
}

/* A newline, an escape or a C1 control in a name must not reach the terminal. */
static void
test_hostile_names(void **state)
{
    prt_arena *arena = *state;
    world *w = new_world(arena);
    prt_set *set = add_set(arena, w, "public", "a\nb");
    add_operation(arena, set, PRT_OP_CREATE, "x\x1b[31m\x7f\xc2\x9b", "2026-02-10", "2026-02-11");
    add_finding(arena, set, PRT_SEVERITY_INFO, PRT_FINDING_HELD, "held\r\nfake line", "do\x1b this");
    const char *text = text_of(arena, w, NULL);
    assert_null(strchr(text, '\x1b'));
    assert_null(strchr(text, '\r'));
    assert_null(strchr(text, '\x7f'));
    assert_null(strstr(text, "\xc2\x9b"));
    int lines = 0;
    for (const char *c = text; *c != '\0'; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 5);
    assert_non_null(strstr(text, "i held"));
}

static void
test_color(void **state)
{
    prt_arena *arena = *state;
    world *w = new_world(arena);
    prt_set *set = add_set(arena, w, "public", "events");
    add_operation(arena, set, PRT_OP_CREATE, "p", "2026-02-10", "2026-02-11");
    const prt_text_style color = {.color = true};
    const char *text = text_of(arena, w, &color);
    assert_non_null(strstr(text, "\x1b[32m+ create\x1b[0m  p"));
    assert_non_null(strstr(text, "\x1b[1mpublic.events\x1b[0m   daily"));
    assert_null(strchr(text_of(arena, w, NULL), '\x1b'));
}

/* The middle of a long run is left out for terminals only. */
static void
test_folding(void **state)
{
    prt_arena *arena = *state;
    world *w = new_world(arena);
    prt_set *set = add_set(arena, w, "public", "events");
    for (int i = 0; i < 100; i++)
        add_operation(arena, set, PRT_OP_CREATE, prt_arena_printf(arena, "p%02d", i), "2026-02-10", "2026-02-11");
    add_operation(arena, set, PRT_OP_DROP, "old", "2025-02-10", "2025-02-11");
    const prt_text_style fold = {.fold = true};
    const char *text = text_of(arena, w, &fold);
    assert_non_null(strstr(text, "p01"));
    assert_null(strstr(text, "p02 "));
    assert_non_null(strstr(text, "    ... 96 more like these (-v shows all)\n"));
    assert_null(strstr(text, "p97 "));
    assert_non_null(strstr(text, "p98"));
    assert_non_null(strstr(text, "- drop    old"));
    assert_non_null(strstr(text, "101 operations and no findings in 1 set"));
    assert_non_null(strstr(text_of(arena, w, NULL), "p50"));
}

/* A narrow terminal does without the lock that hurts nobody. */
static void
test_narrow(void **state)
{
    prt_arena *arena = *state;
    world *w = new_world(arena);
    prt_set *set = add_set(arena, w, "public", "events");
    prt_operation *op = add_operation(arena, set, PRT_OP_CREATE, "events_p20260315", "2026-03-15", "2026-03-16");
    op->reason = "premake 4 of 4";
    op->lock = "ShareUpdateExclusiveLock";
    const char *line = "  + create  events_p20260315   2026-03-15 .. 2026-03-16   premake 4 of 4";
    prt_text_style style = {.width = 103};
    assert_non_null(strstr(text_of(arena, w, &style), prt_arena_printf(arena, "%s       %s\n", line, op->lock)));
    style.width = 102;
    assert_non_null(strstr(text_of(arena, w, &style), prt_arena_printf(arena, "%s\n", line)));
    op->lock = "AccessExclusiveLock"; /* this one does */
    style.width = 80;
    assert_non_null(strstr(text_of(arena, w, &style), op->lock));
}

static void
test_check(void **state)
{
    prt_arena *arena = *state;
    world *w = new_world(arena);
    prt_set *set = add_set(arena, w, "public", "events");
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_check_text(&out, &w->plan, NULL);
    assert_string_equal(out.data,
                        "public.events   daily, 12 partitions, 3.1 GB, runway 4 d 9 h\nall is well in 1 set\n");

    add_finding(arena, set, PRT_SEVERITY_INFO, PRT_FINDING_HELD, "p1 is held", NULL);
    add_finding(arena, set, PRT_SEVERITY_ERROR, PRT_FINDING_LOW_RUNWAY, "inserts fail in 2 h", "run partrun apply");
    prt_buf_init(&out, arena);
    prt_check_text(&out, &w->plan, NULL);
    assert_string_equal(out.data, "public.events   daily, 12 partitions, 3.1 GB, runway 4 d 9 h\n"
                                  "  error    low_runway          inserts fail in 2 h\n"
                                  "                               hint: run partrun apply\n"
                                  "  info     held                p1 is held\n"
                                  "1 error and no warnings in 1 set; 1 note\n");
}

/* A hint that neighbours share is given once; their middle is left out for terminals only. */
static void
test_check_folding(void **state)
{
    prt_arena *arena = *state;
    world *w = new_world(arena);
    prt_set *set = add_set(arena, w, "public", "events");
    for (int i = 0; i < 20; i++)
        add_finding(arena, set, PRT_SEVERITY_WARNING, PRT_FINDING_MISSING, prt_arena_printf(arena, "day %d", i),
                    "apply creates it");
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_check_text(&out, &w->plan, NULL);
    assert_non_null(strstr(out.data, "day 10\n  warning  missing             day 11\n"));
    assert_non_null(strstr(out.data, "day 19\n                               hint: apply creates it\n"));
    const prt_text_style fold = {.fold = true};
    prt_buf_init(&out, arena);
    prt_check_text(&out, &w->plan, &fold);
    assert_non_null(strstr(out.data, "day 1\n                               ... 17 more like these (-v shows all)\n"
                                     "  warning  missing             day 19\n"
                                     "                               hint: apply creates it\n"));
    assert_null(strstr(out.data, "day 10"));
}

/* Whom a finding is about is said where neither the line of the set nor the message does. */
static void
test_subject(void **state)
{
    prt_arena *arena = *state;
    world *w = new_world(arena);
    prt_set *set = add_set(arena, w, "My Schema", "events");
    add_finding(arena, set, PRT_SEVERITY_INFO, PRT_FINDING_HELD, "it is held", NULL)->object = "\"My Schema\".p1";
    add_finding(arena, set, PRT_SEVERITY_INFO, PRT_FINDING_HELD, "it is held", NULL)->object = "attic.p2";
    add_finding(arena, set, PRT_SEVERITY_INFO, PRT_FINDING_HELD, "p3 is held", NULL)->object = "\"My Schema\".p3";
    const char *text = text_of(arena, w, NULL);
    assert_non_null(strstr(text, "  i held                  p1: it is held\n"));
    assert_non_null(strstr(text, "  i held                  attic.p2: it is held\n"));
    assert_non_null(strstr(text, "  i held                  p3 is held\n"));
}

/* Whose the partitions are; on terminals, tenants with nothing to tell of are not worth a line each. */
static void
test_tenants(void **state)
{
    prt_arena *arena = *state;
    world *w = new_world(arena);
    const prt_tenant_list all = {.length = 2000};
    for (int i = 0; i < 20; i++)
        add_set(arena, w, "public", "events")->tenant = prt_arena_printf(arena, "t%02d", i);
    add_set(arena, w, "public", "shared")->tenants = &all;
    add_operation(arena, &w->plan.sets.items[15], PRT_OP_CREATE, "p", "2026-02-10", "2026-02-11");
    add_finding(arena, &w->plan.sets.items[15], PRT_SEVERITY_INFO, PRT_FINDING_HELD, "all is held", NULL);
    const char *text = text_of(arena, w, NULL);
    assert_non_null(strstr(text, "public.events  tenant t05   daily, 12 partitions, 3.1 GB, runway 4 d 9 h\n"));
    assert_non_null(strstr(text, "public.shared               daily, 12 partitions, 2,000 tenants, 3.1 GB, runway"));
    assert_non_null(strstr(text, "  all is held\n")); /* the set's line says of whom */
    const prt_text_style fold = {.fold = true};
    text = text_of(arena, w, &fold);
    assert_non_null(strstr(text, "tenant t01   daily, 12 partitions, 3.1 GB, runway 4 d 9 h\n"
                                 "... 11 more like these (-v shows all)\n"
                                 "public.events  tenant t13 "));
    assert_null(strstr(text, "tenant t05"));
    assert_non_null(strstr(text, "tenant t15 "));
    assert_non_null(strstr(text, "tenant t19 ")); /* four are not many */
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_check_text(&out, &w->plan, &fold);
    assert_non_null(strstr(out.data, "... 11 more like these (-v shows all)\npublic.events  tenant t13 "));
    prt_buf_init(&out, arena);
    prt_check_text(&out, &w->plan, NULL);
    assert_non_null(strstr(out.data, "tenant t05"));
}

static void
test_numbers(void **state)
{
    prt_arena *arena = *state;
    assert_string_equal(prt_bytes_text(arena, 0), "0 bytes");
    assert_string_equal(prt_bytes_text(arena, 1023), "1023 bytes");
    assert_string_equal(prt_bytes_text(arena, 8192), "8 kB");
    assert_string_equal(prt_bytes_text(arena, 1024 * 1024 - 1), "1.0 MB");
    assert_string_equal(prt_bytes_text(arena, 91 * 1024 * 1024), "91 MB");
    assert_string_equal(prt_bytes_text(arena, INT64_MAX), "8192 PB");
    assert_string_equal(prt_number_text(arena, 0), "0");
    assert_string_equal(prt_number_text(arena, -1234), "-1,234");
    assert_string_equal(prt_number_text(arena, INT64_MIN), "-9,223,372,036,854,775,808");
    assert_string_equal(prt_count_text(arena, 0, "set"), "no sets");
    assert_string_equal(prt_count_text(arena, 1, "set"), "1 set");
    assert_string_equal(prt_count_text(arena, 1000, "set"), "1,000 sets");
    assert_int_equal(prt_text_width("größe"), 5);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, support_arena_setup, support_arena_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_example),       TEST(test_nothing_to_do), TEST(test_columns), TEST(test_set_that_cannot_be_planned),
        TEST(test_hostile_names), TEST(test_color),         TEST(test_folding), TEST(test_check),
        TEST(test_narrow),        TEST(test_check_folding), TEST(test_subject), TEST(test_numbers),
        TEST(test_tenants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
