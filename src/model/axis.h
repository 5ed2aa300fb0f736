/* Which column of a RANGE key its partitions are cut by, as far as the bounds alone tell. */
#ifndef PRT_MODEL_AXIS_H
#define PRT_MODEL_AXIS_H

#include "model/tree.h"

/* The value of the first column where a RANGE bound of several columns has the same one at both ends: RANGE (tenant, time).
 * NULL: it has not. */
const char *prt_bound_tenant(const prt_bound *bound);
/* 1 when most partitions have such a value, so that the second column is what they are ranges of; otherwise 0. */
int prt_parent_axis(const prt_parent *parent);

#endif
