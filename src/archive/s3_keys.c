#include "archive/s3_keys.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "archive/s3_xml.h"
#include "base/clock.h"
#include "base/file.h"
#include "model/instant.h"

struct prt_s3_keyring {
    const prt_s3_config *config;
    pthread_mutex_t mutex;
    prt_arena *arena; /* of the keys; another one with each renewal */
    prt_s3_keys keys; /* id NULL: none yet */
    int64_t renew_at; /* wall clock; INT64_MAX: never */
};

prt_s3_keyring *
prt_s3_keyring_new(const prt_s3_config *config)
{
    prt_s3_keyring *keyring = calloc(1, sizeof *keyring);
    if (keyring == NULL)
        abort();
    keyring->config = config;
    keyring->renew_at = INT64_MAX;
    pthread_mutex_init(&keyring->mutex, NULL);
    if (config->source == PRT_S3_KEYS)
        keyring->keys = (prt_s3_keys) {.id = config->key_id, .secret = config->secret, .token = config->token};
    return keyring;
}

void
prt_s3_keyring_free(prt_s3_keyring *keyring)
{
    if (keyring == NULL)
        return;
    prt_arena_free(keyring->arena);
    pthread_mutex_destroy(&keyring->mutex);
    free(keyring);
}

static const char *
form_body(prt_arena *arena, const prt_s3_config *config, const char *token)
{
    const prt_s3_param fields[] = {
        {"Action", "AssumeRoleWithWebIdentity"},   {"Version", "2011-06-15"},   {"RoleArn", config->role},
        {"RoleSessionName", config->session_name}, {"WebIdentityToken", token}, {NULL, NULL}};
    prt_buf body;
    prt_buf_init(&body, arena);
    for (const prt_s3_param *f = fields; f->name != NULL; f++) {
        prt_buf_fmt(&body, "%s%s=", f == fields ? "" : "&", f->name);
        prt_s3_encode(&body, f->value, false);
    }
    return body.data;
}

static bool
read_token(prt_arena *arena, const char *path, const char **out, prt_error *err)
{
    char *text;
    size_t length;
    if (!prt_file_read(arena, path, &text, &length, err))
        return prt_fail_hint(err,
                             "AWS_WEB_IDENTITY_TOKEN_FILE (or the profile's web_identity_token_file) names this file");
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        text[--length] = '\0';
    *out = text;
    return true;
}

/* Five minutes before the end, or after half of a short life. */
static int64_t
renewal_time(const char *expiration)
{
    const int64_t before = 5 * PRT_USEC_PER_MINUTE;
    int64_t now = prt_clock_wall();
    prt_instant end;
    prt_error ignored = {0};
    if (expiration == NULL || !prt_instant_parse(expiration, &end, &ignored))
        return now + 15 * PRT_USEC_PER_MINUTE; /* the shortest that STS gives */
    return end - now > 2 * before ? end - before : now + (end - now) / 2;
}

static bool
take_answer(prt_s3_keyring *keyring, prt_arena *arena, const char *xml, prt_error *err)
{
    const char *at = xml, *inner = prt_s3_xml_next(arena, &at, "Credentials");
    inner = inner == NULL ? "" : inner;
    prt_s3_keys keys = {.id = prt_s3_xml_text(arena, inner, "AccessKeyId"),
                        .secret = prt_s3_xml_text(arena, inner, "SecretAccessKey"),
                        .token = prt_s3_xml_text(arena, inner, "SessionToken")};
    if (keys.id == NULL || keys.secret == NULL || keys.token == NULL || strpbrk(keys.token, "\r\n") != NULL)
        return prt_fail(err, PRT_ERR_FAILED, "%s answered without credentials", keyring->config->sts_endpoint);
    keyring->renew_at = renewal_time(prt_s3_xml_text(arena, inner, "Expiration"));
    prt_arena_free(keyring->arena);
    keyring->arena = prt_arena_new();
    keyring->keys = (prt_s3_keys) {.id = prt_arena_strdup(keyring->arena, keys.id),
                                   .secret = prt_arena_strdup(keyring->arena, keys.secret),
                                   .token = prt_arena_strdup(keyring->arena, keys.token)};
    return true;
}

static bool
assume_role(prt_s3_keyring *keyring, prt_s3_client *client, prt_arena *arena, prt_error *err)
{
    const prt_s3_config *config = keyring->config;
    const char *token = NULL;
    if (!read_token(arena, config->token_file, &token, err)) /* each time: it is replaced while we run */
        return false;
    const char *form = form_body(arena, config, token);
    const prt_s3_body body = {.memory = form, .length = (int64_t) strlen(form)};
    prt_s3_call call = {.doing = "take the role",
                        .object = config->role,
                        .permission = "sts:AssumeRoleWithWebIdentity",
                        .method = "POST",
                        .url = prt_arena_printf(arena, "%s/", config->sts_endpoint),
                        .headers = {"Content-Type: application/x-www-form-urlencoded"},
                        .body = &body};
    prt_s3_answer answer = {0};
    return prt_s3_send(client, arena, &call, &answer, err) &&
           take_answer(keyring, arena, answer.body.data == NULL ? "" : answer.body.data, err);
}

static bool
renew(prt_s3_keyring *keyring, prt_s3_client *client, prt_error *err)
{
    prt_arena *arena = prt_arena_new();
    bool ok = assume_role(keyring, client, arena, err);
    prt_arena_free(arena);
    return ok;
}

bool
prt_s3_keyring_get(prt_s3_keyring *keyring, prt_s3_client *client, prt_arena *arena, prt_s3_keys *out, prt_error *err)
{
    pthread_mutex_lock(&keyring->mutex);
    bool due = keyring->keys.id == NULL || prt_clock_wall() >= keyring->renew_at;
    bool ok = !due || renew(keyring, client, err);
    if (ok)
        *out = (prt_s3_keys) {.id = prt_arena_strdup(arena, keyring->keys.id),
                              .secret = prt_arena_strdup(arena, keyring->keys.secret),
                              .token = prt_arena_strdup(arena, keyring->keys.token)};
    pthread_mutex_unlock(&keyring->mutex);
    return ok;
}

bool
prt_s3_keyring_expire(prt_s3_keyring *keyring)
{
    if (keyring->config->source != PRT_S3_WEB_IDENTITY)
        return false;
    pthread_mutex_lock(&keyring->mutex);
    keyring->renew_at = 0;
    pthread_mutex_unlock(&keyring->mutex);
    return true;
}
