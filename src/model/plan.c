/* plan(snapshot, specs, now): finds the sets, and leads each of them through the steps. */
#include "model/plan.h"

#include <stdlib.h>
#include <string.h>

#include "model/ident.h"
#include "model/plan_subtree.h"
#include "model/render.h"

const char *const prt_op_names[PRT_OP_COUNT] = {
    [PRT_OP_CREATE] = "create",     [PRT_OP_DRAIN] = "drain",     [PRT_OP_DETACH] = "detach",
    [PRT_OP_FINALIZE] = "finalize", [PRT_OP_ARCHIVE] = "archive", [PRT_OP_DROP] = "drop",
    [PRT_OP_MOVE] = "move",         [PRT_OP_PURGE] = "purge",     [PRT_OP_REATTACH] = "reattach",
    [PRT_OP_ALTER] = "alter",       [PRT_OP_ANALYZE] = "analyze", [PRT_OP_HOOK] = "hook",
};

/* Beyond this difference of the clocks, nobody knows what has expired. */
#define MOST_DRIFT (10 * PRT_USEC_PER_SEC)

bool
prt_spec_wants_bytes(const prt_spec *spec)
{
    /* The functions hold and archive may look at a partition's size. */
    return spec->retention.kind == PRT_KEEP_BYTES || spec->alert_partition_bytes > 0 || spec->hooks.hold != NULL ||
           spec->hooks.archive != NULL;
}

size_t
prt_plan_operations(const prt_plan *plan)
{
    size_t sum = 0;
    for (size_t i = 0; i < plan->sets.length; i++)
        sum += plan->sets.items[i].operations.length;
    return sum;
}

size_t
prt_plan_findings(const prt_plan *plan, prt_severity at_least)
{
    size_t sum = 0;
    for (size_t i = 0; i < plan->sets.length; i++)
        for (size_t j = 0; j < plan->sets.items[i].findings.length; j++)
            sum += plan->sets.items[i].findings.items[j].severity >= at_least;
    return sum;
}

void
prt_plan_add(prt_worksite *site, prt_operation operation)
{
    if (prt_archive_settle(site, &operation))
        prt_plan_put(site, operation);
}

void
prt_plan_put(prt_worksite *site, prt_operation operation)
{
    if (site->set->parent->oid != 0) /* of a parent that is only thought of, nothing runs */
        prt_render(site->arena, site->planner->snapshot, site->set, &operation);
    prt_vec_push(site->arena, &site->set->operations, operation);
}

static void
refuse(prt_planner *planner, prt_set *set, prt_finding_code code, const char *hint, const char *message)
{
    prt_find_set(planner->arena, set, code, PRT_SEVERITY_ERROR, NULL, hint, message);
}

/* The column that the set is partitioned by. */
static bool
find_key(prt_planner *planner, prt_set *set)
{
    const prt_parent *parent = set->parent->parent;
    const char *wanted = set->spec->key.column;
    size_t index = wanted == NULL && set->exact ? 1 : 0; /* behind the tenant's */
    while (wanted != NULL && index < parent->columns &&
           (parent->key[index].name == NULL || strcmp(parent->key[index].name, wanted) != 0))
        index++;
    if (index >= parent->columns) {
        const char *name = parent->columns > 0 ? parent->key[0].name : NULL;
        refuse(planner, set, PRT_FINDING_UNSUPPORTED_KEY,
               name == NULL ? NULL
                            : prt_arena_printf(planner->arena, "it is partitioned by %s: correct the policy's key",
                                               prt_ident_display(planner->arena, NULL, name)),
               prt_arena_printf(planner->arena, "it is not partitioned by column %s",
                                prt_ident_display(planner->arena, NULL, wanted == NULL ? "?" : wanted)));
        return false;
    }
    if (index != set->exact || parent->key[index].name == NULL) {
        refuse(planner, set, PRT_FINDING_UNSUPPORTED_KEY, NULL,
               index != set->exact ? "its key has other columns before the one that the policy is about"
                                   : "it is partitioned by an expression, not by a column");
        return false;
    }
    prt_error err = {0};
    if (prt_key_init(&set->key, parent->key[index].name, parent->key[index].type, (int) parent->columns, (int) index,
                     &set->spec->key, set->spec->zone, &err)) {
        set->key.prefix = set->exact ? prt_literal_quote(planner->arena, set->tenant) : NULL;
        return true;
    }
    refuse(planner, set, PRT_FINDING_UNSUPPORTED_KEY, err.hint[0] ? prt_arena_strdup(planner->arena, err.hint) : NULL,
           prt_arena_strdup(planner->arena, err.message));
    return false;
}

static const prt_zone *
axis_zone(const prt_set *set)
{
    bool wall = set->key.kind == PRT_KEY_DATE || set->key.kind == PRT_KEY_TIMESTAMP || set->key.kind == PRT_KEY_ID;
    return wall ? NULL : set->spec->zone;
}

/* A cell has to begin and end at values that the key can hold. */
static bool
grid_fits(const prt_set *set)
{
    int64_t resolution = prt_key_resolution(&set->key);
    return set->grid.unit != PRT_UNIT_FIXED || resolution <= 1 ||
           (set->grid.step % resolution == 0 && set->grid.anchor % resolution == 0);
}

static bool
find_grid(prt_planner *planner, prt_set *set)
{
    const prt_spec *spec = set->spec;
    prt_arena *arena = planner->arena;
    prt_error err = {0};
    bool ids = set->key.kind == PRT_KEY_ID;
    if (spec->by_id != ids) {
        refuse(planner, set, PRT_FINDING_UNSUPPORTED_KEY,
               !ids ? "give an interval of time, such as \"1 day\""
               : strcmp(set->key.type, "smallint") == 0
                   ? "give the interval as a number of ids"
                   : "give the interval as a number of ids; for a column that holds epoch "
                     "seconds: key = { column = ..., epoch = \"s\" }",
               prt_arena_printf(arena, "the interval is %s, but column %s of type %s holds %s",
                                spec->by_id ? "a number of ids" : "a span of time",
                                prt_ident_display(arena, NULL, set->key.column), set->key.type, ids ? "ids" : "times"));
        return false;
    }
    bool ok = ids ? prt_grid_id(&set->grid, spec->id_step, spec->has_anchor ? spec->anchor : 0, &err)
                  : prt_grid_time(&set->grid, &spec->interval, spec->has_anchor ? &spec->anchor : NULL, axis_zone(set),
                                  &err);
    if (!ok) {
        refuse(planner, set, PRT_FINDING_UNSUPPORTED_KEY, err.hint[0] ? prt_arena_strdup(arena, err.hint) : NULL,
               prt_arena_strdup(arena, err.message));
        return false;
    }
    if (!grid_fits(set)) {
        refuse(planner, set, PRT_FINDING_UNSUPPORTED_KEY, "give a longer interval",
               prt_arena_printf(arena, "an interval of %s is finer than column %s of type %s can tell",
                                prt_interval_format(arena, &spec->interval),
                                prt_ident_display(arena, NULL, set->key.column), set->key.type));
        return false;
    }
    return true;
}

static bool
find_now(prt_planner *planner, prt_set *set)
{
    const char *highest = set->parent->parent->highest;
    if (set->exact && set->key.kind == PRT_KEY_ID) {
        refuse(planner, set, PRT_FINDING_UNSUPPORTED_KEY, "partition each tenant by time",
               "behind a tenant's column its key has to be a time: each tenant's ids have a \"now\" of their own");
        return false;
    }
    if (set->key.kind != PRT_KEY_ID) {
        set->now = prt_key_now(&set->key, planner->snapshot->now);
        return true;
    }
    if (planner->nest != NULL) /* the branch's own */
        return true;
    prt_error err = {0};
    prt_datum datum = {.kind = PRT_DATUM_VALUE, .text = highest, .sql = highest};
    if (set->parent->parent->highest_error != NULL)
        prt_fail(&err, PRT_ERR_VALUE, "%s", set->parent->parent->highest_error);
    else if (highest == NULL || prt_key_decode(&set->key, &datum, &set->now, &err))
        return true;
    refuse(planner, set, PRT_FINDING_UNSUPPORTED_KEY, NULL,
           prt_arena_printf(planner->arena, "its highest key cannot be read: %s", err.message));
    return false;
}

static void
sum_sizes(prt_set *set)
{
    set->bytes = -1;
    for (size_t i = 0; i < set->children_length; i++)
        if (set->children[i]->bytes >= 0)
            set->bytes = (set->bytes < 0 ? 0 : set->bytes) + set->children[i]->bytes;
}

static void
add_analyze(prt_worksite *site)
{
    const prt_spec *spec = site->spec;
    prt_instant now = site->planner->snapshot->now, analyzed = site->parent->analyzed;
    if (!spec->has_analyze || site->set->follows ||
        (analyzed != PRT_POS_MIN && prt_interval_add(analyzed, &spec->analyze, 1, spec->zone) > now))
        return;
    const char *reason = "never analyzed";
    if (analyzed != PRT_POS_MIN)
        reason = prt_arena_printf(site->arena, "analyzed %s ago", prt_duration_display(site->arena, now - analyzed));
    prt_plan_add(site, (prt_operation) {.op = PRT_OP_ANALYZE,
                                        .schema = site->set->schema,
                                        .name = site->set->table,
                                        .oid = site->set->parent->oid,
                                        .table = site->set->parent,
                                        .reason = reason,
                                        .bytes = -1,
                                        .rows = -1});
}

static void
plan_operations(prt_worksite *site)
{
    const prt_plan_options *options = site->planner->options;
    bool by_hand = options->retire != NULL, ensure = options->ensure_from != NULL;
    prt_plan_nests(site);
    if (!options->retire_only && !by_hand) {
        prt_plan_creations(site);
        prt_plan_repairs(site);
    }
    if (options->create_only || ensure)
        return;
    if (!site->planner->drift) {
        prt_plan_pending(site);
        prt_plan_waiting(site);
        prt_plan_retirements(site);
        prt_plan_purges(site);
    }
    if (!options->retire_only && !by_hand)
        add_analyze(site);
}

/* Two policies would undo each other's work. */
static bool
claim(prt_planner *planner, prt_set *set)
{
    if (prt_name_set_add(planner->arena, &planner->parents, set->schema, set->table))
        return true;
    refuse(planner, set, PRT_FINDING_NAME_COLLISION, "name each table in one policy only",
           "another policy of this run already looks after this table");
    return false;
}

void
prt_plan_set(prt_planner *planner, prt_set *set)
{
    if ((!set->follows && !claim(planner, set)) || !find_key(planner, set) || !find_grid(planner, set) ||
        !find_now(planner, set))
        return;
    set->plannable = true;
    prt_worksite site = {.planner = planner,
                         .arena = planner->arena,
                         .set = set,
                         .spec = set->spec,
                         .parent = set->parent->parent,
                         .axis_zone = axis_zone(set)};
    prt_waiting_find(&site);
    prt_cover_read(&site);
    sum_sizes(set);
    set->horizon = prt_cover_end(&site, set->now, false);
    set->runway = set->horizon == PRT_POS_MAX ? PRT_POS_MAX : prt_pos_distance(set->now, set->horizon);
    if (planner->snapshot->standby)
        return;
    if (set->unknown_tenant) {
        prt_plan_unknown(&site);
        return;
    }
    prt_subtree_begin(&site);
    prt_expire_mark(&site);
    plan_operations(&site);
    prt_plan_observe(&site);
}

prt_set *
prt_plan_add_set(prt_planner *planner, const prt_table *table, const prt_spec *spec)
{
    prt_set set = {.spec = spec, .parent = table, .schema = table->schema, .table = table->name, .bytes = -1};
    if (table->parent != NULL) {
        set.children = table->parent->children;
        set.children_length = table->parent->children_length;
    }
    prt_vec_push(planner->arena, &planner->plan->sets, set);
    return &planner->plan->sets.items[planner->plan->sets.length - 1];
}

/* Every RANGE parent at or below `table` becomes a set. */
static size_t
add_sets(prt_planner *planner, const prt_table *table, const prt_spec *spec)
{
    if (table->parent == NULL || table->detach_pending)
        return 0;
    if (table->parent->strategy == 'r') {
        prt_plan_set(planner, prt_plan_add_set(planner, table, spec));
        return 1;
    }
    size_t sum = 0;
    for (size_t i = 0; i < table->parent->children_length; i++)
        sum += add_sets(planner, table->parent->children[i], spec);
    return sum;
}

static void
plan_root(prt_planner *planner, const prt_table *root, const prt_spec *spec, const prt_tenant_list *tenants)
{
    const char *message, *hint = NULL;
    planner->nobody = tenants != NULL && tenants->length == 0;
    if (tenants != NULL && tenants->error != NULL) {
        prt_find_set(
            planner->arena, prt_plan_add_set(planner, root, spec), PRT_FINDING_UNKNOWN_TENANT, PRT_SEVERITY_ERROR, NULL,
            tenants->hint,
            prt_arena_printf(planner->arena, "nothing is done, because its tenants are not known: %s", tenants->error));
        return;
    }
    if (root->kind == 0) {
        message = "the table does not exist";
        hint = "correct the policy's table, or connect to another database";
    } else if (root->parent == NULL) {
        message = "the table is not partitioned";
        hint = "create it with PARTITION BY RANGE (...)";
    } else if ((tenants != NULL ? prt_tenants_add_sets(planner, root, spec, tenants) : add_sets(planner, root, spec)) !=
               0) {
        return;
    } else {
        message = "no level of it is partitioned by range";
        hint = "partrun keeps RANGE partitions, also below LIST and HASH ones";
    }
    refuse(planner, prt_plan_add_set(planner, root, spec), PRT_FINDING_NOT_PARTITIONED, hint, message);
}

static int
compare_waiting(const void *a, const void *b)
{
    const prt_marker *x = &(*(const prt_waiting *const *) a)->marker, *y = &(*(const prt_waiting *const *) b)->marker;
    int order = strcmp(x->parent_schema, y->parent_schema);
    return order != 0 ? order : strcmp(x->parent_name, y->parent_name);
}

static void
sort_waiting(prt_planner *planner)
{
    const prt_snapshot *snapshot = planner->snapshot;
    planner->waiting = prt_arena_array(planner->arena, snapshot->waiting_length + 1, sizeof(const prt_waiting *));
    for (size_t i = 0; i < snapshot->waiting_length; i++)
        planner->waiting[i] = &snapshot->waiting[i];
    if (snapshot->waiting_length > 1)
        qsort(planner->waiting, snapshot->waiting_length, sizeof(const prt_waiting *), compare_waiting);
}

static void
find_clocks(prt_planner *planner)
{
    const prt_snapshot *snapshot = planner->snapshot;
    if (planner->plan->sets.length == 0)
        return;
    prt_set *first = &planner->plan->sets.items[0];
    if (snapshot->standby)
        prt_find_set(planner->arena, first, PRT_FINDING_STANDBY, PRT_SEVERITY_INFO, snapshot->database, NULL,
                     "the server is a standby: nothing is done until it is promoted");
    else if (planner->drift)
        prt_find_set(planner->arena, first, PRT_FINDING_CLOCK_DRIFT, PRT_SEVERITY_ERROR, snapshot->database,
                     "set both clocks by NTP",
                     prt_arena_printf(planner->arena,
                                      "the server's clock is %s %s of this machine's: nothing is retired in this run",
                                      prt_duration_display(planner->arena, llabs(snapshot->clock_skew)),
                                      snapshot->clock_skew > 0 ? "ahead" : "behind"));
}

static bool
check_requests(const prt_planner *planner, prt_error *err)
{
    bool asked = planner->options->retire != NULL && !planner->snapshot->standby && !planner->drift;
    for (size_t i = 0; asked && planner->options->retire[i] != NULL; i++)
        if (!planner->requested[i]) {
            prt_fail(err, PRT_ERR_USAGE, "no partition %s belongs to these policies", planner->options->retire[i]);
            return prt_fail_hint(err, "name attached partitions as \"partrun stats\" shows them");
        }
    return true;
}

bool
prt_plan_make(prt_arena *arena, const prt_snapshot *snapshot, const prt_spec *const *specs,
              const prt_plan_options *options, prt_plan **out, prt_error *err)
{
    static const prt_plan_options usual = {0};
    prt_plan *plan = PRT_NEW(arena, prt_plan);
    *plan = (prt_plan) {.arena = arena, .snapshot = snapshot, .now = snapshot->now};
    prt_planner planner = {
        .arena = arena, .plan = plan, .snapshot = snapshot, .options = options == NULL ? &usual : options};
    planner.drift = snapshot->clock_skew > MOST_DRIFT || snapshot->clock_skew < -MOST_DRIFT;
    size_t requests = 0;
    while (planner.options->retire != NULL && planner.options->retire[requests] != NULL)
        requests++;
    planner.requested = prt_arena_array(arena, requests + 1, sizeof *planner.requested);
    sort_waiting(&planner);
    for (size_t i = 0; i < snapshot->roots_length; i++) {
        planner.sub_values = snapshot->sub_values == NULL ? NULL : snapshot->sub_values[i];
        plan_root(&planner, snapshot->roots[i], specs[i], snapshot->tenants == NULL ? NULL : snapshot->tenants[i]);
        prt_plan_nested_sets(&planner);
    }
    find_clocks(&planner);
    prt_plan_fingerprint(plan, specs);
    *out = plan;
    return check_requests(&planner, err);
}
