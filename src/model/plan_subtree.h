/* What is built beneath new partitions and tenants before they are attached, and what is mended beneath old ones. */
#ifndef PRT_MODEL_PLAN_SUBTREE_H
#define PRT_MODEL_PLAN_SUBTREE_H

#include "model/plan_set.h"

/* ---- plan_subtree.c: beneath a new partition ---- */

/* Reads the policy's subpartition for this set. */
void prt_subtree_begin(prt_worksite *site);
/* Gives a new partition what belongs beneath it. False: it cannot be built, and findings say why. */
bool prt_subtree_below(prt_worksite *site, prt_operation *operation);
/* False, with a finding, when the server's lock table is too small for the operation's tables. */
bool prt_subtree_fits(prt_worksite *site, const prt_operation *operation);
/* "with 4 hash partitions" */
const char *prt_subtree_note(prt_arena *arena, const prt_sublevel *below);
/* `partition` and a suffix, in 63 bytes: what is too much goes from the end of the table's name in it. NULL: too long. */
const char *prt_subtree_name(prt_arena *arena, const char *table, const char *partition, const char *suffix);
/* The name of a cell of a RANGE level, by the policy's naming with the partition (input->table) in the place of `table`. */
PRT_NODISCARD bool prt_subtree_cell_name(const prt_worksite *site, const char *table, prt_name_input *input,
                                         const char **name, prt_error *err);
/* The name of a LIST value's partition, as none of `others` is called. */
const char *prt_subtree_list_name(prt_worksite *site, const char *partition, const char *value,
                                  const prt_name_set *others);
/* True when no other relation has the name or gets it in this run; otherwise a finding says so. */
bool prt_subtree_claim(prt_worksite *site, const char *name);
/* A table built for this bound of this parent, but not attached; NULL: none. */
const prt_table *prt_subtree_made(const prt_worksite *site, const prt_table *parent, const char *name,
                                  const char *bound);
/* Positions of one key's axis on another's: the wall clock and instants. */
prt_pos prt_subtree_position(const prt_key *from, const prt_key *to, prt_pos at);

/* ---- plan_repair.c: beneath the branches that exist ---- */

/* The table is a branch with the RANGE level that the policy speaks of. */
bool prt_subtree_has_cells(const prt_worksite *site, const prt_table *table);
/* The same, but the policy's words do not fit it: its cells cannot be understood. */
bool prt_subtree_is_odd(const prt_worksite *site, const prt_table *table);
/* A cell of it was detached, and is still to be dropped or moved. */
bool prt_subtree_waits(const prt_worksite *site, const prt_table *table);
/* Creates what hash and list levels lack. */
void prt_plan_repairs(prt_worksite *site);
/* Notes the RANGE levels inside branches that stay. */
void prt_plan_nests(prt_worksite *site);
/* Plans the sets of those that were noted. */
void prt_plan_nested_sets(prt_planner *planner);

/* ---- plan_newcomer.c ---- */

/* Adds the set of a tenant that has no LIST partition under `root`: one creation, of its branch with all that belongs below. */
void prt_subtree_tenant(prt_planner *planner, const prt_table *root, const prt_spec *spec, const prt_tenant *tenant);

#endif
