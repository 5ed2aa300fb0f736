#include "lua/plan_view.h"

#include <inttypes.h>
#include <lauxlib.h>

#include "archive/archiver.h"
#include "lua/box.h"
#include "lua/db.h"
#include "lua/host.h"
#include "lua/plan_options.h"
#include "lua/plan_result.h"
#include "lua/spec.h"
#include "model/plan_text.h"
#include "pg/run.h"

static const char *const view_type = "partrun.plan";

/* A plan with all it was made from. The db and the policies are the userdata's user values. */
typedef struct plan_view {
    prt_arena *arena;
    const prt_spec **specs;
    size_t length;
    prt_run_options options;
    prt_plan *plan;
} plan_view;

enum { VALUE_DB = 1, VALUE_POLICIES, USER_VALUES = VALUE_POLICIES };

static plan_view *
check_view(lua_State *L, const char *method)
{
    plan_view *view = luaL_testudata(L, 1, view_type);
    if (view == NULL)
        luaL_error(L, "call it with a colon, plan:%s(...): the first value is a %s", method, luaL_typename(L, 1));
    return view;
}

static int
view_gc(lua_State *L)
{
    plan_view *view = lua_touserdata(L, 1);
    for (size_t i = 0; i < view->length && view->specs[i] != NULL; i++)
        prl_spec_release(L, view->specs[i]);
    prt_arena_free(view->arena);
    *view = (plan_view) {0};
    return 0;
}

static int
view_operations(lua_State *L)
{
    const plan_view *view = check_view(L, "operations");
    prl_push_operations(L, view->plan, NULL);
    return 1;
}

static int
view_findings(lua_State *L)
{
    const plan_view *view = check_view(L, "findings");
    prl_push_findings(L, view->plan);
    return 1;
}

static int
view_sets(lua_State *L)
{
    const plan_view *view = check_view(L, "sets");
    prl_push_sets(L, view->plan);
    return 1;
}

static int
append(const char *bytes, size_t length, void *out)
{
    prt_buf_mem(out, bytes, length);
    return 0;
}

/* What `partrun plan --format json` prints. */
static int
view_json(lua_State *L)
{
    const plan_view *view = check_view(L, "json");
    prt_buf out;
    prt_buf_init(&out, prl_arena_box(L));
    json_t *json = prt_plan_json(view->plan);
    int failed = json_dump_callback(json, append, &out, JSON_COMPACT);
    json_decref(json);
    if (failed)
        return luaL_error(L, "the plan could not be written as JSON");
    lua_pushlstring(L, out.data, out.length);
    return 1;
}

static int
view_tostring(lua_State *L)
{
    const plan_view *view = check_view(L, "tostring");
    prt_buf out;
    prt_buf_init(&out, prl_arena_box(L));
    (view->options.plan.checking ? prt_check_text : prt_plan_text)(&out, view->plan, NULL);
    while (out.length > 0 && out.data[out.length - 1] == '\n') /* print adds one */
        out.length--;
    lua_pushlstring(L, out.data, out.length);
    return 1;
}

/* Applies under a host whose ctx.db goes to the same database; nothing in between raises. */
static bool
apply(lua_State *L, const plan_view *view, prl_db *db, prt_conn *conn, prt_arena *arena, const prt_run_options *options,
      prt_result **result, prt_error *err)
{
    const prl_host *outer = prl_host_get(L);
    prl_host host = *outer;
    prt_store_options store = {.log = outer->log, .interrupt = outer->interrupt, .retries = -1};
    prt_archiver archiver = prt_archiver_of(&store);
    prt_run_options with = *options;
    with.archiver = &archiver;
    host.push_db = prl_push_sibling;
    host.data = NULL;
    prl_host_set(L, &host);
    prl_db_set_busy(db, true);
    bool ok = prt_run_apply(conn, arena, view->specs, view->length, &with, result, err);
    prl_db_set_busy(db, false);
    prl_host_set(L, outer);
    return ok;
}

static int
view_apply(lua_State *L)
{
    const plan_view *view = check_view(L, "apply");
    if (view->options.plan.checking)
        return luaL_error(L, "what partrun.check returns cannot be applied; make a plan with partrun.plan");
    lua_settop(L, 2);
    prt_run_options options = view->options;
    options.fingerprint = view->plan->fingerprint;
    prl_apply_options(L, 2, &options);
    lua_getiuservalue(L, 1, VALUE_DB);
    prl_db *db = prl_check_db(L, 3, NULL);
    if (prl_db_in_transaction(db))
        return luaL_error(L, "a plan cannot be applied inside a transaction: it makes its own");
    prt_error err = {0};
    prt_conn *conn = prl_db_conn(db, &err);
    if (conn == NULL)
        return prl_db_failure(L, &err);

    prt_arena *arena = prl_arena_box(L);
    prt_result *result = NULL;
    prl_hook_source(L, 3);
    bool ok = apply(L, view, db, conn, arena, &options, &result, &err);
    lua_pushnil(L);
    prl_hook_source(L, -1);
    if (ok) {
        prl_push_result(L, result);
        prl_arena_done(L, 4);
        return 1;
    }
    lua_settop(L, 4);
    prl_failure(L, &err);
    lua_settop(L, 7);
    if (result == NULL)
        return 3;
    prl_push_result(L, result);
    return 4;
}

static plan_view *
push_view(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", view_gc}, {"__tostring", view_tostring}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"operations", view_operations},
                                       {"findings", view_findings},
                                       {"sets", view_sets},
                                       {"json", view_json},
                                       {"apply", view_apply},
                                       {NULL, NULL}};
    plan_view *view = lua_newuserdatauv(L, sizeof *view, USER_VALUES);
    *view = (plan_view) {0};
    prl_set_type(L, view_type, meta, methods);
    view->arena = prt_arena_new();
    return view;
}

/* Reads one policy, which is on the top of the stack, as view->specs[i]. */
static bool
read_spec(lua_State *L, plan_view *view, size_t i, prt_error *err)
{
    prt_spec *spec = PRT_NEW(view->arena, prt_spec);
    view->specs[i] = spec;
    return prl_spec_read(L, lua_gettop(L), view->arena, spec, err);
}

/* The second argument: a policy or a list of them. */
static bool
read_specs(lua_State *L, plan_view *view, prt_error *err)
{
    bool one = prl_is_policy(L, 2);
    if (!one && (!lua_istable(L, 2) || lua_rawlen(L, 2) == 0))
        luaL_typeerror(L, 2, "policy or list of policies");
    view->length = one ? 1 : (size_t) lua_rawlen(L, 2);
    view->specs = prt_arena_array(view->arena, view->length, sizeof(prt_spec *));
    for (size_t i = 0; i < view->length; i++) {
        if (one)
            lua_pushvalue(L, 2);
        else
            lua_rawgeti(L, 2, (lua_Integer) i + 1);
        if (!prl_is_policy(L, -1))
            luaL_argerror(L, 2,
                          lua_pushfstring(L, "item %I is a %s, not a policy: make it with partrun.policy {...}",
                                          (LUAI_UACINT) i + 1, luaL_typename(L, -1)));
        if (!read_spec(L, view, i, err))
            return false;
        lua_pop(L, 1);
    }
    return true;
}

/* Decision hooks run in here; nothing raises. */
static bool
run_plan(plan_view *view, prl_db *db, prt_conn *conn, bool deep, prt_error *err)
{
    prl_db_set_busy(db, true);
    bool ok = prt_run_plan(conn, view->arena, view->specs, view->length, &view->options, &view->plan, err) &&
              (!deep || prt_run_deep(conn, view->plan, err));
    prl_db_set_busy(db, false);
    return ok;
}

static int
make(lua_State *L, bool checking)
{
    prl_db *db = prl_check_db(L, 1, NULL);
    if (prl_db_in_transaction(db))
        return luaL_error(L, "a plan cannot be made inside a transaction: it reads in its own");
    lua_settop(L, 3);
    plan_view *view = push_view(L);
    for (int i = VALUE_DB; i <= VALUE_POLICIES; i++) {
        lua_pushvalue(L, i);
        lua_setiuservalue(L, 4, i);
    }
    bool deep;
    prl_plan_options(L, 3, checking, view->arena, &view->options, &deep);
    prt_error err = {0};
    if (!read_specs(L, view, &err))
        return prl_failure(L, &err);
    prt_conn *conn = prl_db_conn(db, &err);
    if (conn == NULL || !run_plan(view, db, conn, deep, &err))
        return prl_db_failure(L, &err);
    lua_settop(L, 4);
    return 1;
}

int
prl_plan(lua_State *L)
{
    return make(L, false);
}

int
prl_check(lua_State *L)
{
    return make(L, true);
}
