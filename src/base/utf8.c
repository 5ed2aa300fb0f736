#include "base/utf8.h"

#include <string.h>

/* The range of a valid second byte, which excludes overlong forms, surrogates and what lies past U+10FFFF. */
static bool
second_fits(unsigned char first, unsigned char second)
{
    unsigned char least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    return second >= least && second <= most;
}

size_t
prt_utf8_length(const char *text, size_t left)
{
    const unsigned char *b = (const unsigned char *) text;
    size_t length = b[0] < 0x80 ? 1 : b[0] < 0xc2 ? 0 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : b[0] < 0xf5 ? 4 : 0;
    if (length <= 1)
        return length;
    if (length > left || !second_fits(b[0], b[1]))
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((b[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

void
prt_utf8_repair(char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        size_t length = prt_utf8_length(text, left);
        if (length == 0) {
            *text = '?';
            length = 1;
        }
        text += length;
        left -= length;
    }
}
