#include "model/civil.h"

#include <stdlib.h>

#include "model/instant.h"

/* The era arithmetic below counts 400-year cycles of 146,097 days from 0000-03-01, so that leap days end a year. */
enum { DAYS_PER_ERA = 146097, YEARS_PER_ERA = 400 };
#define DAYS_TO_EPOCH INT64_C(719468) /* from 0000-03-01 to 1970-01-01 */

int64_t
prt_civil_days(int64_t year, int month, int day)
{
    int64_t from_march = month > 2 ? month - 3 : month + 9;
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = prt_floor_div(y, YEARS_PER_ERA);
    int64_t of_era = y - era * YEARS_PER_ERA;
    int64_t day_of_year = (153 * from_march + 2) / 5 + day - 1;
    return era * DAYS_PER_ERA + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - DAYS_TO_EPOCH;
}

void
prt_civil_from_days(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t era = prt_floor_div(days + DAYS_TO_EPOCH, DAYS_PER_ERA);
    int64_t of_era = days + DAYS_TO_EPOCH - era * DAYS_PER_ERA;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t from_march = (5 * day_of_year + 2) / 153;
    *day = (int) (day_of_year - (153 * from_march + 2) / 5 + 1);
    *month = (int) (from_march < 10 ? from_march + 3 : from_march - 9);
    *year = era * YEARS_PER_ERA + year_of_era + (*month <= 2 ? 1 : 0);
}

static bool
is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int
prt_civil_month_days(int64_t year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : lengths[month - 1];
}

int
prt_civil_weekday(int64_t days)
{
    int64_t from_monday = days + 3; /* 1970-01-01 was a Thursday */
    return (int) (from_monday - prt_floor_div(from_monday, 7) * 7) + 1;
}

void
prt_civil_iso_week(int64_t days, int64_t *iso_year, int *week)
{
    /* A week belongs to the year that holds its Thursday. */
    int64_t thursday = days - prt_civil_weekday(days) + 4;
    int month, day;
    prt_civil_from_days(thursday, iso_year, &month, &day);
    *week = (int) ((thursday - prt_civil_days(*iso_year, 1, 1)) / 7) + 1;
}

prt_civil
prt_civil_from_usec(int64_t usec)
{
    prt_civil c;
    int64_t days = prt_floor_div(usec, PRT_USEC_PER_DAY);
    int64_t rest = usec % PRT_USEC_PER_DAY + (usec % PRT_USEC_PER_DAY < 0 ? PRT_USEC_PER_DAY : 0);
    prt_civil_from_days(days, &c.year, &c.month, &c.day);
    c.hour = (int) (rest / PRT_USEC_PER_HOUR);
    c.minute = (int) (rest % PRT_USEC_PER_HOUR / PRT_USEC_PER_MINUTE);
    c.second = (int) (rest % PRT_USEC_PER_MINUTE / PRT_USEC_PER_SEC);
    c.usec = (int) (rest % PRT_USEC_PER_SEC);
    return c;
}

int64_t
prt_civil_to_usec(const prt_civil *civil)
{
    int64_t days = prt_civil_days(civil->year, civil->month, civil->day);
    int64_t rest = civil->hour * PRT_USEC_PER_HOUR + civil->minute * PRT_USEC_PER_MINUTE +
                   civil->second * PRT_USEC_PER_SEC + civil->usec;
    if (days < 0) { /* towards zero first, so that the sum overflows only where the result does */
        days++;
        rest -= PRT_USEC_PER_DAY;
    }
    int64_t usec;
    if (__builtin_mul_overflow(days, PRT_USEC_PER_DAY, &usec) || __builtin_add_overflow(usec, rest, &usec))
        return days < 0 ? PRT_POS_MIN : PRT_POS_MAX;
    return usec;
}

static int
two_digits(int64_t year)
{
    return (int) (year - prt_floor_div(year, 100) * 100);
}

static bool
format_date(prt_buf *out, char conversion, const prt_civil *c, int64_t days)
{
    static const char weekdays[] = "MonTueWedThuFriSatSun";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t iso_year;
    int week;
    prt_civil_iso_week(days, &iso_year, &week);
    switch (conversion) {
    case 'Y':
        prt_buf_fmt(out, "%s%04lld", c->year < 0 ? "-" : "", llabs(c->year));
        return true;
    case 'y':
        prt_buf_fmt(out, "%02d", two_digits(c->year));
        return true;
    case 'm':
        prt_buf_fmt(out, "%02d", c->month);
        return true;
    case 'd':
        prt_buf_fmt(out, "%02d", c->day);
        return true;
    case 'j':
        prt_buf_fmt(out, "%03d", (int) (days - prt_civil_days(c->year, 1, 1)) + 1);
        return true;
    case 'G':
        prt_buf_fmt(out, "%s%04lld", iso_year < 0 ? "-" : "", llabs(iso_year));
        return true;
    case 'V':
        prt_buf_fmt(out, "%02d", week);
        return true;
    case 'u':
        prt_buf_fmt(out, "%d", prt_civil_weekday(days));
        return true;
    case 'q':
        prt_buf_fmt(out, "%d", (c->month + 2) / 3);
        return true;
    case 'a':
        prt_buf_mem(out, weekdays + (prt_civil_weekday(days) - 1) * 3, 3);
        return true;
    case 'b':
        prt_buf_mem(out, months + (c->month - 1) * 3, 3);
        return true;
    default:
        return false;
    }
}

static bool
format_one(prt_buf *out, char conversion, const prt_civil *c, int64_t days)
{
    switch (conversion) {
    case 'H':
        prt_buf_fmt(out, "%02d", c->hour);
        return true;
    case 'M':
        prt_buf_fmt(out, "%02d", c->minute);
        return true;
    case 'S':
        prt_buf_fmt(out, "%02d", c->second);
        return true;
    case '%':
        prt_buf_char(out, '%');
        return true;
    default:
        return format_date(out, conversion, c, days);
    }
}

static bool
fail_conversion(prt_error *err, const char *at)
{
    if (at[1] == '\0')
        prt_fail(err, PRT_ERR_VALUE, "the format ends in the middle of a %% conversion");
    else
        prt_fail(err, PRT_ERR_VALUE, "unknown conversion \"%%%c\" in a format",
                 at[1] < ' ' || at[1] > '~' ? '?' : at[1]);
    return prt_fail_hint(err, "known are %%Y %%y %%m %%d %%j %%H %%M %%S %%G %%V %%u %%a %%b %%q and %%%%");
}

bool
prt_civil_format(prt_buf *out, const char *format, int64_t usec, prt_error *err)
{
    prt_civil c = prt_civil_from_usec(usec);
    int64_t days = prt_floor_div(usec, PRT_USEC_PER_DAY);
    for (const char *p = format; *p != '\0'; p++) {
        if (*p != '%')
            prt_buf_char(out, *p);
        else if (format_one(out, p[1], &c, days))
            p++;
        else
            return fail_conversion(err, p);
    }
    return true;
}
