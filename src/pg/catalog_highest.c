/*
 * The highest key of a set: from the newest partition downwards, the first one that has a row. Each question names a few
 * partitions and stops at the first answer, so that no more are locked than need be; mostly the first question does.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "model/ident.h"
#include "pg/catalog.h"
#include "pg/conn_impl.h"
#include "pg/result.h"

enum { FIRST_ASKED = 8, GROWTH = 8 };

typedef struct candidate {
    const prt_table *table;
    bool ordered; /* position is known; otherwise text decides */
    int64_t position;
    const char *text;
} candidate;

typedef struct search {
    const char *column;
    candidate *candidates;
    size_t length, next, asked;
    size_t most; /* partitions in one question: what the lock budget allows */
} search;

/* Where a partition begins: an integer, a time, or a text whose bytes sort as the key does (uuid). */
static candidate
candidate_of(const prt_table *table)
{
    candidate c = {.table = table, .ordered = true, .position = INT64_MIN, .text = ""};
    if (table->bound_error != NULL || table->bound.kind != PRT_BOUND_RANGE || table->bound.length == 0)
        return c;
    const prt_datum *from = &table->bound.from[0];
    if (from->kind != PRT_DATUM_VALUE)
        return c;
    char *end;
    prt_error ignored = {0};
    errno = 0;
    c.text = from->text;
    c.position = strtoll(from->text, &end, 10);
    c.ordered = errno == 0 && end != from->text && *end == '\0';
    if (!c.ordered)
        c.ordered = prt_instant_parse(from->text, &c.position, &ignored);
    return c;
}

static int
newest_first(const void *left, const void *right)
{
    const candidate *a = left, *b = right;
    if (a->ordered && b->ordered)
        return a->position > b->position ? -1 : a->position < b->position;
    if (a->ordered != b->ordered)
        return a->ordered ? 1 : -1; /* only an open lower end is ordered among texts: it comes last */
    return -strcmp(a->text, b->text);
}

static search
search_begin(prt_conn *conn, prt_arena *scratch, const prt_table *table, const char *column)
{
    const prt_parent *parent = table->parent;
    search s = {.column = column, .asked = FIRST_ASKED};
    if (parent == NULL)
        return s;
    s.candidates = prt_arena_array(scratch, parent->children_length, sizeof *s.candidates);
    for (size_t i = 0; i < parent->children_length; i++) {
        const prt_table *child = parent->children[i];
        bool is_default = child->bound_error == NULL && child->bound.kind == PRT_BOUND_DEFAULT;
        if (!is_default && !child->detach_pending)
            s.candidates[s.length++] = candidate_of(child);
    }
    if (s.length > 0)
        qsort(s.candidates, s.length, sizeof *s.candidates, newest_first);
    s.most = (size_t) prt_conn_facts_of(conn)->lock_budget / (size_t) (parent->locks_per_child + 1);
    if (s.most == 0)
        s.most = 1;
    return s;
}

/* The next question. COALESCE asks one partition after the other, and stops. */
static const char *
question(prt_arena *scratch, search *s)
{
    prt_buf sql;
    const char *column = prt_ident_quote(scratch, s->column);
    size_t end = s->next + (s->asked < s->most ? s->asked : s->most);
    if (end > s->length)
        end = s->length;
    prt_buf_init(&sql, scratch);
    prt_buf_str(&sql, "SELECT coalesce(NULL");
    for (size_t i = s->next; i < end; i++) {
        const prt_table *t = s->candidates[i].table;
        prt_buf_fmt(&sql, ",\n  (SELECT %s::text FROM %s WHERE %s IS NOT NULL ORDER BY %s DESC LIMIT 1)", column,
                    prt_ident_qualify(scratch, t->schema, t->name), column, column);
    }
    prt_buf_str(&sql, ")");
    s->next = end;
    s->asked *= GROWTH;
    return sql.data;
}

/* One round trip for all sets that have no answer yet; a transaction each, for the sake of the lock table. */
static bool
ask(prt_conn *conn, prt_arena *scratch, prt_arena *arena, search *searches, size_t length, const char **highest,
    bool *again, prt_error *err)
{
    prt_step *steps = prt_arena_array(scratch, 2 * length, sizeof *steps);
    PGresult **results = prt_arena_array(scratch, 2 * length, sizeof *results);
    size_t *answers = prt_arena_array(scratch, length, sizeof *answers);
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        answers[i] = SIZE_MAX;
        if (highest[i] != NULL || searches[i].next == searches[i].length)
            continue;
        if (conn->pooled)
            steps[n++] = prt_pooled_step(conn, scratch);
        answers[i] = n;
        steps[n++] = (prt_step) {.sql = question(scratch, &searches[i]), .sync = true};
    }
    *again = n > 0;
    if (n == 0)
        return true;
    bool ok = prt_job_send(conn, steps, n, results, err) && prt_job_finish(conn, NULL, err);
    for (size_t i = 0; ok && i < length; i++)
        if (answers[i] != SIZE_MAX)
            highest[i] = prt_cell_text(arena, results[answers[i]], 0, 0);
    for (size_t i = 0; i < n; i++)
        PQclear(results[i]);
    return ok;
}

bool
prt_catalog_highest_many(prt_conn *conn, prt_arena *arena, const prt_table *const *parents, const char *const *columns,
                         size_t length, const char **highest, prt_error *err)
{
    prt_arena *scratch = prt_arena_new();
    search *searches = prt_arena_array(scratch, length, sizeof *searches);
    bool ok = true, again = true;
    for (size_t i = 0; i < length; i++) {
        searches[i] = search_begin(conn, scratch, parents[i], columns[i]);
        highest[i] = NULL;
    }
    while (ok && again)
        ok = ask(conn, scratch, arena, searches, length, highest, &again, err);
    prt_arena_free(scratch);
    return ok;
}

bool
prt_catalog_highest(prt_conn *conn, prt_arena *arena, const prt_table *parent, const char *column, const char **highest,
                    prt_error *err)
{
    return prt_catalog_highest_many(conn, arena, &parent, &column, 1, highest, err);
}
