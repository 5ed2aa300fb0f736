#include "support/support.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>

#include "lua/log.h"

/* Runs a chunk with `log` as a global and gives what was written; the caller frees it. */
static char *
written(prt_level level, bool json, const char *chunk)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    const prt_log log = {.stream = stream, .level = level, .json = json};
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    prl_open_log(L, &log);
    lua_setglobal(L, "log");
    if (luaL_dostring(L, chunk) != LUA_OK)
        fail_msg("%s", lua_tostring(L, -1));
    lua_close(L);
    fclose(stream);
    return text;
}

static void
expect(const char *want, prt_level level, bool json, const char *chunk)
{
    char *text = written(level, json, chunk);
    assert_string_equal(text, want);
    free(text);
}

static void
test_a_message_and_its_fields_in_order(void **state)
{
    (void) state;
    expect("made  a=1  b=x y  c=true  d=[1,2]  e=1.5\n", PRT_INFO, false,
           "log.info('made', { c = true, a = 1, b = 'x y', e = 1.5, d = { 1, 2 } })");
    expect("error: no\n  hint: try\n", PRT_INFO, false, "log.error('no', { hint = 'try' })");
    expect("plain\n", PRT_INFO, false, "log.info 'plain'");
}

static void
test_messages_below_the_level_are_dropped(void **state)
{
    (void) state;
    expect("warning: c\nerror: d\n", PRT_WARNING, false, "log.debug 'a' log.info 'b' log.warning 'c' log.error 'd'");
}

static void
test_json_lines(void **state)
{
    (void) state;
    char *text = written(PRT_DEBUG, true, "log.debug('hi', { rows = 3 })");
    assert_non_null(strstr(text, "\"level\":\"debug\",\"message\":\"hi\",\"rows\":\"3\"}\n"));
    free(text);
}

static void
test_wrong_arguments_raise(void **state)
{
    (void) state;
    expect("", PRT_DEBUG, false,
           "assert(not pcall(log.info))\n"
           "assert(not pcall(log.info, {}))\n"
           "assert(not pcall(log.info, 'm', 'fields'))\n"
           "local ok, why = pcall(log.info, 'm', { 'unnamed' })\n"
           "assert(not ok and why:find('fields are named'), why)\n"
           "ok, why = pcall(log.info, 'm', { f = { print } })\n"
           "assert(not ok and why:find('no JSON form'), why)");
}

static void
test_without_a_log_of_the_caller_it_goes_to_stderr(void **state)
{
    (void) state;
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    prl_open_log(L, NULL);
    lua_setglobal(L, "log");
    assert_int_equal(luaL_dostring(L, "log.debug 'not shown'"), LUA_OK);
    lua_close(L);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_and_its_fields_in_order),
        cmocka_unit_test(test_messages_below_the_level_are_dropped),
        cmocka_unit_test(test_json_lines),
        cmocka_unit_test(test_wrong_arguments_raise),
        cmocka_unit_test(test_without_a_log_of_the_caller_it_goes_to_stderr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
