/* partrun.archive and partrun.restore, from Lua on a real server. */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/lua_support.h"

static const char *const files[] = {"t.csv.zst", "some.csv.gz", "odd"};

static void
archives_and_restores(void **state)
{
    lua_test *t = *state;
    char folder[] = "/tmp/partrun-lua-XXXXXX";
    assert_non_null(mkdtemp(folder));
    pg_sql(t->pg, "CREATE TABLE p (at date, v text) PARTITION BY RANGE (at);"
                  "CREATE TABLE t PARTITION OF p FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');"
                  "INSERT INTO p SELECT '2025-01-05', n FROM generate_series(1, 100) n");
    lua_pushfstring(t->L, "file://%s/", folder);
    lua_setglobal(t->L, "url");
    lua_run(
        t,
        "local a = assert(partrun.archive(db, 't', url .. 't.csv.zst'))\n"
        "assert(a.url == url .. 't.csv.zst' and a.rows == 100 and a.bytes > 0 and #a.sha256 == 64 and not a.resumed)\n"
        "assert(assert(partrun.archive(db, 't', a.url)).resumed)\n"
        "assert(assert(partrun.archive(db, 'public.t', url .. 'some.csv.gz', { columns = { 'v' } })).rows == 100)\n"
        "assert(assert(partrun.archive(db, 't', url .. 'odd', { format = 'copy' })).rows == 100)\n"
        "fails('failed', 'there is no such table', partrun.archive(db, 'nope', url .. 'x.csv'))\n"
        "fails('usage', 'does not say its format', partrun.archive(db, 't', url .. 'x.txt'))\n"
        "fails('usage', 'no address', partrun.archive(db, 't', 'nonsense'))\n"
        "raises('there is no option .*columns', partrun.archive, db, 't', url .. 'x.csv', { column = {} })\n"
        "raises('list of names', partrun.archive, db, 't', url .. 'x.csv', { columns = { 1 } })\n"
        "local r = assert(partrun.restore(db, a.url, { into = '\"My\"' }))\n"
        "assert(r.table == 'public.\"My\"' and r.schema == 'public' and r.name == 'My' and r.rows == 100)\n"
        "assert(r.parent == nil)\n"
        "fails('failed', 'already', partrun.restore(db, a.url))\n"
        "fails('sql', 'overlap', partrun.restore(db, a.url, { into = 'u', attach = true }))\n"
        "assert(db:exec 'DROP TABLE public.t')\n"
        "r = assert(partrun.restore(db, url .. 'odd.manifest.json', { attach = true, lock_timeout = '1 s' }))\n"
        "assert(r.parent == 'public.p' and r.name == 't')\n"
        "assert(db:query('SELECT count(*) AS n FROM public.p')[1].n == 100)\n"
        "raises('parent goes with attach', partrun.restore, db, a.url, { parent = 'p' })\n"
        "raises('attach is true or false', partrun.restore, db, a.url, { attach = 'p' })\n"
        "raises('into', partrun.restore, db, a.url, { into = 'a.b.c' })\n"
        "fails('failed', 'there is no manifest', partrun.restore(db, url .. 'none.csv'))\n"
        "db:transaction(function()\n"
        "  raises('part of a transaction', partrun.archive, db, 't', url .. 'y.csv')\n"
        "  raises('part of a transaction', partrun.restore, db, a.url)\n"
        "end)\n"
        "db:close()\n"
        "raises('connection is closed', partrun.restore, db, a.url)");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        assert_int_equal(remove(prt_arena_printf(t->pg->arena, "%s/%s", folder, files[i])), 0);
        assert_int_equal(remove(prt_arena_printf(t->pg->arena, "%s/%s.manifest.json", folder, files[i])), 0);
    }
    assert_int_equal(rmdir(folder), 0); /* and nothing else was left */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(archives_and_restores, lua_test_setup, lua_test_teardown),
    };
    return cmocka_run_group_tests_name("pg/lua_archive", tests, NULL, NULL);
}
