#include "lua/db_archive.h"

#include <lauxlib.h>

#include "archive/by_hand.h"
#include "lua/box.h"
#include "lua/db.h"
#include "lua/pg.h"
#include "lua/values.h"
#include "model/ident.h"

/* An option's text, which its table keeps alive; NULL: not given. */
static const char *
text_option(lua_State *L, int index, const char *name)
{
    if (!lua_istable(L, index) || lua_getfield(L, index, name) == LUA_TNIL)
        return NULL;
    if (lua_type(L, -1) != LUA_TSTRING)
        luaL_argerror(L, index, lua_pushfstring(L, "%s is a text", name));
    const char *text = lua_tostring(L, -1);
    lua_pop(L, 1);
    return text;
}

static bool
flag_option(lua_State *L, int index, const char *name)
{
    if (!lua_istable(L, index) || lua_getfield(L, index, name) == LUA_TNIL)
        return false;
    if (!lua_isboolean(L, -1))
        luaL_argerror(L, index, lua_pushfstring(L, "%s is true or false", name));
    bool value = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

/* { "id", "body" }; NULL: not given. */
static const char *const *
columns_option(lua_State *L, int index, prt_arena *arena)
{
    if (!lua_istable(L, index) || lua_getfield(L, index, "columns") == LUA_TNIL)
        return NULL;
    size_t length = lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
    if (length == 0)
        luaL_argerror(L, index, "columns is a list of names");
    const char **names = prt_arena_array(arena, length + 1, sizeof *names);
    for (size_t i = 0; i < length; i++) {
        if (lua_rawgeti(L, -1, (lua_Integer) i + 1) != LUA_TSTRING)
            luaL_argerror(L, index, "columns is a list of names");
        names[i] = prt_arena_strdup(arena, lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return names;
}

static prt_archive_options
store_options(lua_State *L, int index)
{
    const prl_pg_options *defaults = prl_pg_get(L);
    prt_archive_options options = {
        .store = {.log = defaults->conn.log, .interrupt = defaults->conn.interrupt, .retries = -1},
        .lock_timeout_ms = defaults->lock_timeout_ms,
    };
    if (lua_istable(L, index) && lua_getfield(L, index, "lock_timeout") != LUA_TNIL) {
        const prt_interval interval = prl_check_interval(L, lua_gettop(L));
        options.lock_timeout_ms = prt_interval_usec(&interval) / PRT_USEC_PER_MSEC;
        if (options.lock_timeout_ms < 1)
            luaL_argerror(L, index, "lock_timeout is at least a millisecond");
    }
    return options;
}

static prl_db *
check_db(lua_State *L, const char *what)
{
    prl_db *db = prl_check_db(L, 1, NULL);
    if (prl_db_in_transaction(db))
        luaL_error(L, "%s cannot be part of a transaction: it has its own", what);
    return db;
}

static void
set_text(lua_State *L, const char *name, const char *text)
{
    lua_pushstring(L, text); /* nil for NULL */
    lua_setfield(L, -2, name);
}

static void
set_number(lua_State *L, const char *name, int64_t number)
{
    lua_pushinteger(L, number);
    lua_setfield(L, -2, name);
}

int
prl_archive(lua_State *L)
{
    static const char *const names[] = {"columns", "format", NULL};
    prl_db *db = check_db(L, "an archive");
    const char *table = luaL_checkstring(L, 2), *url = luaL_checkstring(L, 3);
    prl_check_options(L, 4, names);
    lua_settop(L, 4);
    prt_arena *arena = prl_arena_box(L);
    const char *const *columns = columns_option(L, 4, arena);
    const char *format = text_option(L, 4, "format");
    const prt_archive_options options = store_options(L, 5);
    prt_archive_request request;
    prt_archive_result result;
    prt_error err = {0};
    prt_conn *conn = prl_db_conn(db, &err);
    if (conn == NULL)
        return prl_db_failure(L, &err);
    if (!prt_archive_by_hand(conn, arena, table, &request, &err))
        return prl_failure(L, &err);
    request.url = url;
    request.format = format;
    request.columns = columns;
    if (!prt_archive_table(conn, arena, &request, &options, &result, &err))
        return prl_failure(L, &err);
    lua_createtable(L, 0, 5);
    set_text(L, "url", result.url);
    set_number(L, "rows", result.rows);
    set_number(L, "bytes", result.bytes);
    set_text(L, "sha256", result.sha256);
    lua_pushboolean(L, result.resumed);
    lua_setfield(L, -2, "resumed");
    prl_arena_done(L, 5);
    return 1;
}

static prt_restore_request
restore_request(lua_State *L, prt_arena *arena)
{
    prt_error err = {0};
    prt_restore_request request = {
        .url = luaL_checkstring(L, 2), .attach = flag_option(L, 3, "attach"), .parent = text_option(L, 3, "parent")};
    const char *into = text_option(L, 3, "into");
    if (request.parent != NULL && !request.attach)
        luaL_argerror(L, 3, "parent goes with attach = true");
    if (into != NULL && !prt_ident_parse(arena, into, &request.schema, &request.name, &err))
        luaL_argerror(L, 3, lua_pushfstring(L, "into: %s", err.message));
    if (into != NULL && request.schema == NULL)
        request.schema = "public";
    return request;
}

int
prl_restore(lua_State *L)
{
    static const char *const names[] = {"into", "attach", "parent", "lock_timeout", NULL};
    prl_db *db = check_db(L, "a restore");
    luaL_checkstring(L, 2);
    prl_check_options(L, 3, names);
    lua_settop(L, 3);
    prt_arena *arena = prl_arena_box(L);
    const prt_restore_request request = restore_request(L, arena);
    const prt_archive_options options = store_options(L, 3);
    prt_restore_result result;
    prt_error err = {0};
    prt_conn *conn = prl_db_conn(db, &err);
    if (conn == NULL)
        return prl_db_failure(L, &err);
    if (!prt_archive_restore(conn, arena, &request, &options, &result, &err))
        return prl_failure(L, &err);
    lua_createtable(L, 0, 5);
    set_text(L, "table", prt_ident_display(arena, result.schema, result.name));
    set_text(L, "schema", result.schema);
    set_text(L, "name", result.name);
    set_number(L, "rows", result.rows);
    set_text(L, "parent", result.parent);
    prl_arena_done(L, 4);
    return 1;
}
