/* Whether default partitions hold rows at all: the statistics still tell of rows that a drain has just moved. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/vec.h"
#include "model/ident.h"
#include "pg/run_plan.h"

typedef PRT_VEC(prt_table *) table_list;

static void
list_defaults(prt_arena *arena, const prt_table *table, table_list *out)
{
    const prt_parent *parent = table->parent;
    for (size_t i = 0; parent != NULL && i < parent->children_length; i++) {
        prt_table *child = parent->children[i];
        bool stored = child->kind == 'r' && child->bytes > 0 && child->rows != 0;
        if (child->bound_error == NULL && child->bound.kind == PRT_BOUND_DEFAULT && stored)
            prt_vec_push(arena, out, child); /* NOLINT(bugprone-sizeof-expression): addresses */
        list_defaults(arena, child, out);
    }
}

static const char *
inquiry(prt_arena *arena, const table_list *tables)
{
    prt_buf sql;
    prt_buf_init(&sql, arena);
    for (size_t i = 0; i < tables->length; i++)
        prt_buf_fmt(&sql, "%sSELECT %zu AS i WHERE NOT EXISTS (SELECT FROM ONLY %s)", i == 0 ? "" : " UNION ALL ", i,
                    prt_ident_qualify(arena, tables->items[i]->schema, tables->items[i]->name));
    return sql.data;
}

bool
prt_defaults_read(prt_conn *conn, prt_arena *arena, prt_snapshot *snapshot, prt_error *err)
{
    table_list tables = {0};
    PGresult *result = NULL;
    for (size_t i = 0; i < snapshot->roots_length; i++)
        list_defaults(arena, snapshot->roots[i], &tables);
    if (tables.length == 0)
        return true;
    if (!prt_query(conn, inquiry(arena, &tables), 0, NULL, &result, err))
        return false;
    for (int row = 0; row < PQntuples(result); row++)
        tables.items[strtoul(PQgetvalue(result, row, 0), NULL, 10)]->rows = 0;
    PQclear(result);
    return true;
}
