#include "lua/call.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* Instructions between two looks at the budgets: each may be a C function over a text of string_limit bytes. */
enum { TICK = 200 };

/* Their addresses are keys of the registry. */
static const char guard_key = 0, raised_key = 0, traceback_key = 0, message_key = 0, hint_key = 0;

static prl_guard *
guard_of(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &guard_key);
    prl_guard *guard = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return guard;
}

static void count_hook(lua_State *L, lua_Debug *ar);

/* From now on every instruction raises, until prl_call has returned to C. */
static void
arm(lua_State *L, prl_guard *guard)
{
    guard->exceeded = true;
    lua_sethook(L, count_hook, LUA_MASKCOUNT, 1);
}

static int
raise_limit(lua_State *L, const prl_guard *guard, int level)
{
    luaL_where(L, level);
    if (guard->instructions_left < 0)
        lua_pushfstring(L, "used more than %I instructions", (LUAI_UACINT) guard->budget.instructions);
    else
        lua_pushfstring(L, "ran longer than %I ms", (LUAI_UACINT) guard->budget.deadline_ms);
    lua_concat(L, 2);
    return lua_error(L);
}

static bool
used_up(const prl_guard *guard)
{
    return guard->exceeded || guard->instructions_left < 0 ||
           (guard->deadline != 0 && prt_clock_monotonic() > guard->deadline);
}

static void
count_hook(lua_State *L, lua_Debug *ar)
{
    (void) ar;
    prl_guard *guard = guard_of(L);
    if (guard->budget.instructions != 0 && !guard->exceeded)
        guard->instructions_left -= TICK;
    if (used_up(guard)) {
        arm(L, guard);
        raise_limit(L, guard, 0);
    }
    if (lua_gethookcount(L) != TICK) /* a refused piece of memory had us look at once */
        lua_sethook(L, count_hook, LUA_MASKCOUNT, TICK);
}

void
prl_guard_check(lua_State *L)
{
    prl_guard *guard = guard_of(L);
    if (guard != NULL && used_up(guard)) {
        arm(L, guard);
        raise_limit(L, guard, 1);
    }
}

static bool
refuses(const prl_guard *guard, const void *block, size_t kind_or_old_size, size_t new_size, size_t used)
{
    if (new_size > guard->block_limit || used > guard->memory_limit)
        return true;
    return block == NULL && kind_or_old_size == LUA_TSTRING && new_size > guard->string_limit;
}

void *
prl_guard_alloc(void *data, void *block, size_t old_size, size_t new_size)
{
    prl_guard *guard = data;
    size_t held = block == NULL ? 0 : old_size; /* without a block, Lua tells the kind of object there */
    if (new_size == 0) {
        free(block);
        guard->memory_used -= held;
        return NULL;
    }
    size_t used = guard->memory_used - held + new_size;
    if (new_size > held && refuses(guard, block, old_size, new_size, used)) {
        guard->refused = true;
        /* Lua answers with a full collection, which is slow: the next instruction looks at the deadline. */
        if (guard->state != NULL && lua_gethook(guard->state) != NULL)
            lua_sethook(guard->state, count_hook, LUA_MASKCOUNT, 1);
        return NULL;
    }
    void *memory = realloc(block, new_size);
    if (memory != NULL)
        guard->memory_used = used;
    return memory;
}

static void
keep(lua_State *L, const void *key)
{
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

/* The keys stay in the registry, so that later stores need no memory. */
static void
forget(lua_State *L)
{
    const void *keys[] = {&raised_key, &traceback_key, &message_key, &hint_key};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        lua_pushboolean(L, 0);
        keep(L, keys[i]);
    }
}

void
prl_guard_attach(lua_State *L, prl_guard *guard)
{
    guard->state = L;
    forget(L);
    lua_pushlightuserdata(L, guard);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &guard_key);
}

bool
prl_is_guarded(lua_State *L)
{
    return guard_of(L) != NULL;
}

/* Errors may be tables with a `message` and a `hint` (lua/partrun/policy.lua). */
static void
keep_field(lua_State *L, const char *name, const void *key)
{
    lua_pushstring(L, name);
    lua_rawget(L, 1);
    keep(L, key);
}

/* Runs with hooks off when a budget raised: so nothing here may run Lua code, as __tostring would. */
static int
on_error(lua_State *L)
{
    lua_settop(L, 1);
    luaL_traceback(L, L, NULL, 1);
    keep(L, &traceback_key);
    lua_pushvalue(L, 1);
    keep(L, &raised_key);
    if (lua_istable(L, 1)) {
        keep_field(L, "message", &message_key);
        keep_field(L, "hint", &hint_key);
    } else if (lua_type(L, 1) == LUA_TSTRING) {
        lua_pushvalue(L, 1);
        keep(L, &message_key);
    }
    return 1;
}

void
prl_push_raised(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &raised_key);
}

void
prl_push_traceback(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &traceback_key) == LUA_TSTRING)
        return;
    lua_pop(L, 1);
    lua_pushnil(L);
}

static void
one_line(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char) *text < ' ')
            *text = ' ';
}

/* Pushes the text under this key of the registry, NULL when there is none. Needs no memory. */
static const char *
push_kept(lua_State *L, const void *key)
{
    return lua_rawgetp(L, LUA_REGISTRYINDEX, key) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
}

/* Fills `err` from the value on top of the stack. Runs unprotected: nothing here may need memory of the state. */
static prl_status
explain(lua_State *L, const prl_guard *guard, int status, prt_error *err)
{
    const char *text = push_kept(L, &message_key), *hint = push_kept(L, &hint_key);
    bool memory = status == LUA_ERRMEM ||
                  (guard != NULL && guard->refused && text != NULL && strstr(text, "not enough memory") != NULL);
    bool limit = guard != NULL && guard->exceeded;
    if (memory && guard != NULL)
        prt_fail(err, PRT_ERR_LIMIT, "used more memory than it may (%zu MiB in all, %zu MiB for one text)",
                 guard->memory_limit >> 20, guard->string_limit >> 20);
    else if (memory)
        prt_fail(err, PRT_ERR_LIMIT, "not enough memory");
    else if (text != NULL)
        prt_fail(err, limit ? PRT_ERR_LIMIT : PRT_ERR_LUA, "%s", text);
    else
        prt_fail(err, limit ? PRT_ERR_LIMIT : PRT_ERR_LUA, "raised a %s value that is no message",
                 luaL_typename(L, -3));
    if (hint != NULL && !memory)
        prt_fail_hint(err, "%s", hint);
    one_line(err->message);
    one_line(err->hint);
    lua_pop(L, 2);
    return limit ? PRL_LIMIT : memory ? PRL_MEMORY : PRL_ERROR;
}

static void
begin(lua_State *L, prl_guard *guard, prl_phase phase)
{
    guard->budget = guard->budgets[phase];
    guard->instructions_left = guard->budget.instructions;
    guard->deadline = guard->budget.deadline_ms == 0 ? 0 : prt_clock_monotonic() + guard->budget.deadline_ms * 1000;
    guard->exceeded = guard->refused = false;
    lua_sethook(L, count_hook, LUA_MASKCOUNT, TICK);
}

/* A call inside a call gives the outer one its budget back. */
static void
end(lua_State *L, prl_guard *guard, const prl_guard *outer, bool nested)
{
    guard->budget = outer->budget;
    guard->instructions_left = outer->instructions_left;
    guard->deadline = outer->deadline;
    guard->exceeded = outer->exceeded;
    guard->refused = outer->refused;
    if (nested)
        lua_sethook(L, count_hook, LUA_MASKCOUNT, guard->exceeded ? 1 : TICK);
    else
        lua_sethook(L, NULL, 0, 0);
}

prl_status
prl_call(lua_State *L, int arguments, int results, prl_phase phase, prt_error *err)
{
    prl_guard *guard = guard_of(L);
    prl_guard outer = {0};
    bool nested = lua_gethook(L) != NULL;
    bool own = guard != NULL && phase != PRL_INHERIT;
    if (own) {
        outer = *guard;
        begin(L, guard, phase);
    }
    forget(L);
    int base = lua_gettop(L) - arguments;
    lua_pushcfunction(L, on_error);
    lua_insert(L, base);
    int status = lua_pcall(L, arguments, results, base);
    lua_remove(L, base);
    prl_status outcome = PRL_OK;
    if (status != LUA_OK) {
        outcome = explain(L, guard, status, err);
        lua_pop(L, 1);
    }
    if (own)
        end(L, guard, &outer, nested);
    return outcome;
}
