#include "lua/log.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "lua/box.h"
#include "lua/json.h"

/* A field's value as text: tables as JSON, everything else as tostring gives it. */
static const char *
field_text(lua_State *L, int index, prt_arena *arena, prt_error *err)
{
    if (lua_istable(L, index)) {
        prt_buf out;
        prt_buf_init(&out, arena);
        return prl_json_encode(L, index, 0, &out, err) ? out.data : NULL;
    }
    const char *text = prt_arena_strdup(arena, luaL_tolstring(L, index, NULL));
    lua_pop(L, 1);
    return text;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(((const prt_field *) a)->name, ((const prt_field *) b)->name);
}

/* The fields in the order of their names, ended by {NULL, NULL}. */
static const prt_field *
read_fields(lua_State *L, int index, prt_arena *arena)
{
    PRT_VEC(prt_field) fields = {0};
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_argerror(L, index, "fields are named");
        prt_error err = {0};
        const char *text = field_text(L, lua_gettop(L), arena, &err);
        if (text == NULL)
            prl_raise(L, &err);
        const prt_field field = {prt_arena_strdup(arena, lua_tostring(L, -2)), text};
        prt_vec_push(arena, &fields, field);
    }
    if (fields.length > 0)
        qsort(fields.items, fields.length, sizeof *fields.items, by_name);
    const prt_field end = {NULL, NULL};
    prt_vec_push(arena, &fields, end);
    return fields.items;
}

static int
write_message(lua_State *L, prt_level level)
{
    const prt_log *log = lua_touserdata(L, lua_upvalueindex(1));
    const char *message = luaL_checkstring(L, 1);
    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    prt_arena *arena = prl_arena_box(L);
    prt_log_write(log, level, message, lua_istable(L, 2) ? read_fields(L, 2, arena) : NULL);
    prl_arena_done(L, 3);
    return 0;
}

static int
log_debug(lua_State *L)
{
    return write_message(L, PRT_DEBUG);
}

static int
log_info(lua_State *L)
{
    return write_message(L, PRT_INFO);
}

static int
log_warning(lua_State *L)
{
    return write_message(L, PRT_WARNING);
}

static int
log_error(lua_State *L)
{
    return write_message(L, PRT_ERROR);
}

int
prl_open_log(lua_State *L, const prt_log *log)
{
    static const luaL_Reg functions[] = {
        {"debug", log_debug}, {"info", log_info}, {"warning", log_warning}, {"error", log_error}, {NULL, NULL}};
    luaL_newlibtable(L, functions);
    if (log != NULL) {
        union {
            const prt_log *kept;
            void *pushed; /* written through by nobody */
        } pointer = {.kept = log};
        lua_pushlightuserdata(L, pointer.pushed);
    } else {
        prt_log *own = lua_newuserdatauv(L, sizeof *own, 0);
        *own = (prt_log) {.stream = stderr, .level = PRT_INFO};
    }
    luaL_setfuncs(L, functions, 1);
    return 1;
}
