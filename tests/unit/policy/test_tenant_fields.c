/* Tenants, purges, archives and the level below: from a policy's text to the spec. */
#include "support/policy_support.h"

static const prt_spec *
load_spec(policy_fixture *f, const char *fields)
{
    prt_error err;
    const char *text = prt_arena_printf(f->arena,
                                        "return require('partrun').policy { table = 'c.t%zu', interval = '1 day', %s }",
                                        prt_arena_used(f->arena), fields);
    assert_ok(policy_load(f, "tenants.lua", text, &err), &err);
    return policy_last(f);
}

static const char *
row_text(prt_arena *arena, const prt_tenant *tenant)
{
    static const char kinds[] = "_tinb";
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_buf_str(&out, tenant->id);
    for (size_t i = 0; i < tenant->fields_length; i++)
        prt_buf_fmt(&out, " %s=%c:%s", tenant->fields[i].name, kinds[tenant->fields[i].kind], tenant->fields[i].text);
    return out.data;
}

static void
test_tenants(void **state)
{
    (void) state;
    policy_fixture f = policy_fixture_open(NULL);
    const prt_spec *spec = load_spec(&f, "premake = 1");
    assert_null(spec->tenant.key);
    assert_int_equal(spec->purge.batch, 5000);
    assert_int_equal(spec->purge.pause_ms, 100);
    assert_int_equal(spec->purge.max_rows, 0);
    assert_int_equal(spec->subpartition.kind, PRT_SUB_NONE);
    spec = load_spec(&f,
                     "tenant = { key = 'project_id', values = { \"O'Neil, (x)\", 7, '', { plan = 'free', id = 'ACME', "
                     "seats = 3, factor = 1.5, paid = true, old = false }, { id = -5 } } }");
    assert_string_equal(spec->tenant.key, "project_id");
    assert_null(spec->tenant.query);
    assert_false(spec->tenant.drop_unknown);
    assert_int_equal(spec->tenant.list_length, 5);
    assert_string_equal(row_text(f.arena, &spec->tenant.list[0]), "O'Neil, (x) id=t:O'Neil, (x)");
    assert_string_equal(row_text(f.arena, &spec->tenant.list[1]), "7 id=i:7");
    assert_string_equal(row_text(f.arena, &spec->tenant.list[2]), " id=t:");
    assert_string_equal(row_text(f.arena, &spec->tenant.list[3]),
                        "ACME factor=n:1.5 id=t:ACME old=b:f paid=b:t plan=t:free seats=i:3");
    assert_string_equal(row_text(f.arena, &spec->tenant.list[4]), "-5 id=i:-5");
    spec = load_spec(
        &f, "tenant = { key = 'p', values = 'SELECT uid AS id FROM x', unknown = { drop_after = '30 days' } }, "
            "purge = { batch = 10, pause = '2 s', max_rows = 100 }");
    assert_string_equal(spec->tenant.query, "SELECT uid AS id FROM x");
    assert_int_equal(spec->tenant.list_length, 0);
    assert_true(spec->tenant.drop_unknown);
    assert_int_equal(spec->tenant.drop_after.days, 30);
    assert_int_equal(spec->purge.batch, 10);
    assert_int_equal(spec->purge.pause_ms, 2000);
    assert_int_equal(spec->purge.max_rows, 100);
    spec = load_spec(&f, "tenant = { key = 'p', values = { 'a' }, unknown = 'keep' }, purge = { pause = '0' }");
    assert_false(spec->tenant.drop_unknown);
    assert_int_equal(spec->purge.pause_ms, 0);
    policy_fixture_close(&f);
}

static void
test_subpartitions(void **state)
{
    (void) state;
    policy_fixture f = policy_fixture_open(NULL);
    const prt_sub_spec *sub = &load_spec(&f, "subpartition = { hash = 'Org', modulus = 4 }")->subpartition;
    assert_int_equal(sub->kind, PRT_SUB_HASH);
    assert_string_equal(sub->column, "Org");
    assert_int_equal(sub->modulus, 4);
    sub = &load_spec(&f, "subpartition = { list = 'region', values = { 'eu', 5 } }")->subpartition;
    assert_int_equal(sub->kind, PRT_SUB_LIST);
    assert_int_equal(sub->list_length, 2);
    assert_string_equal(sub->list[1].id, "5");
    sub = &load_spec(&f, "subpartition = { list = 'region', values = 'SELECT r FROM x' }")->subpartition;
    assert_string_equal(sub->query, "SELECT r FROM x");
    sub = &load_spec(&f, "subpartition = { range = 'at', interval = 'monthly' }")->subpartition;
    assert_int_equal(sub->kind, PRT_SUB_RANGE);
    assert_false(sub->by_id);
    assert_int_equal(sub->interval.months, 1);
    sub = &load_spec(&f, "subpartition = { range = 'id', interval = 1000 }")->subpartition;
    assert_true(sub->by_id);
    assert_int_equal(sub->id_step, 1000);
    policy_fixture_close(&f);
}

static void
test_archives(void **state)
{
    (void) state;
    policy_fixture f = policy_fixture_open(NULL);
    const prt_spec *spec = load_spec(&f, "premake = 1");
    assert_null(spec->archive.url);
    assert_null(spec->hooks.archive);
    spec = load_spec(&f, "archive = 's3://archive/{schema}/{table}/{tenant}/{name}_{from:%Y}.csv.zst'");
    assert_string_equal(spec->archive.url, "s3://archive/{schema}/{table}/{tenant}/{name}_{from:%Y}.csv.zst");
    assert_null(spec->archive.format);
    assert_null(spec->archive.columns);
    spec = load_spec(&f, "archive = { url = 'file:///a/{name}', format = 'copy.gz', columns = { 'b', 'a' } }");
    assert_string_equal(spec->archive.url, "file:///a/{name}");
    assert_string_equal(spec->archive.format, "copy.gz");
    assert_string_equal(spec->archive.columns[0], "b");
    assert_string_equal(spec->archive.columns[1], "a");
    assert_null(spec->archive.columns[2]);
    spec = load_spec(&f, "archive = 'schema:attic'");
    assert_string_equal(spec->archive.url, "schema:attic");
    spec = load_spec(&f, "archive = { url = 'schema:attic' }");
    assert_string_equal(spec->archive.url, "schema:attic");
    spec = load_spec(&f, "archive = function() end");
    assert_null(spec->archive.url);
    assert_non_null(spec->hooks.archive);
    policy_fixture_close(&f);
}

static void
test_what_is_wrong(void **state)
{
    (void) state;
    static const struct {
        const char *fields, *message;
    } cases[] = {
        {"tenant = { key = 'p', values = { 'a\\0b' } }", "tenant.values[1]: has a zero byte"},
        {"tenant = { key = 'p', values = { { id = 'a\\0b' } } }", "tenant.values[1].id: has a zero byte"},
        {"tenant = { key = 'p', values = { { id = 1.5 } } }", "tenant.values[1].id: must be a string or an integer"},
        {"tenant = { key = 'p', values = { { id = 'a', plan = {} } } }",
         "tenant.values[1].plan: is a table, not a plain value"},
        {"tenant = { key = 'p', values = { { id = 'a', since = require('partrun').time '2025-01-01' } } }",
         "tenant.values[1].since: is a time, not a plain value"},
        {"tenant = { key = 'p', values = { { id = 'a', 'b' } } }", "tenant.values[1]: has an item without a name"},
        {"tenant = { key = 'p', values = { { id = 'a' }, 'a' } }", "tenant.values[2]: tenant \"a\" is there twice"},
        {"tenant = { key = 'p', values = { setmetatable({}, {}) } }", "tenant.values[1]: is a table with a metatable"},
        {"tenant = { key = 'p', values = 5 }", "tenant.values: 5 is not a list"},
        {"tenant = { key = 'p', values = { 'a' }, unknown = { drop_after = '0' } }", "longer than zero"},
        {"tenant = { key = 'p', values = { 'a' }, purge = 1 }", "tenant.purge: there is no such field"},
        {"tenant = { key = 'p', values = { 'a' } }, purge = { pause = '2 hours' }", "purge.pause: must be between"},
        {"tenant = { key = 'p', values = { 'a' } }, purge = { max_rows = 0 }", "purge.max_rows: must be 1 or more"},
        {"archive = ''", "archive: is empty"},
        {"archive = 's3://bucket'", "archive: \"s3://bucket\" is no address of an archive"},
        {"archive = 'file://host/x.csv'", "is no address of an archive"},
        {"archive = 's3://bucket/a\\nb.csv'", "archive: has a control character"},
        {"archive = { url = 's3://b/{name}' }", "archive.url: \"s3://b/{name}\" does not say the archive's format"},
        {"archive = { url = 's3://b/{name}', format = 'csv', columns = { 'a', 'a' } }", "\"a\" is there twice"},
        {"archive = { url = 'schema:attic', format = 'csv' }", "archive.format: does not go with \"schema:\""},
        {"archive = { url = 'schema:attic', columns = { 'a' } }", "archive.columns: does not go with \"schema:\""},
        {"subpartition = { range = 'at', interval = '1 month 1 day' }", "subpartition.interval: "},
        {"subpartition = { list = 'r', values = {} }", "subpartition.values: is empty"},
    };
    policy_fixture f = policy_fixture_open(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        prt_error err;
        const char *text = prt_arena_printf(
            f.arena, "return require('partrun').policy { table = 'c.w%zu', interval = '1 day', %s }", i,
            cases[i].fields);
        if (policy_load(&f, "wrong.lua", text, &err))
            fail_msg("{ %s } is accepted", cases[i].fields);
        if (strstr(err.message, cases[i].message) == NULL)
            fail_msg("{ %s }: \"%s\" does not contain \"%s\"", cases[i].fields, err.message, cases[i].message);
    }
    policy_fixture_close(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tenants),
        cmocka_unit_test(test_subpartitions),
        cmocka_unit_test(test_archives),
        cmocka_unit_test(test_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
