/*
 * Where archives lie: file:///dir/name and s3://bucket/key, as byte streams in and out. Memory does not grow with the object.
 *
 * A writer's object becomes visible under its name only by finish(): a file is written beside its final name, flushed
 * (fsync, the folder too) and renamed without replacing anything; an S3 object is a multipart upload that finish() completes. abort() leaves
 * nothing behind (best effort on a dead network; what an earlier run left is removed when the name is written again).
 */
#ifndef PRT_ARCHIVE_STORE_H
#define PRT_ARCHIVE_STORE_H

#include <signal.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"

typedef struct prt_store_options {
    const prt_log *log;                               /* retries and the like; secrets never. May be NULL */
    volatile sig_atomic_t *interrupt;                 /* not zero: PRT_ERR_INTERRUPTED; may be NULL */
    const char *(*env)(void *data, const char *name); /* NULL: getenv. The usual AWS_ variables, see store_s3.h */
    void *env_data;
    int retries; /* of one request; below 0: 5 */
} prt_store_options;

/* Frees itself by finish (whether it succeeds or not) or abort: exactly one of them is called, also after a failed write. */
typedef struct prt_writer prt_writer;
struct prt_writer {
    bool (*write)(prt_writer *writer, const void *bytes, size_t length, prt_error *err);
    bool (*finish)(prt_writer *writer,
                   prt_error *err); /* PRT_ERR_EXISTS-like conflicts are PRT_ERR_FAILED with a hint */
    void (*abort)(prt_writer *writer);
};

typedef struct prt_reader prt_reader;
struct prt_reader {
    /* *length 0: the end. The bytes are the reader's, until its next call. */
    bool (*read)(prt_reader *reader, const char **bytes, size_t *length, prt_error *err);
    void (*close)(prt_reader *reader);
};

typedef struct prt_object {
    bool found;
    int64_t bytes;
} prt_object;

typedef struct prt_store prt_store;
struct prt_store {
    bool (*put)(prt_store *store, const char *url, prt_writer **out, prt_error *err);
    bool (*get)(prt_store *store, const char *url, prt_reader **out, prt_error *err);
    bool (*stat)(prt_store *store, const char *url, prt_object *out, prt_error *err);
    bool (*remove)(prt_store *store, const char *url, prt_error *err); /* of what is not there: fine */
    void (*close)(prt_store *store);
};

/* PRT_ERR_USAGE for an address that is none, PRT_ERR_CONFIG-like problems (no credentials) are PRT_ERR_USAGE with a hint. */
PRT_NODISCARD bool prt_store_open(const char *url, const prt_store_options *options, prt_store **out, prt_error *err);
PRT_NODISCARD bool prt_store_file(const prt_store_options *options, prt_store **out, prt_error *err); /* store_file.c */
PRT_NODISCARD bool prt_store_s3(const prt_store_options *options, prt_store **out, prt_error *err);   /* store_s3*.c */
/* "file:///a/b.csv.zst": true, and *path "/a/b.csv.zst" without its percent-encoding; only an empty host or localhost. */
PRT_NODISCARD bool prt_url_file(prt_arena *arena, const char *url, const char **path, prt_error *err);
/* "s3://bucket/a/b.copy": the bucket and the key, as they are (no percent-encoding in s3 addresses). */
PRT_NODISCARD bool prt_url_s3(prt_arena *arena, const char *url, const char **bucket, const char **key, prt_error *err);

#endif
