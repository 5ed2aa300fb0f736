/* Rows in default partitions that are in the way of partitions to be made. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "model/ident.h"
#include "pg/run_plan.h"

/* After the key's own column. */
static bool
ends_with_minvalues(const prt_datum *tuple, size_t index, size_t length)
{
    for (size_t i = index + 1; i < length; i++)
        if (tuple[i].kind != PRT_DATUM_MINVALUE)
            return false;
    return true;
}

/*
 * The condition on the key's column, and on the tenant's before it. Where a bound goes on to a value in a later column, the boundary value itself
 * is taken in: one row too many is a partition looked at twice, one too few a failed run.
 */
static bool
append_condition(prt_buf *sql, prt_arena *arena, const prt_set *set, const prt_range *range)
{
    prt_bound bound;
    prt_error ignored = {0};
    const char *text = prt_arena_printf(arena, "FOR VALUES FROM (%s) TO (%s)", range->from.sql, range->to.sql);
    if (!prt_bound_parse(arena, text, &bound, &ignored) || bound.kind != PRT_BOUND_RANGE)
        return false;
    const char *column = prt_ident_quote(arena, set->key.column);
    size_t index = (size_t) set->key.index;
    if (set->exact)
        prt_buf_fmt(sql, "%s = %s AND ", prt_ident_quote(arena, set->spec->tenant.key), set->key.prefix);
    prt_buf_fmt(sql, "%s IS NOT NULL", column);
    if (bound.from[index].kind == PRT_DATUM_VALUE)
        prt_buf_fmt(sql, " AND %s >= %s", column, bound.from[index].sql);
    if (bound.to[index].kind == PRT_DATUM_VALUE)
        prt_buf_fmt(sql, " AND %s %s %s", column,
                    ends_with_minvalues(bound.to, index, bound.length) ? "<" : "<=", bound.to[index].sql);
    return true;
}

/* FOR VALUES IN ('acme'): the first column of the parent is one of the values. */
static bool
append_list_condition(prt_buf *sql, prt_arena *arena, const prt_parent *parent, const char *text)
{
    prt_bound bound;
    prt_error ignored = {0};
    if (parent->key[0].name == NULL || !prt_bound_parse(arena, text, &bound, &ignored) || bound.kind != PRT_BOUND_LIST)
        return false;
    prt_buf_fmt(sql, "%s IN (", prt_ident_quote(arena, parent->key[0].name));
    for (size_t i = 0; i < bound.length; i++)
        prt_buf_fmt(sql, "%s%s", i == 0 ? "" : ", ", bound.values[i].sql);
    prt_buf_char(sql, ')');
    return true;
}

typedef struct inquiry {
    prt_buf sql;
    PRT_VEC(const char *) names;
} inquiry;

/* The default partition beside the new one; NULL: there is none with rows. */
static const prt_table *
default_beside(const prt_set *set, const prt_operation *op)
{
    const prt_table *table = set->default_table;
    const prt_parent *branch = op->branch == NULL ? NULL : op->branch->parent;
    if (branch != NULL)
        table = NULL;
    for (size_t i = 0; branch != NULL && i < branch->children_length; i++)
        if (branch->children[i]->bound_error == NULL && branch->children[i]->bound.kind == PRT_BOUND_DEFAULT)
            table = branch->children[i];
    return table == NULL || table->detach_pending || table->bytes == 0 ? NULL : table;
}

static void
ask_for(inquiry *q, prt_arena *arena, const prt_set *set, const prt_operation *op)
{
    prt_buf condition;
    prt_buf_init(&condition, arena);
    const prt_table *table = default_beside(set, op);
    const prt_table *parent = op->branch != NULL ? op->branch : set->parent;
    if (table == NULL || (op->bound != NULL ? !append_list_condition(&condition, arena, parent->parent, op->bound)
                                            : !op->has_range || !append_condition(&condition, arena, set, &op->range)))
        return;
    prt_buf_fmt(&q->sql, "%sSELECT %zu AS i WHERE EXISTS (SELECT FROM %s%s WHERE %s)",
                q->names.length == 0 ? "" : " UNION ALL ", q->names.length, table->kind == 'r' ? "ONLY " : "",
                prt_ident_qualify(arena, table->schema, table->name), condition.data);
    prt_vec_push(arena, &q->names, prt_ident_qualify(arena, op->schema, op->name));
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static void
ask_for_set(inquiry *q, prt_arena *arena, const prt_set *set)
{
    for (size_t i = 0; set->plannable && i < set->operations.length; i++) {
        const prt_operation *op = &set->operations.items[i];
        if (op->op == PRT_OP_CREATE || op->op == PRT_OP_REATTACH)
            ask_for(q, arena, set, op);
    }
}

typedef PRT_VEC(const char *) name_list;

/* Asks about the sets from `first` up to `end`, and adds the answer. */
static bool
read_sets(prt_conn *conn, prt_arena *arena, const prt_plan *plan, size_t first, size_t end, name_list *out,
          prt_error *err)
{
    inquiry q = {0};
    PGresult *result = NULL;
    prt_buf_init(&q.sql, arena);
    for (size_t i = first; i < end; i++)
        ask_for_set(&q, arena, &plan->sets.items[i]);
    if (q.names.length == 0)
        return true;
    if (!prt_query(conn, q.sql.data, 0, NULL, &result, err))
        return false;
    for (int row = 0; row < PQntuples(result); row++)
        prt_vec_push(arena, out, q.names.items[strtoul(PQgetvalue(result, row, 0), NULL, 10)]);
    PQclear(result);
    return true;
}

bool
prt_blocked_read(prt_conn *conn, prt_arena *arena, const prt_plan *plan, const char ***blocked, size_t *length,
                 prt_error *err)
{
    name_list names = {0};
    prt_error why = {0};
    bool ok = read_sets(conn, arena, plan, 0, plan->sets.length, &names, &why);
    bool lost = !ok && (why.code == PRT_ERR_CONNECT || why.code == PRT_ERR_INTERRUPTED);
    /* One default partition that cannot be read is no reason to leave the others full. */
    for (size_t i = 0; !ok && !lost && i < plan->sets.length; i++) {
        prt_error one = {0};
        if (!read_sets(conn, arena, plan, i, i + 1, &names, &one)) {
            why = one;
            lost = one.code == PRT_ERR_CONNECT || one.code == PRT_ERR_INTERRUPTED;
        }
    }
    *blocked = names.items;
    *length = names.length;
    if (names.length > 1)
        qsort(names.items, names.length, sizeof *names.items, compare_names);
    if (!ok && err->code == PRT_OK)
        *err = why;
    return ok;
}
