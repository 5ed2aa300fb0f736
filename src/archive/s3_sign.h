/*
 * Signature Version 4 of a request to S3 (AWS, "Authenticating Requests: Using the Authorization Header").
 *
 * libcurl has it too, but up to 8.6 puts headers in the wrong order when one's name begins another's, as
 * x-amz-server-side-encryption does x-amz-server-side-encryption-aws-kms-key-id; and signs headers that it does not send.
 */
#ifndef PRT_ARCHIVE_S3_SIGN_H
#define PRT_ARCHIVE_S3_SIGN_H

#include <stdint.h>

#include "archive/s3_http.h"

typedef struct prt_s3_signing {
    const char *method, *url;   /* the path percent-encoded, the query encoded and sorted (prt_s3_url) */
    const char *const *headers; /* "Name: value", NULL-ended: they are all signed */
    const char *sha256;         /* of the body, in hex */
    const char *region;
    int64_t now; /* microseconds since the Unix epoch */
} prt_s3_signing;

/* The headers to send, NULL-ended: the given ones, Host, x-amz-*, Authorization. NULL: libcrypto failed. */
const char *const *prt_s3_sign(prt_arena *arena, const prt_s3_signing *request, const prt_s3_keys *keys);

#endif
