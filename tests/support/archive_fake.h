/*
 * An archiver for tests of runs: what it has archived is kept in the test's database, schema "cold" (out of the run's sight),
 * so that it outlives a killed process. It looks at the table through a session of its own, as a reader would.
 */
#ifndef PRT_TESTS_ARCHIVE_FAKE_H
#define PRT_TESTS_ARCHIVE_FAKE_H

#include "pg/archiver.h"
#include "support/pg_support.h"

typedef struct archive_fake {
    pg_test *t;
    const char *dsn;
    int calls, looks;       /* of archive and present */
    int fail_from, fail_to; /* these calls (1, 2, ...) fail */
    const char *sqlstate;   /* of the failures; NULL: none */
    bool lost;              /* present: it is gone */
    /* Before the copy is there, and after; NULL: nothing. The name is a step's, for kills. */
    void (*step)(void *data, const char *sql);
    void *step_data;
    /* While the table is being copied. */
    void (*meanwhile)(struct archive_fake *fake, const prt_archive_request *request);
    prt_archive_request last;
} archive_fake;

/* The table "cold.archives" (url, oid, rows, copies), empty. */
void archive_fake_reset(pg_test *t);
prt_archiver archive_fake_archiver(archive_fake *fake);

#endif
