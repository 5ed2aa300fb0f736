/*
 * A table's rows out to a store, proven, and back (PRODUCT: "Archives").
 *
 *   copy out -> flush -> verify (rows, and the checksum of the stored object read back) -> manifest
 *
 * The manifest is written last: an object without one is an archive that was not finished, and nobody's proof.
 */
#ifndef PRT_ARCHIVE_ARCHIVE_H
#define PRT_ARCHIVE_ARCHIVE_H

#include "archive/store.h"
#include "model/archive.h"
#include "pg/conn.h"

typedef struct prt_archive_options {
    prt_store_options store;
    int64_t lock_timeout_ms;                                            /* of what attaches a table; 0: 300 */
    const char *policy;                                                 /* for the log; NULL: by hand */
    void (*progress)(void *data, const prt_archive_progress *progress); /* about four times a second; may be NULL */
    void *progress_data;
} prt_archive_options;

/*
 * Copies the table (a branch: everything below it) to request->url, verifies, writes the manifest. An archive that is there
 * already is verified again and not stored again (result->resumed) if it is what the table comes to now, byte by byte. One
 * of this very table (system, database, oid) that is not is made again for a policy, unless it has more rows than the
 * table; anything else at the address is an error that changes nothing. On failure no manifest is left.
 */
PRT_NODISCARD bool prt_archive_table(prt_conn *conn, prt_arena *arena, const prt_archive_request *request,
                                     const prt_archive_options *options, prt_archive_result *out, prt_error *err);
/* Whether the archive that a marker names is still there: its manifest has this checksum, the object its size. */
PRT_NODISCARD bool prt_archive_present(prt_arena *arena, const prt_archive_result *archive,
                                       const prt_archive_options *options, bool *present, prt_error *err);

typedef struct prt_restore_request {
    const char *url;           /* of the archive, or of its manifest */
    const char *schema, *name; /* the table to make; NULL: as it was called */
    bool attach;               /* to its parent, at its old bounds */
    const char *parent;        /* "schema.table"; NULL: the manifest's */
} prt_restore_request;

typedef struct prt_restore_result {
    const char *schema, *name, *parent; /* parent NULL: not attached */
    int64_t rows;
} prt_restore_result;

/*
 * Verifies the checksum (before the rows are visible: all in one transaction), makes the table from the manifest, loads it,
 * compares counts, attaches on request. A failure leaves nothing behind.
 */
PRT_NODISCARD bool prt_archive_restore(prt_conn *conn, prt_arena *arena, const prt_restore_request *request,
                                       const prt_archive_options *options, prt_restore_result *out, prt_error *err);

#endif
