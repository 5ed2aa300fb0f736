/*
 * Instants: microseconds since 1970-01-01 00:00:00 UTC, proleptic Gregorian, no leap seconds; what PostgreSQL's
 * timestamptz holds, on the Unix epoch. PRT_POS_MIN and PRT_POS_MAX stand for -infinity and infinity.
 *
 * A *position* (prt_pos) is a point on a partition key's axis: an instant for time keys (wall-clock microseconds
 * read as if UTC for `date` and `timestamp`, which have no zone), the integer itself for ids.
 */
#ifndef PRT_MODEL_INSTANT_H
#define PRT_MODEL_INSTANT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

typedef int64_t prt_instant;
typedef int64_t prt_pos;

#define PRT_POS_MIN INT64_MIN
#define PRT_POS_MAX INT64_MAX

#define PRT_USEC_PER_MSEC INT64_C(1000)
#define PRT_USEC_PER_SEC INT64_C(1000000)
#define PRT_USEC_PER_MINUTE (60 * PRT_USEC_PER_SEC)
#define PRT_USEC_PER_HOUR (60 * PRT_USEC_PER_MINUTE)
#define PRT_USEC_PER_DAY (24 * PRT_USEC_PER_HOUR)

/* Sums that stop at PRT_POS_MIN and PRT_POS_MAX instead of overflowing. The infinities stay what they are. */
prt_pos prt_pos_add(prt_pos a, int64_t b);
/* `to` minus `from`, likewise. */
int64_t prt_pos_distance(prt_pos from, prt_pos to);
/* Floor division and its remainder (0 <= remainder < b), b > 0. */
int64_t prt_floor_div(int64_t a, int64_t b);

/*
 * Reads ISO 8601 and PostgreSQL's DateStyle=ISO output: `2025-01-01`, `2025-01-01 10:20:30.5`, `2025-01-01T10:20Z`,
 * offsets `+02`, `+05:30`, `-03:30:20`, a trailing ` BC`, `infinity`, `-infinity`, years of more than four digits.
 * Without an offset it is UTC. What does not exist (February 30, 25:00) is an error; 24:00 is the next midnight.
 */
PRT_NODISCARD bool prt_instant_parse(const char *text, prt_instant *out, prt_error *err);

/* RFC 3339 in UTC, a fraction only where there is one: 2025-01-01T00:00:00Z. Years outside 0..9999 as ISO 8601 does. */
const char *prt_instant_format(prt_arena *arena, prt_instant at);
/* For people: the date alone at midnight, otherwise "2025-01-01 06:00" (seconds and fraction where there are any). */
const char *prt_instant_display(prt_arena *arena, prt_instant at);
/* The same to the second: of clock readings, whose microseconds tell nobody anything. */
const char *prt_second_display(prt_arena *arena, prt_instant at);

#endif
