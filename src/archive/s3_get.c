#include <stdlib.h>
#include <string.h>

#include "archive/store_s3.h"

enum { BUFFER = 512 << 10, WORTH_A_NEW_COUNT = 1 << 20 };

typedef struct s3_reader {
    prt_reader base;
    prt_arena *arena;
    prt_s3_store *store;
    prt_s3_client *client;
    prt_s3_object object;
    const char *etag; /* of what we read: another one is another object */
    int64_t length;   /* of the object; below 0: not known yet */
    int64_t offset;   /* bytes handed out or in the buffer */
    char *buffer;
    size_t filled;
    /* The attempt of now. */
    prt_arena *attempt; /* NULL: none */
    prt_s3_call call;
    prt_s3_answer answer;
    int64_t began; /* at this offset */
    int64_t skip;  /* bytes that come again, since the server knows no ranges */
    bool paused, done;
    int failures; /* one after the other */
} s3_reader;

static size_t
take(void *data, const char *bytes, size_t length)
{
    s3_reader *r = data;
    size_t given = length;
    if (r->began > 0 && r->answer.status == 200 && r->skip > 0) {
        size_t again = (int64_t) length < r->skip ? length : (size_t) r->skip;
        r->skip -= (int64_t) again;
        bytes += again;
        length -= again;
        if (length == 0)
            return given;
    }
    if (length > BUFFER - r->filled) {
        r->skip += (int64_t) (given - length); /* all of it is given again */
        r->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    memcpy(r->buffer + r->filled, bytes, length);
    r->filled += length;
    r->offset += (int64_t) length;
    return given;
}

static bool
begin(s3_reader *r, prt_error *err)
{
    r->attempt = prt_arena_new();
    r->began = r->skip = r->offset;
    r->paused = r->done = false;
    r->call = prt_s3_object_call(r->store, r->attempt, &r->object, "GET", false, NULL);
    r->call.doing = "read";
    r->call.permission = "s3:GetObject";
    r->call.sink = take;
    r->call.sink_data = r;
    if (r->offset > 0) {
        r->call.range = prt_arena_printf(r->attempt, "%lld-", (long long) r->offset);
        r->call.headers[0] = prt_arena_printf(r->attempt, "If-Match: %s", r->etag);
    }
    return prt_s3_begin(r->client, r->attempt, &r->call, &r->answer, err);
}

static void
end(s3_reader *r)
{
    prt_s3_end(r->client);
    prt_arena_free(r->attempt);
    r->attempt = NULL;
}

static bool
changed(const s3_reader *r, prt_error *err)
{
    prt_fail_object(err, "%s", r->object.address);
    return prt_fail(err, PRT_ERR_FAILED, "%s changed while it was read", r->object.address);
}

/* What the first answer says about the object; later ones have to agree. */
static bool
take_headers(s3_reader *r, prt_error *err)
{
    const prt_s3_answer *a = &r->answer;
    if (a->curl == CURLE_OK && a->status == 412)
        return changed(r, err);
    if (a->status / 100 != 2)
        return true;
    if (r->etag == NULL) {
        r->etag = prt_arena_strdup(r->arena, a->etag == NULL ? "*" : a->etag);
        r->length = a->length;
    }
    bool same = a->etag == NULL || strcmp(r->etag, "*") == 0 || strcmp(r->etag, a->etag) == 0;
    return same || changed(r, err);
}

/* The attempt is over. *again: it has to be repeated. */
static bool
conclude(s3_reader *r, bool *again, prt_error *err)
{
    bool whole = r->answer.curl == CURLE_OK && r->answer.status / 100 == 2;
    *again = false;
    if (!take_headers(r, err))
        return false;
    if (whole && (r->length < 0 || r->offset == r->length))
        return true;
    if (whole) { /* fewer bytes than the object has, though the answer was complete */
        r->answer.curl = CURLE_PARTIAL_FILE;
        snprintf(r->answer.why, sizeof r->answer.why, "%lld of %lld bytes came", (long long) r->offset,
                 (long long) r->length);
    }
    r->failures = r->offset - r->began >= WORTH_A_NEW_COUNT ? 1 : r->failures + 1;
    *again = prt_s3_judge(&r->call, &r->answer) == PRT_S3_AGAIN && r->failures <= prt_s3_retries(r->client);
    if (!*again)
        return prt_s3_explain(&r->call, &r->answer, r->failures, err);
    return prt_s3_back_off(r->client, &r->call, &r->answer, r->failures, err);
}

/* Until there are bytes, or the end. */
static bool
fill(s3_reader *r, prt_error *err)
{
    while (r->filled == 0) {
        bool again;
        if (r->attempt == NULL && !begin(r, err))
            return false;
        if (r->paused) {
            r->paused = false;
            prt_s3_resume(r->client);
        }
        if (!r->done && r->filled == 0 && !prt_s3_step(r->client, &r->done, err))
            return false;
        if (r->filled > 0 || !r->done)
            continue;
        if (!conclude(r, &again, err))
            return false;
        if (!again)
            return true;
        end(r);
    }
    return r->etag != NULL || take_headers(r, err);
}

static bool
read_bytes(prt_reader *reader, const char **bytes, size_t *length, prt_error *err)
{
    s3_reader *r = (s3_reader *) reader;
    r->filled = 0;
    if (!fill(r, err))
        return false;
    *bytes = r->buffer;
    *length = r->filled;
    return true;
}

static void
close_reader(prt_reader *reader)
{
    s3_reader *r = (s3_reader *) reader;
    if (r->attempt != NULL)
        end(r);
    prt_s3_client_free(r->client);
    free(r->buffer);
    prt_arena_free(r->arena);
}

bool
prt_s3_get(prt_store *store, const char *url, prt_reader **out, prt_error *err)
{
    prt_arena *arena = prt_arena_new();
    s3_reader *r = PRT_NEW(arena, s3_reader);
    *r = (s3_reader) {
        .base = {read_bytes, close_reader}, .arena = arena, .store = (prt_s3_store *) store, .length = -1};
    r->buffer = malloc(BUFFER);
    *out = &r->base;
    if (r->buffer != NULL && prt_s3_object_parse(arena, url, &r->object, err) &&
        prt_s3_client_new(&r->store->config, &r->store->options, NULL, NULL, &r->client, err))
        return true;
    *out = NULL;
    close_reader(&r->base);
    return prt_fail(err, PRT_ERR_IO, "out of memory");
}
