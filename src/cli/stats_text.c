#include <string.h>

#include "cli/stats.h"
#include "model/ident.h"

static const char *
range_of(prt_arena *arena, const prt_stats *stats, const prt_stats_row *row)
{
    if (row->has_range)
        return prt_range_display(arena, &stats->key, &row->range);
    if (row->table->bound.kind == PRT_BOUND_DEFAULT)
        return "";
    return row->table->bound_text == NULL ? "" : row->table->bound_text;
}

static const char *
name_of(prt_arena *arena, const prt_stats *stats, const prt_stats_row *row)
{
    bool elsewhere = strcmp(row->table->schema, stats->parent->schema) != 0;
    return prt_ident_display(arena, elsewhere ? row->table->schema : NULL, row->table->name);
}

static const char *
rows_text(prt_arena *arena, int64_t rows, const char *about)
{
    if (rows < 0)
        return "? rows";
    return prt_arena_printf(arena, "%s%s row%s", about, prt_number_text(arena, rows), rows == 1 ? "" : "s");
}

static const char *
rows_of(prt_arena *arena, const prt_stats_row *row)
{
    return rows_text(arena, row->rows, row->exact ? "" : "~");
}

static void
widen(int *width, const char *text)
{
    int w = prt_text_width(text);
    if (w > *width)
        *width = w < 60 ? w : 60;
}

static void
put_right(prt_buf *out, const char *text, int width)
{
    for (int i = prt_text_width(text); i < width; i++)
        prt_buf_char(out, ' ');
    prt_buf_str(out, text);
}

static prt_tint
tint_of(const char *state)
{
    if (strcmp(state, "now") == 0)
        return PRT_TINT_GOOD;
    return strcmp(state, "expired") == 0 || strcmp(state, "detach pending") == 0 ? PRT_TINT_BAD : PRT_TINT_WARN;
}

static void
put_rows(prt_buf *out, const prt_stats *stats, const prt_text_style *style)
{
    prt_arena *arena = out->arena;
    int name = 0, range = 0, size = 0, rows = 0;
    for (size_t i = 0; i < stats->rows.length; i++) {
        const prt_stats_row *row = &stats->rows.items[i];
        widen(&name, name_of(arena, stats, row));
        widen(&range, range_of(arena, stats, row));
        widen(&size, prt_bytes_text(arena, row->bytes));
        widen(&rows, rows_of(arena, row));
    }
    for (size_t i = 0; i < stats->rows.length; i++) {
        const prt_stats_row *row = &stats->rows.items[i];
        prt_buf_str(out, "  ");
        prt_text_put(out, style, PRT_TINT_NONE, name_of(arena, stats, row), name);
        prt_buf_str(out, "   ");
        prt_text_put(out, style, PRT_TINT_NONE, range_of(arena, stats, row), range);
        prt_buf_str(out, "   ");
        put_right(out, prt_bytes_text(arena, row->bytes), size);
        prt_buf_str(out, "   ");
        put_right(out, rows_of(arena, row), rows);
        if (row->state[0] != '\0')
            prt_buf_str(out, "   ");
        prt_text_put(out, style, tint_of(row->state), row->state, 0);
        prt_buf_char(out, '\n');
    }
}

static const char *
runway_of(prt_arena *arena, const prt_stats *stats)
{
    if (stats->horizon == PRT_POS_MAX)
        return "runway without end";
    if (stats->horizon <= stats->now)
        return "no runway";
    if (!prt_key_is_time(&stats->key))
        return prt_arena_printf(arena, "runway %s ids", prt_number_text(arena, stats->horizon - stats->now));
    return prt_arena_printf(arena, "runway %s", prt_duration_display(arena, stats->horizon - stats->now));
}

static void
put_header(prt_buf *out, const prt_stats *stats, const prt_text_style *style)
{
    prt_arena *arena = out->arena;
    size_t partitions = 0;
    for (size_t i = 0; i < stats->rows.length; i++)
        partitions += stats->rows.items[i].table->bound.kind != PRT_BOUND_DEFAULT;
    prt_text_put(out, style, PRT_TINT_BOLD, prt_parent_name(arena, stats->parent, stats->tenant), 0);
    prt_buf_str(out, "   ");
    if (stats->grid != NULL)
        prt_buf_fmt(out, "%s, ", stats->grid);
    prt_buf_fmt(out, "%s, %s, %s", prt_count_text(arena, partitions, "partition"),
                prt_bytes_text(arena, prt_stats_bytes(stats)),
                rows_text(arena, prt_stats_rows(stats), prt_stats_exact(stats) ? "" : "about "));
    if (stats->has_key) {
        prt_buf_str(out, ", ");
        prt_text_put(out, style, stats->horizon <= stats->now ? PRT_TINT_BAD : PRT_TINT_NONE, runway_of(arena, stats),
                     0);
    }
    prt_buf_char(out, '\n');
}

void
prt_stats_text(prt_buf *out, const prt_stats *stats, const prt_stats_style *style)
{
    put_header(out, stats, &style->text);
    prt_stats_timeline(out, stats, style);
    put_rows(out, stats, &style->text);
}
