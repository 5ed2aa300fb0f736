#include "cli/plan_sql.h"

#include <inttypes.h>

#include "model/ident.h"
#include "model/plan_text.h"

/* Names in comments go through prt_text_put: a newline in one must not end the comment. */
static void
put_comment(prt_buf *out, const char *text)
{
    prt_buf_str(out, "-- ");
    prt_text_put(out, NULL, PRT_TINT_NONE, text, 0);
    prt_buf_char(out, '\n');
}

static void
put_operation_comment(prt_buf *out, const prt_set *set, const prt_operation *op)
{
    prt_arena *arena = out->arena;
    const char *range = op->has_range ? prt_range_display(arena, &set->key, &op->range) : "";
    put_comment(out, prt_arena_printf(arena, "%s %s%s%s%s%s%s%s", prt_op_names[op->op],
                                      prt_ident_display(arena, op->schema, op->name), range[0] == '\0' ? "" : ", ",
                                      range, op->reason == NULL ? "" : ": ", op->reason == NULL ? "" : op->reason,
                                      op->note == NULL ? "" : ", ", op->note == NULL ? "" : op->note));
}

/* The executor's rule: neighbours without PRT_ALONE or PRT_BREAK are one transaction. */
static void
put_statements(prt_buf *out, const prt_operation *op)
{
    bool open = false;
    for (size_t i = 0; i < op->statements_length; i++) {
        const prt_statement *statement = &op->statements[i];
        if (open && (statement->flags & (PRT_ALONE | PRT_BREAK)) != 0) {
            prt_buf_str(out, "COMMIT;\n");
            open = false;
        }
        if (!open && (statement->flags & PRT_ALONE) == 0) {
            prt_buf_str(out, "BEGIN;\n");
            open = true;
        }
        prt_buf_fmt(out, "%s;\n", statement->sql);
    }
    if (open)
        prt_buf_str(out, "COMMIT;\n");
}

static void
put_findings(prt_buf *out, const prt_set *set)
{
    for (size_t i = 0; i < set->findings.length; i++) {
        const prt_finding *finding = &set->findings.items[i];
        put_comment(out, prt_arena_printf(out->arena, "%s: %s: %s", prt_severity_names[finding->severity],
                                          prt_finding_names[finding->code], finding->message));
    }
}

static int64_t
lock_timeout(const prt_plan *plan)
{
    int64_t longest = 0;
    for (size_t i = 0; i < plan->sets.length; i++)
        if (plan->sets.items[i].spec->lock_timeout_ms > longest)
            longest = plan->sets.items[i].spec->lock_timeout_ms;
    return longest;
}

void
prt_plan_sql(prt_buf *out, const prt_plan *plan)
{
    prt_arena *arena = out->arena;
    put_comment(out, prt_arena_printf(arena, "partrun's plan for database %s at %s",
                                      plan->snapshot == NULL ? "?" : plan->snapshot->database,
                                      prt_instant_format(arena, plan->now)));
    put_comment(out, "Run it with psql -X -v ON_ERROR_STOP=1 -f FILE; partrun apply also retries and takes its locks.");
    prt_buf_fmt(
        out,
        "SET search_path = pg_catalog;\nSET TimeZone = 'UTC';\nSET DateStyle = 'ISO';\nSET lock_timeout = '%" PRId64
        "ms';\n",
        lock_timeout(plan));
    for (size_t i = 0; i < plan->sets.length; i++) {
        const prt_set *set = &plan->sets.items[i];
        prt_buf_char(out, '\n');
        put_comment(out, prt_ident_display(arena, set->schema, set->table));
        put_findings(out, set);
        for (size_t k = 0; k < set->operations.length; k++) {
            prt_buf_char(out, '\n');
            put_operation_comment(out, set, &set->operations.items[k]);
            put_statements(out, &set->operations.items[k]);
        }
    }
}
