/* Purges: batches of DELETE in one partition at a time. */
#include <inttypes.h>

#include "base/buf.h"
#include "model/ident.h"
#include "model/render_parts.h"

/*
 * Rows are found and locked first, and those that somebody else has locked are passed over: a purge never waits for the
 * application, so that the two cannot deadlock. FOR UPDATE looks at the newest version of each row, so what is deleted is
 * still the tenant's and still expired. The table is this very partition of this very parent, or nothing is found.
 */
const char *
prt_render_batch(prt_arena *arena, const prt_set *set, const prt_purge *purge, const prt_table *leaf, const char *from,
                 int64_t rows)
{
    const char *table = prt_ident_qualify(arena, leaf->schema, leaf->name);
    const char *key = prt_ident_quote(arena, set->key.column);
    prt_buf sql;
    prt_buf_init(&sql, arena);
    prt_buf_fmt(&sql, "WITH batch AS MATERIALIZED (SELECT r.ctid AS at, r.%s AS key FROM ONLY %s AS r WHERE r.%s = %s",
                key, table, prt_ident_quote(arena, set->spec->tenant.key), prt_literal_quote(arena, purge->tenant));
    if (from != NULL)
        prt_buf_fmt(&sql, " AND r.%s >= %s", key, from);
    prt_buf_fmt(&sql,
                " AND r.%s < %s AND r.tableoid = %u AND EXISTS (SELECT FROM pg_catalog.pg_partition_ancestors(%u) AS a"
                " WHERE a.relid = %u)",
                key, purge->limit, leaf->oid, leaf->oid, set->parent->oid);
    if (purge->ordered)
        prt_buf_fmt(&sql, " ORDER BY r.%s", key);
    prt_buf_fmt(&sql, " LIMIT %" PRId64 " FOR UPDATE OF r SKIP LOCKED)", rows);
    prt_buf_fmt(&sql,
                ", gone AS (DELETE FROM ONLY %s WHERE ctid = ANY (ARRAY(SELECT b.at FROM batch AS b)) RETURNING 1)",
                table);
    prt_buf_str(&sql, " SELECT (SELECT count(*) FROM gone) AS deleted, (SELECT count(*) FROM batch) AS found, ");
    prt_buf_str(&sql, purge->ordered ? "(SELECT b.key::text FROM batch AS b ORDER BY b.key DESC LIMIT 1) AS last"
                                     : "NULL::text AS last");
    return sql.data;
}

void
prt_put_purge(prt_renderer *r)
{
    const prt_purge *purge = r->operation->purge;
    for (size_t i = 0; i < purge->leaves_length; i++)
        prt_put(r, PRT_BREAK, "%s",
                prt_render_batch(r->arena, r->set, purge, purge->leaves[i], purge->from, r->set->spec->purge.batch));
}
