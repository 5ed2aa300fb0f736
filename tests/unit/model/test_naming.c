/* Partition names: presets for every unit, templates, segments, the 63-byte rule. */
#include "support/support.h"

#include "base/file.h"
#include "model/civil.h"
#include "model/naming.h"

typedef struct fixture {
    prt_arena *arena;
    prt_key key;
    prt_grid grid;
    const prt_zone *zone;
    prt_name_input input;
} fixture;

static fixture *
with_input(fixture *f)
{
    f->input = (prt_name_input) {.schema = "public", .table = "events", .key = &f->key, .grid = &f->grid};
    return f;
}

/* A set of a timestamptz key; `anchor` may be NULL. */
static fixture *
time_set(prt_arena *arena, const char *interval, const char *zone, const char *anchor)
{
    prt_error err = {0};
    fixture *f = PRT_NEW(arena, fixture);
    prt_interval step;
    prt_instant origin = anchor == NULL ? 0 : support_instant(anchor);
    f->arena = arena;
    f->zone = zone == NULL ? NULL : support_zone(arena, zone);
    assert_ok(prt_interval_parse(interval, &step, &err), &err);
    assert_ok(prt_grid_time(&f->grid, &step, anchor == NULL ? NULL : &origin, f->zone, &err), &err);
    assert_ok(prt_key_init(&f->key, "at", "timestamp with time zone", 1, 0, NULL, f->zone, &err), &err);
    return with_input(f);
}

static fixture *
id_set(prt_arena *arena, int64_t step)
{
    prt_error err = {0};
    fixture *f = PRT_NEW(arena, fixture);
    f->arena = arena;
    assert_ok(prt_grid_id(&f->grid, step, 0, &err), &err);
    assert_ok(prt_key_init(&f->key, "id", "bigint", 1, 0, NULL, NULL, &err), &err);
    return with_input(f);
}

static const char *
name_range(fixture *f, const char *naming, prt_pos from, prt_pos to)
{
    prt_error err = {0};
    const char *name;
    const prt_naming how = {.text = naming};
    f->input.range = (prt_range) {.from = {.pos = from}, .to = {.pos = to}};
    assert_ok(prt_naming_make(f->arena, &how, &f->input, &name, &err), &err);
    assert_true(strlen(name) <= 63);
    return name;
}

/* The name of the cell that holds `at`. */
static const char *
name_cell(fixture *f, const char *naming, prt_pos at)
{
    return name_range(f, naming, prt_grid_floor(&f->grid, at), prt_grid_next(&f->grid, at));
}

static void
test_presets(void **state)
{
    static const struct {
        const char *interval, *at, *partman, *ppm, *go_partman, *year_month;
    } rows[] = {
        {"1 hour", "2025-01-01 06:59", "events_p20250101_060000", "events_2025_01_01_060000", "events_20250101_060000",
         "events_y2025m01d01_060000"},
        {"6 hours", "2025-01-01 07:00", "events_p20250101_060000", "events_2025_01_01_060000", "events_20250101_060000",
         "events_y2025m01d01_060000"},
        {"24 hours", "2025-01-01 07:00", "events_p20250101_000000", "events_2025_01_01_000000",
         "events_20250101_000000", "events_y2025m01d01_000000"},
        {"15 minutes", "2025-01-01 07:59", "events_p20250101_074500", "events_2025_01_01_074500",
         "events_20250101_074500", "events_y2025m01d01_074500"},
        {"250 ms", "2025-01-01 07:00:00.3", "events_p20250101_070000_250000", "events_2025_01_01_070000_250000",
         "events_20250101_070000_250000", "events_y2025m01d01_070000_250000"},
        {"daily", "2025-01-01 23:59", "events_p20250101", "events_2025_01_01", "events_20250101", "events_y2025m01d01"},
        {"3 days", "2000-01-05", "events_p20000104", "events_2000_01_04", "events_20000104", "events_y2000m01d04"},
        {"weekly", "2025-01-01", "events_p20241230", "events_2025_w01", "events_20241230",
         "events_y2025w01"}, /* the ISO year */
        {"weekly", "2021-01-03", "events_p20201228", "events_2020_w53", "events_20201228", "events_y2020w53"},
        {"2 weeks", "2000-01-17", "events_p20000117", "events_2000_w03", "events_20000117", "events_y2000w03"},
        {"monthly", "2025-01-31", "events_p20250101", "events_2025_01", "events_20250101", "events_y2025m01"},
        {"2 months", "2025-04-30", "events_p20250301", "events_2025_03", "events_20250301", "events_y2025m03"},
        {"quarterly", "2025-06-30", "events_p20250401", "events_2025_q2", "events_20250401", "events_y2025q2"},
        {"6 months", "2025-08-01", "events_p20250701", "events_2025_07", "events_20250701", "events_y2025m07"},
        {"yearly", "2025-12-31", "events_p20250101", "events_2025", "events_20250101", "events_y2025"},
        {"10 years", "2025-12-31", "events_p20200101", "events_2020", "events_20200101", "events_y2020"},
        {"daily", "12345-02-03", "events_p123450203", "events_12345_02_03", "events_123450203", "events_y12345m02d03"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture *f = time_set(*state, rows[i].interval, NULL, NULL);
        prt_instant at = support_instant(rows[i].at);
        assert_string_equal(name_cell(f, "partman", at), rows[i].partman);
        assert_string_equal(name_cell(f, NULL, at), rows[i].partman);
        assert_string_equal(name_cell(f, "ppm", at), rows[i].ppm);
        assert_string_equal(name_cell(f, "go_partman", at), rows[i].go_partman);
        assert_string_equal(name_cell(f, "year_month", at), rows[i].year_month);
        f->input.tenant = "acme";
        assert_string_equal(name_cell(f, "go_partman", at),
                            prt_arena_printf(*state, "events_acme_%s", rows[i].go_partman + 7));
        assert_string_equal(name_cell(f, "partman", at),
                            prt_arena_printf(*state, "events_acme_%s", rows[i].partman + 7));
    }
}

static void
test_ids(void **state)
{
    fixture *f = id_set(*state, 1000);
    assert_string_equal(name_cell(f, "partman", 1999), "events_p1000");
    assert_string_equal(name_cell(f, "partman", 0), "events_p0");
    assert_string_equal(name_cell(f, "partman", -1), "events_pn1000");
    assert_string_equal(name_cell(f, "ppm", 1000), "events_1000");
    assert_string_equal(name_cell(f, "ppm", -1000), "events_n1000");
    assert_string_equal(name_cell(f, "go_partman", -1000), "events_n1000");
    assert_string_equal(name_cell(f, "year_month", 1000), "events_1000");
    assert_string_equal(name_range(f, "partman", -1500, -1000), "events_pn1500_to_n1000");
    assert_string_equal(name_range(f, "partman", 0, 500), "events_p0_to_500");
    assert_string_equal(name_range(f, "partman", PRT_POS_MIN, 0), "events_pmin_to_0");
    assert_string_equal(name_range(f, "ppm", INT64_MAX - 1, PRT_POS_MAX), "events_9223372036854775806_to_max");
    assert_string_equal(name_range(f, "ppm", INT64_MIN + 1, 0), "events_n9223372036854775807_to_0");
    assert_string_equal(name_cell(f, "{table}__{from}_{to}", 5), "events__0_1000");
}

/* Cells that do not begin where their unit does get the next finer form. */
static void
test_own_anchors(void **state)
{
    fixture *f = time_set(*state, "1 year", NULL, "2000-04-01");
    assert_string_equal(name_cell(f, "ppm", support_instant("2025-05-01")), "events_2025_04");
    f = time_set(*state, "1 year", NULL, "2000-04-06");
    assert_string_equal(name_cell(f, "ppm", support_instant("2025-05-01")), "events_2025_04_06");
    assert_string_equal(name_cell(f, "year_month", support_instant("2025-05-01")), "events_y2025m04d06");
    f = time_set(*state, "3 months", NULL, "2000-02-01");
    assert_string_equal(name_cell(f, "ppm", support_instant("2025-01-31")), "events_2024_11");
    f = time_set(*state, "1 month", NULL, "2000-01-31");
    assert_string_equal(name_cell(f, "ppm", support_instant("2025-03-01")), "events_2025_02_28");
    f = time_set(*state, "1 week", NULL, "2000-01-02"); /* from Sunday */
    assert_string_equal(name_cell(f, "ppm", support_instant("2025-01-01")), "events_2024_12_29");
    f = time_set(*state, "6 hours", NULL, "2000-01-01 01:30");
    assert_string_equal(name_cell(f, "partman", support_instant("2025-01-01 07:30")), "events_p20250101_073000");
}

static void
test_zones(void **state)
{
    fixture *f = time_set(*state, "1 day", "Asia/Kathmandu", NULL);
    prt_instant midnight = support_instant("2025-01-01 00:00+05:45");
    assert_string_equal(name_cell(f, NULL, midnight), "events_p20250101");
    assert_string_equal(name_cell(f, NULL, midnight - 1), "events_p20241231");
    /* an end off the local midnight is told in UTC, to the last digit */
    assert_string_equal(name_range(f, NULL, midnight, midnight + PRT_USEC_PER_HOUR),
                        "events_p20250101_to_20241231_191500");
    assert_string_equal(
        name_range(f, NULL, support_instant("2025-01-01 00:00Z"), support_instant("2025-01-01 00:00:00.5Z")),
        "events_p20250101_000000_to_20250101_000000_500000");
    f = time_set(*state, "1 month", "America/New_York", NULL);
    assert_string_equal(name_cell(f, "ppm", support_instant("2025-03-31 23:59-04")), "events_2025_03");
    assert_string_equal(name_cell(f, "{table}_{from:%Y%m%d%H}", support_instant("2025-03-31 23:59-04")),
                        "events_2025030100");
    /* S\u00e3o Paulo, 2017-10-15: midnight does not exist, the day begins at 01:00 */
    f = time_set(*state, "1 day", "America/Sao_Paulo", NULL);
    assert_string_equal(name_cell(f, NULL, support_instant("2017-10-15 12:00-02")), "events_p20171015");
    assert_string_equal(name_range(f, NULL, support_instant("2017-10-15 03:00Z"), support_instant("2017-10-17 02:00Z")),
                        "events_p20171015_to_20171017");
    /* S\u00e3o Paulo, 2018-02-18: the hour before midnight happens twice; the day lasts 25 hours */
    assert_string_equal(name_cell(f, NULL, support_instant("2018-02-17 23:30-03")), "events_p20180217");
    assert_string_equal(name_cell(f, NULL, support_instant("2018-02-18 00:00-03")), "events_p20180218");
    /* Apia has no 2011-12-30 */
    f = time_set(*state, "1 day", "Pacific/Apia", NULL);
    assert_string_equal(name_cell(f, NULL, support_instant("2011-12-29 12:00-10")), "events_p20111229");
    assert_string_equal(name_cell(f, NULL, support_instant("2011-12-31 12:00+14")), "events_p20111231");
}

/* Paris, 2024-10-27: 02:00 to 03:00 happens twice. Hours are told in UTC, so no name does. */
static void
test_hours_through_a_clock_change(void **state)
{
    fixture *f = time_set(*state, "1 hour", "Europe/Paris", NULL);
    assert_string_equal(name_cell(f, NULL, support_instant("2024-10-27 02:30+02")), "events_p20241027_000000");
    assert_string_equal(name_cell(f, NULL, support_instant("2024-10-27 02:30+01")), "events_p20241027_010000");
    assert_string_equal(name_cell(f, "{table}_{from:%d_%H}", support_instant("2024-10-27 02:30+01")), "events_27_01");
}

static void
test_segments(void **state)
{
    fixture *f = time_set(*state, "1 month", NULL, NULL);
    prt_instant from = support_instant("2025-01-15"), to = support_instant("2025-02-01");
    assert_string_equal(name_range(f, "partman", from, to), "events_p20250115_to_20250201");
    assert_string_equal(name_range(f, "ppm", from, to), "events_2025_01_15_to_2025_02_01");
    assert_string_equal(name_range(f, "go_partman", from, to), "events_20250115_to_20250201");
    assert_string_equal(name_range(f, "year_month", from, to), "events_y2025m01d15_to_y2025m02d01");
    /* two whole cells are no cell; nor is the time before all of them */
    assert_string_equal(name_range(f, "ppm", support_instant("2025-01-01"), support_instant("2025-03-01")),
                        "events_2025_01_01_to_2025_03_01");
    assert_string_equal(name_range(f, "partman", PRT_POS_MIN, to), "events_pmin_to_20250201");
    assert_string_equal(name_range(f, "partman", to, PRT_POS_MAX), "events_p20250201_to_max");
    assert_string_equal(name_range(f, "partman", PRT_POS_MIN, PRT_POS_MAX), "events_pmin_to_max");
    /* a template that tells less than both exact ends gets them; one that tells them does not */
    assert_string_equal(name_range(f, "{table}_{from:%Y_%m}", from, to), "events_2025_01_20250115_to_20250201");
    assert_string_equal(name_range(f, "{table}_{from:%Y_%m}_{to:%Y_%m}", from, to),
                        "events_2025_01_2025_02_20250115_to_20250201");
    assert_string_equal(name_range(f, "{table}_{from}", from, to), "events_20250115_to_20250201");
    assert_string_equal(name_range(f, "{table}_until_{to}", from, to), "events_until_20250201_from_20250115");
    assert_string_equal(name_range(f, "{from}-{table}-{to}", from, to), "20250115-events-20250201");
    assert_string_equal(name_range(f, "{table}_{from:%Y_%m}", PRT_POS_MIN, to), "events_min_min_to_20250201");
    f = time_set(*state, "1 hour", NULL, NULL);
    assert_string_equal(name_range(f, "partman", support_instant("2025-01-01"), support_instant("2025-01-02")),
                        "events_p20250101_000000_to_20250102_000000");
}

static void
test_templates(void **state)
{
    static const struct {
        const char *text, *name;
    } rows[] = {
        {"{table}_{from:%Y_%m}", "events_2025_04"},
        {"{table}_{from:%Y}q{from:%q}", "events_2025q2"},
        {"{schema}.{table} {tenant}: {from} to {to}", "public.events we\"ird: 20250401 to 20250501"},
        {"{{{table}}}_{from:%y%m%d}", "{events}_250401"},
        {"{table}{table}_{from:%j}", "eventsevents_091"},
        {"p{from:%G_W%V-%u}", "p2025_W14-2"},
        {"x{to:%Y%m%d%H%M%S%%}", "x20250501000000%"},
        {"{from:%b %d, %Y (%a)}", "Apr 01, 2025 (Tue)"},
        {"{from:literal}{to}", "literal20250501"},
        {"\u00e9v\u00e9nements_{from}", "\u00e9v\u00e9nements_20250401"},
    };
    fixture *f = time_set(*state, "1 month", NULL, NULL);
    f->input.tenant = "we\"ird";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prt_error err = {0};
        assert_ok(prt_naming_check(rows[i].text, &err), &err);
        assert_string_equal(name_cell(f, rows[i].text, support_instant("2025-04-17")), rows[i].name);
    }
}

static void
test_template_errors(void **state)
{
    (void) state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"partmann", "unknown naming preset \"partmann\""},
        {"", "unknown naming preset \"\""},
        {"events_%Y", "unknown naming preset \"events_%Y\""},
        {"{table}_{form}", "template \"{table}_{form}\": unknown field at character 9"},
        {"{table}_{from", "template \"{table}_{from\": a brace is never closed at character 9"},
        {"{table_{from}", "template \"{table_{from}\": a brace is never closed at character 1"},
        {"{table}_from}", "template \"{table}_from}\": a brace closes nothing at character 13"},
        {"{from}{", "template \"{from}{\": a brace is never closed at character 7"},
        {"{}{from}", "template \"{}{from}\": unknown field at character 1"},
        {"{ from }", "template \"{ from }\": unknown field at character 1"},
        {"{table:%Y}_{from}", "template \"{table:%Y}_{from}\": only {from} and {to} take a format at character 7"},
        {"{from:}", "template \"{from:}\": the format is empty at character 1"},
        {"{table}", "template \"{table}\" has neither {from} nor {to}: every partition would get the same name"},
        {"{{from}}", "template \"{{from}}\" has neither {from} nor {to}: every partition would get the same name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prt_error err = {0};
        if (prt_naming_check(rows[i].text, &err))
            fail_msg("accepted: %s", rows[i].text);
        assert_int_equal(err.code, PRT_ERR_VALUE);
        assert_string_equal(err.message, rows[i].message);
    }
    prt_error err = {0};
    assert_false(prt_naming_check("{table}_{from:%Y%k}", &err));
    assert_non_null(strstr(err.message, "%k"));
    assert_non_null(strstr(err.message, "at character 9"));
    err = (prt_error) {0};
    assert_false(prt_naming_check("{from:%}", &err));
}

static bool
try_name(fixture *f, const prt_naming *how, const char **name, prt_error *err)
{
    prt_pos at = f->grid.unit == PRT_UNIT_ID ? 0 : support_instant("2025-04-01");
    f->input.range = (prt_range) {.from = {.pos = prt_grid_floor(&f->grid, at)},
                                  .to = {.pos = prt_grid_next(&f->grid, at)}};
    return prt_naming_make(f->arena, how, &f->input, name, err);
}

static void
test_inputs_that_do_not_fit(void **state)
{
    prt_error err = {0};
    const char *name;
    assert_false(try_name(id_set(*state, 10), &(prt_naming) {.text = "{table}_{from:%Y}"}, &name, &err));
    assert_non_null(strstr(err.message, "%Y"));
    assert_non_null(strstr(err.message, "ids"));
    err = (prt_error) {0};
    assert_false(
        try_name(time_set(*state, "1 day", NULL, NULL), &(prt_naming) {.text = "{tenant}_{from}"}, &name, &err));
    assert_non_null(strstr(err.message, "{tenant}"));
    err = (prt_error) {0};
    assert_false(try_name(time_set(*state, "1 day", NULL, NULL), &(prt_naming) {.text = "nonsense"}, &name, &err));
    assert_non_null(strstr(err.message, "nonsense"));
}

static void
test_expand(void **state)
{
    prt_error err = {0};
    const char *out;
    fixture *f = time_set(*state, "1 day", NULL, NULL);
    f->input.range = (prt_range) {.from = {.pos = support_instant("2025-01-01")},
                                  .to = {.pos = support_instant("2025-02-01")}};
    assert_ok(prt_template_expand(*state, "s3://archive/{schema}/{table}/{from:%Y}/{from}-{to}.csv.zst", &f->input,
                                  &out, &err),
              &err);
    assert_string_equal(out, "s3://archive/public/events/2025/20250101-20250201.csv.zst");
    assert_ok(prt_template_expand(*state, "", &f->input, &out, &err), &err);
    assert_string_equal(out, "");
    assert_false(prt_template_expand(*state, "{name}", &f->input, &out, &err));
}

static void
test_long_names(void **state)
{
    fixture *f = time_set(*state, "1 day", NULL, NULL);
    prt_instant at = support_instant("2025-01-01");
    /* 53 bytes + 10 fit; one more does not */
    f->input.table = "a1234567890123456789012345678901234567890123456789012";
    assert_int_equal(strlen(f->input.table), 53);
    assert_string_equal(name_cell(f, NULL, at), "a1234567890123456789012345678901234567890123456789012_p20250101");
    f->input.table = "a12345678901234567890123456789012345678901234567890123";
    assert_string_equal(name_cell(f, NULL, at), "a1234567890123456789012345678901234567890123456789012_p20250101");
    /* the suffix stays whole, also a segment's */
    f->input.table = "a12345678901234567890123456789012345678901234567890123456789012";
    assert_int_equal(strlen(name_range(f, NULL, at, at + 1)), 63);
    assert_string_equal(name_range(f, NULL, at, at + 1),
                        "a12345678901234567890123456_p20250101_to_20250101_000000_000001");
    /* 31 characters of two bytes and one of one: cut between characters */
    f->input.table = "x\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"
                     "\u00e9\u00e9\u00e9\u00e9"
                     "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9";
    assert_int_equal(strlen(f->input.table), 63);
    assert_int_equal(strlen(name_cell(f, NULL, at)), 63);
    assert_int_equal(strlen(name_cell(f, "go_partman", at)), 62);
    /* a table that stands twice is shortened twice */
    f->input.table = "a12345678901234567890123456789012345678901";
    assert_string_equal(name_cell(f, "{table}.{table}_{from}", at),
                        "a1234567890123456789012345.a1234567890123456789012345_20250101");
}

static void
test_long_tenants(void **state)
{
    fixture *f = time_set(*state, "1 day", NULL, NULL);
    prt_instant at = support_instant("2025-01-01");
    /* A uuid leaves the table 16 bytes. */
    f->input.tenant = "acde070d-8c4c-4f0d-9d8a-162843c10333";
    f->input.table = "customer_events";
    assert_string_equal(name_cell(f, NULL, at), "customer_events_acde070d-8c4c-4f0d-9d8a-162843c10333_p20250101");
    f->input.table = "customer_event_deliveries";
    assert_string_equal(name_cell(f, NULL, at), "customer_event_d_acde070d-8c4c-4f0d-9d8a-162843c10333_p20250101");
    /* Where they would crowd out the table, tenants are cut, and a hash tells them apart. */
    f->input.tenant = "a tenant whose name is much too long to fit, and then some (1)";
    const char *one = name_cell(f, NULL, at);
    f->input.tenant = "a tenant whose name is much too long to fit, and then some (2)";
    const char *two = name_cell(f, NULL, at);
    assert_int_equal(strlen(one), 63);
    assert_memory_equal(one, "customer_eve_a tenant whose name is much too_", 45);
    assert_memory_equal(one, two, 45);
    assert_string_equal(one + 53, "_p20250101");
    assert_string_not_equal(one, two);
    assert_string_equal(two, name_cell(f, NULL, at));
    assert_string_not_equal(two, name_cell(f, NULL, at + PRT_USEC_PER_DAY));
    f->input.table = "t";
    assert_memory_equal(name_cell(f, NULL, at), "t_a tenant whose name is much too long to fit", 43);
    assert_int_equal(strlen(name_cell(f, "{tenant}_{from}", at)), 63);
    /* Cut between characters: 31 of two bytes. */
    f->input.tenant =
        "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"
        "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9";
    assert_int_equal(strlen(name_cell(f, "{tenant}_{from}", at)), 62);
    /* A range with both ends leaves less. */
    assert_true(strlen(name_range(f, NULL, at, at + 1)) <= 63);
}

static void
test_names_that_cannot_be_short(void **state)
{
    static const char *const rows[] = {
        "{schema}_{from}",                  /* no table to shorten */
        "{table}_{tenant}_{schema}_{from}", /* too long without it */
        "{table}_12345678901234567890123456789012345678901234567890123_{from}",
    };
    char text[61];
    memset(text, 'x', sizeof text - 1);
    text[60] = '\0';
    fixture *f = time_set(*state, "1 day", NULL, NULL);
    f->input.tenant = f->input.schema = text;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prt_error err = {0};
        const char *name;
        assert_false(try_name(f, &(prt_naming) {.text = rows[i]}, &name, &err));
        assert_int_equal(err.code, PRT_ERR_VALUE);
        assert_non_null(strstr(err.message, "63"));
        assert_true(err.hint[0] != '\0');
    }
}

static bool
by_function(void *data, prt_arena *arena, const prt_name_input *input, const char **name, prt_error *err)
{
    if (data == NULL)
        return prt_fail(err, PRT_ERR_LUA, "the hook raised");
    *name = prt_arena_printf(arena, "%s%s", input->table, (const char *) data);
    return true;
}

static void
test_functions(void **state)
{
    char suffix[80] = "_mine";
    prt_error err = {0};
    const char *name;
    fixture *f = time_set(*state, "1 day", NULL, NULL);
    prt_naming how = {.text = "ppm", .make = by_function, .data = suffix};
    assert_ok(try_name(f, &how, &name, &err), &err);
    assert_string_equal(name, "events_mine");

    memset(suffix, 'x', 57);
    suffix[57] = '\0';
    assert_ok(try_name(f, &how, &name, &err), &err); /* 63 bytes */
    suffix[57] = 'x';
    suffix[58] = '\0';
    assert_false(try_name(f, &how, &name, &err)); /* what a policy names is never cut behind its back */
    assert_non_null(strstr(err.message, "64 bytes"));

    err = (prt_error) {0};
    suffix[0] = '\0';
    f->input.table = "";
    assert_false(try_name(f, &how, &name, &err));
    assert_string_equal(err.message, "the policy's naming function returned no name");

    err = (prt_error) {0};
    how.data = NULL;
    assert_false(try_name(f, &how, &name, &err));
    assert_string_equal(err.message, "the hook raised");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_presets, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_ids, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_own_anchors, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_zones, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_hours_through_a_clock_change, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_segments, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_templates, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_template_errors, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_inputs_that_do_not_fit, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_expand, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_long_names, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_long_tenants, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_names_that_cannot_be_short, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_functions, support_arena_setup, support_arena_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
