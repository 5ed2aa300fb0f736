/* The embedded SQL files (src/pg/sql), several of them in one round trip, and arrays as parameters. */
#ifndef PRT_PG_QUERY_H
#define PRT_PG_QUERY_H

#include "pg/conn.h"

typedef struct prt_file_query {
    const char *file; /* sql/FILE.sql */
    int params;
    const char *const *values;
    PGresult *result; /* out: free with PQclear; NULL after a failure */
} prt_file_query;

/*
 * Runs the files in one round trip and one transaction. `before` and `after` are statements around them (BEGIN and
 * COMMIT); NULL: none. After a failure the transaction, if one was begun, is left to the caller to roll back.
 */
PRT_NODISCARD bool prt_query_files(prt_conn *conn, const char *before, prt_file_query *queries, size_t length,
                                   const char *after, prt_error *err);

/* The text of sql/NAME.sql; an unknown one is a programming error (assert). */
const char *prt_sql_text(const char *name);
/*
 * What a file's header says after `-- KEY:` up to the next key or the end of the header, as one line; NULL: no such key.
 * Keys: purpose, parameters ("$1 oid[], $2 boolean", or "none"), columns ("oid oid, name text"), versions ("14+", "15+").
 */
const char *prt_sql_header(prt_arena *arena, const char *text, const char *key);
/* True when the result has the columns that the header declares, by name and order. */
bool prt_sql_shape(const char *text, const PGresult *result);

/* '{"a","b"}': an array literal of these texts for a text[] parameter; of oids for oid[]. */
const char *prt_array_texts(prt_arena *arena, const char *const *texts, size_t length);
const char *prt_array_oids(prt_arena *arena, const uint32_t *oids, size_t length);

#endif
