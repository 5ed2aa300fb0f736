#include "lua/db.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "lua/box.h"
#include "lua/db_catalog.h"
#include "lua/param.h"
#include "lua/pg.h"
#include "lua/quote.h"
#include "lua/rows.h"
#include "lua/values.h"
#include "model/interval.h"

enum { MOST_PARAMS = 65535, LOCK_TIMEOUT_MS = 300, HOOK_STATEMENT_TIMEOUT_MS = 30000 };

static const char *const db_type = "partrun.db";
static const char *const transaction_type = "partrun.transaction";
/* Their addresses are keys of the registry: the dbs of prl_push_db by their options, and the db a plan is applied on. */
static const char hook_dbs_key = 0, hook_source_key = 0;

enum { VALUE_DSN = 1, VALUE_NAME, VALUE_SIBLING, USER_VALUES = VALUE_SIBLING };

/* Texts of the options are kept alive by the userdata's user values, or by whoever handed the options in. */
struct prl_db {
    prt_conn *conn; /* NULL: closed, or not open yet */
    prt_conn_options options;
    int64_t lock_ms, statement_ms;
    bool lazy; /* connect on first use */
    bool in_transaction;
    bool busy; /* a plan is made or applied on it: its hooks must not */
};

prl_db *
prl_check_db(lua_State *L, int index, const char *method)
{
    prl_db *db = luaL_testudata(L, index, db_type);
    if (db == NULL && method != NULL)
        luaL_error(L, "call it with a colon, db:%s(...): the first value is a %s", method, luaL_typename(L, index));
    if (db == NULL)
        luaL_typeerror(L, index, "db, as partrun.connect returns it,");
    return db;
}

prt_conn *
prl_db_conn(prl_db *db, prt_error *err)
{
    if (db->busy) {
        prt_fail(err, PRT_ERR_USAGE, "a plan is being made or applied on this connection; hooks have ctx.db");
        return NULL;
    }
    if (db->conn == NULL && !db->lazy) {
        prt_fail(err, PRT_ERR_USAGE, "the connection is closed");
        return NULL;
    }
    if (db->conn == NULL && !prt_conn_open(&db->options, &db->conn, err))
        return NULL;
    return db->conn;
}

void
prl_db_set_busy(prl_db *db, bool busy)
{
    db->busy = busy;
}

bool
prl_db_in_transaction(const prl_db *db)
{
    PGTransactionStatusType status = db->conn != NULL ? PQtransactionStatus(prt_conn_raw(db->conn)) : PQTRANS_IDLE;
    return db->in_transaction || status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

int
prl_db_failure(lua_State *L, const prt_error *err)
{
    return err->code == PRT_ERR_USAGE ? prl_raise(L, err) : prl_failure(L, err);
}

/* The connection, ready for a statement of the user's. */
static prt_conn *
ready(prl_db *db, prt_error *err)
{
    prt_conn *conn = prl_db_conn(db, err);
    if (conn == NULL || !prt_conn_timeouts(conn, db->lock_ms, db->statement_ms, err))
        return NULL;
    return conn;
}

/* Binds the values from index 3 to `top` and runs the statement; the result's box is on the top of the stack. */
static PGresult **
run_statement(lua_State *L, prl_db *db, int top, prt_error *err)
{
    const char *sql = luaL_checkstring(L, 2);
    luaL_checkstack(L, 10, "parameters");
    if (top - 2 > MOST_PARAMS)
        luaL_error(L, "a statement has at most %d parameters", MOST_PARAMS);
    prt_arena *arena = prl_arena_box(L);
    const char **values = prt_arena_array(arena, (size_t) (top > 2 ? top - 2 : 0), sizeof *values);
    for (int i = 3; i <= top; i++)
        values[i - 3] = prl_param_text(L, i, arena);
    PGresult **box = prl_result_box(L);
    prt_conn *conn = ready(db, err);
    bool ok = conn != NULL && prt_query(conn, sql, top - 2, values, box, err);
    prl_arena_done(L, top + 1);
    return ok ? box : NULL;
}

static int
db_query(lua_State *L)
{
    prt_error err = {0};
    PGresult **result = run_statement(L, prl_check_db(L, 1, "query"), lua_gettop(L), &err);
    if (result == NULL || !prl_push_rows(L, *result, &err))
        return prl_db_failure(L, &err);
    prl_result_done(result);
    return 1;
}

static int
db_exec(lua_State *L)
{
    prt_error err = {0};
    PGresult **result = run_statement(L, prl_check_db(L, 1, "exec"), lua_gettop(L), &err);
    if (result == NULL)
        return prl_db_failure(L, &err);
    lua_pushinteger(L, *result == NULL ? 0 : strtoll(PQcmdTuples(*result), NULL, 10));
    prl_result_done(result);
    return 1;
}

/* What rolls back when fn raises: a to-be-closed value, so that the error goes on as it is, with its traceback. */
typedef struct transaction {
    prl_db *db;
} transaction;

static void
rollback(prl_db *db)
{
    prt_error ignored = {0}; /* a lost connection has rolled back already */
    if (db->conn == NULL || PQtransactionStatus(prt_conn_raw(db->conn)) == PQTRANS_IDLE)
        return;
    prt_conn_shield(db->conn, true);
    if (!prt_exec(db->conn, "ROLLBACK", &ignored)) {
        prt_conn_close(db->conn); /* whatever it is in the middle of ends here */
        db->conn = NULL;
        return;
    }
    prt_conn_shield(db->conn, false);
}

static int
transaction_close(lua_State *L)
{
    transaction *t = lua_touserdata(L, 1);
    if (t->db != NULL) {
        t->db->in_transaction = false;
        rollback(t->db);
        t->db = NULL;
    }
    return 0;
}

/* Pushes the guard of a transaction that has begun. */
static transaction *
push_transaction(lua_State *L)
{
    transaction *t = lua_newuserdatauv(L, sizeof *t, 0);
    t->db = NULL;
    if (luaL_newmetatable(L, transaction_type)) {
        lua_pushcfunction(L, transaction_close);
        lua_setfield(L, -2, "__close");
    }
    lua_setmetatable(L, -2);
    lua_toclose(L, -1);
    return t;
}

static bool
commit(prl_db *db, prt_error *err)
{
    switch (PQtransactionStatus(prt_conn_raw(db->conn))) {
    case PQTRANS_INTRANS:
        return prt_exec(db->conn, "COMMIT", err);
    case PQTRANS_INERROR:
        prt_fail(err, PRT_ERR_SQL, "a statement of the transaction failed, so all of it was rolled back");
        return prt_fail_hint(err, "raise on failures inside the function: assert(db:exec(...))");
    case PQTRANS_IDLE:
        return prt_fail(err, PRT_ERR_USAGE, "the transaction was ended inside its function");
    default:
        return prt_fail(err, PRT_ERR_CONNECT, "the connection to the server was lost");
    }
}

static int
db_transaction(lua_State *L)
{
    prl_db *db = prl_check_db(L, 1, "transaction");
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    if (db->in_transaction)
        return luaL_error(L, "a transaction cannot begin inside another one");
    prt_error err = {0};
    prt_conn *conn = ready(db, &err);
    if (prl_db_in_transaction(db))
        return luaL_error(L, "a transaction begun by hand is still open");
    transaction *guard = push_transaction(L);
    if (conn == NULL || !prt_exec(conn, "BEGIN", &err))
        return prl_db_failure(L, &err);
    guard->db = db;
    db->in_transaction = true;

    lua_pushboolean(L, 1);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 1);
    lua_call(L, 1, LUA_MULTRET);
    if (!commit(db, &err))
        return prl_db_failure(L, &err); /* the guard rolls back what is left */
    guard->db = NULL;
    db->in_transaction = false;
    return lua_gettop(L) - 3;
}

static int
db_tables(lua_State *L)
{
    prl_db *db = prl_check_db(L, 1, "tables");
    const char *pattern = luaL_optstring(L, 2, NULL);
    prt_error err = {0};
    PGresult **result = prl_result_box(L);
    prt_conn *conn = ready(db, &err);
    if (conn == NULL || !prt_query_file(conn, "tables", 1, &pattern, result, &err) || !prl_push_rows(L, *result, &err))
        return prl_db_failure(L, &err);
    prl_result_done(result);
    return 1;
}

static int
db_partitions(lua_State *L)
{
    static const char *const options[] = {"bytes", NULL};
    prl_db *db = prl_check_db(L, 1, "partitions");
    const char *table = luaL_checkstring(L, 2);
    prl_check_options(L, 3, options);
    bool bytes = true;
    if (lua_istable(L, 3) && lua_getfield(L, 3, "bytes") != LUA_TNIL)
        bytes = lua_toboolean(L, -1);
    prt_error err = {0};
    prt_conn *conn = ready(db, &err);
    if (conn == NULL || !prl_push_partitions(L, conn, table, bytes, &err))
        return prl_db_failure(L, &err);
    return 1;
}

static int
db_quote_ident(lua_State *L)
{
    prl_check_db(L, 1, "quote_ident");
    lua_remove(L, 1);
    return prl_quote_ident(L);
}

static int
db_quote_literal(lua_State *L)
{
    prl_check_db(L, 1, "quote_literal");
    lua_remove(L, 1);
    return prl_quote_literal(L);
}

static int
db_version(lua_State *L)
{
    prt_error err = {0};
    prt_conn *conn = prl_db_conn(prl_check_db(L, 1, "version"), &err);
    if (conn == NULL)
        return prl_db_failure(L, &err);
    lua_pushinteger(L, prt_conn_version(conn));
    return 1;
}

static int
db_close(lua_State *L)
{
    prl_db *db = prl_check_db(L, 1, "close");
    if (db->in_transaction)
        return luaL_error(L, "a connection cannot be closed inside its transaction");
    if (db->busy)
        return luaL_error(L, "a connection cannot be closed while a plan is made or applied on it");
    prt_conn_close(db->conn);
    db->conn = NULL;
    db->lazy = false;
    return 0;
}

static int
db_gc(lua_State *L)
{
    prl_db *db = lua_touserdata(L, 1);
    prt_conn_close(db->conn);
    db->conn = NULL;
    db->lazy = false;
    return 0;
}

static int
db_tostring(lua_State *L)
{
    const prl_db *db = prl_check_db(L, 1, "tostring");
    if (db->conn != NULL)
        lua_pushfstring(L, "db (%s)", prt_conn_describe(db->conn));
    else
        lua_pushstring(L, db->lazy ? "db (not connected yet)" : "db (closed)");
    return 1;
}

static prl_db *
new_db(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", db_gc}, {"__close", db_gc}, {"__tostring", db_tostring}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"query", db_query},
                                       {"exec", db_exec},
                                       {"transaction", db_transaction},
                                       {"tables", db_tables},
                                       {"partitions", db_partitions},
                                       {"quote_ident", db_quote_ident},
                                       {"quote_literal", db_quote_literal},
                                       {"version", db_version},
                                       {"close", db_close},
                                       {NULL, NULL}};
    prl_db *db = lua_newuserdatauv(L, sizeof *db, USER_VALUES);
    *db = (prl_db) {.lock_ms = LOCK_TIMEOUT_MS};
    prl_set_type(L, db_type, meta, methods);
    return db;
}

/* An interval in milliseconds; `otherwise` when the option is not there. "0" lifts the timeout. */
static int64_t
timeout_option(lua_State *L, int index, const char *name, int64_t otherwise)
{
    if (!lua_istable(L, index) || lua_getfield(L, index, name) == LUA_TNIL)
        return otherwise;
    const prt_interval interval = prl_check_interval(L, lua_gettop(L));
    lua_pop(L, 1);
    int64_t usec = prt_interval_usec(&interval);
    return usec > 0 && usec < PRT_USEC_PER_MSEC ? 1 : usec / PRT_USEC_PER_MSEC;
}

int
prl_connect(lua_State *L)
{
    static const char *const names[] = {"lock_timeout", "statement_timeout", "application_name", NULL};
    const prl_pg_options *defaults = prl_pg_get(L);
    luaL_optstring(L, 1, NULL);
    prl_check_options(L, 2, names);
    lua_settop(L, 2);
    prl_db *db = new_db(L);
    db->options = defaults->conn;
    if (!lua_isnil(L, 1)) {
        db->options.dsn = lua_tostring(L, 1);
        lua_pushvalue(L, 1);
        lua_setiuservalue(L, 3, VALUE_DSN);
    }
    if (lua_istable(L, 2) && lua_getfield(L, 2, "application_name") != LUA_TNIL) {
        db->options.application_name = luaL_checkstring(L, -1);
        lua_setiuservalue(L, 3, VALUE_NAME);
    }
    lua_settop(L, 3);
    int64_t lock_ms = defaults->lock_timeout_ms > 0 ? defaults->lock_timeout_ms : LOCK_TIMEOUT_MS;
    db->lock_ms = timeout_option(L, 2, "lock_timeout", lock_ms);
    db->statement_ms = timeout_option(L, 2, "statement_timeout", defaults->statement_timeout_ms);

    prt_error err = {0};
    lua_settop(L, 3);
    return prt_conn_open(&db->options, &db->conn, &err) ? 1 : prl_failure(L, &err);
}

/* A hook that failed may have left its session lost, or in a transaction: the next hook gets a new one. */
static void
renew(prl_db *db)
{
    if (db->conn != NULL && PQtransactionStatus(prt_conn_raw(db->conn)) != PQTRANS_IDLE) {
        prt_conn_close(db->conn);
        db->conn = NULL;
    }
    db->lazy = true;
    db->in_transaction = false;
}

bool
prl_push_db(void *data, void *lua_state, prt_error *err)
{
    (void) err; /* connecting comes later */
    lua_State *L = lua_state;
    luaL_checkstack(L, 4, "ctx.db");
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &hook_dbs_key) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &hook_dbs_key);
    }
    if (lua_rawgetp(L, -1, data) == LUA_TNIL) {
        lua_pop(L, 1);
        prl_db *db = new_db(L);
        db->options = *(const prt_conn_options *) data;
        db->statement_ms = HOOK_STATEMENT_TIMEOUT_MS;
        lua_pushvalue(L, -1);
        lua_rawsetp(L, -3, data);
    }
    lua_remove(L, -2);
    prl_db *db = luaL_checkudata(L, -1, db_type);
    if (!db->in_transaction)
        renew(db);
    return true;
}

void
prl_hook_source(lua_State *L, int index)
{
    lua_pushvalue(L, index);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &hook_source_key);
}

/* Pushes a db like the one at `index`, which keeps it. */
static void
push_like(lua_State *L, int index)
{
    const prl_db *source = lua_touserdata(L, index);
    prl_db *db = new_db(L);
    db->options = source->options;
    db->lock_ms = source->lock_ms;
    db->statement_ms = source->statement_ms;
    for (int i = VALUE_DSN; i <= VALUE_NAME; i++) { /* the texts that the options point to */
        lua_getiuservalue(L, index, i);
        lua_setiuservalue(L, -2, i);
    }
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, index, VALUE_SIBLING);
}

bool
prl_push_sibling(void *data, lua_State *L, prt_error *err)
{
    (void) data, (void) err;
    luaL_checkstack(L, 6, "ctx.db");
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &hook_source_key) != LUA_TUSERDATA)
        return true; /* nil: no plan is being applied */
    int source = lua_gettop(L);
    if (lua_getiuservalue(L, source, VALUE_SIBLING) != LUA_TUSERDATA) {
        lua_pop(L, 1);
        push_like(L, source);
    }
    lua_remove(L, source);
    prl_db *db = luaL_checkudata(L, -1, db_type);
    if (!db->in_transaction)
        renew(db);
    return true;
}
