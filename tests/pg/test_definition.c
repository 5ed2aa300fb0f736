/* A table's definition: what is in it, on tables with everything. */
#include <stdlib.h>

#include "pg/definition.h"
#include "support/pg_support.h"

static json_t *
read_definition(pg_test *t, const char *table)
{
    json_t *definition = NULL;
    prt_error err = {0};
    uint32_t oid = (uint32_t) pg_number(t, "SELECT '%s'::regclass::oid", table);
    assert_ok(prt_definition_read(t->conn, t->arena, oid, &definition, &err), &err);
    return definition;
}

/* Compact JSON in the arena; "" for NULL. */
static const char *
dump(pg_test *t, const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *copy = prt_arena_strdup(t->arena, text == NULL ? "" : text);
    free(text);
    return copy;
}

static const char *
member(pg_test *t, const json_t *json, const char *name)
{
    return dump(t, json_object_get(json, name));
}

/* The entry of this name in a list. */
static const char *
entry(pg_test *t, const json_t *definition, const char *list, const char *name)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(definition, list), i,
                       item) if (strcmp(json_string_value(json_object_get(item, "name")), name) == 0) return dump(t,
                                                                                                                  item);
    return "";
}

static void
reads_columns(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE SCHEMA \"My Schema\";"
              "CREATE DOMAIN \"My Schema\".\"small\"\"one\" AS int CHECK (value < 10);"
              "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY (START 7 INCREMENT 3),"
              " n numeric(10,2) NOT NULL DEFAULT 1.5, gone int, c text COLLATE \"C\", m mood[] DEFAULT '{sad}',"
              " d \"My Schema\".\"small\"\"one\", \"a \"\"b\" int, g int GENERATED ALWAYS AS (\"a \"\"b\" + 1) STORED,"
              " big text) WITH (fillfactor = 70, toast.autovacuum_enabled = false);"
              "ALTER TABLE t DROP gone, ALTER big SET STORAGE external, ALTER big SET STATISTICS 500,"
              " ALTER big SET COMPRESSION pglz, REPLICA IDENTITY FULL;"
              "COMMENT ON COLUMN t.big IS 'it''s big';"
              "COMMENT ON TABLE t IS E'mine\\npartrun: {\"state\":\"kept\",\"system\":\"1\",\"database\":1,\"oid\":1,"
              "\"policy\":\"p\",\"parent\":[\"public\",\"p\"],\"from\":\"1\",\"to\":\"2\",\"since\":\"2025-01-01T00:00:"
              "00Z\"}'");
    json_t *d = read_definition(t, "t");
    assert_string_equal(member(t, d, "kind"), "\"table\"");
    assert_string_equal(member(t, d, "owner"), "\"postgres\"");
    assert_string_equal(member(t, d, "replica_identity"), "\"full\"");
    assert_string_equal(member(t, d, "storage"), "[{\"name\":\"fillfactor\",\"value\":\"70\"},"
                                                 "{\"name\":\"toast.autovacuum_enabled\",\"value\":\"false\"}]");
    assert_int_equal(json_array_size(json_object_get(d, "columns")), 8);
    assert_string_equal(entry(t, d, "columns", "id"),
                        "{\"name\":\"id\",\"type\":\"bigint\",\"not_null\":true,\"identity\":\"always\",\"sequence\":"
                        "{\"start\":7,\"increment\":3,\"minimum\":1,\"maximum\":9223372036854775807,\"cache\":1,"
                        "\"cycle\":false}}");
    assert_string_equal(entry(t, d, "columns", "n"),
                        "{\"name\":\"n\",\"type\":\"numeric(10,2)\",\"not_null\":true,\"default\":\"1.5\"}");
    assert_string_equal(entry(t, d, "columns", "c"),
                        "{\"name\":\"c\",\"type\":\"text\",\"collation\":\"pg_catalog.\\\"C\\\"\"}");
    assert_string_equal(entry(t, d, "columns", "m"),
                        "{\"name\":\"m\",\"type\":\"public.mood[]\",\"default\":\"'{sad}'::public.mood[]\"}");
    assert_string_equal(entry(t, d, "columns", "g"),
                        "{\"name\":\"g\",\"type\":\"integer\",\"generated\":\"stored\",\"expression\":"
                        "\"(\\\"a \\\"\\\"b\\\" + 1)\"}");
    assert_string_equal(entry(t, d, "columns", "big"),
                        "{\"name\":\"big\",\"type\":\"text\",\"storage\":\"external\",\"compression\":\"pglz\","
                        "\"statistics\":500,\"comment\":\"it's big\"}");
    assert_string_equal(member(t, d, "types"), "[\"\\\"My Schema\\\".\\\"small\\\"\\\"one\\\"\",\"public.mood\"]");
    assert_string_equal(member(t, d, "comment"), "\"mine\"");
    json_decref(d);
}

static void
reads_constraints_and_indexes(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE target (k int PRIMARY KEY) PARTITION BY LIST (k);"
              "CREATE TABLE target1 PARTITION OF target FOR VALUES IN (1);"
              "CREATE TABLE \"USING (x\" (a int PRIMARY KEY, b int UNIQUE DEFERRABLE, c int REFERENCES target,"
              " r int4range, CONSTRAINT positive CHECK (a > 0), EXCLUDE USING gist (r WITH &&));"
              "ALTER TABLE \"USING (x\" ADD CONSTRAINT late CHECK (b <> 3) NOT VALID,"
              " ADD CONSTRAINT partrun_archived CHECK (false) NOT VALID;"
              "COMMENT ON CONSTRAINT positive ON \"USING (x\" IS 'of course';"
              "CREATE UNIQUE INDEX \"ON USING \" ON \"USING (x\" USING btree (lower(b::text) DESC NULLS LAST, a)"
              " INCLUDE (c) WITH (fillfactor = 60) WHERE c::text <> ' USING ';"
              "COMMENT ON INDEX \"ON USING \" IS 'quick'");
    json_t *d = read_definition(t, "\"USING (x\"");
    assert_string_equal(entry(t, d, "constraints", "positive"),
                        "{\"name\":\"positive\",\"kind\":\"check\",\"definition\":\"CHECK ((a > 0))\","
                        "\"comment\":\"of course\"}");
    assert_string_equal(
        entry(t, d, "constraints", "late"),
        "{\"name\":\"late\",\"kind\":\"check\",\"definition\":\"CHECK ((b <> 3)) NOT VALID\",\"valid\":false}");
    assert_string_equal(entry(t, d, "constraints", "USING (x_pkey"),
                        "{\"name\":\"USING (x_pkey\",\"kind\":\"primary key\",\"definition\":\"PRIMARY KEY (a)\"}");
    assert_string_equal(entry(t, d, "constraints", "USING (x_b_key"),
                        "{\"name\":\"USING (x_b_key\",\"kind\":\"unique\",\"definition\":\"UNIQUE (b) DEFERRABLE\"}");
    assert_string_equal(entry(t, d, "constraints", "USING (x_r_excl"),
                        "{\"name\":\"USING (x_r_excl\",\"kind\":\"exclude\",\"definition\":"
                        "\"EXCLUDE USING gist (r WITH &&)\"}");
    assert_int_equal(json_array_size(json_object_get(d, "constraints")), 5);
    assert_int_equal(json_array_size(json_object_get(d, "indexes")), 1);
    assert_string_equal(entry(t, d, "indexes", "ON USING "),
                        "{\"name\":\"ON USING \",\"unique\":true,\"definition\":\"USING btree (lower((b)::text) DESC "
                        "NULLS LAST, a) INCLUDE (c) WITH (fillfactor='60') WHERE ((c)::text <> ' USING '::text)\","
                        "\"comment\":\"quick\"}");
    assert_int_equal(json_array_size(json_object_get(d, "foreign_keys")), 1);
    assert_non_null(strstr(member(t, d, "foreign_keys"), "FOREIGN KEY (c) REFERENCES public.target(k)"));
    json_decref(d);
}

/* A branch and a partition: one table's definition each; an identity column by its parent's sequence. */
static void
reads_branches_and_partitions(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE p (k int NOT NULL, id int GENERATED BY DEFAULT AS IDENTITY (START 5), v text,"
              " PRIMARY KEY (k, id)) PARTITION BY RANGE (k); CREATE INDEX by_v ON p (v);"
              "CREATE TABLE branch PARTITION OF p FOR VALUES FROM (0) TO (10) PARTITION BY LIST (id);"
              "CREATE TABLE leaf PARTITION OF branch FOR VALUES IN (1)");
    json_t *d = read_definition(t, "branch");
    assert_string_equal(member(t, d, "kind"), "\"partitioned\"");
    assert_non_null(strstr(member(t, d, "constraints"), "PRIMARY KEY (k, id)"));
    assert_string_equal(entry(t, d, "indexes", "branch_v_idx"),
                        "{\"name\":\"branch_v_idx\",\"definition\":\"USING btree (v)\"}");
    json_decref(d);
    d = read_definition(t, "leaf");
    if (pg_major() >= 17) /* partitions share the identity from then on */
        assert_non_null(strstr(entry(t, d, "columns", "id"), "\"identity\":\"by default\",\"sequence\":{\"start\":5,"));
    else
        assert_null(strstr(entry(t, d, "columns", "id"), "identity"));
    json_decref(d);
}

static void
reads_what_18_brought(void **state)
{
    pg_test *t = *state;
    if (pg_major() < 18)
        return;
    pg_sql(t, "CREATE TABLE t (a int, v int GENERATED ALWAYS AS (a * 2) VIRTUAL, b int NOT NULL);"
              "ALTER TABLE t ADD CONSTRAINT a_there NOT NULL a NOT VALID;"
              "ALTER TABLE t ADD CONSTRAINT loose CHECK (b > 0) NOT ENFORCED");
    json_t *d = read_definition(t, "t");
    assert_string_equal(entry(t, d, "columns", "a"), "{\"name\":\"a\",\"type\":\"integer\"}");
    assert_non_null(strstr(entry(t, d, "columns", "v"), "\"generated\":\"virtual\",\"expression\":\"(a * 2)\""));
    assert_non_null(strstr(entry(t, d, "columns", "b"), "\"not_null\":true"));
    assert_string_equal(entry(t, d, "constraints", "a_there"),
                        "{\"name\":\"a_there\",\"kind\":\"not null\",\"definition\":\"NOT NULL a NOT VALID\","
                        "\"valid\":false}");
    assert_non_null(strstr(entry(t, d, "constraints", "loose"), "NOT ENFORCED"));
    json_decref(d);
}

static void
refuses_what_has_no_rows(void **state)
{
    pg_test *t = *state;
    json_t *d = NULL;
    prt_error err = {0};
    pg_sql(t, "CREATE VIEW seen AS SELECT 1 AS one");
    uint32_t oid = (uint32_t) pg_number(t, "SELECT 'seen'::regclass::oid");
    assert_false(prt_definition_read(t->conn, t->arena, oid, &d, &err));
    assert_string_equal(err.message, "it is not a table with rows of its own");
    assert_string_equal(err.object, "public.seen");
    err = (prt_error) {0};
    assert_false(prt_definition_read(t->conn, t->arena, 4, &d, &err));
    assert_string_equal(err.message, "the table is not there any more");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pg_test_setup, pg_test_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(reads_columns), TEST(reads_constraints_and_indexes),
                                       TEST(reads_branches_and_partitions), TEST(reads_what_18_brought),
                                       TEST(refuses_what_has_no_rows)};
    return cmocka_run_group_tests_name("pg/definition", tests, NULL, NULL);
}
