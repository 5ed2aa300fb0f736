/* The plan as JSON: PRODUCT's `plan --format json`. */
#include "model/ident.h"
#include "model/plan.h"

static json_t *
text(const char *value)
{
    return value == NULL ? json_null() : json_string(value);
}

static json_t *
position(prt_arena *arena, const prt_key *key, prt_pos at)
{
    if (at == PRT_POS_MIN || at == PRT_POS_MAX)
        return json_null();
    return prt_key_is_time(key) ? json_string(prt_instant_format(arena, at)) : json_integer(at);
}

static json_t *
amount(int64_t value)
{
    return value < 0 ? json_null() : json_integer(value);
}

static json_t *
sublevel_json(prt_arena *arena, const char *schema, const prt_sublevel *level)
{
    json_t *list = json_array();
    for (size_t i = 0; i < level->length; i++) {
        const struct prt_subpartition *child = &level->children[i];
        json_t *object = json_object();
        json_object_set_new(object, "partition", json_string(prt_ident_display(arena, schema, child->name)));
        json_object_set_new(object, "bound", json_string(child->bound));
        if (child->below != NULL)
            json_object_set_new(object, "subpartitions", sublevel_json(arena, schema, child->below));
        json_array_append_new(list, object);
    }
    return list;
}

json_t *
prt_operation_json(prt_arena *arena, const prt_set *set, const prt_operation *o)
{
    json_t *sql = json_array();
    for (size_t i = 0; i < o->statements_length; i++)
        json_array_append_new(sql, json_string(o->statements[i].sql));
    json_t *object = json_object();
    json_object_set_new(object, "op", json_string(prt_op_names[o->op]));
    json_object_set_new(object, "partition", json_string(prt_ident_display(arena, o->schema, o->name)));
    json_object_set_new(object, "from", o->has_range ? position(arena, &set->key, o->range.from.pos) : json_null());
    json_object_set_new(object, "to", o->has_range ? position(arena, &set->key, o->range.to.pos) : json_null());
    json_object_set_new(object, "reason", text(o->reason));
    json_object_set_new(object, "lock", text(o->lock));
    json_object_set_new(object, "bytes", amount(o->bytes));
    json_object_set_new(object, "rows", amount(o->rows));
    json_object_set_new(object, "sql", sql);
    if (o->below != NULL)
        json_object_set_new(object, "subpartitions", sublevel_json(arena, o->schema, o->below));
    return object;
}

json_t *
prt_finding_json(const prt_finding *finding)
{
    json_t *object = json_object();
    json_object_set_new(object, "code", json_string(prt_finding_names[finding->code]));
    json_object_set_new(object, "severity", json_string(prt_severity_names[finding->severity]));
    json_object_set_new(object, "object", text(finding->object));
    json_object_set_new(object, "message", text(finding->message));
    json_object_set_new(object, "hint", text(finding->hint));
    return object;
}

static json_t *
set_json(prt_arena *arena, const prt_set *set)
{
    json_t *operations = json_array(), *findings = json_array();
    for (size_t i = 0; i < set->operations.length; i++)
        json_array_append_new(operations, prt_operation_json(arena, set, &set->operations.items[i]));
    for (size_t i = 0; i < set->findings.length; i++)
        json_array_append_new(findings, prt_finding_json(&set->findings.items[i]));
    json_t *object = json_object();
    json_object_set_new(object, "policy", text(set->spec->name));
    json_object_set_new(object, "table", json_string(prt_ident_display(arena, set->schema, set->table)));
    json_object_set_new(object, "tenant", text(set->tenant));
    json_object_set_new(object, "operations", operations);
    json_object_set_new(object, "findings", findings);
    return object;
}

json_t *
prt_plan_json(const prt_plan *plan)
{
    json_t *sets = json_array(), *object = json_object();
    for (size_t i = 0; i < plan->sets.length; i++)
        json_array_append_new(sets, set_json(plan->arena, &plan->sets.items[i]));
    json_object_set_new(object, "version", json_integer(1));
    json_object_set_new(object, "now", json_string(prt_instant_format(plan->arena, plan->now)));
    json_object_set_new(object, "database", text(plan->snapshot->database));
    json_object_set_new(object, "fingerprint", json_string(plan->fingerprint));
    json_object_set_new(object, "sets", sets);
    return object;
}
