/*
 * The snapshot in two round trips: first the clock, the names and every partitioned table below them; then, with these
 * tables' oids at hand, everything else. Both in one read-only transaction with one view of the catalog.
 */
#include "pg/catalog.h"

#include <string.h>

#include "base/clock.h"
#include "model/ident.h"
#include "pg/catalog_impl.h"
#include "pg/query.h"
#include "pg/result.h"

enum { CLOCK, ROOTS, PARENTS, FIRST_TRIP };
enum { CHILDREN, COLUMNS, REFERENCES, INDEXES, POLICIES, COMMENTS, SUBLEVELS, PUBLICATIONS, SECOND_TRIP };

enum { HAS_SCHEMA_PUBLICATIONS = 150000 };

static void
roll_back(prt_conn *conn)
{
    prt_error ignored = {0};
    if (PQstatus(prt_conn_raw(conn)) == CONNECTION_OK && PQtransactionStatus(prt_conn_raw(conn)) != PQTRANS_IDLE) {
        bool before = prt_conn_shield(conn, true);
        (void) !prt_exec(conn, "ROLLBACK", &ignored);
        prt_conn_shield(conn, before);
    }
}

static void
clear(prt_file_query *queries, size_t length)
{
    for (size_t i = 0; i < length; i++)
        PQclear(queries[i].result);
}

/* What is known before the first row is read: the session's facts, and a root for each name, not found as yet. */
static bool
begin_snapshot(prt_conn *conn, prt_catalog *catalog, const char *const *tables, size_t length, prt_error *err)
{
    prt_arena *arena = catalog->arena;
    const prt_conn_facts *facts = prt_conn_facts_of(conn);
    prt_snapshot *snapshot = catalog->snapshot = PRT_NEW(arena, prt_snapshot);
    *snapshot = (prt_snapshot) {.arena = arena,
                                .server_version = prt_conn_version(conn),
                                .system = prt_arena_strdup(arena, facts->system),
                                .database = prt_arena_strdup(arena, facts->database),
                                .database_oid = facts->database_oid,
                                .user = prt_arena_strdup(arena, facts->user),
                                .superuser = facts->superuser,
                                .lock_budget = facts->lock_budget};
    snapshot->roots = prt_arena_array(arena, length, sizeof *snapshot->roots);
    snapshot->roots_length = length;
    for (size_t i = 0; i < length; i++) {
        prt_table *root = snapshot->roots[i] = PRT_NEW(arena, prt_table);
        if (!prt_ident_parse(arena, tables[i], &root->schema, &root->name, err))
            return prt_fail_object(err, "%s", tables[i]);
        if (root->schema == NULL)
            root->schema = "public";
        root->rows = root->bytes = -1;
    }
    return true;
}

/* The server's clock was read somewhere between the two moments of ours: only what lies outside them is drift. */
static void
take_clock(prt_catalog *catalog, const PGresult *result, int64_t before, int64_t after)
{
    prt_snapshot *snapshot = catalog->snapshot;
    snapshot->now = prt_cell_int(result, 0, 0, 0);
    snapshot->standby = prt_cell_bool(result, 0, 1);
    if (catalog->options->has_now)
        snapshot->now = catalog->options->now;
    else if (snapshot->now < before)
        snapshot->clock_skew = snapshot->now - before;
    else if (snapshot->now > after)
        snapshot->clock_skew = snapshot->now - after;
}

static bool
first_trip(prt_conn *conn, prt_catalog *catalog, const char *sizes, prt_error *err)
{
    prt_arena *scratch = prt_arena_new();
    const prt_snapshot *snapshot = catalog->snapshot;
    const char **schemas = prt_arena_array(scratch, snapshot->roots_length, sizeof *schemas);
    const char **names = prt_arena_array(scratch, snapshot->roots_length, sizeof *names);
    for (size_t i = 0; i < snapshot->roots_length; i++) {
        schemas[i] = snapshot->roots[i]->schema;
        names[i] = snapshot->roots[i]->name;
    }
    const char *const values[] = {prt_array_texts(scratch, schemas, snapshot->roots_length),
                                  prt_array_texts(scratch, names, snapshot->roots_length), sizes};
    prt_file_query queries[FIRST_TRIP] = {[CLOCK] = {.file = "clock"},
                                          [ROOTS] = {.file = "catalog_roots", .params = 2, .values = values},
                                          [PARENTS] = {.file = "catalog_parents", .params = 3, .values = values}};
    int64_t before = prt_clock_wall();
    bool ok = prt_query_files(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", queries, FIRST_TRIP, NULL, err);
    if (ok) {
        take_clock(catalog, queries[CLOCK].result, before, prt_clock_wall());
        prt_catalog_take_parents(catalog, queries[PARENTS].result);
        prt_catalog_take_roots(catalog, queries[ROOTS].result);
    }
    clear(queries, FIRST_TRIP);
    prt_arena_free(scratch);
    return ok;
}

static const char *
parent_oids(prt_arena *scratch, const prt_catalog *catalog)
{
    uint32_t *oids = prt_arena_array(scratch, catalog->parents.length, sizeof *oids);
    for (size_t i = 0; i < catalog->parents.length; i++)
        oids[i] = catalog->parents.items[i].table->oid;
    return prt_array_oids(scratch, oids, catalog->parents.length);
}

static bool
second_trip(prt_conn *conn, prt_catalog *catalog, const char *sizes, prt_error *err)
{
    prt_arena *scratch = prt_arena_new();
    const char *oids = parent_oids(scratch, catalog);
    bool exact = catalog->options->bytes && strcmp(sizes, "exact") == 0;
    const char *const children[] = {oids, catalog->options->bytes ? sizes : "none",
                                    catalog->options->comments ? "true" : "false"};
    const char *const sublevels[] = {
        oids, prt_array_texts(scratch, catalog->options->columns, catalog->options->columns_length)};
    const char *const comments[] = {oids, exact ? "true" : "false"};
    prt_file_query queries[SECOND_TRIP] = {
        [CHILDREN] = {.file = "catalog_children", .params = 3, .values = children},
        [COLUMNS] = {.file = "catalog_columns", .params = 1, .values = &oids},
        [REFERENCES] = {.file = "catalog_references", .params = 1, .values = &oids},
        [INDEXES] = {.file = "catalog_indexes", .params = 1, .values = &oids},
        [POLICIES] = {.file = "catalog_policies", .params = 1, .values = &oids},
        [COMMENTS] = {.file = "catalog_comments", .params = 2, .values = comments},
        [SUBLEVELS] = {.file = "catalog_sublevels", .params = 2, .values = sublevels},
        [PUBLICATIONS] = {.file = "catalog_publications"},
    };
    size_t wanted = catalog->snapshot->server_version >= HAS_SCHEMA_PUBLICATIONS ? SECOND_TRIP : PUBLICATIONS;
    bool ok = prt_query_files(conn, NULL, queries, wanted, "COMMIT", err);
    if (ok) {
        prt_catalog_take_children(catalog, queries[CHILDREN].result);
        prt_catalog_take_defaults(catalog);
        prt_catalog_take_columns(catalog, queries[COLUMNS].result);
        prt_catalog_take_references(catalog, queries[REFERENCES].result);
        prt_catalog_take_indexes(catalog, queries[INDEXES].result);
        prt_catalog_take_policies(catalog, queries[POLICIES].result);
        prt_catalog_take_comments(catalog, queries[COMMENTS].result);
        prt_catalog_take_sublevels(catalog, queries[SUBLEVELS].result);
        prt_catalog_take_publications(catalog, queries[PUBLICATIONS].result);
        if (catalog->options->bytes)
            prt_catalog_sum_bytes(catalog);
    }
    clear(queries, SECOND_TRIP);
    prt_arena_free(scratch);
    return ok;
}

static bool
read_once(prt_conn *conn, prt_arena *arena, const char *const *tables, size_t length,
          const prt_catalog_options *options, const char *sizes, prt_snapshot **out, prt_error *err)
{
    prt_catalog catalog = {.arena = arena, .options = options};
    if (!begin_snapshot(conn, &catalog, tables, length, err))
        return false;
    bool ok = first_trip(conn, &catalog, sizes, err) && second_trip(conn, &catalog, sizes, err);
    if (!ok)
        roll_back(conn);
    *out = ok ? catalog.snapshot : NULL;
    return ok;
}

bool
prt_catalog_read(prt_conn *conn, prt_arena *arena, const char *const *tables, size_t length,
                 const prt_catalog_options *options, prt_snapshot **out, prt_error *err)
{
    prt_error first = {0};
    if (read_once(conn, arena, tables, length, options, "exact", out, &first))
        return true;
    /* Somebody holds a partition locked, and its exact size waits for that: what ANALYZE and VACUUM noted has to do. */
    if (strcmp(first.sqlstate, "55P03") == 0)
        return read_once(conn, arena, tables, length, options, "estimate", out, err);
    if (err->code == PRT_OK)
        *err = first;
    return false;
}
