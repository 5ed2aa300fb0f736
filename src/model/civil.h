/* The proleptic Gregorian calendar, without zones: days, dates and fields of a wall-clock time. */
#ifndef PRT_MODEL_CIVIL_H
#define PRT_MODEL_CIVIL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

typedef struct prt_civil {
    int64_t year; /* astronomical: 0 is 1 BC */
    int month, day, hour, minute, second, usec;
} prt_civil;

int64_t prt_civil_days(int64_t year, int month, int day); /* days since 1970-01-01 */
void prt_civil_from_days(int64_t days, int64_t *year, int *month, int *day);
int prt_civil_month_days(int64_t year, int month);
int prt_civil_weekday(int64_t days); /* 1 = Monday .. 7 = Sunday (ISO 8601) */
void prt_civil_iso_week(int64_t days, int64_t *iso_year, int *week);

/* Wall-clock microseconds since 1970-01-01 00:00, to fields and back. */
prt_civil prt_civil_from_usec(int64_t usec);
int64_t prt_civil_to_usec(const prt_civil *civil);

/* strftime's %Y %y %m %d %j %H %M %S %G %V %u %a %b %%, and %q (quarter 1..4); locale-free. Anything else is an error. */
PRT_NODISCARD bool prt_civil_format(prt_buf *out, const char *format, int64_t usec, prt_error *err);

#endif
