/*
 * A table made again from its definition: what runs before its rows come, after them, and around its attachment. Nothing
 * here is part of a plan: archive/restore.c runs these in one transaction.
 */
#ifndef PRT_MODEL_RENDER_DEFINITION_H
#define PRT_MODEL_RENDER_DEFINITION_H

#include "model/definition.h"

typedef struct prt_rebuild {
    const prt_definition *definition;
    const char *schema, *name;  /* of the table to make */
    const char *const *columns; /* those that come back with rows, NULL-ended; NULL: every one that is not generated */
    bool attach;                /* it becomes a partition: identity is its parent's */
    bool (*taken)(const void *data,
                  const char *name); /* a relation of that schema; NULL: PostgreSQL names the indexes */
    const void *taken_data;
    const char *user;   /* who does it: becomes the owner by itself */
    const char *owner;  /* whose it becomes; NULL: whoever makes it */
    int server_version; /* 150018 */
} prt_rebuild;

typedef struct prt_rebuild_step {
    const char *sql;
    const char *what; /* "the index t_a_idx": for messages */
    bool optional;    /* the rows are complete without it: where it cannot be made, that is a warning */
} prt_rebuild_step;

typedef struct prt_rebuild_steps {
    prt_rebuild_step *items;
    size_t length;
} prt_rebuild_steps;

/* Whether all columns that have values of their own come back. Without some, constraints, indexes and generated columns
 * that need them are left out: every such step is optional then, and generated columns are not made. */
bool prt_rebuild_whole(const prt_rebuild *rebuild);

/* The table, with the constraints that every row meets. */
prt_rebuild_steps prt_rebuild_before(prt_arena *arena, const prt_rebuild *rebuild);
/* Constraints that only new rows have to meet. A partition needs them too, if its parent has them. */
prt_rebuild_steps prt_rebuild_unproven(prt_arena *arena, const prt_rebuild *rebuild);
/* What is quicker, or only possible, with the rows there: defaults, identity, keys, indexes, comments. */
prt_rebuild_steps prt_rebuild_after(prt_arena *arena, const prt_rebuild *rebuild);

/* `bound`: as pg_get_expr prints it, read by prt_bound_parse before. */
const char *prt_rebuild_attach(prt_arena *arena, const prt_rebuild *rebuild, const char *parent_schema,
                               const char *parent_name, const char *bound);
/* The owner, last of all: what is no longer one's own cannot be attached. */
prt_rebuild_steps prt_rebuild_owner(prt_arena *arena, const prt_rebuild *rebuild);
/* The parent's own sequences go on behind the ids that came back with a partition. */
prt_rebuild_steps prt_rebuild_advance(prt_arena *arena, const prt_rebuild *rebuild, const char *parent_schema,
                                      const char *parent_name, const prt_definition *parent);
/* While it stands, ATTACH has no row to look at: `condition` is the partition's own (pg_get_partition_constraintdef). */
const char *prt_rebuild_prove(prt_arena *arena, const prt_rebuild *rebuild, const char *condition);
/* The table's own CHECK of this condition, which DETACH ... CONCURRENTLY leaves behind; NULL: it has none. */
const prt_definition_part *prt_rebuild_detached_check(prt_arena *arena, const prt_rebuild *rebuild,
                                                      const char *condition);
const char *prt_rebuild_drop_check(prt_arena *arena, const prt_rebuild *rebuild, const prt_definition_part *check);
const char *prt_rebuild_proven(prt_arena *arena, const prt_rebuild *rebuild);
/* COPY ... FROM STDIN of these columns; `format`: "csv" or "copy". */
const char *prt_rebuild_copy(prt_arena *arena, const prt_rebuild *rebuild, const char *format);

#endif
