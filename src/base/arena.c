#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20, ALIGNMENT = 16 };

typedef struct block {
    struct block *next;
    size_t size, used;
    _Alignas(ALIGNMENT) char data[];
} block;

struct prt_arena {
    block *head;
    size_t total;
};

static void *
must(void *memory)
{
    if (memory == NULL) {
        fputs("partrun: out of memory\n", stderr);
        abort();
    }
    return memory;
}

prt_arena *
prt_arena_new(void)
{
    return must(calloc(1, sizeof(prt_arena)));
}

void
prt_arena_free(prt_arena *arena)
{
    if (arena == NULL)
        return;
    for (block *b = arena->head, *next; b != NULL; b = next) {
        next = b->next;
        free(b);
    }
    free(arena);
}

static void
add_block(prt_arena *arena, size_t at_least)
{
    size_t size = arena->head == NULL ? FIRST_BLOCK : arena->head->size * 2;
    if (size > LARGEST_BLOCK)
        size = LARGEST_BLOCK;
    if (size < at_least)
        size = at_least;
    block *b = must(calloc(1, sizeof *b + size));
    b->size = size;
    b->next = arena->head;
    arena->head = b;
}

void *
prt_arena_alloc(prt_arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        must(NULL);
    size = (size + ALIGNMENT - 1) & ~(size_t) (ALIGNMENT - 1);
    if (arena->head == NULL || arena->head->size - arena->head->used < size)
        add_block(arena, size);
    void *memory = arena->head->data + arena->head->used;
    arena->head->used += size;
    arena->total += size;
    return memory;
}

void *
prt_arena_array(prt_arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / 2 / size)
        must(NULL);
    return prt_arena_alloc(arena, count * size);
}

char *
prt_arena_strndup(prt_arena *arena, const char *text, size_t length)
{
    char *copy = prt_arena_alloc(arena, length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *
prt_arena_strdup(prt_arena *arena, const char *text)
{
    return text == NULL ? NULL : prt_arena_strndup(arena, text, strlen(text));
}

char *
prt_arena_printf(prt_arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = prt_arena_alloc(arena, (length < 0 ? 0 : (size_t) length) + 1);
    if (length > 0)
        vsnprintf(text, (size_t) length + 1, format, again);
    va_end(again);
    return text;
}

size_t
prt_arena_used(const prt_arena *arena)
{
    return arena->total;
}
