#include <string.h>
#include <strings.h>

#include "archive/s3_config.h"

void
prt_s3_encode(prt_buf *out, const char *text, bool path)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *text != '\0'; text++)
        if (strchr(plain, *text) != NULL || (path && *text == '/'))
            prt_buf_char(out, *text);
        else
            prt_buf_fmt(out, "%%%02X", (unsigned char) *text);
}

/* The names with dots do not fit the certificate of "*.s3.REGION.amazonaws.com". */
static bool
in_host(const prt_s3_config *config, const char *bucket)
{
    bool tls = strncasecmp(config->endpoint, "https:", 6) == 0;
    return config->virtual_host && !(tls && strchr(bucket, '.') != NULL);
}

const char *
prt_s3_url(prt_arena *arena, const prt_s3_config *config, const char *bucket, const char *key,
           const prt_s3_param *query)
{
    prt_buf url;
    prt_buf_init(&url, arena);
    const char *host = strstr(config->endpoint, "://") + 3;
    if (in_host(config, bucket))
        prt_buf_fmt(&url, "%.*s%s.%s", (int) (host - config->endpoint), config->endpoint, bucket, host);
    else
        prt_buf_fmt(&url, "%s/%s", config->endpoint, bucket);
    if (key != NULL || in_host(config, bucket))
        prt_buf_char(&url, '/');
    prt_s3_encode(&url, key == NULL ? "" : key, true);
    for (const prt_s3_param *p = query; p != NULL && p->name != NULL; p++) {
        prt_buf_char(&url, p == query ? '?' : '&');
        prt_s3_encode(&url, p->name, false);
        prt_buf_char(&url, '='); /* also after an empty value: it is signed so */
        prt_s3_encode(&url, p->value, false);
    }
    return url.data;
}
