/* The catalog as a snapshot (model/tree.h): one query for all tables of a run, whatever their number. */
#ifndef PRT_PG_CATALOG_H
#define PRT_PG_CATALOG_H

#include "model/tree.h"
#include "pg/conn.h"

typedef struct prt_catalog_options {
    bool bytes;                 /* pg_total_relation_size of every partition: costs a stat per file */
    bool comments;              /* comments and leaf details for `check` (owner, replica identity) */
    const char *const *columns; /* names of columns that policies partition lower levels by */
    size_t columns_length;
    bool has_now;
    prt_instant now; /* --now */
} prt_catalog_options;

/* roots[i] is tables[i] ("schema.table" texts as prt_ident_parse reads them; without a schema: public). A table that does
 * not exist gives a root of kind 0. Also all valid markers of this database. */
PRT_NODISCARD bool prt_catalog_read(prt_conn *conn, prt_arena *arena, const char *const *tables, size_t length,
                                    const prt_catalog_options *options, prt_snapshot **out, prt_error *err);
/* Of these qualified names (prt_ident_qualify), those that exist; sorted by strcmp. One query. */
PRT_NODISCARD bool prt_catalog_taken(prt_conn *conn, prt_arena *arena, const char *const *names, size_t length,
                                     const char ***taken, size_t *taken_length, prt_error *err);
/* Sizes (pg_total_relation_size, branches summed) and row estimates for these oids, in their order. One query. */
PRT_NODISCARD bool prt_catalog_sizes(prt_conn *conn, prt_arena *arena, const uint32_t *oids, size_t length,
                                     int64_t **bytes, prt_error *err);
/* The highest key stored outside the default partition, as text in key order; NULL when empty. For id sets. */
PRT_NODISCARD bool prt_catalog_highest(prt_conn *conn, prt_arena *arena, const prt_table *parent, const char *column,
                                       const char **highest, prt_error *err);
/* The same for many parents at once: mostly one round trip for all. */
PRT_NODISCARD bool prt_catalog_highest_many(prt_conn *conn, prt_arena *arena, const prt_table *const *parents,
                                            const char *const *columns, size_t length, const char **highest,
                                            prt_error *err);

#endif
