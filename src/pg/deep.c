/*
 * check --deep. Where a row would go is read from EXPLAIN, which writes nothing and fires nothing; then the insert itself is
 * tried and rolled back, with triggers switched off where the role may do that, and not at all where they would fire.
 */
#include "pg/deep.h"

#include "model/ident.h"
#include "pg/run.h"
#include "pg/run_plan.h"

enum { LOCK_MS = 300, STATEMENT_MS = 10000 };

/* A refusal to look (no privilege, a lock) is told, not fatal. */
static bool
tell_or_fail(prt_deep *deep, prt_set *set, const char *what, const prt_error *why, prt_error *err)
{
    if (why->code == PRT_ERR_CONNECT || why->code == PRT_ERR_INTERRUPTED) {
        *err = *why;
        return false;
    }
    prt_set_find(deep->arena, set, PRT_FINDING_PRIVILEGES, PRT_SEVERITY_INFO,
                 prt_arena_printf(deep->arena, "%s: %s", what, why->message),
                 why->hint[0] != '\0' ? prt_arena_strdup(deep->arena, why->hint) : NULL);
    return true;
}

static bool
has_finding(const prt_set *set, prt_finding_code code)
{
    for (size_t i = 0; i < set->findings.length; i++)
        if (set->findings.items[i].code == code)
            return true;
    return false;
}

static void
find_refusal(prt_deep *deep, prt_set *set, prt_pos at, const char *why)
{
    prt_set_find(
        deep->arena, set, PRT_FINDING_MISSING, PRT_SEVERITY_ERROR,
        prt_arena_printf(deep->arena, "an insert at %s fails: %s", prt_pos_display(deep->arena, &set->key, at), why),
        "partrun apply makes what is missing");
}

static bool
probe_insert(prt_deep *deep, prt_set *set, prt_pos at, prt_error *err)
{
    prt_arena *arena = deep->arena;
    const char *key;
    prt_error why = {0};
    size_t partitions = 0;
    if (!prt_key_encode(&set->key, arena, prt_key_floor(&set->key, at), &key, &why))
        return true; /* beyond the type's limits there is nothing to insert */
    const char *condition = prt_arena_printf(arena, "%s = %s", prt_ident_quote(arena, set->key.column),
                                             prt_literal_quote(arena, key));
    if (set->exact)
        condition = prt_arena_printf(arena, "%s = %s AND %s", prt_ident_quote(arena, set->spec->tenant.key),
                                     set->key.prefix, condition);
    if (!prt_deep_explain(deep, set, condition, true, &partitions, &why))
        return tell_or_fail(deep, set, "what an insert does could not be looked at", &why, err);
    if (partitions == 0) {
        if (!has_finding(set, PRT_FINDING_MISSING))
            find_refusal(deep, set, at, "no partition takes it");
        return true;
    }
    prt_trial trial;
    if (!prt_deep_insert(deep, set, key, &trial, &why, err))
        return false;
    if (trial == PRT_TRIAL_NOT_MADE)
        return tell_or_fail(deep, set, "an insert was not tried", &why, err);
    if (trial == PRT_TRIAL_REFUSED)
        find_refusal(deep, set, at, prt_arena_strdup(arena, why.message));
    return true;
}

/* The partition that holds `at`, with both ends plain values of a key of one column. */
static const prt_table *
find_current(prt_deep *deep, const prt_set *set, prt_pos at)
{
    const prt_parent *parent = set->parent->parent;
    for (size_t i = 0; parent->columns == 1 && i < parent->children_length; i++) {
        const prt_table *child = parent->children[i];
        prt_range range;
        prt_error ignored = {0};
        if (child->bound_error == NULL && child->bound.kind == PRT_BOUND_RANGE && !child->detach_pending &&
            prt_range_from_bound(deep->arena, &set->key, &child->bound, &range, &ignored) && range.from.pos <= at &&
            at < range.to.pos && child->bound.from[0].kind == PRT_DATUM_VALUE &&
            child->bound.to[0].kind == PRT_DATUM_VALUE)
            return child;
    }
    return NULL;
}

static bool
probe_pruning(prt_deep *deep, prt_set *set, prt_error *err)
{
    prt_arena *arena = deep->arena;
    const prt_table *current = find_current(deep, set, set->now);
    size_t partitions = 0;
    prt_error why = {0};
    if (current == NULL)
        return true;
    const char *column = prt_ident_quote(arena, set->key.column);
    const char *condition = prt_arena_printf(arena, "%s >= %s AND %s < %s", column, current->bound.from[0].sql, column,
                                             current->bound.to[0].sql);
    if (!prt_deep_explain(deep, set, condition, false, &partitions, &why))
        return tell_or_fail(deep, set, "what a query reads could not be looked at", &why, err);
    if (partitions > 1)
        prt_set_find(arena, set, PRT_FINDING_UNSUPPORTED_KEY, PRT_SEVERITY_WARNING,
                     prt_arena_printf(arena, "a query for the rows of %s alone reads %zu partitions of %zu",
                                      prt_ident_display(arena, NULL, current->name), partitions,
                                      set->parent->parent->children_length),
                     "is enable_partition_pruning switched off for this role or database?");
    return true;
}

static bool
probe_set(prt_deep *deep, prt_set *set, prt_error *err)
{
    /* The highest id is stored already: it is the next one that matters. */
    prt_pos now = prt_key_is_time(&set->key) ? set->now : prt_pos_add(set->now, 1);
    prt_pos last = set->horizon == PRT_POS_MAX ? now : prt_key_floor(&set->key, prt_pos_add(set->horizon, -1));
    if (!probe_insert(deep, set, now, err))
        return false;
    if (last > now && !probe_insert(deep, set, last, err))
        return false;
    return probe_pruning(deep, set, err);
}

static bool
read_rights(prt_deep *deep, prt_error *err)
{
    deep->replica = deep->plan->snapshot->superuser;
    if (deep->replica || prt_conn_version(deep->conn) < 150000)
        return true;
    PGresult *result = NULL;
    if (!prt_query_file(deep->conn, "deep_replica", 0, NULL, &result, err))
        return false;
    deep->replica = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return true;
}

bool
prt_run_deep(prt_conn *conn, prt_plan *plan, prt_error *err)
{
    prt_deep deep = {.conn = conn, .arena = plan->arena, .plan = plan};
    if (plan->snapshot->standby)
        return true;
    if (!prt_conn_timeouts(conn, LOCK_MS, STATEMENT_MS, err) || !read_rights(&deep, err))
        return false;
    for (size_t i = 0; i < plan->sets.length; i++)
        if (plan->sets.items[i].plannable && plan->sets.items[i].parent->parent != NULL &&
            !probe_set(&deep, &plan->sets.items[i], err))
            return false;
    return true;
}
