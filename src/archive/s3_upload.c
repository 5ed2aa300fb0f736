#include "archive/s3_upload.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "archive/s3_xml.h"
#include "base/vec.h"

struct prt_s3_upload {
    prt_s3_store *store;
    prt_arena *arena;
    const prt_s3_object *object;
    const char *id;
    prt_s3_client *client; /* the thread's */
    pthread_t thread;
    bool started;
    atomic_bool cancel;
    /* Both threads', under the mutex. */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    const prt_s3_part *pending; /* to be sent, or being sent */
    bool quit;
    prt_error failure;
    prt_arena *etag_arena;
    PRT_VEC(const char *) etags;
};

/* ---- the thread ---- */

static bool
send_part(prt_s3_upload *upload, const prt_s3_part *part, int number, prt_error *err)
{
    prt_arena *arena = prt_arena_new();
    const prt_s3_param query[] = {
        {"partNumber", prt_arena_printf(arena, "%d", number)}, {"uploadId", upload->id}, {NULL, NULL}};
    const prt_s3_body body = prt_s3_part_body(part);
    prt_s3_call call = prt_s3_object_call(upload->store, arena, upload->object, "PUT", false, query);
    prt_s3_answer answer = {0};
    call.doing = "write";
    call.permission = "s3:PutObject";
    call.body = &body;
    bool ok = prt_s3_send(upload->client, arena, &call, &answer, err);
    if (ok && answer.etag == NULL)
        ok = prt_fail(err, PRT_ERR_FAILED, "%s: the server confirmed a part without an ETag", upload->object->address);
    if (ok)
        prt_vec_push(upload->etag_arena, &upload->etags, prt_arena_strdup(upload->etag_arena, answer.etag));
    prt_arena_free(arena);
    return ok;
}

static void *
run(void *data)
{
    prt_s3_upload *upload = data;
    pthread_mutex_lock(&upload->mutex);
    for (int number = 1; !upload->quit; number++) {
        while (upload->pending == NULL && !upload->quit)
            pthread_cond_wait(&upload->changed, &upload->mutex);
        if (upload->quit)
            break;
        const prt_s3_part *part = upload->pending;
        prt_error err = {0};
        pthread_mutex_unlock(&upload->mutex);
        bool ok = send_part(upload, part, number, &err);
        pthread_mutex_lock(&upload->mutex);
        if (!ok) {
            upload->failure = err;
            upload->quit = true;
        }
        upload->pending = NULL;
        pthread_cond_broadcast(&upload->changed);
    }
    pthread_mutex_unlock(&upload->mutex);
    return NULL;
}

/* Signals are for the thread that waits for them. */
static bool
start_thread(prt_s3_upload *upload, prt_error *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(&upload->thread, NULL, run, upload);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    upload->started = failure == 0;
    return upload->started || prt_fail(err, PRT_ERR_IO, "cannot start a thread: %s", strerror(failure));
}

/* ---- its owner ---- */

static bool
initiate(prt_s3_upload *upload, const char *const *headers, prt_error *err)
{
    const prt_s3_param query[] = {{"uploads", ""}, {NULL, NULL}};
    prt_s3_call call = prt_s3_object_call(upload->store, upload->arena, upload->object, "POST", false, query);
    prt_s3_answer answer = {0};
    call.doing = "write";
    call.permission = "s3:PutObject";
    call.heard_out = true; /* only the answer says what there is to abort */
    for (int i = 0; i < 4 && headers[i] != NULL; i++)
        call.headers[i] = headers[i];
    if (!prt_s3_send(upload->store->client, upload->arena, &call, &answer, err))
        return false;
    upload->id = answer.body.length == 0 ? NULL : prt_s3_xml_text(upload->arena, answer.body.data, "UploadId");
    if (upload->id == NULL || upload->id[0] == '\0')
        return prt_fail(err, PRT_ERR_FAILED, "%s: the server began an upload without naming it",
                        upload->object->address);
    return true;
}

static bool
is_cancelled(void *data)
{
    prt_s3_upload *upload = data;
    return atomic_load(&upload->cancel);
}

bool
prt_s3_upload_begin(prt_s3_store *store, const prt_s3_object *object, const char *const *headers, prt_s3_upload **out,
                    prt_error *err)
{
    prt_arena *arena = prt_arena_new();
    prt_s3_upload *upload = PRT_NEW(arena, prt_s3_upload);
    upload->arena = arena;
    upload->etag_arena = prt_arena_new();
    upload->store = store;
    upload->object = object;
    pthread_mutex_init(&upload->mutex, NULL);
    pthread_cond_init(&upload->changed, NULL);
    /* The flag of interrupts is the owner's, who sets `cancel` for the thread. */
    prt_store_options options = store->options;
    options.interrupt = NULL;
    *out = upload;
    if (initiate(upload, headers, err) &&
        prt_s3_client_new(&store->config, &options, is_cancelled, upload, &upload->client, err) &&
        start_thread(upload, err))
        return true;
    prt_s3_upload_end(upload, true);
    *out = NULL;
    return false;
}

/* A tenth of a second at a time: the interrupt may come meanwhile. Under the mutex. */
static bool
wait_sent(prt_s3_upload *upload, prt_error *err)
{
    while (upload->pending != NULL && upload->failure.code == PRT_OK) {
        struct timespec until;
        if (upload->store->options.interrupt != NULL && *upload->store->options.interrupt)
            return prt_fail(err, PRT_ERR_INTERRUPTED, "interrupted");
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 100000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&upload->changed, &upload->mutex, &until);
    }
    if (upload->failure.code != PRT_OK && err->code == PRT_OK)
        *err = upload->failure;
    return upload->failure.code == PRT_OK;
}

bool
prt_s3_upload_part(prt_s3_upload *upload, const prt_s3_part *part, prt_error *err)
{
    pthread_mutex_lock(&upload->mutex);
    bool ok = wait_sent(upload, err);
    if (ok) {
        upload->pending = part;
        pthread_cond_broadcast(&upload->changed);
    }
    pthread_mutex_unlock(&upload->mutex);
    return ok;
}

bool
prt_s3_upload_manifest(prt_s3_upload *upload, prt_arena *arena, const char **xml, prt_error *err)
{
    pthread_mutex_lock(&upload->mutex);
    bool ok = wait_sent(upload, err);
    pthread_mutex_unlock(&upload->mutex);
    if (!ok)
        return false;
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_buf_str(&out, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (size_t i = 0; i < upload->etags.length; i++)
        prt_buf_fmt(&out, "<Part><PartNumber>%zu</PartNumber><ETag>%s</ETag></Part>", i + 1,
                    prt_s3_xml_escape(arena, upload->etags.items[i]));
    prt_buf_str(&out, "</CompleteMultipartUpload>");
    *xml = out.data;
    return true;
}

const char *
prt_s3_upload_id(const prt_s3_upload *upload)
{
    return upload->id;
}

static bool
abort_one(prt_s3_store *store, prt_s3_client *client, const prt_s3_object *object, const char *id, prt_error *err)
{
    prt_arena *arena = prt_arena_new();
    const prt_s3_param query[] = {{"uploadId", id}, {NULL, NULL}};
    prt_s3_call call = prt_s3_object_call(store, arena, object, "DELETE", false, query);
    prt_s3_answer answer = {0};
    call.doing = "abort the upload of";
    call.permission = "s3:AbortMultipartUpload";
    call.also[0] = 404; /* it has ended by itself */
    bool ok = prt_s3_send(client, arena, &call, &answer, err);
    prt_arena_free(arena);
    return ok;
}

/* With a client of its own: this one is not stopped by the interrupt that brought us here. */
static void
abort_at_server(prt_s3_upload *upload)
{
    prt_error err = {0};
    prt_s3_client *client = NULL;
    prt_s3_store *store = upload->store;
    bool ok = prt_s3_client_new(&store->config, &store->options, NULL, NULL, &client, &err);
    if (ok) {
        prt_s3_client_last_words(client);
        ok = abort_one(store, client, upload->object, upload->id, &err);
        prt_s3_client_free(client);
    }
    if (!ok)
        prt_log_fmt(store->options.log, PRT_WARNING, "%s; it is aborted when the object is written again", err.message);
}

void
prt_s3_upload_end(prt_s3_upload *upload, bool abort)
{
    if (upload == NULL)
        return;
    if (upload->started) {
        pthread_mutex_lock(&upload->mutex);
        upload->quit = true;
        pthread_cond_broadcast(&upload->changed);
        pthread_mutex_unlock(&upload->mutex);
        atomic_store(&upload->cancel, true);
        pthread_join(upload->thread, NULL);
    }
    if (abort && upload->id != NULL)
        abort_at_server(upload);
    prt_s3_client_free(upload->client);
    pthread_mutex_destroy(&upload->mutex);
    pthread_cond_destroy(&upload->changed);
    prt_arena_free(upload->etag_arena);
    prt_arena_free(upload->arena);
}

/* ---- what earlier runs left ---- */

typedef struct listing {
    const char *key_marker, *id_marker; /* where the next page begins; "" for the first */
    bool more;
    PRT_VEC(const char *) ids; /* of the very key */
} listing;

static void
read_page(prt_arena *arena, const char *xml, const char *key, listing *out)
{
    const char *at = xml, *upload;
    while ((upload = prt_s3_xml_next(arena, &at, "Upload")) != NULL) {
        const char *name = prt_s3_xml_text(arena, upload, "Key"), *id = prt_s3_xml_text(arena, upload, "UploadId");
        if (name != NULL && id != NULL && strcmp(name, key) == 0)
            prt_vec_push(arena, &out->ids, id);
    }
    const char *truncated = prt_s3_xml_text(arena, xml, "IsTruncated");
    const char *key_marker = prt_s3_xml_text(arena, xml, "NextKeyMarker");
    const char *id_marker = prt_s3_xml_text(arena, xml, "NextUploadIdMarker");
    /* Keys come in their order: behind ours there is nothing for us. */
    out->more = truncated != NULL && strcmp(truncated, "true") == 0 && key_marker != NULL &&
                strcmp(key_marker, key) <= 0 && strcmp(key_marker, out->key_marker) >= 0;
    out->key_marker = key_marker == NULL ? "" : key_marker;
    out->id_marker = id_marker == NULL ? "" : id_marker;
}

static bool
list_page(prt_s3_store *store, prt_arena *arena, const prt_s3_object *object, listing *out, prt_error *err)
{
    const prt_s3_param query[] = {
        {"key-marker", out->key_marker},      {"max-uploads", "1000"}, {"prefix", object->key},
        {"upload-id-marker", out->id_marker}, {"uploads", ""},         {NULL, NULL}};
    prt_s3_call call = prt_s3_object_call(store, arena, object, "GET", true, query);
    prt_s3_answer answer = {0};
    call.doing = "list the uploads of";
    call.permission = "s3:ListBucketMultipartUploads";
    if (!prt_s3_send(store->client, arena, &call, &answer, err))
        return false;
    read_page(arena, answer.body.length == 0 ? "" : answer.body.data, object->key, out);
    return true;
}

bool
prt_s3_abort_abandoned(prt_s3_store *store, const prt_s3_object *object, prt_error *err)
{
    prt_arena *arena = prt_arena_new();
    prt_error cause = {0};
    listing list = {.key_marker = "", .id_marker = ""};
    bool ok = true;
    for (list.more = true; ok && list.more;)
        ok = list_page(store, arena, object, &list, &cause);
    for (size_t i = 0; ok && i < list.ids.length; i++) {
        ok = abort_one(store, store->client, object, list.ids.items[i], &cause);
        if (ok)
            prt_log_fmt(store->options.log, PRT_INFO, "aborted an upload of %s that was never finished",
                        object->address);
    }
    prt_arena_free(arena);
    if (ok)
        return true;
    if (cause.code == PRT_ERR_FAILED) { /* not allowed, or not known there: no reason not to write */
        prt_log_fmt(store->options.log, PRT_WARNING, "%s: uploads that were never finished may lie there",
                    cause.message);
        return true;
    }
    *err = cause;
    return false;
}
