#include "lua/rows.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "lua/call.h"
#include "lua/json.h"
#include "lua/values.h"

/* Type oids are the same in every PostgreSQL: src/include/catalog/pg_type.dat. */
enum {
    OID_BOOL = 16,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_OID = 26,
    OID_JSON = 114,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_DATE = 1082,
    OID_TIMESTAMP = 1114,
    OID_TIMESTAMPTZ = 1184,
    OID_NUMERIC = 1700,
    OID_JSONB = 3802
};

static int
result_gc(lua_State *L)
{
    prl_result_done(lua_touserdata(L, 1));
    return 0;
}

PGresult **
prl_result_box(lua_State *L)
{
    PGresult **box = lua_newuserdatauv(L, sizeof(PGresult *), 0);
    *box = NULL;
    if (luaL_newmetatable(L, "partrun.result")) {
        lua_pushcfunction(L, result_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return box;
}

void
prl_result_done(PGresult **box)
{
    PQclear(*box);
    *box = NULL;
}

static void
push_float(lua_State *L, const char *text)
{
    if (lua_stringtonumber(L, text) == 0)
        lua_pushnumber(L, strtod(text, NULL)); /* NaN, Infinity, -Infinity */
    else if (lua_isinteger(L, -1)) {
        lua_pushnumber(L, lua_tonumber(L, -1));
        lua_remove(L, -2);
    }
}

/* An integer if it is one that fits; a float would round, so everything else stays a text. */
static void
push_numeric(lua_State *L, const char *text)
{
    if (lua_stringtonumber(L, text) != 0) {
        if (lua_isinteger(L, -1))
            return;
        lua_pop(L, 1);
    }
    lua_pushstring(L, text);
}

static bool
push_value(lua_State *L, Oid type, const char *text, size_t length, prt_error *err)
{
    prt_instant at;
    switch (type) {
    case OID_BOOL:
        lua_pushboolean(L, text[0] == 't');
        return true;
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
    case OID_OID:
        lua_pushinteger(L, strtoll(text, NULL, 10));
        return true;
    case OID_FLOAT4:
    case OID_FLOAT8:
        push_float(L, text);
        return true;
    case OID_NUMERIC:
        push_numeric(L, text);
        return true;
    case OID_DATE:
    case OID_TIMESTAMP:
    case OID_TIMESTAMPTZ:
        if (!prt_instant_parse(text, &at, err))
            return false;
        prl_push_time(L, at);
        return true;
    case OID_JSON:
    case OID_JSONB:
        return prl_json_decode(L, text, length, err) ||
               prt_fail_hint(err, "select the column's text to get it as it is: column::text");
    default:
        lua_pushlstring(L, text, length);
        return true;
    }
}

static bool
check_names(const PGresult *result, int columns, prt_error *err)
{
    for (int i = 1; i < columns; i++)
        for (int j = 0; j < i; j++)
            if (strcmp(PQfname(result, i), PQfname(result, j)) == 0) {
                prt_fail(err, PRT_ERR_USAGE, "the query returns two columns named %s", PQfname(result, i));
                return prt_fail_hint(err, "give one of them another name: AS ...");
            }
    return true;
}

static bool
push_row(lua_State *L, const PGresult *result, int row, int columns, prt_error *err)
{
    lua_createtable(L, 0, columns);
    for (int i = 0; i < columns; i++) {
        if (PQgetisnull(result, row, i))
            continue;
        if (!push_value(L, PQftype(result, i), PQgetvalue(result, row, i), (size_t) PQgetlength(result, row, i), err))
            return prt_fail_object(err, "column %s", PQfname(result, i));
        lua_setfield(L, -2, PQfname(result, i));
    }
    return true;
}

bool
prl_push_rows(lua_State *L, const PGresult *result, prt_error *err)
{
    int rows = PQntuples(result), columns = PQnfields(result), top = lua_gettop(L);
    if (!check_names(result, columns, err))
        return false;
    luaL_checkstack(L, 8, "rows");
    lua_createtable(L, rows, 0);
    for (int i = 0; i < rows; i++) {
        prl_guard_check(L); /* a hook's deadline counts here too */
        if (!push_row(L, result, i, columns, err)) {
            lua_settop(L, top);
            return false;
        }
        lua_rawseti(L, -2, i + 1);
    }
    return true;
}
