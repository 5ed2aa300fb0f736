/*
 * The timeline: partitions from left to right by their bounds, as tall as they hold bytes; gaps are seen as gaps.
 *
 *   2026-02-10 ▂▃▅▇█▇▇▆▆▅▁▁▁▁ 2026-03-19
 *               ^retention ^now ^horizon
 */
#include <stdlib.h>

#include "cli/stats.h"

enum { LEVELS = 8, MOST_COLUMNS = 120, LEAST_COLUMNS = 24, WIDEST_PARTITION = 4 };

#define ROUNDING 1e-9L /* columns */

typedef struct axis {
    prt_pos from, to;
    int columns;
} axis;

typedef struct label {
    const char *text;
    int column;
    prt_tint tint;
} label;

static void
stretch(axis *a, prt_pos at)
{
    if (at == PRT_POS_MIN || at == PRT_POS_MAX)
        return;
    a->from = at < a->from ? at : a->from;
    a->to = at > a->to ? at : a->to;
}

/* The ends of everything finite; false when there is nothing to draw between. */
static bool
find_ends(const prt_stats *stats, axis *a)
{
    *a = (axis) {.from = PRT_POS_MAX, .to = PRT_POS_MIN};
    for (size_t i = 0; i < stats->rows.length; i++) {
        const prt_stats_row *row = &stats->rows.items[i];
        if (!row->has_range)
            continue;
        stretch(a, row->range.from.pos);
        stretch(a, row->range.to.pos);
    }
    if (a->from >= a->to)
        return false;
    stretch(a, stats->now);
    return true;
}

static long double
column_of(const axis *a, prt_pos at)
{
    if (at <= a->from)
        return 0;
    if (at >= a->to)
        return a->columns;
    return ((long double) at - (long double) a->from) * a->columns / ((long double) a->to - (long double) a->from);
}

/* Bytes of each column, and how much of it partitions cover. */
static void
fill_columns(const prt_stats *stats, const axis *a, long double *bytes, long double *cover)
{
    for (size_t i = 0; i < stats->rows.length; i++) {
        const prt_stats_row *row = &stats->rows.items[i];
        if (!row->has_range)
            continue;
        long double from = column_of(a, row->range.from.pos), to = column_of(a, row->range.to.pos);
        for (int c = (int) (from + ROUNDING); c < a->columns && (long double) c < to - ROUNDING; c++) {
            long double left = from > c ? from : c, right = to < c + 1 ? to : c + 1;
            cover[c] += right - left;
            bytes[c] += (long double) row->bytes * (right - left) / (to - from);
        }
    }
}

static const char *
glyph(bool utf8, int level)
{
    static const char *const blocks[LEVELS] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const plain[LEVELS] = {"_", ".", ":", "-", "=", "+", "*", "#"};
    return utf8 ? blocks[level] : plain[level];
}

static prt_tint
column_tint(const prt_stats *stats, const axis *a, int column)
{
    if (stats->has_keep && (long double) column + 1 <= column_of(a, stats->keep))
        return PRT_TINT_BAD;
    int now = (int) column_of(a, stats->now);
    return column == now ? PRT_TINT_BOLD : column > now ? PRT_TINT_DIM : PRT_TINT_GOOD;
}

static void
put_bar(prt_buf *out, const prt_stats *stats, const axis *a, const prt_stats_style *style)
{
    long double bytes[MOST_COLUMNS] = {0}, cover[MOST_COLUMNS] = {0}, most = 0;
    fill_columns(stats, a, bytes, cover);
    for (int c = 0; c < a->columns; c++)
        most = bytes[c] > most ? bytes[c] : most;
    for (int c = 0; c < a->columns; c++) {
        if (cover[c] < 0.5L) {
            prt_buf_char(out, ' ');
            continue;
        }
        int level = most > 0 ? (int) (bytes[c] * LEVELS / most) : 0;
        level = level >= LEVELS ? LEVELS - 1 : level;
        prt_text_put(out, &style->text, column_tint(stats, a, c), glyph(style->utf8, level), 0);
    }
}

static void
put_labels(prt_buf *out, const prt_stats_style *style, label *labels, size_t count, int indent)
{
    bool done[4] = {false};
    for (size_t left = count; left > 0;) {
        int column = 0;
        for (size_t i = 0; i < count; i++) {
            int start = indent + labels[i].column;
            if (done[i] || start < column + (column > 0))
                continue;
            for (; column < start; column++)
                prt_buf_char(out, ' ');
            prt_text_put(out, &style->text, labels[i].tint, labels[i].text, 0);
            column += prt_text_width(labels[i].text);
            done[i] = true;
            left--;
        }
        prt_buf_char(out, '\n');
    }
}

static void
add_label(label *labels, size_t *count, const axis *a, prt_pos at, const char *text, prt_tint tint)
{
    if (at < a->from || at > a->to)
        return;
    int column = (int) column_of(a, at);
    labels[(*count)++] = (label) {text, column < a->columns ? column : a->columns - 1, tint};
}

static int
compare_widths(const void *a, const void *b)
{
    long double x = *(const long double *) a, y = *(const long double *) b;
    return x < y ? -1 : x > y;
}

/* How many partitions of the usual width fit on the axis. */
static long double
usual_partitions(prt_arena *arena, const prt_stats *stats, const axis *a)
{
    long double *widths = prt_arena_array(arena, stats->rows.length + 1, sizeof *widths);
    size_t count = 0;
    for (size_t i = 0; i < stats->rows.length; i++) {
        const prt_range *range = &stats->rows.items[i].range;
        if (stats->rows.items[i].has_range && range->from.pos != PRT_POS_MIN && range->to.pos != PRT_POS_MAX)
            widths[count++] = (long double) range->to.pos - (long double) range->from.pos;
    }
    if (count == 0)
        return 1;
    qsort(widths, count, sizeof *widths, compare_widths);
    return ((long double) a->to - (long double) a->from) / widths[count / 2];
}

/* Whole columns a partition, where there are few partitions: bars of one width. */
static int
columns_for(long double partitions, int room)
{
    room = room > MOST_COLUMNS ? MOST_COLUMNS : room < LEAST_COLUMNS ? LEAST_COLUMNS : room;
    if (partitions + 0.5L >= room)
        return room;
    int whole = partitions < 1 ? 1 : (int) (partitions + 0.5L), each = room / whole;
    return whole * (each > WIDEST_PARTITION ? WIDEST_PARTITION : each);
}

/* An end of the axis may be now, to the microsecond. */
static const char *
end_text(prt_arena *arena, const prt_key *key, prt_pos at)
{
    bool reading = prt_key_is_time(key) && at != PRT_POS_MIN && at != PRT_POS_MAX;
    return reading ? prt_second_display(arena, at) : prt_pos_display(arena, key, at);
}

void
prt_stats_timeline(prt_buf *out, const prt_stats *stats, const prt_stats_style *style)
{
    axis a;
    size_t count = 0;
    label labels[4];
    if (!stats->has_key || !find_ends(stats, &a))
        return;
    const char *from = end_text(out->arena, &stats->key, a.from);
    const char *to = end_text(out->arena, &stats->key, a.to);
    int indent = 2 + prt_text_width(from) + 2, room = style->width - indent - 2 - prt_text_width(to);
    a.columns = columns_for(usual_partitions(out->arena, stats, &a), room);

    prt_buf_fmt(out, "  %s  ", from);
    put_bar(out, stats, &a, style);
    prt_buf_fmt(out, "  %s\n", to);
    if (stats->has_keep)
        add_label(labels, &count, &a, stats->keep, "^retention", PRT_TINT_BAD);
    add_label(labels, &count, &a, stats->now, "^now", PRT_TINT_BOLD);
    add_label(labels, &count, &a, stats->horizon, "^horizon", PRT_TINT_NONE);
    put_labels(out, style, labels, count, indent);
}
