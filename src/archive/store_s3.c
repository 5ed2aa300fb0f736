#include "archive/store_s3.h"

#include <stdlib.h>
#include <string.h>

bool
prt_s3_object_parse(prt_arena *arena, const char *url, prt_s3_object *out, prt_error *err)
{
    enum { LONGEST_KEY = 1024 };
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    if (!prt_url_s3(arena, url, &out->bucket, &out->key, err))
        return false;
    out->address = prt_arena_strdup(arena, url);
    if (out->bucket[strspn(out->bucket, allowed)] != '\0' || out->bucket[0] == '.' || out->bucket[0] == '-') {
        prt_fail(err, PRT_ERR_USAGE, "\"%s\" is no name of a bucket", out->bucket);
        return prt_fail_hint(err, "write s3://bucket/key");
    }
    if (strlen(out->key) > LONGEST_KEY)
        return prt_fail(err, PRT_ERR_USAGE, "the key of %.80s... is longer than 1024 bytes", url);
    return true;
}

prt_s3_call
prt_s3_object_call(prt_s3_store *store, prt_arena *arena, const prt_s3_object *object, const char *method,
                   bool of_bucket, const prt_s3_param *query)
{
    return (prt_s3_call) {
        .object = object->address,
        .method = method,
        .url = prt_s3_url(arena, &store->config, object->bucket, of_bucket ? NULL : object->key, query),
        .keyring = store->keyring};
}

bool
prt_s3_object_head(prt_s3_store *store, prt_arena *arena, const prt_s3_object *object, prt_object *out,
                   const char **mark, prt_error *err)
{
    prt_s3_call call = prt_s3_object_call(store, arena, object, "HEAD", false, NULL);
    prt_s3_answer answer = {0};
    call.doing = "look at";
    call.permission = "s3:GetObject";
    call.also[0] = 404;
    *out = (prt_object) {0};
    if (!prt_s3_send(store->client, arena, &call, &answer, err))
        return false;
    out->found = answer.status != 404;
    out->bytes = out->found ? answer.length : 0;
    if (mark != NULL)
        *mark = answer.mark;
    return true;
}

static bool
stat_object(prt_store *store, const char *url, prt_object *out, prt_error *err)
{
    prt_s3_object object;
    prt_arena *arena = prt_arena_new();
    bool ok = prt_s3_object_parse(arena, url, &object, err) &&
              prt_s3_object_head((prt_s3_store *) store, arena, &object, out, NULL, err);
    prt_arena_free(arena);
    return ok;
}

static bool
remove_parsed(prt_s3_store *store, prt_arena *arena, const prt_s3_object *object, prt_error *err)
{
    prt_s3_call call = prt_s3_object_call(store, arena, object, "DELETE", false, NULL);
    prt_s3_answer answer = {0};
    call.doing = "remove";
    call.permission = "s3:DeleteObject";
    call.also[0] = 404;
    return prt_s3_send(store->client, arena, &call, &answer, err);
}

static bool
remove_object(prt_store *store, const char *url, prt_error *err)
{
    prt_s3_object object;
    prt_arena *arena = prt_arena_new();
    bool ok = prt_s3_object_parse(arena, url, &object, err) &&
              remove_parsed((prt_s3_store *) store, arena, &object, err);
    prt_arena_free(arena);
    return ok;
}

static void
close_store(prt_store *store)
{
    prt_s3_store *s = (prt_s3_store *) store;
    prt_s3_client_free(s->client);
    prt_s3_keyring_free(s->keyring);
    prt_arena_free(s->arena);
}

bool
prt_store_s3(const prt_store_options *options, prt_store **out, prt_error *err)
{
    const prt_s3_env env = {.get = options->env, .data = options->env_data};
    prt_arena *arena = prt_arena_new();
    prt_s3_store *store = PRT_NEW(arena, prt_s3_store);
    store->base = (prt_store) {prt_s3_put, prt_s3_get, stat_object, remove_object, close_store};
    store->arena = arena;
    store->options = *options;
    /* Once for the process: never undone, since others may be using the library. Before there are threads. */
    curl_global_init(CURL_GLOBAL_DEFAULT);
    bool ok = prt_s3_config_read(arena, &env, &store->config, err);
    if (ok) {
        store->keyring = prt_s3_keyring_new(&store->config);
        ok = prt_s3_client_new(&store->config, &store->options, NULL, NULL, &store->client, err);
    }
    *out = ok ? &store->base : NULL;
    if (!ok)
        close_store(&store->base);
    return ok;
}
