#include "lua/script.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lua/host.h"
#include "lua/modules.h"
#include "lua/pg.h"

enum { EXIT_DONE = 0, EXIT_RAISED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130, INTERRUPT_INSTRUCTIONS = 10000 };

typedef struct script {
    const prl_script_options *options;
    const char *path;
    int argc;
    char *const *argv;
    int status;
} script;

/* An endless loop sees an interrupt too. From then on every instruction raises, so that no pcall catches its way out. */
static void
on_count(lua_State *L, lua_Debug *ar)
{
    (void) ar;
    const prl_pg_options *options = prl_pg_get(L);
    if (options->conn.interrupt == NULL || !*options->conn.interrupt)
        return;
    lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
    luaL_error(L, "interrupted");
}

/* The message with a traceback; a value with __tostring speaks for itself. */
static int
on_error(lua_State *L)
{
    const char *message = lua_tostring(L, 1);
    if (message == NULL && luaL_getmetafield(L, 1, "__tostring") != LUA_TNIL)
        message = luaL_tolstring(L, 1, NULL);
    else if (message == NULL)
        message = lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
    luaL_traceback(L, L, message, 1);
    return 1;
}

static void
push_arguments(lua_State *L, const script *s)
{
    lua_createtable(L, s->argc, 1);
    lua_pushstring(L, s->path);
    lua_rawseti(L, -2, 0);
    for (int i = 0; i < s->argc; i++) {
        lua_pushstring(L, s->argv[i]);
        lua_rawseti(L, -2, i + 1);
    }
}

/* The script's folder comes before Lua's own places. */
static void
add_path(lua_State *L, const char *path)
{
    const char *slash = strrchr(path, '/');
    lua_getglobal(L, LUA_LOADLIBNAME);
    if (slash == NULL)
        lua_pushliteral(L, "./");
    else
        lua_pushlstring(L, path, (size_t) (slash + 1 - path));
    const char *folder = lua_tostring(L, -1);
    lua_getfield(L, -2, "path");
    lua_pushfstring(L, "%s?.lua;%s?/init.lua;%s", folder, folder, lua_tostring(L, -1));
    lua_setfield(L, -4, "path");
    lua_pop(L, 3);
}

static int
load(lua_State *L, const script *s)
{
    if (luaL_loadfilex(L, s->path, NULL) == LUA_OK)
        return LUA_OK;
    fprintf(stderr, "partrun: %s\n", lua_tostring(L, -1));
    return LUA_ERRSYNTAX;
}

static int
interrupted(const script *s)
{
    const volatile sig_atomic_t *flag = s->options->pg.conn.interrupt;
    return flag != NULL && *flag;
}

/* Protected, so that a want of memory while setting up is reported as well. */
static int
run(lua_State *L)
{
    script *s = lua_touserdata(L, 1);
    lua_settop(L, 0);
    luaL_openlibs(L);
    prl_pg_set(L, &s->options->pg);
    prl_open_modules(L);
    prl_open_pg(L);
    push_arguments(L, s);
    lua_setglobal(L, "arg");
    add_path(L, s->path);

    s->status = EXIT_USAGE;
    lua_pushcfunction(L, on_error);
    if (load(L, s) != LUA_OK)
        return 0;
    s->status = EXIT_RAISED;
    luaL_checkstack(L, s->argc + 1, "too many arguments");
    for (int i = 0; i < s->argc; i++)
        lua_pushstring(L, s->argv[i]);
    lua_sethook(L, on_count, LUA_MASKCOUNT, INTERRUPT_INSTRUCTIONS);
    int failed = lua_pcall(L, s->argc, 0, 1);
    lua_sethook(L, NULL, 0, 0);
    s->status = !failed ? EXIT_DONE : interrupted(s) ? EXIT_INTERRUPTED : EXIT_RAISED;
    if (failed)
        fprintf(stderr, "partrun: %s\n", lua_tostring(L, -1));
    return 0;
}

int
prl_script_run(const prl_script_options *options, const char *path, int argc, char *const *argv)
{
    script s = {options, path, argc, argv, EXIT_RAISED};
    const prl_host host = {.log = options->pg.conn.log, .interrupt = options->pg.conn.interrupt};
    lua_State *L = luaL_newstate();
    if (L == NULL) {
        fputs("partrun: not enough memory\n", stderr);
        return EXIT_RAISED;
    }
    prl_host_set(L, &host);
    lua_pushcfunction(L, run);
    lua_pushlightuserdata(L, &s);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK)
        fprintf(stderr, "partrun: %s\n", lua_tostring(L, -1));
    lua_close(L);
    return s.status;
}
