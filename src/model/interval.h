/* Calendar intervals (months, days, microseconds), as PostgreSQL's interval, and their texts. */
#ifndef PRT_MODEL_INTERVAL_H
#define PRT_MODEL_INTERVAL_H

#include "model/instant.h"
#include "model/zone.h"

typedef struct prt_interval {
    int64_t months, days, usec;
} prt_interval;

/*
 * "1 day", "6 hours", "2 weeks", "1 year 2 months", "90 min", "300 ms"; hourly daily weekly monthly quarterly yearly.
 * A number without a unit is an error (except "0"), with a hint that names units. Negative amounts are errors.
 */
PRT_NODISCARD bool prt_interval_parse(const char *text, prt_interval *out, prt_error *err);
const char *prt_interval_format(prt_arena *arena, const prt_interval *interval); /* "1 month 2 days", "6 hours", "0" */
bool prt_interval_is_zero(const prt_interval *interval);

/* at + interval (sign 1) or at - interval (sign -1): months first (the day is clamped to the month's last), then days,
 * both on `zone`'s wall clock; then microseconds. Saturates. A wall time that does not exist moves to the first that does. */
prt_instant prt_interval_add(prt_instant at, const prt_interval *interval, int sign, const prt_zone *zone);
/* Approximate length in microseconds (a month as 30.4375 days): for display and for thresholds, never for bounds. */
int64_t prt_interval_usec(const prt_interval *interval);
/* A span of time for people: "4 d 9 h", "1 h", "35 s"; two units at most. */
const char *prt_duration_display(prt_arena *arena, int64_t usec);

#endif
