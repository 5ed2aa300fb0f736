#include "lua/plan_options.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "lua/box.h"
#include "lua/pg.h"
#include "lua/values.h"

/* Pushes the option; false, and nothing pushed, when it is not there. */
static bool
option(lua_State *L, int index, const char *name)
{
    if (!lua_istable(L, index))
        return false;
    if (lua_getfield(L, index, name) != LUA_TNIL)
        return true;
    lua_pop(L, 1);
    return false;
}

static bool
flag(lua_State *L, int index, const char *name, bool otherwise)
{
    if (!option(L, index, name))
        return otherwise;
    if (!lua_isboolean(L, -1))
        luaL_argerror(L, index, lua_pushfstring(L, "%s is true or false", name));
    bool value = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

static int64_t
milliseconds(lua_State *L, int index, const char *name, int64_t otherwise)
{
    if (!option(L, index, name))
        return otherwise;
    const prt_interval interval = prl_check_interval(L, lua_gettop(L));
    int64_t ms = prt_interval_usec(&interval) / PRT_USEC_PER_MSEC;
    if (ms < 1)
        luaL_argerror(L, index, lua_pushfstring(L, "%s is at least a millisecond", name));
    lua_pop(L, 1);
    return ms;
}

static void
read_only(lua_State *L, int index, prt_plan_options *out)
{
    if (!option(L, index, "only"))
        return;
    const char *only = lua_tostring(L, -1);
    out->create_only = only != NULL && strcmp(only, "create") == 0;
    out->retire_only = only != NULL && strcmp(only, "retire") == 0;
    if (!out->create_only && !out->retire_only)
        luaL_argerror(L, index, "only is \"create\" or \"retire\"");
    lua_pop(L, 1);
}

/* 3, "20%", "all" */
static void
read_max_drop(lua_State *L, int index, prt_arena *arena, prt_plan_options *out)
{
    if (!option(L, index, "max_drop"))
        return;
    prt_max_drop *cap = PRT_NEW(arena, prt_max_drop);
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    char *end;
    long percent = strtol(text, &end, 10);
    if (strcmp(text, "all") == 0)
        cap->kind = PRT_DROP_ALL;
    else if (end != text && strcmp(end, "%") == 0 && percent >= 0 && percent <= 100)
        *cap = (prt_max_drop) {PRT_DROP_PERCENT, percent};
    else if (lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 0)
        *cap = (prt_max_drop) {PRT_DROP_COUNT, lua_tointeger(L, -1)};
    else
        luaL_argerror(L, index, "max_drop is a number of partitions, a share such as \"20%\", or \"all\"");
    out->max_drop = cap;
    lua_pop(L, 1);
}

/* A position on the key's axis: an instant or an id. */
static const prt_pos *
position(lua_State *L, int index, const char *name, prt_arena *arena)
{
    if (!option(L, index, name))
        return NULL;
    prt_pos *pos = PRT_NEW(arena, prt_pos);
    *pos = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : prl_check_time(L, lua_gettop(L));
    lua_pop(L, 1);
    return pos;
}

static void
read_ensure(lua_State *L, int index, prt_arena *arena, prt_plan_options *out)
{
    const prt_pos *at = position(L, index, "at", arena);
    out->ensure_from = position(L, index, "from", arena);
    out->ensure_to = position(L, index, "to", arena);
    if (at != NULL && (out->ensure_from != NULL || out->ensure_to != NULL))
        luaL_argerror(L, index, "at does not go with from and to");
    if ((out->ensure_from == NULL) != (out->ensure_to == NULL))
        luaL_argerror(L, index, "from and to go together");
    if (at != NULL)
        out->ensure_from = out->ensure_to = at;
    if (out->ensure_from != NULL && *out->ensure_from > *out->ensure_to)
        luaL_argerror(L, index, "from is after to");
}

static void
read_retire(lua_State *L, int index, prt_arena *arena, prt_plan_options *out)
{
    out->force_retention = flag(L, index, "force_retention", false);
    if (!option(L, index, "retire"))
        return;
    if (lua_type(L, -1) == LUA_TSTRING) { /* one name: a list of one */
        lua_createtable(L, 1, 0);
        lua_insert(L, -2);
        lua_rawseti(L, -2, 1);
    }
    if (!lua_istable(L, -1) || lua_rawlen(L, -1) == 0)
        luaL_argerror(L, index, "retire is a partition's name or a list of them");
    size_t length = (size_t) lua_rawlen(L, -1);
    const char **names = prt_arena_array(arena, length + 1, sizeof *names);
    for (size_t i = 0; i < length; i++) {
        if (lua_rawgeti(L, -1, (lua_Integer) i + 1) != LUA_TSTRING)
            luaL_argerror(L, index, "retire is a partition's name or a list of them");
        names[i] = prt_arena_strdup(arena, lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    out->retire = names;
    lua_pop(L, 1);
}

static void
read_common(lua_State *L, int index, prt_run_options *out)
{
    if (option(L, index, "jobs")) {
        lua_Integer jobs = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
        if (jobs < 1 || jobs > 64)
            luaL_argerror(L, index, "jobs is a number of sessions, 1 to 64");
        out->jobs = (int) jobs;
        lua_pop(L, 1);
    }
    out->no_journal = !flag(L, index, "journal", !out->no_journal);
    out->lock_timeout_ms = milliseconds(L, index, "lock_timeout", out->lock_timeout_ms);
    out->statement_timeout_ms = milliseconds(L, index, "statement_timeout", out->statement_timeout_ms);
}

void
prl_plan_options(lua_State *L, int index, bool checking, prt_arena *arena, prt_run_options *out, bool *deep)
{
    static const char *const names[] = {
        "now", "only",         "max_drop",          "jobs",   "journal",         "at",    "from",
        "to",  "lock_timeout", "statement_timeout", "retire", "force_retention", "sizes", NULL};
    static const char *const check_names[] = {"now", "sizes", "deep", "lock_timeout", "statement_timeout", NULL};
    const prl_pg_options *defaults = prl_pg_get(L);
    prl_check_options(L, index, checking ? check_names : names);
    *out = (prt_run_options) {
        .has_now = defaults->has_now,
        .now = defaults->now,
        .lock_timeout_ms = defaults->lock_timeout_ms,
        .statement_timeout_ms = defaults->statement_timeout_ms,
        .no_journal = defaults->no_journal,
        .log = defaults->conn.log,
        .plan.checking = checking,
    };
    out->sizes = flag(L, index, "sizes", true);
    out->all_sizes = checking && out->sizes;
    if (option(L, index, "now")) {
        out->has_now = true;
        out->now = prl_check_time(L, lua_gettop(L));
        lua_pop(L, 1);
    }
    *deep = checking && flag(L, index, "deep", false);
    read_only(L, index, &out->plan);
    read_max_drop(L, index, arena, &out->plan);
    read_ensure(L, index, arena, &out->plan);
    read_retire(L, index, arena, &out->plan);
    read_common(L, index, out);
}

void
prl_apply_options(lua_State *L, int index, prt_run_options *out)
{
    static const char *const names[] = {"jobs", "journal", "lock_timeout", "statement_timeout", NULL};
    prl_check_options(L, index, names);
    read_common(L, index, out);
}
