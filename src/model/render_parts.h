/* Pieces that the renderers share: of no concern to others. */
#ifndef PRT_MODEL_RENDER_PARTS_H
#define PRT_MODEL_RENDER_PARTS_H

#include "base/vec.h"
#include "model/render.h"

typedef PRT_VEC(prt_statement) prt_statements;

typedef struct prt_renderer {
    prt_arena *arena;
    const prt_snapshot *snapshot;
    const prt_set *set;
    const prt_operation *operation;
    const char *parent, *child; /* qualified and quoted */
    prt_statements out;
} prt_renderer;

void prt_put(prt_renderer *r, unsigned flags, const char *format, ...) PRT_PRINTF(3, 4);
/* A DO block around PL/pgSQL statements: only where the catalog has to be asked for a name. */
void prt_put_do(prt_renderer *r, unsigned flags, const char *declare, const char *body);
/* 'text'::regclass of a qualified name */
const char *prt_regclass(prt_renderer *r, const char *qualified);

/* A template for SQL's format(): `text` with its percent signs doubled, then `conversion`. */
const char *prt_format_escape(prt_arena *arena, const char *text, const char *conversion);
/* A storage parameter's name: fillfactor, toast.autovacuum_enabled; each part quoted. */
const char *prt_storage_name(prt_arena *arena, const char *name);

/* render_like.c: the new table, like its parent; `partition_by` NULL: a leaf */
void prt_put_table(prt_renderer *r, const char *partition_by);
void prt_put_attach(prt_renderer *r);
/* Takes the "making" marker off a table that was built in an earlier run. */
void prt_put_unmake(prt_renderer *r);

/* render_subtree.c */
/* The operation's table with all that belongs beneath it. */
void prt_put_tree(prt_renderer *r);
/* The identity columns of what is below a branch that was just attached. */
void prt_put_identity(prt_renderer *r);
/* Of the whole tree, once it is attached. */
void prt_put_replica_indexes(prt_renderer *r);
/* SET SCHEMA leaves what is beneath a branch where it is. */
void prt_put_move_leaves(prt_renderer *r, const char *schema);
bool prt_branch_has_default(const prt_table *branch);

/* render_retire.c */
void prt_put_comment(prt_renderer *r, unsigned flags, const char *table, const char *comment);
prt_marker prt_render_marker(const prt_renderer *r, const char *state);
/* What is known of the operation's partition, as a row for prt_put_checks. */
const char *prt_check_row(prt_renderer *r);
/* Fails unless all of the rows, separated by commas, are true. */
void prt_put_checks(prt_renderer *r, const char *rows);
/* The operation's rendering; the strongest lock on the parent. */
const char *prt_put_retirement(prt_renderer *r);

/* render_purge.c: a first batch for each partition */
void prt_put_purge(prt_renderer *r);

/* The partition's comment becomes a marker in this state. */
void prt_put_marker(prt_renderer *r, unsigned flags, const char *table, const char *state);
/* Into the operation's destination, with a marker that it is there for good. */
void prt_put_move(prt_renderer *r);

/* render_archive.c */
/* The fence, the copy, and what comes after it. Of a table that is detached by then. */
void prt_put_archive(prt_renderer *r, unsigned flags);
void prt_put_archived(prt_renderer *r);      /* the marker, once it is proven */
void prt_put_after_archive(prt_renderer *r); /* the drop or move; the end of the fence where the table stays */
void prt_put_unfence(prt_renderer *r);

/* render_reattach.c */
void prt_put_reattach(prt_renderer *r);

/* render_default.c */
void prt_put_drain(prt_renderer *r);
bool prt_guardable(const prt_set *set, const prt_operation *o);
void prt_put_guard(prt_renderer *r);
void prt_put_unguard(prt_renderer *r);

#endif
