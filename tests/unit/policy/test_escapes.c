/*
 * Every known way out of a sandboxed Lua state: each is tried while a file loads and inside a hook, has to end within
 * the budget with the expected error, and must leave the state working for the policies after it.
 */
#include "support/policy_support.h"

typedef struct attempt {
    const char *name;
    const char *code;     /* statements */
    const char *expected; /* part of the message; NULL: nothing happens and nothing is raised */
    prt_code code_of;     /* of the error; PRT_OK: PRT_ERR_POLICY at load, PRT_ERR_LUA in a hook */
} attempt;

enum { DEADLINE = 150, SLACK = 2500 /* a sanitizer's or a loaded machine's share included */ };

static const prt_policy_limits tight = {
    .load_instructions = 2000000,
    .hook_instructions = 2000000,
    .load_deadline_ms = DEADLINE,
    .hook_deadline_ms = DEADLINE,
};

static const prt_policy_limits only_time = {
    .load_instructions = INT64_C(1) << 50,
    .hook_instructions = INT64_C(1) << 50,
    .load_deadline_ms = DEADLINE,
    .hook_deadline_ms = DEADLINE,
};

/* Used up: by instructions under `tight`, by time under `only_time`. */
#define BUDGET "", PRT_ERR_LIMIT
#define MEMORY "", PRT_ERR_LIMIT /* or the deadline, on a slow machine */
#define RAISES(text) text, PRT_OK

static const attempt attempts[] = {
    /* endless loops, and catching one's way out */
    {"loop", "while true do end", BUDGET},
    {"goto", "::again:: goto again", BUDGET},
    {"pcall in a loop", "while true do pcall(function() while true do end end) end", BUDGET},
    {"nested pcall", "while true do pcall(pcall, pcall, pcall, function() while true do end end) end", BUDGET},
    {"pcall as a comparison",
     "local mt = { __call = function() while true do end end } local t = {} "
     "for i = 1, 20000 do t[i] = setmetatable({}, mt) end while true do table.sort(t, pcall) end",
     BUDGET},
    {"pcall as a replacement", "local s = ('x'):rep(1000000) while true do s:gsub('.', pcall) end", BUDGET},
    {"pcall as an iterator", "for _ in pcall, function() end do end", BUDGET},
    {"loop in __index",
     "local t = setmetatable({}, { __index = function() while true do end end }) pcall(function() return t.x end) "
     "while true do pcall(function() return t.x end) end",
     BUDGET},
    {"endless ipairs", "for _ in ipairs(setmetatable({}, { __index = function() return 1 end })) do end", BUDGET},
    {"loop in __close, added later",
     "local m = {} local y = setmetatable({}, m) m.__close = function() while true do pcall(error) end end local z "
     "<close> = y "
     "while true do end",
     BUDGET},
    {"loop in __close by for",
     "local m = {} local y = setmetatable({}, m) m.__close = function() while true do end end "
     "for _ in function() return nil end, nil, nil, y do end",
     BUDGET},
    {"loop in __tostring", "tostring(setmetatable({}, { __tostring = function() while true do end end }))", BUDGET},
    {"loop in print's __tostring", "print(setmetatable({}, { __tostring = function() while true do end end }))",
     BUDGET},
    {"loop in an error value's __tostring",
     "error(setmetatable({}, { __tostring = function() while true do end end }))", RAISES("raised a table value")},
    {"loop in an error value after the budget",
     "local e = setmetatable({}, { __tostring = function() while true do end end }) "
     "pcall(function() while true do end end) error(e)",
     BUDGET},
    {"endless ranges", "while true do for _ in partrun.ranges('1 s', '1900-01-01', '2200-01-01') do end end", BUDGET},
    {"work of C functions", "local s = ('x'):rep(1000000) while true do local _ = s:upper():lower():reverse() end",
     BUDGET},
    {"gsub with a function", "local s = ('x'):rep(100000) while true do s:gsub('.', function() end) end", BUDGET},
    {"sort of long texts",
     "local s = ('x'):rep(1000000) local a, b = s .. 'a', s .. 'b' local t = {} "
     "for i = 1, 100000 do t[i] = i % 2 == 0 and a or b end while true do table.sort(t) end",
     BUDGET},
    {"rawequal as a comparison",
     "local s = ('x'):rep(1000000) local a, b = s .. 'a', s .. 'b' local t = {} "
     "for i = 1, 100000 do t[i] = i % 2 == 0 and a or b end while true do pcall(table.sort, t, rawequal) end",
     BUDGET},
    {"recursion", "local function f() return 1 + f() end f()", MEMORY},
    {"recursion, caught", "local function f() return 1 + f() end while true do pcall(f) end", BUDGET},
    {"recursion through C", "local function f() return (('x'):gsub('x', f)) end f()", RAISES("stack overflow")},
    {"endless __index chain", "local t = {} for i = 1, 10000 do t = setmetatable({}, { __index = t }) end return t.x",
     RAISES("'__index' chain too long")},

    /* patterns */
    {"lazy items", "string.find(('x'):rep(256), '.-.-.-.-b')", RAISES("could take too long")},
    {"greedy items", "string.match(('x'):rep(5000), '.*.*.*b')", RAISES("could take too long")},
    {"optional items", "string.find(('a'):rep(40), ('a?'):rep(40) .. ('a'):rep(40))", RAISES("could take too long")},
    {"repeated sets", "string.gsub(('x'):rep(5000), '[^y]-[^y]-[^y]-y', '')", RAISES("could take too long")},
    {"set with a bracket", "string.gsub(('x'):rep(5000), '[]x]-[]x]-[]x]-y', '')", RAISES("could take too long")},
    {"back references", "string.find(('x'):rep(5000), '(.-)%1%1b')", RAISES("could take too long")},
    {"balanced", "string.find(('('):rep(100000), '%b()')", RAISES("could take too long")},
    {"anchor in gmatch", "for _ in string.gmatch(('x'):rep(5000), '^.-.-.-b') do end", RAISES("could take too long")},
    {"as a method", "local s = ('x'):rep(256) s:find('.-.-.-.-b')", RAISES("could take too long")},
    {"long pattern", "string.find('x', ('.'):rep(2000))", RAISES("could take too long")},
    {"plain search", "string.find(('a'):rep(1000000), ('a'):rep(500000) .. 'b', 1, true)",
     RAISES("could take too long")},
    {"plain search without the flag", "string.find(('a'):rep(1000000), ('a'):rep(500000) .. 'b')",
     RAISES("could take too long")},
    {"many cheap patterns", "local s = ('x'):rep(500) while true do s:find('.-.-b') end", BUDGET},
    {"an honest pattern", "assert(('events_p20250101'):match('^(.-)_p(%d%d%d%d)(%d%d)(%d%d)$') == 'events')", NULL,
     PRT_OK},
    {"trimming", "assert((('  ' .. ('x'):rep(200) .. ' '):match('^%s*(.-)%s*$')):len() == 200)", NULL, PRT_OK},

    /* loops inside C that count to what one says */
    {"rep of nothing", "assert(string.rep('', math.maxinteger) == '')", NULL, PRT_OK},
    {"rep of much", "string.rep('x', 1 << 40)", RAISES("longer than 1048576 bytes")},
    {"rep with a separator", "string.rep('', 1 << 40, 'x')", RAISES("longer than 1048576 bytes")},
    {"move", "table.move({}, 1, 1 << 60, 2)", RAISES("more than 1000000 items")},
    {"move, negative", "table.move({}, math.mininteger, -1, 2)", RAISES("more than 1000000 items")},
    {"insert with __len", "table.insert(setmetatable({}, { __len = function() return 1 << 60 end }), 1, 1)",
     RAISES("__len")},
    {"remove with __len", "table.remove(setmetatable({}, { __len = function() return 1 << 60 end }), 1)",
     RAISES("__len")},
    {"sort with __len", "table.sort(setmetatable({}, { __len = function() return 1 << 30 end }))", RAISES("__len")},
    {"unpack with __len", "table.unpack(setmetatable({}, { __len = function() return 1 << 30 end }))", RAISES("__len")},
    {"concat with __index", "table.concat(setmetatable({}, { __index = rawlen }), '', 1, 1 << 60)",
     RAISES("more than 1000000 items")},
    {"unpack", "table.unpack({}, 1, 1 << 40)", RAISES("more than 1000000 items")},
    {"byte", "string.byte(('x'):rep(1000000), 1, -1)", RAISES("too")},
    {"wide format", "string.format('%1000000d', 1)", RAISES("invalid conversion")},

    /* memory */
    {"doubling", "local s = 'x' while true do s = s .. s end", MEMORY},
    {"table of texts", "local t = {} while true do t[#t + 1] = ('x'):rep(100000) .. #t end", MEMORY},
    {"table of tables", "local t = {} for i = 1, 1 << 40 do t = { t, t, t } end", BUDGET},
    {"large table", "local t = {} for i = 1, 1 << 40 do t[i] = i end", MEMORY},
    {"caught",
     "local t = {} while true do pcall(function() while true do t[#t + 1] = ('x'):rep(100000) .. #t end end) end",
     BUDGET},
    {"concat", "local t, s = {}, ('x'):rep(100000) for i = 1, 10000 do t[i] = s end table.concat(t)", MEMORY},
    {"concat, caught",
     "local t, s = {}, ('x'):rep(100000) for i = 1, 10000 do t[i] = s end while true do pcall(table.concat, t) end",
     BUDGET},
    {"gsub growth", "('x'):rep(100000):gsub('.', ('y'):rep(100000))", MEMORY},

    /* what is not there */
    {"os", "os.execute('true')", RAISES("'os' is not available in a policy")},
    {"io", "io.open('/etc/passwd')", RAISES("'io' is not available in a policy")},
    {"debug", "debug.getregistry()", RAISES("'debug' is not available in a policy")},
    {"package", "package.loadlib('x', 'y')", RAISES("'package' is not available in a policy")},
    {"load", "load('return 1')", RAISES("'load' is not available in a policy")},
    {"loadstring", "loadstring('return 1')", RAISES("'loadstring' is not available in a policy")},
    {"dofile", "dofile('/dev/stdin')", RAISES("'dofile' is not available in a policy")},
    {"loadfile", "loadfile('/etc/passwd')", RAISES("'loadfile' is not available in a policy")},
    {"collectgarbage", "collectgarbage('stop')", RAISES("'collectgarbage' is not available in a policy")},
    {"xpcall", "xpcall(function() error() end, function() while true do end end)",
     RAISES("'xpcall' is not available in a policy")},
    {"coroutine", "coroutine.wrap(function() while true do end end)()",
     RAISES("'coroutine' is not available in a policy")},
    {"through _G", "_G.os.execute('true')", RAISES("'os' is not available in a policy")},
    {"string.dump", "string.dump(function() end)", RAISES("attempt to call a nil value")},
    {"dump as a method", "(''):dump()", RAISES("attempt to call a nil value")},
    {"random", "math.random()", RAISES("random numbers are not available")},
    {"randomseed", "math.randomseed(1)", RAISES("random numbers are not available")},
    {"print to stdout", "print('a', nil, 1)", NULL, PRT_OK},

    /* finalizers */
    {"__gc", "setmetatable({}, { __gc = function() while true do end end })", RAISES("__gc is not available")},
    {"__gc, false", "setmetatable({}, { __gc = false })", RAISES("__gc is not available")},
    {"__mode", "setmetatable({}, { __mode = 'k' })", RAISES("__mode is not available")},
    {"__mode by rawset", "rawset({}, '__mode', 'k')", RAISES("__mode is not available")},
    {"__close", "setmetatable({}, { __close = function() end })", RAISES("__close is not available")},
    {"__gc by __index", "setmetatable({}, setmetatable({}, { __index = { __gc = function() while true do end end } }))",
     NULL, PRT_OK},
    {"__gc added later",
     "local mt = {} local t = setmetatable({}, mt) mt.__gc = function() while true do end end t = nil "
     "for i = 1, 10000 do local _ = { {} } end",
     NULL, PRT_OK},

    /* what everybody shares cannot be changed */
    {"metatable of strings", "assert(getmetatable('') == false)", NULL, PRT_OK},
    {"patching it", "getmetatable('').__index = nil", RAISES("attempt to index a boolean value")},
    {"patching string", "string.format = nil", RAISES("cannot be changed")},
    {"rawset on string", "rawset(string, 'format', 1)", RAISES("cannot be changed")},
    {"insert into string", "table.insert(string, 1)", RAISES("cannot be changed")},
    {"move into string", "table.move({ 1 }, 1, 1, 1, string)", RAISES("cannot be changed")},
    {"patching math", "math.floor = nil", RAISES("cannot be changed")},
    {"patching table", "table.insert = nil", RAISES("cannot be changed")},
    {"patching partrun", "partrun.policy = nil", RAISES("cannot be changed")},
    {"patching a library's metatable", "setmetatable(string, {})", RAISES("protected metatable")},
    {"patching the globals' metatable", "setmetatable(_G, {})", RAISES("protected metatable")},
    {"metatable of the globals", "assert(getmetatable(_G) == false)", NULL, PRT_OK},
    {"metatable of a table", "local mt = {} assert(getmetatable(setmetatable({}, mt)) == mt)", NULL, PRT_OK},
    {"metatable of a number", "assert(getmetatable(1) == nil)", NULL, PRT_OK},
    {"metatable of a time", "getmetatable(partrun.time '2025-01-01').__index = nil",
     RAISES("attempt to index a string value")},
    {"methods of a time", "partrun.time('2025-01-01').floor = nil", RAISES("attempt to index")},
    {"libraries by next", "assert(next(string) == nil)", NULL, PRT_OK},
    {"libraries by pairs", "for k, v in pairs(string) do string.x = v end", RAISES("cannot be changed")},

    /* scripts' half of partrun */
    {"connect", "partrun.connect('')", RAISES("partrun.connect is not available in a policy")},
    {"plan", "partrun.plan()", RAISES("partrun.plan is not available in a policy")},
    {"archive", "partrun.archive()", RAISES("partrun.archive is not available in a policy")},
    {"http", "partrun.http.get('http://localhost')", RAISES("partrun.http is not available in a policy")},

    /* modules */
    {"partrun.pg", "require 'partrun.pg'", RAISES("not available in a policy")},
    {"partrun.core", "require 'partrun.core'", RAISES("not available in a policy")},
    {"library", "require 'os'", RAISES("not found in the policy's folder")},
    {"upwards", "require '..secret'", RAISES("is no name of a module")},
    {"slashes", "require '../secret'", RAISES("is no name of a module")},
    {"absolute", "require '/etc/passwd'", RAISES("is no name of a module")},
    {"zero byte", "require 'a\\0b'", RAISES("module 'a' not found")},
    {"empty", "require ''", RAISES("is no name of a module")},
};

/* Why the attempt did not end as it has to; NULL: it did. */
static const char *
judge(prt_arena *arena, const attempt *a, bool ok, const prt_error *err, prt_code otherwise, int64_t started)
{
    int64_t took = (prt_clock_monotonic() - started) / 1000;
    prt_code wanted = a->code_of == PRT_OK ? otherwise : a->code_of;
    if (took > DEADLINE + SLACK)
        return prt_arena_printf(arena, "took %lld ms", (long long) took);
    if (a->expected == NULL)
        return ok ? NULL : err->message;
    if (ok)
        return "was not stopped";
    if (strstr(err->message, a->expected) == NULL || err->code != wanted)
        return prt_arena_printf(arena, "%s: \"%s\", not %s: \"%s\"", prt_code_name(err->code), err->message,
                                prt_code_name(wanted), a->expected);
    return NULL;
}

static bool
call_hold(const prt_spec *spec, bool *hold, prt_error *err)
{
    const prt_hook_context context = {.spec = spec, .schema = "public", .table = "events"};
    const prt_hook_partition partition = {
        .schema = "public", .name = "p", .bytes = -1, .rows = -1, .state = "attached"};
    *err = (prt_error) {0};
    return spec->hooks.hold(spec->hooks.data, &context, &partition, hold, err);
}

/* The state still loads a policy and runs its hook. */
static void
check_alive(const policy_fixture *f, size_t index)
{
    prt_error err;
    bool hold = false;
    const char *text = prt_arena_printf(f->arena,
                                        "local partrun = require 'partrun'\n"
                                        "assert(('x'):upper() == string.upper('x') and math.floor(1.5) == 1)\n"
                                        "return partrun.policy { table = 'alive%zu', interval = '1 day',\n"
                                        "  hold = function(ctx, p) return p.name == 'p' end }\n",
                                        index);
    assert_ok(policy_load(f, "alive.lua", text, &err), &err);
    assert_ok(call_hold(policy_last(f), &hold, &err), &err);
    assert_true(hold);
}

static const char *
try_at_load(const policy_fixture *f, const attempt *a, size_t index)
{
    prt_error err;
    const char *text = prt_arena_printf(f->arena,
                                        "local partrun = require 'partrun';\n(function() %s end)()\n"
                                        "return partrun.policy { table = 'loaded%zu', interval = '1 day' }\n",
                                        a->code, index);
    int64_t started = prt_clock_monotonic();
    bool ok = policy_load(f, "attempt.lua", text, &err);
    return judge(f->arena, a, ok, &err, PRT_ERR_POLICY, started);
}

static const char *
try_in_hook(const policy_fixture *f, const attempt *a, size_t index)
{
    prt_error err;
    bool hold = false;
    const char *text = prt_arena_printf(f->arena,
                                        "local partrun = require 'partrun'\n"
                                        "return partrun.policy { table = 'hooked%zu', interval = '1 day',\n"
                                        "  hold = function() (function() %s end)() end }\n",
                                        index, a->code);
    assert_ok(policy_load(f, "attempt.lua", text, &err), &err);
    int64_t started = prt_clock_monotonic();
    bool ok = call_hold(policy_last(f), &hold, &err);
    return judge(f->arena, a, ok, &err, PRT_ERR_LUA, started);
}

static void
try_all(const prt_policy_limits *limits)
{
    policy_fixture f = policy_fixture_open(limits);
    size_t failures = 0;
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        const char *at_load = try_at_load(&f, &attempts[i], i), *in_hook = try_in_hook(&f, &attempts[i], i);
        if (at_load != NULL)
            print_error("%s, at load: %s\n", attempts[i].name, at_load);
        if (in_hook != NULL)
            print_error("%s, in a hook: %s\n", attempts[i].name, in_hook);
        failures += (at_load != NULL) + (in_hook != NULL);
        check_alive(&f, i);
    }
    policy_fixture_close(&f);
    assert_int_equal(failures, 0);
}

static void
test_under_instructions(void **state)
{
    (void) state;
    try_all(&tight);
}

static void
test_under_deadline(void **state)
{
    (void) state;
    try_all(&only_time);
}

static void
test_messages_name_the_budget(void **state)
{
    (void) state;
    prt_error err;
    policy_fixture f = policy_fixture_open(&tight);
    assert_false(policy_load(&f, "a.lua", "\nwhile true do end", &err));
    assert_contains(err.message, "a.lua:2: used more than 2000000 instructions");
    policy_fixture_close(&f);
    f = policy_fixture_open(&only_time);
    assert_false(policy_load(&f, "a.lua", "while true do end", &err));
    assert_contains(err.message, "a.lua:1: ran longer than 150 ms");
    policy_fixture_close(&f);
    f = policy_fixture_open(NULL);
    assert_false(policy_load(&f, "a.lua", "local t = {} while true do t[#t + 1] = ('x'):rep(100000) .. #t end", &err));
    assert_contains(err.message, "a.lua: used more memory than it may (64 MiB in all, 1 MiB for one text)");
    policy_fixture_close(&f);
}

/* However little memory there is, nothing ends the process. */
static void
test_any_memory(void **state)
{
    static const prt_log silent = {0};
    const prt_policy_host host = {.log = &silent};
    assert_non_null(getenv("PARTRUN_SOURCE_DIR"));
    const char *folder = prt_arena_printf(*state, "%s/policies", getenv("PARTRUN_SOURCE_DIR"));
    size_t opened = 0;
    for (size_t memory = 1000; memory < 1200000; memory += 7919) {
        const prt_policy_limits limits = {.memory = memory};
        prt_policies *policies = prt_policies_new(&limits, &host);
        prt_error err = {0};
        opened += policies != NULL;
        if (policies != NULL && !prt_policies_load(policies, folder, true, &err))
            assert_int_equal(err.code, PRT_ERR_LIMIT);
        prt_policies_free(policies);
    }
    assert_true(opened > 10);
}

/* A policy that fills the memory and keeps it does not take the host down with the next call. */
static void
test_full_state(void **state)
{
    (void) state;
    policy_fixture f = policy_fixture_open(NULL);
    prt_error err;
    bool hold;
    const char *text = "local partrun = require 'partrun' local keep = {}\n"
                       "return partrun.policy { table = 'a.b', interval = '1 day', hold = function()\n"
                       "  local size = 1 << 19\n"
                       "  while size > 0 do\n"
                       "    local ok, s = pcall(function() return ('x'):rep(size) .. #keep end)\n"
                       "    if ok then keep[#keep + 1] = s else size = size // 2 end\n"
                       "  end return true end }";
    assert_ok(policy_load(&f, "full.lua", text, &err), &err);
    const prt_spec *spec = policy_last(&f);
    for (int i = 0; i < 20; i++) {
        if (!call_hold(spec, &hold, &err))
            assert_int_equal(err.code, PRT_ERR_LIMIT);
        if (!policy_load(&f, "next.lua", "return 1", &err))
            assert_true(err.message[0] != '\0');
    }
    policy_fixture_close(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_under_instructions),
        cmocka_unit_test(test_under_deadline),
        cmocka_unit_test(test_messages_name_the_budget),
        cmocka_unit_test_setup_teardown(test_any_memory, support_arena_setup, support_arena_teardown),
        cmocka_unit_test(test_full_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
