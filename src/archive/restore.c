/*
 * An archive back into the database. All of it is one transaction: rows are seen by others once their number and the
 * object's checksum are right, and a failure leaves nothing behind.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "archive/manifest.h"
#include "archive/restore_build.h"
#include "archive/restore_source.h"
#include "model/bound.h"
#include "model/ident.h"
#include "pg/catalog.h"
#include "pg/copy.h"
#include "pg/definition.h"
#include "pg/result.h"

enum { LOCK_MS = 300 };

typedef struct restore {
    prt_arena *arena;
    const prt_restore_request *request;
    const prt_archive_options *options;
    const char *url; /* of the object */
    prt_store *store;
    prt_manifest manifest;
    prt_definition definition;
    prt_builder build;
    const char **taken; /* relations of the target's schema that the indexes' names belong to, sorted */
    size_t taken_length;
} restore;

/* ------------------------------------------------------------------------------------------- what is to be restored */

static const char *
object_url(prt_arena *arena, const char *url)
{
    size_t length = strlen(url), suffix = strlen(PRT_MANIFEST_SUFFIX);
    if (length > suffix && strcmp(url + length - suffix, PRT_MANIFEST_SUFFIX) == 0)
        return prt_arena_strndup(arena, url, length - suffix);
    return url;
}

static bool
load_manifest(restore *r, prt_error *err)
{
    bool found;
    if (!prt_manifest_load(r->store, r->arena, r->url, &found, &r->manifest, err))
        return false;
    if (!found) {
        prt_fail(err, PRT_ERR_FAILED, "there is no manifest %s", prt_manifest_url(r->arena, r->url));
        return prt_fail_hint(err, "an archive is whole once its manifest is there; is the address right?");
    }
    return prt_definition_parse(r->arena, r->manifest.definition, &r->definition, err) ||
           prt_fail_object(err, "%s", prt_manifest_url(r->arena, r->url));
}

/* Cheap, and it tells most damage before anything is made. */
static bool
check_object(restore *r, prt_error *err)
{
    prt_object object;
    if (!r->store->stat(r->store, r->url, &object, err))
        return false;
    if (!object.found)
        prt_fail(err, PRT_ERR_FAILED, "there is a manifest, but no archive %s", r->url);
    else if (object.bytes != r->manifest.bytes) {
        prt_fail(err, PRT_ERR_FAILED, "the archive is damaged: it has %" PRId64 " bytes, its manifest says %" PRId64,
                 object.bytes, r->manifest.bytes);
        prt_fail_hint(err, "nothing was restored; look for another copy of the object");
    } else
        return true;
    return prt_fail_object(err, "%s", r->url);
}

static bool
check_columns(restore *r, prt_error *err)
{
    for (const char *const *column = r->manifest.columns; *column != NULL; column++)
        if (prt_definition_find(&r->definition, *column) == NULL)
            return prt_fail(err, PRT_ERR_VALUE, "the manifest's definition has no column \"%s\"", *column);
    return true;
}

/* ------------------------------------------------------------------------------------------------ where it goes to */

typedef struct relation {
    bool schema_exists;
    uint32_t oid; /* 0: there is none */
    char kind;
} relation;

static bool
find_relation(restore *r, const char *schema, const char *name, relation *out, prt_error *err)
{
    const char *values[] = {schema, name};
    PGresult *result = NULL;
    if (!prt_query_file(r->build.conn, "relation", 2, values, &result, err))
        return false;
    *out = (relation) {.schema_exists = prt_cell_bool(result, 0, 0),
                       .oid = prt_cell_oid(result, 0, 1),
                       .kind = prt_cell_char(result, 0, 2)};
    PQclear(result);
    return true;
}

static bool
check_target(restore *r, prt_error *err)
{
    prt_rebuild *target = &r->build.rebuild;
    relation found;
    target->schema = r->request->schema;
    target->name = r->request->name;
    if (target->name == NULL) {
        target->name = r->manifest.name;
        target->schema = target->schema == NULL ? r->manifest.schema : target->schema;
    }
    if (target->schema == NULL)
        target->schema = "public";
    if (!find_relation(r, target->schema, target->name, &found, err))
        return false;
    if (found.oid != 0) {
        prt_fail(err, PRT_ERR_FAILED, "there is a table or something else of that name already; nothing was changed");
        prt_fail_hint(err, "restore it under another name, or drop or rename the one that is there");
    } else if (!found.schema_exists) {
        prt_fail(err, PRT_ERR_FAILED, "there is no schema \"%s\"", target->schema);
        prt_fail_hint(err, "make the schema first, or restore the table into another one");
    } else
        return true;
    return prt_fail_object(err, "%s", prt_ident_display(r->arena, target->schema, target->name));
}

static bool
name_parent(restore *r, prt_error *err)
{
    prt_builder *b = &r->build;
    b->parent_schema = r->manifest.parent_schema;
    b->parent_name = r->manifest.parent_name;
    b->bound = r->manifest.bound;
    if (r->request->parent != NULL) {
        prt_error why = {0};
        if (!prt_ident_parse(r->arena, r->request->parent, &b->parent_schema, &b->parent_name, &why))
            return prt_fail(err, PRT_ERR_USAGE, "the parent: %s", why.message);
        b->parent_schema = b->parent_schema == NULL ? "public" : b->parent_schema;
    }
    if (b->parent_name != NULL && b->bound != NULL)
        return true;
    prt_fail(err, PRT_ERR_FAILED, "the archive does not say what its table was attached to");
    return prt_fail_hint(err, "it was archived as a table of its own: restore it without attaching");
}

static bool
check_bound(restore *r, prt_error *err)
{
    prt_bound bound;
    prt_error why = {0};
    return prt_bound_parse(r->arena, r->build.bound, &bound, &why) ||
           prt_fail(err, PRT_ERR_VALUE, "the manifest's bound cannot be read: %s", why.message);
}

static bool
read_parent(restore *r, uint32_t oid, prt_error *err)
{
    json_t *json = NULL;
    if (!prt_definition_read(r->build.conn, r->arena, oid, &json, err))
        return false;
    bool ok = prt_definition_parse(r->arena, json, &r->build.parent, err);
    json_decref(json);
    return ok;
}

/* The parent as it is now takes the table as it was then. */
static bool
check_parent(restore *r, prt_error *err)
{
    relation found;
    prt_builder *b = &r->build;
    if (!name_parent(r, err) || !check_bound(r, err) ||
        !find_relation(r, b->parent_schema, b->parent_name, &found, err))
        return false;
    bool ok = found.kind == 'p' && read_parent(r, found.oid, err);
    if (found.kind != 'p')
        prt_fail(err, PRT_ERR_FAILED, found.oid == 0 ? "there is no such table to attach to" : "it is not partitioned");
    else if (ok && !prt_rebuild_whole(&b->rebuild))
        ok = prt_fail(err, PRT_ERR_FAILED, "the archive holds only some of the table's columns");
    else if (ok)
        ok = prt_definition_match(&r->definition, &b->parent, err);
    if (!ok) {
        prt_fail_object(err, "%s", prt_ident_display(r->arena, b->parent_schema, b->parent_name));
        prt_fail_hint(err, "restored without attaching, the table stands by itself, with every row");
    }
    return ok;
}

static int
by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *) left, *(const char *const *) right);
}

static bool
is_taken(const void *data, const char *name)
{
    const restore *r = data;
    const char *qualified = prt_ident_qualify(r->arena, r->build.rebuild.schema, name);
    return bsearch(&qualified, r->taken, r->taken_length, sizeof *r->taken, by_text) != NULL;
}

/* Under its old name the table gets its indexes' old names too, as far as they are free. */
static bool
read_taken(restore *r, prt_error *err)
{
    const prt_definition_parts *lists[] = {&r->definition.constraints, &r->definition.indexes};
    const char **names = prt_arena_array(r->arena, lists[0]->length + lists[1]->length, sizeof *names);
    size_t n = 0;
    if (strcmp(r->build.rebuild.name, r->manifest.name) != 0)
        return true;
    for (size_t list = 0; list < 2; list++)
        for (size_t i = 0; i < lists[list]->length; i++)
            names[n++] = prt_ident_qualify(r->arena, r->build.rebuild.schema, lists[list]->items[i].name);
    r->build.rebuild.taken = is_taken;
    r->build.rebuild.taken_data = r;
    return prt_catalog_taken(r->build.conn, r->arena, names, n, &r->taken, &r->taken_length, err);
}

/* ---------------------------------------------------------------------------------------------------- the rows */

static bool
compare_rows(restore *r, int64_t rows, prt_error *err)
{
    if (rows == r->manifest.rows)
        return true;
    prt_fail(err, PRT_ERR_FAILED, "the archive holds %" PRId64 " rows, its manifest says %" PRId64, rows,
             r->manifest.rows);
    return prt_fail_hint(err, "nothing was restored; look for another copy of the object and its manifest");
}

/* Damage shows in many ways: the checksum is the one that says so. */
static void
look_for_damage(prt_restore_source *source, prt_error *err)
{
    prt_error damage = {0};
    if (err->code == PRT_ERR_INTERRUPTED || err->code == PRT_ERR_CONNECT || prt_restore_source_lost(source))
        return;
    if (!prt_restore_source_check(source, &damage) && !prt_restore_source_lost(source))
        *err = damage;
}

static bool
load_rows(restore *r, int64_t *rows, prt_error *err)
{
    prt_restore_source *source = NULL;
    prt_rebuild *rebuild = &r->build.rebuild;
    const char *what = prt_arena_printf(r->arena, "restoring %s",
                                        prt_ident_display(r->arena, rebuild->schema, rebuild->name));
    if (!prt_restore_source_open(r->store, r->url, &r->manifest, r->options,
                                 prt_conn_options_of(r->build.conn)->interrupt, what, &source, err))
        return false;
    bool ok = prt_copy_in(r->build.conn, prt_rebuild_copy(r->arena, rebuild, r->manifest.format),
                          prt_restore_source_give, source, rows, err);
    if (ok)
        ok = prt_restore_source_check(source, err) && compare_rows(r, *rows, err);
    else
        look_for_damage(source, err);
    prt_restore_source_free(source);
    if (!ok && strncmp(err->sqlstate, "23", 2) == 0) /* also its place among its parent's partitions */
        prt_fail_hint(err,
                      "the archive has rows that the table of its manifest does not take; was the manifest changed?");
    return ok || prt_fail_object(err, "%s", r->url);
}

/* ------------------------------------------------------------------------------------------------- the transaction */

static bool
in_transaction(restore *r, int64_t *rows, prt_error *err)
{
    prt_builder *b = &r->build;
    prt_arena *arena = r->arena;
    if (!prt_build_run(b, "BEGIN", err) || !prt_build_steps(b, prt_rebuild_before(arena, &b->rebuild), err))
        return false;
    if (r->request->attach && !prt_build_rehearse(b, err))
        return false;
    if (!load_rows(r, rows, err) || !prt_build_steps(b, prt_rebuild_unproven(arena, &b->rebuild), err) ||
        !prt_build_steps(b, prt_rebuild_after(arena, &b->rebuild), err))
        return false;
    if (r->request->attach && !prt_build_attach(b, err))
        return false;
    return prt_build_steps(b, prt_rebuild_owner(arena, &b->rebuild), err) && prt_build_run(b, "COMMIT", err);
}

static void
roll_back(prt_conn *conn)
{
    prt_error ignored = {0}; /* a lost connection has rolled back already */
    if (PQtransactionStatus(prt_conn_raw(conn)) == PQTRANS_IDLE)
        return;
    bool before = prt_conn_shield(conn, true);
    bool done = prt_exec(conn, "ROLLBACK", &ignored);
    prt_conn_shield(conn, before);
    (void) done;
}

static bool
prepare(restore *r, prt_error *err)
{
    prt_conn *conn = r->build.conn;
    if (PQtransactionStatus(prt_conn_raw(conn)) != PQTRANS_IDLE)
        return prt_fail(err, PRT_ERR_USAGE, "a restore is a transaction of its own: it cannot be part of another one");
    if (!load_manifest(r, err) || !check_object(r, err) || !check_columns(r, err))
        return false;
    r->build.rebuild = (prt_rebuild) {.definition = &r->definition,
                                      .columns = r->manifest.columns,
                                      .attach = r->request->attach,
                                      .user = prt_conn_facts_of(conn)->user,
                                      .server_version = prt_conn_version(conn)};
    if (!check_target(r, err) || (r->request->attach && !check_parent(r, err)))
        return false;
    /* A partition belongs to its parent's owner, like every new one. */
    r->build.rebuild.owner = r->request->attach ? r->build.parent.owner : r->definition.owner;
    return read_taken(r, err);
}

/* A copy takes as long as it takes. */
static bool
run(restore *r, int64_t *rows, prt_error *err)
{
    prt_conn *conn = r->build.conn;
    prt_error ignored = {0}; /* what follows says so itself */
    int64_t lock_ms, statement_ms;
    prt_conn_timeouts_of(conn, &lock_ms, &statement_ms);
    if (!prt_conn_timeouts(conn, r->options->lock_timeout_ms > 0 ? r->options->lock_timeout_ms : LOCK_MS, 0, err))
        return false;
    bool ok = in_transaction(r, rows, err);
    if (!ok)
        roll_back(conn);
    bool before = prt_conn_shield(conn, true);
    bool back = prt_conn_timeouts(conn, lock_ms, statement_ms, &ignored);
    prt_conn_shield(conn, before);
    (void) back;
    return ok;
}

bool
prt_archive_restore(prt_conn *conn, prt_arena *arena, const prt_restore_request *request,
                    const prt_archive_options *options, prt_restore_result *out, prt_error *err)
{
    restore r = {.arena = arena, .request = request, .options = options, .url = object_url(arena, request->url)};
    r.build = (prt_builder) {.conn = conn, .arena = arena, .log = options->store.log};
    int64_t rows = 0;
    *out = (prt_restore_result) {0};
    if (!prt_store_open(r.url, &options->store, &r.store, err))
        return false;
    bool ok = prepare(&r, err) && run(&r, &rows, err);
    if (err->code == PRT_ERR_VALUE) /* what is wrong in a manifest is no mistake of the caller's */
        err->code = PRT_ERR_FAILED;
    if (ok) {
        out->schema = r.build.rebuild.schema;
        out->name = r.build.rebuild.name;
        out->rows = rows;
        if (request->attach)
            out->parent = prt_ident_display(arena, r.build.parent_schema, r.build.parent_name);
    }
    prt_manifest_done(&r.manifest);
    r.store->close(r.store);
    return ok;
}
