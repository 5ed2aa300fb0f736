/* The S3 store's settings, from the environment and the shared files (store_s3.h lists them). Nothing here is logged. */
#ifndef PRT_ARCHIVE_S3_CONFIG_H
#define PRT_ARCHIVE_S3_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "archive/s3_profile.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

typedef struct prt_s3_env {
    const char *(*get)(void *data, const char *name); /* NULL: getenv */
    void *data;
} prt_s3_env;

typedef enum prt_s3_source { PRT_S3_KEYS, PRT_S3_WEB_IDENTITY } prt_s3_source;

typedef struct prt_s3_config {
    const char *region;
    const char *endpoint;      /* scheme://host[:port][/path], no slash at the end */
    const char *sts_endpoint;  /* likewise */
    bool virtual_host;         /* the bucket is a part of the host's name */
    const char *sse, *sse_key; /* NULL: none */
    const char *ca_bundle;     /* NULL: the system's */
    int timeout;               /* seconds without a byte */
    const char *spool;         /* folder of large parts */
    prt_s3_source source;
    const char *key_id, *secret, *token;          /* PRT_S3_KEYS; token may be NULL */
    const char *role, *token_file, *session_name; /* PRT_S3_WEB_IDENTITY */
} prt_s3_config;

PRT_NODISCARD bool prt_s3_config_read(prt_arena *arena, const prt_s3_env *env, prt_s3_config *out, prt_error *err);

typedef struct prt_s3_param {
    const char *name, *value;
} prt_s3_param;

/* Percent-encoded as SigV4 wants it: all but letters, digits and -._~ (and slashes, in a path). */
void prt_s3_encode(prt_buf *out, const char *text, bool path);
/* Where an object is (key NULL: the bucket). `query` is sorted by name and ends with a NULL name; NULL: none. */
const char *prt_s3_url(prt_arena *arena, const prt_s3_config *config, const char *bucket, const char *key,
                       const prt_s3_param *query);

#endif
