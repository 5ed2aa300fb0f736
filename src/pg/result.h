/* Cells of a result as values. A cell's text lives as long as the result; copies live in the arena. */
#ifndef PRT_PG_RESULT_H
#define PRT_PG_RESULT_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

bool prt_cell_null(const PGresult *result, int row, int column);
const char *prt_cell_text(prt_arena *arena, const PGresult *result, int row, int column); /* a copy; NULL for NULL */
uint32_t prt_cell_oid(const PGresult *result, int row, int column);                       /* 0 for NULL */
int64_t prt_cell_int(const PGresult *result, int row, int column, int64_t if_null);       /* also of real, rounded */
bool prt_cell_bool(const PGresult *result, int row, int column);                          /* false for NULL */
char prt_cell_char(const PGresult *result, int row, int column);                          /* of a "char"; 0 for NULL */

#endif
