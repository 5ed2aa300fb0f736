#include "model/plan_subtree.h"

void
prt_subtree_tenant(prt_planner *planner, const prt_table *root, const prt_spec *spec, const prt_tenant *tenant)
{
    prt_set *set = prt_plan_add_set(planner, root, spec);
    set->tenant = tenant->id;
    set->tenant_row = tenant;
    prt_find_set(planner->arena, set, PRT_FINDING_MISSING, PRT_SEVERITY_ERROR, NULL, NULL,
                 "the tenant has no LIST partition");
}
