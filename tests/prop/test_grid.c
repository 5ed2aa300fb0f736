/*
 * Grids of every unit tile the axis: no gap, no overlap, wherever one looks. Random grids, zones and positions;
 * PARTRUN_SEED repeats a run.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "model/grid.h"
#include "support/support.h"

static const char *const zone_names[] = {
    "UTC",          "Europe/Paris",      "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe",
    "Pacific/Apia", "America/Sao_Paulo", "America/St_Johns"};
enum { ZONES = sizeof zone_names / sizeof *zone_names, GRIDS = 4000, STEPS = 60 };

typedef struct world {
    prt_arena *arena;
    const prt_zone *zones[ZONES];
    uint64_t random;
} world;

static uint64_t
next_random(world *w)
{
    /* splitmix64 */
    uint64_t z = w->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* least <= result < most */
static int64_t
between(world *w, int64_t least, int64_t most)
{
    return least + (int64_t) (next_random(w) % (uint64_t) (most - least));
}

static int
setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    const char *given = getenv("PARTRUN_SEED");
    int64_t seed = given != NULL && given[0] != '\0' ? strtoll(given, NULL, 10) : prt_clock_wall();
    print_message("PARTRUN_SEED=%" PRId64 "\n", seed);
    w->random = (uint64_t) seed;
    w->arena = prt_arena_new();
    for (int i = 0; i < ZONES; i++) {
        prt_error err = {0};
        char *bytes;
        size_t length;
        assert_ok(prt_tzdata_read(w->arena, zone_names[i], &bytes, &length, &err), &err);
        assert_ok(prt_zone_parse(w->arena, zone_names[i], bytes, length, &w->zones[i], &err), &err);
    }
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    world *w = *state;
    prt_arena_free(w->arena);
    free(w);
    return 0;
}

static prt_grid
time_grid(world *w, const prt_interval *interval, const prt_instant *anchor)
{
    prt_error err = {0};
    prt_grid grid;
    assert_ok(prt_grid_time(&grid, interval, anchor, w->zones[next_random(w) % ZONES], &err), &err);
    return grid;
}

static prt_grid
random_grid(world *w)
{
    static const int64_t fixed[] = {1, PRT_USEC_PER_MSEC, PRT_USEC_PER_MINUTE, PRT_USEC_PER_HOUR};
    prt_instant date = between(w, -36524, 84006) * PRT_USEC_PER_DAY, any = (prt_instant) next_random(w) / 2;
    bool anchored = next_random(w) % 2 == 0;
    switch (next_random(w) % 4) {
    case 0: {
        prt_error err = {0};
        prt_grid grid;
        int64_t step = (int64_t) (next_random(w) >> between(w, 1, 63)) + 1;
        assert_ok(prt_grid_id(&grid, step > 0 ? step : INT64_MAX, (int64_t) next_random(w), &err), &err);
        return grid;
    }
    case 1:
        return time_grid(w, &(prt_interval) {.usec = fixed[next_random(w) % 4] * between(w, 1, 50)},
                         anchored ? &any : NULL);
    case 2:
        return time_grid(w, &(prt_interval) {.days = between(w, 1, 60)}, anchored ? &date : NULL);
    default:
        return time_grid(w, &(prt_interval) {.months = between(w, 1, 40)}, anchored ? &date : NULL);
    }
}

static prt_pos
random_position(world *w)
{
    switch (next_random(w) % 4) {
    case 0:
        return (prt_pos) next_random(w); /* anywhere */
    case 1:
        return next_random(w) % 2 == 0 ? PRT_POS_MIN + between(w, 0, INT64_C(1) << 50) /* at the ends */
                                       : PRT_POS_MAX - between(w, 0, INT64_C(1) << 50);
    default:
        return between(w, -2208988800, 7289654400) * PRT_USEC_PER_SEC + between(w, 0, PRT_USEC_PER_SEC);
    }
}

#define hold(grid, at, condition)                                                                                \
    do {                                                                                                         \
        if (!(condition))                                                                                        \
            fail_msg("unit %d, step %" PRId64 ", anchor %" PRId64 ", zone %s, at %" PRId64 ": %s", (grid)->unit, \
                     (grid)->step, (grid)->anchor, prt_zone_name((grid)->zone), (at), #condition);               \
    } while (0)

static void
check_position(world *w, const prt_grid *g, prt_pos at)
{
    prt_pos floor = prt_grid_floor(g, at), next = prt_grid_next(g, at);
    hold(g, at, floor <= at && (at < next || at == PRT_POS_MAX));
    hold(g, at, prt_grid_is_boundary(g, floor) && prt_grid_is_boundary(g, next));
    hold(g, at, prt_grid_floor(g, floor) == floor && prt_grid_next(g, floor) == next);
    hold(g, at, next == PRT_POS_MAX || prt_grid_floor(g, next) == next);
    hold(g, at, prt_grid_next(g, next) > next || next == PRT_POS_MAX);
    if (next - 1 > floor) /* else MAX is a boundary itself, or the cell is one position wide */
        hold(g, at, prt_grid_floor(g, next - 1) == floor && prt_grid_next(g, next - 1) == next);
    hold(g, at, prt_grid_prev(g, next) == floor || next == PRT_POS_MAX);
    hold(g, at, prt_grid_next(g, prt_grid_prev(g, floor)) == floor || floor == PRT_POS_MIN);
    uint64_t width = (uint64_t) next - (uint64_t) floor;
    prt_pos inside = (prt_pos) ((uint64_t) floor + (width == 0 ? 0 : next_random(w) % width));
    hold(g, inside, prt_grid_floor(g, inside) == floor);
    hold(g, inside, prt_grid_next(g, inside) == next);
    hold(g, inside, prt_grid_is_boundary(g, inside) == (inside == floor || inside == PRT_POS_MAX));
}

static void
test_cells(void **state)
{
    world *w = *state;
    for (int i = 0; i < GRIDS; i++) {
        prt_grid g = random_grid(w);
        check_position(w, &g, PRT_POS_MIN);
        check_position(w, &g, PRT_POS_MAX);
        for (int j = 0; j < 20; j++)
            check_position(w, &g, random_position(w));
    }
}

/* Forwards cell by cell and back again: the same boundaries, each with a wall clock later than the one before. */
static void
test_walks(void **state)
{
    world *w = *state;
    for (int i = 0; i < GRIDS; i++) {
        prt_grid g = random_grid(w);
        prt_pos path[STEPS] = {prt_grid_floor(&g, random_position(w))};
        int n = 1;
        for (; n < STEPS && path[n - 1] != PRT_POS_MAX; n++) {
            path[n] = prt_grid_next(&g, path[n - 1]);
            hold(&g, path[n], path[n] > path[n - 1]);
            hold(&g, path[n], prt_grid_wall(&g, path[n]) > prt_grid_wall(&g, path[n - 1]));
        }
        for (int back = n - 1; back > 0; back--)
            hold(&g, path[back],
                 prt_grid_prev(&g, path[back]) == path[back - 1] ||
                     (path[back] == PRT_POS_MAX && prt_grid_prev(&g, path[back]) >= path[back - 1]));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cells, setup, teardown),
        cmocka_unit_test_setup_teardown(test_walks, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
