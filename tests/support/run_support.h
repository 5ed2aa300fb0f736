/* For tests of runs on a real server: policies by hand, one call to apply, and the catalog as one text to compare. */
#ifndef PRT_TESTS_RUN_SUPPORT_H
#define PRT_TESTS_RUN_SUPPORT_H

#include "pg/run.h"
#include "support/pg_support.h"

/* A policy with every default for one table; `interval` as in a policy file, or a number for ids. */
prt_spec *run_spec(pg_test *t, const char *table, const char *interval);
/* Retention by age with this cleanup. */
void run_retention(prt_spec *spec, const char *age, prt_cleanup cleanup);
/* Options with this instant as now; NULL: the server's clock. */
prt_run_options run_options(const char *now);

/* Applies one policy with t->conn; a run that fails as a whole fails the test. */
prt_result *run_apply(pg_test *t, const prt_spec *spec, const prt_run_options *options);
/* The same with any session; false and `err` when the run fails. */
bool run_try(pg_test *t, prt_conn *conn, const prt_spec *spec, const prt_run_options *options, prt_result **out,
             prt_error *err);
/* Fails the test unless the run ended with these counts; what failed is printed. */
void run_expect(const prt_result *result, size_t done, size_t failed, size_t skipped);
/* Applies until nothing is left to do, at most a few times; fails the test when something is left. */
void run_settle(pg_test *t, const prt_spec *spec, const prt_run_options *options);
/* The first outcome with this status; NULL: none. */
const prt_outcome *run_outcome(const prt_result *result, prt_status status);
bool run_has_finding(const prt_plan *plan, prt_finding_code code);

/* The partitions of a table, "name bound; name bound", in the order of their names. */
const char *run_partitions(pg_test *t, const char *table);
long run_count(pg_test *t, const char *table); /* partitions, attached or pending */
long run_advisory_locks(pg_test *t);           /* held in the test's database, by anyone */
/*
 * Everything about the tables of the schemas given ('a', 'b') that a run can change, as one text: bounds, comments,
 * constraints, indexes, owners, rows; oids left out.
 */
const char *run_catalog(pg_test *t, const char *schemas);

#endif
