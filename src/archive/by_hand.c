#include "archive/by_hand.h"

#include <string.h>

#include "model/bound.h"
#include "model/ident.h"
#include "model/marker.h"
#include "pg/result.h"

/* A time as RFC 3339, anything else as it is. */
static const char *
end_text(prt_arena *arena, const prt_datum *datum, const char *type)
{
    prt_instant at;
    prt_error ignored = {0};
    if (datum->kind != PRT_DATUM_VALUE)
        return NULL;
    bool time = type != NULL && (strncmp(type, "timestamp", 9) == 0 || strcmp(type, "date") == 0);
    if (time && prt_instant_parse(datum->text, &at, &ignored) && at != PRT_POS_MIN && at != PRT_POS_MAX)
        return prt_instant_format(arena, at);
    return datum->text;
}

/* The ends of a range: of the first column in which they differ. */
static void
take_ends(prt_arena *arena, const char *key_type, prt_archive_request *out)
{
    prt_bound bound;
    prt_error ignored = {0};
    if (!prt_bound_parse(arena, out->bound, &bound, &ignored) || bound.kind != PRT_BOUND_RANGE)
        return;
    size_t i = 0;
    while (i + 1 < bound.length && strcmp(bound.from[i].sql, bound.to[i].sql) == 0)
        i++;
    const char *type = i == 0 ? key_type : "timestamp"; /* behind a tenant comes a time, if it reads as one */
    out->from = end_text(arena, &bound.from[i], type);
    out->to = end_text(arena, &bound.to[i], type);
}

/* A partition that was detached to be retired: its marker knows where it was. */
static void
take_marker(prt_conn *conn, prt_arena *arena, const char *comment, prt_archive_request *out)
{
    prt_marker marker = {0};
    const prt_conn_facts *facts = prt_conn_facts_of(conn);
    if (!prt_marker_read(arena, comment, &marker) || strcmp(marker.system, facts->system) != 0 ||
        marker.database != facts->database_oid || marker.oid != out->oid)
        return;
    out->parent_schema = marker.parent_schema;
    out->parent_name = marker.parent_name;
    out->bound = prt_arena_printf(arena, "FOR VALUES FROM (%s) TO (%s)", marker.from, marker.to);
}

static void
take(prt_conn *conn, prt_arena *arena, const PGresult *result, prt_archive_request *out)
{
    out->oid = prt_cell_oid(result, 0, 0);
    out->parent_schema = prt_cell_text(arena, result, 0, 2);
    out->parent_name = prt_cell_text(arena, result, 0, 3);
    out->bound = prt_cell_text(arena, result, 0, 4);
    if (out->bound == NULL)
        take_marker(conn, arena, prt_cell_text(arena, result, 0, 6), out);
    if (out->bound != NULL)
        take_ends(arena, prt_cell_text(arena, result, 0, 5), out);
}

bool
prt_archive_by_hand(prt_conn *conn, prt_arena *arena, const char *table, prt_archive_request *out, prt_error *err)
{
    PGresult *result = NULL;
    *out = (prt_archive_request) {0};
    if (!prt_ident_parse(arena, table, &out->schema, &out->name, err)) {
        err->code = PRT_ERR_USAGE;
        return false;
    }
    if (out->schema == NULL)
        out->schema = "public";
    const char *values[] = {out->schema, out->name};
    if (!prt_query_file(conn, "relation_bound", 2, values, &result, err))
        return false;
    bool found = PQntuples(result) > 0;
    if (found)
        take(conn, arena, result, out);
    PQclear(result);
    if (found)
        return true;
    prt_fail(err, PRT_ERR_FAILED, "there is no such table");
    return prt_fail_object(err, "%s", prt_ident_display(arena, out->schema, out->name));
}
