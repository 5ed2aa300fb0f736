/*
 * Pieces of SQL that come from a file and go into statements as they are: expressions, types, clauses that PostgreSQL
 * itself has printed once. A piece that ends its clause and begins something else is none of these.
 */
#ifndef PRT_MODEL_SQL_FRAGMENT_H
#define PRT_MODEL_SQL_FRAGMENT_H

#include <stdbool.h>

/*
 * True for a text that stays inside its place: quotes and brackets are closed, and outside of them is neither a comma nor
 * a semicolon, nor a comment or a dollar, which PostgreSQL never prints. It need not be valid SQL.
 */
bool prt_sql_fragment_ok(const char *text);

#endif
