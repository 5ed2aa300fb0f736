#include <jansson.h>
#include <stdlib.h>

#include "base/log.h"
#include "support/support.h"

/* Runs the statement with a log named `log` and compares what was written. */
#define assert_logged(settings, statement, expected)   \
    do {                                               \
        char *text_ = NULL;                            \
        size_t length_ = 0;                            \
        prt_log log = settings;                        \
        log.stream = open_memstream(&text_, &length_); \
        statement;                                     \
        fclose(log.stream);                            \
        assert_string_equal(text_, expected);          \
        free(text_);                                   \
    } while (0)

#define PLAIN ((prt_log) {.level = PRT_INFO})

static void
test_text(void **state)
{
    (void) state;
    const prt_field fields[] = {{"table", "public.t"}, {"left", NULL}, {"hint", "wait"}, {"rows", "5"}, {NULL, NULL}};
    assert_logged(PLAIN, prt_log_write(&log, PRT_INFO, "created", NULL), "created\n");
    assert_logged(PLAIN, prt_log_write(&log, PRT_WARNING, "slow", fields),
                  "warning: slow  table=public.t  rows=5\n  hint: wait\n");
    assert_logged(PLAIN, prt_log_write(&log, PRT_DEBUG, "unseen", NULL), "");
    assert_logged(PLAIN, prt_log_fmt(&log, PRT_ERROR, "%d %s", 3, "x"), "error: 3 x\n");
    assert_logged(((prt_log) {.level = PRT_DEBUG, .color = true}), prt_log_fmt(&log, PRT_ERROR, "x"),
                  "\x1b[31merror:\x1b[0m x\n");
    assert_logged(PLAIN, prt_log_write(&log, PRT_INFO, "a\x1b[2J\rb\nc\td\x7f", NULL), "a\\x1b[2J\\x0db\nc\td\\x7f\n");
}

static void
test_error(void **state)
{
    (void) state;
    prt_error err = {.sqlstate = "55P03"};
    prt_fail(&err, PRT_ERR_SQL, "lock timeout");
    assert_logged(PLAIN, prt_log_error(&log, &err), "error: lock timeout  sqlstate=55P03\n");
    prt_fail_hint(&err, "try later");
    prt_fail_object(&err, "public.t");
    assert_logged(PLAIN, prt_log_error(&log, &err),
                  "error: lock timeout  object=public.t  sqlstate=55P03\n  hint: try later\n");
}

/* Each line is JSON, whatever the texts hold. */
static void
test_json(void **state)
{
    (void) state;
    char *text = NULL;
    size_t length = 0;
    prt_log log = {.level = PRT_INFO, .json = true, .stream = open_memstream(&text, &length)};
    const prt_field fields[] = {{"table", "we\"ird\n\xe9"}, {"left", NULL}, {NULL, NULL}};
    prt_log_write(&log, PRT_WARNING, "caf\xe9 \"x\"", fields);
    fclose(log.stream);
    assert_int_equal(strchr(text, '\n') - text, length - 1);
    json_error_t problem;
    json_t *line = json_loads(text, 0, &problem);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "message")), "caf? \"x\"");
    assert_string_equal(json_string_value(json_object_get(line, "level")), "warning");
    assert_string_equal(json_string_value(json_object_get(line, "table")), "we\"ird\n?");
    assert_null(json_object_get(line, "left"));
    const char *time = json_string_value(json_object_get(line, "time"));
    assert_int_equal(strlen(time), strlen("2025-01-01T00:00:00.000Z"));
    assert_true(time[10] == 'T' && time[19] == '.' && time[23] == 'Z');
    json_decref(line);
    free(text);
}

static void
test_nowhere(void **state)
{
    (void) state;
    prt_log silent = {.level = PRT_DEBUG};
    prt_log_write(NULL, PRT_ERROR, "x", NULL);
    prt_log_write(&silent, PRT_ERROR, "x", NULL);
}

static void
test_levels(void **state)
{
    (void) state;
    prt_level level = PRT_INFO;
    assert_true(prt_level_parse("debug", &level) && level == PRT_DEBUG);
    assert_true(prt_level_parse("Warning", &level) && level == PRT_WARNING);
    assert_true(prt_level_parse("error", &level) && level == PRT_ERROR);
    assert_true(prt_level_parse("info", &level) && level == PRT_INFO);
    assert_false(prt_level_parse("warn", &level));
    assert_false(prt_level_parse("", &level));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),    cmocka_unit_test(test_error),  cmocka_unit_test(test_json),
        cmocka_unit_test(test_nowhere), cmocka_unit_test(test_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
