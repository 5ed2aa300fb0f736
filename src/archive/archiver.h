/* Archives for runs: what prt_run_options.archiver is, everywhere but in tests. */
#ifndef PRT_ARCHIVE_ARCHIVER_H
#define PRT_ARCHIVE_ARCHIVER_H

#include "archive/archive.h"
#include "pg/archiver.h"

/* `store` says who logs and who interrupts; it is kept, not copied. */
prt_archiver prt_archiver_of(prt_store_options *store);

#endif
