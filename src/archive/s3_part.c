#include "archive/s3_part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 1,000 parts each of 8, 16, ... 2048 MiB are 4 TiB; 256 more of 4 GiB make 5 TiB, which is the largest object. */
int64_t
prt_s3_part_size(int number)
{
    int doubled = (number - 1) / 1000;
    return (int64_t) PRT_S3_PART_BYTES << (doubled < 9 ? doubled : 9);
}

void
prt_s3_part_init(prt_s3_part *part, const char *spool)
{
    *part = (prt_s3_part) {.spool = spool, .fd = -1};
}

void
prt_s3_part_done(prt_s3_part *part)
{
    free(part->memory);
    if (part->fd >= 0)
        close(part->fd);
    prt_s3_part_init(part, part->spool);
}

static bool
spool_failed(const prt_s3_part *part, prt_error *err)
{
    prt_fail(err, PRT_ERR_IO, "cannot keep a part of the upload in %s: %s", part->spool, strerror(errno));
    return prt_fail_hint(err, "parts of large objects wait there; TMPDIR names another folder");
}

static bool
open_spool(prt_s3_part *part, prt_error *err)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/partrun.XXXXXX", part->spool) >= (int) sizeof path) {
        errno = ENAMETOOLONG;
        return spool_failed(part, err);
    }
    part->fd = mkostemp(path, O_CLOEXEC);
    if (part->fd < 0)
        return spool_failed(part, err);
    unlink(path);
    return true;
}

bool
prt_s3_part_begin(prt_s3_part *part, int number, prt_error *err)
{
    part->size = prt_s3_part_size(number);
    part->length = 0;
    if (part->size <= PRT_S3_PART_BYTES) {
        if (part->memory == NULL)
            part->memory = malloc(PRT_S3_PART_BYTES); /* the system gives it page by page, as it fills */
        return part->memory != NULL || prt_fail(err, PRT_ERR_IO, "out of memory");
    }
    free(part->memory);
    part->memory = NULL;
    if (part->fd < 0 && !open_spool(part, err))
        return false;
    return ftruncate(part->fd, 0) == 0 || spool_failed(part, err);
}

bool
prt_s3_part_add(prt_s3_part *part, const char *bytes, size_t length, size_t *taken, prt_error *err)
{
    int64_t room = part->size - part->length;
    *taken = (int64_t) length < room ? length : (size_t) room;
    if (part->memory != NULL)
        memcpy(part->memory + part->length, bytes, *taken);
    for (size_t done = 0; part->memory == NULL && done < *taken;) {
        ssize_t n = pwrite(part->fd, bytes + done, *taken - done, part->length + (int64_t) done);
        if (n < 0 && errno != EINTR)
            return spool_failed(part, err);
        done += n < 0 ? 0 : (size_t) n;
    }
    part->length += (int64_t) *taken;
    return true;
}

prt_s3_body
prt_s3_part_body(const prt_s3_part *part)
{
    return (prt_s3_body) {.memory = part->memory, .fd = part->fd, .length = part->length};
}
