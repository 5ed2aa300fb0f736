/* Compression as a stream: bytes in, bytes to a sink; and back, pulled from a source. Memory does not grow with the stream. */
#ifndef PRT_ARCHIVE_CODEC_H
#define PRT_ARCHIVE_CODEC_H

#include <stddef.h>

#include "base/error.h"

typedef enum prt_codec { PRT_CODEC_NONE, PRT_CODEC_GZIP, PRT_CODEC_ZSTD } prt_codec;

/* "none", "gzip", "zstd": what manifests say. */
const char *prt_codec_name(prt_codec codec);
PRT_NODISCARD bool prt_codec_parse(const char *name, prt_codec *out);

typedef bool prt_codec_sink(void *data, const void *bytes, size_t length, prt_error *err);
/* *length 0: the end. The bytes are the source's, until its next call. */
typedef bool prt_codec_source(void *data, const char **bytes, size_t *length, prt_error *err);

/* One frame (zstd, level 3, two threads where the library has them) or member (gzip). Not for two threads at once. */
typedef struct prt_encoder prt_encoder;
PRT_NODISCARD bool prt_encoder_new(prt_codec codec, prt_codec_sink *sink, void *data, prt_encoder **out,
                                   prt_error *err);
PRT_NODISCARD bool prt_encoder_write(prt_encoder *encoder, const void *bytes, size_t length, prt_error *err);
/* What is still inside, and the end of the frame. */
PRT_NODISCARD bool prt_encoder_finish(prt_encoder *encoder, prt_error *err);
void prt_encoder_free(prt_encoder *encoder); /* NULL is fine */

/* Frames and members one after the other are read as one stream. A stream that ends inside one is an error. */
typedef struct prt_decoder prt_decoder;
PRT_NODISCARD bool prt_decoder_new(prt_codec codec, prt_codec_source *source, void *data, prt_decoder **out,
                                   prt_error *err);
/* *length 0: the end. The bytes are the decoder's, until its next call. */
PRT_NODISCARD bool prt_decoder_read(prt_decoder *decoder, const char **bytes, size_t *length, prt_error *err);
void prt_decoder_free(prt_decoder *decoder); /* NULL is fine */

#endif
