/* check --deep: inserts that are rolled back, and pruning. */
#include "support/run_support.h"

static const char now[] = "2025-01-10 12:00:00Z";

static prt_plan *
look(pg_test *t, prt_conn *conn, const prt_spec *spec)
{
    prt_run_options options = run_options(now);
    options.plan.checking = true;
    prt_plan *plan = NULL;
    prt_error err = {0};
    assert_ok(prt_run_plan(conn, t->arena, &spec, 1, &options, &plan, &err), &err);
    assert_ok(prt_run_deep(conn, plan, &err), &err);
    return plan;
}

static const prt_finding *
find(const prt_plan *plan, prt_finding_code code)
{
    for (size_t s = 0; s < plan->sets.length; s++)
        for (size_t i = 0; i < plan->sets.items[s].findings.length; i++)
            if (plan->sets.items[s].findings.items[i].code == code)
                return &plan->sets.items[s].findings.items[i];
    return NULL;
}

#define EVENTS                                                                                                       \
    "CREATE TYPE mood AS ENUM ('fine', 'bad'); CREATE DOMAIN short AS varchar(3) NOT NULL; "                         \
    "CREATE TABLE events (id bigserial, at timestamptz NOT NULL, kind text NOT NULL CHECK (kind <> ''), u uuid NOT " \
    "NULL, "                                                                                                         \
    "j jsonb NOT NULL, m mood NOT NULL, n numeric(3, 1) NOT NULL, a int[] NOT NULL, s short, b bytea NOT NULL, i "   \
    "interval "                                                                                                      \
    "NOT NULL, d int GENERATED ALWAYS AS (1) STORED, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); "

static prt_spec *
make_events(pg_test *t)
{
    pg_sql(t, EVENTS);
    prt_spec *spec = run_spec(t, "public.events", "1 day");
    prt_run_options options = run_options(now);
    run_expect(run_apply(t, spec, &options), 5, 0, 0);
    return spec;
}

static void
test_a_good_table_has_nothing_to_find_and_keeps_nothing(void **state)
{
    pg_test *t = *state;
    prt_spec *spec = make_events(t);
    pg_sql(t,
           "CREATE TABLE fired (i int); CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
           "set_config('a.b', 'c', false); RAISE 'fired'; END $$; CREATE TRIGGER fire BEFORE INSERT ON events FOR EACH "
           "ROW EXECUTE FUNCTION fire()");
    prt_plan *plan = look(t, t->conn, spec);
    assert_int_equal(prt_plan_findings(plan, PRT_SEVERITY_INFO), 0);
    assert_int_equal(pg_number(t, "SELECT count(*) FROM events"), 0);
    assert_int_equal(pg_number(t, "SELECT is_called::int FROM events_id_seq"), 0);
    assert_int_equal(PQtransactionStatus(prt_conn_raw(t->conn)), PQTRANS_IDLE);
}

static void
test_a_missing_partition_is_an_error(void **state)
{
    pg_test *t = *state;
    prt_spec *spec = make_events(t);
    pg_sql(t, "DROP TABLE events_p20250110");
    const prt_finding *finding = find(look(t, t->conn, spec), PRT_FINDING_MISSING);
    assert_non_null(finding);
    assert_int_equal(finding->severity, PRT_SEVERITY_ERROR);
}

static void
test_pruning_switched_off_is_found(void **state)
{
    pg_test *t = *state;
    prt_spec *spec = make_events(t);
    pg_sql(t, "ALTER DATABASE %s SET enable_partition_pruning = off", t->database);
    prt_conn *conn = pg_connect(t, NULL);
    const prt_finding *finding = find(look(t, conn, spec), PRT_FINDING_UNSUPPORTED_KEY);
    prt_conn_close(conn);
    assert_non_null(finding);
    assert_int_equal(finding->severity, PRT_SEVERITY_WARNING);
    assert_non_null(strstr(finding->message, "reads 5 partitions of 5"));
}

static void
test_triggers_never_fire_for_an_ordinary_user(void **state)
{
    pg_test *t = *state;
    prt_spec *spec = make_events(t);
    pg_sql(t, "DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN; GRANT ALL ON events TO plain; "
              "CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'fired'; END $$; "
              "CREATE TRIGGER fire BEFORE INSERT ON events_p20250110 FOR EACH ROW EXECUTE FUNCTION fire()");
    prt_conn_options mine = {.dsn = prt_arena_printf(t->arena, "dbname=%s user=plain", t->database)};
    prt_conn *conn = pg_connect(t, &mine);
    const prt_finding *finding = find(look(t, conn, spec), PRT_FINDING_PRIVILEGES);
    assert_non_null(finding);
    assert_int_equal(finding->severity, PRT_SEVERITY_INFO);
    assert_non_null(strstr(finding->message, "triggers would fire"));
    pg_sql(t, "DROP TRIGGER fire ON events_p20250110");
    assert_null(find(look(t, conn, spec), PRT_FINDING_PRIVILEGES));
    pg_sql(t, "REVOKE INSERT ON events FROM plain");
    finding = find(look(t, conn, spec), PRT_FINDING_PRIVILEGES);
    assert_non_null(finding);
    assert_non_null(strstr(finding->message, "permission denied"));
    prt_conn_close(conn);
    pg_sql(t, "DROP OWNED BY plain; DROP ROLE plain");
}

static void
test_ids_and_branches(void **state)
{
    pg_test *t = *state;
    pg_sql(t, "CREATE TABLE ledger (id int PRIMARY KEY, v int) PARTITION BY RANGE (id); "
              "CREATE TABLE tenants (k text, at date) PARTITION BY LIST (k); "
              "CREATE TABLE tenants_a PARTITION OF tenants FOR VALUES IN ('a') PARTITION BY RANGE (at)");
    prt_run_options options = run_options(now);
    const prt_spec *specs[] = {run_spec(t, "public.ledger", "100"), run_spec(t, "public.tenants", "1 month")};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run_apply(t, specs[i], &options)->failed, 0);
        assert_int_equal(prt_plan_findings(look(t, t->conn, specs[i]), PRT_SEVERITY_INFO), 0);
    }
    pg_sql(t, "INSERT INTO ledger SELECT i FROM generate_series(0, 499) i");
    assert_non_null(find(look(t, t->conn, specs[0]), PRT_FINDING_MISSING));
}

int
main(void)
{
#define PG_TEST(f) cmocka_unit_test_setup_teardown(f, pg_test_setup, pg_test_teardown)
    const struct CMUnitTest tests[] = {
        PG_TEST(test_a_good_table_has_nothing_to_find_and_keeps_nothing),
        PG_TEST(test_a_missing_partition_is_an_error),
        PG_TEST(test_pruning_switched_off_is_found),
        PG_TEST(test_triggers_never_fire_for_an_ordinary_user),
        PG_TEST(test_ids_and_branches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
