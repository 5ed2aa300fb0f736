/* Archives in folders: whole or not there, never in place of something else, and what goes wrong is said. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "archive/store.h"
#include "support/support.h"

typedef struct fixture {
    prt_arena *arena;
    prt_store *store;
    char folder[64];
    volatile sig_atomic_t interrupt;
} fixture;

static int
setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    prt_error err = {0};
    f->arena = prt_arena_new();
    strcpy(f->folder, "/tmp/partrun-store-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    assert_int_equal(chmod(f->folder, 0755), 0);
    const prt_store_options options = {.interrupt = &f->interrupt};
    assert_ok(prt_store_open("file:///x", &options, &f->store, &err), &err);
    *state = f;
    return 0;
}

static int
remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void) info, (void) type, (void) walk;
    return remove(path);
}

static int
teardown(void **state)
{
    fixture *f = *state;
    f->store->close(f->store);
    nftw(f->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    prt_arena_free(f->arena);
    free(f);
    return 0;
}

static const char *
url(const fixture *f, const char *name)
{
    return prt_arena_printf(f->arena, "file://%s/%s", f->folder, name);
}

static const char *
path(const fixture *f, const char *name)
{
    return prt_arena_printf(f->arena, "%s/%s", f->folder, name);
}

static bool
store_text(const fixture *f, const char *name, const char *text, prt_error *err)
{
    prt_writer *writer;
    if (!f->store->put(f->store, url(f, name), &writer, err))
        return false;
    if (writer->write(writer, text, strlen(text), err))
        return writer->finish(writer, err);
    writer->abort(writer);
    return false;
}

static const char *
load_text(const fixture *f, const char *name)
{
    prt_reader *reader;
    prt_error err = {0};
    const char *text = "";
    assert_ok(f->store->get(f->store, url(f, name), &reader, &err), &err);
    for (size_t length = 1; length > 0;) {
        const char *bytes = NULL;
        assert_ok(reader->read(reader, &bytes, &length, &err), &err);
        text = prt_arena_printf(f->arena, "%s%.*s", text, (int) length, bytes);
    }
    reader->close(reader);
    return text;
}

/* The names in the folder, in no order: "a b "; how many in *n. */
static const char *
names(const fixture *f, int *n)
{
    char line[512];
    const char *all = "";
    *n = 0;
    FILE *list = popen(prt_arena_printf(f->arena, "ls -A %s", f->folder), "r");
    assert_non_null(list);
    for (; fgets(line, sizeof line, list) != NULL; ++*n)
        all = prt_arena_printf(f->arena, "%s%.*s ", all, (int) strcspn(line, "\n"), line);
    pclose(list);
    return all;
}

static void
assert_alone(const fixture *f, const char *name)
{
    int n;
    const char *all = names(f, &n);
    if (n != (name == NULL ? 0 : 1) || (name != NULL && strncmp(all, name, strlen(name)) != 0))
        fail_msg("in the folder: %s", all);
}

static void
shows_a_file_only_when_it_is_whole(void **state)
{
    fixture *f = *state;
    prt_error err = {0};
    prt_writer *writer;
    prt_object object;
    mode_t before = umask(027);
    assert_ok(f->store->put(f->store, url(f, "a%20b.csv"), &writer, &err), &err);
    umask(before);
    assert_ok(writer->write(writer, "hello ", 6, &err), &err);
    assert_ok(f->store->stat(f->store, url(f, "a%20b.csv"), &object, &err), &err);
    assert_false(object.found);
    assert_alone(f, ".a b.csv.partrun-");
    assert_ok(writer->write(writer, "world", 5, &err), &err);
    assert_ok(writer->finish(writer, &err), &err);
    assert_alone(f, "a b.csv");
    assert_ok(f->store->stat(f->store, url(f, "a%20b.csv"), &object, &err), &err);
    assert_true(object.found);
    assert_int_equal(object.bytes, 11);
    assert_string_equal(load_text(f, "a%20b.csv"), "hello world");
    struct stat info;
    assert_int_equal(stat(path(f, "a b.csv"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_ok(f->store->remove(f->store, url(f, "a%20b.csv"), &err), &err);
    assert_ok(f->store->remove(f->store, url(f, "a%20b.csv"), &err), &err);
    assert_alone(f, NULL);
}

static void
makes_folders_and_takes_long_names(void **state)
{
    fixture *f = *state;
    prt_error err = {0};
    assert_ok(store_text(f, "x//y/z/a.csv", "1", &err), &err);
    assert_string_equal(load_text(f, "x/y/z/a.csv"), "1");
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    assert_ok(store_text(f, name, "2", &err), &err);
    assert_string_equal(load_text(f, name), "2");
    assert_false(store_text(f, prt_arena_printf(f->arena, "%sn", name), "3", &err));
    assert_non_null(strstr(err.hint, "255 bytes"));
}

static void
leaves_nothing_after_abort(void **state)
{
    fixture *f = *state;
    prt_error err = {0};
    prt_writer *writer;
    assert_ok(f->store->put(f->store, url(f, "a.csv"), &writer, &err), &err);
    assert_ok(writer->write(writer, "hello", 5, &err), &err);
    writer->abort(writer);
    assert_alone(f, NULL);
}

static void
never_replaces(void **state)
{
    fixture *f = *state;
    prt_error err = {0}, late = {0};
    prt_writer *writer;
    assert_ok(store_text(f, "a.csv", "first", &err), &err);
    assert_false(store_text(f, "a.csv", "second", &err));
    assert_int_equal(err.code, PRT_ERR_FAILED);
    assert_non_null(strstr(err.message, "exists already"));
    assert_non_null(strstr(err.hint, "never replaces"));
    /* Somebody else is faster. */
    assert_ok(f->store->put(f->store, url(f, "b.csv"), &writer, &late), &late);
    FILE *other = fopen(path(f, "b.csv"), "w");
    assert_non_null(other);
    fputs("other", other);
    fclose(other);
    assert_ok(writer->write(writer, "mine", 4, &late), &late);
    assert_false(writer->finish(writer, &late));
    assert_int_equal(late.code, PRT_ERR_FAILED);
    assert_string_equal(load_text(f, "a.csv"), "first");
    assert_string_equal(load_text(f, "b.csv"), "other");
    int n;
    names(f, &n);
    assert_int_equal(n, 2);
}

/* A killed writer's leftover goes when the name is written again; one that is being written stays. */
static void
removes_what_a_killed_run_left(void **state)
{
    fixture *f = *state;
    prt_error err = {0};
    prt_writer *writer;
    pid_t child = fork();
    if (child == 0) {
        if (f->store->put(f->store, url(f, "a.csv"), &writer, &err) && writer->write(writer, "half", 4, &err))
            raise(SIGKILL);
        _exit(1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_alone(f, ".a.csv.partrun-");
    assert_ok(store_text(f, "b.csv", "another name", &err), &err);
    assert_ok(f->store->remove(f->store, url(f, "b.csv"), &err), &err);
    assert_alone(f, ".a.csv.partrun-");

    assert_ok(f->store->put(f->store, url(f, "a.csv"), &writer, &err), &err);
    assert_alone(f, ".a.csv.partrun-"); /* only the new one */
    assert_ok(writer->write(writer, "first", 5, &err), &err);
    assert_ok(store_text(f, "a.csv", "second", &err), &err);
    assert_false(writer->finish(writer, &err));
    assert_alone(f, "a.csv");
    assert_string_equal(load_text(f, "a.csv"), "second");
}

static void
says_what_is_wrong_with_the_place(void **state)
{
    fixture *f = *state;
    prt_object object;
    prt_error err = {0};
    assert_int_equal(mkdir(path(f, "folder"), 0755), 0);
    assert_false(store_text(f, "folder", "x", &err));
    assert_non_null(strstr(err.message, "Is a directory"));
    assert_non_null(strstr(err.hint, "names a file"));
    err = (prt_error) {0};
    assert_false(f->store->stat(f->store, url(f, "folder"), &object, &err));
    assert_int_equal(err.code, PRT_ERR_IO);
    err = (prt_error) {0};
    assert_ok(store_text(f, "file", "x", &err), &err);
    assert_false(store_text(f, "file/below", "x", &err));
    assert_non_null(strstr(err.message, "Not a directory"));
    err = (prt_error) {0};
    prt_reader *reader;
    assert_false(f->store->get(f->store, url(f, "missing"), &reader, &err));
    assert_non_null(strstr(err.message, "No such file"));
    err = (prt_error) {0};
    prt_store *store;
    const prt_store_options options = {0};
    static const char *const wrong[] = {"ftp://x/y",  "/tmp/x",      "file://host/x",
                                        "file:///x/", "s3://bucket", "file:///%zz"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        err = (prt_error) {0};
        assert_false(prt_store_open(wrong[i], &options, &store, &err));
        assert_int_equal(err.code, PRT_ERR_USAGE);
        assert_true(err.hint[0] != '\0');
    }
}

/* In a process of its own, which gives up being root and raises no signal on large files. */
static void
child_says(const fixture *f, bool (*act)(const fixture *f, prt_error *err), const char *message, const char *hint)
{
    prt_error err = {0};
    int pipes[2], status;
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        bool ok = act(f, &err);
        ssize_t sent = write(pipes[1], &err, sizeof err);
        _exit(ok || sent != sizeof err);
    }
    close(pipes[1]);
    assert_int_equal(read(pipes[0], &err, sizeof err), sizeof err);
    close(pipes[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    if (strstr(err.message, message) == NULL || strstr(err.hint, hint) == NULL)
        fail_msg("%s | %s", err.message, err.hint);
}

static bool
fills_the_disk(const fixture *f, prt_error *err)
{
    const struct rlimit limit = {100 * 1000, 100 * 1000};
    char block[64 * 1024] = "";
    prt_writer *writer;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    if (!f->store->put(f->store, url(f, "a.csv"), &writer, err))
        return false;
    bool ok = writer->write(writer, block, sizeof block, err) && writer->write(writer, block, sizeof block, err);
    writer->abort(writer);
    return ok;
}

static bool
may_not_write(const fixture *f, prt_error *err)
{
    chmod(f->folder, 0555);
    if (geteuid() == 0 && setuid(65534) != 0)
        return true;
    return store_text(f, "a.csv", "x", err);
}

static bool
may_not_make_a_folder(const fixture *f, prt_error *err)
{
    chmod(f->folder, 0555);
    if (geteuid() == 0 && setuid(65534) != 0)
        return true;
    return store_text(f, "below/a.csv", "x", err);
}

static void
says_that_the_disk_is_full_or_closed(void **state)
{
    fixture *f = *state;
    child_says(f, fills_the_disk, "File too large", "ulimit");
    assert_alone(f, NULL);
    child_says(f, may_not_write, "Permission denied", "let the user");
    assert_alone(f, NULL);
    child_says(f, may_not_make_a_folder, "Permission denied", "let the user");
}

static void
stops_reading_when_interrupted(void **state)
{
    fixture *f = *state;
    prt_error err = {0};
    prt_reader *reader;
    const char *bytes;
    size_t length;
    assert_ok(store_text(f, "a.csv", "x", &err), &err);
    assert_ok(f->store->get(f->store, url(f, "a.csv"), &reader, &err), &err);
    f->interrupt = 1;
    assert_false(reader->read(reader, &bytes, &length, &err));
    assert_int_equal(err.code, PRT_ERR_INTERRUPTED);
    reader->close(reader);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(shows_a_file_only_when_it_is_whole),   TEST(makes_folders_and_takes_long_names),
        TEST(leaves_nothing_after_abort),           TEST(never_replaces),
        TEST(removes_what_a_killed_run_left),       TEST(says_what_is_wrong_with_the_place),
        TEST(says_that_the_disk_is_full_or_closed), TEST(stops_reading_when_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
