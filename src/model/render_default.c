/* The default partition: moving rows out of it, and the CHECK that spares it a scan. */
#include <string.h>

#include "base/buf.h"
#include "model/ident.h"
#include "model/render_parts.h"

static bool
parse_range(prt_arena *arena, const prt_range *range, prt_bound *bound)
{
    prt_error err = {0};
    return prt_bound_parse(arena,
                           prt_arena_printf(arena, "FOR VALUES FROM (%s) TO (%s)", range->from.sql, range->to.sql),
                           bound, &err) &&
           bound->kind == PRT_BOUND_RANGE;
}

/* The key's columns up to (not with) the first MINVALUE or MAXVALUE, against their values: ("a", "b") >= (1, 2).
 * NULL: no condition. */
static const char *
compare(prt_renderer *r, const prt_datum *tuple, size_t length, bool lower)
{
    const prt_parent *parent = r->set->parent->parent;
    prt_buf columns, values;
    prt_buf_init(&columns, r->arena);
    prt_buf_init(&values, r->arena);
    size_t n = 0;
    while (n < length && n < parent->columns && parent->key[n].name != NULL && tuple[n].kind == PRT_DATUM_VALUE) {
        prt_buf_fmt(&columns, "%s%s", n == 0 ? "" : ", ", prt_ident_quote(r->arena, parent->key[n].name));
        prt_buf_fmt(&values, "%s%s", n == 0 ? "" : ", ", tuple[n].sql);
        n++;
    }
    if (n == 0)
        return NULL;
    /* (1, MAXVALUE) comes after every (1, x). */
    bool after = n < length && tuple[n].kind == PRT_DATUM_MAXVALUE;
    const char *op = lower ? (after ? ">" : ">=") : (after ? "<=" : "<");
    return prt_arena_printf(r->arena, n == 1 ? "%s %s %s" : "(%s) %s (%s)", columns.data, op, values.data);
}

/* The rows of the new partition, in the default one. A row that is NULL in any column of the key stays there. */
static const char *
range_condition(prt_renderer *r)
{
    prt_bound bound;
    if (!parse_range(r->arena, &r->operation->range, &bound))
        return "false";
    const prt_parent *parent = r->set->parent->parent;
    const char *low = compare(r, bound.from, bound.length, true), *high = compare(r, bound.to, bound.length, false);
    prt_buf text;
    prt_buf_init(&text, r->arena);
    if (low != NULL || high != NULL)
        prt_buf_fmt(&text, "%s%s%s", low != NULL ? low : "", low != NULL && high != NULL ? " AND " : "",
                    high != NULL ? high : "");
    for (size_t i = text.length == 0 ? 0 : 1; i < parent->columns; i++)
        if (parent->key[i].name != NULL && (i == 0 || !parent->key[i].not_null))
            prt_buf_fmt(&text, "%s%s IS NOT NULL", text.length == 0 ? "" : " AND ",
                        prt_ident_quote(r->arena, parent->key[i].name));
    return text.data;
}

/* The rows of a new LIST partition. */
static const char *
list_condition(prt_renderer *r)
{
    prt_bound bound;
    prt_error err = {0};
    const prt_parent *parent = r->set->parent->parent;
    if (parent->key[0].name == NULL || !prt_bound_parse(r->arena, r->operation->bound, &bound, &err) ||
        bound.kind != PRT_BOUND_LIST)
        return "false";
    prt_buf text;
    prt_buf_init(&text, r->arena);
    prt_buf_fmt(&text, "%s IN (", prt_ident_quote(r->arena, parent->key[0].name));
    for (size_t i = 0; i < bound.length; i++)
        prt_buf_fmt(&text, "%s%s", i == 0 ? "" : ", ", bound.values[i].sql);
    prt_buf_char(&text, ')');
    return text.data;
}

static const char *
column_list(prt_renderer *r)
{
    prt_buf list;
    prt_buf_init(&list, r->arena);
    for (const char **column = r->set->parent->parent->columns_list; column != NULL && *column != NULL; column++)
        prt_buf_fmt(&list, "%s%s", list.length == 0 ? "" : ", ", prt_ident_quote(r->arena, *column));
    return list.data;
}

static void
put_move_rows(prt_renderer *r, const char *holder)
{
    const char *columns = column_list(r);
    /* A default partition may be partitioned itself: then its rows sit below it. */
    const char *only = r->set->default_table->kind == 'p' ? "" : "ONLY ";
    prt_put(r, PRT_LONG,
            "WITH moved AS (DELETE FROM %s%s WHERE %s RETURNING %s) INSERT INTO %s (%s) SELECT %s FROM moved", only,
            holder, r->operation->bound != NULL ? list_condition(r) : range_condition(r), columns, r->child, columns,
            columns);
}

/* Triggers of the default partition do not see its rows leave; the modes that they have now go into a setting that ends
 * with the transaction. Foreign keys' triggers stay on. */
static void
put_triggers_off(prt_renderer *r, const char *holder)
{
    const char *table = prt_regclass(r, holder);
    prt_put_do(
        r, 0, "modes json; trigger_name text",
        prt_arena_printf(r->arena,
                         "SELECT COALESCE(pg_catalog.json_object_agg(t.tgname, t.tgenabled::text), '{}') INTO modes"
                         " FROM pg_catalog.pg_trigger t WHERE t.tgrelid = %s AND t.tgenabled <> 'D'"
                         " AND (NOT t.tgisinternal OR (t.tgparentid <> 0 AND t.tgconstraint = 0));"
                         " PERFORM pg_catalog.set_config('partrun.triggers', modes::text, true);"
                         " FOR trigger_name IN SELECT pg_catalog.json_object_keys(modes) LOOP"
                         " EXECUTE pg_catalog.format('ALTER TABLE %%s DISABLE TRIGGER %%I', %s, trigger_name);"
                         " END LOOP;",
                         table, table));
}

static void
put_triggers_on(prt_renderer *r, const char *holder)
{
    prt_put_do(
        r, 0, "trigger record",
        prt_arena_printf(r->arena,
                         "FOR trigger IN SELECT m.key, m.value FROM pg_catalog.json_each_text("
                         "pg_catalog.current_setting('partrun.triggers')::json) m LOOP"
                         " EXECUTE pg_catalog.format('ALTER TABLE %%s ENABLE %%s TRIGGER %%I', %s,"
                         " CASE trigger.value WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' ELSE '' END, trigger.key);"
                         " END LOOP;",
                         prt_regclass(r, holder)));
}

/*
 * One transaction: at no commit is a row invisible. The first move takes no lock that writers would notice; the second
 * one, under the lock, only what arrived meanwhile. Lock order: parent, default, partition. The parent's lock is needed:
 * a reader that has planned without the new partition and then waits for the default one would find its rows in neither,
 * and a writer bound for the default partition would be refused.
 */
void
prt_put_drain(prt_renderer *r)
{
    const prt_table *table = r->set->default_table;
    const char *holder = prt_ident_qualify(r->arena, table->schema, table->name);
    prt_put(r, 0, "LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE", r->parent);
    if (!r->operation->made)
        prt_put_tree(r);
    put_triggers_off(r, holder);
    put_move_rows(r, holder);
    prt_put(r, 0, "LOCK TABLE ONLY %s, %s IN ACCESS EXCLUSIVE MODE", r->parent, holder);
    put_move_rows(r, holder);
    put_triggers_on(r, holder);
    prt_put_attach(r);
    prt_put_unmake(r);
}

/* Which creations the guard speaks of. Not the one that holds now: rows for it may arrive at any time, and the guard would
 * refuse them. Nor one that ends within a position, or of one tenant: no condition on the first column alone tells what it holds. */
bool
prt_guardable(const prt_set *set, const prt_operation *o)
{
    bool attaches = o->op == PRT_OP_CREATE || o->op == PRT_OP_REATTACH;
    return set->key.index == 0 && attaches && o->has_range && !o->range.from.inside && !o->range.to.inside &&
           !(o->range.from.pos <= set->now && set->now < o->range.to.pos);
}

bool
prt_guard_helps(const prt_set *set)
{
    for (size_t i = 0; i < set->operations.length; i++)
        if (prt_guardable(set, &set->operations.items[i]))
            return true;
    return false;
}

/* "k" IS NULL OR "k" < from OR "k" >= to; NULL: not by the first column alone. */
static const char *
outside(prt_renderer *r, const prt_range *range)
{
    prt_bound bound;
    if (!parse_range(r->arena, range, &bound))
        return NULL;
    for (size_t i = 1; i < bound.length; i++)
        if (bound.from[i].kind != PRT_DATUM_MINVALUE || bound.to[i].kind != PRT_DATUM_MINVALUE)
            return NULL;
    const char *column = prt_ident_quote(r->arena, r->set->key.column);
    prt_buf text;
    prt_buf_init(&text, r->arena);
    prt_buf_fmt(&text, "%s IS NULL", column);
    if (bound.from[0].kind == PRT_DATUM_VALUE)
        prt_buf_fmt(&text, " OR %s < %s", column, bound.from[0].sql);
    if (bound.to[0].kind == PRT_DATUM_VALUE)
        prt_buf_fmt(&text, " OR %s >= %s", column, bound.to[0].sql);
    return text.data;
}

/* What the new ranges have in common: that the default partition holds nothing of them. Neighbours count as one. */
static const char *
guard_condition(prt_renderer *r)
{
    const prt_set *set = r->set;
    prt_buf text;
    prt_buf_init(&text, r->arena);
    prt_buf_str(&text, "");
    for (size_t i = 0; i < set->operations.length;) {
        const prt_operation *o = &set->operations.items[i++];
        if (!prt_guardable(set, o))
            continue;
        prt_range range = o->range;
        while (i < set->operations.length && prt_guardable(set, &set->operations.items[i]) &&
               strcmp(set->operations.items[i].range.from.sql, range.to.sql) == 0)
            range.to = set->operations.items[i++].range.to;
        const char *part = outside(r, &range);
        if (part != NULL)
            prt_buf_fmt(&text, "%s(%s)", text.length == 0 ? "" : " AND ", part);
    }
    return text.length == 0 ? "true" : text.data;
}

void
prt_put_unguard(prt_renderer *r)
{
    prt_put(r, 0, "ALTER TABLE %s DROP CONSTRAINT IF EXISTS partrun_guard", r->child);
}

void
prt_put_guard(prt_renderer *r)
{
    if (r->operation->table->guarded)
        prt_put_unguard(r);
    prt_put(r, 0, "ALTER TABLE %s ADD CONSTRAINT partrun_guard CHECK (%s) NOT VALID", r->child, guard_condition(r));
    prt_put(r, PRT_LONG | PRT_BREAK, "ALTER TABLE %s VALIDATE CONSTRAINT partrun_guard", r->child);
}
