/* The snapshot: names, trees, details, markers, sizes, on real catalogs. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "model/ident.h"
#include "pg/catalog.h"
#include "support/pg_support.h"

static prt_snapshot *
read_with(pg_test *t, prt_conn *conn, const prt_catalog_options *options, size_t length, const char *const *tables)
{
    prt_snapshot *snapshot = NULL;
    prt_error err = {0};
    assert_ok(prt_catalog_read(conn, t->arena, tables, length, options, &snapshot, &err), &err);
    assert_int_equal(snapshot->roots_length, length);
    assert_int_equal(PQtransactionStatus(prt_conn_raw(conn)), PQTRANS_IDLE);
    return snapshot;
}

static prt_snapshot *
read_one(pg_test *t, const char *table)
{
    prt_catalog_options options = {0};
    return read_with(t, t->conn, &options, 1, &table);
}

static const prt_table *
child(const prt_table *table, const char *name)
{
    for (size_t i = 0; i < table->parent->children_length; i++)
        if (strcmp(table->parent->children[i]->name, name) == 0)
            return table->parent->children[i];
    fail_msg("%s has no child %s", table->name, name);
    return NULL;
}

static void
reads_facts_and_clock(void **state)
{
    pg_test *t = *state;
    prt_snapshot *s = read_with(t, t->conn, &(prt_catalog_options) {0}, 0, NULL);
    assert_int_equal(s->server_version / 10000, pg_major());
    assert_string_equal(s->database, t->database);
    assert_string_equal(s->system, prt_conn_facts_of(t->conn)->system);
    assert_true(llabs(s->now - prt_clock_wall()) < 5 * PRT_USEC_PER_SEC);
    assert_true(llabs(s->clock_skew) < PRT_USEC_PER_SEC);
    assert_false(s->standby);
    assert_true(s->superuser);

    prt_catalog_options options = {.has_now = true, .now = 42};
    s = read_with(t, t->conn, &options, 0, NULL);
    assert_int_equal(s->now, 42);
    assert_int_equal(s->clock_skew, 0);
}

static void
reads_a_range_set(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, body text,"
              " size int GENERATED ALWAYS AS (length(body)) STORED, gone int, PRIMARY KEY (id, at))"
              " PARTITION BY RANGE (at);"
              "ALTER TABLE events DROP gone; CREATE INDEX ON events (body);"
              "CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('2025-01-01 00:00+02') TO ('2025-02-01');"
              "CREATE TABLE e0 PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('2024-01-01');"
              "CREATE TABLE ed PARTITION OF events DEFAULT;"
              "INSERT INTO events (at, body) SELECT '2025-01-05', 'x' FROM generate_series(1, 1000);"
              "INSERT INTO events (at, body) SELECT '2030-01-05', 'x' FROM generate_series(1, 1000); ANALYZE events");
    /* Before 15, statistics reach other sessions a moment later. */
    for (int i = 0; i < 100 && pg_number(t, "SELECT count(pg_stat_get_last_analyze_time('events'::regclass))") == 0;
         i++)
        usleep(50000);
    prt_snapshot *s = read_one(t, "events");
    const prt_table *root = s->roots[0];
    const prt_parent *p = root->parent;
    assert_string_equal(root->schema, "public");
    assert_int_equal(root->kind, 'p');
    assert_int_equal(root->oid, pg_number(t, "SELECT 'events'::regclass::oid"));
    assert_int_equal(p->strategy, 'r');
    assert_int_equal(p->columns, 1);
    assert_string_equal(p->key[0].name, "at");
    assert_string_equal(p->key[0].type, "timestamp with time zone");
    assert_true(p->key[0].not_null);
    assert_string_equal(p->owner, "postgres");
    assert_null(p->tablespace);
    assert_int_equal(p->replica_identity, 'd');
    assert_true(p->has_identity);
    assert_false(p->has_triggers || p->has_publication || p->row_security || p->force_row_security);
    assert_null(p->acl);
    assert_int_equal(p->locks_per_child, 5);
    assert_int_equal(p->references_length, 0);
    assert_null(p->invalid_indexes);
    assert_true(llabs(p->analyzed - prt_clock_wall()) < 60 * PRT_USEC_PER_SEC);
    static const char *const plain[] = {"id", "at", "body"};
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(p->columns_list[i], plain[i]);
    assert_null(p->columns_list[3]);

    assert_int_equal(p->children_length, 3);
    const prt_table *e1 = child(root, "e1");
    assert_string_equal(e1->bound_text, "FOR VALUES FROM ('2024-12-31 22:00:00+00') TO ('2025-02-01 00:00:00+00')");
    assert_int_equal(e1->bound.kind, PRT_BOUND_RANGE);
    assert_string_equal(e1->bound.from[0].text, "2024-12-31 22:00:00+00");
    assert_null(e1->bound_error);
    assert_ptr_equal(e1->parent_table, root);
    assert_null(e1->parent);
    assert_int_equal(e1->kind, 'r');
    assert_int_equal(e1->rows, 1000);
    assert_int_equal(e1->bytes, -1);
    assert_int_equal(e1->replica_identity, 'd');
    assert_false(e1->detach_pending);
    assert_int_equal(child(root, "e0")->bound.from[0].kind, PRT_DATUM_MINVALUE);
    const prt_table *ed = child(root, "ed");
    assert_int_equal(ed->bound.kind, PRT_BOUND_DEFAULT);
    assert_int_equal(ed->bytes, pg_number(t, "SELECT pg_total_relation_size('ed')"));
    assert_false(ed->guarded);

    pg_sql(t, "ALTER TABLE ed ADD CONSTRAINT partrun_guard CHECK (at IS NULL) NOT VALID");
    assert_true(child(read_one(t, "events")->roots[0], "ed")->guarded);
}

static void
resolves_hostile_names(void **state)
{
    pg_test *t = *state;
    static const char *const names[][2] = {
        {"My Schema", "a.b"},  {"My Schema", "we'ird"},
        {"public", "we\"ird"}, {"public", "Order"},
        {"user", "user"},      {"public", "back\\slash"},
        {"public", "x{1,2}"},  {"public", "select"},
        {"public", "été"},     {"public", "0123456789012345678901234567890123456789012345678901234567890ab"},
    };
    enum { N = sizeof names / sizeof *names };
    const char *tables[N + 3];
    pg_sql(t, "CREATE SCHEMA \"My Schema\"; CREATE SCHEMA \"user\"; CREATE SCHEMA evil");
    for (size_t i = 0; i < N; i++) {
        tables[i] = prt_ident_qualify(t->arena, names[i][0], names[i][1]);
        pg_sql(t, "CREATE TABLE %s (\"k'\"\"ey\" int) PARTITION BY RANGE (\"k'\"\"ey\")", tables[i]);
        pg_sql(t, "CREATE TABLE evil.\"%zu'\"\"\" PARTITION OF %s FOR VALUES FROM (1) TO (2)", i, tables[i]);
    }
    tables[N] = "order";    /* folds; not "Order" */
    tables[N + 1] = "user"; /* without a schema: public, whatever the search_path */
    pg_sql(t, "ALTER DATABASE %s SET search_path = \"My Schema\", \"user\"", t->database);
    prt_conn *conn = pg_connect(t, NULL);
    tables[N + 2] = "nowhere.nothing";
    prt_snapshot *s = read_with(t, conn, &(prt_catalog_options) {0}, N + 3, tables);
    for (size_t i = 0; i < N; i++) {
        const prt_table *root = s->roots[i];
        assert_int_equal(root->kind, 'p');
        assert_string_equal(root->schema, names[i][0]);
        assert_string_equal(root->name, names[i][1]);
        assert_string_equal(root->parent->key[0].name, "k'\"ey");
        assert_int_equal(root->parent->children_length, 1);
        assert_string_equal(root->parent->children[0]->schema, "evil");
        assert_string_equal(root->parent->children[0]->name, prt_arena_printf(t->arena, "%zu'\"", i));
    }
    for (size_t i = N; i < N + 3; i++) {
        assert_int_equal(s->roots[i]->kind, 0);
        assert_int_equal(s->roots[i]->oid, 0);
        assert_int_equal(s->roots[i]->bytes, -1);
    }
    assert_string_equal(s->roots[N]->name, "order");
    assert_string_equal(s->roots[N + 2]->schema, "nowhere");

    prt_error err = {0};
    const char *broken = "\"open";
    assert_false(prt_catalog_read(conn, t->arena, &broken, 1, &(prt_catalog_options) {0}, &s, &err));
    assert_string_equal(err.object, broken);
    prt_conn_close(conn);
}

static void
takes_the_same_table_twice(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE a (k int, l int) PARTITION BY LIST (k);"
              "CREATE TABLE a1 PARTITION OF a FOR VALUES IN (1, NULL) PARTITION BY RANGE (l);"
              "CREATE TABLE a11 PARTITION OF a1 FOR VALUES FROM (0) TO (10); CREATE TABLE plain (k int);"
              "CREATE VIEW v AS SELECT 1 AS one; CREATE SEQUENCE q");
    const char *const tables[] = {"a1", "a", "public.a1", "plain", "v", "q"};
    prt_snapshot *s = read_with(t, t->conn, &(prt_catalog_options) {0}, 6, tables);
    assert_ptr_equal(s->roots[0], s->roots[2]);
    assert_ptr_equal(s->roots[0], child(s->roots[1], "a1"));
    assert_int_equal(s->roots[0]->bound.kind, PRT_BOUND_LIST);
    assert_int_equal(s->roots[0]->bound.length, 2);
    assert_int_equal(s->roots[3]->kind, 'r');
    assert_null(s->roots[3]->parent);
    assert_int_equal(s->roots[4]->kind, 'v');
    assert_int_equal(s->roots[5]->kind, 0);
}

static bool
count_tables(void *data, const prt_table *table)
{
    (void) table;
    ++*(int *) data;
    return true;
}

static void
reads_deep_trees(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE h (org text, region text, at date, n int) PARTITION BY HASH (org, (n + 1));"
              "CREATE TABLE h0 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 0) PARTITION BY LIST (region);"
              "CREATE TABLE h1 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 1) PARTITION BY RANGE (at, n);"
              "CREATE TABLE h0eu PARTITION OF h0 FOR VALUES IN ('e''u', 'a,b)') PARTITION BY RANGE (at);"
              "CREATE TABLE h0eu1 PARTITION OF h0eu FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');"
              "CREATE TABLE h1a PARTITION OF h1 FOR VALUES FROM ('2025-01-01', MINVALUE) TO ('2025-02-01', 5);"
              "INSERT INTO h1a SELECT 'x', 'y', '2025-01-05', 1 FROM generate_series(1, 100) WHERE false;"
              "INSERT INTO h0eu1 SELECT org, 'a,b)', '2025-01-05', 1 FROM generate_series(1, 50) i, LATERAL"
              " (SELECT 'o' || i AS org) o WHERE satisfies_hash_partition('h'::regclass, 2, 0, 'o' || i, 2)");
    prt_catalog_options options = {.bytes = true};
    const char *table = "h";
    prt_snapshot *s = read_with(t, t->conn, &options, 1, &table);
    const prt_table *root = s->roots[0];
    int tables = 0;
    prt_table_walk(root, count_tables, &tables);
    assert_int_equal(tables, 6);
    assert_int_equal(root->parent->strategy, 'h');
    assert_int_equal(root->parent->columns, 2);
    assert_string_equal(root->parent->key[0].name, "org");
    assert_null(root->parent->key[1].name);
    const prt_table *h0 = child(root, "h0"), *h1 = child(root, "h1");
    assert_int_equal(h0->bound.modulus, 2);
    assert_int_equal(h1->bound.remainder, 1);
    assert_string_equal(child(h0, "h0eu")->bound.values[1].text, "a,b)");
    assert_int_equal(h1->parent->columns, 2);
    assert_string_equal(h1->parent->key[1].name, "n");
    assert_int_equal(child(h1, "h1a")->bound.from[1].kind, PRT_DATUM_MINVALUE);
    int64_t leaf = child(child(h0, "h0eu"), "h0eu1")->bytes;
    assert_int_equal(leaf, pg_number(t, "SELECT pg_total_relation_size('h0eu1')"));
    assert_true(leaf > 0);
    assert_int_equal(h0->bytes, leaf);
    assert_int_equal(root->bytes, leaf + child(h1, "h1a")->bytes);
}

static void
reads_all_key_types(void **state)
{
    pg_test *t = *state;
    static const char *const types[][2] = {
        {"date", "date"},
        {"timestamp", "timestamp without time zone"},
        {"timestamptz(3)", "timestamp(3) with time zone"},
        {"uuid", "uuid"},
        {"smallint", "smallint"},
        {"int", "integer"},
        {"bigint", "bigint"},
        {"text", "text"},
        {"varchar(26)", "character varying(26)"},
        {"numeric", "numeric"},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        pg_sql(t,
               "CREATE TABLE k%zu (k %s) PARTITION BY RANGE (k);"
               "CREATE TABLE k%zu_all PARTITION OF k%zu FOR VALUES FROM (MINVALUE) TO (MAXVALUE)",
               i, types[i][0], i, i);
        prt_snapshot *s = read_one(t, prt_arena_printf(t->arena, "k%zu", i));
        assert_string_equal(s->roots[0]->parent->key[0].type, types[i][1]);
        assert_false(s->roots[0]->parent->key[0].not_null);
        assert_int_equal(s->roots[0]->parent->children[0]->bound.to[0].kind, PRT_DATUM_MAXVALUE);
    }
}

static void
reads_the_parents_details(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "DROP ROLE IF EXISTS \"prt \"\"o\"; CREATE ROLE \"prt \"\"o\"; CREATE SCHEMA s;"
              "CREATE TABLE s.p (id int NOT NULL, v int, PRIMARY KEY (id)) PARTITION BY RANGE (id);"
              "CREATE TABLE s.p1 PARTITION OF s.p FOR VALUES FROM (0) TO (10);"
              "CREATE UNIQUE INDEX ri ON s.p (id); ALTER TABLE s.p REPLICA IDENTITY USING INDEX ri;"
              "ALTER TABLE s.p1 REPLICA IDENTITY FULL;"
              "CREATE INDEX broken ON ONLY s.p (v);"
              "ALTER TABLE s.p ENABLE ROW LEVEL SECURITY; ALTER TABLE s.p FORCE ROW LEVEL SECURITY;"
              "CREATE POLICY b ON s.p AS RESTRICTIVE FOR UPDATE TO \"prt \"\"o\", pg_monitor USING (v > 1) WITH CHECK "
              "(v > 2);"
              "CREATE POLICY a ON s.p USING (id > 0);"
              "GRANT SELECT ON s.p TO PUBLIC;"
              "CREATE FUNCTION s.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
              "CREATE TRIGGER g BEFORE INSERT ON s.p FOR EACH ROW EXECUTE FUNCTION s.f();"
              "CREATE TABLE r1 (p int CONSTRAINT fk1 REFERENCES s.p ON DELETE CASCADE ON UPDATE SET NULL);"
              "CREATE TABLE \"r 2\" (p int REFERENCES s.p) PARTITION BY LIST (p);"
              "CREATE TABLE r21 PARTITION OF \"r 2\" FOR VALUES IN (1);"
              "COMMENT ON TABLE s.p IS 'the parent'; COMMENT ON TABLE s.p1 IS 'mine'; GRANT SELECT ON s.p1 TO "
              "pg_monitor; ALTER TABLE s.p OWNER TO \"prt "
              "\"\"o\"");
    prt_catalog_options options = {.comments = true};
    const char *table = "s.p";
    prt_snapshot *s = read_with(t, t->conn, &options, 1, &table);
    const prt_table *root = s->roots[0];
    const prt_parent *p = root->parent;
    assert_string_equal(root->comment, "the parent");
    assert_string_equal(p->owner, "prt \"o");
    assert_int_equal(p->replica_identity, 'i');
    assert_string_equal(p->replica_index, "ri");
    assert_true(p->row_security && p->force_row_security && p->has_triggers);
    assert_non_null(strstr(p->acl, "=r/"));
    assert_string_equal(p->invalid_indexes[0], "broken");
    assert_null(p->invalid_indexes[1]);
    assert_int_equal(p->locks_per_child, 3 + 3);
    assert_int_equal(p->policies_length, 2);
    assert_string_equal(p->policies[0].name, "a");
    assert_true(p->policies[0].permissive);
    assert_string_equal(p->policies[0].command, "ALL");
    assert_string_equal(p->policies[0].roles, "PUBLIC");
    assert_string_equal(p->policies[0].using_sql, "(id > 0)");
    assert_null(p->policies[0].check_sql);
    assert_false(p->policies[1].permissive);
    assert_string_equal(p->policies[1].command, "UPDATE");
    assert_string_equal(p->policies[1].roles, "\"pg_monitor\", \"prt \"\"o\"");
    assert_string_equal(p->policies[1].check_sql, "(v > 2)");
    assert_int_equal(p->references_length, 2);
    assert_string_equal(p->references[0].table, "r 2");
    assert_int_equal(p->references[0].on_delete, 'a');
    assert_string_equal(p->references[1].constraint, "fk1");
    assert_int_equal(p->references[1].on_delete, 'c');
    assert_int_equal(p->references[1].on_update, 'n');
    const prt_table *leaf = child(root, "p1");
    assert_string_equal(leaf->owner, "postgres");
    assert_non_null(strstr(leaf->acl, "pg_monitor=r/postgres"));
    assert_int_equal(leaf->replica_identity, 'f');
    assert_string_equal(leaf->comment, "mine");
    pg_sql(t, "DROP TABLE r1, \"r 2\", s.p; DROP SCHEMA s CASCADE; DROP ROLE \"prt \"\"o\"");
}

static void
sees_publications(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE a (k int) PARTITION BY LIST (k); CREATE TABLE a1 PARTITION OF a FOR VALUES IN (1)"
              " PARTITION BY RANGE (k); CREATE SCHEMA s; CREATE TABLE s.b (k int) PARTITION BY RANGE (k);"
              "CREATE PUBLICATION pa FOR TABLE a");
    const char *const tables[] = {"a1", "s.b", "a"};
    prt_snapshot *s = read_with(t, t->conn, &(prt_catalog_options) {0}, 3, tables);
    assert_true(s->roots[0]->parent->has_publication); /* through its parent */
    assert_false(s->roots[1]->parent->has_publication);
    assert_true(s->roots[2]->parent->has_publication);
    if (pg_major() >= 15)
        pg_sql(t, "CREATE PUBLICATION ps FOR TABLES IN SCHEMA s");
    else
        pg_sql(t, "CREATE PUBLICATION ps FOR ALL TABLES");
    s = read_with(t, t->conn, &(prt_catalog_options) {0}, 3, tables);
    assert_true(s->roots[1]->parent->has_publication);
}

/* A concurrent detach that is stopped half way: cancelled while it waits for an older transaction. */
static void
interrupt_detach(pg_test *t, const char *parent, const char *partition)
{
    PGconn *other = PQconnectdb(t->dsn);
    pg_sql(t, "BEGIN; SELECT count(*) FROM %s", parent);
    PQclear(PQexec(other, "SET statement_timeout = 300"));
    PGresult *result = PQexec(
        other, prt_arena_printf(t->arena, "ALTER TABLE %s DETACH PARTITION %s CONCURRENTLY", parent, partition));
    assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "57014");
    PQclear(result);
    PQfinish(other);
    pg_sql(t, "COMMIT");
}

static void
sees_pending_detaches(void **state)
{
    pg_test *t = *state;
    pg_sql(t,
           "CREATE TABLE a (k int) PARTITION BY RANGE (k); CREATE TABLE a1 PARTITION OF a FOR VALUES FROM (1) TO (2);"
           "CREATE TABLE a2 PARTITION OF a FOR VALUES FROM (2) TO (3)");
    interrupt_detach(t, "a", "a1");
    prt_snapshot *s = read_one(t, "a");
    assert_int_equal(s->roots[0]->parent->children_length, 2);
    assert_true(child(s->roots[0], "a1")->detach_pending);
    assert_string_equal(child(s->roots[0], "a1")->bound_text, "FOR VALUES FROM (1) TO (2)");
    assert_false(child(s->roots[0], "a2")->detach_pending);
}

static void
mark(pg_test *t, const char *table, const char *state, const char *system, uint32_t database, uint32_t oid)
{
    prt_marker marker = {.state = state,
                         .system = system,
                         .database = database,
                         .oid = oid,
                         .policy = "p",
                         .parent_schema = "public",
                         .parent_name = "a",
                         .from = "1",
                         .to = "2",
                         .since = 5};
    const char *comment = prt_marker_write(t->arena, "kept by me", &marker);
    pg_sql(t, "COMMENT ON TABLE %s IS %s", table, prt_literal_quote(t->arena, comment));
}

static void
finds_waiting_tables_by_their_marker(void **state)
{
    pg_test *t = *state;
    const prt_conn_facts *f = prt_conn_facts_of(t->conn);
    pg_sql(
        t,
        "CREATE TABLE a (k int) PARTITION BY RANGE (k); CREATE TABLE a1 PARTITION OF a FOR VALUES FROM (1) TO (2);"
        "CREATE TABLE b (k int) PARTITION BY RANGE (k); CREATE TABLE b1 PARTITION OF b FOR VALUES FROM (1) TO (2);"
        "CREATE SCHEMA attic; CREATE TABLE attic.mine (k int); CREATE TABLE copied (k int); CREATE TABLE made (k int);"
        "CREATE TABLE elsewhere (k int); CREATE TABLE other_oid (k int); CREATE TABLE talk (k int);"
        "CREATE TABLE built (k int)");
    uint32_t mine = (uint32_t) pg_number(t, "SELECT 'attic.mine'::regclass::oid");
    uint32_t copied = (uint32_t) pg_number(t, "SELECT 'copied'::regclass::oid");
    mark(t, "attic.mine", "retiring", f->system, f->database_oid, mine);
    mark(t, "copied", "retiring", "123456", f->database_oid, copied);
    mark(t, "elsewhere", "retiring", f->system, f->database_oid + 1,
         (uint32_t) pg_number(t, "SELECT 'elsewhere'::regclass::oid"));
    mark(t, "other_oid", "retiring", f->system, f->database_oid, mine);
    mark(t, "made", "retiring", f->system, f->database_oid, 0);
    mark(t, "built", "making", f->system, f->database_oid, 0);
    mark(t, "a1", "retiring", f->system, f->database_oid, (uint32_t) pg_number(t, "SELECT 'a1'::regclass::oid"));
    mark(t, "b1", "retiring", f->system, f->database_oid, (uint32_t) pg_number(t, "SELECT 'b1'::regclass::oid"));
    pg_sql(t, "COMMENT ON TABLE talk IS 'about partrun: {not json'; COMMENT ON COLUMN talk.k IS 'partrun: {}'");

    prt_catalog_options options = {.bytes = true};
    const char *table = "a";
    prt_snapshot *s = read_with(t, t->conn, &options, 1, &table);
    assert_int_equal(s->waiting_length, 2);
    const prt_waiting *w = &s->waiting[strcmp(s->waiting[0].table->name, "mine") == 0 ? 0 : 1];
    const prt_waiting *built = &s->waiting[w == s->waiting ? 1 : 0];
    assert_string_equal(w->table->schema, "attic");
    assert_string_equal(w->table->name, "mine");
    assert_int_equal(w->table->oid, mine);
    assert_int_equal(w->table->kind, 'r');
    assert_int_equal(w->table->bytes, 0);
    assert_string_equal(w->marker.state, "retiring");
    assert_int_equal(strncmp(w->table->comment, "kept by me\n", 11), 0);
    assert_string_equal(built->table->name, "built");
    /* Attached ones keep their comment, and are not waiting; b is none of ours. */
    assert_non_null(strstr(child(s->roots[0], "a1")->comment, "partrun: "));
}

static void
waits_for_no_locked_partition(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE a (k int) PARTITION BY RANGE (k); CREATE TABLE ad PARTITION OF a DEFAULT;"
              "CREATE TABLE a1 PARTITION OF a FOR VALUES FROM (-2) TO (-1);"
              "INSERT INTO a SELECT generate_series(1, 10000)");
    pg_sql(t, "VACUUM ad");
    long bytes = pg_number(t, "SELECT pg_relation_size('ad')");
    pg_sql(t, "BEGIN; LOCK TABLE ad; LOCK TABLE a1");
    prt_snapshot *s = read_one(t, "a");
    assert_int_equal(child(s->roots[0], "ad")->bytes, bytes);
    assert_string_equal(child(s->roots[0], "a1")->bound_text, "FOR VALUES FROM ('-2') TO ('-1')");
    pg_sql(t, "ROLLBACK");
}

static void
tells_taken_names(void **state)
{
    pg_test *t = *state;
    prt_error err = {0};
    const char **taken = NULL;
    size_t length = 9;
    pg_sql(t,
           "CREATE TABLE t (k int); CREATE INDEX idx ON t (k); CREATE TYPE mood AS ENUM ('a'); CREATE DOMAIN d AS int;"
           "CREATE SCHEMA \"S q\"; CREATE SEQUENCE \"S q\".\"we\"\"ird\"");
    const char *const names[] = {"\"public\".\"t\"",    "\"S q\".\"we\"\"ird\"", "\"public\".\"idx\"",
                                 "\"public\".\"mood\"", "\"public\".\"d\"",      "\"public\".\"_t\"",
                                 "\"public\".\"free\"", "\"S q\".\"t\"",         "\"nowhere\".\"t\""};
    assert_ok(prt_catalog_taken(t->conn, t->arena, names, sizeof names / sizeof *names, &taken, &length, &err), &err);
    static const char *const wanted[] = {"\"S q\".\"we\"\"ird\"", "\"public\".\"d\"", "\"public\".\"idx\"",
                                         "\"public\".\"mood\"", "\"public\".\"t\""};
    assert_int_equal(length, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(taken[i], wanted[i]);
    assert_ok(prt_catalog_taken(t->conn, t->arena, NULL, 0, &taken, &length, &err), &err);
    assert_int_equal(length, 0);
}

static void
measures_sizes(void **state)
{
    pg_test *t = *state;
    prt_error err = {0};
    int64_t *bytes = NULL;
    pg_sql(t, "CREATE TABLE a (k int PRIMARY KEY) PARTITION BY RANGE (k);"
              "CREATE TABLE a1 PARTITION OF a FOR VALUES FROM (0) TO (1000);"
              "CREATE TABLE a2 PARTITION OF a FOR VALUES FROM (1000) TO (2000); INSERT INTO a SELECT "
              "generate_series(0, 1999)");
    uint32_t oids[] = {(uint32_t) pg_number(t, "SELECT 'a2'::regclass::oid"), 4000000000u,
                       (uint32_t) pg_number(t, "SELECT 'a'::regclass::oid")};
    assert_ok(prt_catalog_sizes(t->conn, t->arena, oids, 3, &bytes, &err), &err);
    assert_int_equal(bytes[0], pg_number(t, "SELECT pg_total_relation_size('a2')"));
    assert_int_equal(bytes[1], -1);
    assert_int_equal(bytes[2], pg_number(t, "SELECT pg_total_relation_size('a1') + pg_total_relation_size('a2')"));
}

static const char *
highest(pg_test *t, const char *table, const char *column)
{
    prt_error err = {0};
    const char *value = "unset";
    prt_snapshot *s = read_one(t, table);
    assert_ok(prt_catalog_highest(t->conn, t->arena, s->roots[0], column, &value, &err), &err);
    return value;
}

static void
finds_the_highest_key(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE a (\"K\" bigint) PARTITION BY RANGE (\"K\"); CREATE TABLE ad PARTITION OF a DEFAULT");
    assert_null(highest(t, "a", "K"));
    pg_sql(t, "INSERT INTO a VALUES (999999)");
    assert_null(highest(t, "a", "K")); /* the default partition does not count */
    pg_sql(t, "CREATE TABLE a_low PARTITION OF a FOR VALUES FROM (MINVALUE) TO (-100); INSERT INTO a VALUES (-500)");
    assert_string_equal(highest(t, "a", "K"), "-500");
    /* Text order would put 9 over 10, and the empty ones come first. */
    pg_sql(t, "DO $$ BEGIN FOR i IN -1..150 LOOP EXECUTE format('CREATE TABLE a%%s PARTITION OF a FOR VALUES FROM (%%L)"
              " TO (%%L)', i + 1, i * 100, i * 100 + 100); END LOOP; END $$");
    pg_sql(t, "INSERT INTO a VALUES (-7)");
    assert_string_equal(highest(t, "a", "K"), "-7");
    pg_sql(t, "INSERT INTO a VALUES (950), (1050), (999)");
    unsigned before = prt_conn_round_trips(t->conn);
    assert_string_equal(highest(t, "a", "K"), "1050");
    assert_true(prt_conn_round_trips(t->conn) - before <= 2 + 3);

    pg_sql(t, "CREATE TABLE u (id uuid) PARTITION BY RANGE (id);"
              "CREATE TABLE u1 PARTITION OF u FOR VALUES FROM ('01000000-0000-0000-0000-000000000000') TO "
              "('02000000-0000-0000-0000-000000000000') PARTITION BY HASH (id);"
              "CREATE TABLE u11 PARTITION OF u1 FOR VALUES WITH (MODULUS 1, REMAINDER 0);"
              "CREATE TABLE uf PARTITION OF u FOR VALUES FROM ('0f000000-0000-0000-0000-000000000000') TO (MAXVALUE);"
              "INSERT INTO u VALUES ('01230000-0000-0000-0000-000000000000')");
    assert_string_equal(highest(t, "u", "id"), "01230000-0000-0000-0000-000000000000");
    pg_sql(t, "INSERT INTO u VALUES ('f0000000-0000-0000-0000-000000000000')");
    assert_string_equal(highest(t, "u", "id"), "f0000000-0000-0000-0000-000000000000");
}

static void
finds_many_highest_keys_at_once(void **state)
{
    pg_test *t = *state;
    enum { SETS = 60 };
    const char *tables[SETS], *columns[SETS], *values[SETS];
    const prt_table *parents[SETS];
    prt_error err = {0};
    for (int i = 0; i < SETS; i++) {
        tables[i] = prt_arena_printf(t->arena, "s%d", i);
        columns[i] = "k";
        pg_sql(t,
               "CREATE TABLE s%d (k int PRIMARY KEY) PARTITION BY RANGE (k);"
               "CREATE TABLE s%d_a PARTITION OF s%d FOR VALUES FROM (0) TO (1000);"
               "CREATE TABLE s%d_b PARTITION OF s%d FOR VALUES FROM (1000) TO (2000); INSERT INTO s%d VALUES (%d)",
               i, i, i, i, i, i, i * 20);
    }
    prt_snapshot *s = read_with(t, t->conn, &(prt_catalog_options) {0}, SETS, tables);
    for (int i = 0; i < SETS; i++)
        parents[i] = s->roots[i];
    unsigned before = prt_conn_round_trips(t->conn);
    assert_ok(prt_catalog_highest_many(t->conn, t->arena, parents, columns, SETS, values, &err), &err);
    assert_int_equal(prt_conn_round_trips(t->conn) - before, 1);
    for (int i = 0; i < SETS; i++)
        assert_int_equal(atoi(values[i]), i * 20);
}

static void
needs_no_privileges_to_read(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "DROP ROLE IF EXISTS prt_reader; CREATE ROLE prt_reader LOGIN; CREATE SCHEMA closed;"
              "CREATE TABLE closed.a (k int) PARTITION BY RANGE (k);"
              "CREATE TABLE closed.a1 PARTITION OF closed.a FOR VALUES FROM (1) TO (2);"
              "CREATE TABLE closed.ad PARTITION OF closed.a DEFAULT");
    prt_conn_options mine = {.dsn = prt_arena_printf(t->arena, "%s user=prt_reader", t->dsn)};
    prt_conn *conn = pg_connect(t, &mine);
    prt_catalog_options options = {.bytes = true, .comments = true};
    const char *table = "closed.a";
    prt_snapshot *s = read_with(t, conn, &options, 1, &table);
    assert_int_equal(s->roots[0]->parent->children_length, 2);
    assert_false(s->superuser);
    assert_string_equal(s->user, "prt_reader");
    prt_conn_close(conn);
}

static void
reads_many_in_two_round_trips_and_little_memory(void **state)
{
    pg_test *t = *state;
    enum { PARENTS = 50, EACH = 40 };
    const char *tables[PARENTS];
    pg_sql(
        t,
        "DO $$ BEGIN FOR p IN 0..%d LOOP EXECUTE format('CREATE TABLE p%%s (at date) PARTITION BY RANGE (at)', p);"
        " FOR i IN 0..%d LOOP EXECUTE format('CREATE TABLE p%%s_%%s PARTITION OF p%%s FOR VALUES FROM (%%L) TO (%%L)',"
        " p, i, p, date '2025-01-01' + i, date '2025-01-02' + i); END LOOP; END LOOP; END $$",
        PARENTS - 1, EACH - 1);
    for (int i = 0; i < PARENTS; i++)
        tables[i] = prt_arena_printf(t->arena, "p%d", i);
    unsigned before = prt_conn_round_trips(t->conn);
    size_t used = prt_arena_used(t->arena);
    prt_snapshot *s = read_with(t, t->conn, &(prt_catalog_options) {0}, PARENTS, tables);
    assert_int_equal(prt_conn_round_trips(t->conn) - before, 2);
    for (int i = 0; i < PARENTS; i++)
        assert_int_equal(s->roots[i]->parent->children_length, EACH);
    /* 20,000 partitions are to stay well below 50 MB. */
    assert_true((prt_arena_used(t->arena) - used) / (PARENTS * EACH) < 1500);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_facts_and_clock, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(reads_a_range_set, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(resolves_hostile_names, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(takes_the_same_table_twice, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(reads_deep_trees, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(reads_all_key_types, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(reads_the_parents_details, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(sees_publications, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(sees_pending_detaches, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(finds_waiting_tables_by_their_marker, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(waits_for_no_locked_partition, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(tells_taken_names, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(measures_sizes, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(finds_the_highest_key, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(finds_many_highest_keys_at_once, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(needs_no_privileges_to_read, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(reads_many_in_two_round_trips_and_little_memory, pg_test_setup,
                                        pg_test_teardown),
    };
    return cmocka_run_group_tests_name("pg/catalog", tests, NULL, NULL);
}
