#include "archive/restore_build.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "model/ident.h"
#include "pg/result.h"
#include "pg/retry.h"

enum { ATTEMPTS = 6, SLICE_NS = 20 * 1000 * 1000 };

/* The extended protocol takes one statement: a text from a manifest cannot bring a second one along. */
bool
prt_build_run(prt_builder *b, const char *sql, prt_error *err)
{
    PGresult *result = NULL;
    bool ok = prt_query(b->conn, sql, 0, NULL, &result, err);
    PQclear(result);
    return ok;
}

/* The server refused it, and the transaction can go on from a savepoint. */
static bool
can_go_on(const prt_builder *b, const prt_error *err)
{
    return err->code == PRT_ERR_SQL && PQtransactionStatus(prt_conn_raw(b->conn)) == PQTRANS_INERROR;
}

static bool
take_back(prt_builder *b, prt_error *err)
{
    return prt_build_run(b, "ROLLBACK TO SAVEPOINT partrun", err) && prt_build_run(b, "RELEASE SAVEPOINT partrun", err);
}

static void
warn(const prt_builder *b, const char *what, const prt_error *why)
{
    const prt_field fields[] = {{"table", prt_ident_display(b->arena, b->rebuild.schema, b->rebuild.name)},
                                {"sqlstate", why->sqlstate},
                                {NULL, NULL}};
    if (b->log != NULL)
        prt_log_write(b->log, PRT_WARNING,
                      prt_arena_printf(b->arena, "the table comes back without %s: %s", what, why->message), fields);
}

static bool
run_optional(prt_builder *b, const prt_rebuild_step *step, prt_error *err)
{
    prt_error why = {0};
    if (!prt_build_run(b, "SAVEPOINT partrun", err))
        return false;
    if (prt_build_run(b, step->sql, &why))
        return prt_build_run(b, "RELEASE SAVEPOINT partrun", err);
    if (!can_go_on(b, &why)) {
        *err = why;
        return false;
    }
    warn(b, step->what, &why);
    return take_back(b, err);
}

static const char *
type_list(const prt_builder *b)
{
    const char *list = "";
    for (const char **type = b->rebuild.definition->types; *type != NULL; type++)
        list = prt_arena_printf(b->arena, "%s%s%s", list, list[0] == '\0' ? "" : ", ", *type);
    return list;
}

/* What a failed step means to somebody who restores. */
static void
explain(const prt_builder *b, const prt_rebuild_step *step, prt_error *err)
{
    prt_fail_object(err, "%s", step->what);
    if (err->hint[0] != '\0' || err->code != PRT_ERR_SQL)
        return;
    if (strcmp(err->sqlstate, "42704") == 0 && b->rebuild.definition->types[0] != NULL)
        prt_fail_hint(err, "the table needs these types: %s; make those that are missing, then restore again",
                      type_list(b));
    else if (strcmp(err->sqlstate, "3F000") == 0)
        prt_fail_hint(err, "make the schema first, or restore the table into another one");
    else if (strcmp(err->sqlstate, "42501") == 0)
        prt_fail_hint(err,
                      "the role needs CREATE on the schema, and USAGE on those of the table's types and functions");
    else if (strncmp(err->sqlstate, "42", 2) == 0)
        prt_fail_hint(err, "the table's definition needs what this database does not have: see \"definition\" in the "
                           "archive's manifest");
}

bool
prt_build_steps(prt_builder *b, prt_rebuild_steps steps, prt_error *err)
{
    for (size_t i = 0; i < steps.length; i++) {
        const prt_rebuild_step *step = &steps.items[i];
        bool ok = step->optional ? run_optional(b, step, err) : prt_build_run(b, step->sql, err);
        if (!ok) {
            explain(b, step, err);
            return false;
        }
    }
    return true;
}

/* -------------------------------------------------------------------------------------------------- attachment */

static bool
interrupted(const prt_builder *b)
{
    const prt_conn_options *options = prt_conn_options_of(b->conn);
    return options->interrupt != NULL && *options->interrupt != 0;
}

static void
sleep_for(const prt_builder *b, int64_t usec)
{
    const struct timespec slice = {.tv_nsec = SLICE_NS};
    for (int64_t end = prt_clock_monotonic() + usec; !interrupted(b) && prt_clock_monotonic() < end;)
        nanosleep(&slice, NULL);
}

/* ATTACH inside a savepoint, which stays open; again while its locks are not to be had. */
static bool
attach(prt_builder *b, prt_error *err)
{
    const char *sql = prt_rebuild_attach(b->arena, &b->rebuild, b->parent_schema, b->parent_name, b->bound);
    uint64_t random = (uint64_t) prt_clock_wall();
    for (int attempt = 1;; attempt++) {
        prt_error why = {0};
        if (!prt_build_run(b, "SAVEPOINT partrun", err))
            return false;
        if (prt_build_run(b, sql, &why))
            return true;
        if (attempt == ATTEMPTS || !prt_retry_worth(&why) || !can_go_on(b, &why)) {
            *err = why;
            return false;
        }
        if (!take_back(b, err))
            return false;
        sleep_for(b, prt_retry_delay(attempt, prt_retry_random(&random)));
    }
}

static bool
refused(const prt_builder *b, prt_error *err)
{
    prt_fail_object(err, "%s", prt_ident_display(b->arena, b->parent_schema, b->parent_name));
    if (err->code == PRT_ERR_SQL && strcmp(err->sqlstate, "23514") == 0)
        return prt_fail_hint(err, "rows of that range are in the default partition; move them, or restore without "
                                  "attaching");
    if (prt_retry_worth(err))
        return prt_fail_hint(err, "somebody holds a lock on it: try again later, or wait longer (--lock-timeout)");
    return err->code == PRT_ERR_SQL && prt_fail_hint(err, "restored without attaching, the table stands by itself");
}

/* The partition's own condition, as PostgreSQL derives it from the bound; NULL: it has none. */
static bool
read_condition(prt_builder *b, const char **condition, prt_error *err)
{
    const char *table = prt_ident_qualify(b->arena, b->rebuild.schema, b->rebuild.name);
    PGresult *result = NULL;
    if (!prt_query(b->conn, "SELECT pg_catalog.pg_get_partition_constraintdef($1::pg_catalog.regclass)", 1, &table,
                   &result, err))
        return false;
    *condition = prt_cell_text(b->arena, result, 0, 0);
    PQclear(result);
    return true;
}

/* What an earlier DETACH has left goes: the condition is the partition's again. */
static bool
prove(prt_builder *b, const char *condition, prt_error *err)
{
    const prt_definition_part *left = prt_rebuild_detached_check(b->arena, &b->rebuild, condition);
    return (left == NULL || prt_build_run(b, prt_rebuild_drop_check(b->arena, &b->rebuild, left), err)) &&
           prt_build_run(b, prt_rebuild_prove(b->arena, &b->rebuild, condition), err);
}

bool
prt_build_rehearse(prt_builder *b, prt_error *err)
{
    const char *condition = NULL;
    if (!prt_build_run(b, "SAVEPOINT rehearsal", err) ||
        !prt_build_steps(b, prt_rebuild_unproven(b->arena, &b->rebuild), err))
        return false;
    if (!attach(b, err))
        return refused(b, err);
    if (!read_condition(b, &condition, err) || !prt_build_run(b, "ROLLBACK TO SAVEPOINT rehearsal", err) ||
        !prt_build_run(b, "RELEASE SAVEPOINT rehearsal", err))
        return false;
    return condition == NULL || prove(b, condition, err);
}

bool
prt_build_attach(prt_builder *b, prt_error *err)
{
    if (!attach(b, err))
        return refused(b, err);
    return prt_build_run(b, "RELEASE SAVEPOINT partrun", err) &&
           prt_build_run(b, prt_rebuild_proven(b->arena, &b->rebuild), err) &&
           prt_build_steps(b, prt_rebuild_advance(b->arena, &b->rebuild, b->parent_schema, b->parent_name, &b->parent),
                           err);
}
