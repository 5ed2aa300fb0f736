#include "support/support.h"

#include <string.h>

#include "model/archive_address.h"

static const char *
expand(prt_arena *arena, const char *text, const char *tenant, const char *name, prt_error *err)
{
    prt_interval day = {.days = 1};
    prt_key key = {.kind = PRT_KEY_TIMESTAMPTZ, .column = "at", .type = "timestamp with time zone", .columns = 1};
    prt_grid grid;
    prt_error none = {0};
    assert_ok(prt_grid_time(&grid, &day, NULL, NULL, &none), &none);
    prt_name_input input = {.schema = "My Schema",
                            .table = "a/b%",
                            .tenant = tenant,
                            .name = name,
                            .key = &key,
                            .grid = &grid,
                            .range = {.from = {.pos = INT64_C(1735689600000000), .sql = "'2025-01-01'"},
                                      .to = {.pos = INT64_C(1735776000000000), .sql = "'2025-01-02'"}}};
    const char *out = NULL;
    return prt_archive_address_expand(arena, text, &input, &out, err) ? out : NULL;
}

static void
fields_stay_in_their_place(void **state)
{
    static const struct {
        const char *text, *tenant, *expected;
    } rows[] = {
        {"file:///x/{schema}/{table}/{from:%Y/%m}/{name}.csv", NULL,
         "file:///x/My%20Schema/a%252Fb%2525/2025/01/p%22%C3%A9.csv"},
        {"s3://x/{schema}/{table}/{from}_{to}.csv", NULL, "s3://x/My Schema/a%2Fb%25/20250101_20250102.csv"},
        {"schema:cold_{tenant}", "Acme/..", "schema:cold_Acme/.."},
        /* what could lead elsewhere */
        {"file:///x/{tenant}/y", "..", "file:///x/%252E./y"},
        {"s3://x/{tenant}/y", "..", "s3://x/%2E./y"},
        {"file:///x/.{tenant}/y", ".", "file:///x/.%252E/y"},
        {"s3://x/{tenant}/y", "../../y", "s3://x/..%2F..%2Fy/y"},
        {"file:///x/{tenant}/y", "a/../b", "file:///x/a%252F..%252Fb/y"},
        {"s3://x/{tenant}/y", "", "s3://x/%/y"},
        {"file:///x/{tenant}/y", "", "file:///x/%25/y"},
        {"s3://x/{tenant}/y", "a\nb\x7f", "s3://x/a%0Ab%7F/y"},
        {"file:///x/{tenant}/y", "%2e%2e", "file:///x/%25252e%25252e/y"},
        {"s3://x/{tenant}/y", "{name}", "s3://x/{name}/y"},
        {"s3://x/{{tenant}}/y", "t", "s3://x/{tenant}/y"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        prt_error err = {0};
        const char *out = expand(*state, rows[i].text, rows[i].tenant, "p\"\u00e9", &err);
        assert_ok(out != NULL, &err);
        assert_string_equal(out, rows[i].expected);
    }
}

/* No two values make one piece. */
static void
values_do_not_meet(void **state)
{
    static const char *const values[] = {"",     "%",    ".",   "..",    "...",   "/",   "//",    "%2F", "%252F", "%2E",
                                         ".%2E", "%2E.", "a/b", "a%2Fb", "a%2fb", "a b", "a%20b", "\n",  "%0A"};
    size_t length = sizeof values / sizeof *values;
    for (int scheme = 0; scheme < 2; scheme++)
        for (size_t i = 0; i < length; i++)
            for (size_t j = 0; j < i; j++) {
                prt_error err = {0};
                const char *text = scheme == 0 ? "file:///x/{tenant}/y" : "s3://x/{tenant}/y";
                assert_string_not_equal(expand(*state, text, values[i], "n", &err),
                                        expand(*state, text, values[j], "n", &err));
            }
}

static void
errors(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"http://x/{name}", "begins with none of file:///, s3:// and schema:"},
        {"{tenant}://x/{name}", "the template has {tenant}, but a/b% has none of its own"},
        {"file://host/{name}", "begins with none of"},
        {"file:///x/{name}/", "names no object"},
        {"file:///x/../{name}", "has a . or .. in its path"},
        {"file:///x/%2e/{name}", "has a . or .. in its path"},
        {"file:///x/.%2E/{name}", "has a . or .. in its path"},
        {"file:///x/y%2F..%2fz/{name}", "has a . or .. in its path"},
        {"file:///x/..%2F{name}", "has a . or .. in its path"},
        {"s3://x/./{name}", "has a . or .. in its path"},
        {"s3://KEY:S3CRET@bucket/{name}", "a bucket with : or @"},
        {"s3://KEY@bucket/{name}", "a bucket with : or @"},
        {"s3://x/{nam}", "unknown field at character 8"},
        {"s3://x/{name:%Y}", "only {from} and {to} take a format"},
        {"schema:", "is no name of a schema"},
        {"schema:{name}{name}{name}{name}{name}", "is no name of a schema"},
        {"s3://x/a\nb", "has a control character at position 9"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        prt_error err = {0};
        assert_null(expand(*state, rows[i].text, NULL, "a_name_of_some_length_", &err));
        if (strstr(err.message, rows[i].message) == NULL)
            fail_msg("%s: %s", rows[i].text, err.message);
    }
    prt_error err = {0};
    assert_true(prt_archive_address_check("file:///...x/.y./..z", &err));
    assert_string_equal(prt_archive_address_schema("schema:a b"), "a b");
    assert_null(prt_archive_address_schema("s3://schema:x/y"));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, support_arena_setup, support_arena_teardown)
    const struct CMUnitTest tests[] = {T(fields_stay_in_their_place), T(values_do_not_meet), T(errors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
