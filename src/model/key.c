#include "model/key.h"

#include <inttypes.h>

#include "base/buf.h"
#include "model/civil.h"

/* The first instant of PostgreSQL's calendar, 4714-11-24 BC (manual, 8.5). The last ones lie beyond the 64-bit axis. */
#define FIRST_INSTANT (INT64_C(-2440588) * PRT_USEC_PER_DAY)
#define LAST_INSTANT (PRT_POS_MAX - 1)

enum { UUID_TIME_BITS = 48, UUID_DIGITS = 32 };
#define LAST_UUID_MSEC ((INT64_C(1) << UUID_TIME_BITS) - 1)

/* Products and sums that stop at the ends of the axis. */
static prt_pos
scale(int64_t value, int64_t by)
{
    prt_pos product;
    if (__builtin_mul_overflow(value, by, &product))
        return value < 0 ? PRT_POS_MIN : PRT_POS_MAX;
    return product;
}

static prt_pos
floor_to(prt_pos at, int64_t resolution)
{
    if (at == PRT_POS_MIN || at == PRT_POS_MAX)
        return at;
    return scale(prt_floor_div(at, resolution), resolution);
}

bool
prt_key_is_time(const prt_key *key)
{
    return key->kind != PRT_KEY_ID;
}

int64_t
prt_key_resolution(const prt_key *key)
{
    return key->resolution;
}

/* ---- values to positions ---- */

static bool
not_a_value(const prt_key *key, const char *text, const char *what, prt_error *err)
{
    return prt_fail(err, PRT_ERR_VALUE, "\"%.100s\" is not %s of key column \"%s\" (%s)", text, what, key->column,
                    key->type);
}

static bool
decode_integer(const prt_key *key, const char *text, int64_t *out, prt_error *err)
{
    const char *p = text + (text[0] == '-' || text[0] == '+');
    bool negative = text[0] == '-';
    int64_t value = 0;
    bool overflow = false;
    const char *first = p;
    /* Counted downwards: the least integer has no positive twin. */
    for (; *p >= '0' && *p <= '9'; p++)
        overflow |= __builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, *p - '0', &value);
    if (p == first || *p != '\0')
        return not_a_value(key, text, "an integer", err);
    overflow |= !negative && value == INT64_MIN;
    if (!overflow && !negative)
        value = -value;
    if (overflow || value < key->id_min || value > key->id_max)
        return not_a_value(key, text, "within the limits", err);
    *out = value;
    return true;
}

static prt_pos
epoch_to_pos(const prt_key *key, int64_t value)
{
    int64_t unit = key->options.epoch_per_sec;
    return unit > PRT_USEC_PER_SEC ? prt_floor_div(value, unit / PRT_USEC_PER_SEC)
                                   : scale(value, PRT_USEC_PER_SEC / unit);
}

/* Division by a power of two that floors, without relying on how >> treats negative numbers. */
static prt_pos
snowflake_to_pos(const prt_key *key, int64_t value)
{
    int64_t msec = prt_floor_div(value, INT64_C(1) << key->options.snowflake_shift);
    return prt_pos_add(scale(msec, PRT_USEC_PER_MSEC), key->options.snowflake_epoch);
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool
decode_uuid(const prt_key *key, const char *text, prt_pos *out, prt_error *err)
{
    int64_t msec = 0;
    int digits = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '-')
            continue;
        int value = hex_value(*p);
        if (value < 0)
            return not_a_value(key, text, "a uuid", err);
        if (digits++ < UUID_TIME_BITS / 4)
            msec = msec * 16 + value;
    }
    if (digits != UUID_DIGITS)
        return not_a_value(key, text, "a uuid", err);
    *out = msec * PRT_USEC_PER_MSEC;
    return true;
}

static bool
decode_value(const prt_key *key, const char *text, prt_pos *out, prt_error *err)
{
    int64_t integer = 0;
    switch (key->kind) {
    case PRT_KEY_ID:
        return decode_integer(key, text, out, err);
    case PRT_KEY_EPOCH:
        if (!decode_integer(key, text, &integer, err))
            return false;
        *out = epoch_to_pos(key, integer);
        return true;
    case PRT_KEY_SNOWFLAKE:
        if (!decode_integer(key, text, &integer, err))
            return false;
        *out = snowflake_to_pos(key, integer);
        return true;
    case PRT_KEY_UUID7:
        return decode_uuid(key, text, out, err);
    case PRT_KEY_TEXT:
        return key->options.decode(key->options.codec_data, text, out, err);
    default:
        return prt_instant_parse(text, out, err);
    }
}

bool
prt_key_decode(const prt_key *key, const prt_datum *datum, prt_pos *out, prt_error *err)
{
    switch (datum->kind) {
    case PRT_DATUM_MINVALUE:
        *out = PRT_POS_MIN;
        return true;
    case PRT_DATUM_MAXVALUE:
        *out = PRT_POS_MAX;
        return true;
    case PRT_DATUM_NULL:
        return prt_fail(err, PRT_ERR_VALUE, "NULL is no position of key column \"%s\"", key->column);
    default:
        return decode_value(key, datum->text, out, err);
    }
}

/* ---- positions to values ---- */

static const char *
put_time(const prt_key *key, prt_arena *arena, prt_pos at)
{
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_civil c = prt_civil_from_usec(at);
    bool bc = c.year <= 0;
    prt_buf_fmt(&out, "%04" PRId64 "-%02d-%02d", bc ? 1 - c.year : c.year, c.month, c.day);
    if (key->kind != PRT_KEY_DATE)
        prt_buf_fmt(&out, " %02d:%02d:%02d", c.hour, c.minute, c.second);
    if (c.usec != 0) {
        prt_buf_fmt(&out, ".%06d", c.usec);
        while (out.data[out.length - 1] == '0')
            out.data[--out.length] = '\0';
    }
    if (key->kind == PRT_KEY_TIMESTAMPTZ)
        prt_buf_str(&out, "+00");
    if (bc)
        prt_buf_str(&out, " BC");
    return out.data;
}

static const char *
put_uuid(prt_arena *arena, prt_pos at)
{
    uint64_t msec = (uint64_t) (at / PRT_USEC_PER_MSEC);
    return prt_arena_printf(arena, "%08" PRIx64 "-%04" PRIx64 "-0000-0000-000000000000", msec >> 16, msec & 0xffff);
}

static bool
pos_to_snowflake(const prt_key *key, prt_pos at, int64_t *out)
{
    int64_t since;
    return !__builtin_sub_overflow(at, key->options.snowflake_epoch, &since) &&
           !__builtin_mul_overflow(prt_floor_div(since, PRT_USEC_PER_MSEC), INT64_C(1) << key->options.snowflake_shift,
                                   out);
}

static bool
pos_to_epoch(const prt_key *key, prt_pos at, int64_t *out)
{
    int64_t unit = key->options.epoch_per_sec;
    if (unit > PRT_USEC_PER_SEC)
        return !__builtin_mul_overflow(at, unit / PRT_USEC_PER_SEC, out);
    *out = prt_floor_div(at, PRT_USEC_PER_SEC / unit);
    return true;
}

/* False where the integer does not exist. */
static bool
pos_to_integer(const prt_key *key, prt_pos at, int64_t *out)
{
    *out = at;
    if (key->kind != PRT_KEY_ID) {
        prt_pos floor = prt_key_floor(key, at);
        bool is_snowflake = key->kind == PRT_KEY_SNOWFLAKE;
        if (floor == PRT_POS_MIN || floor == PRT_POS_MAX ||
            !(is_snowflake ? pos_to_snowflake(key, at, out) : pos_to_epoch(key, at, out)))
            return false;
    }
    return *out >= key->id_min && *out <= key->id_max;
}

static bool
out_of_limits(const prt_key *key, prt_arena *arena, prt_pos at, prt_error *err)
{
    const char *shown = key->kind == PRT_KEY_ID ? prt_arena_printf(arena, "%" PRId64, at)
                                                : prt_instant_display(arena, at);
    return prt_fail(err, PRT_ERR_VALUE, "%s is out of the range of key column \"%s\" (%s)", shown, key->column,
                    key->type);
}

bool
prt_key_encode(const prt_key *key, prt_arena *arena, prt_pos at, const char **text, prt_error *err)
{
    int64_t integer = 0;
    bool is_finite = at != PRT_POS_MIN && at != PRT_POS_MAX;
    switch (key->kind) {
    case PRT_KEY_ID:
    case PRT_KEY_EPOCH:
    case PRT_KEY_SNOWFLAKE:
        if (!pos_to_integer(key, at, &integer))
            return out_of_limits(key, arena, at, err);
        *text = prt_arena_printf(arena, "%" PRId64, integer);
        return true;
    case PRT_KEY_TEXT:
        return is_finite ? key->options.encode(key->options.codec_data, arena, at, text, err)
                         : out_of_limits(key, arena, at, err);
    case PRT_KEY_UUID7:
        if (!is_finite || at < prt_key_min(key) || prt_key_floor(key, at) > prt_key_max(key))
            return out_of_limits(key, arena, at, err);
        *text = put_uuid(arena, at);
        return true;
    default:
        if (is_finite && at < FIRST_INSTANT)
            return out_of_limits(key, arena, at, err);
        *text = is_finite ? put_time(key, arena, prt_key_floor(key, at)) : prt_instant_display(arena, at);
        return true;
    }
}

/* ---- the axis ---- */

static prt_pos
floor_text(const prt_key *key, prt_pos at)
{
    prt_error ignored = {0};
    prt_arena *arena = prt_arena_new();
    const char *text = NULL;
    prt_pos back = at;
    if (!prt_key_encode(key, arena, at, &text, &ignored) ||
        !key->options.decode(key->options.codec_data, text, &back, &ignored))
        back = at;
    prt_arena_free(arena);
    return back;
}

prt_pos
prt_key_floor(const prt_key *key, prt_pos at)
{
    if (key->kind == PRT_KEY_TEXT)
        return floor_text(key, at);
    if (key->kind != PRT_KEY_SNOWFLAKE)
        return floor_to(at, key->resolution);
    /* Milliseconds are counted from the snowflake's own zero. */
    int64_t phase = key->options.snowflake_epoch - floor_to(key->options.snowflake_epoch, key->resolution);
    return prt_pos_add(floor_to(prt_pos_add(at, -phase), key->resolution), phase);
}

/* The first or last finite position at which a bound can be: an id's own limit, or the axis cut to the type. */
prt_pos
prt_key_min(const prt_key *key)
{
    prt_pos least;
    switch (key->kind) {
    case PRT_KEY_ID:
        return key->id_min;
    case PRT_KEY_EPOCH:
        least = epoch_to_pos(key, key->id_min);
        break;
    case PRT_KEY_SNOWFLAKE:
        least = snowflake_to_pos(key, key->id_min);
        break;
    case PRT_KEY_UUID7:
        return 0;
    case PRT_KEY_TEXT:
        return PRT_POS_MIN + 1;
    default:
        return FIRST_INSTANT;
    }
    /* A position whose value exists: further up where the limit lies off the axis, or between two positions. */
    int64_t epoch = key->kind == PRT_KEY_SNOWFLAKE && key->options.snowflake_epoch > 0 ? key->options.snowflake_epoch
                                                                                       : 0;
    if (least < PRT_POS_MIN + epoch + 2 * key->resolution)
        return prt_key_floor(key, PRT_POS_MIN + epoch + 2 * key->resolution);
    int64_t integer;
    return pos_to_integer(key, least, &integer) ? least : prt_pos_add(least, key->resolution);
}

prt_pos
prt_key_max(const prt_key *key)
{
    prt_pos greatest = LAST_INSTANT;
    switch (key->kind) {
    case PRT_KEY_ID:
        return key->id_max;
    case PRT_KEY_EPOCH:
        greatest = epoch_to_pos(key, key->id_max);
        break;
    case PRT_KEY_SNOWFLAKE:
        greatest = snowflake_to_pos(key, key->id_max);
        if (key->options.snowflake_epoch < 0 && greatest > LAST_INSTANT + key->options.snowflake_epoch)
            greatest = LAST_INSTANT + key->options.snowflake_epoch;
        break;
    case PRT_KEY_UUID7:
        return LAST_UUID_MSEC * PRT_USEC_PER_MSEC;
    case PRT_KEY_TEXT:
        return LAST_INSTANT;
    default:
        break;
    }
    return prt_key_floor(key, greatest == PRT_POS_MAX ? LAST_INSTANT : greatest);
}

prt_pos
prt_key_now(const prt_key *key, prt_instant now)
{
    bool is_wall_clock = key->kind == PRT_KEY_DATE || key->kind == PRT_KEY_TIMESTAMP;
    return is_wall_clock ? prt_zone_local(key->zone, now) : now;
}
