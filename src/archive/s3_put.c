#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "archive/s3_upload.h"

typedef struct s3_writer {
    prt_writer base;
    prt_arena *arena;
    prt_s3_store *store;
    prt_s3_object object;
    const char *mark;       /* our write's */
    const char *headers[5]; /* of the object */
    prt_s3_part parts[2];
    int number;            /* of the part that fills, from 1 */
    prt_s3_upload *upload; /* NULL: not more than a part so far */
} s3_writer;

static prt_s3_part *
filling(s3_writer *w)
{
    return &w->parts[w->number % 2];
}

static void
release(s3_writer *w, bool abort)
{
    prt_s3_upload_end(w->upload, abort);
    prt_s3_part_done(&w->parts[0]);
    prt_s3_part_done(&w->parts[1]);
    prt_arena_free(w->arena);
}

static bool
exists_already(const s3_writer *w, prt_error *err)
{
    prt_fail_object(err, "%s", w->object.address);
    prt_fail(err, PRT_ERR_FAILED, "%s exists already", w->object.address);
    return prt_fail_hint(err, "partrun replaces no object: remove it when it is not needed, or choose another address");
}

static bool
hand_over(s3_writer *w, prt_error *err)
{
    if (w->upload == NULL && !prt_s3_upload_begin(w->store, &w->object, w->headers, &w->upload, err))
        return false;
    if (!prt_s3_upload_part(w->upload, filling(w), err))
        return false;
    w->number++;
    return true;
}

static bool
write_bytes(prt_writer *writer, const void *bytes, size_t length, prt_error *err)
{
    s3_writer *w = (s3_writer *) writer;
    const char *from = bytes;
    while (length > 0) {
        size_t taken;
        if (!prt_s3_part_add(filling(w), from, length, &taken, err))
            return false;
        from += taken;
        length -= taken;
        if (filling(w)->length < filling(w)->size)
            continue;
        if (w->number >= PRT_S3_MOST_PARTS)
            return prt_fail(err, PRT_ERR_FAILED, "%s is larger than an object can be", w->object.address);
        if (!hand_over(w, err) || !prt_s3_part_begin(filling(w), w->number, err))
            return false;
    }
    return true;
}

/* ---- the end ---- */

/*
 * An attempt's answer may have been lost although the server did it; the repetition then finds an object, or no upload
 * any more. The object's mark tells.
 */
static bool
is_ours(s3_writer *w, prt_object *object, prt_error *err)
{
    const char *mark = NULL;
    if (!prt_s3_object_head(w->store, w->arena, &w->object, object, &mark, err))
        return false;
    return object->found && mark != NULL && strcmp(mark, w->mark) == 0;
}

/* The request that makes the object visible; `call` is repeated without its condition where that is not known. */
static bool
make_visible(s3_writer *w, prt_s3_call *call, int headers, prt_error *err)
{
    prt_s3_answer answer = {0};
    prt_error cause = {0};
    call->doing = "write";
    call->permission = "s3:PutObject";
    call->also[0] = 412;
    call->also[1] = 501;
    if (!w->store->unconditional)
        call->headers[headers] = "If-None-Match: *";
    bool ok = prt_s3_send(w->store->client, w->arena, call, &answer, &cause);
    if (ok && answer.status == 501 && !w->store->unconditional) {
        w->store->unconditional = true;
        call->headers[headers] = NULL;
        call->also[1] = 0;
        ok = prt_s3_send(w->store->client, w->arena, call, &answer, &cause);
    }
    if (ok && answer.status / 100 == 2)
        return true;
    if (ok && answer.status == 501)
        return prt_s3_explain(call, &answer, 1, err);
    prt_object object = {0};
    prt_error ignored = {0};
    if (cause.code != PRT_ERR_INTERRUPTED && is_ours(w, &object, &ignored))
        return true;
    if (ok)
        return exists_already(w, err);
    *err = cause;
    return false;
}

static bool
put_whole(s3_writer *w, prt_error *err)
{
    prt_s3_call call = prt_s3_object_call(w->store, w->arena, &w->object, "PUT", false, NULL);
    const prt_s3_body body = prt_s3_part_body(filling(w));
    int n = 0;
    for (; w->headers[n] != NULL; n++)
        call.headers[n] = w->headers[n];
    call.body = &body;
    return make_visible(w, &call, n, err);
}

static bool
refuse_existing(s3_writer *w, prt_error *err)
{
    prt_object object = {0};
    if (!prt_s3_object_head(w->store, w->arena, &w->object, &object, NULL, err))
        return false;
    return !object.found || exists_already(w, err);
}

/* Looked at once more before: not every server knows the condition here, and the upload may have taken hours. */
static bool
complete(s3_writer *w, prt_error *err)
{
    const char *xml;
    if (filling(w)->length > 0 && !hand_over(w, err))
        return false;
    if (!prt_s3_upload_manifest(w->upload, w->arena, &xml, err) || !refuse_existing(w, err))
        return false;
    const prt_s3_param query[] = {{"uploadId", prt_s3_upload_id(w->upload)}, {NULL, NULL}};
    const prt_s3_body body = {.memory = xml, .length = (int64_t) strlen(xml)};
    prt_s3_call call = prt_s3_object_call(w->store, w->arena, &w->object, "POST", false, query);
    call.headers[0] = "Content-Type: application/xml";
    call.body = &body;
    call.late_error = true;
    call.patience = 5; /* many parts take the server a while */
    return make_visible(w, &call, 1, err);
}

static bool
finish(prt_writer *writer, prt_error *err)
{
    s3_writer *w = (s3_writer *) writer;
    bool ok = w->upload == NULL ? put_whole(w, err) : complete(w, err);
    release(w, !ok);
    return ok;
}

static void
abort_writer(prt_writer *writer)
{
    release((s3_writer *) writer, true);
}

/* ---- the beginning ---- */

static bool
set_headers(s3_writer *w, prt_error *err)
{
    const prt_s3_config *config = &w->store->config;
    unsigned char bytes[16];
    char hex[2 * sizeof bytes + 1];
    int n = 0;
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t) sizeof bytes)
        return prt_fail(err, PRT_ERR_IO, "the system has no random bytes");
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    w->mark = prt_arena_strdup(w->arena, hex);
    w->headers[n++] = "Content-Type: application/octet-stream";
    w->headers[n++] = prt_arena_printf(w->arena, "x-amz-meta-partrun-write: %s", hex);
    if (config->sse != NULL)
        w->headers[n++] = prt_arena_printf(w->arena, "x-amz-server-side-encryption: %s", config->sse);
    if (config->sse_key != NULL)
        w->headers[n++] = prt_arena_printf(w->arena, "x-amz-server-side-encryption-aws-kms-key-id: %s",
                                           config->sse_key);
    return true;
}

bool
prt_s3_put(prt_store *store, const char *url, prt_writer **out, prt_error *err)
{
    prt_arena *arena = prt_arena_new();
    s3_writer *w = PRT_NEW(arena, s3_writer);
    *w = (s3_writer) {
        .base = {write_bytes, finish, abort_writer}, .arena = arena, .store = (prt_s3_store *) store, .number = 1};
    prt_s3_part_init(&w->parts[0], w->store->config.spool);
    prt_s3_part_init(&w->parts[1], w->store->config.spool);
    *out = &w->base;
    if (prt_s3_object_parse(arena, url, &w->object, err) && set_headers(w, err) && refuse_existing(w, err) &&
        prt_s3_abort_abandoned(w->store, &w->object, err) && prt_s3_part_begin(filling(w), 1, err))
        return true;
    *out = NULL;
    release(w, true);
    return false;
}
