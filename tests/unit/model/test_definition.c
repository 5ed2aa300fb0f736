/* Definitions from JSON, pieces of SQL that stay in their place, and the statements that make a table again. */
#include "model/render_definition.h"
#include "model/sql_fragment.h"
#include "support/support.h"

static void
fragments_stay_in_their_place(void **state)
{
    (void) state;
    static const char *const fine[] = {
        "integer",
        "numeric(10,2)",
        "double precision",
        "\"My Schema\".\"a;b,c\"[]",
        "nextval('public.\"a;b\"'::regclass)",
        "ARRAY['a'::text, 'b,c'::text]",
        "E'\\\\'''",
        "E'a\\'b'",
        "E'\\', DROP COLUMN b, ADD c text DEFAULT '",
        "'it''s -- no comment, /* nor this */ $$'::text",
        "CHECK (((a > 0) AND (b <> ';'::text))) NOT VALID",
        "USING btree (lower(a) DESC NULLS LAST, b) INCLUDE (c) WITH (fillfactor='60') WHERE (d OPERATOR(lib.<~>) 'x')",
        "(- 1)",
        "",
    };
    static const char *const wrong[] = {
        "integer); DROP TABLE t",
        "1, DROP COLUMN b",
        "1; DROP TABLE t",
        "(1",
        "1)",
        "(1]",
        "[1)",
        "'open",
        "\"open",
        "1 -- rest",
        "1 /* rest",
        "$$'$$ , DROP COLUMN b",
        "e'\\'",
        "'\\', DROP COLUMN b",
    };
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        if (!prt_sql_fragment_ok(fine[i]))
            fail_msg("refused: %s", fine[i]);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (prt_sql_fragment_ok(wrong[i]))
            fail_msg("taken: %s", wrong[i]);
    char deep[1000];
    memset(deep, '(', sizeof deep);
    deep[sizeof deep - 1] = '\0';
    assert_false(prt_sql_fragment_ok(deep));
}

static bool
parse(prt_arena *arena, const char *text, prt_definition *out, prt_error *err)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    *err = (prt_error) {0};
    bool ok = prt_definition_parse(arena, json, out, err);
    json_decref(json);
    return ok;
}

static const char table[] =
    "{\"kind\":\"table\",\"unlogged\":true,\"owner\":\"o\\\"wner\",\"comment\":\"it's\",\"replica_identity\":\"full\","
    "\"storage\":[{\"name\":\"toast.autovacuum_enabled\",\"value\":\"false\"}],"
    "\"columns\":[{\"name\":\"id\",\"type\":\"bigint\",\"not_null\":true,\"identity\":\"by default\","
    "\"sequence\":{\"start\":5,\"increment\":-2,\"minimum\":-9,\"maximum\":9,\"cache\":3,\"cycle\":true}},"
    "{\"name\":\"a\\\"b\",\"type\":\"text\",\"collation\":\"pg_catalog.\\\"C\\\"\",\"default\":\"'x'::text\","
    "\"storage\":\"external\",\"compression\":\"lz4\",\"statistics\":7,\"comment\":\"c\"},"
    "{\"name\":\"g\",\"type\":\"integer\",\"generated\":\"virtual\",\"expression\":\"(id + 1)\"}],"
    "\"constraints\":[{\"name\":\"c\",\"kind\":\"check\",\"definition\":\"CHECK ((id > 0))\"},"
    "{\"name\":\"late\",\"kind\":\"check\",\"definition\":\"CHECK ((id > 1)) NOT VALID\",\"valid\":false},"
    "{\"name\":\"n\",\"kind\":\"not null\",\"definition\":\"NOT NULL g NOT VALID\",\"valid\":false},"
    "{\"name\":\"t_pkey\",\"kind\":\"primary key\",\"definition\":\"PRIMARY KEY (id)\"}],"
    "\"indexes\":[{\"name\":\"i\",\"unique\":true,\"definition\":\"USING btree (g)\",\"comment\":\"quick\"}],"
    "\"foreign_keys\":[{\"name\":\"f\",\"definition\":\"FOREIGN KEY (id) REFERENCES public.x(id)\"}],"
    "\"types\":[],\"later\":\"ignored\"}";

static const char *
texts(prt_arena *arena, prt_rebuild_steps steps)
{
    const char *all = "";
    for (size_t i = 0; i < steps.length; i++)
        all = prt_arena_printf(arena, "%s%s%s\n", all, steps.items[i].optional ? "? " : "", steps.items[i].sql);
    return all;
}

static bool
taken(const void *data, const char *name)
{
    return strcmp(name, data) == 0;
}

static void
makes_the_table_again(void **state)
{
    prt_arena *arena = *state;
    prt_definition d;
    prt_error err;
    assert_ok(parse(arena, table, &d, &err), &err);
    prt_rebuild r = {
        .definition = &d, .schema = "S", .name = "t", .taken = taken, .taken_data = "t_pkey", .server_version = 180000};
    assert_string_equal(
        texts(arena, prt_rebuild_before(arena, &r)),
        "CREATE UNLOGGED TABLE \"S\".\"t\" (\"id\" bigint NOT NULL, \"a\"\"b\" text COLLATE pg_catalog.\"C\","
        " \"g\" integer GENERATED ALWAYS AS ((id + 1)) VIRTUAL) WITH (\"toast\".\"autovacuum_enabled\" = 'false')\n"
        "? ALTER TABLE \"S\".\"t\" ALTER COLUMN \"a\"\"b\" SET STORAGE EXTERNAL\n"
        "? ALTER TABLE \"S\".\"t\" ALTER COLUMN \"a\"\"b\" SET COMPRESSION lz4\n"
        "? ALTER TABLE \"S\".\"t\" ALTER COLUMN \"a\"\"b\" SET STATISTICS 7\n"
        "ALTER TABLE \"S\".\"t\" ADD CONSTRAINT \"c\" CHECK ((id > 0))\n");
    assert_string_equal(texts(arena, prt_rebuild_unproven(arena, &r)),
                        "ALTER TABLE \"S\".\"t\" ADD CONSTRAINT \"late\" CHECK ((id > 1)) NOT VALID\n"
                        "ALTER TABLE \"S\".\"t\" ADD CONSTRAINT \"n\" NOT NULL g NOT VALID\n");
    const char *after = texts(arena, prt_rebuild_after(arena, &r));
    static const char *const parts[] = {
        "ADD GENERATED BY DEFAULT AS IDENTITY (START WITH 5 INCREMENT BY -2 MINVALUE -9 MAXVALUE 9 CACHE 3 CYCLE)\n",
        "? ALTER TABLE \"S\".\"t\" ALTER COLUMN \"a\"\"b\" SET DEFAULT 'x'::text\n",
        "ALTER TABLE \"S\".\"t\" ADD PRIMARY KEY (id)\n", /* its name is taken */
        "CREATE UNIQUE INDEX \"i\" ON \"S\".\"t\" USING btree (g)\n",
        "? COMMENT ON INDEX \"S\".\"i\" IS 'quick'\n",
        "? COMMENT ON TABLE \"S\".\"t\" IS 'it''s'\n",
        "? ALTER TABLE \"S\".\"t\" REPLICA IDENTITY FULL\n",
        "pg_get_serial_sequence('\"S\".\"t\"', 'id')",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(after, parts[i]) == NULL)
            fail_msg("%s is not in\n%s", parts[i], after);
    assert_null(strstr(after, "FOREIGN KEY"));
    assert_string_equal(texts(arena, prt_rebuild_owner(arena, &r)), "");
    r.owner = "o\"wner";
    assert_string_equal(texts(arena, prt_rebuild_owner(arena, &r)),
                        "? ALTER TABLE \"S\".\"t\" OWNER TO \"o\"\"wner\"\n");
    r.user = r.owner;
    assert_string_equal(texts(arena, prt_rebuild_owner(arena, &r)), "");
    assert_string_equal(
        prt_rebuild_copy(arena, &r, "csv"),
        "COPY \"S\".\"t\" (\"id\", \"a\"\"b\") FROM STDIN WITH (FORMAT csv, HEADER match, ENCODING 'UTF8')");

    /* A partition has its identity from its parent; its indexes are found by what they are. */
    r.attach = true;
    r.server_version = 140000;
    after = texts(arena, prt_rebuild_after(arena, &r));
    assert_null(strstr(after, "IDENTITY ("));
    assert_null(strstr(texts(arena, prt_rebuild_unproven(arena, &r)), "NOT NULL g"));
    assert_string_equal(prt_rebuild_attach(arena, &r, "S", "p", "FOR VALUES IN (1)"),
                        "ALTER TABLE \"S\".\"p\" ATTACH PARTITION \"S\".\"t\" FOR VALUES IN (1)");
    assert_string_equal(prt_rebuild_copy(arena, &r, "copy"),
                        "COPY \"S\".\"t\" (\"id\", \"a\"\"b\") FROM STDIN WITH (FORMAT binary, ENCODING 'UTF8')");
}

/* Columns that were left out of the archive are not in the table, and what needs them may be missing. */
static void
makes_a_part_of_the_table(void **state)
{
    prt_arena *arena = *state;
    static const char *const columns[] = {"g", "a\"b", NULL};
    prt_definition d;
    prt_error err;
    assert_ok(parse(arena, table, &d, &err), &err);
    prt_rebuild r = {.definition = &d, .schema = "S", .name = "t", .columns = columns, .user = "o\"wner"};
    assert_false(prt_rebuild_whole(&r));
    const char *before = texts(arena, prt_rebuild_before(arena, &r));
    assert_non_null(strstr(before, "(\"a\"\"b\" text COLLATE pg_catalog.\"C\", \"g\" integer) WITH"));
    assert_non_null(strstr(before, "? ALTER TABLE \"S\".\"t\" ADD CONSTRAINT \"c\""));
    const char *after = texts(arena, prt_rebuild_after(arena, &r));
    assert_null(strstr(after, "IDENTITY ("));
    assert_non_null(strstr(after, "? CREATE UNIQUE INDEX ON \"S\".\"t\" USING btree (g)"));
    assert_non_null(
        strstr(prt_rebuild_copy(arena, &r, "csv"), "(\"g\", \"a\"\"b\") FROM STDIN WITH (FORMAT csv, HEADER true"));
}

static void
refuses_what_is_none(void **state)
{
    prt_arena *arena = *state;
    prt_definition d;
    prt_error err;
    const struct {
        const char *text, *message;
    } cases[] = {
        {"[]", "no object"},
        {"{\"columns\":{}}", "columns: array"},
        {"{\"columns\":[{\"type\":\"text\"}]}", "columns: name"},
        {"{\"columns\":[{\"name\":\"\",\"type\":\"text\"}]}", "columns: name"},
        {"{\"columns\":[{\"name\":\"a\"}]}", "columns: type"},
        {"{\"columns\":[{\"name\":\"a\",\"type\":\"text, b text\"}]}", "columns: type"},
        {"{\"columns\":[{\"name\":\"a\",\"type\":\"text\",\"generated\":\"stored\"}]}", "columns: expression"},
        {"{\"columns\":[{\"name\":\"a\",\"type\":\"text\",\"identity\":\"sometimes\"}]}", "columns: identity"},
        {"{\"columns\":[{\"name\":\"a\",\"type\":\"text\",\"statistics\":\"1\"}]}", "columns: statistics"},
        {"{\"columns\":[{\"name\":\"a\",\"type\":\"text\",\"sequence\":[]}]}", "sequence: object"},
        {"{\"constraints\":[{\"name\":\"a\",\"kind\":\"check\"}]}", "constraints: definition"},
        {"{\"indexes\":[{\"name\":\"a\",\"definition\":\"USING btree (a); DROP TABLE b\"}]}", "indexes: definition"},
        {"{\"storage\":[{\"name\":\"fillfactor\"}]}", "storage: value"},
        {"{\"types\":[1]}", "types: text"},
        {"{\"unlogged\":\"yes\"}", "unlogged"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_false(parse(arena, cases[i].text, &d, &err));
        if (strstr(err.message, cases[i].message) == NULL)
            fail_msg("%s: %s", cases[i].text, err.message);
        assert_int_equal(err.code, PRT_ERR_VALUE);
    }
}

static void
compares_with_a_parent(void **state)
{
    prt_arena *arena = *state;
    prt_definition own, parent;
    prt_error err;
    const struct {
        const char *parent, *message;
    } cases[] = {
        {"{\"columns\":[{\"name\":\"b\",\"type\":\"text\"},{\"name\":\"a\",\"type\":\"integer\"}]}", NULL},
        {"{\"columns\":[{\"name\":\"a\",\"type\":\"integer\"}]}", "no column \"b\" any more"},
        {"{\"columns\":[{\"name\":\"a\",\"type\":\"bigint\"},{\"name\":\"b\",\"type\":\"text\"}]}",
         "column \"a\" is integer in the archive, and bigint in the parent"},
        {"{\"columns\":[{\"name\":\"a\",\"type\":\"integer\"},{\"name\":\"b\",\"type\":\"text\",\"collation\":\"x\"}]}",
         "another collation"},
        {"{\"columns\":[{\"name\":\"a\",\"type\":\"integer\",\"generated\":\"stored\",\"expression\":\"1\"},"
         "{\"name\":\"b\",\"type\":\"text\"}]}",
         "generated in the parent only"},
        {"{\"columns\":[{\"name\":\"a\",\"type\":\"integer\"},{\"name\":\"b\",\"type\":\"text\"},"
         "{\"name\":\"c\",\"type\":\"text\"}]}",
         "a column \"c\" that the archive does not have"},
    };
    assert_ok(parse(arena, "{\"columns\":[{\"name\":\"a\",\"type\":\"integer\"},{\"name\":\"b\",\"type\":\"text\"}]}",
                    &own, &err),
              &err);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_ok(parse(arena, cases[i].parent, &parent, &err), &err);
        bool ok = prt_definition_match(&own, &parent, &err);
        assert_int_equal(ok, cases[i].message == NULL);
        if (!ok && strstr(err.message, cases[i].message) == NULL)
            fail_msg("%s", err.message);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, support_arena_setup, support_arena_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(fragments_stay_in_their_place), TEST(makes_the_table_again),
                                       TEST(makes_a_part_of_the_table), TEST(refuses_what_is_none),
                                       TEST(compares_with_a_parent)};
    return cmocka_run_group_tests_name("model/definition", tests, NULL, NULL);
}
