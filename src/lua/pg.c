#include "lua/pg.h"

#include <lauxlib.h>

#include "lua/db.h"
#include "lua/db_archive.h"
#include "lua/http.h"
#include "lua/json.h"
#include "lua/load.h"
#include "lua/log.h"
#include "lua/plan_view.h"
#include "lua/quote.h"

static const char options_key = 0; /* its address is a key of the registry */
static const prl_pg_options no_options = {0};

void
prl_pg_set(lua_State *L, const prl_pg_options *options)
{
    union {
        const prl_pg_options *kept;
        void *pushed; /* written through by nobody */
    } pointer = {.kept = options};
    lua_pushlightuserdata(L, pointer.pushed);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &options_key);
}

const prl_pg_options *
prl_pg_get(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &options_key);
    const prl_pg_options *options = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return options == NULL ? &no_options : options;
}

static int
open_pg(lua_State *L)
{
    static const luaL_Reg functions[] = {{"connect", prl_connect},
                                         {"plan", prl_plan},
                                         {"check", prl_check},
                                         {"archive", prl_archive},
                                         {"restore", prl_restore},
                                         {"quote_ident", prl_quote_ident},
                                         {"quote_literal", prl_quote_literal},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    prl_push_load(L);
    lua_setfield(L, -2, "load");
    return 1;
}

static int
open_log(lua_State *L)
{
    return prl_open_log(L, prl_pg_get(L)->conn.log);
}

static int
open_http(lua_State *L)
{
    return prl_open_http(L, prl_pg_get(L)->conn.interrupt);
}

void
prl_open_pg(lua_State *L)
{
    static const luaL_Reg modules[] = {{"partrun.pg", open_pg},
                                       {"partrun.log", open_log},
                                       {"partrun.http", open_http},
                                       {"partrun.json", prl_open_json},
                                       {NULL, NULL}};
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    luaL_setfuncs(L, modules, 0);
    lua_pop(L, 1);
}
