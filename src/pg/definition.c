#include "pg/definition.h"

#include <string.h>

#include "model/ident.h"
#include "model/marker.h"
#include "pg/result.h"

/* Partrun's own line in the comment speaks of this very table, not of one that is made from it. */
static void
strip_comment(prt_arena *arena, json_t *definition)
{
    const char *comment = json_string_value(json_object_get(definition, "comment"));
    const char *kept = prt_marker_strip(arena, comment);
    if (kept == NULL)
        json_object_del(definition, "comment");
    else
        json_object_set_new(definition, "comment", json_string(kept));
}

static bool
has_definitions(const json_t *indexes)
{
    size_t i;
    const json_t *index;
    json_array_foreach(indexes, i, index) if (!json_is_string(json_object_get(index, "definition"))) return false;
    return true;
}

static bool
take(prt_arena *arena, const PGresult *result, json_t **out, prt_error *err)
{
    char kind = prt_cell_char(result, 0, 2);
    if (kind != 'r' && kind != 'p')
        return prt_fail(err, PRT_ERR_FAILED, "it is not a table with rows of its own");
    json_t *definition = json_loads(PQgetvalue(result, 0, 3), 0, NULL);
    if (definition == NULL)
        return prt_fail(err, PRT_ERR_FAILED, "its definition cannot be read");
    if (!has_definitions(json_object_get(definition, "indexes"))) {
        json_decref(definition);
        return prt_fail(err, PRT_ERR_FAILED, "the definition of one of its indexes cannot be read");
    }
    strip_comment(arena, definition);
    *out = definition;
    return true;
}

bool
prt_definition_read(prt_conn *conn, prt_arena *arena, uint32_t oid, json_t **out, prt_error *err)
{
    const char *values[] = {prt_arena_printf(arena, "%u", oid)};
    PGresult *result = NULL;
    *out = NULL;
    if (!prt_query_file(conn, "definition", 1, values, &result, err))
        return false;
    bool ok = PQntuples(result) == 1;
    if (!ok)
        prt_fail(err, PRT_ERR_FAILED, "the table is not there any more");
    else if (!take(arena, result, out, err)) {
        ok = false;
        prt_fail_object(err, "%s", prt_ident_display(arena, PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1)));
    }
    PQclear(result);
    return ok;
}
