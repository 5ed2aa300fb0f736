/*
 * Policies: Lua files in, specs (model/spec.h) out. No database, no libpq.
 *
 * prt_policies owns a sandboxed Lua state; the specs, their hooks and everything they point to live as long as it does.
 * Hooks run in that state under their own budgets. One thread only.
 */
#ifndef PRT_POLICY_POLICY_H
#define PRT_POLICY_POLICY_H

#include <signal.h>

#include "base/log.h"
#include "model/spec.h"

typedef struct prt_policies prt_policies;

typedef struct prt_policy_limits {
    size_t memory;             /* bytes; 0: 64 MiB */
    int64_t load_instructions; /* 0: 100 million */
    int64_t hook_instructions; /* 0: 10 million, per call */
    int64_t load_deadline_ms;  /* 0: 5000 */
    int64_t hook_deadline_ms;  /* 0: 1000 (action hooks: 30000) */
} prt_policy_limits;

/* What action hooks get as ctx.db: pushes a value on the stack of `lua_state` (a lua_State *), or fails. */
typedef struct prt_policy_host {
    bool (*push_db)(void *data, void *lua_state, prt_error *err); /* NULL: ctx.db is nil */
    void *data;
    const prt_log *log;               /* NULL: stderr */
    volatile sig_atomic_t *interrupt; /* not zero: requests of ctx.http stop; NULL: there is none */
} prt_policy_host;

/* NULL limits: the defaults; NULL host: no database, logs go to stderr. `host` is copied, what it points to is not.
 * NULL only when the limits leave no room for partrun itself. */
prt_policies *prt_policies_new(const prt_policy_limits *limits, const prt_policy_host *host);
void prt_policies_free(prt_policies *policies);

/* A file, or a folder: its *.lua in name order, without *_spec.lua. Errors have file and line. With `keep_going`, a file that
 * does not load is recorded (prt_policies_error) and the others still load; false only if none could be read at all. */
PRT_NODISCARD bool prt_policies_load(prt_policies *policies, const char *path, bool keep_going, prt_error *err);

const prt_spec *const *prt_policies_specs(const prt_policies *policies, size_t *length);
/* What is wrong with files that failed to load: each problem of a policy is an error of its own, with its hint. */
size_t prt_policies_errors(const prt_policies *policies);
const prt_error *prt_policies_error(const prt_policies *policies, size_t index);

#endif
