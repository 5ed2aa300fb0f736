/*
 * Keys at random: what is written is read back as the position rounded down, the order of positions is the order of
 * values, and any text survives being quoted into a bound and parsed out of it.
 */
#include "support/support.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "model/ident.h"
#include "model/range.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static uint64_t
next_random(uint64_t *seed) /* xorshift */
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    return *seed ^= *seed << 17;
}

/* Evenly by magnitude, both signs, with the ends and their neighbours now and then. */
static prt_pos
random_pos(uint64_t *seed)
{
    static const prt_pos special[] = {0,         1,         -1,        PRT_POS_MIN + 1, PRT_POS_MAX - 1,
                                      INT32_MAX, INT32_MIN, INT16_MAX, INT16_MIN};
    if (next_random(seed) % 16 == 0)
        return special[next_random(seed) % COUNT(special)];
    prt_pos magnitude = (prt_pos) (next_random(seed) >> (1 + next_random(seed) % 63));
    return next_random(seed) % 2 == 0 ? magnitude : -magnitude;
}

/* A codec whose texts sort as times do: a letter for the sign, then digits. */
static bool
sorted_encode(void *data, prt_arena *arena, prt_instant at, const char **text, prt_error *err)
{
    (void) data;
    (void) err;
    *text = prt_arena_printf(arena, "'\\%016" PRIx64, (uint64_t) at ^ (UINT64_C(1) << 63));
    return true;
}

static bool
sorted_decode(void *data, const char *text, prt_instant *at, prt_error *err)
{
    (void) data;
    (void) err;
    *at = (prt_instant) (strtoull(text + 2, NULL, 16) ^ (UINT64_C(1) << 63));
    return true;
}

typedef enum value_order { BY_NUMBER, BY_TEXT, BY_TIME } value_order;

typedef struct key_kind {
    const char *type;
    prt_key_options options;
    value_order order; /* how PostgreSQL compares the values */
} key_kind;

static const key_kind kinds[] = {
    {"date", {0}, BY_TIME},
    {"timestamp without time zone", {0}, BY_TIME},
    {"timestamp(3) without time zone", {0}, BY_TIME},
    {"timestamp with time zone", {0}, BY_TIME},
    {"timestamp(0) with time zone", {0}, BY_TIME},
    {"uuid", {0}, BY_TEXT},
    {"smallint", {0}, BY_NUMBER},
    {"integer", {0}, BY_NUMBER},
    {"bigint", {0}, BY_NUMBER},
    {"integer", {.epoch_per_sec = 1}, BY_NUMBER},
    {"bigint", {.epoch_per_sec = 1}, BY_NUMBER},
    {"bigint", {.epoch_per_sec = 1000}, BY_NUMBER},
    {"integer", {.epoch_per_sec = 1000}, BY_NUMBER},
    {"bigint", {.epoch_per_sec = 1000000}, BY_NUMBER},
    {"bigint", {.epoch_per_sec = 1000000000}, BY_NUMBER},
    {"bigint", {.snowflake = true, .snowflake_shift = 22, .snowflake_epoch = INT64_C(1288834974657000)}, BY_NUMBER},
    {"bigint", {.snowflake = true, .snowflake_shift = 0, .snowflake_epoch = -1500}, BY_NUMBER},
    {"bigint", {.snowflake = true, .snowflake_shift = 41, .snowflake_epoch = 1}, BY_NUMBER},
    {"text", {.encode = sorted_encode, .decode = sorted_decode}, BY_TEXT},
};

static prt_pos
decode(const prt_key *key, const char *text)
{
    prt_error err = {0};
    prt_pos at;
    const prt_datum datum = {.kind = PRT_DATUM_VALUE, .text = text, .sql = text};
    assert_ok(prt_key_decode(key, &datum, &at, &err), &err);
    return at;
}

/* -1, 0, 1 as the server would say; times are compared by what the server would read, so only equality is asked. */
static int
compare(value_order order, const char *a, const char *b)
{
    if (order == BY_TEXT)
        return (strcmp(a, b) > 0) - (strcmp(a, b) < 0);
    int64_t x = strtoll(a, NULL, 10), y = strtoll(b, NULL, 10);
    return (x > y) - (x < y);
}

static void
check_pair(prt_arena *arena, const key_kind *kind, const prt_key *key, prt_pos a, prt_pos b)
{
    prt_error err_a = {0}, err_b = {0};
    const char *text_a, *text_b;
    bool ok_a = prt_key_encode(key, arena, a, &text_a, &err_a), ok_b = prt_key_encode(key, arena, b, &text_b, &err_b);
    /* what lies within the limits can be written, and nothing else but at the very ends of the axis */
    prt_pos floor = prt_key_floor(key, a);
    bool within = floor >= prt_key_min(key) && floor <= prt_key_max(key);
    bool at_ends = a < PRT_POS_MIN + 2 * PRT_USEC_PER_DAY || a > PRT_POS_MAX - 2 * PRT_USEC_PER_DAY;
    assert_true(ok_a == within || (ok_a && at_ends));
    if (!ok_a) {
        assert_int_equal(err_a.code, PRT_ERR_VALUE);
        return;
    }
    assert_true(floor <= a && (uint64_t) a - (uint64_t) floor < (uint64_t) prt_key_resolution(key));
    assert_int_equal(prt_key_floor(key, floor), floor);
    assert_int_equal(decode(key, text_a), floor);
    if (!ok_b)
        return;
    prt_pos other = prt_key_floor(key, b);
    assert_int_equal(strcmp(text_a, text_b) == 0, floor == other);
    if (kind->order != BY_TIME)
        assert_int_equal(compare(kind->order, text_a, text_b), (floor > other) - (floor < other));
}

static void
test_positions(void **state)
{
    (void) state;
    uint64_t seed = UINT64_C(0x2545f4914f6cdd1d);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        prt_arena *arena = prt_arena_new();
        prt_error err = {0};
        prt_key key;
        assert_ok(prt_key_init(&key, "k", kinds[i].type, 1, 0, &kinds[i].options, NULL, &err), &err);
        for (int round = 0; round < 20000; round++) {
            prt_pos a = random_pos(&seed);
            check_pair(arena, &kinds[i], &key, a,
                       round % 2 == 0 ? random_pos(&seed) : prt_pos_add(a, round % 5000 - 2500));
        }
        prt_arena_free(arena);
    }
}

/* Values of the server, not of ours: any integer decodes to the position whose encoding is not above it. */
static void
test_values(void **state)
{
    (void) state;
    uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (kinds[i].order != BY_NUMBER)
            continue;
        prt_arena *arena = prt_arena_new();
        prt_error err = {0};
        prt_key key;
        assert_ok(prt_key_init(&key, "k", kinds[i].type, 1, 0, &kinds[i].options, NULL, &err), &err);
        for (int round = 0; round < 20000; round++) {
            int64_t value = random_pos(&seed);
            const char *back;
            if (value < key.id_min || value > key.id_max)
                continue;
            prt_pos at = decode(&key, prt_arena_printf(arena, "%" PRId64, value));
            if (at < prt_key_min(&key) || at > prt_key_max(&key))
                continue; /* off the axis, or between the limit and the first position */
            assert_ok(prt_key_encode(&key, arena, at, &back, &err), &err);
            int64_t start = strtoll(back, NULL, 10);
            if (kinds[i].options.epoch_per_sec > PRT_USEC_PER_SEC || kinds[i].options.snowflake)
                assert_true(start <= value);
            else
                assert_int_equal(start, value);
        }
        prt_arena_free(arena);
    }
}

/* A range that was made is printed into a bound, parsed, and is itself again. */
static void
test_ends_round_trip(void **state)
{
    (void) state;
    uint64_t seed = UINT64_C(0xda942042e4dd58b5);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        prt_arena *arena = prt_arena_new();
        for (int round = 0; round < 2000; round++) {
            prt_error err = {0};
            prt_key key;
            prt_end from, to;
            prt_bound bound;
            prt_range range;
            int columns = 1 + round % 3;
            assert_ok(prt_key_init(&key, "k", kinds[i].type, columns, 0, &kinds[i].options, NULL, &err), &err);
            prt_pos a = round % 17 == 0 ? PRT_POS_MIN : random_pos(&seed),
                    b = round % 13 == 0 ? PRT_POS_MAX : random_pos(&seed);
            if (!prt_end_make(arena, &key, a, &from, &err) || !prt_end_make(arena, &key, b, &to, &err))
                continue;
            const char *text = prt_arena_printf(arena, "FOR VALUES FROM (%s) TO (%s)", from.sql, to.sql);
            assert_ok(prt_bound_parse(arena, text, &bound, &err), &err);
            assert_int_equal(bound.length, columns);
            assert_ok(prt_range_from_bound(arena, &key, &bound, &range, &err), &err);
            assert_int_equal(range.from.pos, from.pos);
            assert_int_equal(range.to.pos, to.pos);
            assert_string_equal(range.from.sql, from.sql);
            assert_string_equal(range.to.sql, to.sql);
        }
        prt_arena_free(arena);
    }
}

static const char *
random_text(prt_arena *arena, uint64_t *seed)
{
    static const char *const parts[] = {
        "'",  "''", "\\", "\"",     ",",      "(",          ")", "::text", " ", "\n", "MINVALUE", "NULL", "E'",
        "--", "/*", "$$", "\u00e9", "\u20ac", "\U0001F600", "a", "B",      "7", ".",  ") TO (",   "{",    "}"};
    prt_buf out;
    prt_buf_init(&out, arena);
    for (uint64_t n = next_random(seed) % 12; n > 0; n--)
        prt_buf_str(&out, parts[next_random(seed) % COUNT(parts)]);
    return out.data;
}

static void
test_any_text_in_a_list(void **state)
{
    uint64_t seed = UINT64_C(0x853c49e6748fea9b);
    for (int round = 0; round < 20000; round++) {
        prt_error err = {0};
        prt_bound bound;
        const char *a = random_text(*state, &seed), *b = random_text(*state, &seed);
        const char *sql_a = prt_literal_quote(*state, a), *sql_b = prt_literal_quote(*state, b);
        assert_ok(prt_bound_parse(*state, prt_arena_printf(*state, "FOR VALUES IN (%s, NULL, %s)", sql_a, sql_b),
                                  &bound, &err),
                  &err);
        assert_int_equal(bound.length, 3);
        assert_string_equal(bound.values[0].text, a);
        assert_string_equal(bound.values[0].sql, sql_a);
        assert_int_equal(bound.values[1].kind, PRT_DATUM_NULL);
        assert_string_equal(bound.values[2].text, b);
    }
}

static void
test_any_text_as_a_name(void **state)
{
    uint64_t seed = UINT64_C(0xc2b2ae3d27d4eb4f);
    for (int round = 0; round < 20000; round++) {
        prt_error err = {0};
        const char *schema, *name, *a = random_text(*state, &seed), *b = random_text(*state, &seed);
        size_t length_a = strlen(a), length_b = strlen(b);
        bool fits = length_a > 0 && length_a <= 63 && length_b > 0 && length_b <= 63;
        assert_int_equal(prt_ident_parse(*state, prt_ident_qualify(*state, a, b), &schema, &name, &err), fits);
        if (fits) {
            assert_string_equal(schema, a);
            assert_string_equal(name, b);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_ends_round_trip),
        cmocka_unit_test_setup_teardown(test_any_text_in_a_list, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_any_text_as_a_name, support_arena_setup, support_arena_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
