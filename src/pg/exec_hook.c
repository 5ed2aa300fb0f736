/* Action hooks of policies: what they are told, and when they are there at all. */
#include "pg/exec.h"

bool
prt_hook_wanted(const prt_set *set, prt_hook hook)
{
    return set->spec->hooks.action != NULL && (set->spec->hooks.actions & (1u << hook)) != 0;
}

bool
prt_hook_call(prt_executor *x, prt_task task, prt_hook hook, const char *state, const prt_error *cause, prt_error *err)
{
    const prt_set *set = prt_exec_set(x, task);
    if (!prt_hook_wanted(set, hook))
        return true;
    const prt_operation *op = prt_exec_operation(x, task);
    const char *tenant = op->purge != NULL ? op->purge->tenant : set->tenant;
    prt_hook_context context = {.spec = set->spec,
                                .schema = set->schema,
                                .table = set->table,
                                .key = &set->key,
                                .tenant = op->purge != NULL ? prt_tenant_find(set->tenants, tenant) : set->tenant_row,
                                .now = x->result->plan->now};
    prt_hook_partition partition = {.schema = op->schema,
                                    .name = op->name,
                                    .range = op->range,
                                    .bytes = op->bytes,
                                    .rows = op->rows,
                                    .state = state,
                                    .tenant = tenant,
                                    .archive = op->archived};
    if (!op->has_range) {
        partition.range.from = (prt_end) {.pos = PRT_POS_MIN, .sql = "MINVALUE"};
        partition.range.to = (prt_end) {.pos = PRT_POS_MAX, .sql = "MAXVALUE"};
    }
    if (set->spec->hooks.action(set->spec->hooks.data, hook, &context, &partition, cause, err))
        return true;
    prt_fail(err, PRT_ERR_FAILED, "the hook %s failed", prt_hook_names[hook]);
    return prt_fail_hint(err, "raised by %s of policy %s", prt_hook_names[hook], set->spec->name);
}
