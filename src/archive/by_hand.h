/* A table to be archived because somebody named it: what the catalog says about where it belongs. */
#ifndef PRT_ARCHIVE_BY_HAND_H
#define PRT_ARCHIVE_BY_HAND_H

#include "archive/archive.h"

/*
 * Fills everything but url, format and columns. `table`: as prt_ident_parse reads it; without a schema it is in public. The
 * parent and bound are those of a partition, or of one that partrun has detached and marked.
 */
PRT_NODISCARD bool prt_archive_by_hand(prt_conn *conn, prt_arena *arena, const char *table, prt_archive_request *out,
                                       prt_error *err);

#endif
