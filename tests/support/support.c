#include "support/support.h"

int
support_arena_setup(void **state)
{
    *state = prt_arena_new();
    return 0;
}

int
support_arena_teardown(void **state)
{
    prt_arena_free(*state);
    return 0;
}
