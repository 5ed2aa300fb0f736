/* Keys of every kind: values to positions and back, their limits, and types that are none. */
#include "support/support.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "model/key.h"

#define DAY PRT_USEC_PER_DAY
#define SEC PRT_USEC_PER_SEC
#define JAN_2025 (INT64_C(1735689600) * SEC) /* 2025-01-01T00:00:00Z */

static prt_key
key_of(const char *type, const prt_key_options *options)
{
    prt_error err = {0};
    prt_key key;
    assert_ok(prt_key_init(&key, "k", type, 1, 0, options, NULL, &err), &err);
    return key;
}

static prt_pos
decode(const prt_key *key, const char *text)
{
    prt_error err = {0};
    prt_pos at;
    const prt_datum datum = {.kind = PRT_DATUM_VALUE, .text = text, .sql = text};
    assert_ok(prt_key_decode(key, &datum, &at, &err), &err);
    return at;
}

static const char *
encode(const prt_key *key, prt_arena *arena, prt_pos at)
{
    prt_error err = {0};
    const char *text;
    assert_ok(prt_key_encode(key, arena, at, &text, &err), &err);
    return text;
}

static void
refuse_decode(const prt_key *key, const char *text)
{
    prt_error err = {0};
    prt_pos at;
    const prt_datum datum = {.kind = PRT_DATUM_VALUE, .text = text, .sql = text};
    if (prt_key_decode(key, &datum, &at, &err))
        fail_msg("%s was read as a value of %s", text, key->type);
    assert_int_equal(err.code, PRT_ERR_VALUE);
}

static void
refuse_encode(const prt_key *key, prt_arena *arena, prt_pos at)
{
    prt_error err = {0};
    const char *text;
    if (prt_key_encode(key, arena, at, &text, &err))
        fail_msg("%" PRId64 " was written as %s of %s", at, text, key->type);
    assert_int_equal(err.code, PRT_ERR_VALUE);
    assert_non_null(strstr(err.message, "\"k\""));
    assert_non_null(strstr(err.message, key->type));
}

typedef struct row {
    const char *text;
    prt_pos at;
} row;

/* Each text is read as the position, and the position written as the text. */
static void
check_both_ways(prt_arena *arena, const prt_key *key, const row *rows, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        assert_int_equal(decode(key, rows[i].text), rows[i].at);
        assert_string_equal(encode(key, arena, rows[i].at), rows[i].text);
    }
}

#define CHECK_BOTH_WAYS(key, rows) check_both_ways(*state, key, rows, sizeof(rows) / sizeof(rows)[0])

static void
test_date(void **state)
{
    static const row rows[] = {
        {"2025-01-01", JAN_2025},
        {"1970-01-01", 0},
        {"1969-12-31", -DAY},
        {"2024-02-29", INT64_C(19782) * DAY},
        {"0001-01-01", INT64_C(-719162) * DAY},
        {"0001-12-31 BC", INT64_C(-719163) * DAY},
        {"0044-03-15 BC", INT64_C(-735160) * DAY},
        {"4714-11-24 BC", INT64_C(-2440588) * DAY},
        {"12345-02-03", INT64_C(3789424) * DAY},
        {"infinity", PRT_POS_MAX},
        {"-infinity", PRT_POS_MIN},
    };
    prt_key key = key_of("date", NULL);
    assert_int_equal(key.kind, PRT_KEY_DATE);
    assert_true(prt_key_is_time(&key));
    assert_int_equal(prt_key_resolution(&key), DAY);
    CHECK_BOTH_WAYS(&key, rows);
    assert_string_equal(encode(&key, *state, JAN_2025 + DAY - 1), "2025-01-01"); /* floors */
    assert_string_equal(encode(&key, *state, -1), "1969-12-31");
    assert_int_equal(prt_key_floor(&key, -1), -DAY);
    assert_int_equal(prt_key_floor(&key, DAY), DAY);
    assert_int_equal(decode(&key, "5874897-12-31"), PRT_POS_MAX); /* the type's last day lies beyond the axis */
    refuse_decode(&key, "2025-02-30");
    refuse_decode(&key, "");
    refuse_decode(&key, "42");
    refuse_encode(&key, *state, INT64_C(-2440589) * DAY);
}

static void
test_timestamp(void **state)
{
    static const row rows[] = {
        {"2025-01-01 00:00:00", JAN_2025},
        {"2025-01-01 00:00:00.000001", JAN_2025 + 1},
        {"2025-01-01 23:59:59.5", JAN_2025 + DAY - SEC / 2},
        {"1969-12-31 23:59:59.999999", -1},
        {"12345-02-03 00:00:00", INT64_C(3789424) * DAY},
        {"4714-11-24 00:00:00 BC", INT64_C(-2440588) * DAY},
        {"infinity", PRT_POS_MAX},
        {"-infinity", PRT_POS_MIN},
    };
    prt_key key = key_of("timestamp without time zone", NULL);
    assert_int_equal(key.kind, PRT_KEY_TIMESTAMP);
    assert_int_equal(prt_key_resolution(&key), 1);
    CHECK_BOTH_WAYS(&key, rows);
    refuse_encode(&key, *state, INT64_C(-2440588) * DAY - 1);
}

static void
test_timestamptz(void **state)
{
    static const row rows[] = {
        {"2025-01-01 00:00:00+00", JAN_2025},
        {"2024-12-31 18:30:00.000001+00", JAN_2025 - 5 * PRT_USEC_PER_HOUR - 30 * PRT_USEC_PER_MINUTE + 1},
        {"0044-03-14 19:32:03.5+00 BC", INT64_C(-63517840076500000)},
        {"infinity", PRT_POS_MAX},
        {"-infinity", PRT_POS_MIN},
    };
    prt_key key = key_of("timestamp with time zone", NULL);
    assert_int_equal(key.kind, PRT_KEY_TIMESTAMPTZ);
    CHECK_BOTH_WAYS(&key, rows);
    /* one instant, whatever the session's zone printed it in */
    assert_int_equal(decode(&key, "2025-01-01 05:30:00+05:30"), JAN_2025);
    assert_int_equal(decode(&key, "2024-12-31 21:00:00-03"), JAN_2025);
    assert_int_equal(decode(&key, "2025-01-01 05:41:16+05:41:16"), JAN_2025);
    refuse_decode(&key, "2025-01-01 25:00:00+00");
    refuse_decode(&key, "now");
}

static void
test_timestamp_precision(void **state)
{
    prt_key key = key_of("timestamp(3) without time zone", NULL);
    assert_int_equal(prt_key_resolution(&key), 1000);
    assert_string_equal(encode(&key, *state, JAN_2025 + 1999), "2025-01-01 00:00:00.001");
    key = key_of("timestamp(0) with time zone", NULL);
    assert_int_equal(key.kind, PRT_KEY_TIMESTAMPTZ);
    assert_int_equal(prt_key_resolution(&key), SEC);
    assert_string_equal(encode(&key, *state, -1), "1969-12-31 23:59:59+00");
    key = key_of("timestamp(6) with time zone", NULL);
    assert_int_equal(prt_key_resolution(&key), 1);
}

static void
test_uuid7(void **state)
{
    static const row rows[] = {
        {"00000000-0000-0000-0000-000000000000", 0},
        {"01941f29-7c00-0000-0000-000000000000", JAN_2025},
        {"01941f29-7c01-0000-0000-000000000000", JAN_2025 + 1000},
        {"ffffffff-ffff-0000-0000-000000000000", INT64_C(281474976710655) * 1000},
    };
    prt_key key = key_of("uuid", NULL);
    assert_int_equal(key.kind, PRT_KEY_UUID7);
    assert_int_equal(prt_key_resolution(&key), 1000);
    CHECK_BOTH_WAYS(&key, rows);
    /* other bits and other versions: the first 48 bits count */
    assert_int_equal(decode(&key, "01941f29-7c00-7000-8000-000000000000"), JAN_2025);
    assert_int_equal(decode(&key, "01941F29-7C00-4FFF-BFFF-FFFFFFFFFFFF"), JAN_2025);
    assert_int_equal(decode(&key, "01941f297c0070008000000000000000"), JAN_2025);
    assert_int_equal(decode(&key, "ffffffff-ffff-ffff-ffff-ffffffffffff"), prt_key_max(&key));
    assert_string_equal(encode(&key, *state, JAN_2025 + 999), "01941f29-7c00-0000-0000-000000000000");
    assert_int_equal(prt_key_min(&key), 0);
    refuse_encode(&key, *state, -1);
    refuse_encode(&key, *state, INT64_C(281474976710656) * 1000);
    refuse_encode(&key, *state, PRT_POS_MAX);
    refuse_encode(&key, *state, PRT_POS_MIN);
    refuse_decode(&key, "");
    refuse_decode(&key, "01941f29-7c00-7000-8000-00000000000");
    refuse_decode(&key, "01941f29-7c00-7000-8000-0000000000000");
    refuse_decode(&key, "01941f29-7c00-7000-8000-00000000000g");
}

static void
test_ids(void **state)
{
    static const struct {
        const char *type;
        int64_t min, max;
        const char *least, *greatest, *below, *above;
    } rows[] = {
        {"smallint", INT16_MIN, INT16_MAX, "-32768", "32767", "-32769", "32768"},
        {"integer", INT32_MIN, INT32_MAX, "-2147483648", "2147483647", "-2147483649", "2147483648"},
        {"bigint", INT64_MIN, INT64_MAX, "-9223372036854775808", "9223372036854775807", "-9223372036854775809",
         "9223372036854775808"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prt_key key = key_of(rows[i].type, NULL);
        assert_int_equal(key.kind, PRT_KEY_ID);
        assert_false(prt_key_is_time(&key));
        assert_int_equal(prt_key_resolution(&key), 1);
        assert_int_equal(prt_key_min(&key), rows[i].min);
        assert_int_equal(prt_key_max(&key), rows[i].max);
        const row both[] = {
            {rows[i].least, rows[i].min}, {rows[i].greatest, rows[i].max}, {"-5", -5}, {"0", 0}, {"42", 42}};
        CHECK_BOTH_WAYS(&key, both);
        refuse_decode(&key, rows[i].below);
        refuse_decode(&key, rows[i].above);
        refuse_decode(&key, "99999999999999999999999999");
        if (rows[i].max < INT64_MAX) {
            refuse_encode(&key, *state, rows[i].max + 1);
            refuse_encode(&key, *state, rows[i].min - 1);
        }
    }
    prt_key key = key_of("bigint", NULL);
    const char *const garbage[] = {"", "-", "+", "1.5", "1e3", " 1", "1 ", "0x1", "NaN", "--1", "2025-01-01"};
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++)
        refuse_decode(&key, garbage[i]);
    assert_int_equal(decode(&key, "+7"), 7);
    assert_int_equal(decode(&key, "007"), 7);
}

static void
test_epochs(void **state)
{
    static const struct {
        int64_t unit;
        const char *jan, *before; /* 2025-01-01, and the unit before 1970 */
        int64_t resolution;
    } rows[] = {
        {1, "1735689600", "-1", SEC},
        {1000, "1735689600000", "-1", 1000},
        {1000000, "1735689600000000", "-1", 1},
        {1000000000, "1735689600000000000", "-1000", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prt_key_options options = {.epoch_per_sec = rows[i].unit};
        prt_key key = key_of("bigint", &options);
        assert_int_equal(key.kind, PRT_KEY_EPOCH);
        assert_true(prt_key_is_time(&key));
        assert_int_equal(prt_key_resolution(&key), rows[i].resolution);
        const row both[] = {{rows[i].jan, JAN_2025}, {"0", 0}, {rows[i].before, -rows[i].resolution}};
        CHECK_BOTH_WAYS(&key, both);
        assert_string_equal(encode(&key, *state, JAN_2025 + rows[i].resolution - 1), rows[i].jan);
        assert_string_equal(encode(&key, *state, -1), rows[i].before); /* floors, not towards zero */
        refuse_encode(&key, *state, PRT_POS_MAX);
        refuse_encode(&key, *state, PRT_POS_MIN);
    }
    prt_key_options nanoseconds = {.epoch_per_sec = 1000000000};
    prt_key key = key_of("bigint", &nanoseconds);
    assert_int_equal(decode(&key, "-1"), -1); /* the nanosecond before 1970 lies in the microsecond before */
    assert_int_equal(decode(&key, "1999"), 1);
    refuse_encode(&key, *state, INT64_MAX / 1000 + 1); /* 2262 */
    prt_key_options seconds = {.epoch_per_sec = 1};
    key = key_of("bigint", &seconds);
    assert_int_equal(decode(&key, "9223372036854775807"), PRT_POS_MAX); /* "for ever" */
    assert_int_equal(decode(&key, "-9223372036854775808"), PRT_POS_MIN);
    key = key_of("integer", &seconds);
    assert_int_equal(prt_key_max(&key), INT64_C(2147483647) * SEC); /* 2038 */
    assert_int_equal(prt_key_min(&key), INT64_C(-2147483648) * SEC);
    refuse_encode(&key, *state, INT64_C(2147483648) * SEC);
    refuse_decode(&key, "2147483648");
    assert_string_equal(encode(&key, *state, INT64_C(2147483648) * SEC - 1), "2147483647");
}

static void
test_snowflakes(void **state)
{
    /* Twitter: 22 bits, milliseconds since 2010-11-04T01:42:54.657Z. */
    prt_key_options options = {
        .snowflake = true, .snowflake_shift = 22, .snowflake_epoch = INT64_C(1288834974657) * 1000};
    prt_key key = key_of("bigint", &options);
    assert_int_equal(key.kind, PRT_KEY_SNOWFLAKE);
    assert_int_equal(prt_key_resolution(&key), 1000);
    static const row rows[] = {
        {"0", INT64_C(1288834974657) * 1000},
        {"4194304", INT64_C(1288834974658) * 1000},
        {"-4194304", INT64_C(1288834974656) * 1000},
        {"1874244142494646272", JAN_2025},
    };
    CHECK_BOTH_WAYS(&key, rows);
    assert_int_equal(decode(&key, "1874244142498840575"), JAN_2025); /* the last id of that millisecond */
    assert_int_equal(decode(&key, "-1"), INT64_C(1288834974656) * 1000);
    assert_string_equal(encode(&key, *state, JAN_2025 + 999), "1874244142494646272");
    assert_string_equal(encode(&key, *state, INT64_C(1288834974657) * 1000 - 1), "-4194304");
    assert_int_equal(prt_key_max(&key), INT64_C(1288834974657000) + (INT64_MAX >> 22) * 1000);
    refuse_encode(&key, *state, prt_key_max(&key) + 1000);
    refuse_encode(&key, *state, PRT_POS_MAX);
    refuse_encode(&key, *state, PRT_POS_MIN);
    refuse_decode(&key, "1.5");

    /* an epoch that is not on a whole millisecond, and no shift at all */
    options = (prt_key_options) {.snowflake = true, .snowflake_epoch = 1500};
    key = key_of("bigint", &options);
    assert_int_equal(decode(&key, "2"), 3500);
    assert_int_equal(prt_key_floor(&key, 3499), 2500);
    assert_int_equal(prt_key_floor(&key, 3500), 3500);
    assert_int_equal(decode(&key, "9223372036854775807"), PRT_POS_MAX);
}

/* A codec like a ULID's, simpler: T and the seconds in hexadecimal. */
static bool
test_encode(void *data, prt_arena *arena, prt_instant at, const char **text, prt_error *err)
{
    assert_string_equal(data, "codec");
    if (at < 0)
        return prt_fail(err, PRT_ERR_LUA, "no time before 1970");
    *text = prt_arena_printf(arena, "T%08" PRIx64, at / SEC);
    return true;
}

static bool
test_decode(void *data, const char *text, prt_instant *at, prt_error *err)
{
    assert_string_equal(data, "codec");
    unsigned long long seconds;
    if (sscanf(text, "T%llx", &seconds) != 1)
        return prt_fail(err, PRT_ERR_LUA, "not a T");
    *at = (prt_instant) seconds * SEC;
    return true;
}

static void
test_text(void **state)
{
    char data[] = "codec";
    prt_key_options options = {.encode = test_encode, .decode = test_decode, .codec_data = data};
    const char *const texts[] = {"text", "character varying", "character varying(26)", "character(26)"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        prt_key key = key_of(texts[i], &options);
        assert_int_equal(key.kind, PRT_KEY_TEXT);
        assert_true(prt_key_is_time(&key));
        static const row rows[] = {{"T67748580", JAN_2025}, {"T00000000", 0}};
        CHECK_BOTH_WAYS(&key, rows);
        assert_int_equal(prt_key_floor(&key, JAN_2025 + SEC - 1), JAN_2025); /* the codec's own resolution */
        assert_int_equal(prt_key_floor(&key, -5), -5);
        assert_int_equal(prt_key_floor(&key, PRT_POS_MAX), PRT_POS_MAX);
    }
    prt_key key = key_of("text", &options);
    prt_error err = {0};
    const char *text;
    prt_pos at;
    assert_false(prt_key_encode(&key, *state, -1, &text, &err));
    assert_string_equal(err.message, "no time before 1970");
    const prt_datum datum = {.kind = PRT_DATUM_VALUE, .text = "x", .sql = "'x'"};
    err = (prt_error) {0};
    assert_false(prt_key_decode(&key, &datum, &at, &err));
    assert_string_equal(err.message, "not a T");
    refuse_encode(&key, *state, PRT_POS_MAX);
}

static void
test_unbounded_and_null(void **state)
{
    (void) state;
    static const char *const names[] = {"date", "uuid", "integer", "bigint", "timestamp with time zone"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        prt_key key = key_of(names[i], NULL);
        prt_error err = {0};
        prt_pos at;
        const prt_datum low = {.kind = PRT_DATUM_MINVALUE, .sql = "MINVALUE"};
        const prt_datum high = {.kind = PRT_DATUM_MAXVALUE, .sql = "MAXVALUE"};
        const prt_datum null = {.kind = PRT_DATUM_NULL, .sql = "NULL"};
        assert_ok(prt_key_decode(&key, &low, &at, &err), &err);
        assert_int_equal(at, PRT_POS_MIN);
        assert_ok(prt_key_decode(&key, &high, &at, &err), &err);
        assert_int_equal(at, PRT_POS_MAX);
        assert_false(prt_key_decode(&key, &null, &at, &err));
        assert_int_equal(err.code, PRT_ERR_VALUE);
    }
}

/* The least and greatest positions can be written, read back as themselves, and are ordered. */
static void
test_limits_are_values(void **state)
{
    static const prt_key_options plain = {0}, s = {.epoch_per_sec = 1}, ms = {.epoch_per_sec = 1000},
                                 us = {.epoch_per_sec = 1000000}, ns = {.epoch_per_sec = 1000000000},
                                 twitter = {.snowflake = true,
                                            .snowflake_shift = 22,
                                            .snowflake_epoch = 1288834974657000},
                                 flat = {.snowflake = true, .snowflake_epoch = 1500},
                                 early = {.snowflake = true, .snowflake_epoch = -1500};
    static const struct {
        const char *type;
        const prt_key_options *options;
    } rows[] = {
        {"date", &plain},
        {"timestamp without time zone", &plain},
        {"timestamp(0) with time zone", &plain},
        {"uuid", &plain},
        {"smallint", &plain},
        {"integer", &plain},
        {"bigint", &plain},
        {"integer", &s},
        {"bigint", &s},
        {"integer", &ms},
        {"bigint", &ms},
        {"bigint", &us},
        {"integer", &us},
        {"bigint", &ns},
        {"integer", &ns},
        {"bigint", &twitter},
        {"bigint", &flat},
        {"bigint", &early},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prt_key key = key_of(rows[i].type, rows[i].options);
        prt_pos least = prt_key_min(&key), greatest = prt_key_max(&key);
        assert_true(least < greatest);
        assert_int_equal(decode(&key, encode(&key, *state, least)), least);
        assert_int_equal(decode(&key, encode(&key, *state, greatest)), greatest);
        assert_int_equal(prt_key_floor(&key, greatest), greatest);
    }
}

static void
test_now(void **state)
{
    prt_error err = {0};
    char *bytes;
    size_t length;
    const prt_zone *zone;
    assert_ok(prt_tzdata_read(*state, "Asia/Kathmandu", &bytes, &length, &err), &err);
    assert_ok(prt_zone_parse(*state, "Asia/Kathmandu", bytes, length, &zone, &err), &err);
    static const struct {
        const char *type;
        bool wall_clock;
    } rows[] = {
        {"date", true}, {"timestamp without time zone", true}, {"timestamp with time zone", false}, {"uuid", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prt_key key;
        assert_ok(prt_key_init(&key, "k", rows[i].type, 1, 0, NULL, zone, &err), &err);
        int64_t ahead = rows[i].wall_clock ? 345 * PRT_USEC_PER_MINUTE : 0; /* +05:45 */
        assert_int_equal(prt_key_now(&key, JAN_2025 - 1), JAN_2025 - 1 + ahead);
        key.zone = NULL;
        assert_int_equal(prt_key_now(&key, JAN_2025), JAN_2025);
    }
}

static void
test_unsupported_types(void **state)
{
    (void) state;
    static const char *const names[] = {
        "numeric",
        "numeric(20,0)",
        "double precision",
        "real",
        "boolean",
        "jsonb",
        "interval",
        "time without time zone",
        "bytea",
        "inet",
        "money",
        "oid",
        "name",
        "dint",
        "public.mood",
        "\"My Schema\".\"date\"",
        "integer[]",
        "date[]",
        "timestamp",
        "timestamp(3)",
        "timestamp(3) with",
        "timestamp(3",
        "",
        "int",
        "Date",
        "text[]",
        "tstzrange",
        "bit(3)",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        prt_error err = {0};
        prt_key key;
        if (prt_key_init(&key, "created", names[i], 1, 0, NULL, NULL, &err))
            fail_msg("%s was accepted", names[i]);
        assert_int_equal(err.code, PRT_ERR_VALUE);
        assert_non_null(strstr(err.message, "\"created\""));
        assert_non_null(strstr(err.message, names[i]));
        assert_non_null(strstr(err.hint, "`key = {"));
    }
}

static void
test_options_that_do_not_fit(void **state)
{
    (void) state;
    static const prt_key_options plain = {0}, epoch = {.epoch_per_sec = 1}, odd = {.epoch_per_sec = 60},
                                 negative = {.epoch_per_sec = -1},
                                 snowflake = {.snowflake = true, .snowflake_shift = 22},
                                 shifted = {.snowflake = true, .snowflake_shift = 63},
                                 backwards = {.snowflake = true, .snowflake_shift = -1},
                                 codec = {.encode = test_encode, .decode = test_decode}, half = {.encode = test_encode},
                                 other_half = {.decode = test_decode}, both = {.epoch_per_sec = 1, .snowflake = true},
                                 three = {.epoch_per_sec = 1, .encode = test_encode};
    static const struct {
        const char *type;
        const prt_key_options *options;
    } rows[] = {
        {"text", &plain},
        {"character varying(26)", &plain},
        {"uuid", &epoch},
        {"date", &epoch},
        {"smallint", &epoch},
        {"text", &epoch},
        {"timestamp with time zone", &epoch},
        {"numeric", &epoch},
        {"bigint", &odd},
        {"bigint", &negative},
        {"integer", &snowflake},
        {"uuid", &snowflake},
        {"bigint", &shifted},
        {"bigint", &backwards},
        {"uuid", &codec},
        {"bigint", &codec},
        {"date", &codec},
        {"text", &half},
        {"text", &other_half},
        {"bigint", &both},
        {"bigint", &three},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prt_error err = {0};
        prt_key key;
        if (prt_key_init(&key, "created", rows[i].type, 1, 0, rows[i].options, NULL, &err))
            fail_msg("row %zu (%s) was accepted", i, rows[i].type);
        assert_int_equal(err.code, PRT_ERR_VALUE);
        assert_non_null(strstr(err.message, "\"created\""));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_date, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_timestamp, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_timestamptz, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_timestamp_precision, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_uuid7, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_ids, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_epochs, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_snowflakes, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_text, support_arena_setup, support_arena_teardown),
        cmocka_unit_test(test_unbounded_and_null),
        cmocka_unit_test_setup_teardown(test_limits_are_values, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_now, support_arena_setup, support_arena_teardown),
        cmocka_unit_test(test_unsupported_types),
        cmocka_unit_test(test_options_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
