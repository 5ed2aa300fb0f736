#include "model/range.h"

#include <inttypes.h>

#include "base/buf.h"
#include "model/ident.h"

static bool
end_from_tuple(prt_arena *arena, const prt_key *key, const prt_datum *tuple, size_t length, prt_end *out,
               prt_error *err)
{
    out->inside = false;
    out->sql = tuple[0].sql; /* of most keys: no copy for each of thousands of partitions */
    if (length > 1) {
        prt_buf sql;
        prt_buf_init(&sql, arena);
        for (size_t i = 0; i < length; i++) {
            prt_buf_str(&sql, i == 0 ? "" : ", ");
            prt_buf_str(&sql, tuple[i].sql);
            out->inside |= i > (size_t) key->index && tuple[i].kind != PRT_DATUM_MINVALUE;
        }
        out->sql = sql.data;
    }
    return prt_key_decode(key, &tuple[key->index], &out->pos, err);
}

bool
prt_range_from_bound(prt_arena *arena, const prt_key *key, const prt_bound *bound, prt_range *out, prt_error *err)
{
    if (bound->kind != PRT_BOUND_RANGE)
        return prt_fail(err, PRT_ERR_VALUE, "the bound is not a range");
    if (key->index < 0 || (size_t) key->index >= bound->length)
        return prt_fail(err, PRT_ERR_VALUE, "the bound has %zu columns, but key column \"%s\" is number %d",
                        bound->length, key->column, key->index + 1);
    prt_range range;
    if (!end_from_tuple(arena, key, bound->from, bound->length, &range.from, err) ||
        !end_from_tuple(arena, key, bound->to, bound->length, &range.to, err))
        return false;
    *out = range;
    return true;
}

prt_pos
prt_range_over(const prt_key *key, const prt_range *range)
{
    prt_pos to = range->to.pos;
    if (!range->to.inside || to == PRT_POS_MIN || to == PRT_POS_MAX)
        return to;
    return prt_pos_add(to, prt_key_resolution(key));
}

/* Nothing may follow MAXVALUE but MAXVALUE, nor MINVALUE but MINVALUE (manual, CREATE TABLE). A tenant before the key's
 * column is the same at both ends: the bound is exact. */
static const char *
end_sql(prt_arena *arena, const prt_key *key, const char *first, const char *others)
{
    prt_buf sql;
    prt_buf_init(&sql, arena);
    if (key->index > 0)
        prt_buf_fmt(&sql, "%s, ", key->prefix);
    prt_buf_str(&sql, first);
    for (int i = key->index + 1; i < key->columns; i++) {
        prt_buf_str(&sql, ", ");
        prt_buf_str(&sql, others);
    }
    return sql.data;
}

bool
prt_end_make(prt_arena *arena, const prt_key *key, prt_pos at, prt_end *out, prt_error *err)
{
    if (at == PRT_POS_MIN || at == PRT_POS_MAX) {
        const char *word = at == PRT_POS_MIN ? "MINVALUE" : "MAXVALUE";
        *out = (prt_end) {.pos = at, .sql = end_sql(arena, key, word, word)};
        return true;
    }
    const char *text;
    if (!prt_key_encode(key, arena, at, &text, err))
        return false;
    *out = (prt_end) {.pos = prt_key_floor(key, at),
                      .sql = end_sql(arena, key, prt_literal_quote(arena, text), "MINVALUE")};
    return true;
}

const char *
prt_pos_display(prt_arena *arena, const prt_key *key, prt_pos at)
{
    if (at == PRT_POS_MIN)
        return "-inf";
    if (at == PRT_POS_MAX)
        return "inf";
    return prt_key_is_time(key) ? prt_instant_display(arena, at) : prt_arena_printf(arena, "%" PRId64, at);
}

const char *
prt_range_display(prt_arena *arena, const prt_key *key, const prt_range *range)
{
    return prt_arena_printf(arena, "%s .. %s", prt_pos_display(arena, key, range->from.pos),
                            prt_pos_display(arena, key, range->to.pos));
}
