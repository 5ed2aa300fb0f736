/* One sandboxed Lua state with its budgets. */
#ifndef PRT_POLICY_VM_H
#define PRT_POLICY_VM_H

#include "lua/call.h"
#include "lua/host.h"
#include "policy/policy.h"

typedef struct prt_vm {
    lua_State *L;
    prl_guard guard;
    prl_host host;        /* what Lua code's bindings see */
    prt_policy_host lent; /* what was handed in */
} prt_vm;

/* `vm` stays where it is for as long as it is open. */
PRT_NODISCARD bool prt_vm_open(prt_vm *vm, const prt_policy_limits *limits, const prt_policy_host *host,
                               prt_error *err);
void prt_vm_close(prt_vm *vm);

#endif
