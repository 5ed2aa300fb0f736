/*
 * Archives as the executor reaches them: two functions, handed in by whoever runs the plan. This room knows no stores
 * (archive/archiver.h has the real ones). A run without them carries out no operation that needs an archive.
 */
#ifndef PRT_PG_ARCHIVER_H
#define PRT_PG_ARCHIVER_H

#include "model/archive.h"
#include "pg/conn.h"

typedef struct prt_archive_watch {
    const char *policy;                                                 /* whose archive it is */
    void (*progress)(void *data, const prt_archive_progress *progress); /* a few times a second */
    void *progress_data;
} prt_archive_watch;

typedef struct prt_archiver {
    void *data;
    /*
     * Copies the table to its address, and proves it: true means that its rows are there. Where an archive of this very
     * table is there already, and proven, it is not made again. The session is idle, and without a statement_timeout. Texts
     * of *out live in the arena.
     */
    bool (*archive)(void *data, prt_conn *conn, prt_arena *arena, const prt_archive_request *request,
                    const prt_archive_watch *watch, prt_archive_result *out, prt_error *err);
    /* Whether what was proven once is still there. */
    bool (*present)(void *data, prt_arena *arena, const prt_archive_result *archive, const prt_archive_watch *watch,
                    bool *present, prt_error *err);
} prt_archiver;

#endif
