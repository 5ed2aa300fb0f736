/* UTF-8 texts that come from elsewhere: servers, file names, cut-off messages. */
#ifndef PRT_BASE_UTF8_H
#define PRT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character at `text` (1 to 4), or 0 when there is no valid one (RFC 3629). `left` > 0 bytes follow. */
size_t prt_utf8_length(const char *text, size_t left);
/* Replaces every byte that belongs to no valid character by '?', in place. */
void prt_utf8_repair(char *text);

#endif
