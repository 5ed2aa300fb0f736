/*
 * The footer of a TZif file: a POSIX TZ string, `CET-1CEST,M3.5.0,M10.5.0/3`, with the extensions of RFC 8536,
 * section 3.3.1 (times from -167 to 167 hours). Internal to zone.c.
 */
#ifndef PRT_MODEL_TZRULE_H
#define PRT_MODEL_TZRULE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef enum prt_tzday { PRT_TZDAY_JULIAN, PRT_TZDAY_ORDINAL, PRT_TZDAY_WEEKDAY } prt_tzday;

/* One change of clocks in a year. */
typedef struct prt_tzchange {
    prt_tzday kind;
    int day;         /* Jn: 1..365, February 29 not counted; n: 0..365, counted; Mm.w.d: 0 (Sunday)..6 */
    int month, week; /* Mm.w.d: week 5 is the month's last */
    int32_t time;    /* seconds since that day's midnight on the clock before the change */
} prt_tzchange;

typedef struct prt_tzrule {
    int32_t standard, daylight; /* seconds east of Greenwich */
    bool has_daylight;          /* otherwise standard time all year */
    prt_tzchange start, end;    /* of daylight saving */
} prt_tzrule;

PRT_NODISCARD bool prt_tzrule_parse(const char *text, size_t length, prt_tzrule *out, prt_error *err);
/* When daylight saving starts and ends in a year, in seconds since the epoch. */
int64_t prt_tzrule_start(const prt_tzrule *rule, int64_t year);
int64_t prt_tzrule_end(const prt_tzrule *rule, int64_t year);

#endif
