#include "base/clock.h"

#include <time.h>

static int64_t
read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
prt_clock_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t
prt_clock_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}
