/*
 * A detached table on its way to its archive: a fence first, so that no row can arrive after the copy has begun; then the
 * copy; then the marker that says what is proven; and only then, if that marker and the fence are there, the drop.
 */
#include <string.h>

#include "base/buf.h"
#include "model/ident.h"
#include "model/render_parts.h"

/* Conditions on pg_class c: the fence stands, enforced, for the whole tree, and all of it since the same transaction: what
 * was attached below the table later has rows that the archive has not. And the marker on the comment's last line is of an
 * archive. */
static const char fenced[] =
    " AND EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.conname = 'partrun_archived'"
    " AND k.contype = 'c' AND pg_catalog.pg_get_constraintdef(k.oid) ~ '^CHECK [(]false[)]( NOT VALID)?$'"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_partition_tree(c.oid) t WHERE NOT EXISTS (SELECT FROM"
    " pg_catalog.pg_constraint l WHERE l.conrelid = t.relid AND l.conname = k.conname AND l.contype = 'c'"
    " AND l.xmin = k.xmin)))";
static const char archived[] = " AND pg_catalog.obj_description(c.oid, 'pg_class')"
                               " ~ '(^|\\n)partrun: [{]\"state\":\"archived\",[^\\n]*$'";

/* The very table, not attached, under a lock that keeps it so; and what else has to be true of it. */
static void
put_check(prt_renderer *r, unsigned flags, const char *condition, const char *message)
{
    prt_put_do(
        r, flags, "very boolean",
        prt_arena_printf(r->arena,
                         "LOCK TABLE %s IN ACCESS EXCLUSIVE MODE; "
                         "SELECT NOT c.relispartition%s INTO very FROM pg_catalog.pg_class c"
                         " WHERE c.oid = %s AND c.oid = %u; "
                         "IF very IS NOT TRUE THEN RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = %s; END IF;",
                         r->child, condition, prt_regclass(r, r->child), r->operation->oid,
                         prt_literal_quote(r->arena, message)));
}

static void
put_fenced_check(prt_renderer *r, unsigned flags)
{
    put_check(r, flags, fenced,
              "the name belongs to another table by now, the table is attached again, its constraint partrun_archived "
              "is gone,"
              " or something was attached below it");
}

static void
put_archived_check(prt_renderer *r, unsigned flags)
{
    put_check(r, flags, prt_arena_printf(r->arena, "%s%s", fenced, archived),
              "nothing proves that this very table is archived: it is attached again, its comment or its constraint"
              " partrun_archived is gone, or something was attached below it");
}

/* Below a branch, it goes down the tree. */
static void
put_fence(prt_renderer *r, unsigned flags)
{
    put_check(r, flags, "", "the name belongs to another table by now, or the table is attached again");
    prt_put(r, 0,
            "ALTER TABLE %s DROP CONSTRAINT IF EXISTS partrun_archived,"
            " ADD CONSTRAINT partrun_archived CHECK (false) NOT VALID",
            r->child);
}

void
prt_put_unfence(prt_renderer *r)
{
    prt_put(r, 0, "ALTER TABLE %s DROP CONSTRAINT IF EXISTS partrun_archived", r->child);
}

static bool
is_binary(const prt_archive_request *request)
{
    if (request->format != NULL)
        return strncmp(request->format, "copy", 4) == 0;
    const char *slash = strrchr(request->url, '/');
    return strstr(slash == NULL ? request->url : slash, ".copy") != NULL;
}

static const char *
column_list(prt_renderer *r)
{
    const char *const *column = r->operation->archive->columns;
    prt_buf list;
    prt_buf_init(&list, r->arena);
    prt_buf_str(&list, "");
    if (column == NULL)
        column = r->set->parent->parent->columns_list;
    for (; column != NULL && *column != NULL; column++)
        prt_buf_fmt(&list, "%s%s", list.length == 0 ? "" : ", ", prt_ident_quote(r->arena, *column));
    return list.data;
}

/* Comments go before the statement: what is shown ends with a semicolon. An address has no control characters. */
static void
put_copy(prt_renderer *r)
{
    const prt_archive_request *request = r->operation->archive;
    const char *list = column_list(r), *options = is_binary(request) ? "FORMAT binary" : "FORMAT csv, HEADER true";
    const char *what = r->operation->table->kind == 'p'
                           ? prt_arena_printf(r->arena, "(SELECT %s FROM %s)", list[0] == '\0' ? "*" : list, r->child)
                       : list[0] == '\0' ? r->child
                                         : prt_arena_printf(r->arena, "%s (%s)", r->child, list);
    prt_put(r, PRT_ALONE | PRT_LONG | PRT_ARCHIVE,
            "-- partrun writes this to %s,\n-- proves it there, and marks the table as archived: run by hand, it does"
            " not, and what follows is refused\nCOPY %s TO STDOUT (%s)",
            r->operation->archived != NULL ? r->operation->archived->url : request->url, what, options);
}

void
prt_put_archive(prt_renderer *r, unsigned flags)
{
    if (r->operation->archived != NULL)
        put_archived_check(r, flags);
    else
        put_fence(r, flags);
    put_copy(r);
}

void
prt_put_archived(prt_renderer *r)
{
    put_fenced_check(r, PRT_BREAK);
    prt_put_marker(r, 0, r->child, "archived");
}

void
prt_put_after_archive(prt_renderer *r)
{
    const prt_operation *o = r->operation;
    if (o->op == PRT_OP_ARCHIVE && r->set->spec->cleanup != PRT_CLEANUP_DETACH)
        return; /* it waits for the end of its grace */
    put_archived_check(r, PRT_BREAK);
    if (o->op == PRT_OP_DROP) {
        prt_put(r, 0, "DROP TABLE %s", r->child);
    } else if (o->op == PRT_OP_MOVE) {
        prt_put_move(r);
    } else {
        prt_put_unfence(r);
        prt_put_marker(r, 0, r->child, "kept");
    }
}
