/* For tests of archives on a real server: a folder of a test's own, archives by hand, and restores. */
#ifndef PRT_TESTS_ARCHIVE_SUPPORT_H
#define PRT_TESTS_ARCHIVE_SUPPORT_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive/by_hand.h"
#include "base/file.h"
#include "support/pg_support.h"

typedef struct archive_test {
    pg_test *pg;
    char folder[64];
    prt_archive_options options;
} archive_test;

static inline int
archive_test_setup(void **state)
{
    if (pg_test_setup(state) != 0)
        return -1;
    pg_test *pg = *state;
    archive_test *t = PRT_NEW(pg->arena, archive_test);
    *t = (archive_test) {.pg = pg, .folder = "/tmp/partrun-archive-XXXXXX"};
    *state = t;
    return mkdtemp(t->folder) == NULL ? -1 : 0;
}

static inline int
archive_test_remove(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void) info, (void) type, (void) walk;
    return remove(path);
}

static inline int
archive_test_teardown(void **state)
{
    archive_test *t = *state;
    void *pg = t->pg;
    nftw(t->folder, archive_test_remove, 16, FTW_DEPTH | FTW_PHYS);
    return pg_test_teardown(&pg);
}

static inline const char *
archive_path(archive_test *t, const char *name)
{
    return prt_arena_printf(t->pg->arena, "%s/%s", t->folder, name);
}

static inline const char *
archive_url(archive_test *t, const char *name)
{
    return prt_arena_printf(t->pg->arena, "file://%s/%s", t->folder, name);
}

/* Copies a table to a file of the test's folder; a failure fails the test. */
static inline prt_archive_result
archive_columns(archive_test *t, const char *table, const char *file, const char *const *columns)
{
    prt_archive_request request;
    prt_archive_result result;
    prt_error err = {0};
    assert_ok(prt_archive_by_hand(t->pg->conn, t->pg->arena, table, &request, &err), &err);
    request.url = archive_url(t, file);
    request.columns = columns;
    assert_ok(prt_archive_table(t->pg->conn, t->pg->arena, &request, &t->options, &result, &err), &err);
    return result;
}

static inline prt_archive_result
archive_make(archive_test *t, const char *table, const char *file)
{
    return archive_columns(t, table, file, NULL);
}

/* Restores what is in that file; a failure leaves the session without a transaction. */
static inline bool
archive_try(archive_test *t, const char *file, const prt_restore_request *request, prt_restore_result *out,
            prt_error *err)
{
    prt_restore_request own = *request;
    *err = (prt_error) {0};
    own.url = archive_url(t, file);
    bool ok = prt_archive_restore(t->pg->conn, t->pg->arena, &own, &t->options, out, err);
    assert_int_equal(PQtransactionStatus(prt_conn_raw(t->pg->conn)), PQTRANS_IDLE);
    return ok;
}

static inline prt_restore_result
archive_restore(archive_test *t, const char *file, const prt_restore_request *request)
{
    prt_restore_result result;
    prt_error err = {0};
    assert_ok(archive_try(t, file, request, &result, &err), &err);
    return result;
}

/* A restore that has to fail with this message (a part of it); the error is the caller's. */
static inline void
archive_refused(archive_test *t, const char *file, const prt_restore_request *request, const char *message,
                prt_error *err)
{
    prt_restore_result result;
    if (archive_try(t, file, request, &result, err))
        fail_msg("%s was restored, but should fail: %s", file, message);
    if (strstr(err->message, message) == NULL)
        fail_msg("\"%s\" does not contain \"%s\"", err->message, message);
}

/* All rows as one text's hash, in an order of their own. */
static inline const char *
archive_rows(archive_test *t, const char *table)
{
    return pg_value(t->pg, "SELECT count(*) || ' ' || md5(string_agg(x::text, E'\\n' ORDER BY x::text)) FROM %s x",
                    table);
}

static inline void
archive_write(archive_test *t, const char *file, const char *bytes, size_t length)
{
    FILE *f = fopen(archive_path(t, file), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, length, f), length);
    assert_int_equal(fclose(f), 0);
}

/* Replaces a part of a text file, which has to be there. */
static inline void
archive_tamper(archive_test *t, const char *file, const char *from, const char *to)
{
    char *text;
    size_t length;
    prt_error err = {0};
    assert_ok(prt_file_read(t->pg->arena, archive_path(t, file), &text, &length, &err), &err);
    const char *at = strstr(text, from);
    if (at == NULL)
        fail_msg("%s does not contain %s", file, from);
    const char *changed = prt_arena_printf(t->pg->arena, "%.*s%s%s", (int) (at - text), text, to, at + strlen(from));
    archive_write(t, file, changed, strlen(changed));
}

#define ARCHIVE_TEST(name) cmocka_unit_test_setup_teardown(name, archive_test_setup, archive_test_teardown)

#endif
