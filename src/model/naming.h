/*
 * Partition names: presets, templates, or the policy's function; at most 63 bytes, cut on a character boundary.
 *
 * Templates: {schema} {table} {tenant} {from} {to}, with strftime formats of model/civil.h: {from:%Y_%m}, {from:%q};
 * {{ and }} are braces. {from} and {to} alone are exact: 20250101, 20250101_060000, 1000, n1000 (-1000), min, max.
 * Presets (events = the table; `<tenant>_` goes before the p or the date where there is a tenant):
 *
 *              partman                  ppm                       go_partman              year_month
 * hours, below events_p20250101_060000  events_2025_01_01_060000  events_20250101_060000  events_y2025m01d01_060000
 * days         events_p20250101         events_2025_01_01         events_20250101         events_y2025m01d01
 * weeks        events_p20250106         events_2025_w02           events_20250106         events_y2025w02
 * months       events_p20250101         events_2025_01            events_20250101         events_y2025m01
 * quarters     events_p20250101         events_2025_q1            events_20250101         events_y2025q1
 * years        events_p20250101         events_2025               events_20250101         events_y2025
 * ids          events_p1000, _pn1000    events_1000, _n1000       events_1000, _n1000     events_1000, _n1000
 *
 * A cell that does not begin where its unit does (years from April) gets the next finer form. A range that is not a
 * whole grid cell is named with both exact ends, `events_p20250101_to_20250115`; a template that does not have both
 * exact ends itself gets what it lacks appended: `_to_<to>`, `_from_<from>` or `_<from>_to_<to>`. Days and longer show the zone's wall clock, hours and below UTC,
 * and so does an end that is not a local midnight: no two ranges of a set share a name.
 */
#ifndef PRT_MODEL_NAMING_H
#define PRT_MODEL_NAMING_H

#include "base/buf.h"
#include "model/grid.h"
#include "model/range.h"

typedef struct prt_name_input {
    const char *schema, *table;
    const char *tenant; /* NULL: none */
    const prt_key *key;
    const prt_grid *grid;
    prt_range range;
    const char *name; /* for {name}, in addresses of archives; NULL: there is no such field */
    /* How schema, table, tenant and name are put into an address; NULL: as they are. */
    void (*put_value)(prt_buf *out, const char *value);
} prt_name_input;

typedef struct prt_naming {
    const char *text; /* preset or template; NULL: "partman" */
    /* The policy's function, or NULL. The result lives in `arena`. */
    bool (*make)(void *data, prt_arena *arena, const prt_name_input *input, const char **name, prt_error *err);
    void *data;
} prt_naming;

/* Checks a preset's name or a template; errors point at the offending brace or format. */
PRT_NODISCARD bool prt_naming_check(const char *text, prt_error *err);
/* Expands any template with the input (also for archive URLs). {tenant} without a tenant is an error. */
PRT_NODISCARD bool prt_template_expand(prt_arena *arena, const char *text, const prt_name_input *input,
                                       const char **out, prt_error *err);
/* The name of a partition. Longer than 63 bytes: the table's part is shortened, then the tenant's, which gets a hash of
 * the whole id at its end, never what follows; an error when even that does not fit. Collisions are the planner's
 * business. */
PRT_NODISCARD bool prt_naming_make(prt_arena *arena, const prt_naming *naming, const prt_name_input *input,
                                   const char **name, prt_error *err);
/* The name of a tenant's branch under a LIST parent, <table>_<tenant>: in 63 bytes as above. */
PRT_NODISCARD bool prt_naming_branch(prt_arena *arena, const char *table, const char *tenant, const char **name,
                                     prt_error *err);

#endif
