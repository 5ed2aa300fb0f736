#include "support/support.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>

#include "lua/json.h"

static int
setup(void **state)
{
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    prl_open_json(L);
    lua_setglobal(L, "json");
    *state = L;
    return 0;
}

static int
teardown(void **state)
{
    lua_close(*state);
    return 0;
}

/* Runs a chunk of Lua, whose asserts are the test's. */
static void
run(lua_State *L, const char *chunk)
{
    if (luaL_dostring(L, chunk) != LUA_OK)
        fail_msg("%s", lua_tostring(L, -1));
    lua_settop(L, 0);
}

static void
test_scalars_go_both_ways(void **state)
{
    run(*state,
        "for _, text in ipairs { 'true', 'false', 'null', '0', '-1', '9223372036854775807',\n"
        "    '-9223372036854775808', '0.5', '\"\"', '\"a\"', '[]', '{}', '[1,[2,{}]]', '{\"a\":{\"b\":[]}}' } do\n"
        "  local back = assert(json.encode((json.decode(text))))\n"
        "  assert(back == text, text .. ' became ' .. back)\n"
        "end");
}

static void
test_integers_are_exact_and_floats_stay_floats(void **state)
{
    run(*state, "local v = json.decode('[9007199254740993, 1.0, 1e3, 0.1]')\n"
                "assert(v[1] == 9007199254740993 and math.type(v[1]) == 'integer')\n"
                "assert(math.type(v[2]) == 'float' and math.type(v[3]) == 'float')\n"
                "assert(json.encode(v) == '[9007199254740993,1.0,1000.0,0.10000000000000001]')");
}

static void
test_an_integer_beyond_64_bits_is_an_error_and_not_rounded(void **state)
{
    run(*state, "local v, message, code = json.decode('9223372036854775808')\n"
                "assert(v == nil and code == 'value' and message:find('integer'), message)");
}

static void
test_null_is_a_value_of_its_own(void **state)
{
    run(*state, "local v = json.decode('{\"a\":null,\"b\":[null]}')\n"
                "assert(v.a == json.null and v.b[1] == json.null and v.c == nil)\n"
                "assert(tostring(json.null) == 'null')\n"
                "assert(json.encode(v) == '{\"a\":null,\"b\":[null]}')\n"
                "assert(json.encode(nil) == 'null')");
}

static void
test_lists_and_tables(void **state)
{
    run(*state, "assert(json.encode {} == '{}')\n"
                "assert(json.encode(json.array()) == '[]')\n"
                "assert(json.encode(json.array {}) == '[]')\n"
                "assert(json.encode { 1, 'two', false } == '[1,\"two\",false]')\n"
                "assert(json.encode { b = 1, a = { c = 2 } } == '{\"a\":{\"c\":2},\"b\":1}')\n"
                "local emptied = json.decode '[1]'\n"
                "emptied[1] = nil\n"
                "assert(json.encode(emptied) == '[]')\n"
                "assert(json.encode({ a = 1 }, { indent = 2 }) == '{\\n  \"a\": 1\\n}')");
}

static void
test_texts_keep_every_byte(void **state)
{
    run(*state, "local text = 'a\\0b\\n\\t\"\\\\ \\u{20AC} \\u{1F600}'\n"
                "assert(json.decode(json.encode(text)) == text)\n"
                "assert(json.decode(json.encode { [text:gsub('%z', '')] = text })[text:gsub('%z', '')] == text)\n"
                "assert(json.decode '\"\\\\u20ac\"' == '\\u{20AC}')");
}

static void
test_what_is_no_json_is_refused_with_its_place(void **state)
{
    run(*state,
        "for _, text in ipairs { '', ' ', '{', '[1,]', '{\"a\":1,}', 'nul', '1 2', \"'a'\", '[NaN]', '\"\\xff\"' } do\n"
        "  local v, message, code = json.decode(text)\n"
        "  assert(v == nil and code == 'value', text)\n"
        "  assert(message:find('line %d+, column %d+'), message)\n"
        "end");
}

static void
test_nesting_is_limited_both_ways(void **state)
{
    run(*state, "assert(json.decode(('['):rep(512) .. (']'):rep(512)))\n"
                "local v, message, code = json.decode(('['):rep(513) .. (']'):rep(513))\n"
                "assert(v == nil and message:find('512 levels') and code == 'value', message)\n"
                "assert(json.decode(('['):rep(100000)) == nil)\n"
                "local loop = {}\n"
                "loop.loop = loop\n"
                "local ok, why = pcall(json.encode, loop)\n"
                "assert(not ok and why:find('contains itself'), why)");
}

static void
test_a_value_without_a_json_form_raises_and_says_where(void **state)
{
    run(*state, "local function raises(value, pattern)\n"
                "  local ok, why = pcall(json.encode, value)\n"
                "  assert(not ok and why:find(pattern, 1, true), tostring(why))\n"
                "end\n"
                "raises({ items = { 1, { f = print } } }, 'value.items[2].f: a function has no JSON form')\n"
                "raises(coroutine.create(print), 'value: a thread has no JSON form')\n"
                "raises(io.stdout, 'value: a userdata has no JSON form')\n"
                "raises({ 1, 2, x = 3 }, 'also has other keys')\n"
                "raises({ [2] = 1 }, 'text keys only')\n"
                "raises({ 1, nil, 3, nil, 5 }, 'holes')\n"
                "raises({ [true] = 1 }, 'text keys only')\n"
                "local ok, why = pcall(json.encode, {}, { indnet = 2 })\n"
                "assert(not ok and why:find(\"did you mean 'indent'\"), why)\n"
                "ok, why = pcall(json.encode, {}, { indent = 99 })\n"
                "assert(not ok and why:find('0 to 31'), why)");
}

static void
test_data_that_json_cannot_hold_is_a_failure(void **state)
{
    run(*state, "for _, value in ipairs { 1 / 0, -1 / 0, 0 / 0, '\\xff', { ['\\xff'] = 1 }, { ['\\xff'] = {} } } do\n"
                "  local text, message, code = json.encode(value)\n"
                "  assert(text == nil and code == 'value' and message:find('^value'), message)\n"
                "end");
}

static void
test_the_marks_cannot_be_tampered_with(void **state)
{
    run(*state, "assert(getmetatable(json.null) == false and getmetatable(json.array()) == false)\n"
                "local ok = pcall(json.array, setmetatable({}, { __metatable = 1 }))\n"
                "assert(not ok)");
}

/* An allocator that fails after a while: a Lua error in the middle of the work must leak nothing (ASan, valgrind). */
typedef struct budget {
    long left;
} budget;

static void *
allocate(void *data, void *memory, size_t old, size_t size)
{
    budget *b = data;
    (void) old;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    if (b->left <= 0)
        return NULL;
    b->left--;
    return realloc(memory, size);
}

static int
round_trip(lua_State *L)
{
    static const char text[] = "{\"a\":[1,2,{\"b\":\"text\",\"c\":null}],\"d\":{\"e\":[[]]}}";
    prl_open_json(L);
    lua_getfield(L, -1, "decode");
    lua_pushstring(L, text);
    lua_call(L, 1, 1);
    lua_getfield(L, -2, "encode");
    lua_insert(L, -2);
    lua_call(L, 1, 1);
    return 1;
}

static void
test_memory_errors_leak_nothing(void **state)
{
    (void) state;
    bool done = false;
    for (long n = 0; !done && n < 2000; n++) {
        budget b = {1000000};
        lua_State *L = lua_newstate(allocate, &b);
        b.left = n;
        lua_gc(L, LUA_GCSTOP);
        lua_pushcfunction(L, round_trip);
        done = lua_pcall(L, 0, 1, 0) == LUA_OK;
        if (done)
            assert_string_equal(lua_tostring(L, -1), "{\"a\":[1,2,{\"b\":\"text\",\"c\":null}],\"d\":{\"e\":[[]]}}");
        b.left = 1000000;
        lua_close(L);
    }
    assert_true(done);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_scalars_go_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(test_integers_are_exact_and_floats_stay_floats, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_integer_beyond_64_bits_is_an_error_and_not_rounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_null_is_a_value_of_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lists_and_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(test_texts_keep_every_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_json_is_refused_with_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nesting_is_limited_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_value_without_a_json_form_raises_and_says_where, setup, teardown),
        cmocka_unit_test_setup_teardown(test_data_that_json_cannot_hold_is_a_failure, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_marks_cannot_be_tampered_with, setup, teardown),
        cmocka_unit_test(test_memory_errors_leak_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
