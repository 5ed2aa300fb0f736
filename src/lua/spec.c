#include "lua/spec.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lua/archive_choice.h"
#include "lua/call.h"
#include "lua/convert.h"
#include "lua/hooks.h"
#include "lua/spec_tenant.h"
#include "lua/values.h"

typedef struct request {
    prt_arena *arena;
    prt_spec *spec;
    prl_hooks *hooks;
    prt_error *err;
} request;

/* Pushes the metatable's raw field when the value has one of that type. */
static bool
push_meta(lua_State *L, int index, const char *name, int type)
{
    if (!lua_getmetatable(L, index))
        return false;
    lua_pushstring(L, name);
    if (lua_rawget(L, -2) != type) {
        lua_pop(L, 2);
        return false;
    }
    lua_remove(L, -2);
    return true;
}

bool
prl_is_policy(lua_State *L, int index)
{
    if (!lua_istable(L, index) || !push_meta(L, index, "__name", LUA_TSTRING))
        return false;
    bool is = strcmp(lua_tostring(L, -1), "partrun.policy") == 0;
    lua_pop(L, 1);
    return is;
}

static void
read_identity(lua_State *L, int t, prt_arena *arena, prt_spec *spec)
{
    int64_t line = 0;
    spec->name = spec->file = "?";
    prl_field_text(L, t, "name", arena, &spec->name);
    prl_field_text(L, t, "file", arena, &spec->file);
    prl_field_integer(L, t, "line", &line);
    spec->line = (int) line;
    if (strcmp(spec->name, "?") == 0 && spec->tables_length > 0)
        spec->name = spec->tables[0];
}

static void
read_tables(lua_State *L, int t, prt_arena *arena, prt_spec *spec)
{
    const char *table;
    if (prl_field_text(L, t, "table", arena, &table)) {
        spec->tables = prt_arena_array(arena, 2, sizeof *spec->tables);
        spec->tables[0] = table;
        spec->tables_length = 1;
        return;
    }
    if (prl_raw_field(L, t, "tables") == LUA_TSTRING)
        spec->tables_query = prl_pop_text(L, arena, "tables");
    else {
        lua_pop(L, 1);
        prl_field_texts(L, t, "tables", arena, &spec->tables, &spec->tables_length);
    }
    if (spec->tables_query == NULL && spec->tables_length == 0)
        luaL_error(L, "table: is required");
}

static void
read_snowflake(lua_State *L, int t, prt_key_options *key)
{
    int64_t shift = 22;
    if (prl_raw_field(L, t, "epoch") == LUA_TNIL || prl_to_time(L, -1) == NULL)
        luaL_error(L, "key.snowflake.epoch: is not a time");
    key->snowflake = true;
    key->snowflake_epoch = *prl_to_time(L, -1);
    prl_field_integer(L, t, "shift", &shift);
    key->snowflake_shift = (int) shift;
}

static int64_t
epoch_units(lua_State *L, const char *name)
{
    static const char *const names[] = {"s", "ms", "us", "ns"};
    int64_t per_sec = 1;
    for (size_t i = 0; i < 4; i++, per_sec *= 1000)
        if (strcmp(name, names[i]) == 0)
            return per_sec;
    return luaL_error(L, "key.epoch: is none of s, ms, us and ns");
}

static void
read_key(lua_State *L, int t, prt_arena *arena, prt_key_options *key, prl_hooks *hooks)
{
    const char *epoch;
    int top = lua_gettop(L);
    if (prl_raw_field(L, t, "key") == LUA_TTABLE) {
        prl_field_text(L, top + 1, "column", arena, &key->column);
        if (prl_field_text(L, top + 1, "epoch", arena, &epoch))
            key->epoch_per_sec = epoch_units(L, epoch);
        if (prl_field_function(L, top + 1, "encode", &hooks->encode) !=
            prl_field_function(L, top + 1, "decode", &hooks->decode))
            luaL_error(L, "key: `encode` and `decode` belong together");
        if (prl_raw_field(L, top + 1, "snowflake") == LUA_TTABLE)
            read_snowflake(L, top + 2, key);
    }
    lua_settop(L, top);
}

static void
read_grid(lua_State *L, int t, prt_spec *spec)
{
    if (prl_field_boolean(L, t, "by_id", &spec->by_id) && spec->by_id) {
        prl_field_integer(L, t, "interval", &spec->id_step);
        spec->has_anchor = prl_field_integer(L, t, "anchor", &spec->anchor);
        if (spec->id_step < 1)
            luaL_error(L, "interval: must be 1 or more");
        return;
    }
    if (!prl_field_interval(L, t, "interval", &spec->interval))
        luaL_error(L, "interval: is required");
    if (prl_raw_field(L, t, "anchor") != LUA_TNIL) {
        if (prl_to_time(L, -1) == NULL)
            luaL_error(L, "anchor: is not a time");
        spec->has_anchor = true;
        spec->anchor = *prl_to_time(L, -1);
    }
    lua_pop(L, 1);
}

static void
check_least(lua_State *L, const char *name, int64_t value, int64_t least)
{
    if (value < least)
        luaL_error(L, "%s: must be %I or more", name, (LUAI_UACINT) least);
}

static void
read_numbers(lua_State *L, int t, prt_spec *spec)
{
    int64_t retries = spec->retries;
    prl_field_integer(L, t, "premake", &spec->premake);
    prl_field_integer(L, t, "backfill", &spec->backfill);
    prl_field_integer(L, t, "max_create", &spec->max_create);
    prl_field_integer(L, t, "lock_timeout", &spec->lock_timeout_ms);
    prl_field_integer(L, t, "statement_timeout", &spec->statement_timeout_ms);
    prl_field_integer(L, t, "retries", &retries);
    check_least(L, "premake", spec->premake, 0);
    check_least(L, "backfill", spec->backfill, 0);
    check_least(L, "max_create", spec->max_create, 1);
    check_least(L, "lock_timeout", spec->lock_timeout_ms, 1);
    check_least(L, "statement_timeout", spec->statement_timeout_ms, 1);
    check_least(L, "retries", retries, 0);
    spec->retries = retries > 1000 ? 1000 : (int) retries;
}

static void
read_cleanup(lua_State *L, int t, prt_arena *arena, prt_spec *spec)
{
    int type = prl_raw_field(L, t, "cleanup"), top = lua_gettop(L);
    if (type == LUA_TSTRING && strcmp(lua_tostring(L, -1), "drop") == 0)
        spec->cleanup = PRT_CLEANUP_DROP;
    else if (type == LUA_TSTRING && strcmp(lua_tostring(L, -1), "detach") == 0)
        spec->cleanup = PRT_CLEANUP_DETACH;
    else if (type == LUA_TTABLE && prl_field_text(L, top, "schema", arena, &spec->cleanup_schema)) {
        spec->cleanup = PRT_CLEANUP_MOVE;
        prl_field_boolean(L, top, "indexes", &spec->cleanup_indexes);
    } else if (type != LUA_TNIL)
        luaL_error(L, "cleanup: is neither \"drop\", \"detach\" nor { schema = ... }");
    lua_settop(L, top - 1);
}

static void
read_max_drop(lua_State *L, int t, prt_max_drop *out)
{
    int type = prl_raw_field(L, t, "max_drop");
    const char *text = type == LUA_TSTRING ? lua_tostring(L, -1) : "";
    char *end;
    long percent = strtol(text, &end, 10);
    if (type == LUA_TNUMBER && lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 0)
        *out = (prt_max_drop) {.kind = PRT_DROP_COUNT, .amount = lua_tointeger(L, -1)};
    else if (strcmp(text, "all") == 0)
        *out = (prt_max_drop) {.kind = PRT_DROP_ALL};
    else if (end != text && strcmp(end, "%") == 0 && percent >= 0 && percent <= 100)
        *out = (prt_max_drop) {.kind = PRT_DROP_PERCENT, .amount = percent};
    else if (type != LUA_TNIL)
        luaL_error(L, "max_drop: is neither a share, a number nor \"all\"");
    lua_pop(L, 1);
}

static void
read_retirement(lua_State *L, int t, prt_arena *arena, prt_spec *spec, prl_hooks *hooks)
{
    int type = prl_raw_field(L, t, "retention");
    if (type == LUA_TFUNCTION)
        hooks->retention = (lua_pushvalue(L, -1), luaL_ref(L, LUA_REGISTRYINDEX));
    else if (type != LUA_TNIL)
        prl_read_retention(L, lua_gettop(L), &spec->retention);
    lua_pop(L, 1);
    read_cleanup(L, t, arena, spec);
    if (type != LUA_TNIL && spec->cleanup == PRT_CLEANUP_NONE)
        luaL_error(L, "cleanup: is required with `retention`");
    prl_field_interval(L, t, "grace", &spec->grace);
    read_max_drop(L, t, &spec->max_drop);
    prl_field_function(L, t, "hold", &hooks->hold);
}

static void
read_archive(lua_State *L, int t, prt_arena *arena, prt_spec *spec, prl_hooks *hooks)
{
    if (prl_raw_field(L, t, "archive") == LUA_TFUNCTION)
        hooks->archive = (lua_pushvalue(L, -1), luaL_ref(L, LUA_REGISTRYINDEX));
    else
        prl_read_archive_choice(L, lua_gettop(L), arena, &spec->archive);
    lua_pop(L, 1);
}

static void
read_default(lua_State *L, int t, prt_arena *arena, prt_default *out)
{
    const char *text;
    if (!prl_field_text(L, t, "default", arena, &text))
        return;
    if (strcmp(text, "create") == 0)
        *out = PRT_DEFAULT_CREATE;
    else if (strcmp(text, "drain") == 0)
        *out = PRT_DEFAULT_DRAIN;
    else if (strcmp(text, "ignore") != 0)
        luaL_error(L, "default: is none of \"ignore\", \"create\" and \"drain\"");
}

/* Storage parameters in the order of their names: a plan does not depend on the order of a Lua table. */
static void
read_storage(lua_State *L, int t, prt_arena *arena, prt_spec *spec)
{
    int top = lua_gettop(L);
    size_t count = 0;
    if (prl_raw_field(L, t, "storage") == LUA_TTABLE) {
        for (lua_pushnil(L); lua_next(L, top + 1); lua_pop(L, 1))
            count++;
        spec->storage = prt_arena_array(arena, count + 1, sizeof *spec->storage);
        for (lua_pushnil(L); lua_next(L, top + 1);) {
            const char *value = prl_pop_text(L, arena, "storage");
            lua_pushvalue(L, -1);
            prt_storage parameter = {prl_pop_text(L, arena, "storage"), value};
            size_t i = spec->storage_length++;
            for (; i > 0 && strcmp(spec->storage[i - 1].name, parameter.name) > 0; i--)
                spec->storage[i] = spec->storage[i - 1];
            spec->storage[i] = parameter;
        }
    }
    lua_settop(L, top);
}

static void
read_inherit(lua_State *L, int t, prt_arena *arena, prt_spec *spec)
{
    const char **names;
    size_t length;
    if (!prl_field_texts(L, t, "inherit", arena, &names, &length))
        return;
    for (size_t i = 0; i < length; i++) {
        spec->inherit_privileges |= strcmp(names[i], "privileges") == 0;
        spec->inherit_rls |= strcmp(names[i], "rls") == 0;
    }
}

static void
read_looks(lua_State *L, int t, prt_arena *arena, prt_spec *spec, prl_hooks *hooks)
{
    if (prl_raw_field(L, t, "naming") == LUA_TFUNCTION)
        hooks->naming = (lua_pushvalue(L, -1), luaL_ref(L, LUA_REGISTRYINDEX));
    else if (!lua_isnil(L, -1))
        spec->naming.text = (lua_pushvalue(L, -1), prl_pop_text(L, arena, "naming"));
    lua_pop(L, 1);
    read_default(L, t, arena, &spec->default_partition);
    prl_field_text(L, t, "template", arena, &spec->template_table);
    prl_field_text(L, t, "tablespace", arena, &spec->tablespace);
    read_storage(L, t, arena, spec);
    read_inherit(L, t, arena, spec);
    spec->has_analyze = prl_field_interval(L, t, "analyze", &spec->analyze);
}

static void
read_alert(lua_State *L, int t, prt_spec *spec)
{
    int top = lua_gettop(L);
    if (prl_raw_field(L, t, "alert") == LUA_TTABLE) {
        spec->has_alert_runway = prl_field_interval(L, top + 1, "runway", &spec->alert_runway);
        prl_field_integer(L, top + 1, "partition_bytes", &spec->alert_partition_bytes);
        prl_field_integer(L, top + 1, "default_rows", &spec->alert_default_rows);
    }
    lua_settop(L, top);
}

static void
read_zone(lua_State *L, int t, request *r)
{
    const char *name;
    char *bytes;
    size_t length;
    if (!prl_field_text(L, t, "timezone", r->arena, &name) || strcmp(name, "UTC") == 0)
        return;
    if (!prt_tzdata_read(r->arena, name, &bytes, &length, r->err) ||
        !prt_zone_parse(r->arena, name, bytes, length, &r->spec->zone, r->err))
        luaL_error(L, "timezone: %s", r->err->message);
}

static void
read_all(lua_State *L, int t, request *r)
{
    prt_spec *spec = r->spec;
    read_tables(L, t, r->arena, spec);
    read_identity(L, t, r->arena, spec);
    read_key(L, t, r->arena, &spec->key, r->hooks);
    read_zone(L, t, r);
    read_grid(L, t, spec);
    read_numbers(L, t, spec);
    read_retirement(L, t, r->arena, spec, r->hooks);
    read_archive(L, t, r->arena, spec, r->hooks);
    prl_read_tenant(L, t, r->arena, spec);
    prl_read_purge(L, t, spec);
    prl_read_subpartition(L, t, r->arena, spec);
    read_looks(L, t, r->arena, spec, r->hooks);
    read_alert(L, t, spec);
    for (int i = 0; i < PRT_HOOK_COUNT; i++)
        prl_field_function(L, t, prt_hook_names[i], &r->hooks->actions[i]);
}

static int
read_body(lua_State *L)
{
    request *r = lua_touserdata(L, 1);
    luaL_checkstack(L, 30, NULL);
    if (!prl_is_policy(L, 2))
        return luaL_error(L, "a %s is no policy: partrun.policy { ... } makes one", luaL_typename(L, 2));
    if (!push_meta(L, 2, "__index", LUA_TTABLE))
        return luaL_error(L, "this policy was not made by partrun.policy");
    r->hooks->L = prl_hooks_state(L);
    read_all(L, lua_gettop(L), r);
    return 0;
}

bool
prl_spec_read(lua_State *L, int index, prt_arena *arena, prt_spec *spec, prt_error *err)
{
    prt_error ignored = {0}, cause = {0};
    request r = {.arena = arena, .spec = spec, .hooks = PRT_NEW(arena, prl_hooks), .err = &ignored};
    prt_spec_init(spec);
    index = lua_absindex(L, index);
    if (!lua_checkstack(L, 5))
        return prt_fail(err, PRT_ERR_LIMIT, "too many calls inside calls");
    lua_pushcfunction(L, read_body);
    lua_pushlightuserdata(L, &r);
    lua_pushvalue(L, index);
    if (prl_call(L, 2, 0, PRL_INHERIT, &cause) != PRL_OK) {
        prt_fail(err, cause.code == PRT_ERR_LUA ? PRT_ERR_POLICY : cause.code, "%s", cause.message);
        return prt_fail_hint(err, "%s", cause.hint);
    }
    prl_hooks_install(r.hooks, spec);
    return true;
}

static void
release(lua_State *L, int reference)
{
    if (reference != 0)
        luaL_unref(L, LUA_REGISTRYINDEX, reference);
}

void
prl_spec_release(lua_State *L, const prt_spec *spec)
{
    const prl_hooks *hooks = spec->hooks.data;
    if (hooks == NULL)
        return;
    release(L, hooks->retention);
    release(L, hooks->hold);
    release(L, hooks->archive);
    release(L, hooks->naming);
    release(L, hooks->encode);
    release(L, hooks->decode);
    for (int i = 0; i < PRT_HOOK_COUNT; i++)
        release(L, hooks->actions[i]);
}
