/*
 * Partition names: presets, templates, or the policy's function; at most 63 bytes, cut on a character boundary.
 *
 * Templates: {schema} {table} {tenant} {from} {to}, with strftime formats of model/civil.h: {from:%Y_%m}, {from:%q}.
 * Presets "partman", "ppm", "go_partman", "year_month": PRODUCT's names. A range that is not a whole grid cell is
 * named with both ends by the presets.
 */
#ifndef PRT_MODEL_NAMING_H
#define PRT_MODEL_NAMING_H

#include "model/grid.h"
#include "model/range.h"

typedef struct prt_name_input {
    const char *schema, *table;
    const char *tenant; /* NULL: none */
    const prt_key *key;
    const prt_grid *grid;
    prt_range range;
} prt_name_input;

typedef struct prt_naming {
    const char *text; /* preset or template; NULL: "partman" */
    /* The policy's function, or NULL. The result lives in `arena`. */
    bool (*make)(void *data, prt_arena *arena, const prt_name_input *input, const char **name, prt_error *err);
    void *data;
} prt_naming;

/* Checks a preset's name or a template; errors point at the offending brace or format. */
PRT_NODISCARD bool prt_naming_check(const char *text, prt_error *err);
/* Expands any template with the input (also for archive URLs). */
PRT_NODISCARD bool prt_template_expand(prt_arena *arena, const char *text, const prt_name_input *input, const char **out,
                                       prt_error *err);
/* The name of a partition. Longer than 63 bytes: the table's part is shortened, never the suffix; an error when
 * even that does not fit. Collisions are the planner's business. */
PRT_NODISCARD bool prt_naming_make(prt_arena *arena, const prt_naming *naming, const prt_name_input *input,
                                   const char **name, prt_error *err);

#endif
