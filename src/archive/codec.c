#include "archive/codec.h"

#include <string.h>

static const char *const names[] = {"none", "gzip", "zstd"};

const char *
prt_codec_name(prt_codec codec)
{
    return names[codec];
}

bool
prt_codec_parse(const char *name, prt_codec *out)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (prt_codec) i;
            return true;
        }
    return false;
}
