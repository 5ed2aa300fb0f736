#include "base/hash.h"

#include <string.h>

uint64_t
prt_hash_mem(uint64_t hash, const void *bytes, size_t length)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash;
}

uint64_t
prt_hash_str(uint64_t hash, const char *text)
{
    return prt_hash_mem(hash, text == NULL ? "" : text, text == NULL ? 1 : strlen(text) + 1);
}
