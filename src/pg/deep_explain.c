#include <jansson.h>
#include <string.h>

#include "model/ident.h"
#include "pg/deep.h"

/* True when the table is `table` itself or lies below it. */
static bool
holds(const prt_table *table, const char *schema, const char *name)
{
    if (strcmp(table->name, name) == 0 && strcmp(table->schema, schema) == 0)
        return true;
    for (size_t i = 0; table->parent != NULL && i < table->parent->children_length; i++)
        if (holds(table->parent->children[i], schema, name))
            return true;
    return false;
}

typedef struct count {
    const prt_parent *parent;
    bool *read; /* by child */
    size_t partitions;
} count;

static void
count_relation(count *c, const char *schema, const char *name)
{
    for (size_t i = 0; i < c->parent->children_length; i++) {
        if (c->read[i] || !holds(c->parent->children[i], schema, name))
            continue;
        c->read[i] = true;
        c->partitions++;
    }
}

static void
count_nodes(count *c, const json_t *json)
{
    const char *name = json_string_value(json_object_get(json, "Relation Name"));
    const char *schema = json_string_value(json_object_get(json, "Schema"));
    if (name != NULL && schema != NULL)
        count_relation(c, schema, name);
    const char *key;
    json_t *value;
    size_t index;
    if (json_is_object(json)) {
        json_object_foreach((json_t *) (uintptr_t) json, key, value)
        {
            count_nodes(c, value);
        }
    } else if (json_is_array(json)) {
        json_array_foreach(json, index, value)
        {
            count_nodes(c, value);
        }
    }
}

static bool
read_explain(prt_deep *deep, const prt_set *set, const PGresult *result, size_t *partitions, prt_error *err)
{
    json_error_t why;
    json_t *json = json_loads(PQgetvalue(result, 0, 0), 0, &why);
    if (json == NULL)
        return prt_fail(err, PRT_ERR_FAILED, "EXPLAIN gave what is not JSON: %s", why.text);
    count c = {.parent = set->parent->parent};
    c.read = prt_arena_array(deep->arena, c.parent->children_length + 1, sizeof *c.read);
    count_nodes(&c, json);
    json_decref(json);
    *partitions = c.partitions;
    return true;
}

bool
prt_deep_explain(prt_deep *deep, const prt_set *set, const char *condition, bool pruning, size_t *partitions,
                 prt_error *err)
{
    prt_error ignored = {0};
    const char *sql = prt_arena_printf(deep->arena,
                                       "EXPLAIN (FORMAT JSON, VERBOSE, COSTS OFF) SELECT 1 FROM %s WHERE %s",
                                       prt_ident_qualify(deep->arena, set->schema, set->table), condition);
    if (!prt_exec(deep->conn, "BEGIN READ ONLY", err))
        return false;
    PGresult *result = NULL;
    bool ok = (!pruning || prt_exec(deep->conn, "SET LOCAL enable_partition_pruning = on", err)) &&
              prt_query(deep->conn, sql, 0, NULL, &result, err) && read_explain(deep, set, result, partitions, err);
    PQclear(result);
    bool ended = prt_exec(deep->conn, "ROLLBACK", &ignored);
    if (!ended && err->code == PRT_OK)
        *err = ignored;
    return ok && ended;
}
