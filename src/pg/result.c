#include "pg/result.h"

#include <stdlib.h>
#include <string.h>

bool
prt_cell_null(const PGresult *result, int row, int column)
{
    return PQgetisnull(result, row, column) != 0;
}

const char *
prt_cell_text(prt_arena *arena, const PGresult *result, int row, int column)
{
    if (prt_cell_null(result, row, column))
        return NULL;
    return prt_arena_strndup(arena, PQgetvalue(result, row, column), (size_t) PQgetlength(result, row, column));
}

uint32_t
prt_cell_oid(const PGresult *result, int row, int column)
{
    return (uint32_t) strtoul(PQgetvalue(result, row, column), NULL, 10);
}

int64_t
prt_cell_int(const PGresult *result, int row, int column, int64_t if_null)
{
    const char *text = PQgetvalue(result, row, column);
    if (prt_cell_null(result, row, column))
        return if_null;
    return text[strspn(text, "-0123456789")] == '\0' ? strtoll(text, NULL, 10) : (int64_t) strtod(text, NULL);
}

bool
prt_cell_bool(const PGresult *result, int row, int column)
{
    return PQgetvalue(result, row, column)[0] == 't';
}

char
prt_cell_char(const PGresult *result, int row, int column)
{
    return PQgetvalue(result, row, column)[0];
}
