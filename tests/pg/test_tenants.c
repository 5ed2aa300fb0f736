/* Who the tenants are: lists and queries, as the tenant column holds them. */
#include <stdio.h>

#include "pg/catalog.h"
#include "pg/tenants.h"
#include "support/run_support.h"

static prt_tenant
tenant(pg_test *t, const char *id)
{
    prt_tenant_field *field = PRT_NEW(t->arena, prt_tenant_field);
    *field = (prt_tenant_field) {"id", PRT_VALUE_TEXT, id};
    return (prt_tenant) {.id = id, .fields = field, .fields_length = 1};
}

/* A policy whose tenants are these ids (NULL-ended). */
static prt_spec *
list_spec(pg_test *t, const char *table, const char *key, const char *const *ids)
{
    prt_spec *spec = run_spec(t, table, "1 day");
    prt_tenant *list = prt_arena_array(t->arena, 100, sizeof *list);
    spec->tenant.key = key;
    for (size_t i = 0; ids[i] != NULL; i++)
        list[spec->tenant.list_length++] = tenant(t, ids[i]);
    spec->tenant.list = list;
    return spec;
}

static prt_spec *
query_spec(pg_test *t, const char *table, const char *key, const char *query)
{
    prt_spec *spec = run_spec(t, table, "1 day");
    spec->tenant.key = key;
    spec->tenant.query = query;
    return spec;
}

static bool
try_read(pg_test *t, const prt_spec **specs, size_t length, const prt_log *log, prt_snapshot **out, prt_error *err)
{
    const char **tables = prt_arena_array(t->arena, length, sizeof *tables);
    for (size_t i = 0; i < length; i++)
        tables[i] = specs[i]->tables[0];
    const prt_targets targets = {.tables = tables, .specs = specs, .length = length};
    const prt_run_options options = {.log = log};
    assert_ok(prt_catalog_read(t->conn, t->arena, tables, length, &(prt_catalog_options) {0}, out, err), err);
    return prt_tenants_read(t->conn, t->arena, &targets, &options, *out, err);
}

/* "a|b|c", or the error with its hint. */
static const char *
show(pg_test *t, const prt_tenant_list *list)
{
    prt_buf out;
    prt_buf_init(&out, t->arena);
    if (list->error != NULL)
        prt_buf_fmt(&out, "%s (%s)", list->error, list->hint == NULL ? "no hint" : list->hint);
    for (size_t i = 0; i < list->length; i++)
        prt_buf_fmt(&out, "%s%s", i == 0 ? "" : "|", list->items[i].id);
    return out.data;
}

static const prt_tenant_list *
read_one(pg_test *t, const prt_spec *spec)
{
    prt_snapshot *snapshot;
    prt_error err = {0};
    assert_ok(try_read(t, &spec, 1, NULL, &snapshot, &err), &err);
    assert_non_null(snapshot->tenants);
    assert_null(snapshot->sub_values);
    return snapshot->tenants[0];
}

static const char *
row(pg_test *t, const prt_tenant *tenant)
{
    static const char kinds[] = "_tinb";
    prt_buf out;
    prt_buf_init(&out, t->arena);
    for (size_t i = 0; i < tenant->fields_length; i++)
        prt_buf_fmt(&out, "%s%s=%c:%s", i == 0 ? "" : " ", tenant->fields[i].name, kinds[tenant->fields[i].kind],
                    tenant->fields[i].text == NULL ? "NULL" : tenant->fields[i].text);
    return out.data;
}

static void
test_rows_of_a_query(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE events (tenant text, at date) PARTITION BY RANGE (tenant, at)");
    const prt_tenant_list *list = read_one(
        t, query_spec(t, "public.events", "tenant",
                      "SELECT * FROM (VALUES ('zeta', 'free', 3, 1.50::numeric, 2::numeric, 0.5::float8, true, "
                      "DATE '2025-01-01', 2::bigint), ('Acme''s, (\"x\")', NULL, NULL, NULL, NULL, NULL, NULL, "
                      "NULL, NULL), (NULL, 'x', 1, 1, 1, 1, false, NULL, 1)) "
                      "AS v (id, plan, seats, factor, whole, share, paid, since, big)"));
    assert_string_equal(show(t, list), "Acme's, (\"x\")|zeta");
    assert_string_equal(row(t, &list->items[1]), "id=t:zeta plan=t:free seats=i:3 factor=n:1.50 whole=i:2 share=n:0.5 "
                                                 "paid=b:t since=t:2025-01-01 big=i:2");
    assert_string_equal(row(t, &list->items[0]), "id=t:Acme's, (\"x\") plan=_:NULL seats=_:NULL factor=_:NULL "
                                                 "whole=_:NULL share=_:NULL paid=_:NULL since=_:NULL big=_:NULL");
    /* `id` wherever it stands; the first column where there is none, which then is `id` as well. */
    list = read_one(t, query_spec(t, "public.events", "tenant", "SELECT 'free' AS plan, 7 AS id"));
    assert_string_equal(row(t, &list->items[0]), "plan=t:free id=i:7");
    list = read_one(t, query_spec(t, "public.events", "tenant", "SELECT 'a' AS uid, 'free' AS plan"));
    assert_string_equal(row(t, &list->items[0]), "uid=t:a plan=t:free id=t:a");
    list = read_one(t, query_spec(t, "public.events", "tenant", "SELECT 'a' AS id WHERE false"));
    assert_string_equal(show(t, list), "");
    assert_null(list->error);
    assert_null(prt_tenant_find(list, "a"));
}

static void
test_ids_as_the_column_prints_them(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE DOMAIN code AS char(3) CHECK (VALUE <> 'bad'); CREATE SCHEMA \"My Schema\"; CREATE DOMAIN yes AS "
              "boolean CHECK (VALUE); "
              "CREATE TYPE \"My Schema\".\"Level\" AS ENUM ('low', 'High'); "
              "CREATE TABLE t (u uuid, i int, s smallint, c char(3), v varchar(3), x text, d code, e \"My "
              "Schema\".\"Level\", n numeric(4, 1), day date, flag boolean, yes yes, \"Odd\"\" name\" bigint, at date) "
              "PARTITION BY RANGE (at)");
    static const struct {
        const char *column, *ids[4], *expected;
    } cases[] = {
        {"u",
         {"ACDE070D-8C4C-4F0D-9D8A-162843C10333", "{acde070d8c4c4f0d9d8a162843c10332}"},
         "acde070d-8c4c-4f0d-9d8a-162843c10332|acde070d-8c4c-4f0d-9d8a-162843c10333"},
        {"u", {"acme"}, "`tenant.values` has an id that is no value of column u of type uuid: invalid input syntax"},
        {"i", {" 42", "-0", "7 "}, "0|42|7"},
        {"i", {"1", "x1"}, "is no value of column i of type integer: invalid input syntax for type integer: \"x1\""},
        {"s", {"32768"}, "value \"32768\" is out of range for type smallint"},
        {"c", {"a", "abc", "b    "}, "a  |abc|b  "},
        {"c",
         {"a", "abcd"},
         "`tenant.values` has the id \"abcd\", which column c of type character(3) cannot hold as it"},
        {"v", {"abc", ""}, "|abc"},
        {"v", {"abcd"}, "has the id \"abcd\", which column v of type character varying(3) cannot hold"},
        {"x", {"O'Neil", "a\"b\\c, (d) {e}", "ÄÖ NULL"}, "O'Neil|a\"b\\c, (d) {e}|ÄÖ NULL"},
        {"x", {"null", "NULL", ""}, "|NULL|null"},
        {"d", {"a"}, "a  "},
        {"d", {"abcd"}, "has the id \"abcd\", which column d of type public.code cannot hold"},
        {"d", {"bad"}, "violates check constraint"},
        {"e", {"High", "low"}, "High|low"},
        {"e", {"high"}, "is no value of column e of type \"My Schema\".\"Level\""},
        {"n", {"1", "2.50"}, "1.0|2.5"},
        {"n", {"2.55"}, "has the id \"2.55\", which column n of type numeric(4,1) cannot hold as it is"},
        {"day", {"20250102", "2025-1-3"}, "2025-01-02|2025-01-03"},
        {"Odd\" name", {"5"}, "5"},
        {"flag", {"t", "no"}, "false|true"},
        {"yes", {"on"}, "t"},
        {"yes", {"off"}, "violates check constraint"},
        {"gone", {"5"}, "the table has no column gone (correct the policy's `tenant.key`)"},
        {"ctid", {"5"}, "the table has no column ctid"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *shown = show(t, read_one(t, list_spec(t, "public.t", cases[i].column, cases[i].ids)));
        if (strstr(shown, cases[i].expected) == NULL ||
            (strchr(cases[i].expected, '|') != NULL && strcmp(shown, cases[i].expected) != 0))
            fail_msg("%s: \"%s\" is not \"%s\"", cases[i].column, shown, cases[i].expected);
    }
    const char *const ids[] = {"ACDE070D-8C4C-4F0D-9D8A-162843C10333", NULL};
    const prt_tenant_list *list = read_one(t, list_spec(t, "public.t", "u", ids));
    assert_string_equal(row(t, &list->items[0]), "id=t:acde070d-8c4c-4f0d-9d8a-162843c10333");
    assert_non_null(prt_tenant_find(list, "acde070d-8c4c-4f0d-9d8a-162843c10333"));
    assert_string_equal(show(t, read_one(t, query_spec(t, "public.t", "flag", "VALUES (true), (false)"))),
                        "false|true");
    /* Exactly as bounds are printed. */
    pg_sql(t, "CREATE TABLE l (c char(3)) PARTITION BY LIST (c); CREATE TABLE l1 PARTITION OF l FOR VALUES IN ('a')");
    assert_string_equal(pg_value(t, "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'l1'"),
                        "FOR VALUES IN ('a  ')");
    pg_sql(t, "CREATE TABLE b (f yes) PARTITION BY LIST (f); CREATE TABLE b1 PARTITION OF b FOR VALUES IN (true);"
              "CREATE TABLE f (f boolean) PARTITION BY LIST (f); CREATE TABLE f1 PARTITION OF f FOR VALUES IN (true)");
    assert_string_equal(pg_value(t, "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'f1'"),
                        "FOR VALUES IN (true)");
    assert_string_equal(pg_value(t, "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'b1'"),
                        "FOR VALUES IN ('t')");
}

static void
test_an_id_that_is_there_twice(void **state)
{
    pg_test *t = *state;
    char *text = NULL;
    size_t size = 0;
    prt_log log = {.stream = open_memstream(&text, &size), .level = PRT_DEBUG};
    prt_snapshot *snapshot;
    prt_error err = {0};
    pg_sql(t, "CREATE TABLE events (tenant int, at date) PARTITION BY RANGE (tenant, at)");
    const prt_spec *spec = query_spec(t, "public.events", "tenant",
                                      "VALUES (7, 'first'), (3, 'x'), (7, 'second'), (07, 'third')");
    assert_ok(try_read(t, &spec, 1, &log, &snapshot, &err), &err);
    fclose(log.stream);
    assert_string_equal(show(t, snapshot->tenants[0]), "3|7");
    assert_string_equal(snapshot->tenants[0]->items[1].fields[1].text, "first");
    assert_non_null(strstr(text, "an id is there twice: the first one counts"));
    assert_non_null(strstr(text, "tenant.values"));
    free(text);
}

static void
test_queries_that_fail(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE events (tenant text, at date) PARTITION BY RANGE (tenant, at); CREATE TABLE who (id text); "
              "INSERT INTO who VALUES ('a')");
    static const struct {
        const char *query, *expected;
    } cases[] = {
        {"SELECT id FROM who",
         "the query of `tenant.values` fails: relation \"who\" does not exist (write tables with "},
        {"SELEC 1", "syntax error at or near \"SELEC\""},
        {"INSERT INTO public.who VALUES ('b') RETURNING id", "read-only transaction (a policy's query may only read)"},
        {"SELECT 1 AS id; DROP TABLE public.who", "cannot insert multiple commands into a prepared statement"},
        {"COMMIT", "returns no columns"},
        {"SELECT 1 AS id, 2 AS id", "returns two columns named \"id\" (give one of them another name: AS ...)"},
        {"SELECT FROM public.who", "returns no columns"},
        {"COPY public.who TO STDOUT", "COPY"},
        {"SELECT 1/0 AS id", "division by zero"},
        {"SELECT pg_sleep(60)::text AS id", "statement timeout (raise the policy's `statement_timeout`"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        prt_spec *spec = query_spec(t, "public.events", "tenant", cases[i].query);
        spec->statement_timeout_ms = 200;
        const char *shown = show(t, read_one(t, spec));
        if (strstr(shown, cases[i].expected) == NULL)
            fail_msg("%s: \"%s\" has no \"%s\"", cases[i].query, shown, cases[i].expected);
    }
    /* The session is whole, and others are not touched. */
    const prt_spec *specs[] = {query_spec(t, "public.events", "tenant", "SELECT 1/0 AS id"),
                               query_spec(t, "public.events", "tenant", "SELECT id FROM public.who"),
                               run_spec(t, "public.events", "1 day"),
                               query_spec(t, "public.nothing", "tenant", "SELECT 1")};
    prt_snapshot *snapshot;
    prt_error err = {0};
    assert_ok(try_read(t, specs, 4, NULL, &snapshot, &err), &err);
    assert_non_null(snapshot->tenants[0]->error);
    assert_string_equal(show(t, snapshot->tenants[1]), "a");
    assert_null(snapshot->tenants[2]);
    assert_non_null(snapshot->tenants[3]->error);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM who"), 1);
}

/* The tenant of a partition's two ends, as the planner compares it. */
static const char *
ends_of(pg_test *t, const prt_snapshot *snapshot, size_t root)
{
    const prt_parent *parent = snapshot->roots[root]->parent;
    prt_buf out;
    prt_buf_init(&out, t->arena);
    for (size_t i = 0; i < parent->children_length; i++) {
        const prt_bound *bound = &parent->children[i]->bound;
        for (size_t v = 0; bound->kind == PRT_BOUND_LIST && v < bound->length; v++)
            prt_buf_fmt(&out, "%s ", bound->values[v].text);
        if (bound->kind == PRT_BOUND_RANGE)
            prt_buf_fmt(&out, "%s..%s ", bound->from[0].text, bound->to[0].text);
    }
    return out.data;
}

/* To PostgreSQL 1 and 1.0 are one tenant; a text that looks new must not make its partitions those of an unknown one. */
static void
test_equal_ids_that_are_written_otherwise(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false); "
              "CREATE TABLE n (tenant numeric, at date) PARTITION BY RANGE (tenant, at); "
              "CREATE TABLE n1 PARTITION OF n FOR VALUES FROM (1.0, '2026-01-01') TO (1.00, '2026-01-02'); "
              "CREATE TABLE n9 PARTITION OF n FOR VALUES FROM (9.0, '2026-01-01') TO (9, '2026-01-02'); "
              "CREATE TABLE c (tenant text COLLATE nocase, at date) PARTITION BY LIST (tenant); "
              "CREATE TABLE c1 PARTITION OF c FOR VALUES IN ('ACME', NULL, 'Gone') PARTITION BY RANGE (at)");
    const prt_spec *specs[] = {list_spec(t, "public.n", "tenant", (const char *const[]) {"2", "1", "2.0", NULL}),
                               list_spec(t, "public.c", "tenant", (const char *const[]) {"acme", "Acme", "b", NULL})};
    prt_snapshot *snapshot;
    prt_error err = {0};
    assert_ok(try_read(t, specs, 2, NULL, &snapshot, &err), &err);
    assert_string_equal(show(t, snapshot->tenants[0]), "1|2");
    assert_string_equal(show(t, snapshot->tenants[1]), "acme|b");
    assert_string_equal(ends_of(t, snapshot, 0), "1..1 9.0..9.0 ");
    assert_string_equal(ends_of(t, snapshot, 1), "acme (null) Gone ");
    assert_string_equal(snapshot->roots[0]->parent->children[0]->bound.from[0].sql, "1.0");
}

/* Which texts lie between two others, the column's collation says; and what a detached partition's comment calls a tenant. */
static void
test_tenants_of_spans_and_of_what_waits(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE s (tenant text COLLATE \"C\", at date) PARTITION BY RANGE (tenant, at); "
              "CREATE TABLE wide PARTITION OF s FOR VALUES FROM ('A', MINVALUE) TO ('b', MINVALUE); "
              "CREATE TABLE n (tenant numeric, at date) PARTITION BY RANGE (tenant, at); "
              "CREATE TABLE n_old PARTITION OF n FOR VALUES FROM (1.0, '2026-01-01') TO (1.0, '2026-01-02')");
    prt_spec *span = list_spec(t, "public.s", "tenant", (const char *const[]) {"Z", "a", "b", "c", NULL});
    prt_run_options options = run_options("2026-03-12 12:00Z");
    span->premake = 0;
    prt_result *result = run_apply(t, span, &options);
    assert_int_equal(result->failed, 0);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM pg_inherits WHERE inhparent = 's'::regclass"), 1 + 2);
    prt_spec *spec = list_spec(t, "public.n", "tenant", (const char *const[]) {"1", NULL});
    spec->retention = (prt_retention) {.kind = PRT_KEEP_AGE, .age = {.days = 9}};
    spec->cleanup = PRT_CLEANUP_DROP;
    spec->tenant.drop_unknown = true;
    spec->tenant.drop_after = (prt_interval) {.days = 1};
    spec->grace = (prt_interval) {.days = 2};
    result = run_apply(t, spec, &options);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'n'::regclass"),
                     1 + spec->premake);
    /* It is the known tenant's: a longer retention attaches it again. */
    spec->retention.age.days = 90;
    spec->premake++;
    result = run_apply(t, spec, &options);
    assert_int_equal(result->failed, 0);
    assert_int_equal(result->plan->sets.length, 1);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM pg_inherits WHERE inhrelid = 'n_old'::regclass"), 1);
}

static void
test_what_ends_the_run(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE events (tenant text, at date) PARTITION BY RANGE (tenant, at)");
    const prt_spec *spec = query_spec(t, "public.events", "tenant",
                                      "SELECT pg_terminate_backend(pg_backend_pid())::text AS id");
    prt_snapshot *snapshot;
    prt_error err = {0};
    assert_false(try_read(t, &spec, 1, NULL, &snapshot, &err));
    assert_int_equal(err.code, PRT_ERR_CONNECT);
}

static void
test_one_query_and_one_cast_a_policy(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE a (tenant text, region text, at date) PARTITION BY RANGE (at); "
              "CREATE TABLE b (LIKE a) PARTITION BY HASH (tenant); CREATE TABLE c (LIKE a) PARTITION BY RANGE (at); "
              "ALTER TABLE c ALTER tenant TYPE char(8); CREATE SEQUENCE asked; GRANT ALL ON SEQUENCE asked TO PUBLIC");
    prt_spec *spec = query_spec(t, "public.a", "tenant",
                                "SELECT 'T' || g AS id, g AS size FROM generate_series(1, 2000) g");
    const prt_tenant regions[] = {tenant(t, "us"), tenant(t, "eu")};
    spec->subpartition = (prt_sub_spec) {.kind = PRT_SUB_LIST, .column = "region", .list = regions, .list_length = 2};
    const char *tables[] = {"public.a", "public.b", "public.c"};
    const prt_spec *specs[] = {spec, spec, spec};
    const prt_targets targets = {.tables = tables, .specs = specs, .length = 3};
    prt_snapshot *snapshot;
    prt_error err = {0};
    assert_ok(prt_catalog_read(t->conn, t->arena, targets.tables, 3, &(prt_catalog_options) {0}, &snapshot, &err),
              &err);
    unsigned before = prt_conn_round_trips(t->conn);
    assert_ok(prt_tenants_read(t->conn, t->arena, &targets, &(prt_run_options) {0}, snapshot, &err), &err);
    /* The types; the query; casts to text, char(8), and of the regions. Three round trips each but the first. */
    assert_in_range(prt_conn_round_trips(t->conn) - before, 1, 1 + 1 + 4 * 3);
    assert_int_equal(snapshot->tenants[0]->length, 2000);
    assert_ptr_equal(snapshot->tenants[0], snapshot->tenants[1]);
    assert_string_equal(snapshot->tenants[0]->items[1].id, "T10");
    assert_string_equal(snapshot->tenants[2]->items[1].id, "T10     ");
    assert_string_equal(snapshot->tenants[0]->items[1].fields[0].text, "T10");
    assert_string_equal(show(t, snapshot->sub_values[0]), "eu|us");
    assert_ptr_equal(snapshot->sub_values[0], snapshot->sub_values[2]);
}

int
main(void)
{
#define PG_TEST(f) cmocka_unit_test_setup_teardown(f, pg_test_setup, pg_test_teardown)
    const struct CMUnitTest tests[] = {
        PG_TEST(test_rows_of_a_query),
        PG_TEST(test_ids_as_the_column_prints_them),
        PG_TEST(test_an_id_that_is_there_twice),
        PG_TEST(test_queries_that_fail),
        PG_TEST(test_equal_ids_that_are_written_otherwise),
        PG_TEST(test_tenants_of_spans_and_of_what_waits),
        PG_TEST(test_what_ends_the_run),
        PG_TEST(test_one_query_and_one_cast_a_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
