/* Whole files, and the system's time zone files. */
#ifndef PRT_BASE_FILE_H
#define PRT_BASE_FILE_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

/* Reads all of `path` (at most 64 MiB) into the arena; a NUL follows the last byte. */
PRT_NODISCARD bool prt_file_read(prt_arena *arena, const char *path, char **bytes, size_t *length, prt_error *err);

/*
 * The TZif file of an IANA zone, from $TZDIR or /usr/share/zoneinfo. An unknown zone, or a name that could leave
 * that folder, is an error. Parse it with prt_zone_parse (model/zone.h).
 */
PRT_NODISCARD bool prt_tzdata_read(prt_arena *arena, const char *zone, char **bytes, size_t *length, prt_error *err);

#endif
