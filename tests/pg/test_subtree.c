/* `subpartition` on a real server: branches that are built whole, mended and retired, and new tenants' subtrees. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/run_support.h"

static const char now[] = "2026-03-12 12:00:00Z";

#define EVENTS                                                                                                \
    "CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, org int NOT NULL, region text NOT NULL,"    \
    " at timestamptz NOT NULL, body text DEFAULT 'x', size int GENERATED ALWAYS AS (length(body)) STORED,"    \
    " PRIMARY KEY (id, org, region, at)) PARTITION BY RANGE (at); CREATE INDEX events_body ON events (body);" \
    " CREATE STATISTICS events_stats ON org, region FROM events; CREATE TABLE notes (n int PRIMARY KEY);"     \
    " ALTER TABLE events ADD note int REFERENCES notes;"

static const prt_tenant regions[] = {{.id = "eu"}, {.id = "O'X, (y)"}};

static prt_spec *
subpartitioned(pg_test *t, prt_sub_kind kind, const char *column)
{
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    prt_error err = {0};
    spec->premake = 1;
    spec->subpartition = (prt_sub_spec) {
        .kind = kind, .column = column, .modulus = 4, .list = regions, .list_length = 2};
    assert_ok(prt_interval_parse("6 hours", &spec->subpartition.interval, &err), &err);
    return spec;
}

static long
leaves(pg_test *t, const char *table)
{
    return pg_number(t, "SELECT count(*) FROM pg_partition_tree('%s') WHERE isleaf", table);
}

static void
assert_settled(pg_test *t, const prt_spec *spec, const prt_run_options *options)
{
    run_expect(run_apply(t, spec, options), 0, 0, 0);
}

/* What a partition has from its parent, a branch and its leaves have too. */
static void
test_likeness(void **state)
{
    pg_test *t = *state;
    pg_sql(t, EVENTS "DROP ROLE IF EXISTS subtree_owner, subtree_reader; CREATE ROLE subtree_owner; CREATE ROLE "
                     "subtree_reader; GRANT ALL ON SCHEMA public TO subtree_owner;"
                     "ALTER TABLE events REPLICA IDENTITY USING INDEX events_pkey;"
                     "ALTER TABLE events OWNER TO subtree_owner; GRANT REFERENCES ON notes TO subtree_owner;"
                     "GRANT SELECT ON events TO subtree_reader; ALTER TABLE events ENABLE ROW LEVEL SECURITY;"
                     "CREATE POLICY mine ON events USING (org > 0)");
    prt_spec *spec = subpartitioned(t, PRT_SUB_HASH, "org");
    prt_storage storage = {.name = "fillfactor", .value = "70"};
    spec->inherit_privileges = spec->inherit_rls = true;
    spec->storage = &storage;
    spec->storage_length = 1;
    prt_run_options options = run_options(now);
    run_expect(run_apply(t, spec, &options), 2, 0, 0);
    assert_settled(t, spec, &options);
    assert_int_equal(leaves(t, "events"), 8);
    assert_int_equal(pg_number(t,
                               "SELECT count(*) FROM pg_partition_tree('events') p JOIN pg_class c ON c.oid = p.relid "
                               "WHERE p.level > 0 AND c.relreplident = 'i' AND c.relrowsecurity"
                               " AND c.relowner = 'subtree_owner'::regrole AND c.relacl::text LIKE '%%reader=r%%'"
                               " AND (c.relkind = 'p' OR c.reloptions = '{fillfactor=70}')"
                               " AND EXISTS (SELECT FROM pg_policy o WHERE o.polrelid = c.oid)"
                               " AND (SELECT count(*) FROM pg_index i JOIN pg_inherits h ON h.inhrelid = i.indexrelid"
                               " WHERE i.indrelid = c.oid AND i.indisvalid) = 2"
                               " AND EXISTS (SELECT FROM pg_statistic_ext s WHERE s.stxrelid = c.oid)"
                               " AND EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND contype = 'f')"),
                     10);
    pg_sql(t, "INSERT INTO events (org, region, at) SELECT i, 'eu', '2026-03-13 10:00' FROM generate_series(1, 100) i");
    assert_int_equal(pg_number(t, "SELECT count(DISTINCT tableoid) FROM events WHERE size = 1 AND id > 0"), 4);
    pg_sql(t, "DROP OWNED BY subtree_owner, subtree_reader CASCADE; DROP ROLE subtree_owner, subtree_reader");
}

/* A template's unique index, which no branch could have, is one of each leaf. */
static void
test_templates(void **state)
{
    pg_test *t = *state;
    pg_sql(t, EVENTS "CREATE TABLE template (LIKE events INCLUDING DEFAULTS INCLUDING GENERATED);"
                     "CREATE UNIQUE INDEX ON template (id)");
    prt_spec *spec = subpartitioned(t, PRT_SUB_LIST, "region");
    spec->template_table = "public.template";
    prt_run_options options = run_options(now);
    run_expect(run_apply(t, spec, &options), 2, 0, 0);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM pg_partition_tree('events') p JOIN pg_index i ON i.indrelid = "
                                  "p.relid WHERE p.isleaf AND i.indisunique AND i.indnkeyatts = 1"),
                     4);
    assert_settled(t, spec, &options);
}

/* Buckets and values that are missing; several moduli; a default in the way; and no lock that readers or writers feel. */
static void
test_repair(void **state)
{
    pg_test *t = *state;
    pg_sql(t, EVENTS);
    prt_spec *spec = subpartitioned(t, PRT_SUB_HASH, "org");
    prt_run_options options = run_options(now);
    spec->premake = 0;
    run_apply(t, spec, &options);
    pg_sql(t, "DROP TABLE events_p20260312_h1, events_p20260312_h2; CREATE TABLE odd PARTITION OF events_p20260312 FOR "
              "VALUES WITH (MODULUS 12, REMAINDER 5)");
    spec->subpartition.modulus = 3;
    pg_sql(t, "BEGIN; INSERT INTO events (org, region, at) SELECT 1, 'eu', '2026-03-12' FROM (SELECT 1) x WHERE "
              "satisfies_hash_partition('events_p20260312'::regclass, 4, 0, 1); SELECT * FROM events");
    prt_result *result = run_apply(t, spec, &options);
    pg_sql(t, "COMMIT");
    run_expect(result, 3, 0, 0);
    assert_int_equal(
        pg_number(t, "SELECT count(*) FROM pg_partition_tree('events') p JOIN pg_class c ON c.oid = p.relid "
                     "WHERE p.isleaf AND pg_get_expr(relpartbound, c.oid) ~* 'modulus 12, remainder (1|9|5)'"),
        3);
    assert_settled(t, spec, &options);
    pg_sql(t, "INSERT INTO events (org, region, at) SELECT i, 'eu', '2026-03-12 10:00' FROM generate_series(1, 200) i");

    pg_sql(t, "DROP TABLE events");
    pg_sql(t,
           "CREATE TABLE events (region text, at timestamptz) PARTITION BY RANGE (at); CREATE TABLE today PARTITION OF "
           "events FOR VALUES FROM ('2026-03-12') TO ('2026-03-13') PARTITION BY LIST (region); CREATE TABLE rest "
           "PARTITION OF today DEFAULT; INSERT INTO events VALUES ('eu', '2026-03-12')");
    spec->subpartition.kind = PRT_SUB_LIST;
    spec->subpartition.column = "region";
    result = run_apply(t, spec, &options);
    run_expect(result, 1, 0, 0);
    assert_true(run_has_finding(result->plan, PRT_FINDING_DEFAULT_BLOCKS));
    assert_string_equal(run_partitions(t, "today"), "rest DEFAULT; today_O_X___y_ FOR VALUES IN ('O''X, (y)')");
}

/* Cells go one by one, the branch stays until it has expired as a whole, and then goes with all that is left beneath it. */
static void
test_range_levels(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE events (id uuid, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)");
    prt_spec *spec = subpartitioned(t, PRT_SUB_RANGE, "at");
    run_retention(spec, "1 day", PRT_CLEANUP_DROP);
    spec->max_drop.kind = PRT_DROP_ALL;
    prt_run_options options = run_options(now);
    run_expect(run_apply(t, spec, &options), 2, 0, 0);
    assert_int_equal(leaves(t, "events"), 8);
    pg_sql(t, "DROP TABLE events_p20260313_p20260313_060000");
    options = run_options("2026-03-13 13:00:00Z");
    prt_result *result = run_apply(t, spec, &options);
    run_expect(result, 4, 0, 0); /* a day, a cell, and two cells of yesterday go */
    assert_string_equal(
        run_partitions(t, "events_p20260312"),
        "events_p20260312_p20260312_120000 FOR VALUES FROM ('2026-03-12 12:00:00+00') TO ('2026-03-12 "
        "18:00:00+00'); events_p20260312_p20260312_180000 FOR VALUES FROM ('2026-03-12 18:00:00+00') TO "
        "('2026-03-13 00:00:00+00')");
    assert_int_equal(leaves(t, "events_p20260313"), 4);
    assert_settled(t, spec, &options);
    options = run_options("2026-03-14 13:00:00Z");
    run_apply(t, spec, &options);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM pg_class WHERE relname LIKE 'events_p20260312%%'"), 0);
    assert_settled(t, spec, &options);
}

/* To another schema, a branch goes with its leaves. */
static void
test_moves(void **state)
{
    pg_test *t = *state;
    pg_sql(t, EVENTS "CREATE SCHEMA attic");
    prt_spec *spec = subpartitioned(t, PRT_SUB_HASH, "org");
    prt_run_options options = run_options(now);
    run_apply(t, spec, &options);
    run_retention(spec, "1 day", PRT_CLEANUP_MOVE);
    spec->cleanup_schema = "attic";
    options = run_options("2026-03-14 13:00:00Z");
    run_apply(t, spec, &options);
    assert_int_equal(
        pg_number(
            t, "SELECT count(*) FROM pg_partition_tree('attic.events_p20260312') p JOIN pg_class c ON c.oid = p.relid "
               "WHERE c.relnamespace = 'attic'::regnamespace"),
        5);
    assert_settled(t, spec, &options);
    /* From 17 on, partitions have their parent's identity columns: those below a branch too. */
    int identities = (int) pg_number(t, "SELECT count(*) FROM pg_partition_tree('events') p JOIN pg_attribute a ON "
                                        "a.attrelid = p.relid WHERE p.level > 0 AND a.attidentity <> ''");
    int tables = (int) pg_number(t, "SELECT count(*) FROM pg_partition_tree('events') p WHERE p.level > 0");
    assert_int_equal(identities, prt_conn_version(t->conn) >= 170000 ? tables : 0);
}

/* By several sessions, in more than one batch; and a branch that a killed run has built is attached by the next. */
static void
test_sessions(void **state)
{
    pg_test *t = *state;
    pg_sql(t, EVENTS);
    prt_spec *spec = subpartitioned(t, PRT_SUB_HASH, "org");
    prt_run_options options = run_options(now);
    spec->premake = 59;
    options.jobs = 2;
    run_expect(run_apply(t, spec, &options), 60, 0, 0);
    assert_int_equal(leaves(t, "events"), 240);
    assert_settled(t, spec, &options);
}

static void
die_at_attach(void *data, const char *sql)
{
    (void) data;
    if (strncmp(sql, "ALTER TABLE \"public\".\"events\" ATTACH", 36) == 0)
        kill(getpid(), SIGKILL);
}

/* Eight branches with four leaves each, by two sessions, of which the first dies when it attaches one. */
static void
kill_and_resume(pg_test *t, const prt_spec *spec, const char *branches)
{
    prt_run_options options = run_options(now);
    options.jobs = 2;
    pid_t child = fork();
    if (child == 0) {
        prt_conn_options mine = {.dsn = t->dsn, .trace = die_at_attach};
        prt_conn *conn = NULL;
        prt_result *result = NULL;
        prt_error err = {0};
        _exit(prt_conn_open(&mine, &conn, &err) && run_try(t, conn, spec, &options, &result, &err) ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    while (pg_number(t,
                     "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = "
                     "'client backend' AND pid NOT IN (pg_backend_pid(), %d)",
                     PQbackendPID(prt_conn_raw(t->conn))) != 0)
        usleep(10000);
    long made = pg_number(t,
                          "SELECT count(*) FROM pg_class WHERE relname ~ '%s' AND relkind = 'p' AND NOT "
                          "relispartition AND obj_description(oid, 'pg_class') LIKE '%%making%%'",
                          branches);
    assert_true(made > 0);
    prt_result *result = run_apply(t, spec, &options);
    run_expect(result, 8, 0, 0);
    long resumed = 0;
    for (size_t s = 0; s < result->plan->sets.length; s++)
        for (size_t i = 0; i < result->plan->sets.items[s].operations.length; i++)
            resumed += result->plan->sets.items[s].operations.items[i].made;
    assert_int_equal(resumed, made);
    assert_int_equal(leaves(t, "events"), 32);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM pg_description WHERE description LIKE '%%partrun: {%%'"), 0);
    assert_settled(t, spec, &options);
}

static void
test_killed(void **state)
{
    pg_test *t = *state;
    pg_sql(t, EVENTS);
    prt_spec *spec = subpartitioned(t, PRT_SUB_HASH, "org");
    spec->premake = 7;
    kill_and_resume(t, spec, "^events_p[0-9]+$");
}

/* The same for the branches of new tenants. */
static void
test_killed_tenants(void **state)
{
    static const prt_tenant tenants[] = {{.id = "a"}, {.id = "b"},   {.id = "c'd"}, {.id = "E"},
                                         {.id = "f"}, {.id = "g h"}, {.id = "i"},   {.id = "j"}};
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE events (tenant text, org int, at timestamptz, PRIMARY KEY (tenant, org, at))"
              " PARTITION BY LIST (tenant)");
    prt_spec *spec = subpartitioned(t, PRT_SUB_HASH, "org");
    spec->premake = 0;
    spec->key.column = "at";
    spec->tenant = (prt_tenant_spec) {.key = "tenant", .list = tenants, .list_length = 8};
    kill_and_resume(t, spec, "^events_[^_]+$");
}

int
main(void)
{
#define PG_TEST(f) cmocka_unit_test_setup_teardown(f, pg_test_setup, pg_test_teardown)
    const struct CMUnitTest tests[] = {
        PG_TEST(test_likeness), PG_TEST(test_templates), PG_TEST(test_repair), PG_TEST(test_range_levels),
        PG_TEST(test_moves),    PG_TEST(test_sessions),  PG_TEST(test_killed), PG_TEST(test_killed_tenants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
