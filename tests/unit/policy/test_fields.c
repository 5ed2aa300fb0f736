/* Every field of a policy: what it becomes in the spec, and each way of getting it wrong. */
#include "support/policy_support.h"

typedef struct wrong {
    const char *fields;  /* of a policy that is right otherwise */
    const char *message; /* after `policy "events": ` */
    const char *hint;    /* part of it; "" for any */
} wrong;

/* table, interval, retention and cleanup are there unless the case has them. */
static const wrong wrongs[] = {
    {"tabel = 'a.b'", "tabel: there is no such field", "did you mean `table`?"},
    {"partition_by = 'x'", "partition_by: there is no such field", "fields are after_drop, alert"},
    {"42", "has an item without a name: [1]", ""},
    {"name = ''", "name: is empty", ""},
    {"name = 5", "name: 5 is not a string", ""},
    {"name = 'a\\nb'", "name: must be at most 100 bytes without control characters", ""},
    {"table = 5", "table: 5 is not a string", ""},
    {"table = 'a.b.c'", "table: table name a.b.c cannot be read", ""},
    {"table = ''", "table: is empty", ""},
    {"table = 'a b'", "table: table name a b cannot be read", ""},
    {"table = false", "table: false is not a string", ""},
    {"tables = { 'a.b' }", "tables: cannot be there together with `table`", ""},
    {"key = 5", "key: 5 is not a column or a table", ""},
    {"key = {}", "key.column: is required", ""},
    {"key = { column = 'id', epoch = 'm' }", "key.epoch: \"m\" is not \"s\", \"ms\", \"us\" or \"ns\"", "did you mean"},
    {"key = { column = 'id', encode = function() end }",
     "key.decode: is required: `encode` and `decode` belong together", ""},
    {"key = { column = 'id', decode = function() end }",
     "key.encode: is required: `encode` and `decode` belong together", ""},
    {"key = { column = 'id', encode = 1, decode = 2 }", "key.decode: 2 is not a function", ""},
    {"key = { column = 'id', epoch = 's', snowflake = { epoch = '2015-01-01' } }",
     "key: is either an epoch, a snowflake or", ""},
    {"key = { column = 'id', snowflake = true }", "key.snowflake: true is not a table", ""},
    {"key = { column = 'id', snowflake = {} }", "key.snowflake.epoch: is required", ""},
    {"key = { column = 'id', snowflake = { epoch = 'x' } }", "key.snowflake.epoch: \"x\" is not a time", ""},
    {"key = { column = 'id', snowflake = { epoch = '2015-01-01', shift = 63 } }",
     "key.snowflake.shift: must be between 0 and 62, not 63", ""},
    {"key = { column = 'id', snowflake = { epoch = '2015-01-01', shft = 2 } }",
     "key.snowflake.shft: there is no such field", "did you mean `shift`?"},
    {"interval = 'dayly'", "interval: \"dayly\" is not an interval", "did you mean \"daily\"?"},
    {"interval = '90'", "interval: \"90\" has no unit", "write \"90 days\""},
    {"interval = 0", "interval: must be 1 or more, not 0", ""},
    {"interval = 1.5", "interval: 1.5 is not an integer", ""},
    {"interval = '0 days'", "interval: must be longer than zero", ""},
    {"interval = '-1 day'", "interval: ", ""},
    {"interval = '1 fortnight'", "interval: \"1 fortnight\" is not an interval", ""},
    {"interval = '1 month 2 days'", "interval: the interval of a grid cannot mix", ""},
    {"interval = {}", "interval: is a table, not an interval", ""},
    {"interval = true", "interval: true is not an interval", ""},
    {"anchor = 5", "anchor: 5 is not a time", "write \"2025-01-01\""},
    {"anchor = 'yesterday'", "anchor: \"yesterday\" is not a time", ""},
    {"anchor = '2025-02-30'", "anchor: \"2025-02-30\" is not a time", ""},
    {"anchor = '2025-01-01 10:00'", "anchor: the anchor of a grid of days or longer must be a date", ""},
    {"timezone = 'Mars/Olympus'", "timezone: unknown time zone \"Mars/Olympus\"", "IANA"},
    {"timezone = '../../etc/passwd'", "timezone: unknown time zone", ""},
    {"timezone = 1", "timezone: 1 is not a string", ""},
    {"premake = 'ten'", "premake: \"ten\" is not an integer", ""},
    {"premake = -1", "premake: must be between 0 and 100000, not -1", ""},
    {"premake = 2.0", "premake: 2.0 is not an integer", ""},
    {"backfill = true", "backfill: true is not an integer", ""},
    {"max_create = 0", "max_create: must be between 1 and 1000000, not 0", ""},
    {"retention = '90'", "retention: \"90\" has no unit", "write \"90 days\""},
    {"retention = 90", "retention: 90 has no unit", "write \"90 days\""},
    {"retention = '0 days'", "retention: must be longer than zero", ""},
    {"retention = true", "retention: true is not a retention", "write \"90 days\""},
    {"retention = {}", "retention: needs either `partitions` or `bytes`", ""},
    {"retention = { partitions = 3, bytes = '1 GB' }", "retention: needs either `partitions` or `bytes`", ""},
    {"retention = { partitions = '3' }", "retention.partitions: \"3\" is not an integer", ""},
    {"retention = { partitions = -1 }", "retention.partitions: must be 0 or more, not -1", ""},
    {"retention = { bytes = 500 }", "retention.bytes: 500 has no unit", "write \"500 GB\""},
    {"retention = { bytes = '500' }", "retention.bytes: \"500\" has no unit", "write \"500 GB\""},
    {"retention = { bytes = '5 gigs' }", "retention.bytes: \"gigs\" is no unit of size", ""},
    {"retention = { bytes = 'much' }", "retention.bytes: \"much\" is not a size", ""},
    {"retention = { bytes = '0 GB' }", "retention.bytes: must be more than nothing", ""},
    {"retention = { days = 3 }", "retention.days: there is no such field", "fields are bytes, partitions"},
    {"cleanup = 'delete'", "cleanup: \"delete\" is not \"drop\" or \"detach\"", ""},
    {"cleanup = 'dorp'", "cleanup: \"dorp\" is not \"drop\" or \"detach\"", "did you mean \"drop\"?"},
    {"cleanup = {}", "cleanup.schema: is required", ""},
    {"cleanup = { schema = 'attic', indexes = 'no' }", "cleanup.indexes: \"no\" is not true or false", ""},
    {"cleanup = { schema = 5 }", "cleanup.schema: 5 is not a string", ""},
    {"cleanup = { shcema = 'attic' }", "cleanup.shcema: there is no such field", "did you mean `schema`?"},
    {"cleanup = 1", "cleanup: 1 is not \"drop\", \"detach\" or", ""},
    {"grace = 7", "grace: 7 has no unit", "write \"7 days\""},
    {"grace = 'soon'", "grace: \"soon\" is not an interval", ""},
    {"grace = '7 days', cleanup = 'detach'", "grace: nothing comes after the detaching", ""},
    {"archive = 5", "archive: 5 is not an address, a table or a function", ""},
    {"archive = 'ftp://x/y.csv'", "archive: \"ftp://x/y.csv\" is no address of an archive", ""},
    {"archive = 's3://bucket/{name}'", "archive: \"s3://bucket/{name}\" does not say the archive's format", ""},
    {"archive = 's3://bucket/{nam}.csv'", "archive: there is no {nam}", ""},
    {"archive = 's3://bucket/{name.csv'", "archive: has an open brace", ""},
    {"archive = { format = 'csv' }", "archive.url: is required", ""},
    {"archive = { url = 's3://b/{name}', format = 'xml' }", "archive.format: \"xml\" is not \"csv\"", ""},
    {"archive = { url = 's3://b/{name}', columns = {} }", "archive.columns: is empty", ""},
    {"hold = true", "hold: true is not a function", ""},
    {"max_drop = 'half'", "max_drop: \"half\" is no share of a set", "write \"50%\""},
    {"max_drop = '101%'", "max_drop: \"101%\" is no share of a set", ""},
    {"max_drop = -1", "max_drop: must be 0 or more, not -1", ""},
    {"max_drop = 0.5", "max_drop: 0.5 is not an integer", ""},
    {"tenant = 'project_id'", "tenant: \"project_id\" is not a table", ""},
    {"tenant = { key = 'p' }", "tenant.values: is required", ""},
    {"tenant = { values = { 'a' } }", "tenant.key: is required", ""},
    {"tenant = { key = 'p', values = 'a' }", "tenant.values: is neither a list nor a query", ""},
    {"tenant = { key = 'p', values = {} }", "tenant.values: is empty", ""},
    {"tenant = { key = 'p', values = { {} } }", "tenant.values[1].id: is required", ""},
    {"tenant = { key = 'p', values = { 'a', 'a' } }", "tenant.values[2]: \"a\" is there twice", ""},
    {"tenant = { key = 'p', values = { 'a', { id = 'a' } } }", "tenant.values[2]: tenant \"a\" is there twice", ""},
    {"tenant = { key = 'p', values = { true } }", "tenant.values[1]: true is not a tenant", ""},
    {"tenant = { key = 'p', values = { 'a' }, unknown = 'drop' }", "tenant.unknown: \"drop\" is not \"keep\"", ""},
    {"tenant = { key = 'p', values = { 'a' }, unknown = {} }", "tenant.unknown.drop_after: is required", ""},
    {"tenant = { key = 'p', values = { 'a' }, unknown = { drop_after = 30 } }",
     "tenant.unknown.drop_after: 30 has no unit", ""},
    {"purge = { batch = 100 }", "purge: needs `tenant`", ""},
    {"purge = { batch = 0 }", "purge.batch: must be between 1 and 1000000, not 0", ""},
    {"purge = { pause = 100 }", "purge.pause: 100 has no unit", ""},
    {"purge = { size = 100 }", "purge.size: there is no such field", ""},
    {"subpartition = { hash = 'o', modulos = 4 }", "subpartition.modulos: there is no such field",
     "did you mean `modulus`?"},
    {"subpartition = { hash = 'o' }", "subpartition.modulus: is required with `hash`", ""},
    {"subpartition = { hash = 'o', modulus = 0 }", "subpartition.modulus: must be between 1 and 10000, not 0", ""},
    {"subpartition = { list = 'r' }", "subpartition.values: is required with `list`", ""},
    {"subpartition = { range = 'c' }", "subpartition.interval: is required with `range`", ""},
    {"subpartition = { range = 'c', interval = '5' }", "subpartition.interval: \"5\" has no unit", ""},
    {"subpartition = { hash = 'o', modulus = 4, list = 'r', values = { 'a' } }",
     "subpartition: has both `hash` and `list`", ""},
    {"subpartition = { hash = 'o', modulus = 4, interval = '1 day' }", "subpartition.interval: does not go with `hash`",
     ""},
    {"subpartition = {}", "subpartition: needs one of `hash`, `list` and `range`", ""},
    {"naming = 'partmann'", "naming: ", ""},
    {"naming = '{table}_{form}'", "naming: template \"{table}_{form}\"", ""},
    {"naming = '{table}_{from:%Q}'", "naming: ", ""},
    {"naming = '{table'", "naming: ", ""},
    {"naming = 5", "naming: 5 is not a preset, a template or a function", ""},
    {"default = 'move'", "default: \"move\" is not \"ignore\", \"create\" or \"drain\"", ""},
    {"default = true", "default: true is not", ""},
    {"template = 'a.b.c'", "template: table name a.b.c cannot be read", ""},
    {"tablespace = ''", "tablespace: is empty", ""},
    {"tablespace = ('x'):rep(64)", "tablespace: has 64 bytes, and PostgreSQL's names at most 63", ""},
    {"storage = 'fillfactor=70'", "storage: \"fillfactor=70\" is not a table of storage parameters",
     "write { fillfactor = 70 }"},
    {"storage = { 70 }", "storage: 1 is no name of a storage parameter", ""},
    {"storage = { ['a) ; DROP'] = 70 }", "storage: \"a) ; DROP\" is no name of a storage parameter", ""},
    {"storage = { fillfactor = {} }", "storage.fillfactor: is a table, not a string", ""},
    {"inherit = 'rls'", "inherit: \"rls\" is not a list", ""},
    {"inherit = { 'privilege' }", "inherit[1]: \"privilege\" is not \"privileges\" or \"rls\"",
     "did you mean \"privileges\"?"},
    {"inherit = { 'rls', 'rls' }", "inherit[2]: \"rls\" is there twice", ""},
    {"inherit = { rls = true }", "inherit: is not a list", ""},
    {"analyze = 1", "analyze: 1 has no unit", "write \"1 days\""},
    {"analyze = '0'", "analyze: must be longer than zero", ""},
    {"on_create = 'x'", "on_create: \"x\" is not a function", ""},
    {"before_detach = {}", "before_detach: is a table, not a function", ""},
    {"before_drop = 1", "before_drop: 1 is not a function", ""},
    {"after_drop = false", "after_drop: false is not a function", ""},
    {"on_error = 'mail'", "on_error: \"mail\" is not a function", ""},
    {"schedule = '15 * * *'", "schedule: \"15 * * *\" is not a schedule: five fields are needed", ""},
    {"schedule = '60 * * * *'", "schedule: \"60\" is no minute of a schedule", ""},
    {"schedule = '* 24 * * *'", "schedule: \"24\" is no hour of a schedule", ""},
    {"schedule = '* * 0 * *'", "schedule: \"0\" is no day of month of a schedule", ""},
    {"schedule = '* * * 13 *'", "schedule: \"13\" is no month of a schedule", ""},
    {"schedule = '* * * * 8'", "schedule: \"8\" is no day of week of a schedule", ""},
    {"schedule = '5-1 * * * *'", "schedule: \"5-1\" is no minute", ""},
    {"schedule = '*/0 * * * *'", "schedule: \"*/0\" is no minute", ""},
    {"schedule = '1, * * * *'", "schedule: \"1,\" is no minute", ""},
    {"schedule = '@fortnightly'", "schedule: \"@fortnightly\" is not a schedule", ""},
    {"schedule = 'every 15'", "schedule: ", ""},
    {"schedule = 'every 0m'", "schedule: \"every 0m\" is not a schedule", ""},
    {"schedule = 15", "schedule: 15 is not a string", ""},
    {"jitter = 5", "jitter: 5 has no unit", ""},
    {"jitter = '5 min'", "jitter: needs `schedule`", ""},
    {"databases = 'app'", "databases: \"app\" is not a list", ""},
    {"databases = {}", "databases: is empty", ""},
    {"databases = { 5 }", "databases[1]: 5 is not a string", ""},
    {"lock_timeout = 300", "lock_timeout: 300 has no unit", ""},
    {"lock_timeout = '0'", "lock_timeout: must be between 1 ms and 3600 s", ""},
    {"statement_timeout = '2 days'", "statement_timeout: must be between 1 ms and 86400 s", ""},
    {"retries = -1", "retries: must be between 0 and 100, not -1", ""},
    {"retries = '5'", "retries: \"5\" is not an integer", ""},
    {"alert = '2 days'", "alert: \"2 days\" is not a table", ""},
    {"alert = { runway = 2 }", "alert.runway: 2 has no unit", ""},
    {"alert = { partition_bytes = 100 }", "alert.partition_bytes: 100 has no unit", ""},
    {"alert = { default_rows = 'none' }", "alert.default_rows: \"none\" is not an integer", ""},
    {"alert = { runways = '2 days' }", "alert.runways: there is no such field", "did you mean `runway`?"},
    {"storage = setmetatable({}, {})", "storage: is a table, not a table of storage parameters", ""},
    {"alert = setmetatable({}, { __index = { runway = '1 day' } })",
     "alert: is a table with a metatable, not plain data", ""},
};

static const char *
whole_policy(prt_arena *arena, const char *fields)
{
    return prt_arena_printf(
        arena,
        "local partrun = require 'partrun'\n"
        "local given = { %s }\n"
        "local usual = { table = 'app.events', interval = '1 day' }\n"
        "for name, value in pairs(usual) do if given[name] == nil then given[name] = value end end\n"
        "if given.retention ~= nil and given.cleanup == nil then given.cleanup = 'drop' end\n"
        "return partrun.policy(given)\n",
        fields);
}

static bool
some_error_has(const policy_fixture *f, size_t since, const wrong *w)
{
    for (size_t i = since; i < prt_policies_errors(f->policies); i++) {
        const prt_error *err = prt_policies_error(f->policies, i);
        const char *at = strstr(err->message, "fields.lua:6: policy");
        if (at != NULL && strstr(at, w->message) != NULL && strstr(err->hint, w->hint) != NULL)
            return true;
    }
    return false;
}

static void
test_each_field_wrong_in_each_way(void **state)
{
    (void) state;
    policy_fixture f = policy_fixture_open(NULL);
    size_t failures = 0, length;
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        prt_error err;
        size_t before = prt_policies_errors(f.policies);
        bool ok = policy_load(&f, "fields.lua", whole_policy(f.arena, wrongs[i].fields), &err);
        if (ok || !some_error_has(&f, before, &wrongs[i]) || err.code != PRT_ERR_POLICY) {
            print_error("%s: %s (hint: %s), not: %s\n", wrongs[i].fields, ok ? "loads" : err.message, err.hint,
                        wrongs[i].message);
            failures++;
        }
    }
    prt_policies_specs(f.policies, &length);
    policy_fixture_close(&f);
    assert_int_equal(length, 0);
    assert_int_equal(failures, 0);
}

static void
assert_message(const policy_fixture *f, const char *text, const char *message)
{
    prt_error err;
    assert_false(policy_load(f, "x.lua", text, &err));
    assert_contains(err.message, message);
}

#define DEFINE(fields) "return require('partrun').policy { " fields " }"

static void
test_fields_that_belong_together(void **state)
{
    (void) state;
    policy_fixture f = policy_fixture_open(NULL);
    assert_message(&f, DEFINE("interval = '1 day'"), "policy: table: is required");
    assert_message(&f, DEFINE("table = 'a.b'"), "policy \"b\": interval: is required");
    assert_message(&f, DEFINE("tables = 'events', interval = '1 day'"), "policy: tables: \"events\" is not a query");
    assert_message(&f, DEFINE("tables = {}, interval = '1 day'"), "tables: is empty");
    assert_message(&f, DEFINE("tables = { 'a', 5 }, interval = '1 day'"), "tables[2]: 5 is not a string");
    assert_message(&f, DEFINE("tables = { 'a', nil, 'b' }, interval = '1 day'"), "tables: is not a list");
    assert_message(&f, DEFINE("tables = { 'a', 'a' }, interval = '1 day'"), "tables[2]: \"a\" is there twice");
    assert_message(&f, DEFINE("table = 'a', interval = 10, retention = '1 day', cleanup = 'drop'"),
                   "retention: \"1 day\" is a text or a time, but the interval counts ids");
    assert_message(&f, DEFINE("table = 'a', interval = 10, retention = 0, cleanup = 'drop'"),
                   "retention: must be 1 or more");
    assert_message(&f, DEFINE("table = 'a', interval = 10, anchor = '2000-01-01'"),
                   "anchor: \"2000-01-01\" is not an integer");
    assert_message(&f, DEFINE("table = 'a', interval = '1 day', retention = '1 day'"),
                   "cleanup: is required with `retention`");
    assert_message(&f, DEFINE("table = 'a', interval = '1 day', retention = function() end"),
                   "cleanup: is required with `retention`");
    assert_message(&f, "return require('partrun').policy(setmetatable({}, {}))", "is a table with a metatable");
    policy_fixture_close(&f);
}

static const prt_spec *
load_spec(const policy_fixture *f, const char *fields)
{
    prt_error err;
    const char *text = prt_arena_printf(f->arena, "local partrun = require 'partrun'\nreturn partrun.policy { %s }",
                                        fields);
    assert_ok(policy_load(f, "good.lua", text, &err), &err);
    return policy_last(f);
}

static void
test_defaults(void **state)
{
    (void) state;
    policy_fixture f = policy_fixture_open(NULL);
    const prt_spec *spec = load_spec(&f, "table = 'app.events', interval = 'daily'");
    prt_spec usual;
    prt_spec_init(&usual);
    assert_int_equal(spec->premake, usual.premake);
    assert_int_equal(spec->backfill, usual.backfill);
    assert_int_equal(spec->max_create, usual.max_create);
    assert_int_equal(spec->retention.kind, PRT_KEEP);
    assert_int_equal(spec->cleanup, PRT_CLEANUP_NONE);
    assert_int_equal(spec->max_drop.kind, PRT_DROP_PERCENT);
    assert_int_equal(spec->max_drop.amount, 50);
    assert_int_equal(spec->default_partition, PRT_DEFAULT_IGNORE);
    assert_int_equal(spec->lock_timeout_ms, 300);
    assert_int_equal(spec->statement_timeout_ms, 3000);
    assert_int_equal(spec->retries, 5);
    assert_false(spec->has_anchor || spec->has_analyze || spec->has_alert_runway || spec->by_id);
    assert_null(spec->naming.text);
    assert_null(spec->hooks.retention);
    assert_null(spec->hooks.hold);
    assert_int_equal(spec->hooks.actions, 0);
    policy_fixture_close(&f);
}

static void
test_all_fields(void **state)
{
    (void) state;
    policy_fixture f = policy_fixture_open(NULL);
    const prt_spec *spec = load_spec(
        &f, "name = 'all', tables = { 'a.b', '\"A\".\"B\"' }, key = { column = 'ts', epoch = 'ms' }, interval = "
            "partrun.interval '6 hours',\n"
            "anchor = '2000-01-01 03:00', timezone = 'Europe/Paris', premake = 1, backfill = 2, max_create = 3, "
            "retention = '2 weeks',\n"
            "cleanup = { schema = 'attic', indexes = false }, grace = '7 days', max_drop = 12, naming = "
            "'{table}_{from:%Y%m%d}',\n"
            "default = 'drain', template = 'a.t', tablespace = 'cold', storage = { fillfactor = 70, autovacuum_enabled "
            "= false, a = 'x' },\n"
            "inherit = { 'rls', 'privileges' }, analyze = '1 day', schedule = '*/15 0-6,22 1 jan-mar mon', jitter = '5 "
            "min',\n"
            "databases = { 'app' }, lock_timeout = '1 s', statement_timeout = '1 min', retries = 0,\n"
            "alert = { runway = '2 days', partition_bytes = '100 GB', default_rows = 7 }");
    assert_string_equal(spec->name, "all");
    assert_int_equal(spec->tables_length, 2);
    assert_string_equal(spec->tables[1], "\"A\".\"B\"");
    assert_null(spec->tables[2]);
    assert_string_equal(spec->key.column, "ts");
    assert_int_equal(spec->key.epoch_per_sec, 1000);
    assert_int_equal(spec->interval.usec, 6 * PRT_USEC_PER_HOUR);
    assert_true(spec->has_anchor);
    assert_int_equal(spec->anchor, INT64_C(946695600) * PRT_USEC_PER_SEC);
    assert_string_equal(prt_zone_name(spec->zone), "Europe/Paris");
    assert_int_equal(spec->premake, 1);
    assert_int_equal(spec->backfill, 2);
    assert_int_equal(spec->max_create, 3);
    assert_int_equal(spec->retention.kind, PRT_KEEP_AGE);
    assert_int_equal(spec->retention.age.days, 14);
    assert_int_equal(spec->cleanup, PRT_CLEANUP_MOVE);
    assert_string_equal(spec->cleanup_schema, "attic");
    assert_false(spec->cleanup_indexes);
    assert_int_equal(spec->grace.days, 7);
    assert_int_equal(spec->max_drop.kind, PRT_DROP_COUNT);
    assert_int_equal(spec->max_drop.amount, 12);
    assert_string_equal(spec->naming.text, "{table}_{from:%Y%m%d}");
    assert_int_equal(spec->default_partition, PRT_DEFAULT_DRAIN);
    assert_string_equal(spec->template_table, "a.t");
    assert_string_equal(spec->tablespace, "cold");
    assert_int_equal(spec->storage_length, 3);
    assert_string_equal(spec->storage[0].name, "a");
    assert_string_equal(spec->storage[1].value, "false");
    assert_string_equal(spec->storage[2].name, "fillfactor");
    assert_string_equal(spec->storage[2].value, "70");
    assert_true(spec->inherit_privileges && spec->inherit_rls);
    assert_true(spec->has_analyze);
    assert_int_equal(spec->analyze.days, 1);
    assert_int_equal(spec->lock_timeout_ms, 1000);
    assert_int_equal(spec->statement_timeout_ms, 60000);
    assert_int_equal(spec->retries, 0);
    assert_true(spec->has_alert_runway);
    assert_int_equal(spec->alert_runway.days, 2);
    assert_int_equal(spec->alert_partition_bytes, INT64_C(100) << 30);
    assert_int_equal(spec->alert_default_rows, 7);
    policy_fixture_close(&f);
}

static void
test_forms(void **state)
{
    (void) state;
    policy_fixture f = policy_fixture_open(NULL);
    const prt_spec *spec = load_spec(
        &f, "table = 'f1', interval = 1000, anchor = -5, retention = 5000, cleanup = 'drop', max_drop = 'all'");
    assert_true(spec->by_id && spec->has_anchor);
    assert_int_equal(spec->id_step, 1000);
    assert_int_equal(spec->anchor, -5);
    assert_int_equal(spec->retention.kind, PRT_KEEP_IDS);
    assert_int_equal(spec->retention.amount, 5000);
    assert_int_equal(spec->max_drop.kind, PRT_DROP_ALL);
    spec = load_spec(
        &f,
        "table = 'f2', interval = 'quarterly', retention = { partitions = 0 }, cleanup = 'detach', max_drop = '5%'");
    assert_int_equal(spec->interval.months, 3);
    assert_int_equal(spec->retention.kind, PRT_KEEP_COUNT);
    assert_int_equal(spec->retention.amount, 0);
    assert_int_equal(spec->cleanup, PRT_CLEANUP_DETACH);
    assert_int_equal(spec->max_drop.amount, 5);
    spec = load_spec(&f, "table = 'f3', interval = '1 day', retention = { bytes = '1.5 MB' }, cleanup = { schema = "
                         "'attic' }, key = 'ts'");
    assert_int_equal(spec->retention.kind, PRT_KEEP_BYTES);
    assert_int_equal(spec->retention.amount, 1536 * 1024);
    assert_true(spec->cleanup_indexes);
    assert_string_equal(spec->key.column, "ts");
    spec = load_spec(&f, "tables = 'SELECT s, t FROM x', name = 'q', interval = '1 day'");
    assert_string_equal(spec->tables_query, "SELECT s, t FROM x");
    assert_int_equal(spec->tables_length, 0);
    spec = load_spec(&f,
                     "table = 'f4', interval = '1 day', key = { column = 'id', snowflake = { epoch = '2015-01-01' } }");
    assert_true(spec->key.snowflake);
    assert_int_equal(spec->key.snowflake_shift, 22);
    assert_int_equal(spec->key.snowflake_epoch, INT64_C(1420070400) * PRT_USEC_PER_SEC);
    policy_fixture_close(&f);
}

static void
test_what_is_only_checked(void **state)
{
    (void) state;
    static const char *const cases[] = {
        "schedule = '@daily', jitter = '5 min', databases = 'all'",
        "schedule = 'every 15m'",
        "schedule = '0 0 * * sun-sat'",
    };
    policy_fixture f = policy_fixture_open(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_non_null(
            load_spec(&f, prt_arena_printf(f.arena, "table = 'c.t%zu', interval = '1 day', %s", i, cases[i])));
    policy_fixture_close(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_field_wrong_in_each_way),
        cmocka_unit_test(test_fields_that_belong_together),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_all_fields),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_what_is_only_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
