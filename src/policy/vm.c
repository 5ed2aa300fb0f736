#include "policy/vm.h"

#include <lauxlib.h>

#include "policy/sandbox.h"

enum {
    MEMORY = 64 << 20,
    LONGEST_STRING = 1 << 20,
    LARGEST_BLOCK = 8 << 20,
    LOAD_INSTRUCTIONS = 100000000,
    HOOK_INSTRUCTIONS = 10000000,
    LOAD_DEADLINE = 5000,
    HOOK_DEADLINE = 1000,
    ACTION_DEADLINE = 30000,
};

static int64_t
or_default(int64_t value, int64_t otherwise)
{
    return value == 0 ? otherwise : value;
}

static prl_guard
make_guard(const prt_policy_limits *limits)
{
    static const prt_policy_limits none = {0};
    if (limits == NULL)
        limits = &none;
    int64_t hook = or_default(limits->hook_instructions, HOOK_INSTRUCTIONS);
    prl_guard guard = {
        .memory_limit = limits->memory == 0 ? MEMORY : limits->memory,
        .string_limit = LONGEST_STRING,
        .block_limit = LARGEST_BLOCK,
    };
    guard.budgets[PRL_LOAD] = (prl_budget) {or_default(limits->load_instructions, LOAD_INSTRUCTIONS),
                                            or_default(limits->load_deadline_ms, LOAD_DEADLINE)};
    guard.budgets[PRL_DECISION] = (prl_budget) {hook, or_default(limits->hook_deadline_ms, HOOK_DEADLINE)};
    guard.budgets[PRL_ACTION] = (prl_budget) {hook, or_default(limits->hook_deadline_ms, ACTION_DEADLINE)};
    return guard;
}

static bool
push_db(void *data, lua_State *L, prt_error *err)
{
    const prt_vm *vm = data;
    if (vm->lent.push_db == NULL) {
        lua_pushnil(L);
        return true;
    }
    return vm->lent.push_db(vm->lent.data, L, err);
}

static int
open_body(lua_State *L)
{
    prt_sandbox_open(L);
    return 0;
}

/* Storing the guard and the host in the registry may already be refused memory. */
static int
attach_body(lua_State *L)
{
    prt_vm *vm = lua_touserdata(L, 1);
    prl_guard_attach(L, &vm->guard);
    prl_host_set(L, &vm->host);
    return 0;
}

bool
prt_vm_open(prt_vm *vm, const prt_policy_limits *limits, const prt_policy_host *host, prt_error *err)
{
    *vm = (prt_vm) {.guard = make_guard(limits)};
    if (host != NULL)
        vm->lent = *host;
    vm->host = (prl_host) {.push_db = push_db, .data = vm, .log = vm->lent.log, .interrupt = vm->lent.interrupt};
    vm->L = lua_newstate(prl_guard_alloc, &vm->guard);
    if (vm->L == NULL)
        return prt_fail(err, PRT_ERR_LIMIT, "the memory limit leaves no room for Lua");
    lua_pushcfunction(vm->L, attach_body);
    lua_pushlightuserdata(vm->L, vm);
    if (lua_pcall(vm->L, 1, 0, 0) != LUA_OK)
        return prt_fail(err, PRT_ERR_LIMIT, "the memory limit leaves no room for Lua");
    lua_pushcfunction(vm->L, open_body);
    return prl_call(vm->L, 0, 0, PRL_INHERIT, err) == PRL_OK;
}

void
prt_vm_close(prt_vm *vm)
{
    if (vm->L != NULL)
        lua_close(vm->L);
    vm->L = NULL;
}
