/*
 * Names over the years, through every clock change: no name occurs twice, and each tells the very range it stands for.
 * The names are read back here by an oracle of its own, which knows the formats and the zone, but not the grid.
 */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "model/civil.h"
#include "model/naming.h"

static const char *const zones[] = {
    "UTC",          "Europe/Paris",     "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe",
    "Pacific/Apia", "America/Sao_Paulo"};
static const char *const presets[] = {"partman", "ppm", "go_partman", "year_month"};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

typedef PRT_VEC(const char *) name_list;

static prt_grid
grid_of(const char *interval, const prt_zone *zone)
{
    prt_error err = {0};
    prt_interval step;
    prt_grid grid;
    assert_ok(prt_interval_parse(interval, &step, &err), &err);
    assert_ok(prt_grid_time(&grid, &step, NULL, zone, &err), &err);
    return grid;
}

static const char *
name_of(prt_arena *arena, const char *naming, const prt_grid *grid, const prt_key *key, prt_pos from, prt_pos to)
{
    prt_error err = {0};
    const char *name;
    const prt_naming how = {.text = naming};
    const prt_name_input input = {
        .schema = "s", .table = "t", .key = key, .grid = grid, .range = {.from = {.pos = from}, .to = {.pos = to}}};
    assert_ok(prt_naming_make(arena, &how, &input, &name, &err), &err);
    return name;
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static void
assert_unique(name_list *names)
{
    qsort(names->items, names->length, sizeof names->items[0], by_text);
    for (size_t i = 1; i < names->length; i++)
        if (strcmp(names->items[i - 1], names->items[i]) == 0)
            fail_msg("the name %s occurs twice", names->items[i]);
}

/* The instant at which a local date begins; or that UTC time of day. */
static prt_instant
end_at(const prt_zone *zone, int year, int month, int day, const char *time_of_day)
{
    int64_t wall = prt_civil_days(year, month, day) * PRT_USEC_PER_DAY;
    int h, m, s, fraction = 0;
    if (sscanf(time_of_day, "_%2d%2d%2d_%6d", &h, &m, &s, &fraction) < 3)
        return prt_zone_first(zone, wall);
    return wall + h * PRT_USEC_PER_HOUR + m * PRT_USEC_PER_MINUTE + s * PRT_USEC_PER_SEC + fraction;
}

/* Reads one end: what follows "t_" or "_to_". */
static prt_instant
read_end(const prt_zone *zone, const char *p)
{
    int y, a = 1, b = 1, n = 0;
    p += *p == 'p' || *p == 'y';
    if ((sscanf(p, "%4d_w%2d%n", &y, &a, &n) == 2 || sscanf(p, "%4dw%2d%n", &y, &a, &n) == 2) && n > 0) {
        int64_t fourth = prt_civil_days(y, 1, 4); /* always in week 1 */
        int64_t monday = fourth - (prt_civil_weekday(fourth) - 1) + (a - 1) * 7;
        return prt_zone_first(zone, monday * PRT_USEC_PER_DAY);
    }
    if (sscanf(p, "%4d_q%1d", &y, &a) == 2 || sscanf(p, "%4dq%1d", &y, &a) == 2)
        return end_at(zone, y, a * 3 - 2, 1, "");
    if (sscanf(p, "%4dm%2dd%2d%n", &y, &a, &b, &n) == 3 || sscanf(p, "%4d_%2d_%2d%n", &y, &a, &b, &n) == 3)
        return end_at(zone, y, a, b, p + n);
    if (sscanf(p, "%4dm%2d", &y, &a) == 2 || sscanf(p, "%4d_%2d", &y, &a) == 2)
        return end_at(zone, y, a, 1, "");
    n = 4;
    if (sscanf(p, "%4d%2d%2d%n", &y, &a, &b, &n) == 3)
        return end_at(zone, y, a, b, p + n);
    assert_int_equal(sscanf(p, "%4d", &y), 1);
    return end_at(zone, y, 1, 1, "");
}

static void
check_cells(const char *zone_name, const char *interval, const char *first, const char *last)
{
    prt_arena *arena = prt_arena_new();
    prt_error err = {0};
    prt_key key;
    const prt_zone *zone = support_zone(arena, zone_name);
    const prt_grid grid = grid_of(interval, zone);
    const prt_instant end = support_instant(last);
    assert_ok(prt_key_init(&key, "at", "timestamp with time zone", 1, 0, NULL, zone, &err), &err);
    name_list names[COUNT(presets)] = {0};
    for (prt_pos at = prt_grid_floor(&grid, support_instant(first)), next; at < end; at = next) {
        next = prt_grid_next(&grid, at);
        for (size_t i = 0; i < COUNT(presets); i++) {
            const char *name = name_of(arena, presets[i], &grid, &key, at, next);
            prt_vec_push(arena, &names[i], name);
            if (strstr(name, "_to_") != NULL || read_end(zone, name + 2) != at)
                fail_msg("%s %s: the cell from %s is named %s", zone_name, interval, prt_instant_format(arena, at),
                         name);
        }
    }
    for (size_t i = 0; i < COUNT(presets); i++) {
        assert_true(names[i].length > 10);
        assert_unique(&names[i]);
    }
    prt_arena_free(arena);
}

static void
test_days_and_longer(void **state)
{
    (void) state;
    static const char *const intervals[] = {"1 week",   "2 weeks",  "1 month", "2 months",
                                            "3 months", "6 months", "1 year",  "10 years"};
    for (size_t z = 0; z < COUNT(zones); z++) {
        for (size_t i = 0; i < COUNT(intervals); i++)
            check_cells(zones[z], intervals[i], "1900-01-01", "2200-01-01");
        check_cells(zones[z], "1 day", "1900-01-01", "2060-01-01");
        check_cells(zones[z], "2 days", "1990-01-01", "2030-01-01");
    }
}

static void
test_hours_and_below(void **state)
{
    (void) state;
    for (size_t z = 0; z < COUNT(zones); z++) {
        check_cells(zones[z], "1 hour", "2010-01-01", "2013-01-01");
        check_cells(zones[z], "6 hours", "1990-01-01", "2010-01-01");
        check_cells(zones[z], "15 minutes", "2024-10-20", "2024-11-10");
        check_cells(zones[z], "300 ms", "2024-10-27 00:59", "2024-10-27 01:01");
    }
}

/* ---- segments ---- */

static uint64_t
next_random(uint64_t *seed) /* xorshift */
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    return *seed ^= *seed << 17;
}

static int
by_position(const void *a, const void *b)
{
    prt_pos x = *(const prt_pos *) a, y = *(const prt_pos *) b;
    return (x > y) - (x < y);
}

/* Cuts of all sorts: cells' bounds, midnights of the zone and of UTC, whole hours around clock changes, any microsecond. */
static prt_pos
random_cut(uint64_t *seed, const prt_grid *grid)
{
    static const char *const around[] = {"2011-12-30", "2017-10-15", "2018-02-18",
                                         "2024-03-31", "2024-10-27", "2024-11-03"};
    prt_pos at = support_instant(around[next_random(seed) % COUNT(around)]);
    at += (int64_t) (next_random(seed) % (6 * PRT_USEC_PER_DAY)) - 3 * PRT_USEC_PER_DAY;
    switch (next_random(seed) % 5) {
    case 0:
        return prt_grid_floor(grid, at);
    case 1:
        return prt_zone_first(grid->zone, prt_floor_div(at, PRT_USEC_PER_DAY) * PRT_USEC_PER_DAY);
    case 2:
        return prt_floor_div(at, PRT_USEC_PER_DAY) * PRT_USEC_PER_DAY;
    case 3:
        return prt_floor_div(at, PRT_USEC_PER_HOUR) * PRT_USEC_PER_HOUR;
    default:
        return at;
    }
}

/* A set cut at random: all its names differ, and where both ends are told, both are told exactly. */
static void
check_segments(uint64_t *seed, const char *zone_name, const char *interval, const char *naming)
{
    prt_arena *arena = prt_arena_new();
    prt_error err = {0};
    prt_key key;
    enum { CUTS = 300 };
    prt_pos cuts[CUTS + 2] = {PRT_POS_MIN, PRT_POS_MAX};
    const prt_zone *zone = support_zone(arena, zone_name);
    const prt_grid grid = grid_of(interval, zone);
    assert_ok(prt_key_init(&key, "at", "timestamp with time zone", 1, 0, NULL, zone, &err), &err);
    for (int i = 0; i < CUTS; i++)
        cuts[i + 2] = random_cut(seed, &grid);
    qsort(cuts, CUTS + 2, sizeof cuts[0], by_position);
    name_list names = {0};
    for (int i = 0; i <= CUTS; i++) {
        if (cuts[i] == cuts[i + 1])
            continue;
        const char *name = name_of(arena, naming, &grid, &key, cuts[i], cuts[i + 1]);
        const char *to = strstr(name, "_to_");
        prt_vec_push(arena, &names, name);
        assert_true(strlen(name) <= 63);
        if (strchr(naming, '{') != NULL || cuts[i] == PRT_POS_MIN || cuts[i + 1] == PRT_POS_MAX)
            continue;
        assert_int_equal(read_end(zone, name + 2), cuts[i]);
        if (to != NULL)
            assert_int_equal(read_end(zone, to + 4), cuts[i + 1]);
        else
            assert_int_equal(prt_grid_next(&grid, cuts[i]), cuts[i + 1]);
    }
    assert_unique(&names);
    prt_arena_free(arena);
}

static void
test_segments(void **state)
{
    (void) state;
    static const char *const intervals[] = {"1 hour", "1 day", "1 week", "1 month", "3 months", "1 year"};
    static const char *const namings[] = {
        "partman",        "ppm",         "go_partman",          "year_month",
        "{table}_{from}", "{to}{table}", "{table}_{to}_{from}", "{from:%Y%m%d%H}{table}"};
    uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
    for (size_t z = 0; z < COUNT(zones); z++)
        for (size_t i = 0; i < COUNT(intervals); i++)
            for (size_t n = 0; n < COUNT(namings); n++)
                check_segments(&seed, zones[z], intervals[i], namings[n]);
}

static void
test_ids(void **state)
{
    (void) state;
    prt_arena *arena = prt_arena_new();
    prt_error err = {0};
    prt_key key;
    prt_grid grid;
    assert_ok(prt_key_init(&key, "id", "bigint", 1, 0, NULL, NULL, &err), &err);
    for (size_t i = 0; i < COUNT(presets); i++) {
        name_list names = {0};
        for (int64_t step = 7; step < 100000; step *= 7) {
            assert_ok(prt_grid_id(&grid, step, 3, &err), &err);
            for (int64_t k = -500; k < 500; k++) {
                prt_pos from = prt_grid_floor(&grid, k * step), to = prt_grid_next(&grid, from);
                long long id;
                const char *name = name_of(arena, presets[i], &grid, &key, from, to);
                const char *p = name + 2 + (name[2] == 'p');
                assert_int_equal(sscanf(p + (*p == 'n'), "%lld", &id), 1);
                assert_int_equal(*p == 'n' ? -id : id, from);
                if (step == 7)
                    prt_vec_push(arena, &names, name);
                name = name_of(arena, presets[i], &grid, &key, from, from + 1 + k * k % step / 2);
                if (step == 7 && step > 1)
                    prt_vec_push(arena, &names, name);
            }
        }
        assert_unique(&names);
    }
    prt_arena_free(arena);
}

/* Ids that begin alike, of every length, a character of two bytes now and then at the cut: no two share a name. */
static void
test_tenants(void **state)
{
    (void) state;
    enum { TENANTS = 4000 };
    static const char *const tables[] = {"t", "events", "a_table_with_a_name_of_forty_bytes_in_all"};
    static const char *const namings[] = {"partman", "ppm", "go_partman", "{tenant}_{from}", "{table}.{tenant}.{from}"};
    prt_arena *arena = prt_arena_new();
    prt_error err = {0};
    prt_key key;
    const prt_grid grid = grid_of("1 day", prt_zone_utc());
    const prt_pos from = support_instant("2025-01-01"), to = support_instant("2025-01-02");
    assert_ok(prt_key_init(&key, "at", "timestamp with time zone", 2, 1, NULL, NULL, &err), &err);
    for (size_t t = 0; t < COUNT(tables); t++)
        for (size_t n = 0; n < COUNT(namings); n++) {
            name_list names = {0};
            for (int i = 0; i < TENANTS; i++) {
                const char *name;
                const prt_naming how = {.text = namings[n]};
                const char *tenant = prt_arena_printf(arena, "%.*s%s%d", i % 90,
                                                      "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqr"
                                                      "stuvwxyz0123456789abcdefghijklmnopqrstuvwxyz",
                                                      i % 3 == 0 ? "\u00e9\u00e9" : "-", i);
                const prt_name_input input = {.schema = "s",
                                              .table = tables[t],
                                              .tenant = tenant,
                                              .key = &key,
                                              .grid = &grid,
                                              .range = {.from = {.pos = from}, .to = {.pos = to}}};
                assert_ok(prt_naming_make(arena, &how, &input, &name, &err), &err);
                char *repaired = prt_arena_strdup(arena, name);
                prt_utf8_repair(repaired);
                assert_string_equal(name, repaired);
                assert_true(strlen(name) <= 63);
                prt_vec_push(arena, &names, name);
            }
            assert_unique(&names);
        }
    prt_arena_free(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days_and_longer), cmocka_unit_test(test_hours_and_below),
        cmocka_unit_test(test_segments),        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_tenants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
