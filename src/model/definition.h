/* A table's definition as values: what pg/definition.h reads as JSON, and what render_definition.h makes again. */
#ifndef PRT_MODEL_DEFINITION_H
#define PRT_MODEL_DEFINITION_H

#include <jansson.h>

#include "base/error.h"
#include "model/tree.h"

/* What an identity column's sequence was made with. */
typedef struct prt_definition_sequence {
    int64_t start, increment, minimum, maximum, cache;
    bool cycle;
} prt_definition_sequence;

typedef struct prt_definition_column {
    const char *name, *type;
    const char *collation;   /* for SQL; NULL: the type's own */
    const char *default_sql; /* NULL: none */
    const char *generated;   /* "STORED", "VIRTUAL"; NULL: a plain column */
    const char *expression;  /* of a generated column */
    const char *identity;    /* "ALWAYS", "BY DEFAULT"; NULL: none */
    const char *storage;     /* "PLAIN", ...; NULL: the type's own */
    const char *compression; /* "pglz", "lz4"; NULL: the server's default */
    const char *comment;     /* NULL: none */
    int64_t statistics;      /* -1: the server's default */
    bool not_null, has_sequence;
    prt_definition_sequence sequence;
} prt_definition_column;

/* A constraint, or an index: its name, and its definition without the table's. */
typedef struct prt_definition_part {
    const char *name, *kind, *definition, *comment;
    bool valid, unique;
} prt_definition_part;

typedef struct prt_definition_parts {
    prt_definition_part *items;
    size_t length;
} prt_definition_parts;

typedef struct prt_definition {
    bool unlogged;
    const char *owner, *comment;
    const char *replica_identity; /* "FULL", "NOTHING"; NULL: the default */
    prt_storage *storage;
    size_t storage_length;
    prt_definition_column *columns;
    size_t columns_length;
    prt_definition_parts constraints, indexes, foreign_keys;
    const char **types; /* of columns, that PostgreSQL does not bring along; NULL-ended */
} prt_definition;

/* PRT_ERR_VALUE for what is not a definition; every piece of SQL in it stays inside its place (sql_fragment.h). */
PRT_NODISCARD bool prt_definition_parse(prt_arena *arena, const json_t *json, prt_definition *out, prt_error *err);
const prt_definition_column *prt_definition_find(const prt_definition *definition, const char *column); /* NULL: none */
/*
 * A partition has its parent's columns, by name and type, and no others. False, with an error that says which one is in the
 * way, when `table` does not match `parent`.
 */
PRT_NODISCARD bool prt_definition_match(const prt_definition *table, const prt_definition *parent, prt_error *err);

#endif
