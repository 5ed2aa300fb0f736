#include <string.h>

#include "archive/archive_impl.h"

/* Takes `suffix` off the end. */
static bool
take_suffix(const char *text, size_t *length, const char *suffix)
{
    size_t n = strlen(suffix);
    if (*length < n || strncmp(text + *length - n, suffix, n) != 0)
        return false;
    *length -= n;
    return true;
}

static prt_codec
take_codec(const char *text, size_t *length)
{
    if (take_suffix(text, length, ".gz"))
        return PRT_CODEC_GZIP;
    return take_suffix(text, length, ".zst") ? PRT_CODEC_ZSTD : PRT_CODEC_NONE;
}

static const char *
take_format(const char *text, size_t length)
{
    static const char *const formats[] = {"csv", "copy"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (length == strlen(formats[i]) && strncmp(text, formats[i], length) == 0)
            return formats[i];
    return NULL;
}

bool
prt_archive_format(const char *url, const char *format, const char **name, prt_codec *codec, prt_error *err)
{
    const char *slash = strrchr(url, '/'), *file = slash == NULL ? url : slash + 1;
    size_t length = strlen(file);
    *codec = take_codec(file, &length);
    if (format != NULL) {
        length = strlen(format);
        prt_codec named = take_codec(format, &length);
        *codec = named != PRT_CODEC_NONE ? named : *codec;
        *name = take_format(format, length);
    } else {
        const char *dot = memrchr(file, '.', length);
        *name = dot == NULL ? NULL : take_format(dot + 1, (size_t) (file + length - dot - 1));
    }
    if (*name != NULL)
        return true;
    if (format != NULL)
        prt_fail(err, PRT_ERR_USAGE, "%s is no format of archives", format);
    else
        prt_fail(err, PRT_ERR_USAGE, "%s does not say its format", url);
    return prt_fail_hint(
        err, "formats are csv and copy; names end in .csv, .csv.gz, .csv.zst, .copy, .copy.gz or .copy.zst");
}
