/* A detached table that becomes a partition again, at its old bounds. */
#include <string.h>

#include "base/buf.h"
#include "model/ident.h"
#include "model/render_parts.h"

static void
put_term(prt_buf *out, const char *column, const char *op, const char *value)
{
    prt_buf_fmt(out, "%s%s %s %s", out->length == 0 ? "" : " AND ", column, op, value);
}

/*
 * What PostgreSQL demands of the rows, as a CHECK that proves it: with it, ATTACH scans nothing under its locks. Columns
 * that are the same at both ends are equal to that; the next one is between the two, exactly so when only MINVALUE follows.
 * Otherwise it is wider, proves nothing, and costs no more than the scan. NULL: the key has an expression there.
 */
static const char *
bound_condition(prt_renderer *r)
{
    const prt_parent *parent = r->set->parent->parent;
    prt_bound bound;
    prt_buf text;
    prt_error ignored = {0};
    const prt_range *range = &r->operation->range;
    const char *sql = prt_arena_printf(r->arena, "FOR VALUES FROM (%s) TO (%s)", range->from.sql, range->to.sql);
    if (!prt_bound_parse(r->arena, sql, &bound, &ignored) || bound.kind != PRT_BOUND_RANGE ||
        bound.length > parent->columns)
        return NULL;
    prt_buf_init(&text, r->arena);
    for (size_t i = 0; i < parent->columns; i++) {
        if (parent->key[i].name == NULL)
            return NULL;
        prt_buf_fmt(&text, "%s%s IS NOT NULL", i == 0 ? "" : " AND ", prt_ident_quote(r->arena, parent->key[i].name));
    }
    size_t i = 0;
    for (; i < bound.length && bound.from[i].kind == PRT_DATUM_VALUE && bound.to[i].kind == PRT_DATUM_VALUE &&
           strcmp(bound.from[i].sql, bound.to[i].sql) == 0;
         i++)
        put_term(&text, prt_ident_quote(r->arena, parent->key[i].name), "=", bound.from[i].sql);
    if (i == bound.length)
        return text.data;
    const char *column = prt_ident_quote(r->arena, parent->key[i].name);
    bool exact = i + 1 == bound.length || bound.to[i + 1].kind == PRT_DATUM_MINVALUE;
    if (bound.from[i].kind == PRT_DATUM_VALUE)
        put_term(&text, column, ">=", bound.from[i].sql);
    if (bound.to[i].kind == PRT_DATUM_VALUE)
        put_term(&text, column, exact ? "<" : "<=", bound.to[i].sql);
    return text.data;
}

/* The name could belong to another table by now. */
static void
put_check(prt_renderer *r, unsigned flags)
{
    prt_put_do(r, flags, "very boolean",
               prt_arena_printf(r->arena,
                                "SELECT NOT c.relispartition INTO very FROM pg_catalog.pg_class c"
                                " WHERE c.oid = %s AND c.oid = %u; "
                                "IF very IS NOT TRUE THEN RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE ="
                                " 'the name belongs to another table by now, or the table is attached again'; END IF;",
                                prt_regclass(r, r->child), r->operation->oid));
}

void
prt_put_reattach(prt_renderer *r)
{
    const char *condition = bound_condition(r);
    put_check(r, 0);
    if (condition != NULL) {
        prt_put(r, 0,
                "ALTER TABLE %s DROP CONSTRAINT IF EXISTS partrun_bound, ADD CONSTRAINT partrun_bound CHECK (%s)"
                " NOT VALID",
                r->child, condition);
        prt_put(r, PRT_LONG | PRT_BREAK, "ALTER TABLE %s VALIDATE CONSTRAINT partrun_bound", r->child);
    }
    /* Lock order: the parent before the partition. */
    prt_put(r, condition != NULL ? PRT_BREAK : 0, "LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE", r->parent);
    put_check(r, 0);
    prt_put_unfence(r);
    size_t first = r->out.length;
    prt_put_attach(r);
    r->out.items[first].flags |= PRT_LONG;
    prt_put(r, 0, "ALTER TABLE %s DROP CONSTRAINT IF EXISTS partrun_bound", r->child);
    prt_put_comment(r, 0, r->child, prt_marker_strip(r->arena, r->operation->table->comment));
}
