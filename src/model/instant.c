#include "model/instant.h"

#include <string.h>
#include <strings.h>

#include "model/civil.h"

enum { LAST_YEAR = 5874897, LAST_OFFSET_HOUR = 15 }; /* PostgreSQL manual, 8.5: the ends of `date` and of offsets */

prt_pos
prt_pos_add(prt_pos a, int64_t b)
{
    prt_pos sum;
    if (a == PRT_POS_MIN || a == PRT_POS_MAX)
        return a;
    if (__builtin_add_overflow(a, b, &sum))
        return b < 0 ? PRT_POS_MIN : PRT_POS_MAX;
    return sum;
}

int64_t
prt_pos_distance(prt_pos from, prt_pos to)
{
    int64_t distance;
    if (__builtin_sub_overflow(to, from, &distance))
        return to < from ? PRT_POS_MIN : PRT_POS_MAX;
    return distance;
}

int64_t
prt_floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

/* A reader that walks over the text; `problem` names the first thing that is wrong. */
typedef struct reader {
    const char *p;
    const char *problem;
} reader;

static bool
wrong(reader *r, const char *problem)
{
    if (r->problem == NULL)
        r->problem = problem;
    return false;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void
skip_spaces(reader *r)
{
    while (*r->p == ' ' || *r->p == '\t')
        r->p++;
}

static bool
accept(reader *r, char c)
{
    if (*r->p != c)
        return false;
    r->p++;
    return true;
}

/* Exactly two digits, at most `most`. */
static bool
read_two(reader *r, int most, int *out, const char *problem)
{
    if (!is_digit(r->p[0]) || !is_digit(r->p[1]) || is_digit(r->p[2]))
        return wrong(r, "a field needs two digits");
    *out = (r->p[0] - '0') * 10 + (r->p[1] - '0');
    r->p += 2;
    return *out <= most || wrong(r, problem);
}

static bool
read_year(reader *r, prt_civil *c, bool *is_signed)
{
    bool negative = *r->p == '-';
    *is_signed = negative || *r->p == '+';
    if (*is_signed)
        r->p++;
    const char *start = r->p;
    int64_t year = 0;
    for (; is_digit(*r->p); r->p++) {
        year = year * 10 + (*r->p - '0');
        if (year > LAST_YEAR)
            return wrong(r, "its year is out of range (the last is 5874897)");
    }
    if (r->p == start)
        return wrong(r, "it does not begin with a date");
    if (r->p - start < 4)
        return wrong(r, "years have four digits at least");
    c->year = negative ? -year : year;
    return true;
}

static bool
read_date(reader *r, prt_civil *c, bool *is_signed)
{
    if (!read_year(r, c, is_signed))
        return false;
    if (!accept(r, '-'))
        return wrong(r, "a date is written year-month-day");
    if (!read_two(r, 12, &c->month, "there is no such month"))
        return false;
    if (c->month == 0)
        return wrong(r, "there is no such month");
    if (!accept(r, '-'))
        return wrong(r, "a date is written year-month-day");
    return read_two(r, 31, &c->day, "there is no such day");
}

/* A fraction of a second, rounded to microseconds; a full second is left in `usec` for the sum to carry. */
static bool
read_fraction(reader *r, prt_civil *c)
{
    if (!is_digit(*r->p))
        return wrong(r, "its fraction of a second has no digits");
    int scale = 100000;
    for (; is_digit(*r->p); r->p++) {
        c->usec += scale == 0 ? 0 : (*r->p - '0') * scale;
        if (scale == 0) {
            c->usec += *r->p >= '5';
            break;
        }
        scale /= 10;
    }
    while (is_digit(*r->p))
        r->p++;
    return true;
}

static bool
read_time(reader *r, prt_civil *c)
{
    if (!read_two(r, 24, &c->hour, "there is no such hour"))
        return false;
    if (!accept(r, ':'))
        return wrong(r, "a time is written hour:minute");
    if (!read_two(r, 59, &c->minute, "there is no such minute"))
        return false;
    if (accept(r, ':') && !read_two(r, 59, &c->second, "there is no such second"))
        return false;
    if (accept(r, '.') && !read_fraction(r, c))
        return false;
    if (c->hour == 24 && (c->minute != 0 || c->second != 0 || c->usec != 0))
        return wrong(r, "there is no such hour");
    return true;
}

/* Z, +02, +0530, +05:30, -03:30:20; nothing means UTC. */
static bool
read_offset(reader *r, int64_t *offset)
{
    if (accept(r, 'Z') || accept(r, 'z') || (*r->p != '+' && *r->p != '-'))
        return true;
    int sign = *r->p++ == '-' ? -1 : 1, parts[3] = {0};
    bool packed = is_digit(r->p[0]) && is_digit(r->p[1]) && is_digit(r->p[2]);
    for (int i = 0; i < 3; i++) {
        if (i > 0 && !(packed ? is_digit(*r->p) : accept(r, ':')))
            break;
        if (!is_digit(r->p[0]) || !is_digit(r->p[1]) || (!packed && is_digit(r->p[2])))
            return wrong(r, "its offset is not like +02 or +05:30");
        parts[i] = (r->p[0] - '0') * 10 + (r->p[1] - '0');
        r->p += 2;
        if (parts[i] > (i == 0 ? LAST_OFFSET_HOUR : 59))
            return wrong(r, "its offset is out of range (-15:59:59 to +15:59:59)");
    }
    *offset = sign * (parts[0] * PRT_USEC_PER_HOUR + parts[1] * PRT_USEC_PER_MINUTE + parts[2] * PRT_USEC_PER_SEC);
    return true;
}

/* The era comes last, but decides what the year is. */
static bool
read_era(reader *r, prt_civil *c, bool is_signed)
{
    skip_spaces(r);
    bool bc = strncasecmp(r->p, "BC", 2) == 0;
    if (bc || strncasecmp(r->p, "AD", 2) == 0)
        r->p += 2;
    else
        return true;
    if (is_signed || c->year == 0)
        return wrong(r, "a year with an era is positive");
    if (bc)
        c->year = 1 - c->year;
    return true;
}

static bool
read_instant(reader *r, prt_instant *out)
{
    prt_civil c = {0};
    int64_t offset = 0;
    bool is_signed;
    if (!read_date(r, &c, &is_signed))
        return false;
    const char *after_date = r->p;
    if (!accept(r, 'T') && !accept(r, 't'))
        skip_spaces(r);
    if (r->p > after_date && is_digit(*r->p)) {
        if (!read_time(r, &c))
            return false;
        skip_spaces(r);
        if (!read_offset(r, &offset))
            return false;
    } else if (r->p > after_date && r->p[-1] != ' ' && r->p[-1] != '\t') {
        return wrong(r, "no time follows the T");
    }
    if (!read_era(r, &c, is_signed))
        return false;
    skip_spaces(r);
    if (*r->p != '\0')
        return wrong(r, "something follows that does not belong there");
    if (c.day < 1 || c.day > prt_civil_month_days(c.year, c.month))
        return wrong(r, "there is no such day");
    *out = prt_pos_add(prt_civil_to_usec(&c), -offset);
    return true;
}

bool
prt_instant_parse(const char *text, prt_instant *out, prt_error *err)
{
    reader r = {.p = text};
    skip_spaces(&r);
    size_t length = strlen(r.p);
    while (length > 0 && (r.p[length - 1] == ' ' || r.p[length - 1] == '\t'))
        length--;
    bool negative = length == 9 && strncasecmp(r.p, "-infinity", 9) == 0;
    if (negative || (length == 8 && strncasecmp(r.p, "infinity", 8) == 0)) {
        *out = negative ? PRT_POS_MIN : PRT_POS_MAX;
        return true;
    }
    if (read_instant(&r, out))
        return true;
    prt_fail(err, PRT_ERR_VALUE, "\"%.100s\" is not a time: %s", text, r.problem);
    return prt_fail_hint(err, "write it like 2025-01-01, 2025-01-01 10:20:30 or 2025-01-01T10:20:30+02:00");
}

static void
put_date(prt_buf *out, const prt_civil *c)
{
    const char *sign = c->year < 0 ? "-" : c->year > 9999 ? "+" : "";
    long long year = c->year;
    prt_buf_fmt(out, "%s%04lld-%02d-%02d", sign, year < 0 ? -year : year, c->month, c->day);
}

static void
put_fraction(prt_buf *out, int usec)
{
    if (usec == 0)
        return;
    int digits = 6;
    for (; usec % 10 == 0; usec /= 10)
        digits--;
    prt_buf_fmt(out, ".%0*d", digits, usec);
}

/* "infinity" or "-infinity", or NULL. */
static const char *
infinity(prt_instant at)
{
    return at == PRT_POS_MAX ? "infinity" : at == PRT_POS_MIN ? "-infinity" : NULL;
}

const char *
prt_instant_format(prt_arena *arena, prt_instant at)
{
    if (infinity(at) != NULL)
        return infinity(at);
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_civil c = prt_civil_from_usec(at);
    put_date(&out, &c);
    prt_buf_fmt(&out, "T%02d:%02d:%02d", c.hour, c.minute, c.second);
    put_fraction(&out, c.usec);
    prt_buf_char(&out, 'Z');
    return out.data;
}

const char *
prt_instant_display(prt_arena *arena, prt_instant at)
{
    if (infinity(at) != NULL)
        return infinity(at);
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_civil c = prt_civil_from_usec(at);
    put_date(&out, &c);
    if (c.hour != 0 || c.minute != 0 || c.second != 0 || c.usec != 0)
        prt_buf_fmt(&out, " %02d:%02d", c.hour, c.minute);
    if (c.second != 0 || c.usec != 0)
        prt_buf_fmt(&out, ":%02d", c.second);
    put_fraction(&out, c.usec);
    return out.data;
}

const char *
prt_second_display(prt_arena *arena, prt_instant at)
{
    bool finite = at != PRT_POS_MIN && at != PRT_POS_MAX;
    return prt_instant_display(arena, finite ? prt_floor_div(at, PRT_USEC_PER_SEC) * PRT_USEC_PER_SEC : at);
}
