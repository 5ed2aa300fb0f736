/*
 * An arena: memory for one unit of work, released at once.
 *
 * Nothing taken from an arena is freed on its own. When the system is out of memory, the process says so on
 * stderr and aborts: no caller has to check. An arena belongs to one thread.
 */
#ifndef PRT_BASE_ARENA_H
#define PRT_BASE_ARENA_H

#include <stddef.h>

#include "base/attr.h"

typedef struct prt_arena prt_arena;

prt_arena *prt_arena_new(void);
void prt_arena_free(prt_arena *arena); /* NULL is fine */

/* `size` zeroed bytes, aligned for any type; never NULL. */
void *prt_arena_alloc(prt_arena *arena, size_t size);
/* `count` zeroed elements of `size` bytes; an overflow aborts. */
void *prt_arena_array(prt_arena *arena, size_t count, size_t size);
char *prt_arena_strdup(prt_arena *arena, const char *text); /* NULL in, NULL out */
char *prt_arena_strndup(prt_arena *arena, const char *text, size_t length);
char *prt_arena_printf(prt_arena *arena, const char *format, ...) PRT_PRINTF(2, 3);
/* Bytes handed out so far. */
size_t prt_arena_used(const prt_arena *arena);

#define PRT_NEW(arena, type) ((type *) prt_arena_alloc((arena), sizeof(type)))

#endif
