#include "model/render.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "model/ident.h"
#include "model/render_parts.h"

void
prt_put(prt_renderer *r, unsigned flags, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *sql = prt_arena_alloc(r->arena, (size_t) length + 1);
    vsnprintf(sql, (size_t) length + 1, format, again);
    va_end(again);
    prt_statement statement = {.sql = sql, .flags = flags};
    prt_vec_push(r->arena, &r->out, statement);
}

const char *
prt_regclass(prt_renderer *r, const char *qualified)
{
    return prt_arena_printf(r->arena, "%s::pg_catalog.regclass", prt_literal_quote(r->arena, qualified));
}

void
prt_put_do(prt_renderer *r, unsigned flags, const char *declare, const char *body)
{
    static const char tag[] = "$partrun$";
    const char *code = prt_arena_printf(r->arena, "DECLARE %s; BEGIN %s END", declare, body);
    if (strstr(code, tag) != NULL)
        prt_put(r, flags, "DO %s", prt_literal_quote(r->arena, code));
    else
        prt_put(r, flags, "DO %s%s%s", tag, code, tag);
}

const char *
prt_format_escape(prt_arena *arena, const char *text, const char *conversion)
{
    prt_buf out;
    prt_buf_init(&out, arena);
    for (const char *c = text; *c != '\0'; c++)
        prt_buf_str(&out, *c == '%' ? "%%" : (char[]) {*c, '\0'});
    prt_buf_str(&out, conversion);
    return out.data;
}

const char *
prt_storage_name(prt_arena *arena, const char *name)
{
    const char *dot = strchr(name, '.');
    if (dot == NULL)
        return prt_ident_quote(arena, name);
    return prt_ident_qualify(arena, prt_arena_strndup(arena, name, (size_t) (dot - name)), dot + 1);
}

static prt_renderer
renderer(prt_arena *arena, const prt_snapshot *snapshot, const prt_set *set, const prt_operation *operation)
{
    return (prt_renderer) {.arena = arena,
                           .snapshot = snapshot,
                           .set = set,
                           .operation = operation,
                           .parent = operation->branch == NULL
                                         ? prt_ident_qualify(arena, set->schema, set->table)
                                         : prt_ident_qualify(arena, operation->branch->schema, operation->branch->name),
                           .child = prt_ident_qualify(arena, operation->schema, operation->name)};
}

void
prt_put_unmake(prt_renderer *r)
{
    if (r->operation->made)
        prt_put_comment(r, 0, r->child, prt_marker_strip(r->arena, r->operation->table->comment));
}

static void
put_create(prt_renderer *r, size_t *building)
{
    if (!r->operation->made)
        prt_put_tree(r);
    *building = r->out.length;
    prt_put_attach(r);
    prt_put_unmake(r);
}

static void
put_note(prt_renderer *r)
{
    prt_marker marker = prt_render_marker(r, "unknown");
    prt_put_comment(r, 0, r->child, prt_marker_write(r->arena, r->operation->table->comment, &marker));
}

static const char *
put_alter(prt_renderer *r)
{
    switch (r->operation->alter) {
    case PRT_ALTER_GUARD:
        prt_put_guard(r);
        break;
    case PRT_ALTER_UNGUARD:
        prt_put_unguard(r);
        break;
    case PRT_ALTER_NOTE:
        put_note(r);
        break;
    case PRT_ALTER_UNMARK:
        if (r->operation->table->fenced)
            prt_put_unfence(r);
        prt_put_comment(r, 0, r->child, prt_marker_strip(r->arena, r->operation->table->comment));
        break;
    }
    return "none";
}

void
prt_render(prt_arena *arena, const prt_snapshot *snapshot, const prt_set *set, prt_operation *operation)
{
    prt_renderer r = renderer(arena, snapshot, set, operation);
    const char *lock = "ShareUpdateExclusiveLock";
    switch (operation->op) {
    case PRT_OP_CREATE:
        put_create(&r, &operation->building);
        break;
    case PRT_OP_DRAIN:
        prt_put_drain(&r);
        lock = "AccessExclusiveLock";
        break;
    case PRT_OP_DETACH:
    case PRT_OP_ARCHIVE:
    case PRT_OP_DROP:
    case PRT_OP_MOVE:
    case PRT_OP_FINALIZE:
        lock = prt_put_retirement(&r);
        break;
    case PRT_OP_ALTER:
        lock = put_alter(&r);
        break;
    case PRT_OP_ANALYZE:
        prt_put(&r, PRT_ALONE | PRT_LONG, "ANALYZE %s", r.parent);
        break;
    case PRT_OP_PURGE:
        prt_put_purge(&r);
        lock = "none";
        break;
    case PRT_OP_REATTACH:
        prt_put_reattach(&r);
        break;
    case PRT_OP_HOOK: /* the planner does not make these */
    case PRT_OP_COUNT:
        lock = "none";
        break;
    }
    operation->lock = lock;
    operation->statements = r.out.items;
    operation->statements_length = r.out.length;
}

void
prt_render_make(prt_arena *arena, const prt_snapshot *snapshot, const prt_set *set, const prt_operation *operation,
                prt_statement **make, size_t *make_length, prt_statement **attach, size_t *attach_length)
{
    prt_renderer first = renderer(arena, snapshot, set, operation), second = first;
    if (!operation->made) {
        prt_marker marker = prt_render_marker(&first, "making");
        prt_put_tree(&first);
        prt_put_comment(&first, 0, first.child, prt_marker_write(arena, NULL, &marker));
    }
    prt_put_attach(&second);
    if (operation->made)
        prt_put_unmake(&second);
    else
        prt_put_comment(&second, 0, second.child, NULL);
    *make = first.out.items;
    *make_length = first.out.length;
    *attach = second.out.items;
    *attach_length = second.out.length;
}

void
prt_render_proven(prt_arena *arena, const prt_snapshot *snapshot, const prt_set *set, const prt_operation *operation,
                  bool anew, prt_statement **out, size_t *length)
{
    prt_renderer r = renderer(arena, snapshot, set, operation);
    if (anew)
        prt_put_archived(&r);
    prt_put_after_archive(&r);
    *out = r.out.items;
    *length = r.out.length;
}

const char *
prt_render_checks(prt_arena *arena, const prt_set *const *sets, const prt_operation *const *operations, size_t length)
{
    prt_renderer out = {.arena = arena};
    prt_buf rows;
    prt_buf_init(&rows, arena);
    for (size_t i = 0; i < length; i++) {
        prt_renderer r = renderer(arena, NULL, sets[i], operations[i]);
        prt_buf_fmt(&rows, "%s%s", i == 0 ? "" : ", ", prt_check_row(&r));
    }
    prt_put_checks(&out, rows.data);
    return out.out.items[0].sql;
}
