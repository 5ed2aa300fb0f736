/* The table that is archived: its transaction, what it is, and the statements that read it. */
#include <string.h>

#include "archive/archive_impl.h"
#include "base/buf.h"
#include "model/ident.h"
#include "pg/result.h"

/* What the catalog says about the table. */
typedef struct facts {
    PGresult *rows;
    char kind;
    bool children;
} facts;

static bool
look_up(prt_conn *conn, prt_arena *arena, const prt_archive_request *request, facts *out, prt_error *err)
{
    const char *values[] = {request->schema, request->name};
    if (!prt_query_file(conn, "archive_table", 2, values, &out->rows, err))
        return false;
    const char *display = prt_ident_display(arena, request->schema, request->name);
    if (PQntuples(out->rows) == 0) {
        prt_fail(err, PRT_ERR_FAILED, "there is no table %s", display);
        return prt_fail_hint(err, "check the name and its schema; upper case needs quotes");
    }
    out->kind = prt_cell_char(out->rows, 0, 1);
    out->children = prt_cell_bool(out->rows, 0, 2);
    if (strchr("rpf", out->kind) == NULL)
        return prt_fail(err, PRT_ERR_FAILED, "%s is no table", display);
    if (!prt_cell_null(out->rows, 0, 5)) {
        prt_fail(err, PRT_ERR_FAILED, "the detach of %s, below %s, is pending: its rows would not be copied",
                 PQgetvalue(out->rows, 0, 5), display);
        return prt_fail_hint(err, "finish it with ALTER TABLE ... DETACH PARTITION ... FINALIZE, and run it again");
    }
    uint32_t oid = prt_cell_oid(out->rows, 0, 0);
    if (request->oid == 0 || request->oid == oid)
        return true;
    prt_fail(err, PRT_ERR_FAILED, "%s is another table now: its oid is %u, not %u", display, oid, request->oid);
    return prt_fail_hint(err, "somebody renamed or replaced it; run it again");
}

/*
 * Rows come in the order in which they lie, so that the same rows are the same bytes each time.
 *
 * The lock comes before the snapshot. In a snapshot that is older than an ALTER that rewrites the table, or a TRUNCATE,
 * the table is empty (PostgreSQL manual: Caveats of MVCC), and waiting for just such a statement to end is what the lock does: a
 * snapshot that came first would prove an empty archive of a full table. LOCK takes no snapshot of its own.
 */
static bool
begin(prt_conn *conn, prt_arena *arena, const prt_archive_request *request, char kind, prt_error *err)
{
    int64_t lock_ms, statement_ms;
    prt_conn_timeouts_of(conn, &lock_ms, &statement_ms);
    const char *table = prt_ident_qualify(arena, request->schema, request->name);
    /* Behind a pooler, settings are a transaction's own. */
    const char *sql = prt_arena_printf(
        arena,
        "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL lock_timeout = %lld;"
        " SET LOCAL synchronize_seqscans = off; SET LOCAL max_parallel_workers_per_gather = 0",
        (long long) lock_ms);
    if (kind != 'f') /* foreign tables cannot be locked */
        sql = prt_arena_printf(arena, "%s; LOCK TABLE %s IN ACCESS SHARE MODE", sql, table);
    return prt_exec(conn, sql, err);
}

static int
column_named(const PGresult *rows, const char *name)
{
    for (int row = 0; row < PQntuples(rows); row++)
        if (!prt_cell_null(rows, row, 3) && strcmp(PQgetvalue(rows, row, 3), name) == 0)
            return row;
    return -1;
}

/* The columns that are asked for, or all that are not generated. *generated: some of them are. */
static bool
choose_columns(prt_arena *arena, const prt_archive_request *request, const PGresult *rows, prt_source *out,
               bool *generated, prt_error *err)
{
    size_t wanted = 0, n = 0;
    while (request->columns != NULL && request->columns[wanted] != NULL)
        wanted++;
    const char **columns = prt_arena_array(arena, wanted + (size_t) PQntuples(rows) + 1, sizeof *columns);
    *generated = false;
    for (size_t i = 0; i < wanted; i++) {
        int row = column_named(rows, request->columns[i]);
        if (row < 0) {
            prt_fail(err, PRT_ERR_FAILED, "%s has no column %s", out->display, request->columns[i]);
            return prt_fail_hint(err, "correct the columns of the archive; their case counts");
        }
        *generated = *generated || prt_cell_bool(rows, row, 4);
        columns[n++] = prt_arena_strdup(arena, request->columns[i]);
    }
    for (int row = 0; request->columns == NULL && row < PQntuples(rows); row++)
        if (!prt_cell_null(rows, row, 3) && !prt_cell_bool(rows, row, 4))
            columns[n++] = prt_cell_text(arena, rows, row, 3);
    out->columns = columns;
    return true;
}

static const char *
column_list(prt_arena *arena, const char *const *columns)
{
    prt_buf list;
    prt_buf_init(&list, arena);
    prt_buf_str(&list, "");
    for (size_t i = 0; columns[i] != NULL; i++)
        prt_buf_fmt(&list, "%s%s", i == 0 ? "" : ", ", prt_ident_quote(arena, columns[i]));
    return list.data;
}

/* COPY of the table itself spares the server a query, but leaves out what is below it and what is generated. */
static void
compose(prt_arena *arena, const facts *f, bool generated, bool binary, prt_source *out)
{
    const char *table = prt_ident_qualify(arena, out->schema, out->name), *list = column_list(arena, out->columns);
    const char *options = binary ? "FORMAT binary" : "FORMAT csv, HEADER true";
    bool plain = f->kind == 'r' && !f->children && !generated && out->columns[0] != NULL;
    if (plain)
        out->copy = prt_arena_printf(arena, "COPY %s (%s) TO STDOUT (%s)", table, list, options);
    else
        out->copy = prt_arena_printf(arena, "COPY (SELECT %s FROM %s) TO STDOUT (%s)", list, table, options);
    out->count = prt_arena_printf(arena, "SELECT pg_catalog.count(*) FROM %s", table);
}

static bool
read_clock(prt_conn *conn, prt_instant *out, prt_error *err)
{
    PGresult *result;
    if (!prt_query_file(conn, "clock", 0, NULL, &result, err))
        return false;
    *out = prt_cell_int(result, 0, 0, 0);
    PQclear(result);
    return true;
}

bool
prt_source_open(prt_conn *conn, prt_arena *arena, const prt_archive_request *request, bool binary, prt_source *out,
                prt_error *err)
{
    facts before = {0}, now = {0};
    bool generated = false;
    *out = (prt_source) {.schema = request->schema,
                         .name = request->name,
                         .display = prt_ident_display(arena, request->schema, request->name)};
    bool ok = look_up(conn, arena, request, &before, err) && begin(conn, arena, request, before.kind, err) &&
              look_up(conn, arena, request, &now, err);
    /* The name may have gone to another table before the lock. */
    if (ok && now.kind != before.kind)
        ok = prt_fail(err, PRT_ERR_FAILED, "%s was replaced while partrun looked at it", out->display);
    if (ok)
        ok = choose_columns(arena, request, now.rows, out, &generated, err) && read_clock(conn, &out->as_of, err);
    if (ok) {
        out->oid = prt_cell_oid(now.rows, 0, 0);
        compose(arena, &now, generated, binary, out);
    }
    PQclear(before.rows);
    PQclear(now.rows);
    return ok;
}

bool
prt_source_count(prt_conn *conn, const prt_source *source, int64_t *rows, prt_error *err)
{
    PGresult *result;
    if (!prt_query(conn, source->count, 0, NULL, &result, err))
        return false;
    *rows = prt_cell_int(result, 0, 0, -1);
    PQclear(result);
    return true;
}

void
prt_source_close(prt_conn *conn)
{
    prt_error ignored = {0};
    if (PQtransactionStatus(prt_conn_raw(conn)) == PQTRANS_IDLE)
        return;
    bool before = prt_conn_shield(conn, true);
    /* A session that is lost has no transaction any more. */
    if (!prt_exec(conn, "ROLLBACK", &ignored) && prt_conn_options_of(conn)->log != NULL)
        prt_log_error(prt_conn_options_of(conn)->log, &ignored);
    prt_conn_shield(conn, before);
}
