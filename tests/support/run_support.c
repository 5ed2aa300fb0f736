#include "support/run_support.h"

#include <stdio.h>
#include <stdlib.h>

prt_spec *
run_spec(pg_test *t, const char *table, const char *interval)
{
    prt_error err = {0};
    prt_spec *spec = PRT_NEW(t->arena, prt_spec);
    prt_spec_init(spec);
    spec->name = table;
    spec->file = "test";
    spec->tables = prt_arena_array(t->arena, 2, sizeof *spec->tables);
    spec->tables[0] = table;
    spec->tables_length = 1;
    char *end;
    spec->id_step = strtoll(interval, &end, 10);
    spec->by_id = *end == '\0';
    if (!spec->by_id)
        assert_ok(prt_interval_parse(interval, &spec->interval, &err), &err);
    return spec;
}

void
run_retention(prt_spec *spec, const char *age, prt_cleanup cleanup)
{
    prt_error err = {0};
    spec->retention.kind = PRT_KEEP_AGE;
    assert_ok(prt_interval_parse(age, &spec->retention.age, &err), &err);
    spec->cleanup = cleanup;
    spec->max_drop.kind = PRT_DROP_ALL;
}

prt_run_options
run_options(const char *now)
{
    prt_run_options options = {0};
    prt_error err = {0};
    options.has_now = now != NULL;
    if (now != NULL)
        assert_ok(prt_instant_parse(now, &options.now, &err), &err);
    return options;
}

bool
run_try(pg_test *t, prt_conn *conn, const prt_spec *spec, const prt_run_options *options, prt_result **out,
        prt_error *err)
{
    return prt_run_apply(conn, t->arena, &spec, 1, options, out, err);
}

prt_result *
run_apply(pg_test *t, const prt_spec *spec, const prt_run_options *options)
{
    prt_error err = {0};
    prt_result *result = NULL;
    assert_ok(run_try(t, t->conn, spec, options, &result, &err), &err);
    return result;
}

static void
print_failures(const prt_result *result)
{
    for (size_t s = 0; s < result->plan->sets.length; s++) {
        const prt_set *set = &result->plan->sets.items[s];
        for (size_t i = 0; i < set->operations.length; i++) {
            const prt_outcome *outcome = &result->outcomes[s][i];
            print_message("%s %s %s: %s %s (%d attempts)\n", prt_op_names[set->operations.items[i].op],
                          set->operations.items[i].name, prt_status_names[outcome->status], outcome->error.message,
                          outcome->error.sqlstate, outcome->attempts);
        }
        for (size_t i = 0; i < set->findings.length; i++)
            print_message("finding %s: %s\n", prt_finding_names[set->findings.items[i].code],
                          set->findings.items[i].message);
    }
}

void
run_expect(const prt_result *result, size_t done, size_t failed, size_t skipped)
{
    if (result->done == done && result->failed == failed && result->skipped == skipped)
        return;
    print_failures(result);
    fail_msg("done %zu, failed %zu, skipped %zu instead of %zu, %zu, %zu", result->done, result->failed,
             result->skipped, done, failed, skipped);
}

void
run_settle(pg_test *t, const prt_spec *spec, const prt_run_options *options)
{
    for (int i = 0; i < 4; i++) {
        prt_result *result = run_apply(t, spec, options);
        if (prt_plan_operations(result->plan) == 0)
            return;
        if (result->failed > 0)
            print_failures(result);
    }
    fail_msg("there is always something left to do");
}

const prt_outcome *
run_outcome(const prt_result *result, prt_status status)
{
    for (size_t s = 0; s < result->plan->sets.length; s++)
        for (size_t i = 0; i < result->plan->sets.items[s].operations.length; i++)
            if (result->outcomes[s][i].status == status)
                return &result->outcomes[s][i];
    return NULL;
}

bool
run_has_finding(const prt_plan *plan, prt_finding_code code)
{
    for (size_t s = 0; s < plan->sets.length; s++)
        for (size_t i = 0; i < plan->sets.items[s].findings.length; i++)
            if (plan->sets.items[s].findings.items[i].code == code)
                return true;
    return false;
}

const char *
run_partitions(pg_test *t, const char *table)
{
    return pg_value(t,
                    "SELECT coalesce(string_agg(c.relname || ' ' || pg_get_expr(c.relpartbound, c.oid), '; ' ORDER BY "
                    "c.relname), '') FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = "
                    "'%s'::regclass",
                    table);
}

long
run_count(pg_test *t, const char *table)
{
    return pg_number(t, "SELECT count(*) FROM pg_inherits WHERE inhparent = '%s'::regclass", table);
}

const char *
run_catalog(pg_test *t, const char *schemas)
{
    pg_sql(t, "CREATE OR REPLACE FUNCTION pg_temp.rows_of(t regclass) RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE n "
              "bigint; "
              "BEGIN EXECUTE 'SELECT count(*) FROM ' || t INTO n; RETURN n; END $$");
    return pg_value(
        t,
        "WITH tables AS (SELECT n.nspname || '.' || c.relname AS name, c.* FROM pg_class c JOIN pg_namespace n ON "
        "n.oid = "
        "c.relnamespace WHERE n.nspname IN (%s) AND c.relkind IN ('r', 'p')) "
        "SELECT coalesce(string_agg(line, E'\n' ORDER BY line), '') FROM ("
        "SELECT concat_ws(' ', 'table', name, relkind, pg_get_userbyid(relowner), relispartition, "
        "pg_get_expr(relpartbound, oid), relreplident, regexp_replace(obj_description(oid, 'pg_class'), "
        "'\"(oid|since)\": *[^,}]*', '', 'g'), (SELECT i.inhparent::regclass::text || i.inhdetachpending FROM "
        "pg_inherits "
        "i WHERE i.inhrelid = tables.oid), 'rows', pg_temp.rows_of(oid)) FROM tables "
        "UNION ALL SELECT concat_ws(' ', 'constraint', name, k.conname, pg_get_constraintdef(k.oid), k.convalidated, "
        "k.coninhcount) FROM tables JOIN pg_constraint k ON k.conrelid = tables.oid WHERE k.contype <> 'n' "
        "UNION ALL SELECT concat_ws(' ', 'index', name, pg_get_indexdef(x.indexrelid), x.indisvalid, (SELECT "
        "h.inhparent::regclass::text FROM pg_inherits h WHERE h.inhrelid = x.indexrelid)) FROM tables JOIN pg_index x "
        "ON "
        "x.indrelid = tables.oid) AS l(line)",
        schemas);
}

long
run_advisory_locks(pg_test *t)
{
    return pg_number(t, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' "
                        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())");
}
