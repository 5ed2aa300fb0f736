/* What a column's type and the policy's options make of a key. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/key.h"

enum { LONGEST_SHIFT = 62 };

typedef struct type_row {
    const char *name;
    prt_key_kind kind; /* without options */
    int64_t min, max;  /* of integers */
} type_row;

static const type_row types[] = {
    {"date", PRT_KEY_DATE, 0, 0},
    {"timestamp without time zone", PRT_KEY_TIMESTAMP, 0, 0},
    {"timestamp with time zone", PRT_KEY_TIMESTAMPTZ, 0, 0},
    {"uuid", PRT_KEY_UUID7, 0, 0},
    {"smallint", PRT_KEY_ID, INT16_MIN, INT16_MAX},
    {"integer", PRT_KEY_ID, INT32_MIN, INT32_MAX},
    {"bigint", PRT_KEY_ID, INT64_MIN, INT64_MAX},
    {"text", PRT_KEY_TEXT, 0, 0},
    {"character varying", PRT_KEY_TEXT, 0, 0},
    {"character", PRT_KEY_TEXT, 0, 0},
};

/* The row of a type; *modifier is what stands in its parentheses: 3 of `timestamp(3) with time zone`, or -1. */
static const type_row *
find_type(const char *type, int *modifier)
{
    const char *open = strchr(type, '(');
    const char *close = open == NULL ? NULL : strchr(open, ')');
    size_t head = open == NULL || close == NULL ? strlen(type) : (size_t) (open - type);
    const char *tail = close == NULL ? "" : close + 1;
    *modifier = close == NULL ? -1 : (int) strtol(open + 1, NULL, 10);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strncmp(types[i].name, type, head) == 0 && strcmp(types[i].name + head, tail) == 0)
            return &types[i];
    return NULL;
}

/* timestamp(3) rounds what it is given: its bounds lie on whole milliseconds. */
static int64_t
timestamp_resolution(int modifier)
{
    int64_t resolution = 1;
    for (int digits = 6; modifier >= 0 && digits > modifier; digits--)
        resolution *= 10;
    return resolution;
}

static bool
misfit(const prt_key *key, const char *what, const char *wanted, prt_error *err)
{
    prt_fail(err, PRT_ERR_VALUE, "key column \"%s\" has type %s, but %s needs %s", key->column, key->type, what,
             wanted);
    return prt_fail_hint(err, "correct `key = {...}` of the policy: its options say what the column holds");
}

static bool
unsupported(const prt_key *key, prt_error *err)
{
    prt_fail(err, PRT_ERR_VALUE, "key column \"%s\" has type %s, which partrun cannot partition by", key->column,
             key->type);
    return prt_fail_hint(
        err, "date, timestamp, timestamptz, uuid (version 7), smallint, integer and bigint work as they are; "
             "`key = { column = ..., epoch | snowflake | encode and decode = ... }` tells what an integer or a text "
             "holds, or names another column");
}

static bool
init_epoch(prt_key *key, const type_row *row, prt_error *err)
{
    int64_t unit = key->options.epoch_per_sec;
    if (row->kind != PRT_KEY_ID || row->max < INT32_MAX)
        return misfit(key, "an epoch", "integer or bigint", err);
    if (unit != 1 && unit != 1000 && unit != 1000000 && unit != 1000000000)
        return prt_fail(err, PRT_ERR_VALUE,
                        "key column \"%s\": an epoch counts seconds, milliseconds, microseconds or "
                        "nanoseconds, not %" PRId64 " units a second",
                        key->column, unit);
    key->kind = PRT_KEY_EPOCH;
    key->resolution = unit >= PRT_USEC_PER_SEC ? 1 : PRT_USEC_PER_SEC / unit;
    return true;
}

static bool
init_snowflake(prt_key *key, const type_row *row, prt_error *err)
{
    if (row->kind != PRT_KEY_ID || row->max < INT64_MAX)
        return misfit(key, "a snowflake", "bigint", err);
    if (key->options.snowflake_shift < 0 || key->options.snowflake_shift > LONGEST_SHIFT)
        return prt_fail(err, PRT_ERR_VALUE, "key column \"%s\": the snowflake's shift is %d, not within 0 and %d",
                        key->column, key->options.snowflake_shift, LONGEST_SHIFT);
    key->kind = PRT_KEY_SNOWFLAKE;
    key->resolution = PRT_USEC_PER_MSEC;
    return true;
}

static bool
init_text(prt_key *key, const type_row *row, prt_error *err)
{
    if (key->options.encode == NULL || key->options.decode == NULL)
        return prt_fail(err, PRT_ERR_VALUE, "key column \"%s\": `encode` and `decode` belong together", key->column);
    if (row->kind != PRT_KEY_TEXT)
        return misfit(key, "an encode and decode pair", "text or varchar", err);
    key->resolution = 1;
    return true;
}

static bool
init_plain(prt_key *key, int modifier, prt_error *err)
{
    if (key->kind == PRT_KEY_TEXT) {
        prt_fail(err, PRT_ERR_VALUE, "key column \"%s\" has type %s, and nothing says how its texts hold a time",
                 key->column, key->type);
        return prt_fail_hint(err, "give a pair of functions: `key = { column = \"%s\", encode = ..., decode = ... }`",
                             key->column);
    }
    switch (key->kind) {
    case PRT_KEY_DATE:
        key->resolution = PRT_USEC_PER_DAY;
        break;
    case PRT_KEY_UUID7:
        key->resolution = PRT_USEC_PER_MSEC;
        break;
    case PRT_KEY_TIMESTAMP:
    case PRT_KEY_TIMESTAMPTZ:
        key->resolution = timestamp_resolution(modifier);
        break;
    default:
        key->resolution = 1;
    }
    return true;
}

bool
prt_key_init(prt_key *key, const char *column, const char *type, int columns, int index, const prt_key_options *options,
             const prt_zone *zone, prt_error *err)
{
    *key = (prt_key) {.column = column, .type = type, .columns = columns, .index = index, .zone = zone};
    if (options != NULL)
        key->options = *options;
    int modifier;
    const type_row *row = find_type(type, &modifier);
    if (row == NULL)
        return unsupported(key, err);
    key->kind = row->kind;
    key->id_min = row->min;
    key->id_max = row->max;

    bool epoch = key->options.epoch_per_sec != 0, snowflake = key->options.snowflake;
    bool codec = key->options.encode != NULL || key->options.decode != NULL;
    if (epoch + snowflake + codec > 1)
        return prt_fail(err, PRT_ERR_VALUE,
                        "key column \"%s\" can be an epoch, a snowflake or a coded text, but only one of them", column);
    if (epoch)
        return init_epoch(key, row, err);
    if (snowflake)
        return init_snowflake(key, row, err);
    return codec ? init_text(key, row, err) : init_plain(key, modifier, err);
}
