/*
 * The one way from C into Lua that may fail, and the budgets of code that must not run for ever.
 *
 * A guarded state (prl_guard_attach) counts instructions and watches a deadline. Once a budget is used up, every further
 * instruction raises, so that no pcall in a loop can catch its way out. A state without a guard has no limits.
 */
#ifndef PRL_LUA_CALL_H
#define PRL_LUA_CALL_H

#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "base/error.h"

typedef enum prl_status {
    PRL_OK,
    PRL_ERROR,  /* it raised: PRT_ERR_LUA */
    PRL_MEMORY, /* the memory cap: PRT_ERR_LIMIT */
    PRL_LIMIT,  /* the instruction budget or the deadline: PRT_ERR_LIMIT */
} prl_status;

typedef struct prl_budget {
    int64_t instructions; /* 0: unlimited */
    int64_t deadline_ms;  /* 0: none */
} prl_budget;

/* What code may be called for; each has a budget of its own in a guard. PRL_INHERIT goes on under the caller's. */
typedef enum prl_phase { PRL_INHERIT, PRL_LOAD, PRL_DECISION, PRL_ACTION, PRL_PHASES } prl_phase;

/* Owned by whoever made the state; outlives it. Fields below the blank line are the guard's own. */
typedef struct prl_guard {
    prl_budget budgets[PRL_PHASES];
    size_t memory_limit; /* bytes of the whole state */
    size_t string_limit; /* longest string */
    size_t block_limit;  /* largest single piece of memory: tables, buffers */

    size_t memory_used;
    lua_State *state;
    prl_budget budget; /* of the call in hand */
    int64_t instructions_left;
    int64_t deadline; /* monotonic clock */
    bool exceeded;    /* stays until the call in hand has returned to C */
    bool refused;     /* memory was refused during the call in hand */
} prl_guard;

/* A lua_Alloc that keeps the guard's caps; `data` is the guard. */
void *prl_guard_alloc(void *data, void *block, size_t old_size, size_t new_size);
void prl_guard_attach(lua_State *L, prl_guard *guard);
bool prl_is_guarded(lua_State *L);
/* For C functions that loop without running instructions: raises when a budget is used up. Cheap; no guard is fine. */
void prl_guard_check(lua_State *L);

/*
 * Calls the function below `arguments` values. On success `results` values (or LUA_MULTRET) replace them. On failure the
 * function and its arguments are gone and `err` is filled: its message is one line and starts with file and line.
 */
prl_status prl_call(lua_State *L, int arguments, int results, prl_phase phase, prt_error *err);
/* After a failure: the value that was raised (false when it was memory), and the traceback (a string or nil). */
void prl_push_raised(lua_State *L);
void prl_push_traceback(lua_State *L);

#endif
