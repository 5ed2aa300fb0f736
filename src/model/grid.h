/*
 * The grid that partitions lie on. A grid cell is [floor(x), next(x)); cells tile the axis without gap or overlap.
 *
 * PRT_UNIT_ID:    anchor + k * step                        integers
 * PRT_UNIT_FIXED: anchor + k * step microseconds           hours and below, always on the UTC grid
 * PRT_UNIT_DAY:   the first instant of local date anchor + k * step days
 * PRT_UNIT_MONTH: the first instant of local date anchor + k * step months, the anchor's day clamped to the month
 *
 * A cell whose local day a zone skipped is empty: floor and next step over it. At the ends of the 64-bit axis
 * floor gives PRT_POS_MIN and next gives PRT_POS_MAX; both ends are boundaries, and floor(PRT_POS_MAX) is the last one
 * before the end (PRT_POS_MAX is a position like any other: the largest bigint).
 */
#ifndef PRT_MODEL_GRID_H
#define PRT_MODEL_GRID_H

#include "model/instant.h"
#include "model/interval.h"
#include "model/zone.h"

typedef enum prt_unit { PRT_UNIT_ID, PRT_UNIT_FIXED, PRT_UNIT_DAY, PRT_UNIT_MONTH } prt_unit;

typedef struct prt_grid {
    prt_unit unit;
    int64_t step;
    int64_t anchor;       /* ID: an id; FIXED: an instant; DAY, MONTH: a local date in days since 1970-01-01 */
    const prt_zone *zone; /* NULL: UTC */
} prt_grid;

/* `anchor`: NULL for the default (2000-01-01; Monday 2000-01-03 when the interval is whole weeks written as weeks or
 * days that are a multiple of 7). For DAY and MONTH, midnight UTC (a plain date) means that date in any zone; otherwise
 * the anchor must be the first instant of a local day. Mixed units ("1 month 2 days") and empty intervals are errors. */
PRT_NODISCARD bool prt_grid_time(prt_grid *grid, const prt_interval *interval, const prt_instant *anchor,
                                 const prt_zone *zone, prt_error *err);
PRT_NODISCARD bool prt_grid_id(prt_grid *grid, int64_t step, int64_t anchor, prt_error *err);

prt_pos prt_grid_floor(const prt_grid *grid, prt_pos at); /* lower bound of the cell that holds `at` */
prt_pos prt_grid_next(const prt_grid *grid, prt_pos at);  /* upper bound of that cell: the first boundary > at */
prt_pos prt_grid_prev(const prt_grid *grid, prt_pos at);  /* the last boundary < at */
bool prt_grid_is_boundary(const prt_grid *grid, prt_pos at);
/* Local wall-clock microseconds of a boundary, for names: the zone's for DAY and MONTH, UTC for FIXED. */
int64_t prt_grid_wall(const prt_grid *grid, prt_pos at);
/* "daily", "6 hours", "2 weeks", "1000000 ids" */
const char *prt_grid_display(prt_arena *arena, const prt_grid *grid);

#endif
