#include "pg/lock.h"

#include <stdlib.h>

#include "model/ident.h"
#include "pg/query.h"

#define STRING(x) #x
#define VALUE(x) STRING(x)

static void
read_locks(prt_arena *arena, const PGresult *result, prt_locks *out)
{
    size_t rows = (size_t) PQntuples(result);
    out->held = prt_arena_array(arena, rows + 1, sizeof *out->held);
    out->busy = prt_arena_array(arena, rows + 1, sizeof *out->busy);
    for (size_t i = 0; i < rows; i++) {
        uint32_t oid = (uint32_t) strtoul(PQgetvalue(result, (int) i, 0), NULL, 10);
        if (PQgetvalue(result, (int) i, 1)[0] == 't')
            out->held[out->held_length++] = oid;
        else
            out->busy[out->busy_length++] = oid;
    }
}

bool
prt_lock_sets(prt_conn *conn, prt_arena *arena, const char *const *tables, size_t length, prt_locks *out,
              prt_error *err)
{
    *out = (prt_locks) {0};
    const char **schemas = prt_arena_array(arena, length + 1, sizeof *schemas);
    const char **names = prt_arena_array(arena, length + 1, sizeof *names);
    for (size_t i = 0; i < length; i++) {
        if (!prt_ident_parse(arena, tables[i], &schemas[i], &names[i], err))
            return false;
        if (schemas[i] == NULL)
            schemas[i] = "public";
    }
    const char *values[] = {prt_array_texts(arena, schemas, length), prt_array_texts(arena, names, length),
                            VALUE(PRT_LOCK_CLASS)};
    PGresult *result = NULL;
    if (!prt_query_file(conn, "lock_sets", 3, values, &result, err))
        return false;
    read_locks(arena, result, out);
    PQclear(result);
    return true;
}

static int
compare_oids(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

bool
prt_lock_holds(const prt_locks *locks, uint32_t parent)
{
    return locks->held_length > 0 &&
           bsearch(&parent, locks->held, locks->held_length, sizeof parent, compare_oids) != NULL;
}

bool
prt_lock_release(prt_conn *conn, prt_arena *arena, prt_locks *locks, prt_error *err)
{
    if (locks->held_length == 0)
        return true;
    const char *values[] = {prt_array_oids(arena, locks->held, locks->held_length), VALUE(PRT_LOCK_CLASS)};
    locks->held_length = 0;
    PGresult *result = NULL;
    if (!prt_query_file(conn, "unlock_sets", 2, values, &result, err))
        return false;
    PQclear(result);
    return true;
}
