#include "policy/loader.h"

#include <errno.h>
#include <lauxlib.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "lua/convert.h"
#include "lua/spec.h"
#include "policy/locate.h"
#include "policy/sandbox.h"

enum { LONGEST_SOURCE = 4 << 20, MOST_POLICIES = 100000, MOST_PROBLEMS = 200 };

typedef struct load {
    prt_arena *arena;
    const char *path, *folder;
    const char *text;
    size_t length;
    prt_specs *specs;
    prt_errors *problems;
    prt_error error; /* of a policy that could not be read; the code says whether there is one */
} load;

static void
add_problem(load *l, const prt_error *err)
{
    prt_error *copy = PRT_NEW(l->arena, prt_error);
    *copy = *err;
    prt_fail_object(copy, "%s", l->path);
    prt_vec_push(l->arena, l->problems, copy); /* NOLINT(bugprone-sizeof-expression): a list of addresses */
}

/* Lua shortens long file names to "...end": puts the path back in front of the message. */
static void
restore_path(prt_error *err, const char *path)
{
    const char *colon = strchr(err->message, ':');
    if (strncmp(err->message, "...", 3) != 0 || colon == NULL)
        return;
    size_t tail = (size_t) (colon - err->message) - 3, whole = strlen(path);
    if (tail > whole || strncmp(path + whole - tail, err->message + 3, tail) != 0)
        return;
    prt_error full = {0};
    prt_fail(&full, err->code, "%s%s", path, colon);
    memcpy(err->message, full.message, sizeof err->message);
}

static void
read_policy(lua_State *L, load *l)
{
    prt_spec *spec = PRT_NEW(l->arena, prt_spec);
    if (prl_spec_read(L, lua_gettop(L), l->arena, spec, &l->error))
        prt_vec_push(l->arena, l->specs, spec); /* NOLINT(bugprone-sizeof-expression): a list of addresses */
    else
        luaL_error(L, "%s: %s", l->path, l->error.message);
    lua_pop(L, 1);
}

static int
refuse_result(lua_State *L, const load *l, const char *what)
{
    lua_createtable(L, 0, 2);
    lua_pushfstring(L, "%s: %s", l->path, what);
    lua_setfield(L, -2, "message");
    lua_pushliteral(L,
                    "end a policy file with `return partrun.policy { ... }`, or a list of them; modules for policies "
                    "belong into a folder of their own");
    lua_setfield(L, -2, "hint");
    return lua_error(L);
}

static void
read_list(lua_State *L, load *l)
{
    lua_Unsigned count = lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
    if (lua_isnil(L, -1))
        refuse_result(L, l, "returns nothing");
    if (count == 0 || count > MOST_POLICIES)
        refuse_result(L, l, "returns neither a policy nor a list of policies");
    for (lua_Unsigned i = 1; i <= count; i++) {
        lua_rawgeti(L, -1, (lua_Integer) i);
        if (!prl_is_policy(L, -1))
            refuse_result(L, l, "returns a list in which not everything is a policy");
        read_policy(L, l);
    }
}

static int
load_body(lua_State *L)
{
    load *l = lua_touserdata(L, 1);
    prt_sandbox_push_globals(L, l->folder);
    if (prt_sandbox_load(L, l->text, l->length, l->path) != LUA_OK)
        return lua_error(L);
    lua_pushvalue(L, -2);
    if (lua_setupvalue(L, -2, 1) == NULL)
        lua_pop(L, 1);
    lua_call(L, 0, 1);
    if (prl_is_policy(L, -1))
        read_policy(L, l);
    else
        read_list(L, l);
    return 0;
}

static void
copy_text(lua_State *L, const char *field, char *out, size_t size)
{
    if (prl_raw_field(L, lua_gettop(L), field) == LUA_TSTRING) {
        strncpy(out, lua_tostring(L, -1), size - 1);
        out[size - 1] = '\0';
    }
    lua_pop(L, 1);
}

/* Points the message, "path:line: ...", at the line where the field stands; returns that line. What is missing comes last. */
static int
point_at_field(const load *l, const char *field, prt_error *err)
{
    char *rest;
    size_t prefix = strlen(l->path);
    if (strncmp(err->message, l->path, prefix) != 0 || err->message[prefix] != ':')
        return INT_MAX; /* the policy is in a module */
    long line = strtol(err->message + prefix + 1, &rest, 10);
    int found = prt_locate_field(l->text, l->length, (int) line, field);
    if (found == 0)
        return INT_MAX;
    prt_error moved = {0};
    prt_fail(&moved, err->code, "%s:%d%s", l->path, found, rest);
    memcpy(err->message, moved.message, sizeof err->message);
    return found;
}

/* Adds the problem on top of the stack behind those of the lines above it; `first` is where its policy's begin. */
static void
add_single(lua_State *L, load *l, size_t first, int *lines)
{
    char field[200] = "";
    prt_error err = {.code = PRT_ERR_POLICY};
    luaL_checktype(L, -1, LUA_TTABLE);
    copy_text(L, "message", err.message, sizeof err.message);
    copy_text(L, "hint", err.hint, sizeof err.hint);
    copy_text(L, "path", field, sizeof field);
    int line = point_at_field(l, field, &err);
    add_problem(l, &err);
    prt_error **items = l->problems->items;
    size_t i = l->problems->length - 1;
    prt_error *added = items[i];
    for (; i > first && lines[i - first - 1] > line; i--) {
        items[i] = items[i - 1];
        lines[i - first] = lines[i - first - 1];
    }
    items[i] = added;
    lines[i - first] = line;
}

/* The single problems of a policy that partrun.policy refused (lua/partrun/policy.lua), in the order of their lines. */
static int
problems_body(lua_State *L)
{
    load *l = lua_touserdata(L, 1);
    size_t first = l->problems->length;
    prl_push_raised(L);
    if (!lua_istable(L, -1) || prl_raw_field(L, lua_gettop(L), "problems") != LUA_TTABLE)
        return 0;
    lua_Unsigned count = lua_rawlen(L, -1);
    if (count > MOST_PROBLEMS)
        count = MOST_PROBLEMS;
    int lines[MOST_PROBLEMS];
    for (lua_Unsigned i = 1; i <= count; i++) {
        lua_rawgeti(L, -1, (lua_Integer) i);
        add_single(L, l, first, lines);
        lua_pop(L, 1);
    }
    return 0;
}

static void
add_problems(lua_State *L, load *l, prt_error *err)
{
    size_t before = l->problems->length;
    lua_pushcfunction(L, problems_body);
    lua_pushlightuserdata(L, l);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK)
        lua_pop(L, 1);
    if (l->problems->length > before)
        return;
    if (err->code == PRT_ERR_LUA)
        err->code = PRT_ERR_POLICY;
    restore_path(err, l->path);
    if (strstr(err->message, l->path) == NULL) {
        prt_error placed = {0};
        prt_fail(&placed, err->code, "%s: %s", l->path, err->message);
        memcpy(err->message, placed.message, sizeof err->message);
    }
    add_problem(l, err);
}

static bool
read_source(load *l, char *folder, prt_error *err)
{
    struct stat info;
    char *text;
    if (stat(l->path, &info) != 0)
        return prt_fail(err, PRT_ERR_IO, "cannot open %s: %s", l->path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return prt_fail(err, PRT_ERR_IO, "cannot read %s: it is not a regular file", l->path);
    if (info.st_size > LONGEST_SOURCE)
        return prt_fail(err, PRT_ERR_POLICY, "%s: is larger than 4 MiB", l->path);
    if (!prt_file_read(l->arena, l->path, &text, &l->length, err))
        return false;
    l->text = text;
    if (realpath(dirname(prt_arena_strdup(l->arena, l->path)), folder) == NULL)
        return prt_fail(err, PRT_ERR_IO, "cannot find the folder of %s: %s", l->path, strerror(errno));
    l->folder = folder;
    return true;
}

bool
prt_loader_file(prt_vm *vm, prt_arena *arena, const char *path, prt_specs *specs, prt_errors *problems)
{
    char folder[PATH_MAX];
    prt_error err = {0};
    size_t before = specs->length;
    load l = {.arena = arena, .path = path, .specs = specs, .problems = problems};
    if (!read_source(&l, folder, &err)) {
        add_problem(&l, &err);
        return false;
    }
    lua_pushcfunction(vm->L, load_body);
    lua_pushlightuserdata(vm->L, &l);
    if (prl_call(vm->L, 1, 0, PRL_LOAD, &err) == PRL_OK)
        return true;
    specs->length = before;
    add_problems(vm->L, &l, &err);
    return false;
}
