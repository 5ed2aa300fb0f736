#include "base/vec.h"

#include <string.h>

void *
prt_vec_grow(prt_arena *arena, void *items, size_t length, size_t *capacity, size_t size)
{
    if (length < *capacity)
        return items;
    *capacity = *capacity == 0 ? 8 : *capacity * 2;
    void *larger = prt_arena_array(arena, *capacity, size);
    if (length > 0)
        memcpy(larger, items, length * size);
    return larger;
}
