/* How long a Lua pattern could take: its matcher backtracks in C, where no budget reaches it. */
#ifndef PRT_POLICY_PATTERN_H
#define PRT_POLICY_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/* An upper bound of the steps that matching `pattern` against `subject` bytes takes. `may_anchor`: a leading ^ anchors. */
double prt_pattern_cost(const char *pattern, size_t length, size_t subject, bool may_anchor);
bool prt_pattern_is_plain(const char *pattern, size_t length);

#endif
