/*
 * The marker that a partition carries in its COMMENT from just before its detach: the last line, `partrun: {json}`.
 * The rest of the comment is the user's and is kept. The marker is bound to this very table: where the server's
 * system identifier, the database or the table's oid differ (a restored copy), it counts for nothing.
 */
#ifndef PRT_MODEL_MARKER_H
#define PRT_MODEL_MARKER_H

#include "model/archive.h"
#include "model/instant.h"

typedef struct prt_marker {
    /* "making" (built, to be attached), "retiring" (to be detached, then cleaned up), "kept" (detached for good) */
    const char *state;
    const char *system; /* system identifier, as text */
    uint32_t database;  /* oid of the database */
    uint32_t oid;       /* of the table; 0 in "making", where it is not known in advance */
    const char *policy;
    const char *parent_schema, *parent_name;
    const char *from, *to;      /* the bound's ends as SQL (prt_end.sql) */
    prt_instant since;          /* when it was written; grace counts from here */
    prt_archive_result archive; /* always in "archived"; in "kept" where there is one; url NULL: none */
} prt_marker;

/* The new comment: `comment` (may be NULL) without an old marker line, then the marker line. */
const char *prt_marker_write(prt_arena *arena, const char *comment, const prt_marker *marker);
/* The user's part of a comment; NULL when nothing is left. */
const char *prt_marker_strip(prt_arena *arena, const char *comment);
/* False when the comment has no well-formed marker on its last line. No text of a marker that was read is NULL. */
bool prt_marker_read(prt_arena *arena, const char *comment, prt_marker *out);
/* "retiring" or "archived": detached to be cleaned up. */
bool prt_marker_retiring(const prt_marker *marker);

#endif
