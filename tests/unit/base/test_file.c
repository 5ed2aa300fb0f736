#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "support/support.h"

typedef struct place {
    prt_arena *arena;
    char dir[64];
} place;

static int
setup(void **state)
{
    place *p = calloc(1, sizeof *p);
    p->arena = prt_arena_new();
    strcpy(p->dir, "/tmp/partrun-test-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    *state = p;
    return 0;
}

static const char *
path(const place *p, const char *name)
{
    return prt_arena_printf(p->arena, "%s/%s", p->dir, name);
}

static int
teardown(void **state)
{
    place *p = *state;
    unlink(path(p, "file"));
    unlink(path(p, "fifo"));
    unlink(path(p, "Zone"));
    rmdir(p->dir);
    unsetenv("TZDIR");
    prt_arena_free(p->arena);
    free(p);
    return 0;
}

static void
write_file(const char *name, const char *bytes, size_t length)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

static void
assert_unreadable(const place *p, const char *name, const char *part)
{
    prt_error err = {0};
    char *bytes;
    size_t length;
    assert_false(prt_file_read(p->arena, name, &bytes, &length, &err));
    assert_int_equal(err.code, PRT_ERR_IO);
    if (strstr(err.message, part) == NULL || strstr(err.message, name) == NULL)
        fail_msg("%s", err.message);
}

static void
test_read(void **state)
{
    const place *p = *state;
    prt_error err = {0};
    char *bytes;
    size_t length;
    write_file(path(p, "file"), "a\0b\n", 4);
    assert_ok(prt_file_read(p->arena, path(p, "file"), &bytes, &length, &err), &err);
    assert_int_equal(length, 4);
    assert_memory_equal(bytes, "a\0b\n", 5);
    write_file(path(p, "file"), "", 0);
    assert_ok(prt_file_read(p->arena, path(p, "file"), &bytes, &length, &err), &err);
    assert_int_equal(length, 0);
    assert_string_equal(bytes, "");
}

static void
test_unreadable(void **state)
{
    const place *p = *state;
    assert_unreadable(p, path(p, "nothing"), "No such file");
    assert_unreadable(p, p->dir, "not a regular file");
    assert_int_equal(mkfifo(path(p, "fifo"), 0600), 0);
    assert_unreadable(p, path(p, "fifo"), "not a regular file"); /* at once, without waiting for a writer */
    write_file(path(p, "file"), "x", 1);
    assert_int_equal(truncate(path(p, "file"), (64 << 20) + 1), 0);
    assert_unreadable(p, path(p, "file"), "64 MiB");
}

static void
test_zones(void **state)
{
    const place *p = *state;
    prt_error err = {0};
    char *bytes;
    size_t length;
    assert_ok(prt_tzdata_read(p->arena, "Europe/Paris", &bytes, &length, &err), &err);
    assert_memory_equal(bytes, "TZif", 4);

    static const char *const unknown[] = {
        "",      "Europe/Nowhere", "Europe", "/etc/passwd", "../../../etc/passwd", "Europe/../UTC", "Europe/Paris\n",
        "Zürich"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        prt_error refused = {0};
        assert_false(prt_tzdata_read(p->arena, unknown[i], &bytes, &length, &refused));
        assert_int_equal(refused.code, PRT_ERR_VALUE);
        assert_non_null(strstr(refused.message, "unknown time zone"));
        assert_non_null(strstr(refused.hint, "Europe/Paris"));
    }

    write_file(path(p, "Zone"), "mine", 4);
    setenv("TZDIR", p->dir, 1);
    assert_ok(prt_tzdata_read(p->arena, "Zone", &bytes, &length, &err), &err);
    assert_string_equal(bytes, "mine");
    assert_false(prt_tzdata_read(p->arena, "Europe/Paris", &bytes, &length, &err));
    assert_non_null(strstr(err.hint, p->dir));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_zones, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
