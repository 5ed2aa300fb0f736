#include <string.h>

#include "archive/store.h"

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char) (c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986, 2.1; a broken escape and an escaped NUL are no path. */
static bool
decode(const char *text, char *out)
{
    for (; *text != '\0'; text++) {
        if (*text != '%') {
            *out++ = *text;
            continue;
        }
        int high = hex_digit(text[1]), low = high < 0 ? -1 : hex_digit(text[2]);
        if (low < 0 || high + low == 0)
            return false;
        *out++ = (char) (high * 16 + low);
        text += 2;
    }
    *out = '\0';
    return true;
}

bool
prt_url_file(prt_arena *arena, const char *url, const char **path, prt_error *err)
{
    static const char scheme[] = "file://", host[] = "localhost";
    char *out = prt_arena_alloc(arena, strlen(url) + 1);
    const char *rest = strncmp(url, scheme, strlen(scheme)) == 0 ? url + strlen(scheme) : "";
    if (strncmp(rest, host, strlen(host)) == 0)
        rest += strlen(host);
    if (rest[0] != '/' || !decode(rest, out) || out[strlen(out) - 1] == '/') {
        prt_fail(err, PRT_ERR_USAGE, "%s is no address of a file", url);
        return prt_fail_hint(err, "write file:///folder/name, a percent sign in it as %%25");
    }
    *path = out;
    return true;
}

bool
prt_url_s3(prt_arena *arena, const char *url, const char **bucket, const char **key, prt_error *err)
{
    static const char scheme[] = "s3://";
    const char *rest = strncmp(url, scheme, strlen(scheme)) == 0 ? url + strlen(scheme) : "";
    const char *slash = strchr(rest, '/');
    if (slash == NULL || slash == rest || slash[1] == '\0') {
        prt_fail(err, PRT_ERR_USAGE, "%s is no address of an object", url);
        return prt_fail_hint(err, "write s3://bucket/key");
    }
    *bucket = prt_arena_strndup(arena, rest, (size_t) (slash - rest));
    *key = prt_arena_strdup(arena, slash + 1);
    return true;
}
