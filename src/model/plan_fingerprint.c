/* The fingerprint of a plan: of what it was made from and what it does; not of now, sizes or row counts, so that a plan
 * saved in the morning still holds in the afternoon when nothing that matters has changed. */
#include <inttypes.h>
#include <stdio.h>

#include "base/hash.h"
#include "model/plan_set.h"

static uint64_t
hash_int(uint64_t hash, int64_t value)
{
    return prt_hash_mem(hash, &value, sizeof value);
}

static uint64_t
hash_interval(uint64_t hash, const prt_interval *interval)
{
    return hash_int(hash_int(hash_int(hash, interval->months), interval->days), interval->usec);
}

static uint64_t
hash_key(uint64_t hash, const prt_key_options *key)
{
    hash = hash_int(prt_hash_str(hash, key->column), key->epoch_per_sec);
    hash = hash_int(hash_int(hash_int(hash, key->snowflake), key->snowflake_shift), key->snowflake_epoch);
    return hash_int(hash, key->encode != NULL);
}

static uint64_t
hash_retirement(uint64_t hash, const prt_spec *spec)
{
    hash = hash_interval(hash_int(hash, spec->retention.kind), &spec->retention.age);
    hash = hash_int(hash_int(hash, spec->retention.amount), spec->cleanup);
    hash = hash_int(prt_hash_str(hash, spec->cleanup_schema), spec->cleanup_indexes);
    hash = hash_interval(hash, &spec->grace);
    hash = hash_int(hash_int(hash, spec->max_drop.kind), spec->max_drop.amount);
    return hash_int(hash_int(hash, spec->hooks.retention != NULL), spec->hooks.hold != NULL);
}

static uint64_t
hash_archive(uint64_t hash, const prt_spec *spec)
{
    const char *const *columns = spec->archive.columns;
    hash = prt_hash_str(prt_hash_str(hash, spec->archive.url), spec->archive.format);
    for (size_t i = 0; columns != NULL && columns[i] != NULL; i++)
        hash = prt_hash_str(hash, columns[i]);
    return hash_int(hash, spec->hooks.archive != NULL);
}

static uint64_t
hash_values(uint64_t hash, const prt_tenant *list, size_t length, const char *query)
{
    hash = hash_int(prt_hash_str(hash, query), (int64_t) length);
    for (size_t i = 0; i < length; i++) {
        hash = hash_int(hash, (int64_t) list[i].fields_length);
        for (size_t j = 0; j < list[i].fields_length; j++) {
            const prt_tenant_field *field = &list[i].fields[j];
            hash = prt_hash_str(hash_int(prt_hash_str(hash, field->name), field->kind), field->text);
        }
    }
    return hash;
}

/* Who the tenants are is seen from the operations: a tenant that nothing is done for changes nothing. */
static uint64_t
hash_tenants(uint64_t hash, const prt_spec *spec)
{
    const prt_tenant_spec *tenant = &spec->tenant;
    const prt_sub_spec *sub = &spec->subpartition;
    hash = hash_values(prt_hash_str(hash, tenant->key), tenant->list, tenant->list_length, tenant->query);
    hash = hash_interval(hash_int(hash, tenant->drop_unknown), &tenant->drop_after);
    hash = hash_int(hash_int(hash_int(hash, spec->purge.batch), spec->purge.pause_ms), spec->purge.max_rows);
    hash = hash_int(hash_int(prt_hash_str(hash, sub->column), sub->kind), sub->modulus);
    hash = hash_values(hash, sub->list, sub->list_length, sub->query);
    return hash_int(hash_interval(hash_int(hash, sub->by_id), &sub->interval), sub->id_step);
}

static uint64_t
hash_shape(uint64_t hash, const prt_spec *spec)
{
    hash = hash_int(prt_hash_str(hash, spec->naming.text), spec->naming.make != NULL);
    hash = hash_int(prt_hash_str(hash, spec->template_table), spec->default_partition);
    hash = prt_hash_str(hash, spec->tablespace);
    for (size_t i = 0; i < spec->storage_length; i++)
        hash = prt_hash_str(prt_hash_str(hash, spec->storage[i].name), spec->storage[i].value);
    return hash_int(hash_int(hash, spec->inherit_privileges), spec->inherit_rls);
}

static uint64_t
hash_spec(uint64_t hash, const prt_spec *spec)
{
    hash = hash_key(prt_hash_str(hash, spec->name), &spec->key);
    hash = hash_interval(hash_int(hash, spec->by_id), &spec->interval);
    hash = hash_int(hash_int(hash, spec->id_step), spec->has_anchor ? spec->anchor : 0);
    hash = prt_hash_str(hash_int(hash, spec->has_anchor), prt_zone_name(spec->zone));
    hash = hash_int(hash_int(hash_int(hash, spec->premake), spec->backfill), spec->max_create);
    hash = hash_tenants(hash_archive(hash_retirement(hash, spec), spec), spec);
    hash = hash_shape(hash, spec);
    hash = hash_interval(hash_int(hash, spec->has_analyze), &spec->analyze);
    return hash_int(hash, spec->hooks.actions);
}

static bool
hash_table(void *data, const prt_table *table)
{
    uint64_t *hash = data;
    *hash = hash_int(prt_hash_str(prt_hash_str(*hash, table->schema), table->name), table->oid);
    *hash = prt_hash_str(hash_int(hash_int(*hash, table->kind), table->detach_pending), table->bound_text);
    return true;
}

static uint64_t
hash_level(uint64_t hash, const prt_sublevel *level)
{
    for (size_t i = 0; level != NULL && i < level->length; i++) {
        const struct prt_subpartition *child = &level->children[i];
        hash = hash_level(prt_hash_str(prt_hash_str(hash, child->name), child->bound), child->below);
    }
    return hash;
}

static uint64_t
hash_operation(uint64_t hash, const prt_operation *o)
{
    hash = prt_hash_str(prt_hash_str(hash_int(hash, o->op), o->schema), o->name);
    hash = prt_hash_str(hash_int(hash_int(hash, o->oid), o->has_range), o->bound);
    hash = hash_level(hash_int(hash, o->branch == NULL ? 0 : o->branch->oid), o->below);
    if (o->archive != NULL)
        hash = prt_hash_str(prt_hash_str(hash, o->archive->url), o->archive->format);
    hash = prt_hash_str(hash, o->destination);
    if (o->purge != NULL) /* its range moves on with the clock */
        return prt_hash_str(hash, o->purge->id);
    return o->has_range ? prt_hash_str(prt_hash_str(hash, o->range.from.sql), o->range.to.sql) : hash;
}

void
prt_plan_fingerprint(prt_plan *plan, const prt_spec *const *specs)
{
    const prt_snapshot *snapshot = plan->snapshot;
    uint64_t hash = prt_hash_str(prt_hash_str(PRT_HASH_INIT, snapshot->system), snapshot->database);
    for (size_t i = 0; i < snapshot->roots_length; i++) {
        hash = hash_spec(hash, specs[i]);
        prt_table_walk(snapshot->roots[i], hash_table, &hash);
    }
    for (size_t i = 0; i < plan->sets.length; i++) {
        const prt_set *set = &plan->sets.items[i];
        hash = prt_hash_str(prt_hash_str(prt_hash_str(hash, set->schema), set->table), set->tenant);
        for (size_t j = 0; j < set->operations.length; j++)
            hash = hash_operation(hash, &set->operations.items[j]);
    }
    snprintf(plan->fingerprint, sizeof plan->fingerprint, "%016" PRIx64, hash);
}
