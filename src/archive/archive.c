/*
 * One table to one address.
 *
 * What is proven, and by what: the rows are counted from the bytes that went to the store, and compared with the number in
 * the server's COPY tag. The tag counts what that very statement sent, from the one snapshot that the copy is; a
 * SELECT count(*) in the same snapshot could say nothing else, and one in a later snapshot would be about another table. Then
 * the stored object is read back and its size and checksum are compared with those of the bytes that went out. The manifest
 * is written last.
 *
 * What is at the address already is taken for this archive only if the table, read once more, comes to the very same bytes:
 * an equal number of rows says nothing about what is in them. Nothing is stored a second time.
 */
#include "archive/archive.h"

#include <inttypes.h>
#include <string.h>

#include "archive/archive_impl.h"
#include "archive/pipe.h"
#include "base/clock.h"
#include "model/ident.h"
#include "pg/copy.h"
#include "pg/definition.h"

typedef struct job {
    prt_store *store;
    prt_conn *conn;
    prt_arena *arena;
    const prt_archive_request *request;
    const prt_archive_options *options;
    const char *format;
    prt_codec codec;
    bool binary;
    prt_source source;
    prt_ticker ticker;
    prt_pipe *pipe;
    uint64_t taken; /* rows that came from the server */
} job;

enum { ROWS_PER_TICK = 64 };

static void
job_log(const job *j, const char *message, const prt_archive_result *result)
{
    char rows[24] = "", bytes[24] = "";
    if (result != NULL) {
        snprintf(rows, sizeof rows, "%" PRId64, result->rows);
        snprintf(bytes, sizeof bytes, "%" PRId64, result->bytes);
    }
    const prt_field fields[] = {{"table", j->source.display},
                                {"policy", j->options->policy},
                                {"url", j->request->url},
                                {"rows", result == NULL ? NULL : rows},
                                {"bytes", result == NULL ? NULL : bytes},
                                {"sha256", result == NULL ? NULL : result->sha256},
                                {NULL, NULL}};
    if (j->options->store.log != NULL)
        prt_log_write(j->options->store.log, PRT_INFO, message, fields);
}

/* What went wrong while cleaning up. */
static void
complain(const prt_archive_options *options, const prt_error *err)
{
    if (options->store.log != NULL)
        prt_log_error(options->store.log, err);
}

/* What is at the address. */

static bool
same_texts(const char *const *a, const char *const *b)
{
    while (*a != NULL && *b != NULL && strcmp(*a, *b) == 0)
        a++, b++;
    return *a == NULL && *b == NULL;
}

static bool
of_this_table(const job *j, const prt_manifest *m)
{
    const prt_conn_facts *facts = prt_conn_facts_of(j->conn);
    return strcmp(m->system, facts->system) == 0 && m->database == facts->database_oid && m->oid == j->source.oid;
}

static bool
refuse(const char *url, const char *why, prt_error *err)
{
    prt_fail(err, PRT_ERR_FAILED, "%s %s", url, why);
    return prt_fail_hint(err, "choose another address, or move what is there away, with its manifest");
}

static bool
discard(const job *j, prt_error *err)
{
    /* The manifest first: without it, nothing is taken for proven. */
    return j->store->remove(j->store, prt_manifest_url(j->arena, j->request->url), err) &&
           j->store->remove(j->store, j->request->url, err);
}

/* Copying. */

static bool
tick(void *data, prt_error *err)
{
    job *j = data;
    int64_t rows, bytes;
    prt_pipe_so_far(j->pipe, &rows, &bytes);
    return prt_ticker_tick(&j->ticker, rows, bytes, false, err);
}

static bool
take(void *data, const char *bytes, size_t length, prt_error *err)
{
    job *j = data;
    if (j->taken++ % ROWS_PER_TICK == 0 && !tick(j, err))
        return false;
    return prt_pipe_put(j->pipe, bytes, length, err);
}

/* Copies into the writer. The transaction ends with the copy: what follows needs no snapshot. */
static bool
copy(job *j, prt_writer *writer, prt_pipe_result *out, prt_error *err)
{
    int64_t sent = -1;
    if (!prt_pipe_new(j->codec, j->binary, writer, tick, j, &j->pipe, err))
        return false;
    bool ok = prt_copy_out(j->conn, j->source.copy, take, j, &sent, err);
    if (!ok && strcmp(err->sqlstate, "42501") == 0)
        prt_fail_hint(err, "archive it as a role that may read all of its rows: its owner, or one with BYPASSRLS");
    if (!ok && (strcmp(err->sqlstate, "22021") == 0 || strcmp(err->sqlstate, "22P05") == 0))
        prt_fail_hint(err,
                      "archives hold UTF-8, and one of its texts is not: a database in SQL_ASCII does not check that");
    prt_source_close(j->conn);
    ok = ok && prt_pipe_finish(j->pipe, out, err);
    prt_pipe_free(j->pipe);
    j->pipe = NULL;
    if (!ok || out->rows == sent)
        return ok;
    prt_fail(err, PRT_ERR_FAILED, "the server sent %" PRId64 " rows, but %" PRId64 " were written", sent, out->rows);
    return prt_fail_hint(err, "run it again; if it stays so, report it as a bug");
}

/* Verifies what was just stored; the object goes away again unless it is what was written. */
static bool
verify(job *j, const prt_pipe_result *written, prt_error *err)
{
    bool same = false;
    prt_error ignored = {0};
    if (!prt_archive_read_back(j->store, j->request->url, written->bytes, written->sha256, &j->ticker, &same, err))
        return false;
    if (same)
        return true;
    if (!j->store->remove(j->store, j->request->url, &ignored))
        complain(j->options, &ignored);
    prt_fail(err, PRT_ERR_FAILED, "what was stored is not what was written: its size or its checksum differs");
    return prt_fail_hint(err, "nothing was dropped; check the storage, and who else writes there, and run it again");
}

/* *ours: the manifest at the address is the one that was just written, and no other session's, though it said the same. */
static bool
look_for_ours(const job *j, const prt_pipe_result *written, bool *ours, prt_error *err)
{
    prt_manifest m;
    bool found = false;
    *ours = false;
    if (!prt_manifest_load(j->store, j->arena, j->request->url, &found, &m, err))
        return false;
    *ours = found && of_this_table(j, &m) && m.created_at == j->source.as_of && m.rows == written->rows &&
            m.bytes == written->bytes && strcmp(m.sha256, written->sha256) == 0;
    prt_manifest_done(&m);
    return true;
}

/* Another partrun, with another table, may have been given the same address and been at it at the same time. */
static bool
confirm(const job *j, const prt_pipe_result *written, prt_error *err)
{
    prt_object object;
    bool ours;
    if (!look_for_ours(j, written, &ours, err) || !j->store->stat(j->store, j->request->url, &object, err))
        return false;
    if (ours && object.found && object.bytes == written->bytes)
        return true;
    prt_fail(err, PRT_ERR_FAILED, "what is stored there is not what was written any more");
    return prt_fail_hint(err, "somebody else writes there: give each table an address of its own");
}

/* After a failure the manifest may be there: if only its flush failed. One of somebody else's stays. */
static void
withdraw(const job *j, const prt_pipe_result *written)
{
    prt_error why = {0};
    bool ours;
    if (!look_for_ours(j, written, &ours, &why) ||
        (ours && !j->store->remove(j->store, prt_manifest_url(j->arena, j->request->url), &why)))
        complain(j->options, &why);
}

static bool
save_manifest(job *j, json_t *definition, const prt_pipe_result *written, prt_error *err)
{
    const prt_archive_request *r = j->request;
    const prt_conn_facts *facts = prt_conn_facts_of(j->conn);
    int version = prt_conn_version(j->conn);
    prt_manifest m = {.schema = r->schema,
                      .name = r->name,
                      .parent_schema = r->parent_schema,
                      .parent_name = r->parent_name,
                      .from = r->from,
                      .to = r->to,
                      .bound = r->bound,
                      .definition = definition,
                      .columns = j->source.columns,
                      .format = j->format,
                      .codec = j->codec,
                      .rows = written->rows,
                      .bytes = written->bytes,
                      .sha256 = written->sha256,
                      .server_version = prt_arena_printf(j->arena, "%d.%d", version / 10000, version % 10000),
                      .created_at = j->source.as_of,
                      .system = facts->system,
                      .database = facts->database_oid,
                      .oid = j->source.oid};
    if (prt_manifest_save(j->store, r->url, &m, err) && confirm(j, written, err))
        return true;
    withdraw(j, written);
    return false;
}

static prt_archive_result
result_of(const job *j, const prt_pipe_result *written, bool resumed)
{
    return (prt_archive_result) {.url = j->request->url,
                                 .rows = written->rows,
                                 .bytes = written->bytes,
                                 .sha256 = prt_arena_strdup(j->arena, written->sha256),
                                 .resumed = resumed};
}

static bool
store_all(job *j, prt_archive_result *out, prt_error *err)
{
    json_t *definition = NULL;
    prt_writer *writer = NULL;
    prt_pipe_result written = {0};
    bool ok = prt_definition_read(j->conn, j->arena, j->source.oid, &definition, err) &&
              j->store->put(j->store, j->request->url, &writer, err);
    ok = ok && copy(j, writer, &written, err);
    if (ok)
        ok = writer->finish(writer, err);
    else if (writer != NULL)
        writer->abort(writer);
    ok = ok && verify(j, &written, err) && save_manifest(j, definition, &written, err);
    json_decref(definition);
    if (ok)
        *out = result_of(j, &written, false);
    return ok;
}

/* What is there already. */

static bool
take_nothing(prt_writer *writer, const void *bytes, size_t length, prt_error *err)
{
    (void) writer, (void) bytes, (void) length, (void) err;
    return true;
}

/* What the archive of the table comes to now, stored nowhere. */
static bool
measure(job *j, prt_pipe_result *out, prt_error *err)
{
    prt_writer nowhere = {.write = take_nothing};
    return copy(j, &nowhere, out, err);
}

/*
 * An object without a manifest: if a run was killed before it had proven it, this one goes on from there. Anything else
 * may be somebody's, though it has the table's columns.
 */
static bool
adopt(job *j, prt_archive_result *out, prt_error *err)
{
    bool alike = false, same = false;
    json_t *definition = NULL;
    prt_pipe_result now = {0};
    if (!prt_archive_alike(j->store, j->request->url, j->binary, j->codec, j->source.columns, &alike, err))
        return false;
    if (!alike)
        return refuse(j->request->url, "is there already, and is no archive of this table", err);
    bool ok = prt_definition_read(j->conn, j->arena, j->source.oid, &definition, err) && measure(j, &now, err) &&
              prt_archive_read_back(j->store, j->request->url, now.bytes, now.sha256, &j->ticker, &same, err);
    if (ok && !same)
        ok = refuse(j->request->url,
                    "is there already, without a manifest, and is not what the table's archive would be now", err);
    ok = ok && save_manifest(j, definition, &now, err);
    json_decref(definition);
    if (ok)
        *out = result_of(j, &now, true);
    return ok;
}

/*
 * An archive of this very table that is not what its archive would be now, or is damaged. If the table has the rows still, a
 * policy's archive is of the table as it is when it goes, and is made again. What somebody made by hand, or what holds
 * more rows than the table, may be all that is left of rows deleted since, and is not touched.
 */
static bool
replace(const job *j, const prt_manifest *m, int64_t rows, prt_error *err)
{
    if (j->options->policy == NULL || rows < m->rows)
        return refuse(j->request->url, "is an archive of this table, but not of its rows as they are now, or damaged",
                      err);
    job_log(j, "the table has changed since it was archived, or its archive has: it is made again", NULL);
    return discard(j, err);
}

/* An archive of this table, with its manifest, is proven once more, or made room of. */
static bool
prove(job *j, const prt_manifest *m, const prt_object *object, bool *proven, prt_archive_result *out, prt_error *err)
{
    prt_pipe_result now = {0};
    if (!measure(j, &now, err))
        return false;
    bool same = object->bytes == m->bytes && strcmp(m->format, j->format) == 0 && m->codec == j->codec &&
                same_texts(m->columns, j->source.columns) && now.rows == m->rows && now.bytes == m->bytes &&
                strcmp(now.sha256, m->sha256) == 0;
    if (same && !prt_archive_read_back(j->store, j->request->url, m->bytes, m->sha256, &j->ticker, proven, err))
        return false;
    *out = result_of(j, &now, true);
    return *proven || replace(j, m, now.rows, err);
}

/* *proven: there is nothing left to do. Otherwise the address is free afterwards. */
static bool
look_at_address(job *j, bool *proven, prt_archive_result *out, prt_error *err)
{
    prt_manifest m;
    prt_object object;
    bool found = false;
    *proven = false;
    if (!j->store->stat(j->store, j->request->url, &object, err))
        return false;
    if (!prt_manifest_load(j->store, j->arena, j->request->url, &found, &m, err))
        return err->code == PRT_ERR_VALUE && prt_fail_hint(err, "choose another address, or move that manifest away");
    bool ok = true;
    if (!found && object.found)
        *proven = ok = adopt(j, out, err);
    else if (found && !of_this_table(j, &m))
        ok = refuse(j->request->url,
                    prt_arena_printf(j->arena, "has the manifest of another table: %s, oid %u",
                                     prt_ident_display(j->arena, m.schema, m.name), m.oid),
                    err);
    else if (found && !object.found)
        ok = discard(j, err);
    else if (found)
        ok = prove(j, &m, &object, proven, out, err);
    prt_manifest_done(&m);
    return ok;
}

static bool
open_source(job *j, prt_error *err)
{
    return prt_source_open(j->conn, j->arena, j->request, j->binary, &j->source, err);
}

static bool
work(job *j, prt_archive_result *out, prt_error *err)
{
    bool proven = false;
    if (!open_source(j, err) || !look_at_address(j, &proven, out, err))
        return false;
    if (proven) {
        job_log(j, "archived already", out);
        return true;
    }
    /* Looking at what was there may have ended the transaction. */
    if (PQtransactionStatus(prt_conn_raw(j->conn)) == PQTRANS_IDLE && !open_source(j, err))
        return false;
    job_log(j, "archiving", NULL);
    if (!store_all(j, out, err))
        return false;
    job_log(j, "archived", out);
    return true;
}

/* Says what was being done, and to which table. */
static bool
explain(const job *j, prt_error *err)
{
    const prt_error inner = *err;
    const char *table = prt_ident_display(j->arena, j->request->schema, j->request->name);
    if (inner.code != PRT_ERR_INTERRUPTED) {
        *err = (prt_error) {0};
        prt_fail(err, inner.code, "%s was not archived to %s: %s", table, j->request->url, inner.message);
        memcpy(err->sqlstate, inner.sqlstate, sizeof err->sqlstate);
        memcpy(err->hint, inner.hint, sizeof err->hint);
    }
    prt_fail_object(err, "%s", table);
    return prt_fail_hint(err, "the table is as it was; run it again");
}

bool
prt_archive_table_to(prt_store *store, prt_conn *conn, prt_arena *arena, const prt_archive_request *request,
                     const prt_archive_options *options, prt_archive_result *out, prt_error *err)
{
    job j = {.store = store, .conn = conn, .arena = arena, .request = request, .options = options};
    int64_t lock_ms, statement_ms;
    prt_error ignored = {0};
    *out = (prt_archive_result) {0};
    if (!prt_archive_format(request->url, request->format, &j.format, &j.codec, err))
        return explain(&j, err);
    j.binary = strcmp(j.format, "copy") == 0;
    if (strcmp(prt_manifest_url(arena, request->url), request->url) == 0) {
        prt_fail(err, PRT_ERR_USAGE, "that is the address of a manifest");
        prt_fail_hint(err, "an archive's manifest lies beside it: choose a name that does not end in %s",
                      PRT_MANIFEST_SUFFIX);
        return explain(&j, err);
    }
    if (PQtransactionStatus(prt_conn_raw(conn)) != PQTRANS_IDLE) {
        prt_fail(err, PRT_ERR_FAILED, "the session is inside a transaction");
        return explain(&j, err);
    }
    prt_ticker_start(&j.ticker, options, prt_conn_options_of(conn)->interrupt,
                     prt_arena_printf(arena, "archiving %s", prt_ident_display(arena, request->schema, request->name)));
    prt_conn_timeouts_of(conn, &lock_ms, &statement_ms);
    bool ok = prt_conn_timeouts(conn, lock_ms, 0, err) && work(&j, out, err);
    prt_source_close(conn);
    /* What is proven stays proven when the session is lost just now; settings are sent again with the next statement. */
    bool shielded = prt_conn_shield(conn, true);
    if (!prt_conn_timeouts(conn, lock_ms, statement_ms, &ignored))
        complain(options, &ignored);
    prt_conn_shield(conn, shielded);
    return ok || explain(&j, err);
}

bool
prt_archive_table(prt_conn *conn, prt_arena *arena, const prt_archive_request *request,
                  const prt_archive_options *options, prt_archive_result *out, prt_error *err)
{
    prt_store *store;
    *out = (prt_archive_result) {0};
    if (!prt_store_open(request->url, &options->store, &store, err))
        return false;
    bool ok = prt_archive_table_to(store, conn, arena, request, options, out, err);
    store->close(store);
    return ok;
}

bool
prt_archive_present_in(prt_store *store, prt_arena *arena, const prt_archive_result *archive, bool *present,
                       prt_error *err)
{
    prt_object object;
    prt_manifest m;
    prt_error why = {0};
    bool found = false;
    *present = false;
    if (!store->stat(store, archive->url, &object, err))
        return false;
    if (!prt_manifest_load(store, arena, archive->url, &found, &m, &why)) {
        if (why.code == PRT_ERR_VALUE) /* not a manifest: proves nothing */
            return true;
        *err = why;
        return false;
    }
    *present = found && object.found && object.bytes == m.bytes && m.bytes == archive->bytes &&
               m.rows == archive->rows && strcmp(m.sha256, archive->sha256) == 0;
    prt_manifest_done(&m);
    return true;
}

bool
prt_archive_present(prt_arena *arena, const prt_archive_result *archive, const prt_archive_options *options,
                    bool *present, prt_error *err)
{
    prt_store *store;
    *present = false;
    if (!prt_store_open(archive->url, &options->store, &store, err))
        return false;
    bool ok = prt_archive_present_in(store, arena, archive, present, err);
    store->close(store);
    return ok;
}
