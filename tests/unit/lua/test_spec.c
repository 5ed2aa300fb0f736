/* Policies of a script: read from an ordinary Lua state, also from inside a coroutine. */
#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>

#include "lua/modules.h"
#include "lua/spec.h"
#include "support/support.h"

typedef struct fixture {
    lua_State *L;
    prt_arena *arena;
    prt_spec spec;
} fixture;

static int
open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->L = luaL_newstate();
    f->arena = prt_arena_new();
    luaL_openlibs(f->L);
    prl_open_modules(f->L);
    *state = f;
    return 0;
}

static int
close_fixture(void **state)
{
    fixture *f = *state;
    lua_close(f->L);
    prt_arena_free(f->arena);
    free(f);
    return 0;
}

static void
run(lua_State *L, const char *code)
{
    if (luaL_dostring(L, code) != LUA_OK)
        fail_msg("%s", luaL_tolstring(L, -1, NULL));
}

static void
assert_held(const fixture *f, bool expected)
{
    prt_error err = {0};
    bool held = !expected;
    const prt_hook_context context = {.spec = &f->spec, .schema = "app", .table = "events"};
    const prt_hook_partition partition = {.schema = "app", .name = "p", .bytes = -1, .rows = 7, .state = "attached"};
    assert_ok(f->spec.hooks.hold(f->spec.hooks.data, &context, &partition, &held, &err), &err);
    assert_int_equal(held, expected);
}

static void
test_read(void **state)
{
    fixture *f = *state;
    prt_error err = {0};
    run(f->L, "return require('partrun').policy { table = 'app.events', interval = '1 day', hold = function(_, p) "
              "return p.rows == 7 end }");
    assert_true(prl_is_policy(f->L, -1));
    assert_ok(prl_spec_read(f->L, -1, f->arena, &f->spec, &err), &err);
    assert_int_equal(lua_gettop(f->L), 1);
    assert_string_equal(f->spec.name, "events");
    lua_settop(f->L, 0);
    lua_gc(f->L, LUA_GCCOLLECT);
    assert_held(f, true);
}

static int
hold_from_c(lua_State *L)
{
    fixture *f = lua_touserdata(L, lua_upvalueindex(1));
    prt_error err = {0};
    assert_ok(prl_spec_read(L, 1, f->arena, &f->spec, &err), &err);
    assert_held(f, true);
    return 0;
}

static void
test_inside_a_coroutine(void **state)
{
    fixture *f = *state;
    lua_pushlightuserdata(f->L, f);
    lua_pushcclosure(f->L, hold_from_c, 1);
    lua_setglobal(f->L, "read_and_hold");
    run(f->L, "local policy = require('partrun').policy { table = 'app.events', interval = '1 day', hold = function() "
              "return true end }\n"
              "local co = coroutine.wrap(function() coroutine.yield() for _ = 1, 300 do read_and_hold(policy) end "
              "return 'done' end)\n"
              "co() assert(co() == 'done')");
    assert_held(f, true);
}

static void
test_what_is_no_policy(void **state)
{
    fixture *f = *state;
    static const char *const values[] = {
        "nil", "1", "'x'", "{}", "setmetatable({}, {})", "io.stdout", "setmetatable({}, { __name = 1 })"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        prt_error err = {0};
        lua_pushfstring(f->L, "return %s", values[i]);
        run(f->L, lua_tostring(f->L, -1));
        assert_false(prl_is_policy(f->L, -1));
        assert_false(prl_spec_read(f->L, -1, f->arena, &f->spec, &err));
        assert_int_equal(err.code, PRT_ERR_POLICY);
        assert_non_null(strstr(err.message, "is no policy: partrun.policy { ... } makes one"));
        lua_settop(f->L, 0);
    }
}

/* A forged policy gets as far as the first thing that is not what it has to be. */
static void
test_forged(void **state)
{
    static const struct {
        const char *fields, *message;
    } cases[] = {
        {"table = 5", "table: is a number, not a string"},
        {"table = 'a\\0b'", "table: has a zero byte"},
        {"tables = { 1 }", "tables: is a number, not a string"},
        {"tables = {}", "table: is required"},
        {"table = 'a'", "interval: is required"},
        {"table = 'a', interval = {}", "interval: is a table, not an interval's text"},
        {"table = 'a', interval = 'x'", "interval: \"x\" is not an interval"},
        {"table = 'a', by_id = true, interval = 0", "interval: must be 1 or more"},
        {"table = 'a', by_id = 1", "by_id: is a number, not true or false"},
        {"table = 'a', interval = '1 day', anchor = 5", "anchor: is not a time"},
        {"table = 'a', interval = '1 day', timezone = 'X'", "timezone: unknown time zone"},
        {"table = 'a', interval = '1 day', premake = -1", "premake: must be 0 or more"},
        {"table = 'a', interval = '1 day', premake = 1.5", "premake: is a number, not an integer"},
        {"table = 'a', interval = '1 day', retention = {}", "retention: is not in its normal form"},
        {"table = 'a', interval = '1 day', retention = { age = '1 day', ids = 5 }",
         "retention: is not in its normal form"},
        {"table = 'a', interval = '1 day', retention = { age = '0' }", "retention: is not in its normal form"},
        {"table = 'a', interval = '1 day', retention = { bytes = -5 }", "retention: is not in its normal form"},
        {"table = 'a', interval = '1 day', retention = { age = '1 day' }", "cleanup: is required with `retention`"},
        {"table = 'a', interval = '1 day', cleanup = 'burn'", "cleanup: is neither"},
        {"table = 'a', interval = '1 day', max_drop = '5x%'", "max_drop: is neither"},
        {"table = 'a', interval = '1 day', hold = 'x'", "hold: is a string, not a function"},
        {"table = 'a', interval = '1 day', default = 'x'", "default: is none of"},
        {"table = 'a', interval = '1 day', key = { column = 'c', encode = print }", "belong together"},
        {"table = 'a', interval = '1 day', key = { column = 'c', epoch = 'h' }", "key.epoch: is none of"},
        {"table = 'a', interval = '1 day', key = { column = 'c', snowflake = {} }",
         "key.snowflake.epoch: is not a time"},
        {"table = 'a', interval = '1 day', storage = { a = {} }", "storage: is a table, not a string"},
        {"table = 'a', interval = '1 day', archive = 5", "table expected"},
        {"table = 'a', interval = '1 day', archive = {}", "archive.url: is required"},
        {"table = 'a', interval = '1 day', archive = 'ftp://x'", "archive.url: \"ftp://x\" begins with none of"},
        {"table = 'a', interval = '1 day', archive = { url = 's3://b/k', format = 'xml' }", "archive.format: \"xml\""},
        {"table = 'a', interval = '1 day', archive = { url = 's3://b/k', columns = {} }", "archive.columns: is empty"},
        {"table = 'a', interval = '1 day', tenant = 'x'", "tenant: is a string, not a table"},
        {"table = 'a', interval = '1 day', tenant = {}", "tenant.key: is required"},
        {"table = 'a', interval = '1 day', tenant = { key = 'p' }", "values: is neither a query nor a list"},
        {"table = 'a', interval = '1 day', tenant = { key = 'p', values = { {} } }", "values: an item's `id`"},
        {"table = 'a', interval = '1 day', tenant = { key = 'p', values = { print } }",
         "id: is a function, not a plain value"},
        {"table = 'a', interval = '1 day', tenant = { key = 'p', values = { 'a' }, unknown = 'drop' }",
         "tenant.unknown: is neither"},
        {"table = 'a', interval = '1 day', tenant = { key = 'p', values = { 'a' }, unknown = {} }",
         "tenant.unknown.drop_after: has to be longer"},
        {"table = 'a', interval = '1 day', purge = { batch = 0 }", "purge: `batch` has to be 1 or more"},
        {"table = 'a', interval = '1 day', subpartition = {}", "subpartition: has none of"},
        {"table = 'a', interval = '1 day', subpartition = { hash = 'h' }", "subpartition.modulus: has to be between"},
        {"table = 'a', interval = '1 day', subpartition = { range = 'h' }", "subpartition.interval: is required"},
        {"table = 'a', interval = '1 day', subpartition = { range = 'h', interval = 0 }",
         "subpartition.interval: is required"},
        {"table = 'a', interval = '1 day', on_error = 5", "on_error: is a number, not a function"},
    };
    fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        prt_error err = {0};
        run(f->L, "require 'partrun'");
        lua_pushfstring(f->L, "return setmetatable({}, { __name = 'partrun.policy', __index = { %s } })",
                        cases[i].fields);
        run(f->L, lua_tostring(f->L, -1));
        if (prl_spec_read(f->L, -1, f->arena, &f->spec, &err))
            fail_msg("{ %s } is read", cases[i].fields);
        if (strstr(err.message, cases[i].message) == NULL)
            fail_msg("{ %s }: \"%s\" does not contain \"%s\"", cases[i].fields, err.message, cases[i].message);
        lua_settop(f->L, 0);
    }
}

#define test(function) cmocka_unit_test_setup_teardown(function, open_fixture, close_fixture)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_read),
        test(test_inside_a_coroutine),
        test(test_what_is_no_policy),
        test(test_forged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
