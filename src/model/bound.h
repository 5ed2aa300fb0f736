/*
 * Partition bounds as PostgreSQL prints them: pg_get_expr(relpartbound, oid), read by a real parser.
 * PostgreSQL manual: CREATE TABLE, partition_bound_spec.
 */
#ifndef PRT_MODEL_BOUND_H
#define PRT_MODEL_BOUND_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

typedef enum prt_datum_kind { PRT_DATUM_VALUE, PRT_DATUM_MINVALUE, PRT_DATUM_MAXVALUE, PRT_DATUM_NULL } prt_datum_kind;

typedef struct prt_datum {
    prt_datum_kind kind;
    const char *text; /* VALUE: the value, unquoted; otherwise NULL */
    const char *sql;  /* as PostgreSQL printed it: '2025-01-01', 42, MINVALUE */
} prt_datum;

typedef enum prt_bound_kind { PRT_BOUND_DEFAULT, PRT_BOUND_RANGE, PRT_BOUND_LIST, PRT_BOUND_HASH } prt_bound_kind;

typedef struct prt_bound {
    prt_bound_kind kind;
    size_t length;          /* RANGE: columns of the key; LIST: number of values */
    prt_datum *from;        /* RANGE */
    prt_datum *to;          /* RANGE */
    prt_datum *values;      /* LIST */
    int modulus, remainder; /* HASH */
} prt_bound;

PRT_NODISCARD bool prt_bound_parse(prt_arena *arena, const char *text, prt_bound *out, prt_error *err);

#endif
