#include "lua/db_catalog.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "lua/box.h"
#include "lua/values.h"
#include "model/axis.h"
#include "model/ident.h"
#include "model/key.h"
#include "model/range.h"
#include "pg/catalog.h"

typedef struct child {
    const prt_table *table;
    const char *tenant; /* of RANGE (tenant, time); NULL */
    bool has_range;
    prt_range range;
    size_t index; /* keeps the order of children without a range */
} child;

static int
by_range(const void *a, const void *b)
{
    const child *x = a, *y = b;
    if (x->has_range != y->has_range)
        return x->has_range ? -1 : 1;
    int order = x->tenant != NULL && y->tenant != NULL ? strcmp(x->tenant, y->tenant) : 0;
    if (order != 0)
        return order;
    if (x->has_range && x->range.from.pos != y->range.from.pos)
        return x->range.from.pos < y->range.from.pos ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

/* The range key as far as it has an axis of times or ids; false: bounds stay texts. */
static bool
read_key(const prt_parent *parent, prt_key *key)
{
    prt_error ignored = {0};
    const prt_key_options none = {0};
    int axis = parent->strategy == 'r' ? prt_parent_axis(parent) : 0;
    return parent->strategy == 'r' && parent->key[axis].name != NULL &&
           prt_key_init(key, parent->key[axis].name, parent->key[axis].type, (int) parent->columns, axis, &none, NULL,
                        &ignored);
}

static bool
is_default(const prt_table *table)
{
    return table->bound_error == NULL && table->bound.kind == PRT_BOUND_DEFAULT;
}

static child
read_child(prt_arena *arena, const prt_table *table, const prt_key *key, size_t index)
{
    child c = {.table = table, .index = is_default(table) ? SIZE_MAX : index};
    prt_error ignored = {0};
    if (key == NULL || table->bound_error != NULL || table->bound.kind != PRT_BOUND_RANGE)
        return c;
    if (key->index > 0)
        c.tenant = prt_bound_tenant(&table->bound);
    c.has_range = (key->index == 0 || c.tenant != NULL) &&
                  prt_range_from_bound(arena, key, &table->bound, &c.range, &ignored);
    return c;
}

static child *
sorted_children(prt_arena *arena, const prt_parent *parent, const prt_key *key)
{
    child *children = prt_arena_array(arena, parent->children_length, sizeof *children);
    for (size_t i = 0; i < parent->children_length; i++)
        children[i] = read_child(arena, parent->children[i], key, i);
    if (parent->children_length > 0)
        qsort(children, parent->children_length, sizeof *children, by_range);
    return children;
}

static void
set_text(lua_State *L, const char *name, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

static void
set_count(lua_State *L, const char *name, int64_t count)
{
    if (count < 0)
        return;
    lua_pushinteger(L, count);
    lua_setfield(L, -2, name);
}

static void
push_child(lua_State *L, const child *c, bool ids)
{
    const prt_table *table = c->table;
    lua_createtable(L, 0, 11);
    set_text(L, "schema", table->schema);
    set_text(L, "name", table->name);
    set_text(L, "kind", table->kind == 'p' ? "partitioned" : table->kind == 'f' ? "foreign" : "table");
    set_text(L, "state", table->detach_pending ? "pending" : "attached");
    set_text(L, "bound", table->bound_text);
    set_text(L, "tenant", c->tenant); /* NULL: nil */
    set_count(L, "rows", table->rows);
    set_count(L, "bytes", table->bytes);
    if (is_default(table)) {
        lua_pushboolean(L, 1);
        lua_setfield(L, -2, "default");
    }
    if (c->has_range) {
        prl_push_pos(L, ids, c->range.from.pos);
        lua_setfield(L, -2, "from");
        prl_push_pos(L, ids, c->range.to.pos);
        lua_setfield(L, -2, "to");
    }
}

static bool
read_root(prt_conn *conn, prt_arena *arena, const char *table, bool bytes, const prt_table **root, prt_error *err)
{
    const prt_catalog_options options = {.bytes = bytes};
    prt_snapshot *snapshot;
    if (!prt_catalog_read(conn, arena, &table, 1, &options, &snapshot, err))
        return false;
    *root = snapshot->roots[0];
    const char *name = prt_ident_display(arena, (*root)->schema, (*root)->name);
    if ((*root)->kind == 0)
        return prt_fail(err, PRT_ERR_VALUE, "there is no table %s", name);
    if ((*root)->parent == NULL)
        return prt_fail(err, PRT_ERR_VALUE, "%s is not a partitioned table", name);
    return true;
}

bool
prl_push_partitions(lua_State *L, prt_conn *conn, const char *table, bool bytes, prt_error *err)
{
    prt_arena *arena = prl_arena_box(L);
    int box = lua_gettop(L);
    const prt_table *root;
    if (!read_root(conn, arena, table, bytes, &root, err)) {
        lua_settop(L, box - 1);
        return false;
    }
    prt_key key;
    bool has_key = read_key(root->parent, &key);
    const child *children = sorted_children(arena, root->parent, has_key ? &key : NULL);
    lua_createtable(L, (int) root->parent->children_length, 0);
    for (size_t i = 0; i < root->parent->children_length; i++) {
        push_child(L, &children[i], has_key && !prt_key_is_time(&key));
        lua_rawseti(L, -2, (lua_Integer) i + 1);
    }
    prl_arena_done(L, box);
    lua_remove(L, box);
    return true;
}
