#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "archive/codec.h"

enum {
    OUT_BYTES = 256 * 1024,
    ZSTD_LEVEL = 3,
    ZSTD_THREADS = 2,
    /* The library holds some jobs of input, and their output: a small job keeps the process small, and costs little, as
     * each job still looks back into the one before. */
    ZSTD_JOB_BYTES = 3 * 1024 * 1024,
    GZIP_WINDOW = 15 + 16, /* the largest window; 16: with gzip's header */
    GZIP_MEMORY = 8,
};

struct prt_encoder {
    prt_codec codec;
    prt_codec_sink *sink;
    void *data;
    ZSTD_CCtx *zstd;
    z_stream gzip;
    char out[OUT_BYTES];
};

static bool
zstd_new(prt_encoder *e, prt_error *err)
{
    e->zstd = ZSTD_createCCtx();
    if (e->zstd == NULL)
        return prt_fail(err, PRT_ERR_FAILED, "zstd cannot be set up: out of memory");
    size_t set = ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
    if (!ZSTD_isError(set))
        set = ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_checksumFlag, 1);
    if (ZSTD_isError(set))
        return prt_fail(err, PRT_ERR_FAILED, "zstd cannot be set up: %s", ZSTD_getErrorName(set));
    /* A library without threads refuses, and compresses in this one. */
    if (!ZSTD_isError(ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_nbWorkers, ZSTD_THREADS)))
        ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_jobSize, ZSTD_JOB_BYTES);
    return true;
}

bool
prt_encoder_new(prt_codec codec, prt_codec_sink *sink, void *data, prt_encoder **out, prt_error *err)
{
    prt_encoder *e = calloc(1, sizeof *e);
    *out = NULL;
    if (e == NULL)
        return prt_fail(err, PRT_ERR_FAILED, "out of memory");
    *e = (prt_encoder) {.sink = sink, .data = data};
    bool ok = true;
    if (codec == PRT_CODEC_ZSTD)
        ok = zstd_new(e, err);
    else if (codec == PRT_CODEC_GZIP && deflateInit2(&e->gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW,
                                                     GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        ok = prt_fail(err, PRT_ERR_FAILED, "gzip cannot be set up");
    e->codec = ok ? codec : PRT_CODEC_NONE;
    if (ok)
        *out = e;
    else
        prt_encoder_free(e);
    return ok;
}

static bool
zstd_put(prt_encoder *e, const void *bytes, size_t length, ZSTD_EndDirective end, prt_error *err)
{
    ZSTD_inBuffer in = {bytes, length, 0};
    for (;;) {
        ZSTD_outBuffer out = {e->out, sizeof e->out, 0};
        size_t left = ZSTD_compressStream2(e->zstd, &out, &in, end);
        if (ZSTD_isError(left))
            return prt_fail(err, PRT_ERR_FAILED, "zstd cannot compress: %s", ZSTD_getErrorName(left));
        if (out.pos > 0 && !e->sink(e->data, e->out, out.pos, err))
            return false;
        if (end == ZSTD_e_end ? left == 0 : in.pos == in.size)
            return true;
    }
}

static bool
gzip_put(prt_encoder *e, const void *bytes, size_t length, int flush, prt_error *err)
{
    const unsigned char *in = bytes;
    do {
        uInt part = length < OUT_BYTES ? (uInt) length : OUT_BYTES;
        bool last = part == length;
        e->gzip.next_in = (z_const Bytef *) (uintptr_t) in;
        e->gzip.avail_in = part;
        do {
            e->gzip.next_out = (Bytef *) e->out;
            e->gzip.avail_out = sizeof e->out;
            if (deflate(&e->gzip, last ? flush : Z_NO_FLUSH) == Z_STREAM_ERROR)
                return prt_fail(err, PRT_ERR_FAILED, "gzip cannot compress");
            size_t made = sizeof e->out - e->gzip.avail_out;
            if (made > 0 && !e->sink(e->data, e->out, made, err))
                return false;
        } while (e->gzip.avail_out == 0);
        in += part;
        length -= part;
    } while (length > 0);
    return true;
}

bool
prt_encoder_write(prt_encoder *encoder, const void *bytes, size_t length, prt_error *err)
{
    if (length == 0)
        return true;
    if (encoder->codec == PRT_CODEC_ZSTD)
        return zstd_put(encoder, bytes, length, ZSTD_e_continue, err);
    if (encoder->codec == PRT_CODEC_GZIP)
        return gzip_put(encoder, bytes, length, Z_NO_FLUSH, err);
    return encoder->sink(encoder->data, bytes, length, err);
}

bool
prt_encoder_finish(prt_encoder *encoder, prt_error *err)
{
    if (encoder->codec == PRT_CODEC_ZSTD)
        return zstd_put(encoder, NULL, 0, ZSTD_e_end, err);
    if (encoder->codec == PRT_CODEC_GZIP)
        return gzip_put(encoder, NULL, 0, Z_FINISH, err);
    return true;
}

void
prt_encoder_free(prt_encoder *encoder)
{
    if (encoder == NULL)
        return;
    ZSTD_freeCCtx(encoder->zstd);
    if (encoder->codec == PRT_CODEC_GZIP)
        deflateEnd(&encoder->gzip);
    free(encoder);
}
