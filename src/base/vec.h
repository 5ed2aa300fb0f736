/*
 * A growing array in an arena: `PRT_VEC(int) v = {0}; prt_vec_push(arena, &v, 3); v.items[0]; v.length`.
 * Growing moves the items: keep indexes, not addresses, while pushing.
 */
#ifndef PRT_BASE_VEC_H
#define PRT_BASE_VEC_H

#include <stddef.h>

#include "base/arena.h"

#define PRT_VEC(type)            \
    struct {                     \
        type *items;             \
        size_t length, capacity; \
    }

#define prt_vec_push(arena, vec, value)                                                                         \
    ((vec)->items = prt_vec_grow((arena), (vec)->items, (vec)->length, &(vec)->capacity, sizeof *(vec)->items), \
     (vec)->items[(vec)->length++] = (value))

/* `items` itself when it has room for one more, or a larger copy. */
void *prt_vec_grow(prt_arena *arena, void *items, size_t length, size_t *capacity, size_t size);

#endif
