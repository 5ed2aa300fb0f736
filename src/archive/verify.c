/* Looking at what is stored. */
#include <string.h>

#include "archive/archive_impl.h"
#include "archive/count.h"
#include "archive/digest.h"

bool
prt_archive_read_back(prt_store *store, const char *url, int64_t bytes, const char *sha256, prt_ticker *ticker,
                      bool *same, prt_error *err)
{
    prt_reader *reader;
    *same = false;
    if (!store->get(store, url, &reader, err))
        return false;
    prt_digest *digest = prt_digest_new();
    int64_t got = 0;
    bool ok = true;
    for (size_t length = 1; ok && length > 0 && got <= bytes;) {
        const char *part = NULL;
        ok = reader->read(reader, &part, &length, err) && prt_ticker_tick(ticker, 0, got, true, err);
        if (!ok)
            break;
        prt_digest_update(digest, part, length);
        got += (int64_t) length;
    }
    reader->close(reader);
    char hex[PRT_DIGEST_HEX];
    prt_digest_hex(digest, hex);
    prt_digest_free(digest);
    *same = ok && got == bytes && strcmp(hex, sha256) == 0;
    return ok;
}

typedef struct head {
    prt_reader *reader;
    char bytes[8 * 1024];
    size_t length;
} head;

static bool
read_object(void *data, const char **bytes, size_t *length, prt_error *err)
{
    prt_reader *reader = ((head *) data)->reader;
    return reader->read(reader, bytes, length, err);
}

/* The first bytes of what is inside. */
static bool
read_head(head *h, prt_codec codec, prt_error *err)
{
    prt_decoder *decoder;
    if (!prt_decoder_new(codec, read_object, h, &decoder, err))
        return false;
    bool ok = true;
    for (size_t length = 1; ok && length > 0 && h->length < sizeof h->bytes;) {
        const char *part = NULL;
        ok = prt_decoder_read(decoder, &part, &length, err);
        size_t take = !ok ? 0 : length < sizeof h->bytes - h->length ? length : sizeof h->bytes - h->length;
        if (take > 0)
            memcpy(h->bytes + h->length, part, take);
        h->length += take;
    }
    prt_decoder_free(decoder);
    return ok;
}

/* One field of a header line against a name; moves on behind it. */
static bool
same_field(const head *h, size_t *at, const char *name)
{
    bool quoted = *at < h->length && h->bytes[*at] == '"';
    *at += quoted;
    for (; *name != '\0'; name++) {
        if (*at >= h->length || h->bytes[*at] != *name)
            return false;
        *at += 1;
        if (quoted && *name == '"' && (*at >= h->length || h->bytes[(*at)++] != '"'))
            return false;
    }
    return !quoted || (*at < h->length && h->bytes[(*at)++] == '"');
}

static bool
same_header(const head *h, const char *const *columns)
{
    size_t at = 0;
    for (size_t i = 0; columns[i] != NULL; i++) {
        if (i > 0 && (at >= h->length || h->bytes[at++] != ','))
            return false;
        if (!same_field(h, &at, columns[i]))
            return false;
        if (at == sizeof h->bytes) /* a very long line: so far it is */
            return true;
    }
    return at < h->length && h->bytes[at] == '\n';
}

static bool
same_signature(const head *h)
{
    static const char signature[] = "PGCOPY\n\377\r\n"; /* its NUL belongs to it */
    return h->length >= PRT_COPY_HEADER && memcmp(h->bytes, signature, sizeof signature) == 0;
}

bool
prt_archive_alike(prt_store *store, const char *url, bool binary, prt_codec codec, const char *const *columns,
                  bool *alike, prt_error *err)
{
    head h = {0};
    prt_error why = {0};
    *alike = false;
    if (!store->get(store, url, &h.reader, err))
        return false;
    bool ok = read_head(&h, codec, &why);
    h.reader->close(h.reader);
    if (!ok && why.code != PRT_ERR_VALUE) { /* the store failed; of damaged data, what came out before counts */
        *err = why;
        return false;
    }
    *alike = binary ? same_signature(&h) : same_header(&h, columns);
    return true;
}
