#include "support/archive_fake.h"

#include <stdlib.h>
#include <string.h>

#include "model/ident.h"

static const char sha256[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

void
archive_fake_reset(pg_test *t)
{
    pg_sql(t,
           "DROP SCHEMA IF EXISTS cold CASCADE; CREATE SCHEMA cold; CREATE TABLE cold.archives (url text PRIMARY KEY, "
           "oid oid, rows bigint, copies int DEFAULT 1)");
}

static long
ask(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(conn));
    long value = PQntuples(result) == 1 && !PQgetisnull(result, 0, 0) ? strtol(PQgetvalue(result, 0, 0), NULL, 10) : -1;
    PQclear(result);
    return value;
}

static void
step(const archive_fake *fake, const char *name)
{
    if (fake->step != NULL)
        fake->step(fake->step_data, name);
}

/* What every archiver may rely on: a table of its own, the one that was meant, that takes no more rows. */
static void
check_table(PGconn *conn, prt_arena *arena, const prt_archive_request *request, const char *table)
{
    const char *sql = prt_arena_printf(
        arena,
        "SELECT count(*) FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid AND k.conname = 'partrun_archived' "
        "WHERE c.oid = %u AND c.oid = %s::regclass AND NOT c.relispartition AND strpos(obj_description(c.oid), "
        "'\"state\":\"kept\"') = 0",
        request->oid, prt_literal_quote(arena, table));
    if (ask(conn, sql) != 1)
        fail_msg("%s is not as it should be when it is archived", table);
}

static bool
archive(void *data, prt_conn *conn, prt_arena *arena, const prt_archive_request *request,
        const prt_archive_watch *watch, prt_archive_result *out, prt_error *err)
{
    archive_fake *fake = data;
    const char *table = prt_ident_qualify(arena, request->schema, request->name);
    const char *url = prt_literal_quote(arena, request->url);
    PGconn *side = PQconnectdb(fake->dsn);
    assert_int_equal(PQtransactionStatus(prt_conn_raw(conn)), PQTRANS_IDLE);
    assert_non_null(watch->policy);
    fake->calls++;
    fake->last = *request;
    check_table(side, arena, request, table);
    step(fake, "archive begins");
    watch->progress(watch->progress_data, &(prt_archive_progress) {.rows = 1, .bytes = 10, .rate = 10});
    if (fake->meanwhile != NULL)
        fake->meanwhile(fake, request);
    if (fake->calls >= fake->fail_from && fake->calls <= fake->fail_to) {
        PQfinish(side);
        prt_fail(err, fake->sqlstate != NULL ? PRT_ERR_SQL : PRT_ERR_IO, "no space left on the device");
        if (fake->sqlstate != NULL)
            memcpy(err->sqlstate, fake->sqlstate, 6);
        return false;
    }
    long rows = ask(side, prt_arena_printf(arena, "SELECT count(*) FROM %s", table));
    long before = ask(
        side, prt_arena_printf(arena, "SELECT rows FROM cold.archives WHERE url = %s AND oid = %u", url, request->oid));
    if (before != rows)
        ask(side,
            prt_arena_printf(arena,
                             "INSERT INTO cold.archives VALUES (%s, %u, %ld) ON CONFLICT (url) DO UPDATE SET oid = "
                             "excluded.oid, rows = excluded.rows, copies = archives.copies + 1 RETURNING 1",
                             url, request->oid, rows));
    *out = (prt_archive_result) {
        .url = request->url, .rows = rows, .bytes = rows * 10, .sha256 = sha256, .resumed = before == rows};
    step(fake, "archive ends");
    PQfinish(side);
    return true;
}

static bool
present(void *data, prt_arena *arena, const prt_archive_result *result, const prt_archive_watch *watch, bool *present,
        prt_error *err)
{
    archive_fake *fake = data;
    (void) watch, (void) err;
    fake->looks++;
    assert_string_equal(result->sha256, sha256);
    PGconn *side = PQconnectdb(fake->dsn);
    *present = !fake->lost && ask(side, prt_arena_printf(arena, "SELECT rows FROM cold.archives WHERE url = %s",
                                                         prt_literal_quote(arena, result->url))) == result->rows;
    PQfinish(side);
    return true;
}

prt_archiver
archive_fake_archiver(archive_fake *fake)
{
    fake->dsn = fake->t->dsn;
    return (prt_archiver) {.data = fake, .archive = archive, .present = present};
}
