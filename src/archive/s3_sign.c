#include "archive/s3_sign.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { DIGEST = 32, MOST_HEADERS = 16 };

typedef struct header {
    const char *name, *value; /* the name in lower case */
} header;

static const char *
hex_of(prt_arena *arena, const unsigned char *bytes)
{
    char *hex = prt_arena_alloc(arena, 2 * DIGEST + 1);
    for (int i = 0; i < DIGEST; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    return hex;
}

/* The host as it is sent: without a port that is the scheme's own. */
static const char *
host_of(prt_arena *arena, const char *url)
{
    bool tls = strncasecmp(url, "https:", 6) == 0;
    const char *host = strstr(url, "://") + 3, *port = tls ? ":443" : ":80";
    size_t length = strcspn(host, "/?"), n = strlen(port);
    if (length > n && strncmp(host + length - n, port, n) == 0)
        length -= n;
    return prt_arena_strndup(arena, host, length);
}

static header
split(prt_arena *arena, const char *line)
{
    const char *colon = strchr(line, ':'), *value = colon + 1;
    char *name = prt_arena_strndup(arena, line, (size_t) (colon - line));
    for (char *c = name; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char) (*c | 0x20);
    return (header) {name, value + strspn(value, " ")};
}

static int
by_name(const void *a, const void *b)
{
    const header *left = a, *right = b;
    return strcmp(left->name, right->name);
}

/* "METHOD\npath\nquery\nheaders\n\nnames\nhash" */
static const char *
canonical_request(prt_arena *arena, const prt_s3_signing *r, const char *const *lines, const char **names)
{
    header headers[MOST_HEADERS] = {0};
    size_t count = 0;
    for (; count < MOST_HEADERS && lines[count] != NULL; count++)
        headers[count] = split(arena, lines[count]);
    qsort(headers, count, sizeof headers[0], by_name);
    const char *host = strstr(r->url, "://") + 3, *path = host + strcspn(host, "/?");
    size_t length = strcspn(path, "?");
    prt_buf text, list;
    prt_buf_init(&text, arena);
    prt_buf_init(&list, arena);
    prt_buf_fmt(&text, "%s\n%.*s\n%s\n", r->method, length == 0 ? 1 : (int) length, length == 0 ? "/" : path,
                path[length] == '?' ? path + length + 1 : "");
    for (size_t i = 0; i < count; i++) {
        prt_buf_fmt(&text, "%s:%s\n", headers[i].name, headers[i].value);
        prt_buf_fmt(&list, "%s%s", i == 0 ? "" : ";", headers[i].name);
    }
    prt_buf_fmt(&text, "\n%s\n%s", list.data, r->sha256);
    *names = list.data;
    return text.data;
}

static bool
hmac(unsigned char *key, size_t key_length, const char *text, unsigned char *out)
{
    return HMAC(EVP_sha256(), key, (int) key_length, (const unsigned char *) text, strlen(text), out, NULL) != NULL;
}

static bool
signature(prt_arena *arena, const prt_s3_keys *keys, const char *const *scope, const char *text, const char **out)
{
    unsigned char key[DIGEST], next[DIGEST];
    char *first = prt_arena_printf(arena, "AWS4%s", keys->secret);
    bool ok = hmac((unsigned char *) first, strlen(first), scope[0], key);
    for (int i = 1; ok && scope[i] != NULL; i++) {
        ok = hmac(key, sizeof key, scope[i], next);
        memcpy(key, next, sizeof key);
    }
    ok = ok && hmac(key, sizeof key, text, next);
    *out = ok ? hex_of(arena, next) : NULL;
    return ok;
}

const char *const *
prt_s3_sign(prt_arena *arena, const prt_s3_signing *r, const prt_s3_keys *keys)
{
    const char **lines = prt_arena_array(arena, MOST_HEADERS + 1, sizeof *lines);
    char stamp[96], day[48];
    unsigned char digest[DIGEST];
    struct tm tm;
    time_t seconds = (time_t) (r->now / 1000000);
    size_t n = 0;
    gmtime_r(&seconds, &tm);
    snprintf(day, sizeof day, "%04d%02d%02d", (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday);
    snprintf(stamp, sizeof stamp, "%sT%02d%02d%02dZ", day, tm.tm_hour, tm.tm_min, tm.tm_sec);
    for (; n < MOST_HEADERS - 6 && r->headers[n] != NULL; n++)
        lines[n] = r->headers[n];
    lines[n++] = prt_arena_printf(arena, "Host: %s", host_of(arena, r->url));
    lines[n++] = prt_arena_printf(arena, "x-amz-content-sha256: %s", r->sha256);
    lines[n++] = prt_arena_printf(arena, "x-amz-date: %s", stamp);
    if (keys->token != NULL)
        lines[n++] = prt_arena_printf(arena, "x-amz-security-token: %s", keys->token);

    const char *names, *hex, *request = canonical_request(arena, r, lines, &names);
    const char *const scope[] = {day, r->region, "s3", "aws4_request", NULL};
    if (EVP_Digest(request, strlen(request), digest, NULL, EVP_sha256(), NULL) != 1)
        return NULL;
    const char *text = prt_arena_printf(arena, "AWS4-HMAC-SHA256\n%s\n%s/%s/s3/aws4_request\n%s", stamp, day, r->region,
                                        hex_of(arena, digest));
    if (!signature(arena, keys, scope, text, &hex))
        return NULL;
    lines[n++] = prt_arena_printf(arena,
                                  "Authorization: AWS4-HMAC-SHA256 Credential=%s/%s/%s/s3/aws4_request, "
                                  "SignedHeaders=%s, Signature=%s",
                                  keys->id, day, r->region, names, hex);
    return lines;
}
