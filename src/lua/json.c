#include "lua/json.h"

#include <lauxlib.h>
#include <string.h>

#include "lua/box.h"

enum { DEEPEST = 512 };

static const char *const box_type = "partrun.json.value";
static const char *const array_type = "partrun.json.array";
static const char null_key = 0; /* its address is the registry key of partrun.json.null */

/* The way from the encoded value down to the one in hand, for messages: value.items[3] */
typedef struct place {
    const struct place *up;
    const char *name; /* NULL: a list item */
    lua_Integer index;
    int depth;
} place;

static int
box_gc(lua_State *L)
{
    json_t **box = lua_touserdata(L, 1);
    json_decref(*box);
    *box = NULL;
    return 0;
}

json_t **
prl_json_box(lua_State *L)
{
    json_t **box = lua_newuserdatauv(L, sizeof(json_t *), 0);
    *box = NULL;
    if (luaL_newmetatable(L, box_type)) {
        lua_pushcfunction(L, box_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return box;
}

static int
null_tostring(lua_State *L)
{
    lua_pushliteral(L, "null");
    return 1;
}

static void
push_null(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &null_key) != LUA_TNIL)
        return;
    lua_pop(L, 1);
    lua_newuserdatauv(L, 0, 0);
    lua_createtable(L, 0, 3);
    lua_pushcfunction(L, null_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "partrun.json.null");
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &null_key);
}

static bool
is_null(lua_State *L, int index)
{
    push_null(L);
    bool same = lua_rawequal(L, index, -1);
    lua_pop(L, 1);
    return same;
}

/* Marks the table on the top as an array. */
static void
mark_array(lua_State *L)
{
    if (luaL_newmetatable(L, array_type)) {
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
}

static bool
is_array(lua_State *L, int index)
{
    if (!lua_getmetatable(L, index))
        return false;
    luaL_getmetatable(L, array_type);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

static bool push_value(lua_State *L, json_t *value, int depth, prt_error *err);

static bool
push_object(lua_State *L, json_t *value, int depth, prt_error *err)
{
    lua_createtable(L, 0, (int) json_object_size(value));
    const char *key;
    json_t *item;
    json_object_foreach(value, key, item)
    {
        if (!push_value(L, item, depth + 1, err))
            return false;
        lua_setfield(L, -2, key);
    }
    return true;
}

static bool
push_array(lua_State *L, json_t *value, int depth, prt_error *err)
{
    size_t length = json_array_size(value);
    lua_createtable(L, (int) length, 0);
    mark_array(L);
    for (size_t i = 0; i < length; i++) {
        if (!push_value(L, json_array_get(value, i), depth + 1, err))
            return false;
        lua_rawseti(L, -2, (lua_Integer) i + 1);
    }
    return true;
}

static bool
push_value(lua_State *L, json_t *value, int depth, prt_error *err)
{
    if (depth > DEEPEST)
        return prt_fail(err, PRT_ERR_VALUE, "the JSON is nested more than %d levels deep", DEEPEST);
    luaL_checkstack(L, 6, "JSON");
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return push_object(L, value, depth, err);
    case JSON_ARRAY:
        return push_array(L, value, depth, err);
    case JSON_STRING:
        lua_pushlstring(L, json_string_value(value), json_string_length(value));
        return true;
    case JSON_INTEGER:
        lua_pushinteger(L, json_integer_value(value));
        return true;
    case JSON_REAL:
        lua_pushnumber(L, json_real_value(value));
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        lua_pushboolean(L, json_is_true(value));
        return true;
    default:
        push_null(L);
        return true;
    }
}

bool
prl_json_push(lua_State *L, json_t *value, prt_error *err)
{
    int top = lua_gettop(L);
    if (push_value(L, value, 1, err))
        return true;
    lua_settop(L, top);
    return false;
}

bool
prl_json_decode(lua_State *L, const char *text, size_t length, prt_error *err)
{
    json_t **box = prl_json_box(L);
    json_error_t why;
    *box = json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    bool ok;
    if (*box == NULL)
        ok = prt_fail(err, PRT_ERR_VALUE, "no JSON: line %d, column %d: %s", why.line, why.column, why.text);
    else
        ok = prl_json_push(L, *box, err);
    json_decref(*box);
    *box = NULL;
    lua_remove(L, ok ? -2 : -1);
    return ok;
}

static void
write_place(luaL_Buffer *out, const place *at)
{
    if (at->up == NULL) {
        luaL_addstring(out, "value");
        return;
    }
    write_place(out, at->up);
    char number[32];
    snprintf(number, sizeof number, "[%lld]", (long long) at->index);
    if (at->name != NULL)
        luaL_addchar(out, '.');
    luaL_addstring(out, at->name != NULL ? at->name : number);
}

/* The error "value.items[3]: <message>". */
static bool
fail_at(lua_State *L, const place *at, prt_code code, const char *message, prt_error *err)
{
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    if (at->depth <= 16)
        write_place(&text, at);
    else
        luaL_addstring(&text, "value...");
    luaL_pushresult(&text);
    prt_fail(err, code, "%s: %s", lua_tostring(L, -1), message);
    lua_pop(L, 1);
    return false;
}

/* Takes over `item`; false when jansson refused it. */
static bool
put(json_t *parent, const char *key, size_t key_length, json_t *item)
{
    if (json_is_array(parent))
        return json_array_append_new(parent, item) == 0;
    return json_object_setn_new(parent, key, key_length, item) == 0;
}

typedef struct target {
    json_t *parent; /* an array, or an object with the key below */
    const char *key;
    size_t key_length;
} target;

static bool encode_value(lua_State *L, int index, const target *to, const place *at, prt_error *err);

static bool
encode_list(lua_State *L, int index, json_t *array, const place *at, prt_error *err)
{
    lua_Integer length = (lua_Integer) lua_rawlen(L, index), keys = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        lua_Integer key = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : 0;
        if (key < 1 || key > length)
            return fail_at(L, at, PRT_ERR_USAGE, "a list that also has other keys, or holes, has no JSON form", err);
        keys++;
    }
    if (keys != length)
        return fail_at(L, at, PRT_ERR_USAGE, "a list with holes has no JSON form; put partrun.json.null there", err);
    for (lua_Integer i = 1; i <= length; i++) {
        lua_rawgeti(L, index, i);
        if (!encode_value(L, lua_gettop(L), &(target) {array, NULL, 0}, &(place) {at, NULL, i, at->depth + 1}, err))
            return false;
        lua_pop(L, 1);
    }
    return true;
}

static bool
encode_fields(lua_State *L, int index, json_t *object, const place *at, prt_error *err)
{
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) /* never converted in place: that would confuse lua_next */
            return fail_at(L, at, PRT_ERR_USAGE, "a JSON object has text keys only, and a list starts at 1", err);
        target to = {object, NULL, 0};
        to.key = lua_tolstring(L, -2, &to.key_length);
        if (!encode_value(L, lua_gettop(L), &to, &(place) {at, to.key, 0, at->depth + 1}, err))
            return false;
    }
    return true;
}

static bool
encode_table(lua_State *L, int index, const target *to, const place *at, prt_error *err)
{
    if (at->depth > DEEPEST)
        return fail_at(L, at, PRT_ERR_USAGE, "nested more than 512 levels deep, or a table that contains itself", err);
    luaL_checkstack(L, 8, "JSON");
    bool list = is_array(L, index) || lua_rawlen(L, index) > 0;
    json_t *table = list ? json_array() : json_object();
    /* In its place before it is filled: from here on the box at the root owns it. */
    if (!put(to->parent, to->key, to->key_length, table))
        return fail_at(L, at, PRT_ERR_VALUE, "the key is not valid UTF-8", err);
    return (list ? encode_list : encode_fields)(L, index, table, at, err);
}

/* partrun's times and intervals by their texts; other userdata has no JSON form. */
static json_t *
encode_userdata(lua_State *L, int index)
{
    if (is_null(L, index))
        return json_null();
    int type = luaL_getmetafield(L, index, "__name");
    if (type == LUA_TNIL)
        return NULL;
    const char *name = type == LUA_TSTRING ? lua_tostring(L, -1) : "";
    bool ours = strcmp(name, "partrun.time") == 0 || strcmp(name, "partrun.interval") == 0;
    lua_pop(L, 1);
    if (!ours)
        return NULL;
    size_t length;
    const char *text = luaL_tolstring(L, index, &length);
    json_t *value = json_stringn(text, length);
    lua_pop(L, 1);
    return value;
}

static json_t *
encode_scalar(lua_State *L, int index)
{
    size_t length;
    const char *text;
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        return json_null();
    case LUA_TBOOLEAN:
        return json_boolean(lua_toboolean(L, index));
    case LUA_TNUMBER:
        return lua_isinteger(L, index) ? json_integer(lua_tointeger(L, index)) : json_real(lua_tonumber(L, index));
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &length);
        return json_stringn(text, length);
    case LUA_TUSERDATA:
        return encode_userdata(L, index);
    default:
        return NULL;
    }
}

static bool
encode_value(lua_State *L, int index, const target *to, const place *at, prt_error *err)
{
    if (lua_istable(L, index))
        return encode_table(L, index, to, at, err);
    json_t *value = encode_scalar(L, index);
    if (value != NULL && !put(to->parent, to->key, to->key_length, value))
        return fail_at(L, at, PRT_ERR_VALUE, "the key is not valid UTF-8", err);
    if (value != NULL)
        return true;
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        return fail_at(L, at, PRT_ERR_VALUE, "JSON has no infinity and no NaN", err);
    case LUA_TSTRING:
        return fail_at(L, at, PRT_ERR_VALUE, "the text is not valid UTF-8", err);
    default:
        lua_pushfstring(L, "a %s has no JSON form", luaL_typename(L, index));
        fail_at(L, at, PRT_ERR_USAGE, lua_tostring(L, -1), err);
        lua_pop(L, 1);
        return false;
    }
}

static int
append(const char *bytes, size_t length, void *out)
{
    prt_buf_mem(out, bytes, length);
    return 0;
}

bool
prl_json_encode(lua_State *L, int index, int indent, prt_buf *out, prt_error *err)
{
    int top = lua_gettop(L);
    index = lua_absindex(L, index);
    json_t **box = prl_json_box(L);
    *box = json_array();
    bool ok = encode_value(L, index, &(target) {*box, NULL, 0}, &(place) {NULL, NULL, 0, 1}, err);
    size_t flags = JSON_ENCODE_ANY | JSON_SORT_KEYS | (indent > 0 ? JSON_INDENT((size_t) indent) : JSON_COMPACT);
    if (ok && json_dump_callback(json_array_get(*box, 0), append, out, flags) != 0)
        ok = prt_fail(err, PRT_ERR_FAILED, "the JSON could not be written");
    json_decref(*box);
    *box = NULL;
    lua_settop(L, top);
    return ok;
}

static int
json_encode(lua_State *L)
{
    static const char *const options[] = {"indent", NULL};
    luaL_checkany(L, 1);
    prl_check_options(L, 2, options);
    lua_Integer indent = 0;
    if (lua_istable(L, 2) && lua_getfield(L, 2, "indent") != LUA_TNIL)
        indent = luaL_checkinteger(L, -1);
    luaL_argcheck(L, indent >= 0 && indent <= 31, 2, "indent is 0 to 31");
    lua_settop(L, 2);

    prt_buf out;
    prt_buf_init(&out, prl_arena_box(L));
    prt_error err = {0};
    if (!prl_json_encode(L, 1, (int) indent, &out, &err))
        return err.code == PRT_ERR_USAGE ? prl_raise(L, &err) : prl_failure(L, &err);
    lua_pushlstring(L, out.data, out.length);
    prl_arena_done(L, 3);
    return 1;
}

static int
json_decode(lua_State *L)
{
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    prt_error err = {0};
    return prl_json_decode(L, text, length, &err) ? 1 : prl_failure(L, &err);
}

static int
json_array_of(lua_State *L)
{
    if (lua_isnoneornil(L, 1))
        lua_newtable(L);
    else
        luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    if (!is_array(L, 1) && luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "the table has a protected metatable");
    lua_settop(L, 1);
    mark_array(L);
    return 1;
}

int
prl_open_json(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"encode", json_encode}, {"decode", json_decode}, {"array", json_array_of}, {NULL, NULL}};
    luaL_newlib(L, functions);
    push_null(L);
    lua_setfield(L, -2, "null");
    return 1;
}
