/* What the parts of the archive share. Nobody else includes it but tests, which bring a store of their own. */
#ifndef PRT_ARCHIVE_ARCHIVE_IMPL_H
#define PRT_ARCHIVE_ARCHIVE_IMPL_H

#include "archive/archive.h"
#include "archive/manifest.h"

/* The format and compression that the address's suffix names, or `format` ("csv", "copy", "csv.zst"...; NULL: none). */
PRT_NODISCARD bool prt_archive_format(const char *url, const char *format, const char **name, prt_codec *codec,
                                      prt_error *err);

/* The table as it is in the transaction that was begun for it. */
typedef struct prt_source {
    uint32_t oid;
    const char *schema, *name;
    const char *display;        /* for people */
    const char *const *columns; /* that are copied; NULL-ended */
    const char *copy, *count;   /* statements */
    prt_instant as_of;          /* the server's clock */
} prt_source;

/* Begins a transaction that reads one snapshot, with the table locked against being changed in kind, and looks at it. */
PRT_NODISCARD bool prt_source_open(prt_conn *conn, prt_arena *arena, const prt_archive_request *request, bool binary,
                                   prt_source *out, prt_error *err);
PRT_NODISCARD bool prt_source_count(prt_conn *conn, const prt_source *source, int64_t *rows, prt_error *err);
/* Ends it, also after a failure or an interrupt. */
void prt_source_close(prt_conn *conn);

/* What is told while it goes on: the caller's callback four times a second, the log every ten seconds. */
typedef struct prt_ticker {
    const prt_archive_options *options;
    const volatile sig_atomic_t *interrupt; /* of the session; may be NULL */
    const char *what;                       /* "archiving public.t" */
    int64_t started, told, logged;          /* monotonic */
    int64_t bytes;                          /* when it was told last */
    double rate;
} prt_ticker;

void prt_ticker_start(prt_ticker *ticker, const prt_archive_options *options, const volatile sig_atomic_t *interrupt,
                      const char *what);
/* False, with PRT_ERR_INTERRUPTED, when somebody wants to stop. */
PRT_NODISCARD bool prt_ticker_tick(prt_ticker *ticker, int64_t rows, int64_t bytes, bool verifying, prt_error *err);

/* Reads the object back. *same: it has this size and checksum. */
PRT_NODISCARD bool prt_archive_read_back(prt_store *store, const char *url, int64_t bytes, const char *sha256,
                                         prt_ticker *ticker, bool *same, prt_error *err);
/* Whether an object without a manifest looks like one that this very archive would begin with. */
PRT_NODISCARD bool prt_archive_alike(prt_store *store, const char *url, bool binary, prt_codec codec,
                                     const char *const *columns, bool *alike, prt_error *err);

/* prt_archive_table with a store that is open already, and stays so. */
PRT_NODISCARD bool prt_archive_table_to(prt_store *store, prt_conn *conn, prt_arena *arena,
                                        const prt_archive_request *request, const prt_archive_options *options,
                                        prt_archive_result *out, prt_error *err);
PRT_NODISCARD bool prt_archive_present_in(prt_store *store, prt_arena *arena, const prt_archive_result *archive,
                                          bool *present, prt_error *err);

#endif
