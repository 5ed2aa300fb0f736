#include <ftw.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/file.h"
#include "model/zone.h"
#include "support/support.h"

static void
assert_first(const prt_zone *z, const char *local, const char *instant)
{
    prt_arena *arena = prt_arena_new();
    prt_instant got = prt_zone_first(z, support_instant(local));
    if (got != support_instant(instant))
        fail_msg("%s %s is %s, not %s", prt_zone_name(z), local, prt_instant_format(arena, got), instant);
    prt_arena_free(arena);
}

/* ---- files made here ---- */

typedef struct sample {
    char version;
    size_t count;
    int64_t times[8];
    int types[8]; /* indexes into offsets */
    int32_t offsets[4];
    const char *footer; /* NULL: none */
    bool narrow;        /* a version 1 file's 32-bit times */
} sample;

static void
put(prt_buf *out, int64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        prt_buf_char(out, (char) ((uint64_t) value >> (8 * i)));
}

static void
put_header(prt_buf *out, char version, size_t times, int types, int chars)
{
    prt_buf_str(out, "TZif");
    prt_buf_char(out, version);
    prt_buf_mem(out, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
    put(out, 0, 4);
    put(out, 0, 4);
    put(out, 0, 4);
    put(out, (int64_t) times, 4);
    put(out, types, 4);
    put(out, chars, 4);
}

static void
put_block(prt_buf *out, const sample *s)
{
    put_header(out, s->version, s->count, 4, 4);
    for (size_t i = 0; i < s->count; i++)
        put(out, s->times[i], s->narrow ? 4 : 8);
    for (size_t i = 0; i < s->count; i++)
        put(out, s->types[i], 1);
    for (int i = 0; i < 4; i++) {
        put(out, s->offsets[i], 4);
        put(out, 0, 2);
    }
    put(out, 0x4c4d5400, 4); /* LMT */
}

static prt_buf
make(prt_arena *arena, const sample *s)
{
    prt_buf out;
    prt_buf_init(&out, arena);
    if (s->version != '\0')
        put_header(&out, s->version, 0, 0, 0);
    put_block(&out, s);
    if (s->footer != NULL)
        prt_buf_fmt(&out, "\n%s\n", s->footer);
    return out;
}

static const prt_zone *
sample_zone(prt_arena *arena, const sample *s)
{
    prt_error err = {0};
    prt_buf file = make(arena, s);
    const prt_zone *z;
    assert_ok(prt_zone_parse(arena, "Test/Zone", file.data, file.length, &z, &err), &err);
    return z;
}

static const prt_zone *
rule_zone(prt_arena *arena, const char *footer)
{
    return sample_zone(arena, &(sample) {.version = '3', .footer = footer});
}

static void
assert_offset(const prt_zone *z, const char *instant, int32_t offset)
{
    if (prt_zone_offset(z, support_instant(instant)) != offset)
        fail_msg("%s %s: %d, not %d", prt_zone_name(z), instant, prt_zone_offset(z, support_instant(instant)), offset);
}

/* ---- tests ---- */

static void
test_utc(void **state)
{
    (void) state;
    const prt_zone *zones[] = {NULL, prt_zone_utc()};
    for (int i = 0; i < 2; i++) {
        assert_string_equal(prt_zone_name(zones[i]), "UTC");
        assert_int_equal(prt_zone_offset(zones[i], 0), 0);
        assert_int_equal(prt_zone_local(zones[i], 42), 42);
        assert_int_equal(prt_zone_first(zones[i], -42), -42);
        assert_int_equal(prt_zone_first(zones[i], PRT_POS_MIN), PRT_POS_MIN);
        assert_int_equal(prt_zone_first(zones[i], PRT_POS_MAX), PRT_POS_MAX);
    }
}

static void
test_offsets(void **state)
{
    const prt_zone *paris = support_zone(*state, "Europe/Paris"), *dublin = support_zone(*state, "Europe/Dublin");
    assert_string_equal(prt_zone_name(paris), "Europe/Paris");
    assert_offset(paris, "1890-01-01", 561); /* local mean time, +0:09:21 */
    assert_offset(paris, "1930-01-15", 0);
    assert_offset(paris, "2025-03-30 00:59:59.999999", 3600);
    assert_offset(paris, "2025-03-30 01:00:00", 7200);
    assert_offset(paris, "2025-10-26 00:59:59.999999", 7200);
    assert_offset(paris, "2025-10-26 01:00:00", 3600);
    assert_offset(paris, "2199-07-01", 7200);
    assert_offset(paris, "294000-07-01", 7200);
    assert_offset(paris, "294000-01-01", 3600);
    assert_offset(dublin, "2025-01-15", 0); /* standard time is summer time there: IST-1GMT0 */
    assert_offset(dublin, "2025-07-15", 3600);
    assert_offset(dublin, "2150-01-15", 0);
    assert_offset(dublin, "2150-07-15", 3600);
    assert_offset(support_zone(*state, "Asia/Kathmandu"), "2100-01-01", 20700);
    assert_offset(support_zone(*state, "Etc/GMT+12"), "2100-01-01", -43200);
    assert_int_equal(prt_zone_local(paris, support_instant("2025-01-01")), support_instant("2025-01-01 01:00"));
    assert_int_equal(prt_zone_local(paris, PRT_POS_MAX), PRT_POS_MAX);
    assert_int_equal(prt_zone_local(paris, PRT_POS_MIN), PRT_POS_MIN);
}

static void
test_first(void **state)
{
    const prt_zone *paris = support_zone(*state, "Europe/Paris"),
                   *sao_paulo = support_zone(*state, "America/Sao_Paulo");
    assert_first(paris, "2025-01-01", "2025-01-01 00:00+01");
    assert_first(paris, "2025-03-30 02:30", "2025-03-30 01:00Z"); /* does not exist */
    assert_first(paris, "2025-10-26 02:30", "2025-10-26 00:30Z"); /* twice: the first */
    assert_first(sao_paulo, "2018-11-04", "2018-11-04 03:00Z");   /* 00:00 jumps to 01:00 */
    assert_first(sao_paulo, "2018-11-04 00:59:59", "2018-11-04 03:00Z");
    assert_first(sao_paulo, "2018-02-18", "2018-02-18 03:00Z"); /* at 00:00 it was 23:00 again: the second midnight */
    assert_first(sao_paulo, "2018-02-17 23:30", "2018-02-18 01:30Z");

    const prt_zone *st_johns = support_zone(*state,
                                            "America/St_Johns"); /* at 00:01 it was 23:01 again: the first midnight */
    assert_first(st_johns, "2009-11-01", "2009-11-01 00:00-02:30");
    assert_first(st_johns, "2009-11-01 00:00:30", "2009-11-01 00:00:30-02:30");
    assert_first(st_johns, "2009-11-01 00:02", "2009-11-01 00:02-03:30");

    const prt_zone *apia = support_zone(*state,
                                        "Pacific/Apia"); /* from 2011-12-29 24:00 -10 straight to 12-31 00:00 +14 */
    assert_first(apia, "2011-12-30", "2011-12-30 10:00Z");
    assert_first(apia, "2011-12-30 23:59:59", "2011-12-30 10:00Z");
    assert_first(apia, "2011-12-31", "2011-12-30 10:00Z");
    assert_first(apia, "2012-01-01", "2011-12-31 10:00Z");

    assert_first(support_zone(*state, "Asia/Manila"), "1844-12-31 12:00", "1844-12-31 15:56:08Z"); /* skipped, too */
    assert_first(paris, "2150-03-29 02:30", "2150-03-29 01:00Z");
    assert_int_equal(prt_zone_first(paris, PRT_POS_MAX), PRT_POS_MAX);
    assert_int_equal(prt_zone_first(paris, PRT_POS_MIN), PRT_POS_MIN);
    assert_int_equal(prt_zone_first(paris, PRT_POS_MAX - 1), PRT_POS_MAX - 1 - 3600 * PRT_USEC_PER_SEC);
    assert_int_equal(prt_zone_first(support_zone(*state, "America/New_York"), PRT_POS_MAX - 1), PRT_POS_MAX);
    assert_int_equal(prt_zone_first(paris, PRT_POS_MIN + 1), PRT_POS_MIN);
}

static void
test_rules(void **state)
{
    const prt_zone *z = rule_zone(*state,
                                  "<+03>-3<+0430>-4:30,M3.4.4/50,M10.4.4/50"); /* Gaza's day, a zone of its own */
    assert_offset(z, "2025-03-28 22:59:59", 10800); /* Thursday the 27th, 50:00 is Saturday the 29th, 02:00 */
    assert_offset(z, "2025-03-28 23:00:00", 16200);
    assert_offset(z, "1600-07-01", 16200);
    assert_offset(z, "1600-01-01", 10800);

    z = rule_zone(*state, "<-02>2<-01>,M3.5.0/-1,M10.5.0/0"); /* Nuuk: the evening before */
    assert_offset(z, "2025-03-30 00:59:59", -7200);
    assert_offset(z, "2025-03-30 01:00:00", -3600);

    z = rule_zone(*state, "AAA0BBB,J60/0,J300/0"); /* March 1 in every year */
    assert_offset(z, "2024-02-29 23:59:59", 0);
    assert_offset(z, "2024-03-01", 3600);
    assert_offset(z, "2025-02-28 23:59:59", 0);
    assert_offset(z, "2025-03-01", 3600);

    z = rule_zone(*state, "AAA0BBB,59/0,300/0"); /* the 60th day: February 29 where there is one */
    assert_offset(z, "2024-02-28 23:59:59", 0);
    assert_offset(z, "2024-02-29", 3600);
    assert_offset(z, "2025-03-01", 3600);

    z = rule_zone(*state, "AAA+3BBB+2,M11.1.0/2:30:15,M2.5.0"); /* south: summer over the new year */
    assert_offset(z, "2025-01-01", -7200);
    assert_offset(z, "2025-06-01", -10800);
    assert_offset(z, "2025-11-02 05:30:14", -10800);
    assert_offset(z, "2025-11-02 05:30:15", -7200);

    z = rule_zone(*state, "EST5EDT,0/0,J365/25"); /* RFC 8536, 3.3.1: daylight saving all year */
    assert_offset(z, "2025-01-01 04:59:59", -14400);
    assert_offset(z, "2025-01-01 05:00:00", -14400);
    assert_offset(z, "2024-07-01", -14400);
    assert_offset(z, "9999-12-31 23:59:59", -14400);

    z = rule_zone(*state, "AAA-1:02:03"); /* no changes at all */
    assert_offset(z, "2025-01-01", 3723);
    z = rule_zone(*state, "");
    assert_offset(z, "2025-01-01", 0);
}

/* The table rules up to its last change, the footer from there on. */
static void
test_table_and_rule(void **state)
{
    sample s = {.version = '2',
                .count = 2,
                .times = {0, 86400 * 365},
                .types = {1, 2},
                .offsets = {60, 3600, 0, 0},
                .footer = "AAA0BBB,M3.5.0,M10.5.0"};
    const prt_zone *z = sample_zone(*state, &s);
    assert_offset(z, "1969-12-31 23:59:59", 60);
    assert_offset(z, "1500-07-01", 60);
    assert_offset(z, "1970-07-01", 3600);
    assert_offset(z, "1971-01-01", 0);
    assert_offset(z, "1971-07-01", 3600);
    assert_offset(z, "2571-07-01", 3600);
    assert_offset(z, "2571-01-01", 0);

    sample plain = {.narrow = true, .count = 2, .times = {-5, 1000}, .types = {1, 3}, .offsets = {0, 3600, 0, -1800}};
    z = sample_zone(*state, &plain); /* version 1: no footer, the last offset stays */
    assert_offset(z, "1969-12-31 23:59:54", 0);
    assert_offset(z, "1969-12-31 23:59:55", 3600);
    assert_offset(z, "2100-01-01", -1800);
}

static void
test_bad_rules(void **state)
{
    static const char *const footers[] = {
        "AA0",
        "AAA",
        "AAA25",
        "AAA0BBB",
        "AAA0BBB,",
        "AAA0BBB,M3.5.0",
        "AAA0BBB,M3.5.0,",
        "AAA0BBB,M13.5.0,M10.5.0",
        "AAA0BBB,M3.6.0,M10.5.0",
        "AAA0BBB,M3.5.7,M10.5.0",
        "AAA0BBB,M0.5.0,M10.5.0",
        "AAA0BBB,J0,J1",
        "AAA0BBB,366,1",
        "AAA0BBB,J366,1",
        "AAA0BBB,M3.5.0/168,M10.5.0",
        "AAA0BBB,M3.5.0/-168,M10.5.0",
        "AAA0BBB,M3.5.0,M10.5.0,",
        "AAA0BBB,M3.5.0,M10.5.0 ",
        "<AAA0",
        "<A>0",
        "AAA0:60",
        "AAA0:0:60",
        "AAA--1",
        "AAA99999999999999999999",
        "AAA0BBB,M3.5.0/,M10.5.0",
        "1AA0",
        " AAA0",
        "AAA0:",
    };
    for (size_t i = 0; i < sizeof footers / sizeof *footers; i++) {
        prt_error err = {0};
        const prt_zone *z;
        prt_buf file = make(*state, &(sample) {.version = '3', .footer = footers[i]});
        if (prt_zone_parse(*state, "Test/Zone", file.data, file.length, &z, &err))
            fail_msg("the footer \"%s\" is accepted", footers[i]);
        assert_int_equal(err.code, PRT_ERR_VALUE);
        assert_non_null(strstr(err.message, "\"Test/Zone\""));
    }
}

static void
assert_refused(prt_arena *arena, const char *bytes, size_t length, const char *part)
{
    prt_error err = {0};
    const prt_zone *z;
    char *exact = malloc(length == 0 ? 1 : length); /* so that a read past the end is noticed */
    memcpy(exact, bytes, length);
    if (prt_zone_parse(arena, "Test/Zone", exact, length, &z, &err))
        fail_msg("a bad file of %zu bytes is accepted (%s)", length, part);
    free(exact);
    assert_int_equal(err.code, PRT_ERR_VALUE);
    if (strstr(err.message, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.message, part);
    assert_true(err.hint[0] != '\0');
}

static void
test_bad_files(void **state)
{
    sample good = {.version = '2',
                   .count = 2,
                   .times = {0, 10},
                   .types = {1, 2},
                   .offsets = {60, 3600, 0, 0},
                   .footer = "AAA0BBB,M3.5.0,M10.5.0"};
    prt_buf file = make(*state, &good);
    for (size_t length = 0; length < file.length; length++) /* cut short anywhere */
        assert_refused(*state, file.data, length, "Test/Zone");

    sample bad = good;
    bad.times[1] = 0;
    file = make(*state, &bad);
    assert_refused(*state, file.data, file.length, "table of changes");
    bad = good;
    bad.times[1] = INT64_MAX;
    file = make(*state, &bad);
    assert_refused(*state, file.data, file.length, "table of changes");
    bad = good;
    bad.types[1] = 4;
    file = make(*state, &bad);
    assert_refused(*state, file.data, file.length, "table of changes");
    bad = good;
    bad.offsets[3] = 26 * 3600;
    file = make(*state, &bad);
    assert_refused(*state, file.data, file.length, "local time type");
    bad = good;
    bad.offsets[3] = INT32_MIN;
    file = make(*state, &bad);
    assert_refused(*state, file.data, file.length, "local time type");
    bad = good;
    bad.version = 'x';
    file = make(*state, &bad);
    assert_refused(*state, file.data, file.length, "version");
    assert_refused(*state, "not a zone at all, but a text of more than forty-four bytes", 59, "no TZif file");
}

static void
test_leap_seconds(void **state)
{
    prt_error err = {0};
    const prt_zone *z;
    prt_buf file = make(*state, &(sample) {.version = '2', .footer = "UTC0"});
    file.data[44 + 28 + 3] = 1; /* leapcnt of the second header */
    prt_buf_mem(&file, "            ", 12);
    assert_false(prt_zone_parse(*state, "right/UTC", file.data, file.length, &z, &err));
    assert_non_null(strstr(err.message, "leap seconds"));
    assert_non_null(strstr(err.hint, "right/"));
}

/* Random damage to a real file: an error or a zone that answers, never a crash or an endless loop. */
static void
test_damage(void **state)
{
    prt_error err = {0};
    char *bytes;
    size_t length;
    assert_ok(prt_tzdata_read(*state, "America/New_York", &bytes, &length, &err), &err);
    uint32_t random = 12345;
    for (int i = 0; i < 3000; i++) {
        prt_arena *arena = prt_arena_new();
        char *copy = prt_arena_strndup(arena, bytes, length);
        for (int n = 0; n <= i % 8; n++) {
            random = random * 1664525 + 1013904223;
            copy[(random >> 8) % length] = (char) (random >> 3);
        }
        const prt_zone *z;
        prt_error refused = {0};
        if (prt_zone_parse(arena, "Damaged", copy, length, &z, &refused)) {
            prt_instant first = prt_zone_first(z, support_instant("2025-03-09 02:30"));
            assert_true(prt_zone_local(z, first) >= support_instant("2025-03-09 02:30"));
        } else {
            assert_int_equal(refused.code, PRT_ERR_VALUE);
        }
        prt_arena_free(arena);
    }
}

/* One file of the system's: a zone is read, and its days begin where its clock says so. */
static int
check_system_file(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void) st;
    (void) ftw;
    prt_error err = {0};
    char *bytes;
    size_t length;
    const prt_zone *z;
    prt_arena *arena = prt_arena_new();
    if (kind == FTW_F && strstr(path, "/right/") == NULL) {
        assert_ok(prt_file_read(arena, path, &bytes, &length, &err), &err);
        if (length > 4 && memcmp(bytes, "TZif", 4) == 0) {
            assert_ok(prt_zone_parse(arena, path, bytes, length, &z, &err), &err);
            for (int64_t day = -25567; day < 84006; day += 97) {
                prt_instant first = prt_zone_first(z, day * PRT_USEC_PER_DAY);
                assert_true(prt_zone_local(z, first) >= day * PRT_USEC_PER_DAY);
                assert_true(prt_zone_local(z, first - 1) < day * PRT_USEC_PER_DAY);
            }
        }
    }
    prt_arena_free(arena);
    return 0;
}

static void
test_system_files(void **state)
{
    (void) state;
    assert_int_equal(nftw("/usr/share/zoneinfo", check_system_file, 16, FTW_PHYS), 0);
}

int
main(void)
{
#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, support_arena_setup, support_arena_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utc),      WITH_ARENA(test_offsets),
        WITH_ARENA(test_first),          WITH_ARENA(test_rules),
        WITH_ARENA(test_table_and_rule), WITH_ARENA(test_bad_rules),
        WITH_ARENA(test_bad_files),      WITH_ARENA(test_leap_seconds),
        WITH_ARENA(test_damage),         cmocka_unit_test(test_system_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
