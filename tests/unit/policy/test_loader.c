/* Policy files: what loads, from where, and what is said when it does not. */
#include "support/policy_support.h"

#define POLICY(table) "return require('partrun').policy { table = '" table "', interval = '1 day' }\n"

static int
open_fixture(void **state)
{
    policy_fixture *f = malloc(sizeof *f);
    *f = policy_fixture_open(NULL);
    *state = f;
    return 0;
}

static int
close_fixture(void **state)
{
    policy_fixture_close(*state);
    free(*state);
    return 0;
}

static void
assert_refused(const policy_fixture *f, const char *text, const char *message, const char *hint)
{
    prt_error err;
    if (policy_load(f, "bad.lua", text, &err))
        fail_msg("loads: %s", text);
    assert_contains(err.message, message);
    assert_contains(err.hint, hint);
    assert_int_equal(err.code, PRT_ERR_POLICY);
}

static void
test_one_policy(void **state)
{
    prt_error err;
    assert_ok(policy_load(*state, "a.lua",
                          "#!/usr/bin/env partrun\nlocal partrun = require 'partrun'\n\n"
                          "return partrun.policy {\n  table = 'app.events', interval = '1 day' }\n",
                          &err),
              &err);
    const prt_spec *spec = policy_last(*state);
    assert_string_equal(spec->name, "events");
    assert_string_equal(spec->tables[0], "app.events");
    assert_contains(spec->file, "/a.lua");
    assert_int_equal(spec->line, 4);
    assert_int_equal(spec->interval.days, 1);
}

static void
test_list_and_byte_order_mark(void **state)
{
    prt_error err;
    size_t length;
    assert_ok(policy_load(*state, "a.lua",
                          "\xef\xbb\xbflocal p = require 'partrun'.policy\n"
                          "local one = p { table = 'a.b', interval = 10 }\n"
                          "return { one, p { tables = { 'c.d', 'c.e' }, name = 'both', interval = 'monthly' } }",
                          &err),
              &err);
    const prt_spec *const *specs = prt_policies_specs(((policy_fixture *) *state)->policies, &length);
    assert_int_equal(length, 2);
    assert_int_equal(specs[0]->line, 2);
    assert_true(specs[0]->by_id);
    assert_int_equal(specs[0]->id_step, 10);
    assert_string_equal(specs[1]->name, "both");
    assert_string_equal(specs[1]->tables[1], "c.e");
    assert_int_equal(specs[1]->interval.months, 1);
}

static void
test_what_is_no_policy(void **state)
{
    assert_refused(*state, "x =", "bad.lua:1: unexpected symbol near <eof>", "");
    assert_refused(*state, "local a\nlocal b = a.c\n", "bad.lua:2: attempt to index a nil value", "");
    assert_refused(*state, "error 'no luck'", "bad.lua:1: no luck", "");
    assert_refused(*state, "error { 1 }", "bad.lua: raised a table value that is no message", "");
    assert_refused(*state, "return", "bad.lua: returns nothing", "return partrun.policy");
    assert_refused(*state, "return {}", "bad.lua: returns neither a policy nor a list", "return partrun.policy");
    assert_refused(*state, "return 5", "bad.lua: returns neither a policy nor a list", "return partrun.policy");
    assert_refused(*state, "return { table = 'a', interval = '1 day' }", "bad.lua: returns neither a policy nor a list",
                   "");
    assert_refused(*state, "return { 1 }", "returns a list in which not everything is a policy", "");
    assert_refused(*state, "return require('partrun').policy(1)", "bad.lua:1: partrun.policy takes a table", "");
    assert_refused(*state, "\x1bLua", "attempt to load a binary chunk", "");
    assert_refused(*state, "local p = require('partrun').policy { table = 'a', interval = 1 }\np.interval = 2",
                   "bad.lua:2: a policy cannot be changed", "");
    assert_refused(*state, "return setmetatable({}, { __name = 'partrun.policy' })",
                   "this policy was not made by partrun.policy", "");
    assert_refused(*state, "return setmetatable({}, { __name = 'partrun.policy', __index = { table = 1 } })",
                   "table: is a number", "");
    assert_refused(*state, "return setmetatable({}, { __name = 'partrun.policy', __index = {} })", "table: is required",
                   "");
}

static void
test_deep_nesting_is_a_syntax_error(void **state)
{
    const policy_fixture *f = *state;
    char *text = prt_arena_alloc(f->arena, 200100);
    memset(text, '(', 200000);
    assert_refused(f, text, "C stack overflow", "");
}

static void
test_every_problem_is_reported(void **state)
{
    const policy_fixture *f = *state;
    prt_error err;
    assert_false(policy_load(f, "bad.lua",
                             "local partrun = require 'partrun'\n\nreturn partrun.policy {\n"
                             "  table = 'app.events', interval = '1 day', premak = 4,\n  retention = '90',\n}\n",
                             &err));
    assert_contains(err.message, "bad.lua:4: policy \"events\": premak: there is no such field (and 2 more errors)");
    assert_string_equal(err.hint, "did you mean `premake`?");
    assert_int_equal(prt_policies_errors(f->policies), 3);
    const prt_error *second = prt_policies_error(f->policies, 1), *third = prt_policies_error(f->policies, 2);
    assert_contains(second->message, "bad.lua:5: policy \"events\": retention: \"90\" has no unit");
    assert_string_equal(second->hint, "write \"90 days\"");
    assert_contains(third->message, "bad.lua:3: policy \"events\": cleanup: is required with `retention`");
    assert_contains(third->object, "/bad.lua");
}

static void
test_long_path_stays_whole(void **state)
{
    const policy_fixture *f = *state;
    prt_error err;
    const char *name = "a-rather-long-name-of-a-policy-file-which-lua-would-shorten-in-its-messages.lua";
    assert_false(policy_load(f, name, "\nerror 'x'", &err));
    assert_string_equal(err.message, prt_arena_printf(f->arena, "%s/%s:2: x", f->folder, name));
}

static void
test_missing_files(void **state)
{
    const policy_fixture *f = *state;
    prt_error err = {0};
    assert_false(prt_policies_load(f->policies, prt_arena_printf(f->arena, "%s/none.lua", f->folder), true, &err));
    assert_contains(err.message, "none.lua: No such file or directory");
    err = (prt_error) {0};
    assert_false(prt_policies_load(f->policies, f->folder, true, &err));
    assert_contains(err.message, "there is no policy file in the folder");
    assert_false(prt_policies_load(f->policies, "/dev/zero", true, &err));
}

static void
test_folder(void **state)
{
    const policy_fixture *f = *state;
    size_t length;
    prt_error err = {0};
    policy_write(f, "b.lua", POLICY("b"));
    policy_write(f, "a.lua", POLICY("a"));
    policy_write(f, "c_spec.lua", "error 'this is a test'");
    policy_write(f, ".hidden.lua", "error 'this is hidden'");
    policy_write(f, "notes.txt", "not Lua");
    assert_ok(prt_policies_load(f->policies, prt_arena_printf(f->arena, "%s/", f->folder), false, &err), &err);
    const prt_spec *const *specs = prt_policies_specs(f->policies, &length);
    assert_int_equal(length, 2);
    assert_string_equal(specs[0]->name, "a");
    assert_string_equal(specs[1]->file, prt_arena_printf(f->arena, "%s/b.lua", f->folder));
}

static void
test_keep_going(void **state)
{
    const policy_fixture *f = *state;
    size_t length;
    prt_error err = {0};
    policy_write(f, "a.lua", POLICY("a"));
    policy_write(f, "b.lua", "error 'broken'");
    policy_write(f, "c.lua", POLICY("c"));
    assert_ok(prt_policies_load(f->policies, f->folder, true, &err), &err);
    prt_policies_specs(f->policies, &length);
    assert_int_equal(length, 2);
    assert_int_equal(prt_policies_errors(f->policies), 1);
    assert_contains(prt_policies_error(f->policies, 0)->message, "b.lua:1: broken");
}

static void
test_stop_at_first(void **state)
{
    const policy_fixture *f = *state;
    prt_error err = {0};
    policy_write(f, "a.lua", "error 'broken'");
    policy_write(f, "b.lua", "error 'also broken'");
    assert_false(prt_policies_load(f->policies, f->folder, false, &err));
    assert_contains(err.message, "a.lua:1: broken");
    assert_int_equal(prt_policies_errors(f->policies), 1);
    err = (prt_error) {0};
    assert_false(prt_policies_load(f->policies, f->folder, true, &err));
    assert_int_equal(prt_policies_errors(f->policies), 3);
}

static void
test_one_policy_a_table(void **state)
{
    const policy_fixture *f = *state;
    size_t length;
    prt_error err;
    assert_ok(policy_load(f, "a.lua", POLICY("events"), &err), &err);
    assert_false(policy_load(f, "b.lua", POLICY("public.\"events\""), &err));
    assert_contains(err.message, "b.lua:1: policy \"events\": table public.\"events\" has a policy already, in ");
    assert_ok(policy_load(f, "c.lua", POLICY("\"Events\""), &err), &err);
    prt_policies_specs(f->policies, &length);
    assert_int_equal(length, 2);
}

static void
test_one_policy_a_name(void **state)
{
    const policy_fixture *f = *state;
    size_t length;
    prt_error err;
    assert_ok(policy_load(f, "a.lua", POLICY("a.events"), &err), &err);
    assert_ok(policy_load(f, "b.lua", POLICY("b.events"), &err), &err); /* two schemas, a table of one name */
    assert_false(policy_load(
        f, "b2.lua", "\nreturn require('partrun').policy { table = 'c', name = 'events', interval = '1 day' }", &err));
    assert_int_equal(err.code, PRT_ERR_POLICY);
    assert_contains(err.message, "b2.lua:2: there is a policy \"events\" already, in ");
    assert_contains(err.message, "/a.lua:1");
    assert_contains(err.hint, "`name`");
    assert_false(policy_load(f, "c.lua",
                             "local p = require('partrun').policy\n"
                             "return { p { table = 'c', name = 'x', interval = '1 day' },\n"
                             "p { table = 'd', name = 'x', interval = '1 day' } }",
                             &err));
    assert_contains(err.message, "c.lua:3: there is a policy \"x\" already, in ");
    assert_ok(policy_load(f, "d.lua",
                          "return require('partrun').policy { table = 'd.events', name = 'events of d',"
                          " interval = '1 day' }",
                          &err),
              &err);
    prt_policies_specs(f->policies, &length);
    assert_int_equal(length, 3);
}

/* Named by itself and through its folder, or through a link. */
static void
test_a_file_named_twice_is_read_once(void **state)
{
    const policy_fixture *f = *state;
    size_t length;
    prt_error err;
    assert_ok(policy_load(f, "a.lua", POLICY("events"), &err), &err);
    assert_int_equal(symlink("a.lua", prt_arena_printf(f->arena, "%s/b.lua", f->folder)), 0);
    assert_ok(prt_policies_load(f->policies, f->folder, false, &err), &err);
    assert_ok(prt_policies_load(f->policies, prt_arena_printf(f->arena, "%s/./a.lua", f->folder), false, &err), &err);
    prt_policies_specs(f->policies, &length);
    assert_int_equal(length, 1);
    assert_int_equal(prt_policies_errors(f->policies), 0);
}

static void
test_modules(void **state)
{
    const policy_fixture *f = *state;
    prt_error err;
    mkdir(prt_arena_printf(f->arena, "%s/lib", f->folder), 0700);
    mkdir(prt_arena_printf(f->arena, "%s/lib/deep", f->folder), 0700);
    policy_write(f, "lib/names.lua", "#!shebang\nlocal M = {} M.table = 'app.events' M.count = 0 return M");
    policy_write(f, "lib/deep/init.lua", "return require 'lib.names'");
    policy_write(f, "lib/nothing.lua", "seen = ...");
    policy_write(f, "lib/loop.lua", "require 'lib.loop'");
    policy_write(f, "lib/binary.lua", "\x1bLua");
    const char *const text = "local names, deep = require 'lib.names', require 'lib.deep'\n"
                             "assert(names == deep and require 'lib.nothing' == true and seen == 'lib.nothing')\n"
                             "names.count = names.count + 1 assert(names.count == 1)\n"
                             "return require 'partrun'.policy { table = names.table .. '";
    assert_ok(policy_load(f, "a.lua", prt_arena_printf(f->arena, "%s1', interval = '1 day' }", text), &err), &err);
    /* nothing is shared between policy files */
    assert_ok(policy_load(f, "b.lua", prt_arena_printf(f->arena, "%s2', interval = '1 day' }", text), &err), &err);
    assert_refused(f, "require 'lib.loop'", "requires itself", "");
    assert_refused(f, "require 'lib.binary'", "binary chunk", "");
    assert_refused(f, "require 'lib.none'", "module 'lib.none' not found in the policy's folder", "");
}

static void
test_links_out_of_the_folder(void **state)
{
    const policy_fixture *f = *state;
    mkdir(prt_arena_printf(f->arena, "%s/secret", f->folder), 0700);
    mkdir(prt_arena_printf(f->arena, "%s/secret-policies", f->folder), 0700);
    mkdir(prt_arena_printf(f->arena, "%s/policies", f->folder), 0700);
    policy_write(f, "secret/value.lua", "return 1");
    policy_write(f, "secret-policies/value.lua", "return 1");
    policy_write(f, "policies/inside.lua", "return 1");
    assert_int_equal(symlink("../secret", prt_arena_printf(f->arena, "%s/policies/folder", f->folder)), 0);
    assert_int_equal(symlink("../secret/value.lua", prt_arena_printf(f->arena, "%s/policies/file.lua", f->folder)), 0);
    assert_int_equal(symlink("inside.lua", prt_arena_printf(f->arena, "%s/policies/good.lua", f->folder)), 0);
    assert_int_equal(mkfifo(prt_arena_printf(f->arena, "%s/policies/fifo.lua", f->folder), 0600), 0);
    prt_error err;
    static const char *const refused[] = {"folder.value", "file", "fifo"};
    for (size_t i = 0; i < 3; i++) {
        assert_false(policy_load(f, "policies/p.lua", prt_arena_printf(f->arena, "require '%s'", refused[i]), &err));
        assert_contains(err.message, "not found in the policy's folder");
    }
    assert_ok(policy_load(f, "policies/p.lua", "assert(require 'good' == 1)\n" POLICY("a"), &err), &err);
}

static void
test_policies_do_not_see_each_other(void **state)
{
    const policy_fixture *f = *state;
    prt_error err;
    assert_ok(policy_load(f, "a.lua", "leak = 1 _G.other = 2 tostring = nil\n" POLICY("a"), &err), &err);
    assert_ok(
        policy_load(f, "b.lua", "assert(leak == nil and other == nil and tostring(1) == '1')\n" POLICY("b"), &err),
        &err);
    assert_ok(policy_load(f, "c.lua",
                          "pcall(function() require('partrun').log.info = 1 end)\n"
                          "assert(require('partrun').log.info ~= 1)\n" POLICY("c"),
                          &err),
              &err);
}

static void
test_a_failed_file_leaves_nothing(void **state)
{
    const policy_fixture *f = *state;
    size_t length;
    prt_error err;
    assert_false(policy_load(f, "a.lua",
                             "local p = require('partrun').policy\n"
                             "return { p { table = 'a', interval = 1 }, p { table = 'a', interval = 1 } }",
                             &err));
    prt_policies_specs(f->policies, &length);
    assert_int_equal(length, 0);
    assert_ok(policy_load(f, "b.lua", POLICY("a"), &err), &err);
}

#define test(function) cmocka_unit_test_setup_teardown(function, open_fixture, close_fixture)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_one_policy),
        test(test_list_and_byte_order_mark),
        test(test_what_is_no_policy),
        test(test_deep_nesting_is_a_syntax_error),
        test(test_every_problem_is_reported),
        test(test_long_path_stays_whole),
        test(test_missing_files),
        test(test_folder),
        test(test_keep_going),
        test(test_stop_at_first),
        test(test_one_policy_a_table),
        test(test_one_policy_a_name),
        test(test_a_file_named_twice_is_read_once),
        test(test_modules),
        test(test_links_out_of_the_folder),
        test(test_policies_do_not_see_each_other),
        test(test_a_failed_file_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
