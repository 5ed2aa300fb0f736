#include "archive/s3_http.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "archive/s3_keys.h"
#include "archive/s3_sign.h"
#include "base/clock.h"

enum {
    CONNECT_MS = 15000,
    POLL_MS = 100,
    LAST_WORDS_SECONDS = 10,
    LARGEST_ANSWER = 8 << 20,
    RECEIVE_BUFFER = 128 << 10,
    SEND_BUFFER = 512 << 10,
};

struct prt_s3_client {
    const prt_s3_config *config;
    prt_store_options options;
    bool (*cancelled)(void *data);
    void *cancelled_data;
    bool last_words;
    CURLM *multi;
    CURL *easy;
    /* The exchange of now. */
    prt_arena *arena;
    const prt_s3_call *call;
    prt_s3_answer *answer;
    struct curl_slist *headers;
    int64_t sent;     /* bytes of the body */
    int64_t began_at; /* monotonic microseconds */
    int64_t moved_at; /* likewise: the last byte, either way */
    bool under_way;   /* the server may have heard of it */
    int64_t told_at;  /* likewise: the interrupt, of a call that is heard out; 0: none came */
    bool received;    /* bytes came in this step */
};

bool
prt_s3_client_new(const prt_s3_config *config, const prt_store_options *options, bool (*cancelled)(void *data),
                  void *cancelled_data, prt_s3_client **out, prt_error *err)
{
    prt_s3_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return prt_fail(err, PRT_ERR_IO, "out of memory");
    client->config = config;
    client->options = *options;
    client->cancelled = cancelled;
    client->cancelled_data = cancelled_data;
    client->multi = curl_multi_init();
    client->easy = curl_easy_init();
    *out = client;
    if (client->multi != NULL && client->easy != NULL)
        return true;
    prt_s3_client_free(client);
    *out = NULL;
    return prt_fail(err, PRT_ERR_IO, "libcurl cannot be used");
}

void
prt_s3_client_free(prt_s3_client *client)
{
    if (client == NULL)
        return;
    prt_s3_end(client);
    curl_easy_cleanup(client->easy);
    if (client->multi != NULL)
        curl_multi_cleanup(client->multi);
    free(client);
}

void
prt_s3_client_last_words(prt_s3_client *client)
{
    client->last_words = true;
}

int
prt_s3_retries(const prt_s3_client *client)
{
    if (client->last_words)
        return 1;
    return client->options.retries < 0 ? 5 : client->options.retries;
}

static bool
is_interrupted(const prt_s3_client *client)
{
    return !client->last_words && ((client->options.interrupt != NULL && *client->options.interrupt) ||
                                   (client->cancelled != NULL && client->cancelled(client->cancelled_data)));
}

static bool
interrupted(const prt_s3_client *client, prt_error *err)
{
    return is_interrupted(client) && !prt_fail(err, PRT_ERR_INTERRUPTED, "interrupted");
}

/* Whether an interrupt that came in the middle of the exchange has to wait for its end. */
static bool
is_heard_out(prt_s3_client *client)
{
    int64_t now = prt_clock_monotonic();
    if (!client->call->heard_out || !client->under_way)
        return false;
    if (client->told_at == 0)
        client->told_at = now;
    return now - client->told_at < LAST_WORDS_SECONDS * INT64_C(1000000);
}

static void
moved(prt_s3_client *client)
{
    client->moved_at = prt_clock_monotonic();
}

/* ---- libcurl's callbacks ---- */

static size_t
read_body(char *out, size_t size, size_t count, void *data)
{
    prt_s3_client *client = data;
    const prt_s3_body *body = client->call->body;
    int64_t left = body->length - client->sent;
    size_t length = (int64_t) (size * count) < left ? size * count : (size_t) left;
    if (body->memory != NULL) {
        memcpy(out, body->memory + client->sent, length);
    } else {
        ssize_t n = pread(body->fd, out, length, client->sent);
        if (n < 0 || (n == 0 && length > 0))
            return CURL_READFUNC_ABORT;
        length = (size_t) n;
    }
    client->sent += (int64_t) length;
    moved(client);
    return length;
}

/* A connection that turned out to be closed: libcurl begins again on another. */
static int
seek_body(void *data, curl_off_t offset, int origin)
{
    prt_s3_client *client = data;
    if (origin != SEEK_SET || offset < 0 || offset > client->call->body->length)
        return CURL_SEEKFUNC_FAIL;
    client->sent = offset;
    return CURL_SEEKFUNC_OK;
}

static size_t
take_body(char *bytes, size_t size, size_t count, void *data)
{
    prt_s3_client *client = data;
    size_t length = size * count;
    moved(client);
    if (client->answer->status == 0)
        curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &client->answer->status);
    if (client->call->sink != NULL && client->answer->status / 100 == 2) {
        client->received = true;
        return client->call->sink(client->call->sink_data, bytes, length);
    }
    if (length > LARGEST_ANSWER - client->answer->body.length)
        return 0; /* libcurl makes it an error */
    prt_buf_mem(&client->answer->body, bytes, length);
    return length;
}

/* The header's value, when it is `name`'s. */
static const char *
header_value(prt_arena *arena, const char *line, size_t length, const char *name)
{
    size_t n = strlen(name);
    if (length <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
        return NULL;
    const char *begin = line + n + 1, *end = line + length;
    while (begin < end && strchr(" \t", *begin) != NULL)
        begin++;
    while (end > begin && strchr(" \t\r\n", end[-1]) != NULL)
        end--;
    return prt_arena_strndup(arena, begin, (size_t) (end - begin));
}

static size_t
take_header(char *line, size_t size, size_t count, void *data)
{
    prt_s3_client *client = data;
    prt_s3_answer *answer = client->answer;
    size_t length = size * count;
    const struct {
        const char *name, **value;
    } texts[] = {{"etag", &answer->etag},
                 {"x-amz-bucket-region", &answer->region},
                 {"x-amz-meta-partrun-write", &answer->mark},
                 {"x-amz-server-side-encryption", &answer->sse}};
    const char *value;
    moved(client);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if ((value = header_value(client->arena, line, length, texts[i].name)) != NULL)
            *texts[i].value = value;
    if ((value = header_value(client->arena, line, length, "content-length")) != NULL)
        answer->length = strtoll(value, NULL, 10);
    if ((value = header_value(client->arena, line, length, "retry-after")) != NULL)
        answer->retry_after = (int) strtol(value, NULL, 10);
    return length;
}

/* ---- one attempt ---- */

static bool
add_header(prt_s3_client *client, const char *line)
{
    struct curl_slist *longer = curl_slist_append(client->headers, line);
    client->headers = longer != NULL ? longer : client->headers;
    return longer != NULL;
}

/* Without "Expect:", libcurl would wait for leave before it sends a part. */
static bool
add_headers(prt_s3_client *client, const prt_s3_call *call, const prt_s3_keys *keys)
{
    const char *const *headers = call->headers;
    if (keys != NULL) {
        const prt_s3_signing request = {.method = call->method,
                                        .url = call->url,
                                        .headers = call->headers,
                                        .sha256 = call->sha256,
                                        .region = client->config->region,
                                        .now = prt_clock_wall()};
        headers = prt_s3_sign(client->arena, &request, keys);
    }
    bool ok = headers != NULL && add_header(client, "Expect:");
    for (; ok && *headers != NULL; headers++)
        ok = add_header(client, *headers);
    return ok;
}

static void
set_method(prt_s3_client *client, const prt_s3_call *call)
{
    CURL *easy = client->easy;
    if (strcmp(call->method, "HEAD") == 0)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else if (strcmp(call->method, "PUT") == 0)
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    else if (strcmp(call->method, "POST") == 0)
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
    else
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
    curl_off_t length = call->body == NULL ? 0 : (curl_off_t) call->body->length;
    if (strcmp(call->method, "PUT") == 0)
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, length);
    if (strcmp(call->method, "POST") == 0)
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, length);
    if (strcmp(call->method, "POST") == 0 && length == 0)
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
    if (call->body == NULL)
        return;
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_body);
    curl_easy_setopt(easy, CURLOPT_READDATA, client);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek_body);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, client);
}

static void
set_up(prt_s3_client *client, const prt_s3_call *call)
{
    CURL *easy = client->easy;
    long connect_ms = client->config->timeout * 1000L < CONNECT_MS ? client->config->timeout * 1000L : CONNECT_MS;
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, call->url);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L); /* a key may hold /../ */
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "partrun/" PARTRUN_VERSION);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, client->answer->why);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long) RECEIVE_BUFFER);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long) SEND_BUFFER);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, client);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, client);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, client->headers);
    if (call->range != NULL)
        curl_easy_setopt(easy, CURLOPT_RANGE, call->range);
    if (client->config->ca_bundle != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, client->config->ca_bundle);
    set_method(client, call);
}

bool
prt_s3_begin(prt_s3_client *client, prt_arena *arena, const prt_s3_call *call, prt_s3_answer *out, prt_error *err)
{
    prt_s3_keys keys = {0};
    if (call->keyring != NULL && !prt_s3_keyring_get(call->keyring, client, arena, &keys, err))
        return false;
    *out = (prt_s3_answer) {.length = -1};
    prt_buf_init(&out->body, arena);
    client->arena = arena;
    client->call = call;
    client->answer = out;
    client->sent = 0;
    client->under_way = false;
    client->told_at = 0;
    client->began_at = client->moved_at = prt_clock_monotonic();
    if (!add_headers(client, call, call->keyring == NULL ? NULL : &keys))
        return prt_fail(err, PRT_ERR_IO, "the request cannot be signed");
    set_up(client, call);
    curl_multi_add_handle(client->multi, client->easy);
    return true;
}

/* A server that says nothing for too long is as good as a broken connection. */
static bool
hangs(const prt_s3_client *client)
{
    int64_t now = prt_clock_monotonic();
    int patience = client->call->patience > 1 ? client->call->patience : 1;
    int64_t most = (int64_t) client->config->timeout * patience * 1000000;
    if (client->last_words && now - client->began_at > LAST_WORDS_SECONDS * INT64_C(1000000))
        return true;
    return now - client->moved_at > most;
}

bool
prt_s3_step(prt_s3_client *client, bool *done, prt_error *err)
{
    int running, queued;
    *done = false;
    if (is_interrupted(client) && !is_heard_out(client))
        return prt_fail(err, PRT_ERR_INTERRUPTED, "interrupted");
    client->received = false;
    client->under_way = true;
    CURLMcode failure = curl_multi_perform(client->multi, &running);
    if (failure != CURLM_OK)
        return prt_fail(err, PRT_ERR_IO, "libcurl: %s", curl_multi_strerror(failure));
    const CURLMsg *message = curl_multi_info_read(client->multi, &queued);
    if (message != NULL && message->msg == CURLMSG_DONE) {
        client->answer->curl = message->data.result;
        curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &client->answer->status);
        *done = true;
    } else if (hangs(client)) {
        client->answer->curl = CURLE_OPERATION_TIMEDOUT;
        snprintf(client->answer->why, sizeof client->answer->why, "the server did not answer in time");
        *done = true;
    } else if (!client->received) {
        curl_multi_poll(client->multi, NULL, 0, POLL_MS, NULL);
    }
    return true;
}

void
prt_s3_resume(prt_s3_client *client)
{
    moved(client); /* the time in between was ours */
    curl_easy_pause(client->easy, CURLPAUSE_CONT);
}

void
prt_s3_end(prt_s3_client *client)
{
    if (client->call == NULL)
        return;
    curl_multi_remove_handle(client->multi, client->easy);
    curl_easy_reset(client->easy); /* it keeps its connections, and no addresses of ours */
    curl_slist_free_all(client->headers);
    client->headers = NULL;
    client->call = NULL;
    client->answer = NULL;
    client->arena = NULL;
}

/* ---- attempts ---- */

bool
prt_s3_back_off(prt_s3_client *client, const prt_s3_call *call, const prt_s3_answer *answer, int attempt,
                prt_error *err)
{
    enum { FIRST_MS = 200, LONGEST_MS = 20000 };
    int64_t ms = attempt > 7 ? LONGEST_MS : (int64_t) FIRST_MS << (attempt - 1);
    ms = ms > LONGEST_MS ? LONGEST_MS : ms;
    ms = ms / 2 + prt_clock_monotonic() % (ms / 2); /* so that many clients do not come back at once */
    if (answer->retry_after > 0 && answer->retry_after * 1000 <= LONGEST_MS && answer->retry_after * 1000 > ms)
        ms = answer->retry_after * 1000;
    prt_error why = {0};
    prt_s3_explain(call, answer, 1, &why);
    prt_log_fmt(client->options.log, PRT_INFO, "%s; trying again in %lld.%01lld s", why.message,
                (long long) (ms / 1000), (long long) (ms % 1000 / 100));
    for (int64_t until = prt_clock_monotonic() + ms * 1000; prt_clock_monotonic() < until;) {
        if (interrupted(client, err))
            return false;
        usleep(20000);
    }
    return true;
}

/* Of the body as it will be read; in pieces, since a part may lie in a file. */
static bool
hash_body(prt_arena *arena, const prt_s3_body *body, const char **out, prt_error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    if (ok && body != NULL && body->memory != NULL) {
        ok = EVP_DigestUpdate(context, body->memory, (size_t) body->length) == 1;
    } else if (ok && body != NULL) {
        char piece[64 << 10];
        for (int64_t at = 0; ok && at < body->length;) {
            ssize_t n = pread(body->fd, piece, sizeof piece, at);
            ok = n > 0 && EVP_DigestUpdate(context, piece, (size_t) n) == 1;
            at += n;
        }
    }
    ok = ok && EVP_DigestFinal_ex(context, digest, &length) == 1;
    EVP_MD_CTX_free(context);
    if (!ok)
        return prt_fail(err, PRT_ERR_IO, "the SHA-256 of a part cannot be computed");
    char *hex = prt_arena_alloc(arena, 2 * (size_t) length + 1);
    for (unsigned i = 0; i < length; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    *out = hex;
    return true;
}

static bool
attempt(prt_s3_client *client, prt_arena *arena, const prt_s3_call *call, prt_s3_answer *out, prt_error *err)
{
    bool done = false, ok = prt_s3_begin(client, arena, call, out, err);
    while (ok && !done)
        ok = prt_s3_step(client, &done, err);
    prt_s3_end(client);
    return ok;
}

bool
prt_s3_send(prt_s3_client *client, prt_arena *arena, prt_s3_call *call, prt_s3_answer *out, prt_error *err)
{
    if (call->sha256 == NULL && !hash_body(arena, call->body, &call->sha256, err))
        return false;
    for (int attempts = 1;; attempts++) {
        if (!attempt(client, arena, call, out, err))
            return false;
        prt_s3_verdict verdict = prt_s3_judge(call, out);
        if (verdict == PRT_S3_DONE)
            return true;
        if (verdict == PRT_S3_REFUSED || attempts > prt_s3_retries(client))
            return prt_s3_explain(call, out, attempts, err);
        if (!prt_s3_back_off(client, call, out, attempts, err))
            return false;
    }
}
