#include "support/support.h"

#include "model/marker.h"

static const prt_marker sample = {
    .state = "retiring",
    .system = "7300000000000000001",
    .database = 16384,
    .oid = 4294967295,
    .policy = "events",
    .parent_schema = "My \"S\"",
    .parent_name = "it's\na {table}",
    .from = "'2025-01-01', MINVALUE",
    .to = "E'a\\\\b', MAXVALUE",
    .since = INT64_C(1735689600123456),
};

#define REST                                                                                                          \
    "\"policy\":\"p\",\"parent_schema\":\"s\",\"parent_name\":\"t\",\"from\":\"1\",\"to\":\"2\",\"since\":\"2025-01-" \
    "01T00:00:00Z\"}"

static const char line[] = "partrun: {\"state\":\"kept\",\"system\":\"1\",\"database\":2,\"oid\":3," REST;

static void
assert_sample(const prt_marker *marker)
{
    assert_string_equal(marker->state, sample.state);
    assert_string_equal(marker->system, sample.system);
    assert_int_equal(marker->database, sample.database);
    assert_int_equal(marker->oid, sample.oid);
    assert_string_equal(marker->policy, sample.policy);
    assert_string_equal(marker->parent_schema, sample.parent_schema);
    assert_string_equal(marker->parent_name, sample.parent_name);
    assert_string_equal(marker->from, sample.from);
    assert_string_equal(marker->to, sample.to);
    assert_int_equal(marker->since, sample.since);
}

static void
test_round_trip(void **state)
{
    const char *comments[] = {NULL,
                              "",
                              "mine",
                              "two\nlines",
                              "ends with a newline\n",
                              "\n",
                              "partrun: is nice",
                              "partrun: {\"state\":\"kept\"}\nabove",
                              "partrun: {not json}"};
    for (size_t i = 0; i < sizeof comments / sizeof comments[0]; i++) {
        prt_marker marker;
        const char *text = prt_marker_write(*state, comments[i], &sample);
        assert_true(prt_marker_read(*state, text, &marker));
        assert_sample(&marker);
    }
}

static void
test_it_is_the_last_line(void **state)
{
    const char *text = prt_marker_write(*state, "mine", &sample);
    assert_memory_equal(text, "mine\npartrun: {\"state\":\"retiring\"", 32);
    assert_ptr_equal(strrchr(text, '\n'), text + 4); /* newlines of names are escaped */
    assert_memory_equal(prt_marker_write(*state, NULL, &sample), "partrun: {", 10);
    assert_memory_equal(prt_marker_write(*state, "", &sample), "partrun: {", 10);
}

static void
test_users_comment_is_kept(void **state)
{
    const char *comments[] = {"mine",           "two\nlines", "ends with a newline\n", "\n", "\n\n", "partrun: is nice",
                              "no partrun: {}", "\u00e9",     "partrun: {}\nmine"};
    for (size_t i = 0; i < sizeof comments / sizeof comments[0]; i++) {
        const char *once = prt_marker_write(*state, comments[i], &sample);
        assert_string_equal(prt_marker_strip(*state, once), comments[i]);
        assert_string_equal(prt_marker_write(*state, once, &sample), once); /* replaced, not piled up */
    }
    assert_null(prt_marker_strip(*state, prt_marker_write(*state, NULL, &sample)));
    assert_null(prt_marker_strip(*state, NULL));
    assert_null(prt_marker_strip(*state, ""));
    assert_string_equal(prt_marker_strip(*state, "no marker"), "no marker");
}

static void
test_malformed_markers_count_for_nothing(void **state)
{
    static const char *const comments[] = {
        "",
        "mine",
        "partrun:",
        "partrun: ",
        "partrun: {",
        "partrun: {}",
        "partrun: []",
        "partrun: {\"state\":1}",
        "Partrun: {}",
        /* one field wrong or missing each */
        "partrun: {\"state\":\"gone\",\"system\":\"1\",\"database\":2,\"oid\":3," REST,
        "partrun: {\"system\":\"1\",\"database\":2,\"oid\":3," REST,
        "partrun: {\"state\":\"kept\",\"system\":1,\"database\":2,\"oid\":3," REST,
        "partrun: {\"state\":\"kept\",\"database\":2,\"oid\":3," REST,
        "partrun: {\"state\":\"kept\",\"system\":\"1\",\"database\":-2,\"oid\":3," REST,
        "partrun: {\"state\":\"kept\",\"system\":\"1\",\"database\":\"2\",\"oid\":3," REST,
        "partrun: {\"state\":\"kept\",\"system\":\"1\",\"oid\":3," REST,
        "partrun: {\"state\":\"kept\",\"system\":\"1\",\"database\":2,\"oid\":4294967296," REST,
        "partrun: {\"state\":\"kept\",\"system\":\"1\",\"database\":2,\"oid\":3.5," REST,
        "partrun: {\"state\":\"kept\",\"system\":\"1\",\"database\":2," REST,
        /* said twice; followed by something; not at the line's start */
        "partrun: {\"state\":\"kept\",\"system\":\"1\",\"database\":2,\"oid\":3,\"oid\":4," REST,
        "partrun: {\"state\":\"kept\",\"system\":\"1\",\"database\":2,\"oid\":3," REST " x",
        "x partrun: {\"state\":\"kept\",\"system\":\"1\",\"database\":2,\"oid\":3," REST,
    };
    prt_marker marker;
    assert_true(prt_marker_read(*state, line, &marker)); /* the one that they are made from */
    assert_int_equal(marker.oid, 3);
    assert_string_equal(marker.policy, "p");
    assert_false(prt_marker_read(*state, NULL, &marker));
    for (size_t i = 0; i < sizeof comments / sizeof comments[0]; i++)
        if (prt_marker_read(*state, comments[i], &marker))
            fail_msg("read as a marker: %s", comments[i]);
}

/* Every text is there, or it is no marker: a reader need not ask for NULL. */
static void
test_each_field_is_needed(void **state)
{
    static const char *const fields[] = {"\"state\"",  "\"system\"",        "\"database\"",    "\"oid\"",
                                         "\"policy\"", "\"parent_schema\"", "\"parent_name\"", "\"from\"",
                                         "\"to\"",     "\"since\""};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        prt_marker marker;
        char *text = prt_arena_strdup(*state, line);
        char *field = strstr(text, fields[i]);
        assert_non_null(field);
        field[1] = 'X';
        assert_false(prt_marker_read(*state, text, &marker));
        field[1] = fields[i][1];
        assert_true(prt_marker_read(*state, text, &marker));
        char *value = strchr(field, ':') + 1; /* and of its own type */
        *value = *value == '"' ? '[' : '"';
        assert_false(prt_marker_read(*state, text, &marker));
    }
    prt_marker marker;
    char *text = prt_arena_strdup(*state, line);
    memcpy(strstr(text, "2025-01-01"), "2025-13-01", 10);
    assert_false(prt_marker_read(*state, text, &marker));
}

static void
test_only_the_last_line_counts(void **state)
{
    prt_marker marker;
    assert_false(prt_marker_read(*state, prt_arena_printf(*state, "%s\nthe user went on", line), &marker));
    assert_false(prt_marker_read(*state, prt_arena_printf(*state, "%s\n", line), &marker));
    assert_true(prt_marker_read(*state, prt_arena_printf(*state, "above\n%s", line), &marker));
}

/* Any cut of a marker is no marker. */
static void
test_truncated_markers(void **state)
{
    const char *text = prt_marker_write(*state, "mine", &sample);
    for (size_t length = 0; length < strlen(text); length++) {
        prt_marker marker;
        assert_false(prt_marker_read(*state, prt_arena_strndup(*state, text, length), &marker));
    }
}

static void
test_names_that_are_not_utf8(void **state)
{
    prt_marker marker = sample, back;
    marker.parent_name = "caf\xe9";
    assert_true(prt_marker_read(*state, prt_marker_write(*state, NULL, &marker), &back));
    assert_string_equal(back.parent_name, "caf?");
    assert_int_equal(back.oid, sample.oid);
}

#define ARCHIVED "partrun: {\"state\":\"%s\",\"system\":\"1\",\"database\":2,\"oid\":3,%s" REST
#define SHA256 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define FACTS "\"archive\":{\"url\":\"s3://b/k\",\"rows\":3,\"bytes\":30,\"sha256\":\"" SHA256 "\"},"

static void
test_what_an_archive_proves(void **state)
{
    prt_marker marker = sample, back;
    marker.state = "archived";
    marker.archive = (prt_archive_result) {
        .url = "s3://b/\"k\"\n", .rows = INT64_MAX, .bytes = 0, .sha256 = SHA256, .resumed = true};
    const char *text = prt_marker_write(*state, "mine", &marker);
    assert_true(prt_marker_read(*state, text, &back));
    assert_string_equal(back.archive.url, marker.archive.url);
    assert_int_equal(back.archive.rows, INT64_MAX);
    assert_int_equal(back.archive.bytes, 0);
    assert_string_equal(back.archive.sha256, SHA256);
    assert_true(prt_marker_retiring(&back));
    back.state = sample.state;
    assert_sample(&back);
    marker.state = "kept";
    assert_true(prt_marker_read(*state, prt_marker_write(*state, NULL, &marker), &back));
    assert_false(prt_marker_retiring(&back));
    assert_true(prt_marker_read(*state, prt_marker_write(*state, NULL, &sample), &back));
    assert_null(back.archive.url);
    assert_true(prt_marker_retiring(&back));
}

/* A drop relies on it: what is not whole is no proof, and the marker none. Keys of later versions are no harm. */
static void
test_hostile_archives(void **state)
{
    static const char *const wrong[] = {
        "",
        "\"archive\":null,",
        "\"archive\":\"s3://b/k\",",
        "\"archive\":{},",
        "\"archive\":{\"url\":\"\",\"rows\":3,\"bytes\":30,\"sha256\":\"" SHA256 "\"},",
        "\"archive\":{\"url\":\"s3://b/k\",\"rows\":-1,\"bytes\":30,\"sha256\":\"" SHA256 "\"},",
        "\"archive\":{\"url\":\"s3://b/k\",\"rows\":3.5,\"bytes\":30,\"sha256\":\"" SHA256 "\"},",
        "\"archive\":{\"url\":\"s3://b/k\",\"rows\":\"3\",\"bytes\":30,\"sha256\":\"" SHA256 "\"},",
        "\"archive\":{\"url\":\"s3://b/k\",\"rows\":3,\"sha256\":\"" SHA256 "\"},",
        "\"archive\":{\"url\":\"s3://b/k\",\"rows\":3,\"bytes\":30},",
        "\"archive\":{\"url\":\"s3://b/k\",\"rows\":3,\"bytes\":30,\"sha256\":\"00\"},",
        "\"archive\":{\"url\":\"s3://b/k\",\"rows\":3,\"rows\":3,\"bytes\":30,\"sha256\":\"" SHA256 "\"},",
        FACTS FACTS,
    };
    prt_marker marker;
    assert_true(prt_marker_read(*state, prt_arena_printf(*state, ARCHIVED, "archived", FACTS), &marker));
    assert_true(
        prt_marker_read(*state, prt_arena_printf(*state, ARCHIVED, "archived", FACTS "\"later\":[{}],"), &marker));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (prt_marker_read(*state, prt_arena_printf(*state, ARCHIVED, "archived", wrong[i]), &marker))
            fail_msg("read as a proof: %s", wrong[i]);
    assert_true(prt_marker_read(*state, prt_arena_printf(*state, ARCHIVED, "retiring", ""), &marker));
    assert_false(prt_marker_read(*state, prt_arena_printf(*state, ARCHIVED, "kept", wrong[3]), &marker));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_it_is_the_last_line, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_users_comment_is_kept, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_malformed_markers_count_for_nothing, support_arena_setup,
                                        support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_each_field_is_needed, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_only_the_last_line_counts, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_truncated_markers, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_what_an_archive_proves, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_hostile_archives, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_names_that_are_not_utf8, support_arena_setup, support_arena_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
