/* Manifests: what is written is what is read, and nothing else passes for one. */
#include <stdio.h>
#include <stdlib.h>

#include "archive/archive_impl.h"
#include "archive/manifest.h"
#include "support/support.h"

#define SHA "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static const char *const columns[] = {"id", "we\"ird", "Größe", NULL};

static prt_manifest
sample(json_t *definition)
{
    return (prt_manifest) {.schema = "My Schema",
                           .name = "a.b",
                           .parent_schema = "public",
                           .parent_name = "we\"ird\n\x7f",
                           .from = "2025-01-01T00:00:00Z",
                           .to = "-12345678901234567",
                           .bound = "FOR VALUES FROM ('x') TO ('y')",
                           .definition = definition,
                           .columns = columns,
                           .format = "csv",
                           .codec = PRT_CODEC_ZSTD,
                           .rows = 9007199254740993,
                           .bytes = 4,
                           .sha256 = SHA,
                           .server_version = "15.18",
                           .created_at = 1735689600123456,
                           .system = "7350000000000000001",
                           .database = 4294967295,
                           .oid = 16384};
}

static void
comes_back_as_it_was(void **state)
{
    prt_arena *arena = prt_arena_new();
    (void) state;
    json_t *definition = json_pack("{s:[{s:s}], s:n}", "columns", "name", "id", "comment");
    prt_manifest m = sample(definition), back;
    const char *text;
    prt_error err = {0};
    assert_ok(prt_manifest_write(arena, &m, &text, &err), &err);
    assert_ok(prt_manifest_parse(arena, text, strlen(text), &back, &err), &err);
    assert_string_equal(back.schema, m.schema);
    assert_string_equal(back.name, m.name);
    assert_string_equal(back.parent_schema, m.parent_schema);
    assert_string_equal(back.parent_name, m.parent_name);
    assert_string_equal(back.from, m.from);
    assert_string_equal(back.to, m.to);
    assert_string_equal(back.bound, m.bound);
    assert_true(json_equal(back.definition, definition));
    for (int i = 0; i < 4; i++)
        assert_true(i == 3 ? back.columns[i] == NULL : strcmp(back.columns[i], columns[i]) == 0);
    assert_string_equal(back.format, "csv");
    assert_int_equal(back.codec, PRT_CODEC_ZSTD);
    assert_true(back.rows == m.rows && back.bytes == 4 && back.created_at == m.created_at);
    assert_string_equal(back.sha256, SHA);
    assert_string_equal(back.server_version, "15.18");
    assert_string_equal(back.system, m.system);
    assert_true(back.database == m.database && back.oid == m.oid);
    prt_manifest_done(&back);

    /* What tools find in it: the names and types of section 11. */
    json_t *json = json_loads(text, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(json, "table")), "\"My Schema\".\"a.b\"");
    assert_int_equal(json_integer_value(json_object_get(json, "to")), -12345678901234567);
    assert_string_equal(json_string_value(json_object_get(json, "compression")), "zstd");
    assert_string_equal(json_string_value(json_object_get(json, "created_at")), "2025-01-01T00:00:00.123456Z");
    assert_int_equal(json_object_size(json), 16);
    json_decref(json);

    static const char *const none[] = {NULL};
    m.parent_schema = m.parent_name = m.from = m.to = m.bound = NULL;
    m.columns = none;
    assert_ok(prt_manifest_write(arena, &m, &text, &err), &err);
    assert_ok(prt_manifest_parse(arena, text, strlen(text), &back, &err), &err);
    assert_true(back.parent_name == NULL && back.from == NULL && back.to == NULL && back.bound == NULL);
    assert_null(back.columns[0]);
    prt_manifest_done(&back);
    json_decref(definition);
    prt_arena_free(arena);
}

static void
keeps_ends_as_they_are(void **state)
{
    static const char *const ends[] = {"0", "-1", "999999999999999999", "00012", "-", "1e3", "9223372036854775807"};
    prt_arena *arena = prt_arena_new();
    json_t *definition = json_object();
    (void) state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        prt_manifest m = sample(definition), back;
        const char *text;
        prt_error err = {0};
        m.from = ends[i];
        assert_ok(prt_manifest_write(arena, &m, &text, &err), &err);
        assert_ok(prt_manifest_parse(arena, text, strlen(text), &back, &err), &err);
        assert_string_equal(back.from, ends[i]);
        prt_manifest_done(&back);
    }
    json_decref(definition);
    prt_arena_free(arena);
}

static void
refuses_texts_that_are_not_utf8(void **state)
{
    prt_arena *arena = prt_arena_new();
    (void) state;
    json_t *definition = json_object();
    static const char *const bad[] = {"ok", "caf\xe9", NULL};
    prt_manifest m = sample(definition);
    const char *text;
    prt_error err = {0};
    m.columns = bad;
    assert_false(prt_manifest_write(arena, &m, &text, &err));
    assert_non_null(strstr(err.message, "columns"));
    m = sample(definition);
    err = (prt_error) {0};
    m.name = "caf\xe9";
    assert_false(prt_manifest_write(arena, &m, &text, &err));
    assert_non_null(strstr(err.message, "table"));
    json_decref(definition);
    prt_arena_free(arena);
}

/* The sample with one key replaced (NULL: taken away) must be refused, and the message names the key. */
static void
refuses_every_field_that_is_not_as_it_must_be(void **state)
{
    static const struct {
        const char *key, *value;
    } cases[] = {
        {"version", NULL},
        {"version", "2"},
        {"version", "0"},
        {"version", "\"1\""},
        {"version", "1.0"},
        {"table", NULL},
        {"table", "null"},
        {"table", "\"\""},
        {"table", "\"t\""},
        {"table", "\"a.b.c\""},
        {"table", "\"a.b\\u0000c\""},
        {"table", "[\"public\", \"t\"]"},
        {"table", "\"public.\\\"t\""},
        {"parent", NULL},
        {"parent", "\"t\""},
        {"parent", "0"},
        {"from", NULL},
        {"from", "true"},
        {"from", "1.5"},
        {"to", "{}"},
        {"bound", NULL},
        {"bound", "7"},
        {"bound", "\"\""},
        {"definition", NULL},
        {"definition", "null"},
        {"definition", "[]"},
        {"columns", NULL},
        {"columns", "null"},
        {"columns", "\"a\""},
        {"columns", "[1]"},
        {"columns", "[\"a\", null]"},
        {"columns", "[\"\"]"},
        {"columns", "[\"a\\u0000\"]"},
        {"columns", "[\"0123456789012345678901234567890123456789012345678901234567890123\"]"},
        {"format", NULL},
        {"format", "\"text\""},
        {"format", "\"csv.zst\""},
        {"compression", NULL},
        {"compression", "null"},
        {"compression", "\"lz4\""},
        {"rows", NULL},
        {"rows", "-1"},
        {"rows", "\"5\""},
        {"rows", "1.0"},
        {"bytes", NULL},
        {"bytes", "-1"},
        {"bytes", "null"},
        {"sha256", NULL},
        {"sha256", "\"ba78\""},
        {"sha256", "\"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD\""},
        {"server_version", NULL},
        {"server_version", "15"},
        {"created_at", NULL},
        {"created_at", "\"yesterday\""},
        {"created_at", "0"},
        {"source", NULL},
        {"source", "{}"},
        {"source", "\"x\""},
        {"source", "{\"system\": \"1\", \"database\": 1}"},
        {"source", "{\"system\": \"1\", \"database\": 1, \"oid\": 0}"},
        {"source", "{\"system\": \"1\", \"database\": 4294967296, \"oid\": 1}"},
        {"source", "{\"system\": 1, \"database\": 1, \"oid\": 1}"},
    };
    prt_arena *arena = prt_arena_new();
    json_t *definition = json_object();
    prt_manifest m = sample(definition), back;
    const char *text;
    prt_error err = {0};
    (void) state;
    assert_ok(prt_manifest_write(arena, &m, &text, &err), &err);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *json = json_loads(text, 0, NULL);
        assert_int_equal(json_object_del(json, cases[i].key), 0);
        if (cases[i].value != NULL) {
            json_t *value = json_loads(cases[i].value, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
            assert_non_null(value);
            json_object_set_new(json, cases[i].key, value);
        }
        char *changed = json_dumps(json, 0);
        err = (prt_error) {0};
        if (prt_manifest_parse(arena, changed, strlen(changed), &back, &err))
            fail_msg("%s = %s is taken", cases[i].key, cases[i].value);
        assert_int_equal(err.code, PRT_ERR_VALUE);
        assert_null(back.definition);
        if (strstr(err.message, cases[i].key) == NULL && strcmp(cases[i].key, "source") != 0)
            fail_msg("%s = %s: %s", cases[i].key, cases[i].value, err.message);
        free(changed);
        json_decref(json);
    }
    json_decref(definition);
    prt_arena_free(arena);
}

static void
refuses_what_is_no_manifest(void **state)
{
    static const char *const texts[] = {
        "", "{", "[]", "null", "{}", "{\"version\": 1, \"version\": 1}", "{} x", "\xff\xfe", "\"\\ud800\""};
    prt_arena *arena = prt_arena_new();
    (void) state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        prt_manifest m;
        prt_error err = {0};
        assert_false(prt_manifest_parse(arena, texts[i], strlen(texts[i]), &m, &err));
        assert_int_equal(err.code, PRT_ERR_VALUE);
    }
    char *deep = malloc(200000);
    prt_manifest m;
    prt_error err = {0};
    memset(deep, '[', 200000);
    assert_false(prt_manifest_parse(arena, deep, 200000, &m, &err));
    free(deep);
    prt_arena_free(arena);
}

static void
knows_formats_by_their_suffix(void **state)
{
    static const struct {
        const char *url, *format, *name;
        prt_codec codec;
    } cases[] = {
        {"file:///a/b.csv", NULL, "csv", PRT_CODEC_NONE},
        {"file:///a/b.copy", NULL, "copy", PRT_CODEC_NONE},
        {"s3://a/b.c.csv.gz", NULL, "csv", PRT_CODEC_GZIP},
        {"s3://a/b.copy.zst", NULL, "copy", PRT_CODEC_ZSTD},
        {"s3://a/b.csv.zst", "copy", "copy", PRT_CODEC_ZSTD},
        {"s3://a/b", "csv", "csv", PRT_CODEC_NONE},
        {"s3://a/b", "copy.gz", "copy", PRT_CODEC_GZIP},
        {"s3://a/b.dump", NULL, NULL, PRT_CODEC_NONE},
        {"s3://a/b.csv.xz", NULL, NULL, PRT_CODEC_NONE},
        {"s3://a/b.zst", NULL, NULL, PRT_CODEC_NONE},
        {"s3://a.csv/b", NULL, NULL, PRT_CODEC_NONE},
        {"s3://a/b.csv.manifest.json", NULL, NULL, PRT_CODEC_NONE},
        {"s3://a/b.csv", "parquet", NULL, PRT_CODEC_NONE},
        {"s3://a/b.csv", "", NULL, PRT_CODEC_NONE},
    };
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        prt_error err = {0};
        const char *name;
        prt_codec codec;
        bool ok = prt_archive_format(cases[i].url, cases[i].format, &name, &codec, &err);
        assert_int_equal(ok, cases[i].name != NULL);
        if (!ok) {
            assert_int_equal(err.code, PRT_ERR_USAGE);
            assert_non_null(strstr(err.hint, ".copy.zst"));
            continue;
        }
        assert_string_equal(name, cases[i].name);
        assert_int_equal(codec, cases[i].codec);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(keeps_ends_as_they_are),
        cmocka_unit_test(refuses_texts_that_are_not_utf8),
        cmocka_unit_test(refuses_every_field_that_is_not_as_it_must_be),
        cmocka_unit_test(refuses_what_is_no_manifest),
        cmocka_unit_test(knows_formats_by_their_suffix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
