#include "pg/retry.h"

#include <string.h>

enum { FIRST_USEC = 100000, LAST_USEC = 5000000 };

bool
prt_retry_worth(const prt_error *err)
{
    static const char *const worth[] = {"55P03", "40P01", "40001"};
    if (err->code != PRT_ERR_SQL)
        return false;
    for (size_t i = 0; i < sizeof worth / sizeof *worth; i++)
        if (strcmp(err->sqlstate, worth[i]) == 0)
            return true;
    return false;
}

int64_t
prt_retry_delay(int attempt, uint64_t random)
{
    int64_t delay = FIRST_USEC;
    for (int i = 1; i < attempt && delay < LAST_USEC; i++)
        delay *= 2;
    if (delay > LAST_USEC)
        delay = LAST_USEC;
    return delay - (int64_t) (random % (uint64_t) (delay / 2 + 1));
}

uint64_t
prt_retry_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}
