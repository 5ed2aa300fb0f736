#include "lua/plan_result.h"

#include <lauxlib.h>

#include "lua/box.h"
#include "lua/values.h"
#include "model/ident.h"

static void
set_text(lua_State *L, const char *name, const char *text)
{
    if (text == NULL)
        return;
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

static void
set_integer(lua_State *L, const char *name, int64_t value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

/* Counts that can be unknown (-1). */
static void
set_amount(lua_State *L, const char *name, int64_t amount)
{
    if (amount >= 0)
        set_integer(L, name, amount);
}

static void
set_pos(lua_State *L, const char *name, const prt_set *set, prt_pos pos)
{
    prl_push_pos(L, !prt_key_is_time(&set->key), pos);
    lua_setfield(L, -2, name);
}

/* The set's policy and table. `arena` is in a box. */
static void
set_origin(lua_State *L, prt_arena *arena, const prt_set *set)
{
    set_text(L, "policy", set->spec->name);
    set_text(L, "table", prt_ident_display(arena, set->schema, set->table));
    set_text(L, "tenant", set->tenant);
}

static void
set_sql(lua_State *L, const prt_operation *operation)
{
    lua_createtable(L, (int) operation->statements_length, 0);
    for (size_t i = 0; i < operation->statements_length; i++) {
        lua_pushstring(L, operation->statements[i].sql);
        lua_rawseti(L, -2, (lua_Integer) i + 1);
    }
    lua_setfield(L, -2, "sql");
}

static void
push_operation(lua_State *L, prt_arena *arena, const prt_set *set, const prt_operation *operation)
{
    lua_createtable(L, 0, 18);
    set_origin(L, arena, set);
    if (operation->purge != NULL)
        set_text(L, "tenant", operation->purge->tenant);
    set_text(L, "op", prt_op_names[operation->op]);
    set_text(L, "schema", operation->schema);
    set_text(L, "partition", operation->name);
    if (operation->has_range) {
        set_pos(L, "from", set, operation->range.from.pos);
        set_pos(L, "to", set, operation->range.to.pos);
    }
    set_text(L, "reason", operation->reason);
    set_text(L, "note", operation->note);
    set_text(L, "lock", operation->lock);
    set_amount(L, "bytes", operation->bytes);
    set_amount(L, "rows", operation->rows);
    set_sql(L, operation);
}

static void
set_outcome(lua_State *L, const prt_outcome *outcome)
{
    set_text(L, "status", prt_status_names[outcome->status]);
    set_integer(L, "attempts", outcome->attempts);
    lua_pushnumber(L, (lua_Number) outcome->duration / PRT_USEC_PER_SEC);
    lua_setfield(L, -2, "seconds");
    if (outcome->note != NULL)
        set_text(L, "note", outcome->note);
    if (outcome->error.code == PRT_OK)
        return;
    set_text(L, "error", outcome->error.message);
    set_text(L, "code", prt_code_name(outcome->error.code));
    set_text(L, "sqlstate", outcome->error.sqlstate[0] == '\0' ? NULL : outcome->error.sqlstate);
    set_text(L, "hint", outcome->error.hint[0] == '\0' ? NULL : outcome->error.hint);
}

void
prl_push_operations(lua_State *L, const prt_plan *plan, const prt_result *result)
{
    luaL_checkstack(L, 8, "operations");
    prt_arena *arena = prl_arena_box(L);
    lua_Integer n = 0;
    lua_createtable(L, (int) prt_plan_operations(plan), 0);
    for (size_t i = 0; i < plan->sets.length; i++) {
        const prt_set *set = &plan->sets.items[i];
        for (size_t j = 0; j < set->operations.length; j++) {
            push_operation(L, arena, set, &set->operations.items[j]);
            if (result != NULL && result->outcomes != NULL && result->outcomes[i] != NULL)
                set_outcome(L, &result->outcomes[i][j]);
            lua_rawseti(L, -2, ++n);
        }
    }
    prl_arena_done(L, -2);
    lua_remove(L, -2);
}

void
prl_push_findings(lua_State *L, const prt_plan *plan)
{
    luaL_checkstack(L, 8, "findings");
    prt_arena *arena = prl_arena_box(L);
    lua_Integer n = 0;
    lua_newtable(L);
    for (size_t i = 0; i < plan->sets.length; i++) {
        const prt_set *set = &plan->sets.items[i];
        for (size_t j = 0; j < set->findings.length; j++) {
            const prt_finding *finding = &set->findings.items[j];
            lua_createtable(L, 0, 8);
            set_origin(L, arena, set);
            set_text(L, "code", prt_finding_names[finding->code]);
            set_text(L, "severity", prt_severity_names[finding->severity]);
            set_text(L, "object", finding->object);
            set_text(L, "message", finding->message);
            set_text(L, "hint", finding->hint);
            lua_rawseti(L, -2, ++n);
        }
    }
    prl_arena_done(L, -2);
    lua_remove(L, -2);
}

static void
set_runway(lua_State *L, const prt_set *set)
{
    set_pos(L, "now", set, set->now);
    set_pos(L, "horizon", set, set->horizon);
    if (set->runway == PRT_POS_MAX)
        return;
    if (prt_key_is_time(&set->key))
        lua_pushnumber(L, (lua_Number) set->runway / PRT_USEC_PER_SEC);
    else
        lua_pushinteger(L, set->runway);
    lua_setfield(L, -2, "runway");
}

void
prl_push_sets(lua_State *L, const prt_plan *plan)
{
    luaL_checkstack(L, 8, "sets");
    prt_arena *arena = prl_arena_box(L);
    lua_createtable(L, (int) plan->sets.length, 0);
    for (size_t i = 0; i < plan->sets.length; i++) {
        const prt_set *set = &plan->sets.items[i];
        lua_createtable(L, 0, 12);
        set_origin(L, arena, set);
        set_text(L, "schema", set->schema);
        set_text(L, "name", set->table);
        lua_pushboolean(L, set->plannable);
        lua_setfield(L, -2, "plannable");
        set_integer(L, "partitions", (int64_t) set->partitions);
        set_amount(L, "bytes", set->bytes);
        if (set->plannable)
            set_runway(L, set);
        lua_rawseti(L, -2, (lua_Integer) i + 1);
    }
    prl_arena_done(L, -2);
    lua_remove(L, -2);
}

void
prl_push_result(lua_State *L, const prt_result *result)
{
    lua_createtable(L, 0, 8);
    set_integer(L, "done", (int64_t) result->done);
    set_integer(L, "failed", (int64_t) result->failed);
    set_integer(L, "skipped", (int64_t) result->skipped);
    set_integer(L, "locked", (int64_t) result->locked);
    if (result->run_id != 0)
        set_integer(L, "run_id", result->run_id);
    prl_push_operations(L, result->plan, result);
    lua_setfield(L, -2, "operations");
    prl_push_findings(L, result->plan);
    lua_setfield(L, -2, "findings");
}
