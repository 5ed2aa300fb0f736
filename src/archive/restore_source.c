#include "archive/restore_source.h"

#include <inttypes.h>
#include <string.h>

#include "archive/archive_impl.h"
#include "archive/count.h"
#include "archive/digest.h"

struct prt_restore_source {
    prt_arena *arena;
    const prt_manifest *manifest;
    prt_ticker ticker;
    prt_reader *reader;
    prt_decoder *decoder;
    prt_digest *digest;
    prt_row_counter counter;
    int64_t bytes;
    bool ended, lost;
};

/* The stored bytes, hashed as they pass. */
static bool
pull(void *data, const char **bytes, size_t *length, prt_error *err)
{
    prt_restore_source *s = data;
    *length = 0;
    if (s->ended)
        return true;
    if (!s->reader->read(s->reader, bytes, length, err)) {
        s->lost = true;
        return false;
    }
    s->ended = *length == 0;
    s->bytes += (int64_t) *length;
    prt_digest_update(s->digest, *bytes, *length);
    return true;
}

bool
prt_restore_source_give(void *data, const char **bytes, size_t *length, prt_error *err)
{
    prt_restore_source *s = data;
    if (!prt_decoder_read(s->decoder, bytes, length, err))
        return false;
    prt_row_count(&s->counter, *bytes, *length);
    int64_t header = s->counter.binary || s->counter.rows == 0 ? 0 : 1;
    return prt_ticker_tick(&s->ticker, s->counter.rows - header, s->bytes, false, err);
}

bool
prt_restore_source_check(prt_restore_source *s, prt_error *err)
{
    const char *bytes;
    size_t length;
    do {
        if (!pull(s, &bytes, &length, err))
            return false;
    } while (length > 0);
    char sha256[PRT_DIGEST_HEX];
    prt_digest_hex(s->digest, sha256);
    bool ok = s->bytes == s->manifest->bytes && strcmp(sha256, s->manifest->sha256) == 0;
    if (!ok) {
        prt_fail(err, PRT_ERR_FAILED,
                 "the archive is damaged: %" PRId64 " bytes with SHA-256 %.12s..., where its manifest says %" PRId64
                 " with %.12s...",
                 s->bytes, sha256, s->manifest->bytes, s->manifest->sha256);
        prt_fail_hint(err, "nothing was restored; look for another copy of the object");
    }
    return ok;
}

bool
prt_restore_source_lost(const prt_restore_source *s)
{
    return s->lost;
}

bool
prt_restore_source_open(prt_store *store, const char *url, const prt_manifest *manifest,
                        const prt_archive_options *options, const volatile sig_atomic_t *interrupt, const char *what,
                        prt_restore_source **out, prt_error *err)
{
    prt_arena *arena = prt_arena_new();
    prt_restore_source *s = PRT_NEW(arena, prt_restore_source);
    *s = (prt_restore_source) {.arena = arena, .manifest = manifest, .digest = prt_digest_new()};
    s->counter.binary = strcmp(manifest->format, "copy") == 0;
    prt_ticker_start(&s->ticker, options, interrupt, what);
    *out = s;
    if (store->get(store, url, &s->reader, err) && prt_decoder_new(manifest->codec, pull, s, &s->decoder, err))
        return true;
    prt_restore_source_free(s);
    *out = NULL;
    return false;
}

void
prt_restore_source_free(prt_restore_source *s)
{
    if (s == NULL)
        return;
    if (s->reader != NULL)
        s->reader->close(s->reader);
    prt_decoder_free(s->decoder);
    prt_digest_free(s->digest);
    prt_arena_free(s->arena);
}
