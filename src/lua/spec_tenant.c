#include "lua/spec_tenant.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "lua/convert.h"

enum { MOST_VALUES = 1000000, MOST_MODULUS = 10000 };

typedef PRT_VEC(prt_tenant_field) field_list;

/* ------------------------------------------------------------------------------------------------ values */

/* The value on top of the stack, which it pops. */
static prt_tenant_field
pop_value(lua_State *L, prt_arena *arena, const char *name)
{
    prt_tenant_field field = {.name = name, .kind = PRT_VALUE_TEXT};
    if (lua_type(L, -1) == LUA_TSTRING) {
        field.text = prl_pop_text(L, arena, name);
        return field;
    }
    if (lua_isboolean(L, -1)) {
        field.kind = PRT_VALUE_BOOLEAN;
        field.text = lua_toboolean(L, -1) ? "t" : "f";
    } else if (lua_isinteger(L, -1)) {
        field.kind = PRT_VALUE_INTEGER;
        field.text = prt_arena_printf(arena, "%lld", (long long) lua_tointeger(L, -1));
    } else if (lua_type(L, -1) == LUA_TNUMBER) {
        field.kind = PRT_VALUE_NUMBER;
        field.text = prt_arena_printf(arena, "%.17g", lua_tonumber(L, -1));
    } else
        luaL_error(L, "%s: is a %s, not a plain value", name, luaL_typename(L, -1));
    lua_pop(L, 1);
    return field;
}

/* Fields in the order of their names: nothing depends on the order of a Lua table. */
static void
insert(prt_arena *arena, field_list *fields, prt_tenant_field field)
{
    prt_vec_push(arena, fields, field);
    size_t i = fields->length - 1;
    for (; i > 0 && strcmp(fields->items[i - 1].name, field.name) > 0; i--)
        fields->items[i] = fields->items[i - 1];
    fields->items[i] = field;
}

static const char *
id_of(lua_State *L, const field_list *fields)
{
    for (size_t i = 0; i < fields->length; i++) {
        const prt_tenant_field *f = &fields->items[i];
        if (strcmp(f->name, "id") == 0 && (f->kind == PRT_VALUE_TEXT || f->kind == PRT_VALUE_INTEGER))
            return f->text;
    }
    luaL_error(L, "values: an item's `id` is neither a string nor an integer");
    return NULL;
}

/* The item on top of the stack, which it pops: an id, or a row with one. */
static prt_tenant
pop_item(lua_State *L, prt_arena *arena)
{
    field_list fields = {0};
    int top = lua_gettop(L);
    if (!lua_istable(L, top))
        insert(arena, &fields, pop_value(L, arena, "id"));
    else {
        for (lua_pushnil(L); lua_next(L, top);) {
            lua_pushvalue(L, -2);
            const char *name = prl_pop_text(L, arena, "values: a column's name");
            insert(arena, &fields, pop_value(L, arena, name));
        }
        lua_pop(L, 1);
    }
    return (prt_tenant) {.id = id_of(L, &fields), .fields = fields.items, .fields_length = fields.length};
}

/* t.values: a list of tenants, or a query. */
static void
read_values(lua_State *L, int t, prt_arena *arena, const prt_tenant **list, size_t *length, const char **query)
{
    int type = prl_raw_field(L, t, "values");
    if (type == LUA_TSTRING) {
        *query = prl_pop_text(L, arena, "values");
        return;
    }
    lua_Unsigned count = type == LUA_TTABLE ? lua_rawlen(L, -1) : 0;
    if (count == 0 || count > MOST_VALUES)
        luaL_error(L, "values: is neither a query nor a list of 1 to %d items", MOST_VALUES);
    prt_tenant *items = prt_arena_array(arena, (size_t) count, sizeof *items);
    for (lua_Unsigned i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (lua_Integer) i + 1);
        items[i] = pop_item(L, arena);
    }
    lua_pop(L, 1);
    *list = items;
    *length = (size_t) count;
}

static bool
push_table(lua_State *L, int t, const char *name)
{
    int type = prl_raw_field(L, t, name);
    if (type != LUA_TNIL && type != LUA_TTABLE)
        luaL_error(L, "%s: is a %s, not a table", name, luaL_typename(L, -1));
    return type == LUA_TTABLE;
}

/* ------------------------------------------------------------------------------------------------ fields */

void
prl_read_tenant(lua_State *L, int t, prt_arena *arena, prt_spec *spec)
{
    int top = lua_gettop(L);
    if (push_table(L, t, "tenant")) {
        prt_tenant_spec *tenant = &spec->tenant;
        if (!prl_field_text(L, top + 1, "key", arena, &tenant->key))
            luaL_error(L, "tenant.key: is required");
        read_values(L, top + 1, arena, &tenant->list, &tenant->list_length, &tenant->query);
        if (prl_raw_field(L, top + 1, "unknown") == LUA_TTABLE) {
            tenant->drop_unknown = prl_field_interval(L, top + 2, "drop_after", &tenant->drop_after);
            if (!tenant->drop_unknown || prt_interval_is_zero(&tenant->drop_after))
                luaL_error(L, "tenant.unknown.drop_after: has to be longer than zero");
        } else if (!lua_isnil(L, -1) && (lua_type(L, -1) != LUA_TSTRING || strcmp(lua_tostring(L, -1), "keep") != 0))
            luaL_error(L, "tenant.unknown: is neither \"keep\" nor { drop_after = ... }");
    }
    lua_settop(L, top);
}

void
prl_read_purge(lua_State *L, int t, prt_spec *spec)
{
    int top = lua_gettop(L);
    if (push_table(L, t, "purge")) {
        prt_purge_spec *purge = &spec->purge;
        purge->stated = true;
        prl_field_integer(L, top + 1, "batch", &purge->batch);
        prl_field_integer(L, top + 1, "pause", &purge->pause_ms);
        prl_field_integer(L, top + 1, "max_rows", &purge->max_rows);
        if (purge->batch < 1 || purge->pause_ms < 0 || purge->max_rows < 0)
            luaL_error(L, "purge: `batch` has to be 1 or more, `pause` and `max_rows` not below zero");
    }
    lua_settop(L, top);
}

static void
read_hash(lua_State *L, int t, prt_sub_spec *sub)
{
    int64_t modulus = 0;
    prl_field_integer(L, t, "modulus", &modulus);
    if (modulus < 1 || modulus > MOST_MODULUS)
        luaL_error(L, "subpartition.modulus: has to be between 1 and %d", MOST_MODULUS);
    sub->kind = PRT_SUB_HASH;
    sub->modulus = (int) modulus;
}

static void
read_range(lua_State *L, int t, prt_sub_spec *sub)
{
    sub->kind = PRT_SUB_RANGE;
    int type = prl_raw_field(L, t, "interval");
    lua_pop(L, 1);
    sub->by_id = type == LUA_TNUMBER;
    bool ok = sub->by_id ? prl_field_integer(L, t, "interval", &sub->id_step) && sub->id_step > 0
                         : prl_field_interval(L, t, "interval", &sub->interval);
    if (!ok)
        luaL_error(L, "subpartition.interval: is required, and an integer has to be 1 or more");
}

void
prl_read_subpartition(lua_State *L, int t, prt_arena *arena, prt_spec *spec)
{
    int top = lua_gettop(L);
    if (push_table(L, t, "subpartition")) {
        prt_sub_spec *sub = &spec->subpartition;
        if (prl_field_text(L, top + 1, "hash", arena, &sub->column))
            read_hash(L, top + 1, sub);
        else if (prl_field_text(L, top + 1, "list", arena, &sub->column)) {
            sub->kind = PRT_SUB_LIST;
            read_values(L, top + 1, arena, &sub->list, &sub->list_length, &sub->query);
        } else if (prl_field_text(L, top + 1, "range", arena, &sub->column))
            read_range(L, top + 1, sub);
        else
            luaL_error(L, "subpartition: has none of `hash`, `list` and `range`");
    }
    lua_settop(L, top);
}

/* ------------------------------------------------------------------------------------------------ to Lua */

static void
push_value(lua_State *L, const prt_tenant_field *field)
{
    switch (field->text == NULL ? PRT_VALUE_NULL : field->kind) {
    case PRT_VALUE_INTEGER:
        lua_pushinteger(L, strtoll(field->text, NULL, 10));
        break;
    case PRT_VALUE_NUMBER:
        lua_pushnumber(L, strtod(field->text, NULL));
        break;
    case PRT_VALUE_BOOLEAN:
        lua_pushboolean(L, field->text[0] == 't');
        break;
    case PRT_VALUE_TEXT:
        lua_pushstring(L, field->text);
        break;
    case PRT_VALUE_NULL:
        lua_pushnil(L);
        break;
    }
}

void
prl_push_tenant(lua_State *L, const prt_tenant *tenant, const char *id)
{
    if (tenant == NULL && id == NULL) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, 0, tenant == NULL ? 1 : (int) tenant->fields_length);
    for (size_t i = 0; tenant != NULL && i < tenant->fields_length; i++) {
        push_value(L, &tenant->fields[i]);
        lua_setfield(L, -2, tenant->fields[i].name);
    }
    if (tenant == NULL) {
        lua_pushstring(L, id);
        lua_setfield(L, -2, "id");
    }
}
