/* Rows of the catalog as a tree of tables. */
#include <stdlib.h>
#include <string.h>

#include "pg/catalog_impl.h"
#include "pg/result.h"

static size_t
slot_of(const prt_table_map *map, uint32_t oid)
{
    size_t slot = oid * UINT32_C(2654435769) & (map->capacity - 1);
    while (map->slots[slot] != NULL && map->slots[slot]->oid != oid)
        slot = (slot + 1) & (map->capacity - 1);
    return slot;
}

prt_table *
prt_table_map_get(const prt_table_map *map, uint32_t oid)
{
    return map->capacity == 0 ? NULL : map->slots[slot_of(map, oid)];
}

void
prt_table_map_put(prt_arena *arena, prt_table_map *map, prt_table *table)
{
    if (map->length * 2 >= map->capacity) {
        prt_table_map larger = {.capacity = map->capacity == 0 ? 64 : map->capacity * 4, .length = map->length};
        larger.slots = prt_arena_array(arena, larger.capacity, sizeof *larger.slots);
        for (size_t i = 0; i < map->capacity; i++)
            if (map->slots[i] != NULL)
                larger.slots[slot_of(&larger, map->slots[i]->oid)] = map->slots[i];
        *map = larger;
    }
    map->slots[slot_of(map, table->oid)] = table;
    map->length++;
}

void
prt_catalog_take_parents(prt_catalog *catalog, const PGresult *result)
{
    prt_arena *arena = catalog->arena;
    for (int row = 0; row < PQntuples(result); row++) {
        prt_table *table = PRT_NEW(arena, prt_table);
        table->oid = prt_cell_oid(result, row, 0);
        table->schema = prt_cell_text(arena, result, row, 1);
        table->name = prt_cell_text(arena, result, row, 2);
        table->kind = prt_cell_char(result, row, 3);
        table->rows = prt_cell_int(result, row, 4, -1);
        table->owner = prt_cell_text(arena, result, row, 5);
        table->replica_identity = prt_cell_char(result, row, 9);
        table->bytes = -1;
        prt_table_map_put(arena, &catalog->tables, table);
        if (table->kind != 'p')
            continue;
        prt_parent *parent = table->parent = PRT_NEW(arena, prt_parent);
        parent->strategy = prt_cell_char(result, row, 6);
        parent->columns = (size_t) prt_cell_int(result, row, 7, 0);
        parent->key = prt_arena_array(arena, parent->columns, sizeof *parent->key);
        parent->owner = table->owner;
        parent->tablespace = prt_cell_text(arena, result, row, 8);
        parent->replica_identity = table->replica_identity;
        parent->replica_index = prt_cell_text(arena, result, row, 10);
        parent->row_security = prt_cell_bool(result, row, 11);
        parent->force_row_security = prt_cell_bool(result, row, 12);
        parent->has_triggers = prt_cell_bool(result, row, 13);
        parent->acl = prt_cell_text(arena, result, row, 16);
        parent->locks_per_child = 3 + (int) prt_cell_int(result, row, 17, 0); /* table, toast, its index */
        parent->analyzed = prt_cell_int(result, row, 18, PRT_POS_MIN);
        prt_vec_push(arena, &catalog->parents,
                     ((prt_catalog_parent) {.table = table,
                                            .published = prt_cell_bool(result, row, 14),
                                            .schema_oid = prt_cell_oid(result, row, 15),
                                            .default_oid = prt_cell_oid(result, row, 19),
                                            .default_bytes = prt_cell_int(result, row, 20, -1),
                                            .default_guarded = prt_cell_bool(result, row, 21)}));
    }
}

void
prt_catalog_take_roots(prt_catalog *catalog, const PGresult *result)
{
    prt_snapshot *snapshot = catalog->snapshot;
    for (int row = 0; row < PQntuples(result); row++) {
        size_t place = (size_t) prt_cell_int(result, row, 0, 0);
        prt_table *table = prt_table_map_get(&catalog->tables, prt_cell_oid(result, row, 1));
        if (table != NULL && place >= 1 && place <= snapshot->roots_length)
            snapshot->roots[place - 1] = table;
    }
}

static void
parse_bound(prt_arena *arena, prt_table *table)
{
    prt_error err = {0};
    if (table->bound_text == NULL)
        table->bound_error = "it has no bound";
    else if (!prt_bound_parse(arena, table->bound_text, &table->bound, &err))
        table->bound_error = prt_arena_strdup(arena, err.message);
}

/* A schema's name once, not once a row: neighbours mostly share it. */
static const char *
same_schema(prt_arena *arena, const PGresult *result, int row, const char *last)
{
    if (last != NULL && strcmp(last, PQgetvalue(result, row, 2)) == 0)
        return last;
    return prt_cell_text(arena, result, row, 2);
}

/* The node of a child: branches are known already, as parents. */
static prt_table *
child_node(prt_catalog *catalog, const PGresult *result, int row, const char *schema)
{
    prt_arena *arena = catalog->arena;
    uint32_t oid = prt_cell_oid(result, row, 1);
    prt_table *table = prt_table_map_get(&catalog->tables, oid);
    if (table == NULL) {
        table = PRT_NEW(arena, prt_table);
        table->oid = oid;
        table->schema = schema;
        table->name = prt_cell_text(arena, result, row, 3);
        table->kind = prt_cell_char(result, row, 4);
        table->owner = prt_cell_text(arena, result, row, 10);
        table->acl = prt_cell_text(arena, result, row, 11);
        prt_table_map_put(arena, &catalog->tables, table);
    }
    table->detach_pending = prt_cell_bool(result, row, 5);
    table->rows = prt_cell_int(result, row, 6, -1);
    table->bound_text = prt_cell_text(arena, result, row, 7);
    table->replica_identity = prt_cell_char(result, row, 8);
    table->bytes = prt_cell_int(result, row, 9, -1);
    parse_bound(arena, table);
    return table;
}

static int
by_oid(const void *left, const void *right)
{
    uint32_t a = (*(prt_table *const *) left)->oid, b = (*(prt_table *const *) right)->oid;
    return a < b ? -1 : a > b;
}

void
prt_catalog_take_children(prt_catalog *catalog, const PGresult *result)
{
    const char *schema = NULL;
    for (int row = 0; row < PQntuples(result); row++) {
        prt_table *parent = prt_table_map_get(&catalog->tables, prt_cell_oid(result, row, 0));
        if (parent != NULL && parent->parent != NULL)
            parent->parent->children_length++;
    }
    for (size_t i = 0; i < catalog->parents.length; i++) {
        prt_parent *parent = catalog->parents.items[i].table->parent;
        parent->children = prt_arena_array(catalog->arena, parent->children_length, sizeof(prt_table *));
        parent->children_length = 0;
    }
    for (int row = 0; row < PQntuples(result); row++) {
        prt_table *parent = prt_table_map_get(&catalog->tables, prt_cell_oid(result, row, 0));
        if (parent == NULL || parent->parent == NULL)
            continue;
        schema = same_schema(catalog->arena, result, row, schema);
        prt_table *child = child_node(catalog, result, row, schema);
        child->parent_table = parent;
        parent->parent->children[parent->parent->children_length++] = child;
    }
    for (size_t i = 0; i < catalog->parents.length; i++) {
        prt_parent *parent = catalog->parents.items[i].table->parent;
        qsort(parent->children, parent->children_length, sizeof(prt_table *), by_oid);
    }
}

void
prt_catalog_take_defaults(prt_catalog *catalog)
{
    for (size_t i = 0; i < catalog->parents.length; i++) {
        const prt_catalog_parent *p = &catalog->parents.items[i];
        prt_table *table = p->default_oid == 0 ? NULL : prt_table_map_get(&catalog->tables, p->default_oid);
        if (table == NULL)
            continue;
        table->guarded = p->default_guarded;
        if (table->bytes < p->default_bytes)
            table->bytes = p->default_bytes;
    }
}

/* A branch is as large as its leaves; unknown as long as one of them is. */
static int64_t
sum_bytes(prt_table *table)
{
    int64_t sum = 0;
    if (table->parent == NULL)
        return table->bytes;
    for (size_t i = 0; i < table->parent->children_length; i++) {
        int64_t bytes = sum_bytes(table->parent->children[i]);
        sum = sum < 0 || bytes < 0 ? -1 : sum + bytes;
    }
    return table->bytes = sum;
}

void
prt_catalog_sum_bytes(prt_catalog *catalog)
{
    for (size_t i = 0; i < catalog->parents.length; i++)
        if (catalog->parents.items[i].table->parent_table == NULL)
            sum_bytes(catalog->parents.items[i].table);
}
