#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "archive/codec.h"

enum {
    OUT_BYTES = 256 * 1024,
    GZIP_WINDOW = 15 + 16, /* the largest window; 16: with gzip's header */
};

struct prt_decoder {
    prt_codec codec;
    prt_codec_source *source;
    void *data;
    ZSTD_DCtx *zstd;
    z_stream gzip;
    ZSTD_inBuffer in; /* what the source gave, and how much of it is read; for both */
    bool inside;      /* of a frame or member */
    bool begun, ended;
    char out[OUT_BYTES];
};

bool
prt_decoder_new(prt_codec codec, prt_codec_source *source, void *data, prt_decoder **out, prt_error *err)
{
    prt_decoder *d = calloc(1, sizeof *d);
    *out = NULL;
    if (d == NULL)
        return prt_fail(err, PRT_ERR_FAILED, "out of memory");
    d->source = source;
    d->data = data;
    if (codec == PRT_CODEC_ZSTD && (d->zstd = ZSTD_createDCtx()) == NULL) {
        free(d);
        return prt_fail(err, PRT_ERR_FAILED, "zstd cannot be set up: out of memory");
    }
    if (codec == PRT_CODEC_GZIP && inflateInit2(&d->gzip, GZIP_WINDOW) != Z_OK) {
        free(d);
        return prt_fail(err, PRT_ERR_FAILED, "gzip cannot be set up");
    }
    d->codec = codec;
    *out = d;
    return true;
}

static bool
damaged(const prt_decoder *d, const char *why, prt_error *err)
{
    prt_fail(err, PRT_ERR_VALUE, "the %s data is damaged: %s", prt_codec_name(d->codec), why);
    return false;
}

static bool
zstd_step(prt_decoder *d, size_t *made, prt_error *err)
{
    ZSTD_outBuffer out = {d->out, sizeof d->out, 0};
    size_t left = ZSTD_decompressStream(d->zstd, &out, &d->in);
    if (ZSTD_isError(left))
        return damaged(d, ZSTD_getErrorName(left), err);
    d->inside = left != 0;
    *made = out.pos;
    return true;
}

static bool
gzip_step(prt_decoder *d, size_t *made, prt_error *err)
{
    uInt part = d->in.size - d->in.pos < OUT_BYTES ? (uInt) (d->in.size - d->in.pos) : OUT_BYTES;
    d->gzip.next_in = (z_const Bytef *) (uintptr_t) ((const char *) d->in.src + d->in.pos);
    d->gzip.avail_in = part;
    d->gzip.next_out = (Bytef *) d->out;
    d->gzip.avail_out = sizeof d->out;
    int status = inflate(&d->gzip, Z_NO_FLUSH);
    d->in.pos += part - d->gzip.avail_in;
    *made = sizeof d->out - d->gzip.avail_out;
    d->inside = status != Z_STREAM_END;
    if (status == Z_STREAM_END && inflateReset(&d->gzip) == Z_OK)
        return true;
    if (status == Z_OK || status == Z_BUF_ERROR)
        return true;
    return damaged(d, d->gzip.msg != NULL ? d->gzip.msg : "it cannot be read", err);
}

/* One step further. What a frame's window still holds comes out without input, so it is asked for before the source is. */
static bool
step(prt_decoder *d, size_t *made, prt_error *err)
{
    bool idle = d->in.pos == d->in.size;
    if (!idle || d->inside) {
        size_t before = d->in.pos;
        d->begun = true;
        if (!(d->codec == PRT_CODEC_ZSTD ? zstd_step(d, made, err) : gzip_step(d, made, err)))
            return false;
        if (*made > 0 || d->in.pos > before)
            return true;
    }
    if (d->in.pos < d->in.size)
        return damaged(d, "it cannot be read", err);
    const char *bytes = NULL;
    size_t length = 0;
    if (!d->source(d->data, &bytes, &length, err))
        return false;
    d->in = (ZSTD_inBuffer) {bytes, length, 0};
    d->ended = length == 0;
    if (d->ended && (d->inside || !d->begun))
        return damaged(d, "it ends too early", err);
    return true;
}

bool
prt_decoder_read(prt_decoder *decoder, const char **bytes, size_t *length, prt_error *err)
{
    if (decoder->codec == PRT_CODEC_NONE)
        return decoder->source(decoder->data, bytes, length, err);
    *bytes = decoder->out;
    *length = 0;
    while (*length == 0 && !decoder->ended)
        if (!step(decoder, length, err))
            return false;
    return true;
}

void
prt_decoder_free(prt_decoder *decoder)
{
    if (decoder == NULL)
        return;
    ZSTD_freeDCtx(decoder->zstd);
    if (decoder->codec == PRT_CODEC_GZIP)
        inflateEnd(&decoder->gzip);
    free(decoder);
}
