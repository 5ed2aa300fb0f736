/* A multipart upload, with a thread that sends one part while its owner fills the next. */
#ifndef PRT_ARCHIVE_S3_UPLOAD_H
#define PRT_ARCHIVE_S3_UPLOAD_H

#include "archive/s3_part.h"
#include "archive/store_s3.h"

typedef struct prt_s3_upload prt_s3_upload;

/* Begins it at the server. `headers` (NULL-ended, at most 4) belong to the object. */
PRT_NODISCARD bool prt_s3_upload_begin(prt_s3_store *store, const prt_s3_object *object, const char *const *headers,
                                       prt_s3_upload **out, prt_error *err);
/* Waits for the part before to be sent, and hands this one over: it is the upload's until the next call but one returns. */
PRT_NODISCARD bool prt_s3_upload_part(prt_s3_upload *upload, const prt_s3_part *part, prt_error *err);
/* Waits for the last one. The request body of CompleteMultipartUpload. */
PRT_NODISCARD bool prt_s3_upload_manifest(prt_s3_upload *upload, prt_arena *arena, const char **xml, prt_error *err);
const char *prt_s3_upload_id(const prt_s3_upload *upload);
/* Ends it: with `abort`, at the server too (as far as it can be reached). NULL is fine. */
void prt_s3_upload_end(prt_s3_upload *upload, bool abort);

/* Aborts what was begun for this very key and never ended. What the server does not let us see is only logged. */
PRT_NODISCARD bool prt_s3_abort_abandoned(prt_s3_store *store, const prt_s3_object *object, prt_error *err);

#endif
