/*
 * The calendar against an independent oracle: python3's datetime and zoneinfo (oracle.py) for 1900 to 2200. Without
 * python3 this fails; it never skips. PARTRUN_SEED repeats a run.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "model/civil.h"
#include "model/grid.h"
#include "support/support.h"

typedef struct checker {
    prt_arena *arena;
    const prt_zone *zone;
    prt_grid days; /* daily, in this zone */
    prt_grid grid; /* the last `grid` line's */
    bool in_day, in_grid;
    prt_pos next_day, next_cell; /* where the walk has to go on */
    long lines, end;
} checker;

static int64_t
seed(void)
{
    const char *given = getenv("PARTRUN_SEED");
    return given != NULL && given[0] != '\0' ? strtoll(given, NULL, 10) : prt_clock_wall();
}

static prt_grid
calendar_grid(prt_unit unit, int64_t step, int64_t anchor_day, const prt_zone *zone)
{
    prt_error err = {0};
    prt_grid grid;
    prt_interval interval = {.months = unit == PRT_UNIT_MONTH ? step : 0, .days = unit == PRT_UNIT_DAY ? step : 0};
    prt_instant anchor = anchor_day * PRT_USEC_PER_DAY;
    assert_ok(prt_grid_time(&grid, &interval, &anchor, zone, &err), &err);
    return grid;
}

static void
start_zone(checker *c, const char *name)
{
    prt_error err = {0};
    char *bytes;
    size_t length;
    assert_ok(prt_tzdata_read(c->arena, name, &bytes, &length, &err), &err);
    assert_ok(prt_zone_parse(c->arena, name, bytes, length, &c->zone, &err), &err);
    c->days = calendar_grid(PRT_UNIT_DAY, 1, 0, c->zone);
    c->in_day = c->in_grid = false;
}

#define expect(c, line, what, got, wanted)                                                                       \
    do {                                                                                                         \
        int64_t got_ = (got), wanted_ = (wanted);                                                                \
        if (got_ != wanted_)                                                                                     \
            fail_msg("zone %s, line %ld \"%s\": %s is %s, not %s (%" PRId64 ", %" PRId64 ")",                    \
                     prt_zone_name((c)->zone), (c)->lines, (line), (what), prt_instant_format((c)->arena, got_), \
                     prt_instant_format((c)->arena, wanted_), got_, wanted_);                                    \
    } while (0)

static void
check_cell(const checker *c, const char *line, const prt_grid *grid, prt_pos start)
{
    prt_pos next = prt_grid_next(grid, start);
    expect(c, line, "floor", prt_grid_floor(grid, start), start);
    expect(c, line, "floor of the last microsecond", prt_grid_floor(grid, next - 1), start);
    expect(c, line, "next of the last microsecond", prt_grid_next(grid, next - 1), next);
    expect(c, line, "prev of the next", prt_grid_prev(grid, next), start);
    /* Inside, where a clock that was set back may show the day before. */
    for (prt_pos inside = start + 7 * PRT_USEC_PER_MINUTE; inside < next && inside < start + 3 * PRT_USEC_PER_HOUR;
         inside += 50 * PRT_USEC_PER_MINUTE) {
        expect(c, line, "floor of the inside", prt_grid_floor(grid, inside), start);
        expect(c, line, "next of the inside", prt_grid_next(grid, inside), next);
    }
}

static void
check_day(checker *c, const char *line, int64_t day, prt_pos start, bool full)
{
    check_cell(c, line, &c->days, start);
    expect(c, line, "the wall date", prt_floor_div(prt_grid_wall(&c->days, start), PRT_USEC_PER_DAY), day);
    if (full && c->in_day)
        expect(c, line, "the next day", start, c->next_day);
    c->in_day = true;
    c->next_day = prt_grid_next(&c->days, start);
}

static void
check_grid_cell(checker *c, const char *line, prt_pos start)
{
    check_cell(c, line, &c->grid, start);
    if (c->in_grid)
        expect(c, line, "the next cell", start, c->next_cell);
    c->in_grid = true;
    c->next_cell = prt_grid_next(&c->grid, start);
}

static void
check_civil(const checker *c, const char *line, int64_t day, const char *text)
{
    prt_error err = {0};
    prt_buf out;
    prt_arena *arena = prt_arena_new();
    prt_buf_init(&out, arena);
    assert_ok(prt_civil_format(&out, "%Y-%m-%d %j %G-%V-%u %y %a %b", day * PRT_USEC_PER_DAY + 1, &err), &err);
    if (strcmp(out.data, text) != 0)
        fail_msg("line %ld \"%s\": got %s", c->lines, line, out.data);
    prt_arena_free(arena);
}

static void
check_line(checker *c, const char *line, bool full)
{
    char word[64];
    int64_t n[5] = {0};
    int text = 0;
    if (sscanf(line, "zone %63s", word) == 1)
        start_zone(c, word);
    else if (sscanf(line, "offset %" SCNd64 " %" SCNd64, &n[0], &n[1]) == 2)
        expect(c, line, "the offset", prt_zone_offset(c->zone, n[0] * PRT_USEC_PER_SEC), n[1]);
    else if (sscanf(line, "day %" SCNd64 " %" SCNd64, &n[0], &n[1]) == 2)
        check_day(c, line, n[0], n[1] * PRT_USEC_PER_SEC, full);
    else if (sscanf(line, "grid %63s %" SCNd64 " %" SCNd64, word, &n[0], &n[1]) == 3) {
        c->grid = calendar_grid(strcmp(word, "day") == 0 ? PRT_UNIT_DAY : PRT_UNIT_MONTH, n[0], n[1], c->zone);
        c->in_grid = false;
    } else if (sscanf(line, "cell %" SCNd64, &n[0]) == 1)
        check_grid_cell(c, line, n[0] * PRT_USEC_PER_SEC);
    else if (sscanf(line, "add %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, &n[0], &n[1], &n[2], &n[3],
                    &n[4]) == 5) {
        prt_interval interval = {.months = n[1], .days = n[2]};
        prt_instant sum = prt_interval_add(n[0] * PRT_USEC_PER_SEC, &interval, (int) n[3], c->zone);
        expect(c, line, "the sum", sum, n[4] * PRT_USEC_PER_SEC);
    } else if (sscanf(line, "civil %" SCNd64 " %n", &n[0], &text) == 1 && text > 0)
        check_civil(c, line, n[0], line + text);
    else if (sscanf(line, "end %ld", &c->end) != 1)
        fail_msg("line %ld is not understood: \"%s\"", c->lines, line);
}

static void
compare(prt_arena *arena, bool full, const char *zones)
{
    const char *source = getenv("PARTRUN_SOURCE_DIR");
    if (source == NULL)
        fail_msg("PARTRUN_SOURCE_DIR is not set: run this through ctest");
    char *command = prt_arena_printf(arena, "python3 '%s/tests/prop/oracle.py' %" PRId64 " 1900 2200 %s %s", source,
                                     seed(), full ? "full" : "sparse", zones);
    print_message("%s\n", command);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    checker c = {.arena = arena, .end = -1};
    char line[256];
    for (; c.end < 0 && fgets(line, sizeof line, pipe) != NULL; c.lines++) {
        line[strcspn(line, "\n")] = '\0';
        check_line(&c, line, full);
    }
    if (pclose(pipe) != 0)
        fail_msg("the oracle did not run to its end: is python3 (3.9 or later, with zoneinfo) installed?");
    assert_int_equal(c.end, c.lines - 1);
    assert_true(c.end > 100000);
}

static void
test_promised_zones(void **state)
{
    compare(*state, true,
            "UTC Europe/Paris America/New_York Asia/Kathmandu Australia/Lord_Howe Pacific/Apia "
            "America/Sao_Paulo");
}

/* Clocks that change at 00:01, at negative or very late times, backwards in summer, twice in Ramadan, by two hours. */
static void
test_odd_zones(void **state)
{
    compare(*state, false,
            "America/St_Johns Europe/Dublin America/Nuuk Africa/Casablanca Asia/Gaza Antarctica/Troll "
            "Pacific/Kwajalein Asia/Manila");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_promised_zones, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_odd_zones, support_arena_setup, support_arena_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
