/* Retirement: the marker, the detach, and what becomes of the table. */
#include <string.h>

#include "model/ident.h"
#include "model/render_parts.h"

void
prt_put_comment(prt_renderer *r, unsigned flags, const char *table, const char *comment)
{
    prt_put(r, flags, "COMMENT ON TABLE %s IS %s", table,
            comment == NULL ? "NULL" : prt_literal_quote(r->arena, comment));
}

prt_marker
prt_render_marker(const prt_renderer *r, const char *state)
{
    const prt_operation *o = r->operation;
    prt_marker before;
    /* Grace counts from the detach. */
    bool waits = o->table != NULL && o->table->parent_table == NULL &&
                 prt_marker_read(r->arena, o->table->comment, &before) && prt_marker_retiring(&before);
    return (prt_marker) {.state = state,
                         .system = r->snapshot->system,
                         .database = r->snapshot->database_oid,
                         .oid = o->oid,
                         .policy = r->set->spec->name,
                         .parent_schema = o->branch != NULL ? o->branch->schema : r->set->schema,
                         .parent_name = o->branch != NULL ? o->branch->name : r->set->table,
                         .from = o->has_range ? o->range.from.sql : o->bound,
                         .to = o->has_range ? o->range.to.sql : NULL,
                         .since = waits ? before.since : r->snapshot->now,
                         .archive = o->archived != NULL ? *o->archived : (prt_archive_result) {0}};
}

void
prt_put_marker(prt_renderer *r, unsigned flags, const char *table, const char *state)
{
    prt_marker marker = prt_render_marker(r, state);
    prt_put_comment(r, flags, table, prt_marker_write(r->arena, r->operation->table->comment, &marker));
}

/* The name could have come to mean another table since the plan was made, and the bounds could have moved on to rows that
 * nobody wants to lose: what is detached is the very partition that the plan looked at. DETACH itself refuses what is no
 * partition of this parent. One table and no join: it runs for every partition, and planning is most of what it costs. */
static const char changed[] = "RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE ="
                              " 'the name belongs to another table by now, or the partition has other bounds'; END IF;";

static void
put_partition_check(prt_renderer *r, unsigned flags)
{
    const char *bound = r->operation->table->bound_text;
    const char *same = bound == NULL ? ""
                                     : prt_arena_printf(r->arena, " AND pg_catalog.pg_get_expr(c.relpartbound, 0) = %s",
                                                        prt_literal_quote(r->arena, bound));
    prt_put_do(r, flags, "very boolean",
               prt_arena_printf(r->arena,
                                "SELECT c.oid = %u AND c.relispartition AND %s = %u%s INTO very"
                                " FROM pg_catalog.pg_class c WHERE c.oid = %s; "
                                "IF very IS NOT TRUE THEN %s",
                                r->operation->oid, prt_regclass(r, r->parent), r->set->parent->oid, same,
                                prt_regclass(r, r->child), changed));
}

const char *
prt_check_row(prt_renderer *r)
{
    const char *bound = r->operation->table->bound_text;
    return prt_arena_printf(r->arena, "(%s, %u::pg_catalog.oid, %s, %u::pg_catalog.oid, %s)", prt_regclass(r, r->child),
                            r->operation->oid, prt_regclass(r, r->parent), r->set->parent->oid,
                            bound == NULL ? "NULL" : prt_literal_quote(r->arena, bound));
}

void
prt_put_checks(prt_renderer *r, const char *rows)
{
    prt_put_do(r, 0, "very boolean",
               prt_arena_printf(
                   r->arena,
                   "SELECT pg_catalog.bool_and((c.oid = v.oid AND c.relispartition AND v.parent = v.parent_oid AND"
                   " (v.bound IS NULL OR pg_catalog.pg_get_expr(c.relpartbound, 0) = v.bound)) IS TRUE)"
                   " INTO very FROM (VALUES %s) v (child, oid, parent, parent_oid, bound)"
                   " LEFT JOIN pg_catalog.pg_class c ON c.oid = v.child; "
                   "IF very IS NOT TRUE THEN %s",
                   rows, changed));
}

/* Out of the tree. Only the concurrent form leaves readers and writers of the parent alone; a default partition forbids
 * it. An interrupted one is finalized. The marker's transaction is over by then: the parent's lock comes before the
 * partition's. */
static const char *
put_detach(prt_renderer *r)
{
    if (r->operation->table->detach_pending) {
        prt_put(r, PRT_LONG | PRT_BREAK, "ALTER TABLE %s DETACH PARTITION %s FINALIZE", r->parent, r->child);
        return "ShareUpdateExclusiveLock";
    }
    if (!r->set->has_default) {
        put_partition_check(r, PRT_BREAK);
        prt_put(r, PRT_ALONE | PRT_LONG, "ALTER TABLE %s DETACH PARTITION %s CONCURRENTLY", r->parent, r->child);
        return "ShareUpdateExclusiveLock";
    }
    prt_put(r, PRT_BREAK, "LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE", r->parent);
    put_partition_check(r, 0);
    prt_put(r, 0, "ALTER TABLE %s DETACH PARTITION %s", r->parent, r->child);
    return "AccessExclusiveLock";
}

/* Constraints' indexes go with their constraints, the others by themselves. */
static void
put_drop_indexes(prt_renderer *r)
{
    prt_put_do(r, 0, "statement text",
               prt_arena_printf(
                   r->arena,
                   "FOR statement IN SELECT CASE WHEN k.conname IS NOT NULL"
                   " THEN pg_catalog.format('ALTER TABLE %%s DROP CONSTRAINT %%I', i.indrelid::pg_catalog.regclass,"
                   " k.conname) ELSE pg_catalog.format('DROP INDEX %%s', i.indexrelid::pg_catalog.regclass) END"
                   " FROM pg_catalog.pg_index i LEFT JOIN pg_catalog.pg_constraint k"
                   " ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')"
                   " WHERE i.indrelid = %s ORDER BY i.indexrelid LOOP EXECUTE statement; END LOOP;",
                   prt_regclass(r, r->child)));
}

void
prt_put_move(prt_renderer *r)
{
    const prt_spec *spec = r->set->spec;
    const char *schema = r->operation->destination;
    if (r->operation->table->kind == 'p')
        prt_put_move_leaves(r, schema);
    prt_put(r, 0, "ALTER TABLE %s SET SCHEMA %s", r->child, prt_ident_quote(r->arena, schema));
    r->child = prt_ident_qualify(r->arena, schema, r->operation->name);
    if (r->operation->archive != NULL || r->operation->table->fenced)
        prt_put_unfence(r);
    if (spec->cleanup == PRT_CLEANUP_MOVE && !spec->cleanup_indexes)
        put_drop_indexes(r);
    prt_put_marker(r, 0, r->child, "kept");
}

/* The name could have come to mean another table since the plan was made: what is dropped or moved is the very table, by
 * its oid, under a lock that keeps it from being attached again. */
static void
put_identity_check(prt_renderer *r, unsigned flags)
{
    prt_put_do(r, flags, "very boolean",
               prt_arena_printf(r->arena,
                                "LOCK TABLE %s IN ACCESS EXCLUSIVE MODE; "
                                "SELECT c.oid = %u AND NOT c.relispartition INTO very FROM pg_catalog.pg_class c"
                                " WHERE c.oid = %s; "
                                "IF very IS NOT TRUE THEN RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE ="
                                " 'the name belongs to another table by now, or the table is attached again'; END IF;",
                                r->child, r->operation->oid, prt_regclass(r, r->child)));
}

const char *
prt_put_retirement(prt_renderer *r)
{
    const prt_operation *o = r->operation;
    const char *lock = "none";
    if (o->op == PRT_OP_FINALIZE)
        return put_detach(r);
    bool attached = o->table->parent_table != NULL;
    if (attached) {
        bool for_good = o->op == PRT_OP_DETACH && r->set->spec->cleanup == PRT_CLEANUP_DETACH;
        prt_put_marker(r, PRT_EARLY, r->child, for_good ? "kept" : "retiring");
        put_partition_check(r, PRT_EARLY | PRT_CHECK);
        lock = put_detach(r);
    }
    if (o->archive != NULL) {
        prt_put_archive(r, attached ? PRT_BREAK : 0);
        prt_put_after_archive(r);
        return lock;
    }
    /* In a transaction of its own: the parent's lock is not held while files are removed. */
    if (o->op == PRT_OP_DROP || o->op == PRT_OP_MOVE)
        put_identity_check(r, attached ? PRT_BREAK : 0);
    if (o->op == PRT_OP_DROP)
        prt_put(r, 0, "DROP TABLE %s", r->child);
    else if (o->op == PRT_OP_MOVE)
        prt_put_move(r);
    return lock;
}
