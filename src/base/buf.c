#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void
reserve(prt_buf *buf, size_t more)
{
    if (buf->length + more < buf->capacity)
        return;
    size_t capacity = (buf->length + more + 1) * 2;
    char *data = prt_arena_alloc(buf->arena, capacity);
    memcpy(data, buf->data, buf->length);
    buf->data = data;
    buf->capacity = capacity;
}

void
prt_buf_init(prt_buf *buf, prt_arena *arena)
{
    *buf = (prt_buf) {.arena = arena, .data = prt_arena_alloc(arena, 64), .capacity = 64};
}

void
prt_buf_mem(prt_buf *buf, const void *bytes, size_t length)
{
    reserve(buf, length);
    memcpy(buf->data + buf->length, bytes, length);
    buf->length += length;
    buf->data[buf->length] = '\0';
}

void
prt_buf_str(prt_buf *buf, const char *text)
{
    prt_buf_mem(buf, text, strlen(text));
}

void
prt_buf_char(prt_buf *buf, char c)
{
    prt_buf_mem(buf, &c, 1);
}

void
prt_buf_fmt(prt_buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length > 0) {
        reserve(buf, (size_t) length);
        vsnprintf(buf->data + buf->length, (size_t) length + 1, format, again);
        buf->length += (size_t) length;
    }
    va_end(again);
}
