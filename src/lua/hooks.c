#include "lua/hooks.h"

#include <lauxlib.h>
#include <string.h>

#include "lua/archive_choice.h"
#include "lua/call.h"
#include "lua/convert.h"
#include "lua/host.h"
#include "lua/http.h"
#include "lua/log.h"
#include "lua/spec_tenant.h"
#include "lua/values.h"

enum { LONGEST_RESULT = 1000 }; /* bytes of a name or a bound */

/* Their addresses are keys of the registry. */
static const char thread_key = 0, log_key = 0, http_key = 0;

/* One call: what goes in, and where the result goes. Everything with Lua happens inside prl_call. */
typedef struct request {
    const prl_hooks *hooks;
    int function;
    const char *schema, *table;
    const prt_tenant *tenant; /* its row; NULL: none, or ... */
    const char *tenant_id;    /* ... only its id is known; NULL: none */
    const prt_instant *now;   /* NULL: this hook is not told */
    bool ids;
    const prt_hook_partition *partition;
    const prt_error *cause;
    bool acts;
    const prt_range *range;
    prt_instant at;
    const char *text;
    prt_arena *arena;
    void *out;
} request;

lua_State *
prl_hooks_state(lua_State *L)
{
    if (prl_is_guarded(L))
        return L;
    /* A thread of its own: a script may ask for a plan from inside a coroutine. */
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &thread_key) != LUA_TTHREAD) {
        lua_pop(L, 1);
        lua_newthread(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &thread_key);
    }
    lua_State *thread = lua_tothread(L, -1);
    lua_pop(L, 1);
    return thread;
}

/* Tables that all policies of a state share are closed to them. */
static void
push_shared(lua_State *L, const void *key)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, key) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    const prl_host *host = prl_host_get(L);
    if (key == &log_key)
        prl_open_log(L, host->log);
    else
        prl_open_http(L, host->interrupt);
    prl_protect(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

static void
push_db(lua_State *L)
{
    const prl_host *host = prl_host_get(L);
    prt_error err = {0};
    if (host->push_db == NULL)
        lua_pushnil(L);
    else if (!host->push_db(host->data, L, &err))
        luaL_error(L, "%s", err.message);
}

static void
push_context(lua_State *L, const request *r)
{
    lua_createtable(L, 0, 9);
    if (r->now != NULL) {
        prl_push_time(L, *r->now);
        lua_setfield(L, -2, "now");
    }
    lua_pushstring(L, r->hooks->spec->name);
    lua_setfield(L, -2, "policy");
    lua_createtable(L, 0, 2);
    lua_pushstring(L, r->schema);
    lua_setfield(L, -2, "schema");
    lua_pushstring(L, r->table);
    lua_setfield(L, -2, "name");
    lua_setfield(L, -2, "table");
    prl_push_tenant(L, r->tenant, r->tenant_id);
    lua_setfield(L, -2, "tenant");
    push_shared(L, &log_key);
    lua_setfield(L, -2, "log");
    if (!r->acts)
        return;
    push_shared(L, &http_key);
    lua_setfield(L, -2, "http");
    push_db(L);
    lua_setfield(L, -2, "db");
}

static void
set_amount(lua_State *L, const char *name, int64_t amount)
{
    if (amount < 0)
        return;
    lua_pushinteger(L, amount);
    lua_setfield(L, -2, name);
}

static void
push_partition(lua_State *L, const request *r)
{
    const prt_hook_partition *p = r->partition;
    if (p == NULL) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, 0, 9);
    lua_pushstring(L, p->schema);
    lua_setfield(L, -2, "schema");
    lua_pushstring(L, p->name);
    lua_setfield(L, -2, "name");
    prl_push_pos(L, r->ids, p->range.from.pos);
    lua_setfield(L, -2, "from");
    prl_push_pos(L, r->ids, p->range.to.pos);
    lua_setfield(L, -2, "to");
    set_amount(L, "bytes", p->bytes);
    set_amount(L, "rows", p->rows);
    lua_pushstring(L, p->state);
    lua_setfield(L, -2, "state");
    lua_pushstring(L, p->tenant); /* NULL: nil */
    lua_setfield(L, -2, "tenant");
    prl_push_archive_result(L, p->archive);
    lua_setfield(L, -2, "archive");
}

/* Starts a protected body: the request, with the hook's function pushed. */
static request *
enter(lua_State *L)
{
    request *r = lua_touserdata(L, 1);
    luaL_checkstack(L, 20, NULL);
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->function);
    return r;
}

static bool
run(request *r, lua_CFunction body, const char *hook, prt_error *err)
{
    lua_State *L = r->hooks->L;
    prt_error cause = {0};
    if (!lua_checkstack(L, 4))
        return prt_fail(err, PRT_ERR_LIMIT, "policy \"%s\": %s: too many calls inside calls", r->hooks->spec->name,
                        hook);
    lua_pushcfunction(L, body);
    lua_pushlightuserdata(L, r);
    if (prl_call(L, 1, 0, r->acts ? PRL_ACTION : PRL_DECISION, &cause) == PRL_OK)
        return true;
    prt_fail(err, cause.code, "policy \"%s\": %s: %s", r->hooks->spec->name, hook, cause.message);
    if (cause.hint[0] != '\0')
        prt_fail_hint(err, "%s", cause.hint);
    return prt_fail_object(err, "%s", r->hooks->spec->name);
}

static bool
knows_ids(const prl_hooks *hooks, const prt_key *key)
{
    return key == NULL ? hooks->spec->by_id : !prt_key_is_time(key);
}

/* Of a tenant that nobody knows any more only the id is left. `partition`: NULL where the hook is told of none. */
static request
from_context(const prl_hooks *hooks, int function, const prt_hook_context *context, const prt_hook_partition *partition)
{
    return (request) {.hooks = hooks,
                      .function = function,
                      .schema = context->schema,
                      .table = context->table,
                      .tenant = context->tenant,
                      .tenant_id = partition == NULL ? NULL : partition->tenant,
                      .partition = partition,
                      .now = &context->now,
                      .ids = knows_ids(hooks, context->key)};
}

/* ------------------------------------------------------------------------------------------------ retention */

void
prl_read_retention(lua_State *L, int t, prt_retention *out)
{
    int kinds = 0;
    luaL_checktype(L, t, LUA_TTABLE);
    *out = (prt_retention) {.kind = PRT_KEEP};
    if (prl_field_interval(L, t, "age", &out->age))
        out->kind = PRT_KEEP_AGE, kinds++;
    if (prl_field_integer(L, t, "ids", &out->amount))
        out->kind = PRT_KEEP_IDS, kinds++;
    if (prl_field_integer(L, t, "partitions", &out->amount))
        out->kind = PRT_KEEP_COUNT, kinds++;
    if (prl_field_integer(L, t, "bytes", &out->amount))
        out->kind = PRT_KEEP_BYTES, kinds++;
    bool empty = out->kind == PRT_KEEP_AGE ? prt_interval_is_zero(&out->age)
                                           : out->amount < (out->kind == PRT_KEEP_COUNT ? 0 : 1);
    if (kinds != 1 || empty)
        luaL_error(L, "retention: is not in its normal form");
}

static int
retention_body(lua_State *L)
{
    const request *r = enter(L);
    push_context(L, r);
    lua_call(L, 1, 1);
    if (lua_isnil(L, -1))
        *(prt_retention *) r->out = (prt_retention) {.kind = PRT_KEEP};
    else
        prl_read_retention(L, lua_gettop(L), r->out);
    return 0;
}

static bool
decide_retention(void *data, const prt_hook_context *context, prt_retention *out, prt_error *err)
{
    const prl_hooks *hooks = data;
    request r = from_context(hooks, hooks->retention, context, NULL);
    r.out = out;
    return run(&r, retention_body, "retention", err);
}

/* ------------------------------------------------------------------------------------------------ hold */

static int
hold_body(lua_State *L)
{
    const request *r = enter(L);
    push_context(L, r);
    push_partition(L, r);
    lua_call(L, 2, 1);
    if (!lua_isboolean(L, -1) && !lua_isnil(L, -1))
        return luaL_error(L, "returned a %s, not true or false", luaL_typename(L, -1));
    *(bool *) r->out = lua_toboolean(L, -1);
    return 0;
}

static bool
decide_hold(void *data, const prt_hook_context *context, const prt_hook_partition *partition, bool *out, prt_error *err)
{
    const prl_hooks *hooks = data;
    request r = from_context(hooks, hooks->hold, context, partition);
    r.out = out;
    return run(&r, hold_body, "hold", err);
}

/* ------------------------------------------------------------------------------------------------ archive */

static int
archive_body(lua_State *L)
{
    const request *r = enter(L);
    push_context(L, r);
    push_partition(L, r);
    lua_call(L, 2, 1);
    prl_read_archive_choice(L, lua_gettop(L), r->arena, r->out);
    return 0;
}

static bool
decide_archive(void *data, const prt_hook_context *context, const prt_hook_partition *partition, prt_arena *arena,
               prt_archive_choice *out, prt_error *err)
{
    const prl_hooks *hooks = data;
    request r = from_context(hooks, hooks->archive, context, partition);
    r.arena = arena;
    r.out = out;
    return run(&r, archive_body, "archive", err);
}

/* ------------------------------------------------------------------------------------------------ actions */

static int
action_body(lua_State *L)
{
    const request *r = enter(L);
    push_context(L, r);
    push_partition(L, r);
    if (r->cause != NULL)
        lua_pushstring(L, r->cause->message);
    else
        lua_pushnil(L);
    lua_call(L, 3, 0);
    return 0;
}

static bool
act(void *data, prt_hook hook, const prt_hook_context *context, const prt_hook_partition *partition,
    const prt_error *cause, prt_error *err)
{
    const prl_hooks *hooks = data;
    if (hooks->actions[hook] == 0)
        return true;
    request r = from_context(hooks, hooks->actions[hook], context, partition);
    r.cause = cause;
    r.acts = true;
    return run(&r, action_body, prt_hook_names[hook], err);
}

/* ------------------------------------------------------------------------------------------------ names, codecs */

/* The text that the hook returned, copied out. */
static void
take_text(lua_State *L, const request *r)
{
    if (lua_type(L, -1) != LUA_TSTRING)
        luaL_error(L, "returned a %s, not a string", luaL_typename(L, -1));
    if (lua_rawlen(L, -1) == 0 || lua_rawlen(L, -1) > LONGEST_RESULT)
        luaL_error(L, "returned a string of %I bytes", (LUAI_UACINT) lua_rawlen(L, -1));
    *(const char **) r->out = prl_pop_text(L, r->arena, "the string that was returned");
}

static int
naming_body(lua_State *L)
{
    const request *r = enter(L);
    push_context(L, r);
    prl_push_range(L, r->ids, r->range->from.pos, r->range->to.pos);
    lua_call(L, 2, 1);
    take_text(L, r);
    return 0;
}

/* Names do not depend on when they are made: the function is not told the time. */
static bool
make_name(void *data, prt_arena *arena, const prt_name_input *input, const char **name, prt_error *err)
{
    const prl_hooks *hooks = data;
    request r = {.hooks = hooks,
                 .function = hooks->naming,
                 .schema = input->schema,
                 .table = input->table,
                 .tenant_id = input->tenant,
                 .ids = knows_ids(hooks, input->key),
                 .range = &input->range,
                 .arena = arena,
                 .out = name};
    return run(&r, naming_body, "naming", err);
}

static int
encode_body(lua_State *L)
{
    const request *r = enter(L);
    prl_push_time(L, r->at);
    lua_call(L, 1, 1);
    take_text(L, r);
    return 0;
}

static bool
encode(void *data, prt_arena *arena, prt_instant at, const char **text, prt_error *err)
{
    const prl_hooks *hooks = data;
    request r = {.hooks = hooks, .function = hooks->encode, .at = at, .arena = arena, .out = text};
    return run(&r, encode_body, "key.encode", err);
}

static int
decode_body(lua_State *L)
{
    const request *r = enter(L);
    lua_pushstring(L, r->text);
    lua_call(L, 1, 1);
    const prt_instant *at = prl_to_time(L, -1);
    if (at == NULL)
        return luaL_error(L, "returned a %s, not a time", luaL_typename(L, -1));
    *(prt_instant *) r->out = *at;
    return 0;
}

static bool
decode(void *data, const char *text, prt_instant *at, prt_error *err)
{
    const prl_hooks *hooks = data;
    request r = {.hooks = hooks, .function = hooks->decode, .text = text, .out = at};
    return run(&r, decode_body, "key.decode", err);
}

void
prl_hooks_install(prl_hooks *hooks, prt_spec *spec)
{
    hooks->spec = spec;
    spec->hooks.data = hooks;
    if (hooks->retention != 0)
        spec->hooks.retention = decide_retention;
    if (hooks->hold != 0)
        spec->hooks.hold = decide_hold;
    if (hooks->archive != 0)
        spec->hooks.archive = decide_archive;
    for (int i = 0; i < PRT_HOOK_COUNT; i++)
        if (hooks->actions[i] != 0)
            spec->hooks.actions |= 1u << i;
    if (spec->hooks.actions != 0)
        spec->hooks.action = act;
    if (hooks->naming != 0) {
        spec->naming.make = make_name;
        spec->naming.data = hooks;
    }
    if (hooks->encode != 0) {
        spec->key.encode = encode;
        spec->key.decode = decode;
        spec->key.codec_data = hooks;
    }
}
