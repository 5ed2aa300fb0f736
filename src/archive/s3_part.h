/* One part of an object while it fills and while it is sent: in memory up to 8 MiB, in an unlinked file above. */
#ifndef PRT_ARCHIVE_S3_PART_H
#define PRT_ARCHIVE_S3_PART_H

#include "archive/s3_http.h"

enum { PRT_S3_PART_BYTES = 8 << 20, PRT_S3_MOST_PARTS = 10000 };

typedef struct prt_s3_part {
    const char *spool; /* folder of the file */
    char *memory;
    int fd; /* below 0: none */
    int64_t size, length;
} prt_s3_part;

/* Bytes of part `number` (from 1): constant for the first thousand, then doubled every thousand; never above 4 GiB. */
int64_t prt_s3_part_size(int number);

void prt_s3_part_init(prt_s3_part *part, const char *spool);
void prt_s3_part_done(prt_s3_part *part);
/* Empty again, for part `number`. */
PRT_NODISCARD bool prt_s3_part_begin(prt_s3_part *part, int number, prt_error *err);
/* Takes as many bytes as fit. */
PRT_NODISCARD bool prt_s3_part_add(prt_s3_part *part, const char *bytes, size_t length, size_t *taken, prt_error *err);
prt_s3_body prt_s3_part_body(const prt_s3_part *part);

#endif
