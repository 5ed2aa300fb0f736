/* Archives that go back to their parent: at their old bound, without a scan, or not at all. */
#include "model/ident.h"
#include "model/marker.h"
#include "support/archive_support.h"

static const char *
partitions(archive_test *t, const char *parent)
{
    return pg_value(t->pg,
                    "SELECT string_agg(c.oid::regclass || ' ' || pg_get_expr(c.relpartbound, c.oid), '; '"
                    " ORDER BY c.relname) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
                    " WHERE i.inhparent = '%s'::regclass",
                    parent);
}

/* Indexes of a partition that belong to its parent's. */
static long
attached_indexes(archive_test *t, const char *table)
{
    return pg_number(t->pg,
                     "SELECT count(*) FROM pg_index x JOIN pg_inherits i ON i.inhrelid = x.indexrelid"
                     " WHERE x.indrelid = '%s'::regclass",
                     table);
}

static const char *
constraints(archive_test *t, const char *table)
{
    return pg_value(t->pg,
                    "SELECT string_agg(conname, ' ' ORDER BY conname) FROM pg_constraint"
                    " WHERE conrelid = '%s'::regclass AND contype <> 'n'",
                    table);
}

/* A session whose log has PostgreSQL's own words about what ATTACH looks at. */
static prt_conn *
chatty(archive_test *t, FILE *stream)
{
    prt_log *log = PRT_NEW(t->pg->arena, prt_log);
    prt_error err = {0};
    *log = (prt_log) {.stream = stream, .level = PRT_DEBUG};
    prt_conn *conn = pg_connect(t->pg, &(prt_conn_options) {.log = log});
    assert_ok(prt_exec(conn, "SET client_min_messages = debug1", &err), &err);
    return conn;
}

static const char events[] =
    "CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, tenant text NOT NULL, at timestamptz NOT NULL, body "
    "text,"
    " size int GENERATED ALWAYS AS (length(body)) STORED, CONSTRAINT positive CHECK (id > 0), PRIMARY KEY (tenant, at, "
    "id))"
    " PARTITION BY RANGE (tenant, at); CREATE INDEX ON events (body) WHERE body <> '';"
    "CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('o''k, (a)', '2025-01-01') TO ('o''k, (a)', '2025-02-01');"
    "CREATE TABLE e2 PARTITION OF events FOR VALUES FROM ('o''k, (a)', '2025-02-01') TO ('o''k, (a)', '2025-03-01');"
    "CREATE TABLE ed PARTITION OF events DEFAULT;"
    "ALTER TABLE events ADD CONSTRAINT late CHECK (body <> 'b 7') NOT VALID;"
    "INSERT INTO events (tenant, at, body) SELECT 'o''k, (a)', '2025-01-01'::timestamptz + n * interval '1 minute', 'b "
    "' || n"
    " FROM generate_series(8, 1007) n;"
    "INSERT INTO events (tenant, at, body) VALUES ('other', '2025-01-05', 'x')";

static void
it_goes_back_where_it_was(void **state)
{
    archive_test *t = *state;
    char *log = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&log, &length);
    prt_error err = {0};
    prt_restore_result result;
    pg_sql(t->pg, "%s", events);
    const char *before = partitions(t, "events"), *rows = archive_rows(t, "events");
    prt_archive_result made = archive_make(t, "e1", "e1.copy.zst");
    assert_int_equal(made.rows, 1000);
    /* Whatever becomes of the sequence: it goes on behind what came back. */
    pg_sql(t->pg, "ALTER TABLE events DETACH PARTITION e1; DROP TABLE e1; SELECT setval('events_id_seq', 20)");

    prt_conn *conn = chatty(t, stream);
    prt_restore_request request = {.url = made.url, .attach = true};
    assert_ok(prt_archive_restore(conn, t->pg->arena, &request, &t->options, &result, &err), &err);
    prt_conn_close(conn);
    fclose(stream);
    assert_string_equal(result.parent, "public.events");
    assert_string_equal(partitions(t, "events"), before);
    assert_string_equal(archive_rows(t, "events"), rows);
    assert_int_equal(attached_indexes(t, "e1"), 2);
    assert_string_equal(constraints(t, "e1"), "e1_pkey late positive");
    assert_non_null(strstr(log, "partition constraint for table \"e1\" is implied by existing constraints"));
    free(log);
    assert_string_equal(pg_value(t->pg,
                                 "INSERT INTO events (tenant, at, body) VALUES ('o''k, (a)', '2025-01-02', 'new')"
                                 " RETURNING tableoid::regclass || ' ' || id || ' ' || size"),
                        "e1 1001 3");
    /* Under another name, to another parent of the same shape. */
    pg_sql(t->pg,
           "CREATE SCHEMA s; CREATE TABLE s.\"Twin\" (LIKE events INCLUDING ALL) PARTITION BY RANGE (tenant, at);"
           "ALTER TABLE s.\"Twin\" DROP CONSTRAINT late");
    request = (prt_restore_request) {.name = "copy", .attach = true, .parent = "s.\"Twin\""};
    assert_string_equal(archive_restore(t, "e1.copy.zst", &request).parent, "s.\"Twin\"");
    assert_int_equal(pg_number(t->pg, "SELECT count(*) FROM s.\"Twin\""), 1000);
}

static void
every_kind_of_bound(void **state)
{
    archive_test *t = *state;
    pg_sql(t->pg, "CREATE TABLE l (k text, v int) PARTITION BY LIST (k); CREATE TABLE l1 PARTITION OF l FOR VALUES IN "
                  "('a', NULL);"
                  "CREATE TABLE h (k int, v int) PARTITION BY HASH (k); CREATE TABLE h1 PARTITION OF h FOR VALUES WITH"
                  " (MODULUS 1, REMAINDER 0); CREATE TABLE x (k text, v int) PARTITION BY RANGE (lower(k), v);"
                  "CREATE TABLE x1 PARTITION OF x FOR VALUES FROM (MINVALUE, MINVALUE) TO ('m', MAXVALUE);"
                  "CREATE TABLE xd PARTITION OF x DEFAULT;"
                  "INSERT INTO l VALUES ('a', 1), (NULL, 2); INSERT INTO h SELECT n, n FROM generate_series(1, 100) n;"
                  "INSERT INTO x VALUES ('A', 1), ('Z', 2)");
    static const char *const tables[][2] = {{"l", "l1"}, {"h", "h1"}, {"x", "x1"}, {"x", "xd"}};
    for (size_t i = 0; i < 4; i++) {
        const char *parent = tables[i][0];
        const char *before = partitions(t, parent), *rows = archive_rows(t, parent);
        const char *file = prt_arena_printf(t->pg->arena, "%s.csv", tables[i][1]);
        archive_make(t, tables[i][1], file);
        pg_sql(t->pg, "ALTER TABLE %s DETACH PARTITION %s; DROP TABLE %s", parent, tables[i][1], tables[i][1]);
        archive_restore(t, file, &(prt_restore_request) {.attach = true});
        assert_string_equal(partitions(t, parent), before);
        assert_string_equal(archive_rows(t, parent), rows);
    }
}

/* A branch comes back as one plain table, in the branch's place. */
static void
a_branch_becomes_one_partition(void **state)
{
    archive_test *t = *state;
    pg_sql(t->pg,
           "CREATE TABLE p (k int, h int, v text, PRIMARY KEY (k, h)) PARTITION BY RANGE (k);"
           "CREATE INDEX ON p (v); CREATE TABLE b PARTITION OF p FOR VALUES FROM (0) TO (10) PARTITION BY HASH (h);"
           "CREATE TABLE b0 PARTITION OF b FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
           "CREATE TABLE b1 PARTITION OF b FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
           "INSERT INTO p SELECT n %% 10, n, n FROM generate_series(1, 200) n");
    const char *before = partitions(t, "p"), *rows = archive_rows(t, "p");
    archive_make(t, "b", "b.csv.gz");
    pg_sql(t->pg, "DROP TABLE b");
    assert_int_equal(archive_restore(t, "b.csv.gz", &(prt_restore_request) {.attach = true}).rows, 200);
    assert_string_equal(partitions(t, "p"), before);
    assert_string_equal(archive_rows(t, "p"), rows);
    assert_string_equal(pg_value(t->pg, "SELECT relkind::text FROM pg_class WHERE oid = 'b'::regclass"), "r");
    assert_int_equal(attached_indexes(t, "b"), 2);
}

/* What partrun has detached knows its place by its marker, which stays with that table. */
static void
a_detached_partition_knows_its_place(void **state)
{
    archive_test *t = *state;
    pg_sql(t->pg, "CREATE TABLE p (at date) PARTITION BY RANGE (at);"
                  "CREATE TABLE old PARTITION OF p FOR VALUES FROM ('2025-01-01') TO ('2025-01-02');"
                  "INSERT INTO p VALUES ('2025-01-01')");
    pg_sql(t->pg, "ALTER TABLE p DETACH PARTITION old CONCURRENTLY"); /* which leaves a CHECK of the bound */
    assert_non_null(constraints(t, "old"));
    prt_marker marker = {.state = "retiring",
                         .system = prt_conn_facts_of(t->pg->conn)->system,
                         .database = prt_conn_facts_of(t->pg->conn)->database_oid,
                         .oid = (uint32_t) pg_number(t->pg, "SELECT 'old'::regclass::oid"),
                         .policy = "p",
                         .parent_schema = "public",
                         .parent_name = "p",
                         .from = "'2025-01-01'",
                         .to = "'2025-01-02'"};
    pg_sql(t->pg, "COMMENT ON TABLE old IS %s",
           prt_literal_quote(t->pg->arena, prt_marker_write(t->pg->arena, "mine", &marker)));
    archive_make(t, "old", "old.csv");
    pg_sql(t->pg, "DROP TABLE old");
    archive_restore(t, "old.csv", &(prt_restore_request) {.attach = true});
    assert_string_equal(partitions(t, "p"), "old FOR VALUES FROM ('2025-01-01') TO ('2025-01-02')");
    assert_string_equal(pg_value(t->pg, "SELECT obj_description('old'::regclass)"), "mine");
    assert_null(constraints(t, "old"));
}

static void
a_parent_that_has_changed_refuses_it(void **state)
{
    archive_test *t = *state;
    prt_error err;
    const prt_restore_request attach = {.attach = true};
    pg_sql(t->pg, "CREATE TABLE p (k int, v text) PARTITION BY RANGE (k);"
                  "CREATE TABLE a PARTITION OF p FOR VALUES FROM (0) TO (10); INSERT INTO p SELECT 1, 'x'");
    archive_make(t, "a", "a.csv");
    pg_sql(t->pg, "DROP TABLE a; ALTER TABLE p ADD extra int");
    archive_refused(t, "a.csv", &attach, "the parent has a column \"extra\" that the archive does not have", &err);
    assert_string_equal(err.object, "public.p");
    assert_non_null(strstr(err.hint, "restored without attaching"));
    pg_sql(t->pg, "ALTER TABLE p DROP extra, DROP v");
    archive_refused(t, "a.csv", &attach, "the parent has no column \"v\" any more", &err);
    pg_sql(t->pg, "ALTER TABLE p ADD v bigint");
    archive_refused(t, "a.csv", &attach, "column \"v\" is text in the archive, and bigint in the parent", &err);
    pg_sql(t->pg, "ALTER TABLE p DROP v, ADD v text; CREATE TABLE b PARTITION OF p FOR VALUES FROM (5) TO (15)");
    archive_refused(t, "a.csv", &attach, "would overlap partition \"b\"", &err);
    pg_sql(t->pg, "DROP TABLE b; CREATE TABLE d PARTITION OF p DEFAULT; INSERT INTO p VALUES (3, 'in the way')");
    archive_refused(t, "a.csv", &attach, "would be violated by some row", &err);
    assert_non_null(strstr(err.hint, "rows of that range are in the default partition"));
    pg_sql(t->pg, "DROP TABLE d; ALTER TABLE p ADD CHECK (v <> 'x')");
    archive_refused(t, "a.csv", &attach, "child table is missing constraint", &err);
    pg_sql(t->pg, "ALTER TABLE p DROP CONSTRAINT p_v_check; ALTER TABLE p RENAME TO q; CREATE TABLE p (k int)");
    archive_refused(t, "a.csv", &attach, "it is not partitioned", &err);
    pg_sql(t->pg, "DROP TABLE p");
    archive_refused(t, "a.csv", &attach, "there is no such table to attach to", &err);
    /* Rows that do not belong there never get in, whoever changed the manifest. */
    archive_tamper(t, "a.csv.manifest.json", "FROM (0) TO (10)", "FROM (5) TO (10)");
    archive_refused(t, "a.csv", &(prt_restore_request) {.attach = true, .parent = "q"}, "partrun_bound", &err);
    assert_non_null(strstr(err.hint, "was the manifest changed?"));
    archive_tamper(t, "a.csv.manifest.json", "FROM (5) TO (10)", "IN (5); DROP TABLE q");
    archive_refused(t, "a.csv", &(prt_restore_request) {.attach = true, .parent = "q"}, "bound cannot be read", &err);
    assert_null(partitions(t, "q"));
    assert_null(pg_value(t->pg, "SELECT to_regclass('a')"));
    assert_int_equal(archive_restore(t, "a.csv", &(prt_restore_request) {0}).rows, 1);
}

typedef struct busy {
    archive_test *t;
    int attaches, let_go_at;
} busy;

static void
let_go(void *data, const char *sql)
{
    busy *b = data;
    if (strstr(sql, "ATTACH PARTITION") != NULL && ++b->attaches == b->let_go_at)
        pg_sql(b->t->pg, "COMMIT");
}

/* The lock is asked for again, and not for ever. */
static void
a_busy_parent_is_waited_for(void **state)
{
    archive_test *t = *state;
    prt_error err = {0};
    prt_restore_result result;
    pg_sql(t->pg, "CREATE TABLE p (k int) PARTITION BY RANGE (k);"
                  "CREATE TABLE a PARTITION OF p FOR VALUES FROM (0) TO (10); INSERT INTO p SELECT 1");
    const char *url = archive_make(t, "a", "a.csv").url;
    pg_sql(t->pg, "DROP TABLE a");
    t->options.lock_timeout_ms = 20;
    busy b = {.t = t, .let_go_at = 3};
    prt_conn *conn = pg_connect(t->pg, &(prt_conn_options) {.trace = let_go, .trace_data = &b});
    prt_restore_request request = {.url = url, .attach = true};
    pg_sql(t->pg, "BEGIN; LOCK TABLE p IN SHARE UPDATE EXCLUSIVE MODE");
    assert_ok(prt_archive_restore(conn, t->pg->arena, &request, &t->options, &result, &err), &err);
    assert_int_equal(b.attaches, 4); /* the rehearsal's third, and the attachment */
    assert_string_equal(partitions(t, "p"), "a FOR VALUES FROM (0) TO (10)");
    pg_sql(t->pg, "DROP TABLE a");
    pg_sql(t->pg, "BEGIN; LOCK TABLE p IN SHARE UPDATE EXCLUSIVE MODE");
    b.let_go_at = 0;
    assert_false(prt_archive_restore(conn, t->pg->arena, &request, &t->options, &result, &err));
    assert_string_equal(err.sqlstate, "55P03");
    assert_non_null(strstr(err.hint, "--lock-timeout"));
    pg_sql(t->pg, "COMMIT");
    prt_conn_close(conn);
    assert_null(pg_value(t->pg, "SELECT to_regclass('a')"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ARCHIVE_TEST(it_goes_back_where_it_was),
        ARCHIVE_TEST(every_kind_of_bound),
        ARCHIVE_TEST(a_branch_becomes_one_partition),
        ARCHIVE_TEST(a_detached_partition_knows_its_place),
        ARCHIVE_TEST(a_parent_that_has_changed_refuses_it),
        ARCHIVE_TEST(a_busy_parent_is_waited_for),
    };
    return cmocka_run_group_tests_name("pg/restore_attach", tests, NULL, NULL);
}
