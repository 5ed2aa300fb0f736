#include "policy/sandbox.h"

#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

#include "lua/convert.h"
#include "lua/host.h"
#include "lua/json.h"
#include "lua/log.h"
#include "lua/modules.h"

/* Its address is the registry key of the table behind the globals of every policy. */
static const char base_key = 0;

/* Left out on purpose; using them says so. */
static const char *const removed[] = {"os",     "io",       "debug",          "package", "load",      "loadstring",
                                      "dofile", "loadfile", "collectgarbage", "xpcall",  "coroutine", NULL};

/* ------------------------------------------------------------------------------------------------ functions */

/* A budget that is used up passes through: the error is raised again, also where C calls this in a loop. */
static int
checked_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    prl_guard_check(L);
    luaL_checkstack(L, 1, NULL);
    lua_pushboolean(L, status == LUA_OK);
    lua_insert(L, 1);
    return lua_gettop(L);
}

/* Finalizers run with hooks off; tables with weak keys can make one garbage collection take minutes (each pass over a
 * chain of them may find a single link). */
static const char *const refused[] = {"__gc", "__close", "__mode", NULL};

static int
checked_setmetatable(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, lua_istable(L, 2) || lua_isnil(L, 2), 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    for (const char *const *name = refused; lua_istable(L, 2) && *name != NULL; name++) {
        if (prl_raw_field(L, 2, *name) != LUA_TNIL)
            return luaL_error(L, "%s is not available in a policy", *name);
        lua_pop(L, 1);
    }
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

/* Metatables of C's own values stay out of reach, whether they are closed or not. */
static int
checked_getmetatable(lua_State *L)
{
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return 1;
    if (!lua_istable(L, 1) || !lua_getmetatable(L, 1))
        lua_pushnil(L);
    return 1;
}

static int
checked_rawset(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 3);
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "this table cannot be changed");
    for (const char *const *name = refused; lua_type(L, 2) == LUA_TSTRING && *name != NULL; name++)
        if (strcmp(lua_tostring(L, 2), *name) == 0)
            return luaL_error(L, "%s is not available in a policy", *name);
    lua_settop(L, 3);
    lua_rawset(L, 1);
    return 1;
}

/* print goes to the log: standard output belongs to the command's results. */
static int
logged_print(lua_State *L)
{
    luaL_Buffer text;
    int count = lua_gettop(L);
    luaL_buffinit(L, &text);
    for (int i = 1; i <= count; i++) {
        luaL_tolstring(L, i, NULL);
        luaL_addvalue(&text);
        if (i < count)
            luaL_addchar(&text, ' ');
    }
    luaL_pushresult(&text);
    prt_log_write(prl_host_get(L)->log, PRT_INFO, lua_tostring(L, -1), NULL);
    return 0;
}

static int
no_random(lua_State *L)
{
    return luaL_error(L, "random numbers are not available in a policy: the same input has to give the same plan");
}

/* ------------------------------------------------------------------------------------------------ partrun's modules */

static int
open_log(lua_State *L)
{
    prl_open_log(L, prl_host_get(L)->log);
    prl_protect(L);
    return 1;
}

static int
open_json(lua_State *L)
{
    prl_open_json(L);
    prl_protect(L);
    return 1;
}

/* Pushes the loader of one of partrun's modules. */
static bool
push_module_loader(lua_State *L, const char *name)
{
    static const luaL_Reg in_c[] = {
        {"partrun.core", luaopen_partrun_core}, {"partrun.log", open_log}, {"partrun.json", open_json}, {NULL, NULL}};
    for (const luaL_Reg *module = in_c; module->name != NULL; module++)
        if (strcmp(module->name, name) == 0) {
            lua_pushcfunction(L, module->func);
            return true;
        }
    return prl_load_module(L, name);
}

/* require as partrun's own modules see it */
static int
trusted_require(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (lua_getfield(L, 2, name) != LUA_TNIL)
        return 1;
    if (!push_module_loader(L, name))
        return luaL_error(L, "module '%s' not found", name);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, 2, name);
    return 1;
}

/* ------------------------------------------------------------------------------------------------ globals */

static void
open_libraries(lua_State *L)
{
    static const luaL_Reg libraries[] = {{LUA_GNAME, luaopen_base},       {LUA_STRLIBNAME, luaopen_string},
                                         {LUA_TABLIBNAME, luaopen_table}, {LUA_MATHLIBNAME, luaopen_math},
                                         {LUA_UTF8LIBNAME, luaopen_utf8}, {NULL, NULL}};
    for (const luaL_Reg *library = libraries; library->name != NULL; library++) {
        luaL_requiref(L, library->name, library->func, 1);
        lua_pop(L, 1);
    }
    for (const char *const *name = removed; *name != NULL; name++) {
        lua_pushnil(L);
        lua_setglobal(L, *name);
    }
    lua_register(L, "pcall", checked_pcall);
    lua_register(L, "require", trusted_require);
}

static void
guard_libraries(lua_State *L)
{
    lua_getglobal(L, LUA_STRLIBNAME);
    prt_sandbox_guard_strings(L);
    lua_getglobal(L, LUA_TABLIBNAME);
    prt_sandbox_guard_tables(L);
    lua_getglobal(L, LUA_MATHLIBNAME);
    lua_pushcfunction(L, no_random);
    lua_setfield(L, -2, "random");
    lua_pushcfunction(L, no_random);
    lua_setfield(L, -2, "randomseed");
    lua_pop(L, 3);
}

/* The methods of all strings are a closed table, and their metatable cannot be had. */
static void
close_string_metatable(lua_State *L)
{
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_getglobal(L, LUA_STRLIBNAME);
    prl_protect(L);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}

/* Pushes what is behind the globals of every policy. */
static void
push_base(lua_State *L)
{
    static const char *const allowed[] = {"assert",   "error",    "ipairs", "next",     "pairs",
                                          "pcall",    "rawequal", "rawget", "rawlen",   "select",
                                          "tonumber", "tostring", "type",   "_VERSION", NULL};
    static const char *const closed[] = {LUA_STRLIBNAME, LUA_TABLIBNAME, LUA_MATHLIBNAME, LUA_UTF8LIBNAME, NULL};
    static const luaL_Reg checked[] = {{"getmetatable", checked_getmetatable},
                                       {"setmetatable", checked_setmetatable},
                                       {"rawset", checked_rawset},
                                       {"print", logged_print},
                                       {NULL, NULL}};
    luaL_newlib(L, checked);
    for (const char *const *name = allowed; *name != NULL; name++) {
        lua_getglobal(L, *name);
        lua_setfield(L, -2, *name);
    }
    for (const char *const *name = closed; *name != NULL; name++) {
        lua_getglobal(L, *name);
        prl_protect(L);
        lua_setfield(L, -2, *name);
    }
}

void
prt_sandbox_open(lua_State *L)
{
    open_libraries(L);
    guard_libraries(L);
    close_string_metatable(L);
    push_base(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &base_key);
    /* Now, and not under the first policy's budget. */
    lua_getglobal(L, "require");
    lua_pushliteral(L, "partrun");
    lua_call(L, 1, 0);
}

/* A global that this file has not set: the first upvalue has the allowed ones. */
static int
missing_global(lua_State *L)
{
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL || lua_type(L, 2) != LUA_TSTRING)
        return 1;
    const char *wanted = lua_tostring(L, 2);
    for (const char *const *name = removed; *name != NULL; name++)
        if (strcmp(wanted, *name) == 0)
            return luaL_error(L, "'%s' is not available in a policy", wanted);
    return 1;
}

void
prt_sandbox_guard(lua_State *L, const char *name, lua_CFunction function)
{
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, function, 1);
    lua_setfield(L, -2, name);
}

int
prt_sandbox_forward(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    prl_guard_check(L);
    return lua_gettop(L);
}

void
prt_sandbox_push_globals(lua_State *L, const char *folder)
{
    lua_newtable(L);
    int globals = lua_gettop(L);
    lua_pushvalue(L, globals);
    lua_setfield(L, globals, "_G");
    prt_sandbox_push_require(L, folder, globals);
    lua_setfield(L, globals, "require");
    lua_createtable(L, 0, 2);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &base_key);
    lua_pushcclosure(L, missing_global, 1);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, globals);
}
