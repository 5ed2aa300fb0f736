/* A policy's functions as hooks: what they are told, what they may return, and what happens when they do not. */
#include "model/grid.h"
#include "support/policy_support.h"

typedef struct hook_fixture {
    policy_fixture base;
    const prt_spec *spec;
    prt_hook_context context;
    prt_hook_partition partition;
    prt_key key;
    const char *tenant; /* of names */
} hook_fixture;

static prt_instant
instant(const char *text)
{
    prt_instant at;
    prt_error err = {0};
    assert_ok(prt_instant_parse(text, &at, &err), &err);
    return at;
}

static void
assert_same(const char *text, const char *expected)
{
    if (text == NULL || expected == NULL)
        assert_ptr_equal(text, expected);
    else
        assert_string_equal(text, expected);
}

/* Loads a policy with these fields and prepares what its hooks are told. */
static void
define(hook_fixture *h, const char *fields)
{
    prt_error err;
    size_t before;
    (void) prt_policies_specs(h->base.policies, &before);
    const char *text = prt_arena_printf(
        h->base.arena,
        "local partrun = require 'partrun'\n"
        "return partrun.policy { table = 'app.t%zu', name = '%s',\n%s }",
        before, before == 0 ? "events" : prt_arena_printf(h->base.arena, "events%zu", before), fields);
    assert_ok(policy_load(&h->base, "hooks.lua", text, &err), &err);
    h->spec = policy_last(&h->base);
    const char *type = h->spec->by_id ? "bigint" : "timestamp with time zone";
    assert_ok(prt_key_init(&h->key, "ts", type, 1, 0, &(prt_key_options) {0}, NULL, &err), &err);
    h->context = (prt_hook_context) {
        .spec = h->spec, .schema = "app", .table = "events", .key = &h->key, .now = instant("2025-06-01")};
    h->partition = (prt_hook_partition) {.schema = "app", .name = "p1", .bytes = 4096, .rows = -1, .state = "attached"};
    h->partition.range.from.pos = h->spec->by_id ? 1000 : instant("2025-01-01");
    h->partition.range.to.pos = h->spec->by_id ? 2000 : PRT_POS_MAX;
}

static int
open_fixture(void **state)
{
    hook_fixture *h = calloc(1, sizeof *h);
    h->base = policy_fixture_open(NULL);
    *state = h;
    return 0;
}

static int
close_fixture(void **state)
{
    hook_fixture *h = *state;
    policy_fixture_close(&h->base);
    free(h);
    return 0;
}

static bool
hold(const hook_fixture *h, bool *out, prt_error *err)
{
    *err = (prt_error) {0};
    return h->spec->hooks.hold(h->spec->hooks.data, &h->context, &h->partition, out, err);
}

static bool
retention(const hook_fixture *h, prt_retention *out, prt_error *err)
{
    *err = (prt_error) {0};
    return h->spec->hooks.retention(h->spec->hooks.data, &h->context, out, err);
}

static bool
act(const hook_fixture *h, prt_hook hook, const prt_error *cause, prt_error *err)
{
    *err = (prt_error) {0};
    return h->spec->hooks.action(h->spec->hooks.data, hook, &h->context, &h->partition, cause, err);
}

static void
test_what_hooks_are_told(void **state)
{
    hook_fixture *h = *state;
    prt_error err;
    bool held = false;
    define(h, "interval = '1 day', hold = function(ctx, p)\n"
              "  assert(ctx.now == partrun.time '2025-06-01' and ctx.policy == 'events')\n"
              "  assert(ctx.table.schema == 'app' and ctx.table.name == 'events')\n"
              "  assert(type(ctx.log.info) == 'function' and ctx.db == nil and ctx.http == nil and ctx.tenant == nil)\n"
              "  assert(p.schema == 'app' and p.name == 'p1' and p.bytes == 4096 and p.rows == nil and p.state == "
              "'attached')\n"
              "  assert(p.from == partrun.time '2025-01-01' and p.to == nil)\n"
              "  ctx.log.info('looking', { name = p.name })\n"
              "  return p.from >= partrun.time '2024-03-01' end");
    assert_ok(hold(h, &held, &err), &err);
    assert_true(held);
    define(h, "interval = 10, hold = function(ctx, p) assert(math.type(p.from) == 'integer')\n"
              "  return p.from == 1000 and p.to == 2000 end");
    held = false;
    assert_ok(hold(h, &held, &err), &err);
    assert_true(held);
}

static void
test_hold_returns(void **state)
{
    hook_fixture *h = *state;
    prt_error err;
    bool held = true;
    define(h, "interval = '1 day', hold = function() end");
    assert_ok(hold(h, &held, &err), &err);
    assert_false(held);
    define(h, "interval = '1 day', hold = function() return 'yes' end");
    assert_false(hold(h, &held, &err));
    assert_contains(err.message, "hold: returned a string, not true or false");
    assert_string_equal(err.object, h->spec->name);
    define(h, "interval = '1 day',\nhold = function(ctx, p)\n return p.frm > 1 end");
    assert_false(hold(h, &held, &err));
    assert_contains(err.message, "hold: ");
    assert_contains(err.message, "hooks.lua:5: attempt to compare number with nil");
    assert_int_equal(err.code, PRT_ERR_LUA);
}

static void
test_retention_returns(void **state)
{
    static const struct {
        const char *returned, *message; /* NULL: fine */
        prt_retention_kind kind;
        int64_t amount;
    } cases[] = {
        {"nil", NULL, PRT_KEEP, 0},
        {"'30 days'", NULL, PRT_KEEP_AGE, 30},
        {"partrun.interval '30 days'", NULL, PRT_KEEP_AGE, 30},
        {"{ partitions = 7 }", NULL, PRT_KEEP_COUNT, 7},
        {"{ bytes = '1 kB' }", NULL, PRT_KEEP_BYTES, 1024},
        {"90", "retention: returned: 90 has no unit (hint: write \"90 days\")", PRT_KEEP, 0},
        {"'90'", "\"90\" has no unit", PRT_KEEP, 0},
        {"'0 days'", "must be longer than zero", PRT_KEEP, 0},
        {"{}", "needs either `partitions` or `bytes`", PRT_KEEP, 0},
        {"true", "true is not a retention", PRT_KEEP, 0},
        {"false", "false is not a retention", PRT_KEEP, 0},
        {"{ age = '1 day' }", "retention: returned.age: there is no such field", PRT_KEEP, 0},
        {"setmetatable({}, { __index = { partitions = 1 } })", "with a metatable", PRT_KEEP, 0},
    };
    hook_fixture *h = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        prt_error err;
        prt_retention out = {.kind = PRT_KEEP_IDS};
        define(h, prt_arena_printf(h->base.arena,
                                   "interval = '1 day', cleanup = 'drop', retention = function(ctx) return %s end",
                                   cases[i].returned));
        bool ok = retention(h, &out, &err);
        if (cases[i].message != NULL) {
            assert_false(ok);
            assert_contains(err.message, cases[i].message);
            continue;
        }
        assert_ok(ok, &err);
        assert_int_equal(out.kind, cases[i].kind);
        assert_int_equal(out.kind == PRT_KEEP_AGE ? out.age.days : out.amount, cases[i].amount);
    }
    prt_error err;
    prt_retention out;
    define(h, "interval = 1000, cleanup = 'drop', retention = function(ctx) return 5000 end");
    assert_ok(retention(h, &out, &err), &err);
    assert_int_equal(out.kind, PRT_KEEP_IDS);
    assert_int_equal(out.amount, 5000);
}

static void
test_tenants(void **state)
{
    prt_tenant_field fields[] = {{"id", PRT_VALUE_INTEGER, "42"},    {"plan", PRT_VALUE_TEXT, "free"},
                                 {"seats", PRT_VALUE_INTEGER, "-7"}, {"factor", PRT_VALUE_NUMBER, "1.50"},
                                 {"whole", PRT_VALUE_NUMBER, "2"},   {"paid", PRT_VALUE_BOOLEAN, "t"},
                                 {"old", PRT_VALUE_BOOLEAN, "f"},    {"note", PRT_VALUE_NULL, NULL}};
    const prt_tenant tenant = {.id = "42", .fields = fields, .fields_length = 8};
    static const prt_archive_result archived = {"s3://b/k.csv", 10, 200, "abc0", false};
    hook_fixture *h = *state;
    prt_error err;
    prt_retention out;
    bool held = false;
    define(h, "interval = '1 day', cleanup = 'drop', retention = function(ctx)\n"
              "  local t = ctx.tenant\n"
              "  assert(t.id == 42 and t.seats == -7 and math.type(t.id) == 'integer')\n"
              "  assert(math.type(t.factor) == 'float' and math.type(t.whole) == 'float')\n"
              "  assert(t.paid == true and t.old == false and t.note == nil)\n"
              "  return t.plan == 'free' and '7 days' or '90 days' end,\n"
              "hold = function(ctx, p) assert(p.archive == nil) return p.tenant == '42' and ctx.tenant.id == 42 end,\n"
              "on_create = function(ctx, p)\n"
              "  local a = p.archive\n"
              "  assert(a.url == 's3://b/k.csv' and a.rows == 10 and a.bytes == 200 and a.sha256 == 'abc0')\n"
              "  assert(ctx.tenant.plan == 'free') end");
    h->context.tenant = &tenant;
    h->partition.tenant = "42";
    assert_ok(retention(h, &out, &err), &err);
    assert_int_equal(out.age.days, 7);
    assert_ok(hold(h, &held, &err), &err);
    assert_true(held);
    h->partition.archive = &archived;
    assert_ok(act(h, PRT_HOOK_CREATE, NULL, &err), &err);
    h->context.tenant = NULL;
    assert_false(retention(h, &out, &err));
    assert_contains(err.message, "attempt to index a nil value");
    /* Of a tenant that is in no list any more, the id is all there is. */
    define(h,
           "interval = '1 day', hold = function(ctx, p) return ctx.tenant.id == '42' and ctx.tenant.plan == nil end");
    h->partition.tenant = "42";
    held = false;
    assert_ok(hold(h, &held, &err), &err);
    assert_true(held);
}

static void
test_archive_returns(void **state)
{
    static const struct {
        const char *returned, *message, *url, *format, *column; /* message NULL: fine */
    } cases[] = {
        {"nil", NULL, NULL, NULL, NULL},
        {"'s3://b/' .. p.name .. '.csv.zst'", NULL, "s3://b/p1.csv.zst", NULL, NULL},
        {"'schema:attic'", NULL, "schema:attic", NULL, NULL},
        {"'file:///a/{odd}.csv'", "archive: returned: there is no {odd}", NULL, NULL, NULL},
        {"{ url = 's3://b/k', format = 'copy', columns = { 'a' } }", NULL, "s3://b/k", "copy", "a"},
        {"{ url = 's3://b/k.copy.gz' }", NULL, "s3://b/k.copy.gz", NULL, NULL},
        {"'s3://b/k'", "archive: returned: \"s3://b/k\" does not say the archive's format", NULL, NULL, NULL},
        {"'s3://b/{from:%Y}/{name}.csv'", NULL, "s3://b/{from:%Y}/{name}.csv", NULL, NULL},
        {"'http://b/k.csv'", "returned: \"http://b/k.csv\" is no address of an archive", NULL, NULL, NULL},
        {"''", "returned: is empty", NULL, NULL, NULL},
        {"'s3://b/a\\0.csv'", "returned: has a zero byte", NULL, NULL, NULL},
        {"{ format = 'csv' }", "returned.url: is required", NULL, NULL, NULL},
        {"{ url = 's3://b/k', format = 'xml' }", "returned.format: \"xml\" is not \"csv\"", NULL, NULL, NULL},
        {"{ url = 's3://b/k' }", "returned.url: \"s3://b/k\" does not say the archive's format", NULL, NULL, NULL},
        {"{ url = 's3://b/k.csv', columns = {} }", "returned.columns: is empty", NULL, NULL, NULL},
        {"{ url = 's3://b/k.csv', cols = {} }", "returned.cols: there is no such field", NULL, NULL, NULL},
        {"false", "archive: returned: false is not an address, a table or nil", NULL, NULL, NULL},
        {"5", "archive: returned: 5 is not an address, a table or nil", NULL, NULL, NULL},
        {"setmetatable({}, { __index = { url = 's3://b/k.csv' } })", "with a metatable", NULL, NULL, NULL},
    };
    hook_fixture *h = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        prt_error err = {0};
        prt_archive_choice out = {.url = "?"};
        define(h, prt_arena_printf(h->base.arena, "interval = '1 day', archive = function(ctx, p) return %s end",
                                   cases[i].returned));
        bool ok = h->spec->hooks.archive(h->spec->hooks.data, &h->context, &h->partition, h->base.arena, &out, &err);
        if (cases[i].message != NULL) {
            assert_false(ok);
            assert_contains(err.message, cases[i].message);
            continue;
        }
        assert_ok(ok, &err);
        assert_same(out.url, cases[i].url);
        assert_same(out.format, cases[i].format);
        assert_same(out.columns == NULL ? NULL : out.columns[0], cases[i].column);
    }
}

static bool
name(const hook_fixture *h, const char **out, prt_error *err)
{
    prt_grid grid = {0};
    const prt_name_input input = {.schema = "app",
                                  .table = "events",
                                  .tenant = h->tenant,
                                  .key = &h->key,
                                  .grid = &grid,
                                  .range = h->partition.range};
    *err = (prt_error) {0};
    return h->spec->naming.make(h->spec->naming.data, h->base.arena, &input, out, err);
}

static void
test_naming(void **state)
{
    hook_fixture *h = *state;
    prt_error err;
    const char *made;
    define(h, "interval = '1 day', naming = function(ctx, range)\n"
              "  assert(ctx.now == nil and range.to == nil and ctx.policy == 'events')\n"
              "  return ctx.table.name .. range.from:format('_%Y') end");
    assert_ok(name(h, &made, &err), &err);
    assert_string_equal(made, "events_2025");
    define(h, "interval = 10, naming = function(ctx, range) return ('n_%d_%d'):format(range.from, range.to) end");
    assert_ok(name(h, &made, &err), &err);
    assert_string_equal(made, "n_1000_2000");
    h->tenant = "a'b";
    define(h, "interval = 10, naming = function(ctx, range) return ctx.tenant.id .. range.from end");
    assert_ok(name(h, &made, &err), &err);
    assert_string_equal(made, "a'b1000");
    define(h, "interval = 10, naming = function(ctx, range) return 5 end");
    assert_false(name(h, &made, &err));
    assert_contains(err.message, "naming: returned a number, not a string");
    define(h, "interval = 10, naming = function(ctx, range) return '' end");
    assert_false(name(h, &made, &err));
    assert_contains(err.message, "naming: returned a string of 0 bytes");
    define(h, "interval = 10, naming = function(ctx, range) return 'a\\0b' end");
    assert_false(name(h, &made, &err));
    assert_contains(err.message, "has a zero byte");
}

static void
test_codec(void **state)
{
    hook_fixture *h = *state;
    prt_error err = {0};
    const char *text;
    prt_instant at = 0;
    define(h, "interval = '1 day', key = { column = 'id',\n"
              "  encode = function(t) return ('%012d'):format(t:epoch 'ms') end,\n"
              "  decode = function(s) return partrun.time(math.tointeger(tonumber(s)), 'ms') end }");
    const prt_key_options *key = &h->spec->key;
    assert_ok(key->encode(key->codec_data, h->base.arena, instant("2001-09-09 01:46:40.5"), &text, &err), &err);
    assert_string_equal(text, "1000000000500");
    assert_ok(key->decode(key->codec_data, text, &at, &err), &err);
    assert_int_equal(at, instant("2001-09-09 01:46:40.5"));
    define(h, "interval = '1 day', key = { column = 'id', encode = function(t) return t end, decode = function(s) "
              "return s end }");
    key = &h->spec->key;
    assert_false(key->encode(key->codec_data, h->base.arena, 0, &text, &err));
    assert_contains(err.message, "key.encode: returned a userdata, not a string");
    err = (prt_error) {0};
    assert_false(key->decode(key->codec_data, "x", &at, &err));
    assert_contains(err.message, "key.decode: returned a string, not a time");
}

static void
test_actions(void **state)
{
    hook_fixture *h = *state;
    prt_error err, cause = {0};
    define(h, "interval = '1 day', on_create = function(ctx, p) assert(p.name == 'p1' and ctx.db == nil and "
              "ctx.http.post) end,\n"
              "before_drop = function() error('not yet', 0) end,\n"
              "on_error = function(ctx, p, message) assert(message == 'it broke', message) end");
    assert_int_equal(h->spec->hooks.actions, 1u << PRT_HOOK_CREATE | 1u << PRT_HOOK_BEFORE_DROP | 1u << PRT_HOOK_ERROR);
    assert_ok(act(h, PRT_HOOK_CREATE, NULL, &err), &err);
    assert_ok(act(h, PRT_HOOK_AFTER_DROP, NULL, &err), &err);
    assert_false(act(h, PRT_HOOK_BEFORE_DROP, NULL, &err));
    assert_string_equal(err.message, "policy \"events\": before_drop: not yet");
    prt_fail(&cause, PRT_ERR_SQL, "it broke");
    assert_ok(act(h, PRT_HOOK_ERROR, &cause, &err), &err);
}

static bool
refuse_db(void *data, void *L, prt_error *err)
{
    (void) L;
    ++*(int *) data;
    return prt_fail(err, PRT_ERR_CONNECT, "no database today");
}

static void
test_db_is_for_actions_only(void **state)
{
    (void) state;
    static const prt_log silent = {0};
    int asked = 0;
    hook_fixture h = {.base = policy_fixture_open(NULL)};
    const prt_policy_host host = {.push_db = refuse_db, .data = &asked, .log = &silent};
    prt_policies_free(h.base.policies);
    h.base.policies = prt_policies_new(NULL, &host);
    prt_error err;
    bool held;
    define(&h, "interval = '1 day', hold = function() return true end, on_create = function() end");
    assert_ok(hold(&h, &held, &err), &err);
    assert_int_equal(asked, 0);
    assert_false(act(&h, PRT_HOOK_CREATE, NULL, &err));
    assert_string_equal(err.message, "policy \"events\": on_create: no database today");
    assert_int_equal(asked, 1);
    policy_fixture_close(&h.base);
}

/* A hundred thousand calls leave nothing behind. */
static void
test_many_calls(void **state)
{
    hook_fixture *h = *state;
    prt_error err;
    bool held;
    define(h, "interval = '1 day', hold = function(ctx, p) return p.from:floor '1 month' == p.from end");
    for (int i = 0; i < 100000; i++)
        assert_ok(hold(h, &held, &err), &err);
    assert_true(held);
}

#define test(function) cmocka_unit_test_setup_teardown(function, open_fixture, close_fixture)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_what_hooks_are_told),
        test(test_hold_returns),
        test(test_retention_returns),
        test(test_tenants),
        test(test_archive_returns),
        test(test_naming),
        test(test_codec),
        test(test_actions),
        cmocka_unit_test(test_db_is_for_actions_only),
        test(test_many_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
