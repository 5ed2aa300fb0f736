/* Questions that follow a snapshot: names that are taken, sizes. */
#include <stdlib.h>
#include <string.h>

#include "model/ident.h"
#include "pg/catalog.h"
#include "pg/query.h"
#include "pg/result.h"

static int
by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *) left, *(const char *const *) right);
}

bool
prt_catalog_taken(prt_conn *conn, prt_arena *arena, const char *const *names, size_t length, const char ***taken,
                  size_t *taken_length, prt_error *err)
{
    *taken = NULL;
    *taken_length = 0;
    if (length == 0)
        return true;
    const char **schemas = prt_arena_array(arena, length, sizeof *schemas);
    const char **tables = prt_arena_array(arena, length, sizeof *tables);
    for (size_t i = 0; i < length; i++) {
        if (!prt_ident_parse(arena, names[i], &schemas[i], &tables[i], err))
            return prt_fail_object(err, "%s", names[i]);
        if (schemas[i] == NULL)
            schemas[i] = "public";
    }
    const char *const values[] = {prt_array_texts(arena, schemas, length), prt_array_texts(arena, tables, length)};
    PGresult *result = NULL;
    if (!prt_query_file(conn, "catalog_taken", 2, values, &result, err))
        return false;
    *taken_length = (size_t) PQntuples(result);
    *taken = prt_arena_array(arena, *taken_length, sizeof **taken);
    for (size_t i = 0; i < *taken_length; i++)
        (*taken)[i] = prt_ident_qualify(arena, PQgetvalue(result, (int) i, 0), PQgetvalue(result, (int) i, 1));
    qsort(*taken, *taken_length, sizeof **taken, by_text);
    PQclear(result);
    return true;
}

bool
prt_catalog_sizes(prt_conn *conn, prt_arena *arena, const uint32_t *oids, size_t length, int64_t **bytes,
                  prt_error *err)
{
    *bytes = prt_arena_array(arena, length, sizeof **bytes);
    if (length == 0)
        return true;
    const char *values[] = {prt_array_oids(arena, oids, length)};
    PGresult *result = NULL;
    if (!prt_query_file(conn, "catalog_sizes", 1, values, &result, err))
        return false;
    for (size_t i = 0; i < length; i++)
        (*bytes)[i] = prt_cell_int(result, (int) i, 1, -1);
    PQclear(result);
    return true;
}
