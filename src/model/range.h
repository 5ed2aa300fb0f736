/* A partition's extent on its key's axis, each end with the very text that PostgreSQL has or gets for it. */
#ifndef PRT_MODEL_RANGE_H
#define PRT_MODEL_RANGE_H

#include "model/instant.h"
#include "model/key.h"

typedef struct prt_end {
    prt_pos pos;     /* PRT_POS_MIN and PRT_POS_MAX for MINVALUE, MAXVALUE and the infinities */
    const char *sql; /* the whole tuple without parentheses: '2025-01-01', MINVALUE */
    bool inside;     /* rows at `pos` itself may lie before this end: the key's later columns decide */
} prt_end;

typedef struct prt_range {
    prt_end from, to; /* from is inside, to is not */
} prt_range;

/* A bound of the catalog as a range; false when a value cannot be decoded or the bound is not a RANGE. */
PRT_NODISCARD bool prt_range_from_bound(prt_arena *arena, const prt_key *key, const prt_bound *bound, prt_range *out,
                                        prt_error *err);
/* The end at a position, with its SQL: quoted literal, MINVALUE for the key's columns after it. */
PRT_NODISCARD bool prt_end_make(prt_arena *arena, const prt_key *key, prt_pos at, prt_end *out, prt_error *err);
/* The first position of which no row can be in the range: its upper end, or just after it. */
prt_pos prt_range_over(const prt_key *key, const prt_range *range);
/* For people: "2025-01-01 .. 2025-01-02", "1000 .. 2000", "-inf .. 0". */
const char *prt_range_display(prt_arena *arena, const prt_key *key, const prt_range *range);
const char *prt_pos_display(prt_arena *arena, const prt_key *key, prt_pos at);

#endif
