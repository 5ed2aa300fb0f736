/*
 * Archives of real tables: what is in them, what is proven, and that whatever goes wrong, at whatever step, leaves the
 * table, no manifest, and a next run that makes the archive.
 */
#include <ftw.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "archive/archive_impl.h"
#include "pg/copy.h"
#include "support/pg_support.h"

typedef struct fixture {
    pg_test *pg;
    prt_arena *arena;
    char folder[64];
} fixture;

static int
setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    void *pg = NULL;
    if (pg_test_setup(&pg) != 0)
        return -1;
    f->pg = pg;
    f->arena = f->pg->arena;
    strcpy(f->folder, "/tmp/partrun-archive-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
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
    void *pg = f->pg;
    nftw(f->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    int status = pg_test_teardown(&pg);
    free(f);
    return status;
}

static const char *
url(const fixture *f, const char *name)
{
    return prt_arena_printf(f->arena, "file://%s/%s", f->folder, name);
}

static bool
there(const fixture *f, const char *name)
{
    return access(prt_arena_printf(f->arena, "%s/%s", f->folder, name), F_OK) == 0;
}

static prt_archive_request
request(const fixture *f, const char *table, const char *name)
{
    return (prt_archive_request) {.url = url(f, name), .schema = "public", .name = table};
}

static prt_archive_result
archive(const fixture *f, const prt_archive_request *r)
{
    static const prt_archive_options options = {.policy = "p"};
    prt_archive_result result;
    prt_error err = {0};
    assert_ok(prt_archive_table(f->pg->conn, f->arena, r, &options, &result, &err), &err);
    assert_int_equal(PQtransactionStatus(prt_conn_raw(f->pg->conn)), PQTRANS_IDLE);
    return result;
}

/* Must fail, with this in the message; the session is of use afterwards. */
static prt_error
refused(const fixture *f, const prt_archive_request *r, const char *policy, const char *message)
{
    const prt_archive_options options = {.policy = policy};
    prt_archive_result result;
    prt_error err = {0};
    assert_false(prt_archive_table(f->pg->conn, f->arena, r, &options, &result, &err));
    if (strstr(err.message, message) == NULL)
        fail_msg("%s does not say %s", err.message, message);
    assert_true(err.hint[0] != '\0');
    assert_int_equal(PQtransactionStatus(prt_conn_raw(f->pg->conn)), PQTRANS_IDLE);
    return err;
}

static prt_manifest
manifest(const fixture *f, const char *name)
{
    prt_store *store;
    prt_manifest m;
    bool found = false;
    prt_error err = {0};
    const prt_store_options options = {0};
    assert_ok(prt_store_open(url(f, name), &options, &store, &err), &err);
    assert_ok(prt_manifest_load(store, f->arena, url(f, name), &found, &m, &err), &err);
    assert_true(found);
    store->close(store);
    return m;
}

static bool
present(const fixture *f, const prt_archive_result *result)
{
    static const prt_archive_options options = {0};
    bool is = false;
    prt_error err = {0};
    assert_ok(prt_archive_present(f->arena, result, &options, &is, &err), &err);
    return is;
}

/* Loading it again, by the parts that are tested elsewhere. */

typedef struct loading {
    prt_reader *reader;
    prt_decoder *decoder;
} loading;

static bool
give_stored(void *data, const char **bytes, size_t *length, prt_error *err)
{
    prt_reader *reader = ((loading *) data)->reader;
    return reader->read(reader, bytes, length, err);
}

static bool
give_rows(void *data, const char **bytes, size_t *length, prt_error *err)
{
    return prt_decoder_read(((loading *) data)->decoder, bytes, length, err);
}

static int64_t
load(const fixture *f, const char *name, const char *into)
{
    prt_manifest m = manifest(f, name);
    prt_store *store;
    loading l;
    int64_t rows = -1;
    prt_error err = {0};
    const prt_store_options options = {0};
    assert_ok(prt_store_open(url(f, name), &options, &store, &err), &err);
    assert_ok(store->get(store, url(f, name), &l.reader, &err), &err);
    assert_ok(prt_decoder_new(m.codec, give_stored, &l, &l.decoder, &err), &err);
    const char *sql = prt_arena_printf(f->arena, "COPY public.%s FROM STDIN (FORMAT %s)", into,
                                       strcmp(m.format, "copy") == 0 ? "binary" : "csv, HEADER true");
    assert_ok(prt_copy_in(f->pg->conn, sql, give_rows, &l, &rows, &err), &err);
    prt_decoder_free(l.decoder);
    l.reader->close(l.reader);
    store->close(store);
    prt_manifest_done(&m);
    return rows;
}

/* Another file, though its contents were the same, has another number. */
static unsigned long long
inode(const fixture *f, const char *name)
{
    struct stat info;
    assert_int_equal(stat(prt_arena_printf(f->arena, "%s/%s", f->folder, name), &info), 0);
    return info.st_ino;
}

#define TYPES                                                                                                     \
    "CREATE TYPE mood AS ENUM ('sad', 'it''s \"fine\"'); CREATE TYPE pair AS (a int, b text);"                    \
    "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, n numeric, j jsonb, a text[], r tstzrange, m mood, " \
    "  p pair, b bytea, s text, d double precision, twice numeric GENERATED ALWAYS AS (n * 2) STORED, "           \
    "  \"Odd, \"\"name\"\"\" text)"

static void
holds_every_row_in_every_format(void **state)
{
    fixture *f = *state;
    static const char *const names[] = {"a.csv", "a.csv.gz", "a.csv.zst", "a.copy", "a.copy.gz", "a.copy.zst"};
    pg_sql(f->pg, TYPES);
    pg_sql(
        f->pg,
        "INSERT INTO t (n, j, a, r, m, p, b, s, d, \"Odd, \"\"name\"\"\") SELECT i * 1.10, "
        "jsonb_build_object('k', E'x\\n\"' || i), ARRAY['a,b', NULL, '', i::text], "
        "tstzrange(timestamptz 'epoch' + i * interval '1 hour', NULL), 'it''s \"fine\"', ROW(i, "
        "E'q\"\\n'::text)::pair, "
        "decode(md5(i::text), 'hex'), CASE i %% 4 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN E'\\\\.' "
        "ELSE E'line\\r\\n\"quoted\", ' || repeat('x', i) END, 'NaN', E'Größe\\n' FROM generate_series(1, 3000) AS i");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        prt_archive_request r = request(f, "t", names[i]);
        r.parent_schema = "public", r.parent_name = "par\"ent";
        r.bound = "FOR VALUES FROM ('a') TO ('b')", r.from = "2025-01-01T00:00:00Z", r.to = "17";
        r.oid = (uint32_t) pg_number(f->pg, "SELECT 't'::regclass::oid");
        prt_archive_result result = archive(f, &r);
        assert_int_equal(result.rows, 3000);
        assert_false(result.resumed);
        assert_string_equal(result.url, r.url);

        prt_manifest m = manifest(f, names[i]);
        assert_string_equal(m.name, "t");
        assert_string_equal(m.parent_name, "par\"ent");
        assert_string_equal(m.bound, r.bound);
        assert_string_equal(m.to, "17");
        assert_string_equal(m.sha256, result.sha256);
        assert_true(m.rows == 3000 && m.bytes == result.bytes && m.oid == r.oid);
        assert_string_equal(m.system, prt_conn_facts_of(f->pg->conn)->system);
        assert_string_equal(m.columns[9], "d");
        assert_string_equal(m.columns[10], "Odd, \"name\""); /* without the generated one */
        assert_null(m.columns[11]);
        assert_int_equal(json_array_size(json_object_get(m.definition, "columns")), 12);
        prt_manifest_done(&m);
        const char *sum = prt_arena_printf(f->arena, "cd %s && printf '%s  %s\\n' | sha256sum -c --status", f->folder,
                                           result.sha256, names[i]);
        assert_int_equal(system(sum), 0);

        pg_sql(f->pg, "CREATE TABLE back (LIKE t INCLUDING GENERATED)");
        assert_int_equal(load(f, names[i], "back"), 3000);
        assert_int_equal(pg_number(f->pg, "SELECT count(*) FROM ((SELECT t::text FROM t EXCEPT ALL SELECT x::text "
                                          "FROM back AS x) UNION ALL (SELECT x::text FROM back AS x EXCEPT ALL "
                                          "SELECT t::text FROM t)) AS d"),
                         0);
        pg_sql(f->pg, "DROP TABLE back");
        assert_true(present(f, &result));
    }
}

static void
stores_no_second_time_what_is_proven(void **state)
{
    fixture *f = *state;
    pg_sql(f->pg, "CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) AS i");
    prt_archive_request r = request(f, "t", "a.csv.zst");
    prt_archive_result first = archive(f, &r);
    unsigned long long object = inode(f, "a.csv.zst"), proof = inode(f, "a.csv.zst.manifest.json");
    pg_sql(f->pg, "ALTER TABLE t RENAME TO renamed");
    r.name = "renamed";
    prt_archive_result result = archive(f, &r);
    assert_true(result.resumed);
    assert_true(inode(f, "a.csv.zst") == object && inode(f, "a.csv.zst.manifest.json") == proof);
    assert_true(result.rows == first.rows && result.bytes == first.bytes);
    assert_string_equal(result.sha256, first.sha256);
    assert_true(present(f, &first));
    result.sha256 = "0000000000000000000000000000000000000000000000000000000000000000";
    assert_false(present(f, &result));
    assert_int_equal(unlink(prt_arena_printf(f->arena, "%s/a.csv.zst", f->folder)), 0);
    assert_false(present(f, &first));
    /* A manifest whose archive is gone proves nothing: both are made again. */
    result = archive(f, &r);
    assert_false(result.resumed);
    assert_true(present(f, &result));
    /* A run that was killed before it wrote the manifest: the object stays, and gets it. */
    object = inode(f, "a.csv.zst");
    assert_int_equal(unlink(prt_arena_printf(f->arena, "%s/a.csv.zst.manifest.json", f->folder)), 0);
    result = archive(f, &r);
    assert_true(result.resumed && inode(f, "a.csv.zst") == object);
    assert_true(present(f, &result));
}

static void
takes_tables_of_every_shape(void **state)
{
    fixture *f = *state;
    pg_sql(f->pg, "CREATE TABLE empty (a int, b text); CREATE TABLE bare (); INSERT INTO bare DEFAULT VALUES;"
                  "INSERT INTO bare DEFAULT VALUES;"
                  "CREATE TABLE tree (a int, b text) PARTITION BY LIST (a);"
                  "CREATE TABLE tree_1 PARTITION OF tree FOR VALUES IN (1) PARTITION BY LIST (b);"
                  "CREATE TABLE tree_1x PARTITION OF tree_1 DEFAULT; CREATE TABLE tree_2 (b text, c int, a int);"
                  "ALTER TABLE tree_2 DROP COLUMN c; ALTER TABLE tree ATTACH PARTITION tree_2 FOR VALUES IN (2);"
                  "INSERT INTO tree SELECT 1 + i %% 2, i FROM generate_series(1, 1000) AS i;"
                  "CREATE TABLE old (a int); CREATE TABLE older () INHERITS (old); INSERT INTO old VALUES (1);"
                  "INSERT INTO older VALUES (2);"
                  "CREATE SCHEMA \"My \"\"Schema\"; CREATE TABLE \"My \"\"Schema\".\"a.b\" (\"Order\" int, g int "
                  "GENERATED ALWAYS AS (\"Order\" + 1) STORED); INSERT INTO \"My \"\"Schema\".\"a.b\" VALUES (1), (2)");
    static const struct {
        const char *schema, *name;
        int64_t rows;
    } tables[] = {{"public", "empty", 0},
                  {"public", "bare", 2},
                  {"public", "tree", 1000},
                  {"public", "old", 2},
                  {"My \"Schema", "a.b", 2}};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (int copy = 0; copy < 2; copy++) {
            prt_archive_request r = request(f, tables[i].name, "x");
            r.schema = tables[i].schema;
            r.url = url(f, prt_arena_printf(f->arena, "%zu.%s.zst", i, copy ? "copy" : "csv"));
            assert_int_equal(archive(f, &r).rows, tables[i].rows);
            assert_true(archive(f, &r).resumed);
        }
    /* Columns that are asked for, in that order, the generated one too. */
    static const char *const some[] = {"g", "Order", NULL}, *const wrong[] = {"order", NULL};
    prt_archive_request r = request(f, "a.b", "some.csv");
    r.schema = "My \"Schema";
    r.columns = some;
    archive(f, &r);
    char line[64] = "";
    FILE *file = fopen(prt_arena_printf(f->arena, "%s/some.csv", f->folder), "r");
    assert_int_equal(fread(line, 1, sizeof line - 1, file), 16);
    fclose(file);
    assert_string_equal(line, "g,Order\n2,1\n3,2\n");
    r.columns = wrong;
    r.url = url(f, "wrong.csv");
    refused(f, &r, NULL, "no column order");
    assert_false(there(f, "wrong.csv"));
}

static void
refuses_what_it_must_not_touch(void **state)
{
    fixture *f = *state;
    pg_sql(f->pg,
           "CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE TABLE other (a int); CREATE VIEW v AS TABLE t");
    prt_archive_request r = request(f, "missing", "a.csv");
    refused(f, &r, "p", "no table public.missing");
    r.name = "v";
    refused(f, &r, "p", "is no table");
    r.name = "t";
    r.oid = 1;
    refused(f, &r, "p", "another table now");
    r.oid = 0;
    r.url = url(f, "a.parquet");
    assert_int_equal(refused(f, &r, "p", "does not say its format").code, PRT_ERR_USAGE);
    r.url = "ftp://x/a.csv";
    assert_int_equal(refused(f, &r, "p", "no address").code, PRT_ERR_USAGE);
    assert_int_equal(rmdir(f->folder), 0); /* nothing was made */
    assert_int_equal(mkdir(f->folder, 0755), 0);

    r = request(f, "t", "a.csv");
    prt_archive_result first = archive(f, &r);
    r.name = "other";
    prt_error err = refused(f, &r, "p", "the manifest of another table: public.t");
    assert_int_equal(err.code, PRT_ERR_FAILED);
    assert_string_equal(err.object, "public.other");
    assert_non_null(strstr(err.hint, "another address"));
    assert_true(present(f, &first));

    /* An object that no archive of this table could be. */
    assert_int_equal(
        system(prt_arena_printf(f->arena, "echo mine > %s/b.csv; echo mine > %s/b.copy.zst", f->folder, f->folder)), 0);
    r = request(f, "t", "b.csv");
    refused(f, &r, "p", "no archive of this table");
    r = request(f, "t", "b.copy.zst");
    refused(f, &r, "p", "no archive of this table");
    assert_int_equal(system(prt_arena_printf(f->arena, "echo '{}' > %s/c.csv.manifest.json", f->folder)), 0);
    r = request(f, "t", "c.csv");
    refused(f, &r, "p", "version");
    /* Somebody's file, with the table's columns and without a manifest. */
    assert_int_equal(system(prt_arena_printf(f->arena, "printf 'a\\n7\\n' > %s/e.csv", f->folder)), 0);
    r = request(f, "t", "e.csv");
    refused(f, &r, "p", "not what the table's archive would be");
    assert_int_equal(system(prt_arena_printf(f->arena, "grep -q 7 %s/e.csv", f->folder)), 0);
    /* An archive is not its own manifest. */
    r = request(f, "t", "f.csv.manifest.json");
    r.format = "csv";
    refused(f, &r, "p", "the address of a manifest");
    assert_false(there(f, "f.csv.manifest.json"));
    r = request(f, "t", "d.csv");
    assert_int_equal(mkdir(prt_arena_printf(f->arena, "%s/d.csv", f->folder), 0755), 0);
    refused(f, &r, "p", "Is a directory");
}

static void
keeps_or_renews_an_archive_that_is_not_true_any_more(void **state)
{
    fixture *f = *state;
    pg_sql(f->pg, "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)");
    prt_archive_request r = request(f, "t", "a.csv");
    prt_archive_result first = archive(f, &r);
    pg_sql(f->pg, "INSERT INTO t VALUES (3)");
    refused(f, &r, NULL, "not of its rows as they are now");
    assert_true(present(f, &first));
    prt_archive_result second = archive(f, &r);
    assert_false(second.resumed);
    assert_int_equal(second.rows, 3);
    assert_false(present(f, &first));
    /* Damaged: one byte, the size as it was. */
    assert_int_equal(system(prt_arena_printf(f->arena, "sed -i s/3/4/ %s/a.csv", f->folder)), 0);
    refused(f, &r, NULL, "damaged");
    second = archive(f, &r);
    assert_false(second.resumed);
    /* As many rows as before, but not the same ones. */
    pg_sql(f->pg, "UPDATE t SET a = 30 WHERE a = 3");
    refused(f, &r, NULL, "not of its rows as they are now");
    assert_true(present(f, &second));
    prt_archive_result third = archive(f, &r);
    assert_false(third.resumed);
    assert_int_equal(system(prt_arena_printf(f->arena, "grep -q 30 %s/a.csv", f->folder)), 0);
    /* The rows that are gone from the table are nowhere else. */
    pg_sql(f->pg, "DELETE FROM t WHERE a = 30");
    refused(f, &r, "p", "not of its rows as they are now");
    pg_sql(f->pg, "TRUNCATE t");
    refused(f, &r, "p", "not of its rows as they are now");
    assert_true(present(f, &third));
    assert_int_equal(load(f, "a.csv", "t"), 3);
}

/* A leaf whose detach was interrupted is not read through its parent, but is dropped with it. */
static void
leaves_no_pending_leaf_behind(void **state)
{
    fixture *f = *state;
    prt_error err = {0};
    pg_sql(f->pg, "CREATE TABLE root (a int, b int) PARTITION BY RANGE (a);"
                  "CREATE TABLE t PARTITION OF root FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (b);"
                  "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (1) PARTITION BY RANGE (b);"
                  "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (1) TO (2);"
                  "CREATE TABLE other PARTITION OF t1 FOR VALUES FROM (0) TO (1);"
                  "INSERT INTO root VALUES (1, 0), (1, 1)");
    pg_sql(f->pg, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM root");
    assert_ok(prt_conn_timeouts(f->pg->conn, 0, 300, &err), &err);
    assert_false(prt_exec(f->pg->conn, "ALTER TABLE public.t1 DETACH PARTITION public.other CONCURRENTLY", &err));
    pg_sql(f->pg, "COMMIT; ALTER TABLE root DETACH PARTITION t");
    assert_int_equal(pg_number(f->pg, "SELECT count(*) FROM t"), 1);
    prt_archive_request r = request(f, "t", "a.csv");
    assert_non_null(strstr(refused(f, &r, "p", "the detach of public.other").hint, "FINALIZE"));
    assert_false(there(f, "a.csv"));
    pg_sql(f->pg, "ALTER TABLE t1 DETACH PARTITION other FINALIZE");
    assert_int_equal(archive(f, &r).rows, 1);
}

/* What a database or a role has set must not show in the rows. */
static void
rows_do_not_depend_on_settings(void **state)
{
    fixture *f = *state;
    prt_error err = {0};
    pg_sql(f->pg, "CREATE TABLE t AS SELECT 1 / 3::float8 AS d, 0.1::float4 AS r, point(1 / 3::float8, 0) AS p,"
                  "interval '-1 day 2:03:04' AS i, '1.23'::money AS m, timestamptz '2024-05-06 07:08:09+05' AS t,"
                  "ARRAY[NULL, 'NULL']::text[] AS a, '\\xff00'::bytea AS b, xmlcomment('x') AS x");
    const prt_conn_options odd = {
        .dsn = prt_arena_printf(
            f->arena,
            "%s options='-c extra_float_digits=-10 -c intervalstyle=sql_standard -c array_nulls=off "
            "-c xmloption=document -c datestyle=German -c timezone=Asia/Tokyo -c "
            "bytea_output=escape'",
            f->pg->dsn)};
    prt_archive_request r = request(f, "t", "a.csv");
    archive(f, &r);
    prt_conn *plain = f->pg->conn;
    f->pg->conn = pg_connect(f->pg, &odd);
    assert_true(archive(f, &r).resumed); /* the same bytes */
    pg_sql(f->pg, "CREATE TABLE back (LIKE t)");
    assert_int_equal(load(f, "a.csv", "back"), 1);
    assert_int_equal(pg_number(f->pg,
                               "SELECT count(*) FROM t, back WHERE t.d = back.d AND t.r = back.r AND t.p ~= back.p "
                               "AND t.i = back.i AND t.a IS NOT DISTINCT FROM back.a AND t.b = back.b AND "
                               "t.x::text = back.x::text AND t.t = back.t AND t.m = back.m"),
                     1);
    PGresult *shown = NULL;
    assert_ok(prt_query(f->pg->conn, "SHOW lc_monetary", 0, NULL, &shown, &err), &err);
    assert_string_equal(PQgetvalue(shown, 0, 0), "C");
    PQclear(shown);
    prt_conn_close(f->pg->conn);
    f->pg->conn = plain;
}

static void
needs_to_see_all_rows(void **state)
{
    fixture *f = *state;
    pg_sql(f->pg, "DROP ROLE IF EXISTS prt_reader; CREATE ROLE prt_reader LOGIN;"
                  "CREATE TABLE t AS SELECT i FROM generate_series(1, 10) AS i;"
                  "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY half ON t USING (i < 5);"
                  "GRANT SELECT ON t TO prt_reader");
    const prt_conn_options options = {.dsn = prt_arena_printf(f->arena, "%s user=prt_reader", f->pg->dsn)};
    const prt_archive_options none = {0};
    prt_conn *conn = pg_connect(f->pg, &options);
    prt_archive_request r = request(f, "t", "a.csv");
    prt_archive_result result;
    prt_error err = {0};
    assert_false(prt_archive_table(conn, f->arena, &r, &none, &result, &err));
    assert_string_equal(err.sqlstate, "42501");
    assert_non_null(strstr(err.hint, "BYPASSRLS"));
    prt_conn_close(conn);
    pg_sql(f->pg, "DROP TABLE t; DROP ROLE prt_reader");
    assert_int_equal(rmdir(f->folder), 0);
    assert_int_equal(mkdir(f->folder, 0755), 0);
}

/* A store that fails, or does something, at its n-th step. */

typedef enum fault {
    FAULT_ERROR,
    FAULT_KILL,      /* SIGKILL to this process */
    FAULT_INTERRUPT, /* as Ctrl-C */
    FAULT_BACKEND,   /* the server's process is ended */
} fault;

typedef struct faulty {
    prt_store store;
    prt_store *inner;
    int left;
    fault fault;
    pg_test *pg;
    volatile sig_atomic_t interrupt;
    const char *corrupt; /* a command that damages the file, before it is read back; NULL: none */
} faulty;

typedef struct faulty_writer {
    prt_writer writer;
    prt_writer *inner;
    faulty *of;
} faulty_writer;

static bool
step(faulty *s, prt_error *err)
{
    if (--s->left != 0)
        return true;
    switch (s->fault) {
    case FAULT_ERROR:
        return prt_fail(err, PRT_ERR_IO, "the storage failed");
    case FAULT_KILL:
        kill(getpid(), SIGKILL);
        break;
    case FAULT_INTERRUPT:
        s->interrupt = 1;
        break;
    case FAULT_BACKEND: {
        PGconn *other = PQconnectdb(s->pg->dsn); /* this may be the pipe's thread */
        PQclear(
            PQexec(other, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'"));
        PQfinish(other);
        break;
    }
    }
    return true;
}

static bool
faulty_write(prt_writer *writer, const void *bytes, size_t length, prt_error *err)
{
    faulty_writer *w = (faulty_writer *) writer;
    /* Half of it arrives. */
    if (w->of->left == 1 && w->of->fault <= FAULT_KILL && !w->inner->write(w->inner, bytes, length / 2, err))
        return false;
    return step(w->of, err) && w->inner->write(w->inner, bytes, length, err);
}

static void
faulty_abort(prt_writer *writer)
{
    faulty_writer *w = (faulty_writer *) writer;
    w->inner->abort(w->inner);
    free(w);
}

static bool
faulty_finish(prt_writer *writer, prt_error *err)
{
    faulty_writer *w = (faulty_writer *) writer;
    if (!step(w->of, err)) {
        faulty_abort(writer);
        return false;
    }
    bool ok = w->inner->finish(w->inner, err) && step(w->of, err);
    free(w);
    return ok;
}

static bool
faulty_put(prt_store *store, const char *address, prt_writer **out, prt_error *err)
{
    faulty *s = (faulty *) store;
    faulty_writer *w = calloc(1, sizeof *w);
    *w = (faulty_writer) {{faulty_write, faulty_finish, faulty_abort}, NULL, s};
    if (step(s, err) && s->inner->put(s->inner, address, &w->inner, err)) {
        *out = &w->writer;
        return true;
    }
    free(w);
    return false;
}

static bool
faulty_get(prt_store *store, const char *address, prt_reader **out, prt_error *err)
{
    faulty *s = (faulty *) store;
    if (s->corrupt != NULL)
        assert_int_equal(system(s->corrupt), 0);
    return step(s, err) && s->inner->get(s->inner, address, out, err);
}

static bool
faulty_stat(prt_store *store, const char *address, prt_object *out, prt_error *err)
{
    faulty *s = (faulty *) store;
    return step(s, err) && s->inner->stat(s->inner, address, out, err);
}

static bool
faulty_remove(prt_store *store, const char *address, prt_error *err)
{
    faulty *s = (faulty *) store;
    return step(s, err) && s->inner->remove(s->inner, address, err);
}

static faulty
make_faulty(const fixture *f, fault what, int left)
{
    faulty s = {
        .store = {faulty_put, faulty_get, faulty_stat, faulty_remove, NULL}, .left = left, .fault = what, .pg = f->pg};
    const prt_store_options options = {0};
    prt_error err = {0};
    assert_ok(prt_store_file(&options, &s.inner, &err), &err);
    return s;
}

static int
files(const fixture *f)
{
    int n = 0;
    FILE *list = popen(prt_arena_printf(f->arena, "ls -A %s | wc -l", f->folder), "r");
    assert_int_equal(fscanf(list, "%d", &n), 1);
    pclose(list);
    return n;
}

/* The same request with nothing in its way. */
static void
assert_recovers(const fixture *f, const prt_archive_request *r)
{
    prt_archive_result result = archive(f, r);
    assert_int_equal(result.rows, 30000);
    assert_true(present(f, &result));
    assert_int_equal(files(f), 2);
    assert_int_equal(system(prt_arena_printf(f->arena, "rm %s/*", f->folder)), 0);
}

/* One attempt with a fault at this step, over a session of its own. True: the step was reached. */
static bool
attempt(const fixture *f, fault what, int at, const prt_archive_request *r, bool *ok)
{
    faulty s = make_faulty(f, what, at);
    const prt_conn_options options = {.dsn = f->pg->dsn, .application_name = "victim", .interrupt = &s.interrupt};
    const prt_archive_options archiving = {.policy = "p"};
    prt_archive_result result;
    prt_error err = {0};
    prt_conn *conn = pg_connect(f->pg, &options);
    *ok = prt_archive_table_to(&s.store, conn, f->arena, r, &archiving, &result, &err);
    bool reached = s.left <= 0;
    if (!reached)
        assert_ok(*ok, &err);
    if (!*ok) {
        assert_string_equal(err.object, "public.t");
        assert_true(err.hint[0] != '\0');
        assert_int_equal(err.code, what == FAULT_ERROR       ? PRT_ERR_IO
                                   : what == FAULT_INTERRUPT ? PRT_ERR_INTERRUPTED
                                                             : PRT_ERR_CONNECT);
        if (what == FAULT_ERROR)
            assert_non_null(strstr(err.message, "public.t was not archived to file:///"));
        if (what == FAULT_ERROR) /* the session is as it was */
            assert_int_equal(PQtransactionStatus(prt_conn_raw(conn)), PQTRANS_IDLE);
    }
    s.inner->close(s.inner);
    prt_conn_close(conn);
    return reached;
}

static void
fill(const fixture *f)
{
    pg_sql(f->pg, "CREATE TABLE t AS SELECT i, md5(i::text) AS a FROM generate_series(1, 30000) AS i");
}

static void
survives_a_failure_at_every_step(void **state)
{
    fixture *f = *state;
    bool ok = false;
    fill(f);
    prt_archive_request r = request(f, "t", "a.csv");
    int at = 1;
    for (; attempt(f, FAULT_ERROR, at, &r, &ok); at++) {
        assert_false(ok);
        assert_false(there(f, "a.csv.manifest.json"));
        assert_recovers(f, &r);
    }
    assert_true(ok);
    assert_true(at > 10);
}

static void
stops_at_every_step(void **state)
{
    fixture *f = *state;
    bool ok = false;
    fill(f);
    prt_archive_request r = request(f, "t", "a.copy.zst");
    for (int at = 1; attempt(f, FAULT_INTERRUPT, at, &r, &ok); at++)
        assert_recovers(f, &r);
    assert_true(ok);
    /* A lost session is not needed any more when the rows are out. */
    assert_recovers(f, &r);
    for (int at = 1; attempt(f, FAULT_BACKEND, at, &r, &ok); at++) {
        if (!ok)
            assert_false(there(f, "a.copy.zst.manifest.json"));
        assert_recovers(f, &r);
    }
    assert_true(ok);
}

static void
resumes_after_a_kill_at_every_step(void **state)
{
    fixture *f = *state;
    fill(f);
    prt_archive_request r = request(f, "t", "a.csv.zst");
    for (int at = 1;; at++) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            faulty s = make_faulty(f, FAULT_KILL, at);
            const prt_conn_options options = {.dsn = f->pg->dsn};
            const prt_archive_options archiving = {0};
            prt_archive_result result;
            prt_error err = {0};
            prt_conn *conn;
            _exit(!prt_conn_open(&options, &conn, &err) ||
                  !prt_archive_table_to(&s.store, conn, f->arena, &r, &archiving, &result, &err));
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        if (WIFEXITED(status)) {
            assert_int_equal(WEXITSTATUS(status), 0);
            assert_true(at > 10);
            break;
        }
        assert_int_equal(WTERMSIG(status), SIGKILL);
        assert_recovers(f, &r);
    }
}

static void
finds_out_what_was_changed_in_the_store(void **state)
{
    fixture *f = *state;
    static const char *const ways[] = {"printf x >>", "truncate -s -1", "sed -i s/a/b/", ": >"};
    fill(f);
    prt_archive_request r = request(f, "t", "a.csv");
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        faulty s = make_faulty(f, FAULT_ERROR, 0);
        const prt_archive_options options = {0};
        prt_archive_result result;
        prt_error err = {0};
        s.corrupt = prt_arena_printf(f->arena, "%s %s/a.csv", ways[i], f->folder);
        assert_false(prt_archive_table_to(&s.store, f->pg->conn, f->arena, &r, &options, &result, &err));
        assert_non_null(strstr(err.message, "not what was written"));
        assert_int_equal(files(f), 0);
        s.inner->close(s.inner);
    }
    assert_recovers(f, &r);
}

/* Another partrun, with another table, is given the same address, and has its manifest there first. */
static void
leaves_the_manifest_of_another(void **state)
{
    fixture *f = *state;
    fill(f);
    pg_sql(f->pg, "CREATE TABLE other AS SELECT 1 AS i, ''::text AS a");
    prt_archive_request r = request(f, "other", "other.csv");
    archive(f, &r);
    r = request(f, "t", "a.csv");
    faulty s = make_faulty(f, FAULT_ERROR, 0);
    const prt_archive_options options = {.policy = "p"};
    prt_archive_result result;
    prt_error err = {0};
    s.corrupt = prt_arena_printf(f->arena, "cp %s/other.csv.manifest.json %s/a.csv.manifest.json", f->folder,
                                 f->folder);
    assert_false(prt_archive_table_to(&s.store, f->pg->conn, f->arena, &r, &options, &result, &err));
    assert_non_null(strstr(err.message, "exists already"));
    s.inner->close(s.inner);
    assert_true(there(f, "a.csv.manifest.json"));
    refused(f, &r, "p", "the manifest of another table: public.other");
}

/* A file that grows over a limit, as on a full disk; in a process of its own. */
static void
says_that_the_disk_is_full(void **state)
{
    fixture *f = *state;
    int pipes[2], status;
    prt_error err = {0};
    fill(f);
    prt_archive_request r = request(f, "t", "a.csv");
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit limit = {500 * 1000, 500 * 1000};
        const prt_conn_options options = {.dsn = f->pg->dsn};
        const prt_archive_options archiving = {0};
        prt_archive_result result;
        prt_conn *conn;
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        bool ok = prt_conn_open(&options, &conn, &err) &&
                  prt_archive_table(conn, f->arena, &r, &archiving, &result, &err);
        ssize_t sent = write(pipes[1], &err, sizeof err);
        _exit(ok || sent != sizeof err);
    }
    close(pipes[1]);
    assert_int_equal(read(pipes[0], &err, sizeof err), sizeof err);
    close(pipes[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(err.code, PRT_ERR_IO);
    assert_non_null(strstr(err.message, "File too large"));
    assert_non_null(strstr(err.hint, "ulimit"));
    assert_int_equal(files(f), 0);
    assert_recovers(f, &r);
}

typedef struct waiter {
    fixture *f;
    prt_arena *arena; /* of its thread */
    prt_archive_request request;
    prt_archive_result result;
    prt_error err;
    bool ok;
} waiter;

static void *
archive_meanwhile(void *data)
{
    waiter *w = data;
    static const prt_archive_options options = {0};
    w->ok = prt_conn_timeouts(w->f->pg->conn, 60000, 1000, &w->err) &&
            prt_archive_table(w->f->pg->conn, w->arena, &w->request, &options, &w->result, &w->err);
    return NULL;
}

/* In a snapshot older than the ALTER the rewritten table would be empty, and an empty archive would be "proven". */
static void
waits_for_a_rewrite_and_then_sees_its_rows(void **state)
{
    fixture *f = *state;
    waiter w = {.f = f, .arena = prt_arena_new(), .request = request(f, "t", "a.csv")};
    pthread_t thread;
    pg_sql(f->pg, "CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) AS i");
    pg_sql(f->pg, "BEGIN; ALTER TABLE t ALTER COLUMN i TYPE bigint; INSERT INTO t VALUES (0)");
    assert_int_equal(pthread_create(&thread, NULL, archive_meanwhile, &w), 0);
    while (pg_number(f->pg, "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 't'::regclass") == 0)
        usleep(10000);
    pg_sql(f->pg, "COMMIT");
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ok(w.ok, &w.err);
    assert_int_equal(w.result.rows, 1001);
    prt_arena_free(w.arena);
    /* The session's limits are as they were. */
    PGresult *shown = NULL;
    assert_ok(prt_query(f->pg->conn, "SHOW statement_timeout", 0, NULL, &shown, &w.err), &w.err);
    assert_string_equal(PQgetvalue(shown, 0, 0), "1s");
    PQclear(shown);
    /* And a lock that does not come in time is an error that can be retried. */
    assert_ok(prt_conn_timeouts(f->pg->conn, 50, 1000, &w.err), &w.err);
    pg_sql(f->pg, "BEGIN; LOCK TABLE t");
    prt_archive_request r = request(f, "t", "b.csv");
    assert_string_equal(refused(f, &r, NULL, "lock timeout").sqlstate, "55P03");
    pg_sql(f->pg, "ROLLBACK");
}

static void
tell(void *data, const prt_archive_progress *progress)
{
    prt_archive_progress *last = data;
    if (!progress->verifying) {
        assert_true(progress->rows >= last->rows && progress->bytes >= last->bytes);
        *last = *progress;
    }
}

/* AddressSanitizer keeps what was freed, for a while. */
#if defined(__SANITIZE_ADDRESS__)
enum { MOST_KIB = 1024 * 1024 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { MOST_KIB = 1024 * 1024 };
#else
enum { MOST_KIB = 64 * 1024 };
#endif
#else
enum { MOST_KIB = 64 * 1024 };
#endif

/* 300 MB of rows, in a process of its own. */
static void
takes_little_memory(void **state)
{
    fixture *f = *state;
    pg_sql(f->pg, "CREATE UNLOGGED TABLE big (i int, a text); ALTER TABLE big ALTER a SET STORAGE EXTERNAL;"
                  "INSERT INTO big SELECT i, r.a FROM generate_series(1, 3000) AS i, "
                  "(SELECT string_agg(md5(k::text), '') AS a FROM generate_series(1, 3000) AS k) AS r");
    pid_t child = fork();
    int status;
    if (child == 0) {
        const prt_conn_options options = {.dsn = f->pg->dsn};
        prt_archive_progress last = {0};
        const prt_archive_options archiving = {.progress = tell, .progress_data = &last};
        prt_archive_request r = request(f, "big", "big.copy.zst");
        prt_archive_result result;
        prt_error err = {0};
        prt_conn *conn;
        struct rusage used;
        bool ok = prt_conn_open(&options, &conn, &err) &&
                  prt_archive_table(conn, f->arena, &r, &archiving, &result, &err) && result.rows == 3000;
        getrusage(RUSAGE_SELF, &used);
        if (!ok || used.ru_maxrss > MOST_KIB)
            fprintf(stderr, "%s, %ld KiB\n", err.message, used.ru_maxrss);
        _exit(!ok || used.ru_maxrss > MOST_KIB);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(holds_every_row_in_every_format),
        TEST(stores_no_second_time_what_is_proven),
        TEST(takes_tables_of_every_shape),
        TEST(refuses_what_it_must_not_touch),
        TEST(keeps_or_renews_an_archive_that_is_not_true_any_more),
        TEST(leaves_no_pending_leaf_behind),
        TEST(rows_do_not_depend_on_settings),
        TEST(needs_to_see_all_rows),
        TEST(survives_a_failure_at_every_step),
        TEST(stops_at_every_step),
        TEST(resumes_after_a_kill_at_every_step),
        TEST(finds_out_what_was_changed_in_the_store),
        TEST(leaves_the_manifest_of_another),
        TEST(says_that_the_disk_is_full),
        TEST(waits_for_a_rewrite_and_then_sees_its_rows),
        TEST(takes_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
