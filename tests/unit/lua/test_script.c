/* Scripts as the command line runs them, each in a process of its own: exit status, output, errors. */
#include "support/support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lua/script.h"

typedef struct folder {
    char path[64];
    char out[8192], err[8192]; /* of the last script */
} folder;

static int
setup(void **state)
{
    static folder f;
    strcpy(f.path, "/tmp/partrun-script.XXXXXX");
    *state = &f;
    return mkdtemp(f.path) == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
    const folder *f = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", f->path);
    return system(command);
}

static const char *
place(const folder *f, const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    return path;
}

static void
put(const folder *f, const char *name, const char *text)
{
    FILE *file = fopen(place(f, name), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void
slurp(const folder *f, const char *name, char *text, size_t size)
{
    FILE *file = fopen(place(f, name), "r");
    assert_non_null(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static volatile sig_atomic_t interrupt;

static void
on_alarm(int number)
{
    interrupt = number;
}

static void
child(const folder *f, const char *name, char *const *arguments, unsigned alarm_after)
{
    char path[256];
    int argc = 0;
    while (arguments != NULL && arguments[argc] != NULL)
        argc++;
    if (freopen(place(f, "stdout"), "w", stdout) == NULL || freopen(place(f, "stderr"), "w", stderr) == NULL)
        _exit(99);
    signal(SIGALRM, on_alarm);
    alarm(alarm_after);
    snprintf(path, sizeof path, "%s", place(f, name));
    const prl_script_options options = {.pg.conn.interrupt = &interrupt};
    exit(prl_script_run(&options, path, argc, arguments));
}

/* The exit status; output and errors are in `f`. */
static int
run_with(folder *f, const char *name, char *const *arguments, unsigned alarm_after)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        child(f, name, arguments, alarm_after);
    int status = 0;
    waitpid(pid, &status, 0);
    slurp(f, "stdout", f->out, sizeof f->out);
    slurp(f, "stderr", f->err, sizeof f->err);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
run(folder *f, const char *text)
{
    put(f, "script.lua", text);
    return run_with(f, "script.lua", NULL, 0);
}

static void
expect(const folder *f, int status, int want, const char *out)
{
    if (status != want || (out != NULL && strcmp(f->out, out) != 0))
        fail_msg("exit %d, stdout: %s\nstderr: %s", status, f->out, f->err);
}

static void
has_the_standard_library_and_partrun(void **state)
{
    folder *f = *state;
    expect(f,
           run(f,
               "#!/usr/bin/env partrun\n"
               "assert(io and os and debug and load and string.dump and require)\n"
               "local partrun = require 'partrun'\n"
               "assert(partrun == require 'partrun')\n"
               "print(partrun.time '2025-01-01' < partrun.time '2025-01-02')\n"
               "for _, name in ipairs { 'connect', 'load', 'plan', 'check', 'policy', 'quote_ident', 'quote_literal',\n"
               "    'time', 'interval', 'range', 'ranges' } do assert(type(partrun[name]) == 'function', name) end\n"
               "assert(partrun.json.encode { 1 } == '[1]' and partrun.log.info and partrun.http.post)\n"
               "assert(partrun.json.encode { t = partrun.time '2025-01-01', i = partrun.interval '1 day' } ==\n"
               "  '{\"i\":\"1 day\",\"t\":\"2025-01-01T00:00:00Z\"}')\n"),
           0, "true\n");
    assert_string_equal(f->err, "");
}

static void
gets_its_arguments(void **state)
{
    folder *f = *state;
    char one[] = "one", two[] = "t w o", empty[] = "";
    char *const arguments[] = {one, two, empty, NULL};
    put(f, "script.lua",
        "print(select('#', ...), ..., arg[1], arg[2], arg[3], #arg)\n"
        "print(arg[0]:match '[^/]*$')");
    expect(f, run_with(f, "script.lua", arguments, 0), 0, "3\tone\tone\tt w o\t\t3\nscript.lua\n");
}

static void
finds_modules_beside_it(void **state)
{
    folder *f = *state;
    assert_int_equal(mkdir(place(f, "lib"), 0700), 0);
    put(f, "near.lua", "return { name = 'near' }");
    put(f, "lib/deep.lua", "return 'deep'");
    put(f, "lib/init.lua", "return 'lib'");
    expect(f, run(f, "print(require 'near'.name, (require 'lib.deep'), (require 'lib'))"), 0, "near\tdeep\tlib\n");
}

static void
exits_as_it_says(void **state)
{
    folder *f = *state;
    expect(f, run(f, "os.exit(7)"), 7, "");
    expect(f, run(f, "io.write 'kept' os.exit(true)"), 0, "kept");
    expect(f, run(f, "os.exit(false, true)"), 1, "");
    expect(f, run(f, "return 5"), 0, "");
}

static void
an_error_gives_a_traceback(void **state)
{
    folder *f = *state;
    expect(f,
           run(f, "local function inner() error 'broken' end\n"
                  "local function outer() inner() end\n"
                  "print 'before'\n"
                  "outer()"),
           1, "before\n");
    assert_non_null(strstr(f->err, "script.lua:1: broken"));
    assert_non_null(strstr(f->err, "stack traceback:"));
    assert_non_null(strstr(f->err, "'inner'"));
    assert_non_null(strstr(f->err, "script.lua:4:"));
    expect(f, run(f, "error(setmetatable({}, { __tostring = function() return 'spoken' end }))"), 1, "");
    assert_non_null(strstr(f->err, "spoken"));
    expect(f, run(f, "error {}"), 1, "");
    assert_non_null(strstr(f->err, "table value"));
    expect(f, run(f, "error()"), 1, "");
}

static void
what_is_no_script_is_wrong_usage(void **state)
{
    folder *f = *state;
    expect(f, run(f, "print 'before'\nlocal = 1"), 2, "");
    assert_non_null(strstr(f->err, "script.lua:2:"));
    expect(f, run_with(f, "missing.lua", NULL, 0), 2, "");
    assert_non_null(strstr(f->err, "missing.lua"));
}

static void
a_wrong_policy_shows_all_its_errors(void **state)
{
    folder *f = *state;
    expect(f, run(f, "local partrun = require 'partrun'\npartrun.policy { table = 'a.b', intervall = '1 day' }"), 1,
           "");
    assert_non_null(strstr(f->err, "script.lua:2"));
    assert_non_null(strstr(f->err, "intervall"));
}

static void
an_interrupt_ends_even_an_endless_loop(void **state)
{
    folder *f = *state;
    put(f, "plain.lua", "local n = 0 while true do n = n + 1 end");
    put(f, "catches.lua", "while true do pcall(function() while true do end end) end");
    put(f, "spawns.lua", "while true do coroutine.resume(coroutine.create(function() while true do end end)) end");
    static const char *const names[] = {"plain.lua", "catches.lua", "spawns.lua"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        expect(f, run_with(f, names[i], NULL, 1), 130, "");
        assert_non_null(strstr(f->err, "interrupted"));
    }
}

static void
loads_policies_apart_from_the_script(void **state)
{
    folder *f = *state;
    assert_int_equal(mkdir(place(f, "policies"), 0700), 0);
    put(f, "policies/b.lua",
        "local partrun = require 'partrun'\n"
        "local shared = require 'sub.shared'\n"
        "assert(shared == require 'sub.shared' and require 'sub' == 'sub')\n"
        "return { partrun.policy { table = 'public.b', interval = shared.interval } }");
    put(f, "policies/a.lua",
        "\xEF\xBB\xBF#!/bin/sh\nlocal partrun = require 'partrun'\n"
        "print('said', 1, nil)\n"
        "assert(not os and not io and not debug and not load and not string.dump and not leaked)\n"
        "string.upper = nil\n"
        "leaked = true\n"
        "return partrun.policy { table = 'public.a', interval = '1 day' }");
    put(f, "policies/a_spec.lua", "error 'specs are not policies'");
    put(f, "policies/note.txt", "no Lua");
    assert_int_equal(mkdir(place(f, "policies/sub"), 0700), 0);
    put(f, "policies/sub/shared.lua", "assert(not os) return { interval = '1 month' }");
    put(f, "policies/sub/init.lua", "return 'sub'");
    put(f, "broken.lua", "return {");
    put(f, "raises.lua", "error 'no good'");
    put(f, "other.lua", "return 5");
    put(f, "mixed.lua", "return { 1 }");
    put(f, "circle.lua", "require 'circle'");
    put(f, "lost.lua", "require 'nowhere.to-be-found'");
    put(f, "random.lua", "math.random()");
    assert_int_equal(mkdir(place(f, "empty"), 0700), 0);
    put(f, "connects.lua", "require 'partrun'.connect()");
    put(f, "escapes.lua", "require 'partrun.core'");
    put(f, "climbs.lua", "require '..secret'");
    put(f, "wrong.lua", "return require 'partrun'.policy { table = 'public.a', interval = '1 dya' }");
    expect(f,
           run(f, "leaked = false\n"
                  "local partrun = require 'partrun'\n"
                  "local here = arg[0]:match '^.*/'\n"
                  "local list = assert(partrun.load(here .. 'policies'))\n"
                  "assert(#list == 2 and list[1].name == 'a' and list[2].name == 'b')\n"
                  "assert(string.upper and leaked == false)\n"
                  "assert(#assert(partrun.load(here .. 'policies/b.lua')) == 1)\n"
                  "local none, message = partrun.load(here .. 'policies/sub/')\n"
                  "assert(none == nil and message:find 'neither a policy', message)"),
           0, "");
    assert_non_null(strstr(f->err, "said 1 nil\n"));
    expect(f,
           run(f, "local partrun = require 'partrun'\n"
                  "local here = arg[0]:match '^.*/'\n"
                  "local function fails(file, want_code, pattern)\n"
                  "  local value, message, code = partrun.load(here .. file)\n"
                  "  assert(value == nil and code == want_code and message:find(pattern), tostring(message))\n"
                  "end\n"
                  "fails('nowhere', 'io', 'nowhere')\n"
                  "fails('broken.lua', 'policy', 'broken.lua:1')\n"
                  "fails('raises.lua', 'policy', 'raises.lua:1: no good')\n"
                  "fails('other.lua', 'policy', 'neither a policy nor a list')\n"
                  "fails('mixed.lua', 'policy', 'item 1')\n"
                  "fails('connects.lua', 'policy', 'connects.lua:1: partrun.connect is not available')\n"
                  "fails('escapes.lua', 'policy', 'is not available in a policy')\n"
                  "fails('climbs.lua', 'policy', 'no name of a module')\n"
                  "fails('circle.lua', 'policy', 'requires itself')\n"
                  "fails('lost.lua', 'policy', 'not found in the policy')\n"
                  "fails('random.lua', 'policy', 'random numbers')\n"
                  "fails('empty', 'policy', 'there are no policies')\n"
                  "fails('wrong.lua', 'policy', 'wrong.lua:1: .*interval')\n"),
           0, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(has_the_standard_library_and_partrun, setup, teardown),
        cmocka_unit_test_setup_teardown(gets_its_arguments, setup, teardown),
        cmocka_unit_test_setup_teardown(finds_modules_beside_it, setup, teardown),
        cmocka_unit_test_setup_teardown(exits_as_it_says, setup, teardown),
        cmocka_unit_test_setup_teardown(an_error_gives_a_traceback, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_script_is_wrong_usage, setup, teardown),
        cmocka_unit_test_setup_teardown(a_wrong_policy_shows_all_its_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(an_interrupt_ends_even_an_endless_loop, setup, teardown),
        cmocka_unit_test_setup_teardown(loads_policies_apart_from_the_script, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
