#include "pg/run_purge.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "model/ident.h"
#include "pg/query.h"
#include "pg/result.h"

enum {
    SMALL_BYTES = 8 * 1024 * 1024, /* of a partition that may be read whole */
    SAMPLE_ROWS = 1000,            /* of strangers, where no index gives one row for each */
    NAMED = 3,                     /* of them in a message */
};

typedef struct answer {
    const char *what, *more;
} answer;

typedef PRT_VEC(answer) answer_list;

typedef struct inquiry {
    prt_conn *conn;
    prt_arena *arena;
    PRT_VEC(const prt_set *) sets;
    const char **types; /* of the sets' tenant columns */
    answer_list purgeable, strangers;
} inquiry;

static bool
ends_the_run(const prt_error *err)
{
    return err->code == PRT_ERR_CONNECT || err->code == PRT_ERR_INTERRUPTED;
}

/* ------------------------------------------------------------------------------------------------ access */

static prt_tenant_access
access_of(const PGresult *result, int row)
{
    if (prt_cell_bool(result, row, 1))
        return PRT_ACCESS_ORDERED;
    if (prt_cell_bool(result, row, 2))
        return PRT_ACCESS_INDEX;
    return prt_cell_int(result, row, 3, 0) <= SMALL_BYTES ? PRT_ACCESS_SMALL : PRT_ACCESS_SCAN;
}

static bool
read_access(inquiry *q, prt_error *err)
{
    size_t n = q->sets.length;
    uint32_t *oids = prt_arena_array(q->arena, n, sizeof *oids);
    const char **tenants = prt_arena_array(q->arena, n, sizeof *tenants);
    const char **keys = prt_arena_array(q->arena, n, sizeof *keys);
    for (size_t i = 0; i < n; i++) {
        oids[i] = q->sets.items[i]->parent->oid;
        tenants[i] = q->sets.items[i]->spec->tenant.key;
        keys[i] = q->sets.items[i]->key.column;
    }
    const char *values[] = {prt_array_oids(q->arena, oids, n), prt_array_texts(q->arena, tenants, n),
                            prt_array_texts(q->arena, keys, n)};
    PGresult *result = NULL;
    q->types = prt_arena_array(q->arena, n, sizeof *q->types);
    if (!prt_query_file(q->conn, "purge_access", 3, values, &result, err))
        return false;
    for (size_t i = 0; i < n && (int) i < PQntuples(result); i++) {
        prt_parent *parent = q->sets.items[i]->parent->parent;
        q->types[i] = prt_cell_text(q->arena, result, (int) i, 0);
        parent->tenant_access = access_of(result, (int) i);
        if (q->types[i] == NULL)
            parent->tenant_error = prt_arena_printf(q->arena, "the table has no column %s",
                                                    prt_ident_display(q->arena, NULL, tenants[i]));
    }
    PQclear(result);
    return true;
}

/* ------------------------------------------------------------------------------------------------ purges */

/* Only the one of a HASH table's partitions that a tenant's rows are in needs to be looked at. */
static void
put_hash_condition(prt_buf *sql, const prt_set *set, const char *type)
{
    const prt_table *part = set->parent, *above = part->parent_table;
    if (above == NULL || part->bound_error != NULL || part->bound.kind != PRT_BOUND_HASH ||
        above->parent->columns != 1 || above->parent->key[0].name == NULL ||
        strcmp(above->parent->key[0].name, set->spec->tenant.key) != 0)
        return;
    prt_buf_fmt(sql, " WHERE pg_catalog.satisfies_hash_partition(%u, %d, %d, c.id::%s)", above->oid,
                part->bound.modulus, part->bound.remainder, type);
}

/* The rows of `p` that a candidate of `c` would delete. The widest limits are literals, for the server to leave out
 * partitions when it plans. */
static void
put_row_conditions(prt_buf *sql, const prt_set *set, const char *type, const prt_purge *first, const prt_purge *last)
{
    const char *key = prt_ident_quote(sql->arena, set->key.column);
    prt_buf_fmt(sql, "p.%s = c.id::%s AND p.%s < c.before::%s AND p.%s < %s",
                prt_ident_quote(sql->arena, set->spec->tenant.key), type, key, set->key.type, key, last->limit);
    if (first->from != NULL)
        prt_buf_fmt(sql, " AND p.%s >= %s", key, first->from);
    if (first->spared_length > 0)
        prt_buf_fmt(sql, " AND p.tableoid <> ALL ('%s'::oid[])",
                    prt_array_oids(sql->arena, first->spared, first->spared_length));
}

/*
 * The oldest key of each candidate, as text. With an index by the key the first row found is the oldest; with another one
 * a tenant's rows are read and compared (OFFSET 0 keeps the server from searching through everybody's rows in the order of
 * the key instead); small partitions are read once for all.
 */
static const char *
oldest_query(prt_arena *arena, const prt_set *set, const char *type, const prt_purge *const *purges, size_t length)
{
    const char *key = prt_ident_quote(arena, set->key.column);
    const char *table = prt_ident_qualify(arena, set->schema, set->table);
    const prt_purge *last = purges[0];
    prt_buf c, rows, sql;
    prt_buf_init(&c, arena);
    prt_buf_init(&rows, arena);
    prt_buf_init(&sql, arena);
    for (size_t i = 0; i < length; i++) {
        prt_buf_fmt(&c, "%s(%zu, %s::text, %s::text)", i == 0 ? "" : ", ", i,
                    prt_literal_quote(arena, purges[i]->tenant), purges[i]->limit);
        if (purges[i]->before.pos > last->before.pos)
            last = purges[i];
    }
    put_row_conditions(&rows, set, type, purges[0], last);
    prt_buf_fmt(&sql, "WITH c(i, id, before) AS MATERIALIZED (SELECT * FROM (VALUES %s) AS c(i, id, before)", c.data);
    put_hash_condition(&sql, set, type);
    prt_buf_str(&sql, ") ");
    switch (set->parent->parent->tenant_access) {
    case PRT_ACCESS_ORDERED:
        prt_buf_fmt(&sql,
                    "SELECT c.i, o.key FROM c, LATERAL (SELECT p.%s::text AS key FROM %s AS p WHERE %s"
                    " ORDER BY p.%s LIMIT 1) AS o",
                    key, table, rows.data, key);
        break;
    case PRT_ACCESS_INDEX:
        prt_buf_fmt(&sql,
                    "SELECT c.i, o.key FROM c, LATERAL (SELECT r.key::text AS key FROM (SELECT p.%s AS key FROM %s"
                    " AS p WHERE %s OFFSET 0) AS r ORDER BY r.key LIMIT 1) AS o",
                    key, table, rows.data);
        break;
    default:
        prt_buf_fmt(&sql, "SELECT DISTINCT ON (c.i) c.i, p.%s::text FROM c JOIN %s AS p ON %s ORDER BY c.i, p.%s", key,
                    table, rows.data, key);
    }
    return sql.data;
}

static bool
run_oldest_query(inquiry *q, const prt_set *set, const char *sql, const prt_purge *const *purges, prt_error *err)
{
    PGresult *result = NULL;
    if (!prt_query(q->conn, sql, 0, NULL, &result, err))
        return false;
    for (int row = 0; row < PQntuples(result); row++) {
        const prt_purge *purge = purges[prt_cell_int(result, row, 0, 0)];
        prt_vec_push(q->arena, &q->purgeable,
                     ((answer) {.what = purge->id, .more = prt_cell_text(q->arena, result, row, 1)}));
    }
    PQclear(result);
    (void) set;
    return true;
}

static bool
shares_query(const prt_purge *a, const prt_purge *b)
{
    return a->spared_length == b->spared_length &&
           (a->spared_length == 0 || memcmp(a->spared, b->spared, a->spared_length * sizeof *a->spared) == 0) &&
           strcmp(a->from == NULL ? "" : a->from, b->from == NULL ? "" : b->from) == 0;
}

/* Neighbours with the same partitions to leave alone share a query: without holds that is everybody. */
static bool
ask_purges(inquiry *q, size_t index, prt_error *err)
{
    const prt_set *set = q->sets.items[index];
    size_t n = set->purges.length;
    bool *asked = prt_arena_array(q->arena, n + 1, sizeof *asked);
    const prt_purge **group = prt_arena_array(q->arena, n + 1, sizeof *group);
    for (size_t i = 0; i < n; i++) {
        size_t length = 0;
        for (size_t k = i; k < n && !asked[i]; k++) {
            if (asked[k] || !shares_query(&set->purges.items[i], &set->purges.items[k]))
                continue;
            group[length++] = &set->purges.items[k];
            asked[k] = k != i;
        }
        if (length > 0 &&
            !run_oldest_query(q, set, oldest_query(q->arena, set, q->types[index], group, length), group, err))
            return false;
        asked[i] = true;
    }
    return true;
}

/* An index that serves is used, whatever the statistics say: they know nothing of rows that were purged a moment ago. */
static bool
look_for_purges(inquiry *q, size_t index, prt_error *err)
{
    const prt_set *set = q->sets.items[index];
    prt_tenant_access access = set->parent->parent->tenant_access;
    if (set->purges.length == 0 || access == PRT_ACCESS_SCAN || access == PRT_ACCESS_UNKNOWN)
        return true;
    prt_error ignored = {0};
    bool indexed = access != PRT_ACCESS_SMALL;
    bool ok = prt_exec(q->conn, "BEGIN READ ONLY", err) &&
              (!indexed || prt_exec(q->conn, "SET LOCAL enable_seqscan = off", err)) && ask_purges(q, index, err);
    bool ended = prt_exec(q->conn, "ROLLBACK", &ignored);
    if (ok && !ended)
        *err = ignored;
    return ok && ended;
}

/* --------------------------------------------------------------------------------------------- strangers */

/* With an index one row of each tenant is enough: the next larger value, and again. */
static const char *
strangers_query(prt_arena *arena, const prt_set *set, const prt_table *table, const char *type)
{
    const char *column = prt_ident_quote(arena, set->spec->tenant.key);
    const char *name = prt_ident_qualify(arena, table->schema, table->name);
    prt_tenant_access access = set->parent->parent->tenant_access;
    const char *known = prt_arena_printf(
        arena, "NOT EXISTS (SELECT FROM unnest($1::text[]) AS k(id) WHERE k.id::%s = r.id)", type);
    if (access != PRT_ACCESS_ORDERED && access != PRT_ACCESS_INDEX)
        return prt_arena_printf(
            arena,
            "SELECT DISTINCT s.id FROM (SELECT r.id::text AS id FROM (SELECT %s AS id FROM %s) AS r "
            "WHERE %s LIMIT %d) AS s ORDER BY 1 LIMIT %d",
            column, name, known, SAMPLE_ROWS, NAMED + 1);
    return prt_arena_printf(
        arena,
        "WITH RECURSIVE r(id) AS ((SELECT %s FROM %s WHERE %s IS NOT NULL ORDER BY %s LIMIT 1) UNION ALL "
        "SELECT n.id FROM r, LATERAL (SELECT p.%s AS id FROM %s AS p WHERE p.%s > r.id ORDER BY p.%s LIMIT 1) AS n) "
        "(SELECT r.id::text AS id FROM r WHERE %s LIMIT %d) UNION ALL (SELECT NULL FROM %s WHERE %s IS NULL LIMIT 1)",
        column, name, column, column, column, name, column, column, known, NAMED + 1, name, column);
}

/* "rows of tenants that are not in the list: a, b, NULL, ..." */
static const char *
note_of(prt_arena *arena, const PGresult *result)
{
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_buf_str(&out, "rows of tenants that are not in the list: ");
    for (int row = 0; row < PQntuples(result) && row < NAMED; row++)
        prt_buf_fmt(&out, "%s%s", row == 0 ? "" : ", ",
                    prt_cell_null(result, row, 0) ? "NULL" : prt_cell_text(arena, result, row, 0));
    if (PQntuples(result) > NAMED)
        prt_buf_str(&out, ", ...");
    return out.data;
}

static bool
ask_strangers(inquiry *q, size_t index, const prt_table *table, const char *list, prt_error *err)
{
    const char *values[] = {list};
    const prt_set *set = q->sets.items[index];
    answer found = {.what = prt_ident_qualify(q->arena, table->schema, table->name)};
    PGresult *result = NULL;
    prt_error why = {0};
    bool ok = set->parent->parent->tenant_error == NULL &&
              prt_query(q->conn, strangers_query(q->arena, set, table, q->types[index]), 1, values, &result, &why);
    if (!ok && ends_the_run(&why)) {
        *err = why;
        return false;
    }
    if (!ok)
        found.more = prt_arena_printf(q->arena, "rows whose tenants could not be looked at: %s%s",
                                      why.code == PRT_OK ? set->parent->parent->tenant_error : why.message,
                                      strcmp(why.sqlstate, "57014") == 0 ? " (an index on the tenant's column helps)"
                                                                         : "");
    else if (PQntuples(result) > 0)
        found.more = note_of(q->arena, result);
    PQclear(result);
    if (found.more != NULL)
        prt_vec_push(q->arena, &q->strangers, found);
    return true;
}

static bool
look_for_strangers(inquiry *q, size_t index, prt_error *err)
{
    const prt_set *set = q->sets.items[index];
    size_t n = set->tenants->length;
    if (set->suspects.length == 0)
        return true;
    const char **ids = prt_arena_array(q->arena, n + 1, sizeof *ids);
    for (size_t i = 0; i < n; i++)
        ids[i] = set->tenants->items[i].id;
    const char *list = prt_array_texts(q->arena, ids, n);
    for (size_t i = 0; i < set->suspects.length; i++)
        if (!ask_strangers(q, index, set->suspects.items[i], list, err))
            return false;
    return true;
}

/* --------------------------------------------------------------------------------------------------- all */

static int
compare_answers(const void *a, const void *b)
{
    return strcmp(((const answer *) a)->what, ((const answer *) b)->what);
}

static size_t
store(prt_arena *arena, answer_list *list, const char ***what, const char ***more)
{
    if (list->length > 1)
        qsort(list->items, list->length, sizeof *list->items, compare_answers);
    *what = prt_arena_array(arena, list->length + 1, sizeof **what);
    *more = prt_arena_array(arena, list->length + 1, sizeof **more);
    for (size_t i = 0; i < list->length; i++) {
        (*what)[i] = list->items[i].what;
        (*more)[i] = list->items[i].more;
    }
    return list->length;
}

static void
note_error(inquiry *q, size_t index, const prt_error *why)
{
    prt_parent *parent = q->sets.items[index]->parent->parent;
    if (parent->tenant_error == NULL)
        parent->tenant_error = prt_arena_strdup(q->arena, why->message);
}

static bool
look(inquiry *q, prt_error *err)
{
    prt_error why = {0};
    if (!read_access(q, &why)) {
        if (ends_the_run(&why)) {
            *err = why;
            return false;
        }
        for (size_t i = 0; i < q->sets.length; i++)
            note_error(q, i, &why);
    }
    for (size_t i = 0; i < q->sets.length; i++) {
        prt_error one = {0};
        if (q->sets.items[i]->parent->parent->tenant_error == NULL && !look_for_purges(q, i, &one)) {
            if (ends_the_run(&one)) {
                *err = one;
                return false;
            }
            note_error(q, i, &one);
        }
        if (!look_for_strangers(q, i, err))
            return false;
    }
    return true;
}

bool
prt_purge_read(prt_conn *conn, prt_arena *arena, prt_snapshot *snapshot, const prt_plan *plan, bool *again,
               prt_error *err)
{
    inquiry q = {.conn = conn, .arena = arena};
    for (size_t i = 0; i < plan->sets.length; i++) {
        const prt_set *set = &plan->sets.items[i];
        if (set->purges.length > 0 || set->suspects.length > 0)
            prt_vec_push(arena, &q.sets, set); /* NOLINT(bugprone-sizeof-expression): addresses */
    }
    *again = q.sets.length > 0;
    if (!*again)
        return true;
    if (!look(&q, err))
        return false;
    snapshot->purgeable_length = store(arena, &q.purgeable, &snapshot->purgeable, &snapshot->purge_from);
    snapshot->strangers_length = store(arena, &q.strangers, &snapshot->strangers, &snapshot->stranger_notes);
    return true;
}
