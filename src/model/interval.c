#include "model/interval.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "model/civil.h"

#define USEC_PER_MONTH INT64_C(2629800000000) /* 30.4375 days */

typedef struct unit {
    const char *names; /* between spaces, singular or short; plurals are found without their s */
    int64_t months, days, usec;
} unit;

static const unit units[] = {
    {" us usec microsecond ", 0, 0, 1},
    {" ms msec millisecond ", 0, 0, PRT_USEC_PER_MSEC},
    {" s sec second ", 0, 0, PRT_USEC_PER_SEC},
    {" min minute ", 0, 0, PRT_USEC_PER_MINUTE},
    {" h hr hour ", 0, 0, PRT_USEC_PER_HOUR},
    {" d day ", 0, 1, 0},
    {" w week ", 0, 7, 0},
    {" mon month ", 1, 0, 0},
    {" quarter ", 3, 0, 0},
    {" y yr year ", 12, 0, 0},
};
enum { UNITS = sizeof units / sizeof *units };

static bool
fail_interval(prt_error *err, const char *text, const char *problem)
{
    prt_fail(err, PRT_ERR_VALUE, "\"%.100s\" is not an interval: %s", text, problem);
    return prt_fail_hint(err, "write a number and a unit, such as \"90 days\", \"6 hours\" or \"1 year 2 months\"; "
                              "units are us, ms, s, min, h, day, week, month, quarter, year");
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t';
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int
find_name(const char *word, size_t length)
{
    char name[16] = " ";
    for (size_t i = 0; i < length; i++)
        name[i + 1] = (char) (word[i] | 0x20);
    memcpy(name + length + 1, " ", 2);
    for (int i = 0; i < UNITS; i++)
        if (strstr(units[i].names, name) != NULL)
            return i;
    return -1;
}

/* The unit that a word names, in the singular or the plural; or -1. */
static int
find_unit(const char *word, size_t length)
{
    if (length > 12)
        return -1;
    int found = find_name(word, length);
    bool plural = length > 2 && (word[length - 1] | 0x20) == 's';
    return found < 0 && plural ? find_name(word, length - 1) : found;
}

static bool
add_amount(prt_interval *sum, const unit *u, int64_t amount)
{
    int64_t part;
    if (__builtin_mul_overflow(amount, u->months, &part) || __builtin_add_overflow(sum->months, part, &sum->months))
        return false;
    if (__builtin_mul_overflow(amount, u->days, &part) || __builtin_add_overflow(sum->days, part, &sum->days))
        return false;
    return !__builtin_mul_overflow(amount, u->usec, &part) && !__builtin_add_overflow(sum->usec, part, &sum->usec);
}

static bool
read_number(const char **p, int64_t *out)
{
    for (*out = 0; **p >= '0' && **p <= '9'; (*p)++)
        if (__builtin_mul_overflow(*out, 10, out) || __builtin_add_overflow(*out, **p - '0', out))
            return false;
    return true;
}

/* One number with its unit. */
static bool
read_part(const char *text, const char **p, prt_interval *sum, unsigned *seen, prt_error *err)
{
    int64_t amount;
    if (**p == '-')
        return fail_interval(err, text, "it is negative");
    if (**p < '0' || **p > '9')
        return fail_interval(err, text, "a number is missing");
    if (!read_number(p, &amount))
        return fail_interval(err, text, "it is out of range");
    if (**p == '.' || **p == ',')
        return fail_interval(err, text, "numbers are whole");
    while (is_space(**p))
        (*p)++;
    const char *word = *p;
    while (is_letter(**p))
        (*p)++;
    size_t length = (size_t) (*p - word);
    if (length == 0)
        return fail_interval(err, text, "a number has no unit");
    int u = find_unit(word, length);
    if (u < 0)
        return fail_interval(
            err, text, length == 1 && (*word | 0x20) == 'm' ? "\"m\" could be minutes or months" : "a unit is unknown");
    if ((*seen & 1U << u) != 0)
        return fail_interval(err, text, "a unit is there twice");
    *seen |= 1U << u;
    return add_amount(sum, &units[u], amount) || fail_interval(err, text, "it is out of range");
}

/* "daily" and its like. */
static bool
find_word(const char *text, size_t length, prt_interval *out)
{
    static const struct {
        const char *name;
        prt_interval interval;
    } words[] = {
        {"hourly", {0, 0, PRT_USEC_PER_HOUR}},
        {"daily", {0, 1, 0}},
        {"weekly", {0, 7, 0}},
        {"monthly", {1, 0, 0}},
        {"quarterly", {3, 0, 0}},
        {"yearly", {12, 0, 0}},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].name) == length && strncasecmp(words[i].name, text, length) == 0) {
            *out = words[i].interval;
            return true;
        }
    return false;
}

bool
prt_interval_parse(const char *text, prt_interval *out, prt_error *err)
{
    const char *p = text;
    while (is_space(*p))
        p++;
    size_t length = strlen(p);
    while (length > 0 && is_space(p[length - 1]))
        length--;
    if (find_word(p, length, out))
        return true;
    *out = (prt_interval) {0};
    if (length == 1 && *p == '0')
        return true;
    if (length == 0)
        return fail_interval(err, text, "it is empty");
    unsigned seen = 0;
    for (const char *end = p + length; p < end;) {
        if (!read_part(text, &p, out, &seen, err))
            return false;
        while (is_space(*p))
            p++;
    }
    return prt_interval_usec(out) < PRT_POS_MAX || fail_interval(err, text, "it is out of range");
}

static void
put_amount(prt_buf *out, int64_t amount, const char *name)
{
    if (amount != 0)
        prt_buf_fmt(out, "%s%lld %s%s", out->length > 0 ? " " : "", (long long) amount, name,
                    amount == 1 || amount == -1 ? "" : "s");
}

const char *
prt_interval_format(prt_arena *arena, const prt_interval *interval)
{
    prt_buf out;
    prt_buf_init(&out, arena);
    put_amount(&out, interval->months / 12, "year");
    put_amount(&out, interval->months % 12, "month");
    put_amount(&out, interval->days, "day");
    put_amount(&out, interval->usec / PRT_USEC_PER_HOUR, "hour");
    put_amount(&out, interval->usec % PRT_USEC_PER_HOUR / PRT_USEC_PER_MINUTE, "minute");
    put_amount(&out, interval->usec % PRT_USEC_PER_MINUTE / PRT_USEC_PER_SEC, "second");
    put_amount(&out, interval->usec % PRT_USEC_PER_SEC / PRT_USEC_PER_MSEC, "millisecond");
    put_amount(&out, interval->usec % PRT_USEC_PER_MSEC, "microsecond");
    return out.length == 0 ? "0" : out.data;
}

bool
prt_interval_is_zero(const prt_interval *interval)
{
    return interval->months == 0 && interval->days == 0 && interval->usec == 0;
}

static int64_t
saturated_product(int64_t a, int64_t b)
{
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product))
        return (a < 0) == (b < 0) ? PRT_POS_MAX : PRT_POS_MIN;
    return product;
}

static int64_t
add_months(int64_t local, int64_t months)
{
    prt_civil c = prt_civil_from_usec(local);
    int64_t total;
    if (__builtin_add_overflow(c.year * 12 + c.month - 1, months, &total) || total / 12 > INT32_MAX ||
        total / 12 < INT32_MIN)
        return months < 0 ? PRT_POS_MIN : PRT_POS_MAX;
    c.year = prt_floor_div(total, 12);
    c.month = (int) (total - c.year * 12) + 1;
    int last = prt_civil_month_days(c.year, c.month);
    c.day = c.day < last ? c.day : last;
    return prt_civil_to_usec(&c);
}

prt_instant
prt_interval_add(prt_instant at, const prt_interval *interval, int sign, const prt_zone *zone)
{
    if (at == PRT_POS_MIN || at == PRT_POS_MAX)
        return at;
    if (interval->months != 0 || interval->days != 0) {
        int64_t local = prt_zone_local(zone, at);
        if (interval->months != 0)
            local = add_months(local, saturated_product(interval->months, sign));
        local = prt_pos_add(local, saturated_product(saturated_product(interval->days, sign), PRT_USEC_PER_DAY));
        at = prt_zone_first(zone, local);
    }
    return prt_pos_add(at, saturated_product(interval->usec, sign));
}

int64_t
prt_interval_usec(const prt_interval *interval)
{
    int64_t sum = saturated_product(interval->months, USEC_PER_MONTH);
    sum = prt_pos_add(sum, saturated_product(interval->days, PRT_USEC_PER_DAY));
    return prt_pos_add(sum, interval->usec);
}

const char *
prt_duration_display(prt_arena *arena, int64_t usec)
{
    static const struct {
        const char *name;
        int64_t usec;
    } sizes[] = {
        {"d", PRT_USEC_PER_DAY}, {"h", PRT_USEC_PER_HOUR},  {"min", PRT_USEC_PER_MINUTE},
        {"s", PRT_USEC_PER_SEC}, {"ms", PRT_USEC_PER_MSEC}, {"us", 1},
    };
    if (usec == 0)
        return "0 s";
    uint64_t left = usec < 0 ? -(uint64_t) usec : (uint64_t) usec;
    size_t i = 0;
    while ((uint64_t) sizes[i].usec > left)
        i++;
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_buf_fmt(&out, "%s%llu %s", usec < 0 ? "-" : "", (unsigned long long) (left / (uint64_t) sizes[i].usec),
                sizes[i].name);
    left %= (uint64_t) sizes[i].usec;
    if (i < 3 && left >= (uint64_t) sizes[i + 1].usec) /* below a second, one unit says enough */
        prt_buf_fmt(&out, " %llu %s", (unsigned long long) (left / (uint64_t) sizes[i + 1].usec), sizes[i + 1].name);
    return out.data;
}
