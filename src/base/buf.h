/* A growing, always NUL-terminated text in an arena. `data` is valid until the next append. */
#ifndef PRT_BASE_BUF_H
#define PRT_BASE_BUF_H

#include <stddef.h>

#include "base/arena.h"

typedef struct prt_buf {
    prt_arena *arena;
    char *data;
    size_t length, capacity;
} prt_buf;

void prt_buf_init(prt_buf *buf, prt_arena *arena);
void prt_buf_mem(prt_buf *buf, const void *bytes, size_t length);
void prt_buf_str(prt_buf *buf, const char *text);
void prt_buf_char(prt_buf *buf, char c);
void prt_buf_fmt(prt_buf *buf, const char *format, ...) PRT_PRINTF(2, 3);

#endif
