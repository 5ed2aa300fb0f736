/* Every embedded SQL file prepares on this server, and is what its header says: parameters, columns, versions. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/embed.h"
#include "pg/query.h"
#include "support/pg_support.h"

static const char *
header(pg_test *t, const prt_embedded *file, const char *key)
{
    const char *value = prt_sql_header(t->arena, file->text, key);
    if (value == NULL || *value == '\0')
        fail_msg("%s: no `-- %s:`", file->name, key);
    return value;
}

/* "$1 oid[], $2 text", in the order of their numbers; "none". */
static const char *
parameters(pg_test *t)
{
    const char *list = pg_value(
        t, "SELECT string_agg(format('$%%s %%s', n, p), ', ' ORDER BY n) FROM "
           "pg_prepared_statements s, unnest(s.parameter_types::text[]) WITH ORDINALITY AS u (p, n)");
    return list != NULL ? list : "none";
}

/* "oid oid, name text" */
static const char *
columns(pg_test *t)
{
    PGresult *shape = PQdescribePrepared(t->side, "probe");
    prt_buf list;
    prt_buf_init(&list, t->arena);
    for (int i = 0; i < PQnfields(shape); i++)
        prt_buf_fmt(&list, "%s%s %s", i == 0 ? "" : ", ", PQfname(shape, i),
                    pg_value(t, "SELECT format_type(%u, NULL)", PQftype(shape, i)));
    PQclear(shape);
    return list.data;
}

/* What is wrong with a file, one line each; all of them are told before the test fails. */
static void
check_file(pg_test *t, const prt_embedded *file, prt_buf *wrong)
{
    const char *wanted_parameters = header(t, file, "parameters"), *wanted_columns = header(t, file, "columns");
    PGresult *prepared = PQprepare(t->side, "probe", file->text, 0, NULL);
    if (PQresultStatus(prepared) != PGRES_COMMAND_OK)
        prt_buf_fmt(wrong, "%s: %s\n", file->name, PQresultErrorMessage(prepared));
    else {
        if (strcmp(wanted_columns, columns(t)) != 0)
            prt_buf_fmt(wrong, "%s: columns: %s\n", file->name, columns(t));
        if (strcmp(wanted_parameters, parameters(t)) != 0)
            prt_buf_fmt(wrong, "%s: parameters: %s\n", file->name, parameters(t));
        pg_sql(t, "DEALLOCATE probe");
    }
    PQclear(prepared);
}

static void
files_are_what_they_say(void **state)
{
    pg_test *t = *state;
    int checked = 0;
    prt_buf wrong;
    prt_buf_init(&wrong, t->arena);
    for (const prt_embedded *file = prt_sql_files; file->name != NULL; file++) {
        const char *versions = header(t, file, "versions");
        header(t, file, "purpose");
        if (atoi(versions) < 14 || versions[2] != '+')
            fail_msg("%s: versions are written 14+", file->name);
        if (pg_major() < atoi(versions))
            continue;
        check_file(t, file, &wrong);
        checked++;
    }
    if (wrong.length > 0)
        fail_msg("\n%s", wrong.data);
    assert_true(checked > 10);
}

static void
headers_are_read_as_one_line(void **state)
{
    pg_test *t = *state;
    static const char text[] =
        "-- purpose: one\n--   more of it: yes\n-- columns: a oid,\n--   b text\n-- versions: 14+\n"
        "SELECT 1 -- columns: no";
    assert_string_equal(prt_sql_header(t->arena, text, "purpose"), "one more of it: yes");
    assert_string_equal(prt_sql_header(t->arena, text, "columns"), "a oid, b text");
    assert_string_equal(prt_sql_header(t->arena, text, "versions"), "14+");
    assert_null(prt_sql_header(t->arena, text, "parameters"));
}

static void
arrays_survive_the_way(void **state)
{
    pg_test *t = *state;
    static const char *const texts[] = {"plain", "we\"ird", "back\\slash", "a,b", "{}", "", "NULL", " x ", "é"};
    const uint32_t oids[] = {1, 4294967295u};
    enum { N = sizeof texts / sizeof *texts };
    const char *values[] = {prt_array_texts(t->arena, texts, N), prt_array_oids(t->arena, oids, 2)};
    PGresult *result = NULL;
    prt_error err = {0};
    assert_ok(prt_query(t->conn, "SELECT unnest($1::text[]), ($2::oid[])[2]", 2, values, &result, &err), &err);
    assert_int_equal(PQntuples(result), N);
    for (int i = 0; i < N; i++)
        assert_string_equal(PQgetvalue(result, i, 0), texts[i]);
    assert_string_equal(PQgetvalue(result, 0, 1), "4294967295");
    PQclear(result);
    assert_string_equal(prt_array_texts(t->arena, NULL, 0), "{}");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_are_what_they_say, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(headers_are_read_as_one_line, pg_test_setup, pg_test_teardown),
        cmocka_unit_test_setup_teardown(arrays_survive_the_way, pg_test_setup, pg_test_teardown),
    };
    return cmocka_run_group_tests_name("pg/sql", tests, NULL, NULL);
}
