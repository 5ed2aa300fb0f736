/* Calls from C into Lua, their budgets, and what is left on the stack. */
#include <lauxlib.h>
#include <lualib.h>

#include "base/clock.h"
#include "lua/call.h"
#include "support/support.h"

static void
push(lua_State *L, const char *code)
{
    assert_int_equal(luaL_loadbuffer(L, code, strlen(code), "@code.lua"), LUA_OK);
}

static lua_State *
guarded_state(prl_guard *guard)
{
    *guard = (prl_guard) {.memory_limit = 8 << 20, .string_limit = 1 << 20, .block_limit = 4 << 20};
    guard->budgets[PRL_LOAD] = (prl_budget) {.instructions = 100000};
    guard->budgets[PRL_DECISION] = (prl_budget) {.deadline_ms = 50};
    lua_State *L = lua_newstate(prl_guard_alloc, guard);
    assert_non_null(L);
    prl_guard_attach(L, guard);
    luaL_openlibs(L);
    return L;
}

static void
test_results(void **state)
{
    (void) state;
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    prt_error err = {0};
    lua_pushinteger(L, 42);
    push(L, "local a, b = ... return a + b, 'x', nil");
    lua_pushinteger(L, 1);
    lua_pushinteger(L, 2);
    assert_int_equal(prl_call(L, 2, LUA_MULTRET, PRL_INHERIT, &err), PRL_OK);
    assert_int_equal(lua_gettop(L), 4);
    assert_int_equal(lua_tointeger(L, 2), 3);
    lua_settop(L, 1);
    push(L, "return 1, 2, 3");
    assert_int_equal(prl_call(L, 0, 0, PRL_LOAD, &err), PRL_OK);
    assert_int_equal(lua_gettop(L), 1);
    lua_close(L);
}

static void
test_errors(void **state)
{
    (void) state;
    static const struct {
        const char *code, *message, *hint;
    } cases[] = {
        {"error 'no luck'", "code.lua:1: no luck", ""},
        {"\n\nlocal a = nil + 1", "code.lua:3: attempt to perform arithmetic on a nil value", ""},
        {"error('two\\nlines', 0)", "two lines", ""},
        {"error()", "raised a nil value that is no message", ""},
        {"error({})", "raised a table value that is no message", ""},
        {"error({ message = 'm', hint = 'h' })", "m", "h"},
        {"error(setmetatable({}, { __tostring = function() return 'never asked' end }))",
         "raised a table value that is no message", ""},
        {"error(5)", "raised a number value that is no message", ""},
    };
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        prt_error err = {0};
        push(L, cases[i].code);
        assert_int_equal(prl_call(L, 0, 1, PRL_INHERIT, &err), PRL_ERROR);
        assert_int_equal(lua_gettop(L), 0);
        assert_int_equal(err.code, PRT_ERR_LUA);
        assert_string_equal(err.message, cases[i].message);
        assert_string_equal(err.hint, cases[i].hint);
    }
    lua_close(L);
}

static void
test_traceback_and_value(void **state)
{
    (void) state;
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    prt_error err = {0};
    push(L, "local function inner() error { code = 7 } end\nlocal function outer() inner() end\nouter()");
    assert_int_equal(prl_call(L, 0, 0, PRL_INHERIT, &err), PRL_ERROR);
    prl_push_raised(L);
    assert_int_equal(lua_getfield(L, -1, "code"), LUA_TNUMBER);
    prl_push_traceback(L);
    assert_non_null(strstr(lua_tostring(L, -1), "code.lua:1: in upvalue 'inner'"));
    assert_non_null(strstr(lua_tostring(L, -1), "code.lua:3: in main chunk"));
    lua_settop(L, 0);
    push(L, "return");
    assert_int_equal(prl_call(L, 0, 0, PRL_INHERIT, &err), PRL_OK);
    prl_push_traceback(L);
    assert_true(lua_isnil(L, -1));
    lua_close(L);
}

static void
test_limits(void **state)
{
    (void) state;
    prl_guard guard;
    lua_State *L = guarded_state(&guard);
    prt_error err = {0};
    push(L, "while true do pcall(function() while true do end end) end");
    assert_int_equal(prl_call(L, 0, 0, PRL_LOAD, &err), PRL_LIMIT);
    assert_string_equal(err.message, "code.lua:1: used more than 100000 instructions");
    assert_int_equal(err.code, PRT_ERR_LIMIT);
    err = (prt_error) {0};
    int64_t started = prt_clock_monotonic();
    push(L, "while true do end");
    assert_int_equal(prl_call(L, 0, 0, PRL_DECISION, &err), PRL_LIMIT);
    assert_string_equal(err.message, "code.lua:1: ran longer than 50 ms");
    assert_in_range(prt_clock_monotonic() - started, 50000, 2000000);
    err = (prt_error) {0};
    push(L, "local t = {} for i = 1, 1e9 do t[i] = { i } end");
    assert_int_equal(prl_call(L, 0, 0, PRL_ACTION, &err), PRL_MEMORY);
    assert_string_equal(err.message, "used more memory than it may (8 MiB in all, 1 MiB for one text)");
    err = (prt_error) {0};
    push(L, "return ('x'):rep(2000000)");
    assert_int_equal(prl_call(L, 0, 0, PRL_ACTION, &err), PRL_MEMORY);
    push(L, "return #('x'):rep(1000000)");
    assert_ok(prl_call(L, 0, 1, PRL_LOAD, &err) == PRL_OK, &err);
    assert_int_equal(lua_tointeger(L, -1), 1000000);
    lua_close(L);
    assert_int_equal(guard.memory_used, 0);
}

/* Calls prl_call from inside a call: in the phase of its upvalue. */
static int
call_again(lua_State *L)
{
    prt_error err = {0};
    prl_status status = prl_call(L, 0, 0, (prl_phase) lua_tointeger(L, lua_upvalueindex(1)), &err);
    lua_pushinteger(L, status);
    return 1;
}

static void
test_calls_inside_calls(void **state)
{
    (void) state;
    prl_guard guard;
    lua_State *L = guarded_state(&guard);
    prt_error err = {0};
    lua_pushinteger(L, PRL_LOAD);
    lua_pushcclosure(L, call_again, 1);
    lua_setglobal(L, "own");
    lua_pushinteger(L, PRL_INHERIT);
    lua_pushcclosure(L, call_again, 1);
    lua_setglobal(L, "inherit");
    /* a budget of its own: the outer call goes on */
    push(L, "local status = own(function() while true do end end) for _ = 1, 1000 do end return status");
    assert_ok(prl_call(L, 0, 1, PRL_LOAD, &err) == PRL_OK, &err);
    assert_int_equal(lua_tointeger(L, -1), PRL_LIMIT);
    /* the caller's budget: it is used up for both */
    push(L, "local status = inherit(function() while true do end end) return status");
    assert_int_equal(prl_call(L, 0, 1, PRL_LOAD, &err), PRL_LIMIT);
    /* and the next call starts afresh */
    err = (prt_error) {0};
    push(L, "return 1");
    assert_ok(prl_call(L, 0, 1, PRL_LOAD, &err) == PRL_OK, &err);
    lua_close(L);
}

static void
test_check(void **state)
{
    (void) state;
    prl_guard guard;
    lua_State *L = luaL_newstate();
    prl_guard_check(L); /* no guard: nothing */
    assert_false(prl_is_guarded(L));
    lua_close(L);
    L = guarded_state(&guard);
    assert_true(prl_is_guarded(L));
    prl_guard_check(L);
    lua_close(L);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_traceback_and_value),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_calls_inside_calls),
        cmocka_unit_test(test_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
