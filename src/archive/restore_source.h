/* An archive's rows, as COPY wants them: read once, decompressed, and hashed as it was stored. For restore.c alone. */
#ifndef PRT_ARCHIVE_RESTORE_SOURCE_H
#define PRT_ARCHIVE_RESTORE_SOURCE_H

#include "archive/archive.h"
#include "archive/manifest.h"

typedef struct prt_restore_source prt_restore_source;

/* `interrupt`: the session's, may be NULL; `what`: "restoring public.t", for progress. Texts are kept, not copied. */
PRT_NODISCARD bool prt_restore_source_open(prt_store *store, const char *url, const prt_manifest *manifest,
                                           const prt_archive_options *options, const volatile sig_atomic_t *interrupt,
                                           const char *what, prt_restore_source **out, prt_error *err);
/* For prt_copy_in; `data` is the source. */
PRT_NODISCARD bool prt_restore_source_give(void *data, const char **bytes, size_t *length, prt_error *err);
/* Reads what is left. False, with an error, unless the object is the one that the manifest speaks of. */
PRT_NODISCARD bool prt_restore_source_check(prt_restore_source *source, prt_error *err);
/* The object itself could not be read to its end: nothing more can be said about it. */
bool prt_restore_source_lost(const prt_restore_source *source);
void prt_restore_source_free(prt_restore_source *source); /* NULL is fine */

#endif
