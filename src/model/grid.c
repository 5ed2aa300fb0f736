#include "model/grid.h"

#include "base/buf.h"
#include "model/civil.h"

#define DEFAULT_ANCHOR INT64_C(10957) /* 2000-01-01, in days since 1970-01-01 */
#define MONDAY_ANCHOR INT64_C(10959)  /* 2000-01-03 */

/* Unlike prt_pos_add, also moves away from an end of the axis: here the ends are positions like any other. */
static prt_pos
shift(prt_pos at, int64_t by)
{
    prt_pos sum;
    if (__builtin_add_overflow(at, by, &sum))
        return by < 0 ? PRT_POS_MIN : PRT_POS_MAX;
    return sum;
}

static int64_t
floor_mod(int64_t a, int64_t b)
{
    return a % b < 0 ? a % b + b : a % b;
}

/* ---- making one ---- */

/* The date that an anchor names: midnight in UTC (how a plain date is read) or at the zone's. */
static bool
anchor_date(prt_instant anchor, const prt_zone *zone, int64_t *date, prt_error *err)
{
    *date = prt_floor_div(anchor, PRT_USEC_PER_DAY);
    if (floor_mod(anchor, PRT_USEC_PER_DAY) == 0)
        return true;
    *date = prt_floor_div(prt_zone_local(zone, anchor), PRT_USEC_PER_DAY);
    if (prt_zone_first(zone, *date * PRT_USEC_PER_DAY) == anchor)
        return true;
    prt_fail(err, PRT_ERR_VALUE, "the anchor of a grid of days or longer must be a date");
    return prt_fail_hint(err, "write it like 2000-01-01, or use an interval in hours");
}

static bool
calendar_grid(prt_grid *grid, const prt_instant *anchor, prt_error *err)
{
    if (anchor != NULL)
        return anchor_date(*anchor, grid->zone, &grid->anchor, err);
    bool weeks = grid->unit == PRT_UNIT_DAY && grid->step % 7 == 0;
    grid->anchor = weeks ? MONDAY_ANCHOR : DEFAULT_ANCHOR;
    return true;
}

bool
prt_grid_time(prt_grid *grid, const prt_interval *interval, const prt_instant *anchor, const prt_zone *zone,
              prt_error *err)
{
    int kinds = (interval->months != 0) + (interval->days != 0) + (interval->usec != 0);
    if (kinds == 0)
        return prt_fail(err, PRT_ERR_VALUE, "the interval of a grid cannot be empty");
    if (kinds > 1) {
        prt_fail(err, PRT_ERR_VALUE, "the interval of a grid cannot mix months, days and hours");
        return prt_fail_hint(err, "use one kind of unit, such as \"36 hours\" or \"14 months\"");
    }
    if (interval->months < 0 || interval->days < 0 || interval->usec < 0)
        return prt_fail(err, PRT_ERR_VALUE, "the interval of a grid cannot be negative");
    if (prt_interval_usec(interval) == PRT_POS_MAX)
        return prt_fail(err, PRT_ERR_VALUE, "the interval of a grid is out of range");
    if (anchor != NULL && (*anchor == PRT_POS_MIN || *anchor == PRT_POS_MAX))
        return prt_fail(err, PRT_ERR_VALUE, "the anchor of a grid cannot be infinite");

    *grid = (prt_grid) {.zone = zone};
    if (interval->usec != 0) {
        grid->unit = PRT_UNIT_FIXED;
        grid->step = interval->usec;
        grid->anchor = anchor != NULL ? *anchor : DEFAULT_ANCHOR * PRT_USEC_PER_DAY;
        return true;
    }
    grid->unit = interval->days != 0 ? PRT_UNIT_DAY : PRT_UNIT_MONTH;
    grid->step = interval->days + interval->months;
    return calendar_grid(grid, anchor, err);
}

bool
prt_grid_id(prt_grid *grid, int64_t step, int64_t anchor, prt_error *err)
{
    if (step <= 0)
        return prt_fail(err, PRT_ERR_VALUE, "the interval of an id grid must be 1 or more, not %lld", (long long) step);
    *grid = (prt_grid) {.unit = PRT_UNIT_ID, .step = step, .anchor = anchor};
    return true;
}

/* ---- cells ---- */

static bool
is_calendar(const prt_grid *grid)
{
    return grid->unit == PRT_UNIT_DAY || grid->unit == PRT_UNIT_MONTH;
}

/* How far `at` lies into its cell of equal steps. */
static int64_t
into_step(const prt_grid *grid, prt_pos at)
{
    return floor_mod(floor_mod(at, grid->step) - floor_mod(grid->anchor, grid->step), grid->step);
}

static int64_t
month_index(int64_t date, int *day)
{
    int64_t year;
    int month;
    prt_civil_from_days(date, &year, &month, day);
    return year * 12 + month - 1;
}

/* The local date at which the k-th cell begins. */
static int64_t
cell_date(const prt_grid *grid, int64_t k)
{
    if (grid->unit == PRT_UNIT_DAY)
        return grid->anchor + k * grid->step;
    int day;
    int64_t index = month_index(grid->anchor, &day) + k * grid->step;
    int64_t year = prt_floor_div(index, 12);
    int month = (int) floor_mod(index, 12) + 1, last = prt_civil_month_days(year, month);
    return prt_civil_days(year, month, day < last ? day : last);
}

/* The cell whose dates hold `date`. */
static int64_t
cell_of_date(const prt_grid *grid, int64_t date)
{
    if (grid->unit == PRT_UNIT_DAY)
        return prt_floor_div(date - grid->anchor, grid->step);
    int anchor_day, day;
    int64_t months = month_index(date, &day) - month_index(grid->anchor, &anchor_day);
    int64_t k = prt_floor_div(months, grid->step);
    return cell_date(grid, k) > date ? k - 1 : k;
}

/* The instant at which the k-th cell begins. */
static prt_instant
cell_start(const prt_grid *grid, int64_t k)
{
    prt_civil midnight = {.hour = 0};
    prt_civil_from_days(cell_date(grid, k), &midnight.year, &midnight.month, &midnight.day);
    return prt_zone_first(grid->zone, prt_civil_to_usec(&midnight));
}

/*
 * The last cell that has begun at `at`. The wall clock's date alone does not tell: a clock set back over midnight
 * shows yesterday again after today has begun, and of cells that begin at one instant (a skipped day) the last is meant.
 */
static int64_t
cell_at(const prt_grid *grid, prt_instant at)
{
    int64_t local = shift(at, prt_zone_offset(grid->zone, at) * PRT_USEC_PER_SEC);
    int64_t k = cell_of_date(grid, prt_floor_div(local, PRT_USEC_PER_DAY));
    for (;; k++) {
        prt_instant next = cell_start(grid, k + 1);
        if (next > at || next == PRT_POS_MAX)
            return k;
    }
}

prt_pos
prt_grid_floor(const prt_grid *grid, prt_pos at)
{
    return is_calendar(grid) ? cell_start(grid, cell_at(grid, at)) : shift(at, -into_step(grid, at));
}

prt_pos
prt_grid_next(const prt_grid *grid, prt_pos at)
{
    return is_calendar(grid) ? cell_start(grid, cell_at(grid, at) + 1) : shift(at, grid->step - into_step(grid, at));
}

prt_pos
prt_grid_prev(const prt_grid *grid, prt_pos at)
{
    return at == PRT_POS_MIN ? at : prt_grid_floor(grid, at - 1);
}

bool
prt_grid_is_boundary(const prt_grid *grid, prt_pos at)
{
    return at == PRT_POS_MAX || prt_grid_floor(grid, at) == at;
}

int64_t
prt_grid_wall(const prt_grid *grid, prt_pos at)
{
    return is_calendar(grid) ? prt_zone_local(grid->zone, at) : at;
}

/* ---- for people ---- */

static const char *
display_count(prt_arena *arena, int64_t count, const char *one, const char *many)
{
    return count == 1 ? one : prt_arena_printf(arena, "%lld %s", (long long) count, many);
}

const char *
prt_grid_display(prt_arena *arena, const prt_grid *grid)
{
    switch (grid->unit) {
    case PRT_UNIT_ID:
        return display_count(arena, grid->step, "1 id", "ids");
    case PRT_UNIT_DAY:
        return grid->step % 7 == 0 ? display_count(arena, grid->step / 7, "weekly", "weeks")
                                   : display_count(arena, grid->step, "daily", "days");
    case PRT_UNIT_MONTH:
        if (grid->step % 12 == 0)
            return display_count(arena, grid->step / 12, "yearly", "years");
        return grid->step == 3 ? "quarterly" : display_count(arena, grid->step, "monthly", "months");
    default:
        break;
    }
    if (grid->step == PRT_USEC_PER_HOUR)
        return "hourly";
    return prt_interval_format(arena, &(prt_interval) {.usec = grid->step});
}
