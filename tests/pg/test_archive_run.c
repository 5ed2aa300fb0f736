/* Archives in a run: nothing is dropped without a proof, whatever happens in between; and what comes back. */
#include <string.h>

#include "support/archive_fake.h"
#include "support/run_support.h"

static const char first[] = "2025-01-06 12:00:00Z", now[] = "2025-01-10 12:00:00Z", later[] = "2025-01-12 12:00:00Z";

#define EVENTS                                                                                                      \
    "CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, body text, PRIMARY KEY " \
    "(id, at)) PARTITION BY RANGE (at); "

/* What a run was told: "before_drop events_p20250106 detached 3 rows". */
typedef struct told {
    char text[2000];
    const char *raise; /* this hook, of this partition, raises */
} told;

static bool
act(void *data, prt_hook hook, const prt_hook_context *context, const prt_hook_partition *partition,
    const prt_error *cause, prt_error *err)
{
    told *t = data;
    (void) context;
    size_t used = strlen(t->text);
    if (hook == PRT_HOOK_CREATE)
        return true;
    int length = snprintf(t->text + used, sizeof t->text - used, "%s %s %s", prt_hook_names[hook], partition->name,
                          partition->state);
    if (partition->archive != NULL)
        length += snprintf(t->text + used + length, sizeof t->text - used - (size_t) length, " %ld rows",
                           (long) partition->archive->rows);
    bool raises = t->raise != NULL && strcmp(t->text + used, t->raise) == 0;
    snprintf(t->text + used + length, sizeof t->text - used - (size_t) length, "%s%s\n", cause == NULL ? "" : ": ",
             cause == NULL ? "" : cause->message);
    return !raises || prt_fail(err, PRT_ERR_LUA, "boom");
}

typedef struct scene {
    pg_test *t;
    prt_spec *spec;
    archive_fake fake;
    prt_archiver archiver;
    told told;
    prt_run_options options;
} scene;

/* Partitions from 2025-01-06 on; at `now` those of the 6th and 7th have expired, with 2 and 3 rows. */
static void
open_scene(scene *s, pg_test *t, const char *more)
{
    *s = (scene) {.t = t, .fake = {.t = t}};
    s->spec = run_spec(t, "public.events", "1 day");
    s->archiver = archive_fake_archiver(&s->fake);
    archive_fake_reset(t);
    pg_sql(t, EVENTS);
    prt_run_options options = run_options(first);
    run_apply(t, s->spec, &options);
    pg_sql(t,
           "%s; INSERT INTO events (at) VALUES ('2025-01-06Z'), ('2025-01-06 01:00Z'), ('2025-01-07Z'), ('2025-01-07 "
           "01:00Z'), ('2025-01-07 02:00Z'), ('2025-01-10Z'); COMMENT ON TABLE events_p20250106 IS 'mine'",
           more);
    run_retention(s->spec, "2 days", PRT_CLEANUP_DROP);
    s->spec->archive.url = "file:///cold/{name}.csv";
    s->spec->hooks.action = act;
    s->spec->hooks.actions = (1u << PRT_HOOK_COUNT) - 1;
    s->spec->hooks.data = &s->told;
    s->options = run_options(now);
    s->options.archiver = &s->archiver;
}

static prt_result *
run_at(scene *s, const char *at)
{
    prt_run_options options = run_options(at);
    options.archiver = s->options.archiver;
    s->told.text[0] = '\0';
    return run_apply(s->t, s->spec, &options);
}

static const char *
archives(scene *s)
{
    return pg_value(s->t,
                    "SELECT coalesce(string_agg(url || ' ' || rows || ' ' || copies, '; ' ORDER BY url), '') FROM "
                    "cold.archives");
}

/* "retiring 1 fence", "no table" */
static const char *
state_of(scene *s, const char *table)
{
    return pg_value(
        s->t,
        "SELECT coalesce((SELECT concat_ws(' ', CASE WHEN c.relispartition THEN 'attached' ELSE 'detached' END, "
        "substring(obj_description(c.oid) FROM '\"state\":\"([a-z]*)\"'), (SELECT 'fenced' FROM "
        "pg_constraint k WHERE k.conrelid = c.oid AND k.conname = 'partrun_archived')) FROM pg_class c JOIN "
        "pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = '%s' AND n.nspname IN ('public', "
        "'attic')), 'gone')",
        table);
}

/* A late row meets the fence, also in a branch. */
static void
late_row(archive_fake *fake, const prt_archive_request *request)
{
    PGresult *result = PQexec(
        fake->t->side,
        prt_arena_printf(fake->t->arena, "INSERT INTO public.%s (id, at) OVERRIDING SYSTEM VALUE VALUES (99, '%s')",
                         request->name, request->from));
    assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "23514");
    PQclear(result);
}

static void
drops_what_is_proven(void **state)
{
    scene s;
    open_scene(&s, *state, "SELECT");
    s.fake.meanwhile = late_row;
    prt_result *result = run_at(&s, now);
    run_expect(result, 6, 0, 0); /* 4 are created */
    assert_string_equal(archives(&s), "file:///cold/events_p20250106.csv 2 1; file:///cold/events_p20250107.csv 3 1");
    assert_string_equal(state_of(&s, "events_p20250106"), "gone");
    assert_string_equal(state_of(&s, "events_p20250107"), "gone");
    assert_string_equal(s.told.text, "before_detach events_p20250106 attached\n"
                                     "before_drop events_p20250106 detached 2 rows\n"
                                     "after_drop events_p20250106 dropped 2 rows\n"
                                     "before_detach events_p20250107 attached\n"
                                     "before_drop events_p20250107 detached 3 rows\n"
                                     "after_drop events_p20250107 dropped 3 rows\n");
    assert_string_equal(s.fake.last.parent_name, "events");
    assert_string_equal(pg_value(s.t, "SELECT string_agg(DISTINCT op || ' ' || status, ', ') FROM partrun.operation "
                                      "WHERE op <> 'create'"),
                        "drop done");
}

#define BRANCH                                                                                                      \
    "DROP TABLE events_p20250106; CREATE TABLE events_p20250106 PARTITION OF events FOR VALUES FROM "               \
    "('2025-01-06Z') TO ('2025-01-07Z') PARTITION BY HASH (id); CREATE TABLE h0 PARTITION OF events_p20250106 FOR " \
    "VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE h1 PARTITION OF events_p20250106 FOR VALUES WITH (MODULUS " \
    "2, REMAINDER 1)"

static void
a_branch_is_fenced_as_a_whole(void **state)
{
    scene s;
    open_scene(&s, *state, BRANCH);
    s.fake.meanwhile = late_row;
    run_expect(run_at(&s, now), 6, 0, 0);
    assert_string_equal(archives(&s), "file:///cold/events_p20250106.csv 2 1; file:///cold/events_p20250107.csv 3 1");
    assert_string_equal(state_of(&s, "h0"), "gone");
}

/* A leaf that goes out, and comes back with other rows and a fence of its own. */
static void
exchange_leaf(archive_fake *fake, const prt_archive_request *request)
{
    if (strcmp(request->name, "events_p20250106") == 0)
        pg_sql(fake->t, "ALTER TABLE events_p20250106 DETACH PARTITION h1; ALTER TABLE h1 DROP CONSTRAINT "
                        "partrun_archived; UPDATE h1 SET body = 'late'; ALTER TABLE h1 ADD CONSTRAINT partrun_archived "
                        "CHECK (false) NOT VALID; ALTER TABLE events_p20250106 ATTACH PARTITION h1 FOR VALUES WITH "
                        "(MODULUS 2, REMAINDER 1)");
}

static void
a_leaf_that_comes_later_keeps_its_branch(void **state)
{
    scene s;
    open_scene(&s, *state, BRANCH);
    s.fake.meanwhile = exchange_leaf;
    prt_result *result = run_at(&s, now);
    run_expect(result, 5, 1, 0);
    assert_non_null(strstr(run_outcome(result, PRT_STATUS_FAILED)->error.message, "attached below it"));
    assert_string_equal(state_of(&s, "events_p20250106"), "detached retiring fenced");
    assert_string_equal(state_of(&s, "h1"), "attached fenced");
    s.fake.meanwhile = NULL;
    run_expect(run_at(&s, now), 1, 0, 0);
    assert_string_equal(state_of(&s, "h1"), "gone");
}

/* The same while it waits for the end of its grace: the archive that it has does not count any more. */
static void
a_leaf_that_comes_in_the_grace_is_archived_too(void **state)
{
    scene s;
    open_scene(&s, *state, BRANCH);
    s.spec->grace.days = 1;
    run_expect(run_at(&s, now), 6, 0, 0);
    assert_string_equal(state_of(&s, "events_p20250106"), "detached archived fenced");
    exchange_leaf(&s.fake, &(prt_archive_request) {.name = "events_p20250106"});
    run_at(&s, "2025-01-11 12:00:00Z");
    assert_string_equal(state_of(&s, "events_p20250106"), "gone");
    assert_int_equal(s.fake.looks, 1); /* for the 7th's; the 6th and the 8th are archived */
    assert_int_equal(s.fake.calls, 4);
}

static void
a_failure_keeps_its_partition_and_no_other(void **state)
{
    scene s;
    open_scene(&s, *state, "SELECT");
    s.fake.fail_from = s.fake.fail_to = 1;
    prt_result *result = run_at(&s, now);
    run_expect(result, 5, 1, 0);
    assert_string_equal(run_outcome(result, PRT_STATUS_FAILED)->error.message, "no space left on the device");
    assert_string_equal(state_of(&s, "events_p20250106"), "detached retiring fenced");
    assert_string_equal(state_of(&s, "events_p20250107"), "gone");
    assert_non_null(strstr(s.told.text, "on_error events_p20250106 detached: no space left on the device\n"));
    result = run_at(&s, now);
    run_expect(result, 1, 0, 0);
    assert_string_equal(s.told.text, "before_drop events_p20250106 detached 2 rows\n"
                                     "after_drop events_p20250106 dropped 2 rows\n");
    assert_int_equal(s.fake.calls, 3);
}

static void
without_an_archiver_nothing_goes(void **state)
{
    scene s;
    open_scene(&s, *state, "SELECT");
    s.options.archiver = NULL;
    run_expect(run_at(&s, now), 4, 2, 0);
    assert_string_equal(state_of(&s, "events_p20250106"), "detached retiring fenced");
    assert_int_equal(pg_number(s.t, "SELECT count(*) FROM events_p20250106"), 2);
    s.options.archiver = &s.archiver;
    run_expect(run_at(&s, now), 2, 0, 0);
    assert_string_equal(state_of(&s, "events_p20250106"), "gone");
}

static void
a_hook_that_raises_keeps_its_partition(void **state)
{
    scene s;
    open_scene(&s, *state, "SELECT");
    s.told.raise = "before_drop events_p20250106 detached 2 rows";
    run_expect(run_at(&s, now), 5, 1, 0);
    assert_string_equal(state_of(&s, "events_p20250106"), "detached archived fenced");
    assert_string_equal(state_of(&s, "events_p20250107"), "gone");
    s.told.raise = NULL;
    run_expect(run_at(&s, now), 1, 0, 0);
    assert_int_equal(s.fake.calls, 2); /* not archived again ... */
    assert_int_equal(s.fake.looks, 1); /* ... but looked for */
    s.told.raise = "before_detach events_p20250108 attached";
    run_expect(run_at(&s, later), 3, 1, 0); /* two created, one dropped */
    assert_string_equal(state_of(&s, "events_p20250108"), "attached");
}

static void
grace_first_archives_then_drops(void **state)
{
    scene s;
    open_scene(&s, *state, "SELECT");
    s.spec->grace.days = 1;
    run_expect(run_at(&s, now), 6, 0, 0);
    assert_string_equal(state_of(&s, "events_p20250106"), "detached archived fenced");
    assert_non_null(strstr(pg_value(s.t, "SELECT obj_description('events_p20250106'::regclass)"),
                           "mine\npartrun: {\"state\":\"archived\","));
    run_expect(run_at(&s, "2025-01-10 13:00:00Z"), 0, 0, 0);
    s.fake.lost = true; /* somebody took it away: it is made again */
    pg_sql(s.t, "DELETE FROM cold.archives WHERE url LIKE '%%06.csv'");
    run_expect(run_at(&s, "2025-01-11 12:00:00Z"), 4, 0, 0);
    assert_int_equal(s.fake.looks, 2);
    assert_int_equal(s.fake.calls, 5); /* 6 and 7 again, and the 8th */
    assert_string_equal(state_of(&s, "events_p20250106"), "gone");
    assert_string_equal(state_of(&s, "events_p20250108"), "detached archived fenced");
    assert_int_equal(pg_number(s.t, "SELECT rows FROM cold.archives WHERE url LIKE '%%06.csv'"), 2);
}

/* The fence goes while it is copied, or the comment: what the archive proves is worth nothing then. */
static void
take_fence(archive_fake *fake, const prt_archive_request *request)
{
    pg_sql(fake->t, "ALTER TABLE public.%s DROP CONSTRAINT partrun_archived", request->name);
}

/* Or something else stands in its place. */
static void
fake_fence(archive_fake *fake, const prt_archive_request *request)
{
    pg_sql(fake->t,
           "ALTER TABLE public.%s DROP CONSTRAINT partrun_archived, ADD CONSTRAINT partrun_archived CHECK (true)",
           request->name);
}

static bool
forget(void *data, prt_hook hook, const prt_hook_context *context, const prt_hook_partition *partition,
       const prt_error *cause, prt_error *err)
{
    (void) context, (void) cause, (void) err;
    if (hook == PRT_HOOK_BEFORE_DROP)
        pg_sql(data, "COMMENT ON TABLE %s IS NULL", partition->name);
    return true;
}

static void
without_fence_or_marker_nothing_goes(void **state)
{
    scene s;
    open_scene(&s, *state, "SELECT");
    s.fake.meanwhile = take_fence;
    run_expect(run_at(&s, now), 4, 2, 0);
    assert_string_equal(state_of(&s, "events_p20250106"), "detached retiring");
    s.fake.meanwhile = fake_fence;
    run_expect(run_at(&s, now), 0, 2, 0);
    assert_string_equal(state_of(&s, "events_p20250106"), "detached retiring fenced");
    s.fake.meanwhile = NULL;
    s.spec->hooks.action = forget;
    s.spec->hooks.data = s.t;
    run_expect(run_at(&s, now), 0, 2, 0);
    assert_string_equal(state_of(&s, "events_p20250106"), "detached fenced"); /* nobody's any more */
    assert_int_equal(pg_number(s.t, "SELECT count(*) FROM events_p20250106"), 2);
}

/* Rows that come between the detach and the fence are in the archive. */
typedef struct intruder {
    pg_test *t;
    bool detached, done;
} intruder;

static void
intrude(void *data, const char *sql)
{
    intruder *i = data;
    if (i->detached && !i->done) {
        i->done = true;
        pg_sql(i->t, "INSERT INTO events_p20250106 (id, at) OVERRIDING SYSTEM VALUE VALUES (98, '2025-01-06 05:00Z')");
    }
    i->detached = i->detached || strstr(sql, "DETACH PARTITION") != NULL;
}

static void
rows_between_detach_and_fence_are_archived(void **state)
{
    scene s;
    prt_error err = {0};
    prt_result *result = NULL;
    open_scene(&s, *state, "SELECT");
    intruder i = {.t = s.t};
    prt_conn *conn = pg_connect(s.t, &(prt_conn_options) {.dsn = s.t->dsn, .trace = intrude, .trace_data = &i});
    assert_ok(run_try(s.t, conn, s.spec, &s.options, &result, &err), &err);
    prt_conn_close(conn);
    run_expect(result, 6, 0, 0);
    assert_true(i.done);
    assert_int_equal(pg_number(s.t, "SELECT rows FROM cold.archives WHERE url LIKE '%%06.csv'"), 3);
}

static void
cleanups_that_keep_the_table(void **state)
{
    static const char kept[] =
        "SELECT (substring(obj_description('%s'::regclass) FROM 'partrun: (.*)')::json -> 'archive' "
        "->> 'rows')::bigint";
    scene s;
    open_scene(&s, *state, "CREATE SCHEMA attic; CREATE INDEX ON events (body)");
    s.spec->cleanup = PRT_CLEANUP_DETACH;
    run_expect(run_at(&s, now), 6, 0, 0);
    assert_string_equal(state_of(&s, "events_p20250106"), "detached kept");
    assert_int_equal(pg_number(s.t, kept, "events_p20250106"), 2);
    pg_sql(s.t, "INSERT INTO events_p20250106 (id, at) OVERRIDING SYSTEM VALUE VALUES (1, '2025-01-06 03:00Z')");
    s.spec->cleanup = PRT_CLEANUP_MOVE;
    s.spec->cleanup_schema = "attic";
    s.spec->cleanup_indexes = false;
    run_expect(run_at(&s, later), 4, 0, 0);
    assert_string_equal(state_of(&s, "events_p20250108"), "detached kept");
    assert_int_equal(pg_number(s.t, kept, "attic.events_p20250108"), 0);
    assert_int_equal(
        pg_number(s.t, "SELECT count(*) FROM pg_index WHERE indrelid = 'attic.events_p20250108'::regclass"), 0);
    /* schema: instead of a copy, and of the drop */
    s.spec->cleanup = PRT_CLEANUP_DROP;
    s.spec->archive.url = "schema:attic";
    run_expect(run_at(&s, "2025-01-13 12:00:00Z"), 2, 0, 0);
    assert_int_equal(
        pg_number(s.t, "SELECT count(*) FROM pg_index WHERE indrelid = 'attic.events_p20250110'::regclass"), 2);
    assert_int_equal(pg_number(s.t, "SELECT count(*) FROM attic.events_p20250110"), 1);
    assert_int_equal(s.fake.calls, 4);
    run_expect(run_at(&s, "2025-01-13 12:00:00Z"), 0, 0, 0);
}

static void
missing_privileges_are_told(void **state)
{
    scene s;
    open_scene(&s, *state, "SELECT");
    s.fake.fail_from = 1;
    s.fake.fail_to = 9;
    s.fake.sqlstate = "42501";
    prt_result *result = run_at(&s, now);
    run_expect(result, 4, 2, 0);
    assert_true(run_has_finding(result->plan, PRT_FINDING_PRIVILEGES));
    s.fake.calls = 0;
    s.fake.sqlstate = "55P03"; /* worth a retry */
    s.fake.fail_to = 2;
    run_expect(run_at(&s, now), 2, 0, 0);
    assert_int_equal(s.fake.calls, 4);
}

static void
by_hand(void **state)
{
    scene s;
    open_scene(&s, *state, "SELECT");
    const char *names[] = {"events_p20250108", NULL};
    s.options.plan = (prt_plan_options) {.retire = names, .force_retention = true};
    run_expect(run_apply(s.t, s.spec, &s.options), 1, 0, 0);
    assert_string_equal(archives(&s), "file:///cold/events_p20250108.csv 0 1");
    assert_string_equal(state_of(&s, "events_p20250108"), "gone");
    assert_string_equal(state_of(&s, "events_p20250106"), "attached");
}

/* ---- re-attachment ---- */

static int scans_spared;

static void
count_notices(void *data, const char *message)
{
    (void) data;
    scans_spared += strstr(message, "is implied by existing constraints") != NULL;
}

static void
back_inside_the_retention(void **state)
{
    scene s;
    open_scene(&s, *state, "SELECT");
    const char *before = pg_value(s.t, "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = "
                                       "'events_p20250107'");
    s.spec->grace.months = 1;
    run_expect(run_at(&s, now), 6, 0, 0);
    assert_string_equal(state_of(&s, "events_p20250107"), "detached archived fenced");
    prt_error err = {0};
    PQsetNoticeProcessor(prt_conn_raw(s.t->conn), count_notices, NULL);
    assert_ok(prt_exec(s.t->conn, "SET client_min_messages = debug1", &err), &err);
    s.spec->retention.age = (prt_interval) {.days = 3};
    run_expect(run_at(&s, now), 1, 0, 0);
    assert_int_equal(scans_spared, 1);
    assert_string_equal(state_of(&s, "events_p20250107"), "attached");
    assert_string_equal(state_of(&s, "events_p20250106"), "detached archived fenced");
    assert_string_equal(pg_value(s.t, "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = "
                                      "'events_p20250107'"),
                        before);
    assert_int_equal(pg_number(s.t, "SELECT count(*) FROM pg_constraint WHERE conname LIKE 'partrun%%' AND conrelid = "
                                    "'events_p20250107'::regclass"),
                     0);
    pg_sql(s.t, "INSERT INTO events (at) VALUES ('2025-01-07 06:00Z')");
    assert_int_equal(pg_number(s.t, "SELECT count(*) FROM events WHERE at < '2025-01-08Z'"), 4);
    /* And out again: the archive has the new row. */
    s.spec->retention.age = (prt_interval) {.days = 2};
    s.spec->grace = (prt_interval) {0};
    run_expect(run_at(&s, now), 2, 0, 0);
    assert_int_equal(pg_number(s.t, "SELECT rows FROM cold.archives WHERE url LIKE '%%07.csv'"), 4);
    assert_string_equal(state_of(&s, "events_p20250106"), "gone");
}

static void
beside_a_default_partition(void **state)
{
    scene s;
    open_scene(&s, *state, "CREATE TABLE rest PARTITION OF events DEFAULT");
    s.spec->grace.months = 1;
    run_expect(run_at(&s, now), 6, 0, 0);
    pg_sql(s.t, "INSERT INTO events (at) VALUES ('2025-01-07 06:00Z')");
    s.spec->retention.age = (prt_interval) {.days = 9};
    prt_result *result = run_at(&s, now);
    run_expect(result, 1, 0, 0);
    assert_string_equal(state_of(&s, "events_p20250106"), "attached");
    assert_string_equal(state_of(&s, "events_p20250107"), "detached archived fenced");
    assert_true(run_has_finding(result->plan, PRT_FINDING_DETACHED_WAITING));
    pg_sql(s.t, "DELETE FROM rest");
    run_expect(run_at(&s, now), 1, 0, 0);
    assert_string_equal(state_of(&s, "events_p20250107"), "attached");
    run_expect(run_at(&s, now), 0, 0, 0);
}

int
main(void)
{
#define PG_TEST(f) cmocka_unit_test_setup_teardown(f, pg_test_setup, pg_test_teardown)
    const struct CMUnitTest tests[] = {
        PG_TEST(drops_what_is_proven),
        PG_TEST(a_branch_is_fenced_as_a_whole),
        PG_TEST(a_leaf_that_comes_later_keeps_its_branch),
        PG_TEST(a_leaf_that_comes_in_the_grace_is_archived_too),
        PG_TEST(a_failure_keeps_its_partition_and_no_other),
        PG_TEST(without_an_archiver_nothing_goes),
        PG_TEST(a_hook_that_raises_keeps_its_partition),
        PG_TEST(grace_first_archives_then_drops),
        PG_TEST(without_fence_or_marker_nothing_goes),
        PG_TEST(rows_between_detach_and_fence_are_archived),
        PG_TEST(cleanups_that_keep_the_table),
        PG_TEST(missing_privileges_are_told),
        PG_TEST(by_hand),
        PG_TEST(back_inside_the_retention),
        PG_TEST(beside_a_default_partition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
