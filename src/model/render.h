/*
 * All DDL text. The executor runs these statements and `plan --sql` prints them; nothing else makes DDL.
 * Each function fills operation->statements and operation->lock. Nothing ever uses CASCADE.
 */
#ifndef PRT_MODEL_RENDER_H
#define PRT_MODEL_RENDER_H

#include "model/plan.h"

/* Everything that goes with `operation->op`, from set->parent, set->spec and the snapshot (version, marker identity). */
void prt_render(prt_arena *arena, const prt_snapshot *snapshot, const prt_set *set, prt_operation *operation);

/*
 * The two halves of a CREATE for two sessions: `make` builds the table with a "making" marker (no lock on the parent
 * but ACCESS SHARE; nothing for a table that is made already), `attach` attaches it and removes the marker.
 */
void prt_render_make(prt_arena *arena, const prt_snapshot *snapshot, const prt_set *set, const prt_operation *operation,
                     prt_statement **make, size_t *make_length, prt_statement **attach, size_t *attach_length);

/*
 * One batch of a purge in one leaf: at most `rows` rows, from the key `from` on (a literal; NULL: from the beginning). It
 * returns one row: how many rows were deleted, how many were found, and the last key found (NULL without an order).
 */
const char *prt_render_batch(prt_arena *arena, const prt_set *set, const prt_purge *purge, const prt_table *leaf,
                             const char *from, int64_t rows);

/*
 * What follows the PRT_ARCHIVE statement of an operation whose `archived` is known by now. `anew`: the archive was made just
 * now, so the marker says so first, in a transaction of its own.
 */
void prt_render_proven(prt_arena *arena, const prt_snapshot *snapshot, const prt_set *set,
                       const prt_operation *operation, bool anew, prt_statement **out, size_t *length);

/*
 * All that the leading PRT_CHECK statements of these operations (in these sets, pair by pair) look at, in one statement:
 * planning is most of what each of them costs.
 */
const char *prt_render_checks(prt_arena *arena, const prt_set *const *sets, const prt_operation *const *operations,
                              size_t length);

/* True when a CHECK on the default partition can spare it a scan: for plain creations that do not hold now. (While the
 * guard stands, the default partition refuses rows of those ranges.) */
bool prt_guard_helps(const prt_set *set);

#endif
