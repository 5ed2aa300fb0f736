/* What parents carry beside their children, and comments with their markers. Rows come sorted by parent. */
#include <string.h>

#include "pg/catalog_impl.h"
#include "pg/result.h"

/* The parent that a row belongs to; NULL when it vanished from the tree meanwhile. */
static prt_parent *
parent_of(const prt_catalog *catalog, const PGresult *result, int row)
{
    prt_table *table = prt_table_map_get(&catalog->tables, prt_cell_oid(result, row, 0));
    return table == NULL ? NULL : table->parent;
}

/* Where the rows of the parent of `row` end. */
static int
group_end(const PGresult *result, int row)
{
    int end = row + 1;
    while (end < PQntuples(result) && strcmp(PQgetvalue(result, end, 0), PQgetvalue(result, row, 0)) == 0)
        end++;
    return end;
}

static void
take_column(prt_arena *arena, prt_parent *parent, const PGresult *result, int row, size_t *listed)
{
    const char *name = prt_cell_text(arena, result, row, 1);
    int64_t place = prt_cell_int(result, row, 2, -1);
    if (place >= 0 && (size_t) place < parent->columns)
        parent->key[place] = (prt_key_column) {
            .name = name, .type = prt_cell_text(arena, result, row, 3), .not_null = prt_cell_bool(result, row, 4)};
    if (!prt_cell_bool(result, row, 5))
        parent->columns_list[(*listed)++] = name;
    parent->has_identity = parent->has_identity || prt_cell_bool(result, row, 6);
}

void
prt_catalog_take_columns(prt_catalog *catalog, const PGresult *result)
{
    for (int row = 0, end; row < PQntuples(result); row = end) {
        prt_parent *parent = parent_of(catalog, result, row);
        size_t listed = 0;
        end = group_end(result, row);
        if (parent == NULL)
            continue;
        parent->columns_list = prt_arena_array(catalog->arena, (size_t) (end - row) + 1, sizeof(const char *));
        for (int i = row; i < end; i++)
            take_column(catalog->arena, parent, result, i, &listed);
    }
}

void
prt_catalog_take_sublevels(prt_catalog *catalog, const PGresult *result)
{
    prt_arena *arena = catalog->arena;
    static const prt_sub_column none[1];
    for (size_t i = 0; catalog->options->columns_length > 0 && i < catalog->parents.length; i++)
        catalog->parents.items[i].table->parent->sub_columns = none;
    for (int row = 0, end; row < PQntuples(result); row = end) {
        prt_parent *parent = parent_of(catalog, result, row);
        end = group_end(result, row);
        if (parent == NULL)
            continue;
        prt_sub_column *columns = prt_arena_array(arena, (size_t) (end - row), sizeof *columns);
        for (int i = row; i < end; i++)
            columns[i - row] = (prt_sub_column) {.name = prt_cell_text(arena, result, i, 1),
                                                 .type = prt_cell_text(arena, result, i, 2),
                                                 .uncovered = prt_cell_text(arena, result, i, 3)};
        parent->sub_columns = columns;
        parent->sub_columns_length = (size_t) (end - row);
    }
}

void
prt_catalog_take_references(prt_catalog *catalog, const PGresult *result)
{
    prt_arena *arena = catalog->arena;
    for (int row = 0, end; row < PQntuples(result); row = end) {
        prt_parent *parent = parent_of(catalog, result, row);
        end = group_end(result, row);
        if (parent == NULL)
            continue;
        parent->references_length = (size_t) (end - row);
        parent->references = prt_arena_array(arena, parent->references_length, sizeof *parent->references);
        for (int i = row; i < end; i++)
            parent->references[i - row] = (prt_reference) {.schema = prt_cell_text(arena, result, i, 1),
                                                           .table = prt_cell_text(arena, result, i, 2),
                                                           .constraint = prt_cell_text(arena, result, i, 3),
                                                           .on_delete = prt_cell_char(result, i, 4),
                                                           .on_update = prt_cell_char(result, i, 5)};
    }
}

void
prt_catalog_take_indexes(prt_catalog *catalog, const PGresult *result)
{
    for (int row = 0, end; row < PQntuples(result); row = end) {
        prt_parent *parent = parent_of(catalog, result, row);
        end = group_end(result, row);
        if (parent == NULL)
            continue;
        parent->invalid_indexes = prt_arena_array(catalog->arena, (size_t) (end - row) + 1, sizeof(const char *));
        for (int i = row; i < end; i++)
            parent->invalid_indexes[i - row] = prt_cell_text(catalog->arena, result, i, 1);
    }
}

void
prt_catalog_take_policies(prt_catalog *catalog, const PGresult *result)
{
    prt_arena *arena = catalog->arena;
    for (int row = 0, end; row < PQntuples(result); row = end) {
        prt_parent *parent = parent_of(catalog, result, row);
        end = group_end(result, row);
        if (parent == NULL)
            continue;
        parent->policies_length = (size_t) (end - row);
        parent->policies = prt_arena_array(arena, parent->policies_length, sizeof *parent->policies);
        for (int i = row; i < end; i++)
            parent->policies[i - row] = (prt_row_policy) {.name = prt_cell_text(arena, result, i, 1),
                                                          .permissive = prt_cell_bool(result, i, 2),
                                                          .command = prt_cell_text(arena, result, i, 3),
                                                          .roles = prt_cell_text(arena, result, i, 4),
                                                          .using_sql = prt_cell_text(arena, result, i, 5),
                                                          .check_sql = prt_cell_text(arena, result, i, 6)};
    }
}

static bool
schema_published(const PGresult *schemas, uint32_t oid)
{
    for (int row = 0; schemas != NULL && row < PQntuples(schemas); row++)
        if (prt_cell_oid(schemas, row, 0) == oid)
            return true;
    return false;
}

/* A publication of an ancestor covers what is below it. */
void
prt_catalog_take_publications(prt_catalog *catalog, const PGresult *result)
{
    for (size_t i = 0; i < catalog->parents.length; i++) {
        const prt_catalog_parent *p = &catalog->parents.items[i];
        p->table->parent->has_publication = p->published || schema_published(result, p->schema_oid);
    }
    for (size_t i = 0; i < catalog->parents.length; i++) {
        const prt_table *table = catalog->parents.items[i].table;
        for (const prt_table *above = table->parent_table; above != NULL; above = above->parent_table)
            if (above->parent->has_publication)
                table->parent->has_publication = true;
    }
}

/* Markers name their table: a restored copy, whose marker names another, is nobody's. A table that was just built has
 * a marker written before its oid was known. */
static bool
is_ours(const prt_snapshot *snapshot, const prt_marker *marker, uint32_t oid)
{
    bool built = strcmp(marker->state, "making") == 0 && marker->oid == 0;
    return strcmp(marker->system, snapshot->system) == 0 && marker->database == snapshot->database_oid &&
           (marker->oid == oid || built);
}

static void
take_waiting(prt_catalog *catalog, const PGresult *result, int row)
{
    prt_arena *arena = catalog->arena;
    prt_snapshot *snapshot = catalog->snapshot;
    prt_marker marker = {0};
    const char *comment = prt_cell_text(arena, result, row, 1);
    uint32_t oid = prt_cell_oid(result, row, 0);
    if (!prt_marker_read(arena, comment, &marker) || !is_ours(snapshot, &marker, oid))
        return;
    prt_table *table = PRT_NEW(arena, prt_table);
    table->oid = oid;
    table->comment = comment;
    table->schema = prt_cell_text(arena, result, row, 2);
    table->name = prt_cell_text(arena, result, row, 3);
    table->kind = prt_cell_char(result, row, 4);
    table->rows = prt_cell_int(result, row, 6, -1);
    table->owner = prt_cell_text(arena, result, row, 7);
    table->replica_identity = prt_cell_char(result, row, 8);
    table->bytes = prt_cell_int(result, row, 9, -1);
    table->fenced = prt_cell_bool(result, row, 10);
    snapshot->waiting[snapshot->waiting_length++] = (prt_waiting) {.table = table, .marker = marker};
}

void
prt_catalog_take_comments(prt_catalog *catalog, const PGresult *result)
{
    int rows = PQntuples(result);
    catalog->snapshot->waiting = prt_arena_array(catalog->arena, (size_t) rows, sizeof(prt_waiting));
    for (int row = 0; row < rows; row++) {
        prt_table *table = prt_table_map_get(&catalog->tables, prt_cell_oid(result, row, 0));
        if (table != NULL) {
            table->comment = prt_cell_text(catalog->arena, result, row, 1);
            table->fenced = prt_cell_bool(result, row, 10);
        } else if (!prt_cell_bool(result, row, 5)) {
            take_waiting(catalog, result, row);
        }
    }
}
