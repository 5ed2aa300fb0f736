/*
 * Time zones from TZif files (RFC 8536), with the footer's POSIX rule for years past the table. libc's TZ is never
 * used. Reading the file is the caller's (base/file.h, prt_tzdata_read).
 */
#ifndef PRT_MODEL_ZONE_H
#define PRT_MODEL_ZONE_H

#include <stddef.h>

#include "model/instant.h"

typedef struct prt_zone prt_zone;

/* UTC; a constant that needs no file. A NULL zone means UTC everywhere below. */
const prt_zone *prt_zone_utc(void);
/* The zone lives in `arena`. A file that is cut short or inconsistent is an error, never a crash. */
PRT_NODISCARD bool prt_zone_parse(prt_arena *arena, const char *name, const char *bytes, size_t length,
                                  const prt_zone **out, prt_error *err);
const char *prt_zone_name(const prt_zone *zone);

/* Seconds east of Greenwich at this instant. */
int32_t prt_zone_offset(const prt_zone *zone, prt_instant at);
/* The wall clock at this instant, in microseconds since 1970-01-01 00:00 local. */
int64_t prt_zone_local(const prt_zone *zone, prt_instant at);
/* The first instant at which the wall clock shows `local` or later; so the first instant of a day, also where
 * midnight does not exist, happens twice, or the whole day was skipped. */
prt_instant prt_zone_first(const prt_zone *zone, int64_t local);

#endif
