#include "lua/archive_choice.h"

#include <lauxlib.h>
#include <string.h>

#include "lua/convert.h"

/* Whatever the checks in Lua let through: an address that nothing can write to would be found only after the detach. */
static void
check_url(lua_State *L, const char *url)
{
    static const char *const schemes[] = {"file:///", "s3://", "schema:"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (strncmp(url, schemes[i], strlen(schemes[i])) == 0 && url[strlen(schemes[i])] != '\0')
            return;
    luaL_error(L, "archive.url: \"%s\" begins with none of file:///, s3:// and schema:", url);
}

static void
check_format(lua_State *L, const char *format)
{
    static const char *const formats[] = {"csv", "csv.gz", "csv.zst", "copy", "copy.gz", "copy.zst"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(format, formats[i]) == 0)
            return;
    luaL_error(L, "archive.format: \"%s\" is none of csv and copy, alone or with .gz or .zst", format);
}

void
prl_read_archive_choice(lua_State *L, int index, prt_arena *arena, prt_archive_choice *out)
{
    const char **columns;
    size_t length;
    *out = (prt_archive_choice) {0};
    if (lua_isnil(L, index))
        return;
    if (lua_type(L, index) == LUA_TSTRING) {
        lua_pushvalue(L, index);
        out->url = prl_pop_text(L, arena, "archive");
    } else {
        luaL_checktype(L, index, LUA_TTABLE);
        if (!prl_field_text(L, index, "url", arena, &out->url))
            luaL_error(L, "archive.url: is required");
        if (prl_field_text(L, index, "format", arena, &out->format))
            check_format(L, out->format);
        if (prl_field_texts(L, index, "columns", arena, &columns, &length)) {
            if (length == 0)
                luaL_error(L, "archive.columns: is empty");
            out->columns = columns;
        }
    }
    check_url(L, out->url);
}

static void
set_text(lua_State *L, const char *name, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

static void
set_integer(lua_State *L, const char *name, int64_t value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

void
prl_push_archive_result(lua_State *L, const prt_archive_result *result)
{
    if (result == NULL) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, 0, 4);
    set_text(L, "url", result->url);
    set_integer(L, "rows", result->rows);
    set_integer(L, "bytes", result->bytes);
    set_text(L, "sha256", result->sha256);
}
