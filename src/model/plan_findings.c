/* Findings: how they are made, and those that need the whole picture of a set. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "model/acl.h"
#include "model/ident.h"
#include "model/plan_set.h"

void
prt_find_set(prt_arena *arena, prt_set *set, prt_finding_code code, prt_severity severity, const char *object,
             const char *hint, const char *message)
{
    prt_finding finding = {.code = code, .severity = severity, .object = object, .message = message, .hint = hint};
    if (object == NULL)
        finding.object = prt_ident_display(arena, set->schema, set->table);
    prt_vec_push(arena, &set->findings, finding);
}

void
prt_find(prt_worksite *site, prt_finding_code code, prt_severity severity, const char *object, const char *hint,
         const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    /* A hint may live in an error on the caller's stack. */
    prt_find_set(site->arena, site->set, code, severity, object, prt_arena_strdup(site->arena, hint),
                 prt_arena_strdup(site->arena, text));
}

const char *
prt_site_name(const prt_worksite *site, const prt_table *table)
{
    bool same = strcmp(table->schema, site->set->schema) == 0;
    return prt_ident_display(site->arena, same ? NULL : table->schema, table->name);
}

/* What is missing below a branch: rows that arrive now have nowhere to go, or it can wait. */
static prt_severity
severity_of_repair(const prt_worksite *site, const prt_operation *o)
{
    const prt_range *range = o->has_range ? &o->range : NULL;
    for (size_t i = 0; range == NULL && i < site->length; i++)
        if (site->pieces[i].table == o->branch)
            range = &site->pieces[i].range;
    bool now = range != NULL && range->from.pos <= site->set->now && site->set->now < range->to.pos;
    return now ? PRT_SEVERITY_ERROR : PRT_SEVERITY_WARNING;
}

/* What `check` says about work to be done. */
static void
observe_operation(prt_worksite *site, const prt_operation *o)
{
    const char *name = prt_ident_display(site->arena, NULL, o->name);
    const char *range = o->has_range ? prt_range_display(site->arena, &site->set->key, &o->range) : "";
    bool creates = o->op == PRT_OP_CREATE || o->op == PRT_OP_DRAIN;
    bool retires = o->op == PRT_OP_DROP || o->op == PRT_OP_DETACH || o->op == PRT_OP_MOVE || o->op == PRT_OP_ARCHIVE;
    if (creates && strcmp(o->reason, "gap") == 0)
        prt_find(site, PRT_FINDING_GAP, PRT_SEVERITY_WARNING, name, "apply creates it", "a hole: nothing covers %s",
                 range);
    else if (creates && o->branch != NULL)
        prt_find(site, PRT_FINDING_MISSING, severity_of_repair(site, o), name, "apply creates it",
                 "%s is missing in %s", o->bound, prt_site_name(site, o->branch));
    else if (creates && o->has_range && site->set->outer != NULL)
        prt_find(site, PRT_FINDING_MISSING, severity_of_repair(site, o), name, "apply creates it", "%s is missing (%s)",
                 range, o->reason);
    else if (creates && o->has_range)
        prt_find(site, PRT_FINDING_MISSING,
                 strcmp(o->reason, "current") == 0 ? PRT_SEVERITY_ERROR : PRT_SEVERITY_WARNING, name,
                 "apply creates it", "%s is missing (%s)", range, o->reason);
    else if (creates)
        prt_find(site, PRT_FINDING_MISSING, PRT_SEVERITY_WARNING, name, "apply creates it",
                 "the default partition is missing");
    else if (o->op == PRT_OP_REATTACH)
        prt_find(site, PRT_FINDING_MISSING, PRT_SEVERITY_WARNING, name, "apply attaches it again",
                 "%s is missing: its partition is detached, but %s", range, o->reason);
    else if (retires)
        prt_find(site, PRT_FINDING_EXPIRED, PRT_SEVERITY_WARNING, name, "apply retires it", "%s is %s", range,
                 o->reason);
}

static bool
drains(const prt_set *set)
{
    for (size_t i = 0; i < set->operations.length; i++)
        if (set->operations.items[i].op == PRT_OP_DRAIN)
            return true;
    return false;
}

/* Rows in the default partition: the planner's estimate where there is one, else what its size suggests. */
static int64_t
estimate_rows(const prt_worksite *site, const prt_table *table)
{
    if (table->rows >= 0)
        return table->rows;
    /* An empty one has a page in each of its indexes, the TOAST table's included. */
    int64_t empty = INT64_C(8192) * (site->parent->locks_per_child + 1), row = 100;
    return table->bytes <= empty ? 0 : (table->bytes - empty) / row;
}

static void
observe_default(prt_worksite *site)
{
    /* An apply that moves them has nothing to report: what stays behind is seen by the next look. */
    if (site->set->default_table == NULL || (!site->planner->options->checking && drains(site->set)))
        return;
    int64_t rows = estimate_rows(site, site->set->default_table);
    if (rows > 0)
        prt_find(site, PRT_FINDING_DEFAULT_NOT_EMPTY,
                 rows > site->spec->alert_default_rows ? PRT_SEVERITY_WARNING : PRT_SEVERITY_INFO,
                 prt_site_name(site, site->set->default_table),
                 site->spec->default_partition == PRT_DEFAULT_DRAIN
                     ? NULL
                     : "default = \"drain\" moves them when their partition is made",
                 "%s holds about %" PRId64 " row%s", prt_site_name(site, site->set->default_table), rows,
                 rows == 1 ? "" : "s");
}

/* Where the cover has to reach, by the policy's threshold: one interval unless it says otherwise. */
static prt_pos
wanted_horizon(const prt_worksite *site)
{
    const prt_spec *spec = site->spec;
    if (spec->has_alert_runway && prt_key_is_time(&site->set->key))
        return prt_interval_add(site->set->now, &spec->alert_runway, 1, site->axis_zone);
    if (spec->premake == 0)
        return site->set->now;
    return spec->by_id ? prt_pos_add(site->set->now, spec->id_step)
                       : prt_interval_add(site->set->now, &spec->interval, 1, site->axis_zone);
}

static void
observe_runway(prt_worksite *site)
{
    const prt_set *set = site->set;
    bool checking = site->planner->options->checking;
    prt_pos end = prt_cover_end(site, set->now, !checking);
    const char *hint = checking ? "apply creates what is missing" : "see the other findings of this set";
    if (end == set->now) {
        bool saved = set->default_table != NULL;
        const char *at = set->key.kind == PRT_KEY_ID ? prt_pos_display(site->arena, &set->key, set->now)
                                                     : prt_arena_printf(site->arena, "%s, which is now",
                                                                        prt_second_display(site->arena, set->now));
        prt_find(site, PRT_FINDING_LOW_RUNWAY, saved ? PRT_SEVERITY_WARNING : PRT_SEVERITY_ERROR, NULL, hint,
                 "no partition holds %s: %s", at, saved ? "rows go into the default partition" : "inserts fail");
    } else if (end < wanted_horizon(site)) {
        const char *left = set->key.kind == PRT_KEY_ID
                               ? prt_arena_printf(site->arena, "%" PRId64 " ids", prt_pos_distance(set->now, end))
                               : prt_duration_display(site->arena, prt_pos_distance(set->now, end));
        prt_find(site, PRT_FINDING_LOW_RUNWAY, PRT_SEVERITY_WARNING, NULL, hint,
                 "partitions reach only %s ahead, to %s", left, prt_pos_display(site->arena, &set->key, end));
    }
}

/* Grants that cannot be read cannot be given: better said than left out in silence. */
static void
observe_privileges(prt_worksite *site)
{
    prt_grant *grants;
    size_t length;
    prt_error err = {0};
    if (site->spec->inherit_privileges && !prt_acl_parse(site->arena, site->parent->acl, &grants, &length, &err))
        prt_find(site, PRT_FINDING_PRIVILEGES, PRT_SEVERITY_ERROR, NULL, "grant them by hand",
                 "new partitions get no privileges: %s", err.message);
}

static void
observe_indexes(prt_worksite *site)
{
    for (const char **index = site->parent->invalid_indexes; index != NULL && *index != NULL; index++)
        prt_find(site, PRT_FINDING_INVALID_INDEX, PRT_SEVERITY_WARNING, prt_ident_display(site->arena, NULL, *index),
                 "create the index that is missing on a partition and attach it, or REINDEX",
                 "the index is invalid: not every partition has a valid one");
}

static void
observe_sizes(prt_worksite *site)
{
    for (size_t i = 0; site->spec->alert_partition_bytes > 0 && i < site->length; i++) {
        const prt_table *table = site->pieces[i].table;
        if (table->bytes > site->spec->alert_partition_bytes)
            prt_find(site, PRT_FINDING_OVERSIZE, PRT_SEVERITY_WARNING, prt_site_name(site, table),
                     "choose a shorter interval",
                     "it has %" PRId64 " bytes, more than the %" PRId64 " of the policy's alert", table->bytes,
                     site->spec->alert_partition_bytes);
    }
}

static void
observe_likeness(prt_worksite *site)
{
    const prt_parent *parent = site->parent;
    for (size_t i = 0; i < site->set->children_length; i++) {
        const prt_table *child = site->set->children[i];
        if (child->owner != NULL && parent->owner != NULL && strcmp(child->owner, parent->owner) != 0)
            prt_find(site, PRT_FINDING_OWNER, PRT_SEVERITY_WARNING, prt_site_name(site, child),
                     "ALTER TABLE ... OWNER TO", "it belongs to %s, its parent to %s",
                     prt_ident_display(site->arena, NULL, child->owner),
                     prt_ident_display(site->arena, NULL, parent->owner));
        if (child->kind == 'r' && child->replica_identity != 0 && child->replica_identity != parent->replica_identity)
            prt_find(site, PRT_FINDING_REPLICA_IDENTITY, PRT_SEVERITY_WARNING, prt_site_name(site, child),
                     "ALTER TABLE ... REPLICA IDENTITY", "its replica identity differs from its parent's");
    }
}

/* Partitions that were made before the policy asked for privileges, or whose parent has got others since. */
static void
observe_grants(prt_worksite *site)
{
    enum { SHOWN = 3 };
    prt_buf names;
    prt_buf_init(&names, site->arena);
    size_t differing = 0;
    const prt_parent *parent = site->parent;
    for (size_t i = 0; site->spec->inherit_privileges && i < site->set->children_length; i++) {
        const prt_table *child = site->set->children[i];
        prt_error ignored = {0};
        bool same = true;
        const char *acl = child->parent != NULL ? child->parent->acl : child->acl;
        if (child->owner == NULL ||
            !prt_acl_same(site->arena, parent->acl, parent->owner, acl, child->owner, &same, &ignored))
            continue; /* not read, or not readable: the parent's are looked at by themselves */
        if (!same && differing++ < SHOWN)
            prt_buf_fmt(&names, "%s%s", differing == 1 ? "" : ", ", prt_site_name(site, child));
    }
    if (differing > 0)
        prt_find(site, PRT_FINDING_PRIVILEGES, PRT_SEVERITY_WARNING, NULL, "GRANT and REVOKE as on the parent",
                 "%zu partition%s other privileges than the parent: %s%s", differing,
                 differing == 1 ? " has" : "s have", names.data, differing > SHOWN ? ", ..." : "");
}

/* Adopted partitions off the grid are fine, but worth knowing: one finding for all of them. */
static void
observe_grid(prt_worksite *site)
{
    enum { SHOWN = 3 };
    prt_buf names;
    prt_buf_init(&names, site->arena);
    size_t odd = 0;
    const prt_grid *grid = &site->set->grid;
    for (size_t i = 0; i < site->length; i++) {
        prt_pos from = site->pieces[i].range.from.pos, to = site->pieces[i].range.to.pos;
        bool fits = from != PRT_POS_MIN && prt_grid_is_boundary(grid, from) && prt_grid_next(grid, from) == to;
        if (!fits && odd++ < SHOWN)
            prt_buf_fmt(&names, "%s%s", odd == 1 ? "" : ", ", prt_site_name(site, site->pieces[i].table));
    }
    if (odd > 0)
        prt_find(site, PRT_FINDING_UNEXPECTED_BOUNDS, PRT_SEVERITY_INFO, NULL, NULL,
                 "%zu partition%s not a cell of the %s grid: %s%s", odd, odd == 1 ? " is" : "s are",
                 prt_grid_display(site->arena, grid), names.data, odd > SHOWN ? ", ..." : "");
}

void
prt_plan_observe(prt_worksite *site)
{
    const prt_plan_options *options = site->planner->options;
    if (options->checking) {
        for (size_t i = 0; i < site->set->operations.length; i++)
            observe_operation(site, &site->set->operations.items[i]);
        observe_likeness(site);
        observe_grants(site);
        if (site->set->outer == NULL)
            observe_grid(site);
    }
    if (options->retire != NULL || options->ensure_from != NULL)
        return;
    bool speaks = !site->set->follows; /* for the parent */
    if (speaks)
        observe_default(site);
    if (site->set->outer == NULL)
        observe_runway(site);
    if (speaks) {
        observe_privileges(site);
        observe_indexes(site);
    }
    observe_sizes(site);
}
