/* What stats shows of one partitioned table, as values; made from a plan's set, or from the catalog alone. */
#ifndef PRT_CLI_STATS_H
#define PRT_CLI_STATS_H

#include <jansson.h>

#include "model/plan.h"
#include "model/plan_text.h"

typedef struct prt_stats_row {
    const prt_table *table;
    bool has_range;
    prt_range range;
    int64_t rows; /* -1: not known */
    int64_t bytes;
    bool exact;        /* rows were counted */
    const char *state; /* "expired", "now", "pending", "default", "" */
} prt_stats_row;

typedef struct prt_stats {
    const prt_table *parent;
    const char *policy; /* NULL: none */
    const char *tenant; /* whose partitions these are; NULL: everybody's */
    const char *grid;   /* "daily"; NULL without a policy */
    bool has_key;
    prt_key key;
    prt_pos now, horizon; /* horizon: the end of the unbroken cover from now on; now itself when an insert fails now */
    bool has_keep;
    prt_pos keep;                /* what ends at or before this is expired */
    PRT_VEC(prt_stats_row) rows; /* in the order of their bounds, the default last */
} prt_stats;

/* `set` of a plan made with sizes at `now`. */
void prt_stats_from_set(prt_arena *arena, const prt_set *set, prt_instant now, prt_stats *out);
/* A partitioned table of the catalog, without a policy. `highest`: of an id key (prt_catalog_highest); may be NULL. */
void prt_stats_from_table(prt_arena *arena, const prt_table *parent, prt_instant now, const char *highest,
                          prt_stats *out);

int64_t prt_stats_bytes(const prt_stats *stats);
int64_t prt_stats_rows(const prt_stats *stats); /* what is known; -1: nothing is */
bool prt_stats_exact(const prt_stats *stats);

json_t *prt_stats_json(prt_arena *arena, const prt_stats *stats);

typedef struct prt_stats_style {
    prt_text_style text;
    bool utf8;
    int width; /* of the terminal */
} prt_stats_style;

void prt_stats_text(prt_buf *out, const prt_stats *stats, const prt_stats_style *style);
/* The bar of partitions by size, with now, horizon and retention below it. Nothing when there is no range to draw. */
void prt_stats_timeline(prt_buf *out, const prt_stats *stats, const prt_stats_style *style);

#endif
