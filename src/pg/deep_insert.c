#include <string.h>

#include "base/buf.h"
#include "model/ident.h"
#include "pg/deep.h"

static bool
fatal(const prt_error *err)
{
    return err->code == PRT_ERR_CONNECT || err->code == PRT_ERR_INTERRUPTED;
}

static bool
fires_triggers(prt_deep *deep, const prt_set *set, bool *fires, prt_error *err)
{
    const char *values[] = {prt_arena_printf(deep->arena, "%u", set->parent->oid)};
    PGresult *result = NULL;
    if (!prt_query_file(deep->conn, "deep_triggers", 1, values, &result, err))
        return false;
    *fires = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return true;
}

/* INSERT of the key and of what else must have a value; *sql is NULL, with `why`, when some value cannot be made up. */
static bool
compose(prt_deep *deep, const prt_set *set, const char *key, const char **sql, prt_error *why, prt_error *err)
{
    prt_arena *arena = deep->arena;
    const char *params[] = {prt_arena_printf(arena, "%u", set->parent->oid), set->key.column};
    PGresult *result = NULL;
    if (!prt_query_file(deep->conn, "deep_columns", 2, params, &result, err))
        return false;
    prt_buf columns, values;
    prt_buf_init(&columns, arena);
    prt_buf_init(&values, arena);
    prt_buf_str(&columns, prt_ident_quote(arena, set->key.column));
    prt_buf_str(&values, prt_literal_quote(arena, key));
    const char *tenant = set->exact ? set->spec->tenant.key : "";
    if (set->exact) {
        prt_buf_fmt(&columns, ", %s", prt_ident_quote(arena, tenant));
        prt_buf_fmt(&values, ", %s", set->key.prefix);
    }
    *sql = NULL;
    for (int row = 0; row < PQntuples(result); row++) {
        const char *name = PQgetvalue(result, row, 0);
        if (strcmp(name, tenant) == 0)
            continue;
        if (PQgetvalue(result, row, 2)[0] == 't') {
            prt_fail(why, PRT_ERR_VALUE, "no value can be made up for column %s", name);
            PQclear(result);
            return true;
        }
        prt_buf_fmt(&columns, ", %s", prt_ident_quote(arena, name));
        prt_buf_fmt(&values, ", %s",
                    PQgetisnull(result, row, 1) ? "NULL" : prt_literal_quote(arena, PQgetvalue(result, row, 1)));
    }
    PQclear(result);
    *sql = prt_arena_printf(arena, "INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE VALUES (%s)",
                            prt_ident_qualify(arena, set->schema, set->table), columns.data, values.data);
    return true;
}

/* A violated constraint (23) or an unfit value (22) is about the made-up row, once it is known that a partition takes it. */
static prt_trial
judge(const prt_error *why)
{
    if (strncmp(why->sqlstate, "23", 2) == 0 || strncmp(why->sqlstate, "22", 2) == 0)
        return PRT_TRIAL_TAKEN;
    if (strcmp(why->sqlstate, "42501") == 0 || strcmp(why->sqlstate, "55P03") == 0 ||
        strcmp(why->sqlstate, "57014") == 0 || strcmp(why->sqlstate, "25006") == 0)
        return PRT_TRIAL_NOT_MADE;
    return PRT_TRIAL_REFUSED;
}

static bool
try_insert(prt_deep *deep, const char *sql, prt_trial *trial, prt_error *why, prt_error *err)
{
    prt_error ignored = {0};
    if (!prt_exec(deep->conn, "BEGIN", err))
        return false;
    bool ok = (!deep->replica || prt_exec(deep->conn, "SET LOCAL session_replication_role = replica", why)) &&
              prt_exec(deep->conn, sql, why);
    if (!ok && fatal(why)) {
        *err = *why;
        return false;
    }
    *trial = ok ? PRT_TRIAL_TAKEN : judge(why);
    if (prt_exec(deep->conn, "ROLLBACK", &ignored))
        return true;
    *err = ignored;
    return false;
}

bool
prt_deep_insert(prt_deep *deep, const prt_set *set, const char *key, prt_trial *trial, prt_error *why, prt_error *err)
{
    bool fires = false;
    const char *sql;
    *trial = PRT_TRIAL_NOT_MADE;
    if (!deep->replica && !fires_triggers(deep, set, &fires, err))
        return false;
    if (fires) {
        prt_fail(why, PRT_ERR_FAILED, "its triggers would fire, and this role may not set session_replication_role");
        return true;
    }
    if (!compose(deep, set, key, &sql, why, err))
        return false;
    return sql == NULL || try_insert(deep, sql, trial, why, err);
}
