/* A policy's own SQL: of tables, tenants, values. */
#ifndef PRT_PG_POLICY_QUERY_H
#define PRT_PG_POLICY_QUERY_H

#include "pg/run.h"

/*
 * Runs it where it can do no harm: in a read-only transaction that is rolled back, under the policy's timeouts (which
 * stay set) or those of the options. The error is the policy's alone unless prt_ends_the_run says otherwise.
 */
PRT_NODISCARD bool prt_policy_query(prt_conn *conn, const prt_spec *spec, const prt_run_options *options,
                                    const char *sql, int params, const char *const *values, PGresult **out,
                                    prt_error *err);
/* The connection is lost, or somebody asked to stop. */
bool prt_ends_the_run(const prt_error *err);

#endif
