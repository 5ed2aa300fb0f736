/*
 * From COPY to the store: one thread receives (the caller's), another counts rows, compresses, hashes and writes. Between
 * them is a ring of buffers, so that memory is bounded and the slower side sets the pace.
 */
#ifndef PRT_ARCHIVE_PIPE_H
#define PRT_ARCHIVE_PIPE_H

#include "archive/codec.h"
#include "archive/digest.h"
#include "archive/store.h"

typedef struct prt_pipe prt_pipe;

typedef struct prt_pipe_result {
    int64_t rows, bytes; /* rows -1: what passed was not whole; bytes: to the store */
    char sha256[PRT_DIGEST_HEX];
} prt_pipe_result;

/* Called about ten times a second while the caller's thread waits; false, with an error, gives up. */
typedef bool prt_pipe_idle(void *data, prt_error *err);

/* The writer stays the caller's: after finish or free, to be finished or aborted. */
PRT_NODISCARD bool prt_pipe_new(prt_codec codec, bool binary, prt_writer *writer, prt_pipe_idle *idle, void *data,
                                prt_pipe **out, prt_error *err);
PRT_NODISCARD bool prt_pipe_put(prt_pipe *pipe, const char *bytes, size_t length, prt_error *err);
/* Waits until all of it is with the writer. */
PRT_NODISCARD bool prt_pipe_finish(prt_pipe *pipe, prt_pipe_result *out, prt_error *err);
/* So far, as the other thread has it. */
void prt_pipe_so_far(prt_pipe *pipe, int64_t *rows, int64_t *bytes);
void prt_pipe_free(prt_pipe *pipe); /* stops it, if it runs. NULL is fine */

#endif
