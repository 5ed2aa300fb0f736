/* A snapshot in the making; shared by catalog*.c only. */
#ifndef PRT_PG_CATALOG_IMPL_H
#define PRT_PG_CATALOG_IMPL_H

#include "base/vec.h"
#include "pg/catalog.h"

/* Tables by oid: open addressing, a power of two of slots. */
typedef struct prt_table_map {
    prt_table **slots;
    size_t length, capacity;
} prt_table_map;

prt_table *prt_table_map_get(const prt_table_map *map, uint32_t oid); /* NULL: not there */
void prt_table_map_put(prt_arena *arena, prt_table_map *map, prt_table *table);

typedef struct prt_catalog_parent {
    prt_table *table;
    bool published;
    uint32_t schema_oid, default_oid;
    int64_t default_bytes;
    bool default_guarded;
} prt_catalog_parent;

typedef struct prt_catalog {
    prt_arena *arena;
    prt_snapshot *snapshot;
    const prt_catalog_options *options;
    prt_table_map tables;
    PRT_VEC(prt_catalog_parent) parents; /* partitioned tables only */
} prt_catalog;

/* catalog_tree.c; results of the files of the same names */
void prt_catalog_take_parents(prt_catalog *catalog, const PGresult *result);
void prt_catalog_take_roots(prt_catalog *catalog, const PGresult *result);
void prt_catalog_take_children(prt_catalog *catalog, const PGresult *result);
void prt_catalog_take_defaults(prt_catalog *catalog);
void prt_catalog_sum_bytes(prt_catalog *catalog);

/* catalog_details.c */
void prt_catalog_take_columns(prt_catalog *catalog, const PGresult *result);
void prt_catalog_take_references(prt_catalog *catalog, const PGresult *result);
void prt_catalog_take_indexes(prt_catalog *catalog, const PGresult *result);
void prt_catalog_take_policies(prt_catalog *catalog, const PGresult *result);
void prt_catalog_take_comments(prt_catalog *catalog, const PGresult *result);
void prt_catalog_take_sublevels(prt_catalog *catalog, const PGresult *result);
void prt_catalog_take_publications(prt_catalog *catalog, const PGresult *result); /* NULL: server before 15 */

#endif
