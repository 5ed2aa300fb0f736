/*
 * The S3 store's surroundings. It is set up by what the AWS tools read:
 *
 *   AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN     credentials, in this order: these,
 *   AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_SESSION_NAME  a role taken by a token (STS; renewed before it ends),
 *   AWS_PROFILE AWS_SHARED_CREDENTIALS_FILE AWS_CONFIG_FILE         a profile of the shared files: keys, or such a role
 *   AWS_REGION AWS_DEFAULT_REGION                                 else the profile's, else us-east-1
 *   AWS_ENDPOINT_URL_S3 AWS_ENDPOINT_URL AWS_ENDPOINT_URL_STS     else the profile's endpoint_url, else Amazon's
 *   AWS_CA_BUNDLE                                                 certificates to trust
 *   PARTRUN_S3_STYLE=path|virtual     where the bucket's name goes; path with an endpoint of one's own, else virtual
 *   PARTRUN_S3_SSE=AES256|aws:kms PARTRUN_S3_SSE_KMS_KEY_ID       encryption by the server
 *   PARTRUN_S3_TIMEOUT=60             seconds without a byte after which a request is given up and repeated
 *
 * An object of less than one part (8 MiB) is one PUT. Above, one part is on its way while the next one fills: memory is
 * two parts. Parts grow when there have been thousands, so that 10,000 of them hold 5 TiB; parts of more than 8 MiB wait
 * in an unlinked file in TMPDIR (or /var/tmp), not in memory.
 *
 * Each object carries a random x-amz-meta-partrun-write, by which a write whose answer was lost is recognized.
 * A store and its writers and readers belong to one thread.
 */
#ifndef PRT_ARCHIVE_STORE_S3_H
#define PRT_ARCHIVE_STORE_S3_H

#include "archive/s3_config.h"
#include "archive/s3_http.h"
#include "archive/s3_keys.h"
#include "archive/store.h"

typedef struct prt_s3_store {
    prt_store base;
    prt_arena *arena;
    prt_store_options options;
    prt_s3_config config;
    prt_s3_keyring *keyring;
    prt_s3_client *client; /* for short requests */
    bool unconditional;    /* the server does not know If-None-Match */
} prt_s3_store;

/* s3://bucket/key taken apart; the names are checked. */
typedef struct prt_s3_object {
    const char *address, *bucket, *key;
} prt_s3_object;

PRT_NODISCARD bool prt_s3_object_parse(prt_arena *arena, const char *url, prt_s3_object *out, prt_error *err);
/* A signed call about the object (of_bucket: about its bucket); `query` as prt_s3_url has it. */
prt_s3_call prt_s3_object_call(prt_s3_store *store, prt_arena *arena, const prt_s3_object *object, const char *method,
                               bool of_bucket, const prt_s3_param *query);
/* What HEAD says. `mark`: the object's x-amz-meta-partrun-write, NULL without one; may be NULL. */
PRT_NODISCARD bool prt_s3_object_head(prt_s3_store *store, prt_arena *arena, const prt_s3_object *object,
                                      prt_object *out, const char **mark, prt_error *err);

/* s3_put.c, s3_get.c */
PRT_NODISCARD bool prt_s3_put(prt_store *store, const char *url, prt_writer **out, prt_error *err);
PRT_NODISCARD bool prt_s3_get(prt_store *store, const char *url, prt_reader **out, prt_error *err);

#endif
