/* The machine's clocks. Model code never calls them: time is handed in. */
#ifndef PRT_BASE_CLOCK_H
#define PRT_BASE_CLOCK_H

#include <stdint.h>

int64_t prt_clock_wall(void);      /* microseconds since the Unix epoch */
int64_t prt_clock_monotonic(void); /* microseconds, for deadlines */

#endif
