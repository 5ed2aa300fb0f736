/* Texts of instants, intervals and formats: refused, or read as something whose own text reads back the same. */
#include <stdlib.h>
#include <string.h>

#include "model/civil.h"
#include "model/grid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_instant(prt_arena *arena, const char *text)
{
    prt_error err = {0};
    prt_instant at, again;
    if (!prt_instant_parse(text, &at, &err))
        return;
    if (!prt_instant_parse(prt_instant_format(arena, at), &again, &err) || again != at)
        abort();
    if (!prt_instant_parse(prt_instant_display(arena, at), &again, &err) || again != at)
        abort();
}

static void
check_interval(prt_arena *arena, const char *text)
{
    prt_error err = {0};
    prt_interval interval, again;
    prt_grid grid;
    if (!prt_interval_parse(text, &interval, &err))
        return;
    if (!prt_interval_parse(prt_interval_format(arena, &interval), &again, &err) ||
        memcmp(&interval, &again, sizeof again) != 0)
        abort();
    if (prt_interval_add(0, &interval, 1, NULL) < 0 || prt_interval_add(0, &interval, -1, NULL) > 0)
        abort();
    if (prt_grid_time(&grid, &interval, NULL, NULL, &err) && prt_grid_next(&grid, 0) <= 0)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    prt_arena *arena = prt_arena_new();
    char *text = prt_arena_strndup(arena, (const char *) data, size);
    prt_error err = {0};
    prt_buf out;
    prt_buf_init(&out, arena);
    check_instant(arena, text);
    check_interval(arena, text);
    if (!prt_civil_format(&out, text, (int64_t) size * PRT_USEC_PER_DAY, &err) && err.hint[0] == '\0')
        abort();
    prt_arena_free(arena);
    return 0;
}
