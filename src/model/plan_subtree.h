/* What is built beneath new partitions and tenants before they are attached. */
#ifndef PRT_MODEL_PLAN_SUBTREE_H
#define PRT_MODEL_PLAN_SUBTREE_H

#include "model/plan_set.h"

/* Adds the set of a tenant that has no LIST partition under `root`: one creation, of its branch with all that belongs below. */
void prt_subtree_tenant(prt_planner *planner, const prt_table *root, const prt_spec *spec, const prt_tenant *tenant);

#endif
