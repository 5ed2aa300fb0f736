/* Which failures are worth another try, and how long to wait before it. Pure: randomness is handed in. */
#ifndef PRT_PG_RETRY_H
#define PRT_PG_RETRY_H

#include <stdint.h>

#include "base/error.h"

/* A lock not granted in time (55P03), a deadlock (40P01), a serialisation failure (40001); nothing else: a statement that
 * ran into its statement_timeout (57014) would only do so again. */
bool prt_retry_worth(const prt_error *err);
/* Microseconds to wait after failed attempt number `attempt` (from 1): 100 ms doubled each time, at most 5 s, of which
 * `random` takes away up to a half. */
int64_t prt_retry_delay(int attempt, uint64_t random);
/* The next of a sequence of well mixed numbers (SplitMix64); any seed will do. */
uint64_t prt_retry_random(uint64_t *state);

#endif
