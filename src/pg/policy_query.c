#include "pg/policy_query.h"

#include <string.h>

bool
prt_ends_the_run(const prt_error *err)
{
    return err->code == PRT_ERR_CONNECT || err->code == PRT_ERR_INTERRUPTED;
}

/* What commonly goes wrong, for somebody who tried the query in a session of another search_path. */
static void
explain(prt_error *err)
{
    if (strcmp(err->sqlstate, "42P01") == 0)
        prt_fail_hint(err, "write tables with their schema: nothing but pg_catalog is on the search_path");
    else if (strcmp(err->sqlstate, "57014") == 0)
        prt_fail_hint(err, "raise the policy's `statement_timeout`, or make the query cheaper");
    else if (strcmp(err->sqlstate, "25006") == 0)
        prt_fail_hint(err, "a policy's query may only read");
}

bool
prt_policy_query(prt_conn *conn, const prt_spec *spec, const prt_run_options *options, const char *sql, int params,
                 const char *const *values, PGresult **out, prt_error *err)
{
    int64_t lock = options->lock_timeout_ms > 0 ? options->lock_timeout_ms : spec->lock_timeout_ms;
    int64_t statement = options->statement_timeout_ms > 0 ? options->statement_timeout_ms : spec->statement_timeout_ms;
    prt_error ignored = {0};
    *out = NULL;
    if (!prt_conn_timeouts(conn, lock, statement, err) || !prt_exec(conn, "BEGIN READ ONLY", err))
        return false;
    bool ok = prt_query(conn, sql, params, values, out, err);
    bool ended = prt_exec(conn, "ROLLBACK", &ignored);
    if (!ended && err->code == PRT_OK)
        *err = ignored;
    if (ok && ended)
        return true;
    PQclear(*out);
    *out = NULL;
    explain(err);
    return false;
}
