#include "model/tzrule.h"

#include "model/civil.h"

enum { HOUR = 3600, DAY = 86400, LAST_OFFSET_HOUR = 24, LAST_RULE_HOUR = 167 };

typedef struct reader {
    const char *p, *end;
} reader;

static bool
accept(reader *r, char c)
{
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

static bool
at_digit(const reader *r)
{
    return r->p < r->end && *r->p >= '0' && *r->p <= '9';
}

static bool
is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* CET or <+03>: three characters at least. */
static bool
skip_name(reader *r)
{
    bool quoted = accept(r, '<');
    const char *start = r->p;
    while (r->p < r->end && (is_letter(*r->p) || (quoted && (at_digit(r) || *r->p == '+' || *r->p == '-'))))
        r->p++;
    return r->p - start >= 3 && (!quoted || accept(r, '>'));
}

static bool
read_number(reader *r, int least, int most, int *out)
{
    if (!at_digit(r))
        return false;
    int number = 0;
    for (; at_digit(r) && number <= most; r->p++)
        number = number * 10 + (*r->p - '0');
    *out = number;
    return number >= least && number <= most;
}

/* [+-]hh[:mm[:ss]] */
static bool
read_time(reader *r, int most_hours, int32_t *out)
{
    int sign = accept(r, '-') ? -1 : 1, hours, minutes = 0, seconds = 0;
    if (sign > 0)
        accept(r, '+');
    if (!read_number(r, 0, most_hours, &hours))
        return false;
    if (accept(r, ':')) {
        if (!read_number(r, 0, 59, &minutes))
            return false;
        if (accept(r, ':') && !read_number(r, 0, 59, &seconds))
            return false;
    }
    *out = sign * (hours * HOUR + minutes * 60 + seconds);
    return true;
}

/* POSIX counts offsets west of Greenwich. */
static bool
read_offset(reader *r, int32_t *out)
{
    int32_t west;
    if (!read_time(r, LAST_OFFSET_HOUR, &west))
        return false;
    *out = -west;
    return true;
}

static bool
read_change_day(reader *r, prt_tzchange *change)
{
    if (accept(r, 'M')) {
        change->kind = PRT_TZDAY_WEEKDAY;
        return read_number(r, 1, 12, &change->month) && accept(r, '.') && read_number(r, 1, 5, &change->week) &&
               accept(r, '.') && read_number(r, 0, 6, &change->day);
    }
    bool julian = accept(r, 'J');
    change->kind = julian ? PRT_TZDAY_JULIAN : PRT_TZDAY_ORDINAL;
    return read_number(r, julian ? 1 : 0, 365, &change->day);
}

static bool
read_change(reader *r, prt_tzchange *change)
{
    change->time = 2 * HOUR;
    return accept(r, ',') && read_change_day(r, change) &&
           (!accept(r, '/') || read_time(r, LAST_RULE_HOUR, &change->time));
}

static bool
read_rule(reader *r, prt_tzrule *rule)
{
    if (!skip_name(r) || !read_offset(r, &rule->standard))
        return false;
    rule->has_daylight = r->p < r->end;
    if (!rule->has_daylight)
        return true;
    rule->daylight = rule->standard + HOUR;
    if (!skip_name(r))
        return false;
    if (r->p < r->end && *r->p != ',' && !read_offset(r, &rule->daylight))
        return false;
    return read_change(r, &rule->start) && read_change(r, &rule->end) && r->p == r->end;
}

bool
prt_tzrule_parse(const char *text, size_t length, prt_tzrule *out, prt_error *err)
{
    reader r = {text, text + length};
    *out = (prt_tzrule) {0};
    return read_rule(&r, out) || prt_fail(err, PRT_ERR_VALUE, "its footer is not a POSIX time zone rule");
}

/* The m-th month's w-th day d; POSIX counts Sunday as 0. */
static int64_t
nth_weekday(int64_t year, const prt_tzchange *change)
{
    int64_t first = prt_civil_days(year, change->month, 1);
    int ahead = (change->day - prt_civil_weekday(first) % 7 + 7) % 7;
    int day = ahead + (change->week - 1) * 7;
    if (day >= prt_civil_month_days(year, change->month))
        day -= 7;
    return first + day;
}

static int64_t
change_day(int64_t year, const prt_tzchange *change)
{
    int64_t new_year = prt_civil_days(year, 1, 1);
    switch (change->kind) {
    case PRT_TZDAY_WEEKDAY:
        return nth_weekday(year, change);
    case PRT_TZDAY_ORDINAL:
        return new_year + change->day;
    default:
        return new_year + change->day - 1 + (change->day >= 60 && prt_civil_month_days(year, 2) == 29 ? 1 : 0);
    }
}

int64_t
prt_tzrule_start(const prt_tzrule *rule, int64_t year)
{
    return change_day(year, &rule->start) * DAY + rule->start.time - rule->standard;
}

int64_t
prt_tzrule_end(const prt_tzrule *rule, int64_t year)
{
    return change_day(year, &rule->end) * DAY + rule->end.time - rule->daylight;
}
