/* The planner's workbench for one set: shared by plan*.c, of no concern to others. */
#ifndef PRT_MODEL_PLAN_SET_H
#define PRT_MODEL_PLAN_SET_H

#include "model/plan.h"
#include "model/retention.h"

/* A partition whose bounds are understood. Pieces are ordered by their bounds. */
typedef struct prt_piece {
    const prt_table *table;
    prt_range range;
    bool pending; /* its detach was interrupted: its range is taken, but it holds nothing up any more */
    bool expired; /* by retention; it may stay all the same */
    bool stays;   /* attached after this run, as far as the policy goes (max_drop may keep more) */
    bool spans;   /* holds rows of other tenants as well: never retired */
    bool strange; /* stays because of rows of tenants that nobody knows */
} prt_piece;

/* A range to be made. */
typedef struct prt_segment {
    prt_range range;
    bool whole; /* a grid cell from end to end */
    enum { PRT_SEGMENT_CURRENT, PRT_SEGMENT_AHEAD, PRT_SEGMENT_BEHIND, PRT_SEGMENT_REQUESTED } kind;
    int64_t index; /* AHEAD, BEHIND: the cell's distance from the current one; 0 beyond backfill */
} prt_segment;

/* A hash table of names. */
typedef struct prt_name_set {
    struct prt_name_slot {
        const char *schema, *name; /* name NULL: free */
    } * slots;
    size_t size, used;
} prt_name_set;

/* `subpartition`, as far as it can be told for a whole set. */
typedef struct prt_sub {
    bool possible;            /* false: nothing is created; a finding says why */
    const prt_tenant *values; /* LIST */
    size_t length;
    prt_key key; /* RANGE */
    prt_grid grid;
    bool open; /* RANGE by another column than the set's: nothing says that its rows keep to the branch's range */
} prt_sub;

/* The RANGE level inside an existing branch, which becomes a set of its own. */
typedef struct prt_nest {
    const prt_table *branch, *outer;
    prt_spec *spec;
    const char *tenant;
    const prt_tenant *tenant_row;
    const prt_tenant_list *tenants, *group; /* all of them have a say in what is held */
    prt_range range;                        /* of the branch, on the axis of the nested key */
    bool open;
    prt_pos now; /* of an id set */
} prt_nest;

typedef struct prt_planner {
    prt_arena *arena;
    prt_plan *plan;
    const prt_snapshot *snapshot;
    const prt_plan_options *options;
    const prt_waiting **waiting; /* the snapshot's, sorted by parent */
    bool *requested;             /* options->retire[i] was found */
    prt_name_set parents;        /* of the sets so far: no table has two policies */
    prt_name_set names;
    bool drift;                        /* the clocks differ: nothing is retired */
    bool nobody;                       /* the list of tenants at hand is empty */
    const prt_tenant_list *sub_values; /* of the root at hand: what its LIST branches hold; NULL */
    PRT_VEC(prt_nest) nests;           /* found in the sets of the root at hand */
    const prt_nest *nest;              /* the one that is being planned; NULL */
} prt_planner;

typedef struct prt_worksite {
    prt_planner *planner;
    prt_arena *arena;
    prt_set *set;
    const prt_spec *spec;
    const prt_parent *parent;
    const prt_zone *axis_zone;         /* the zone of the axis: NULL for wall clocks and ids */
    const prt_waiting *const *waiting; /* the snapshot's that belong to this set */
    size_t waiting_length;
    prt_piece *pieces;
    size_t length;
    size_t unreadable; /* partitions whose bounds are not understood */
    prt_retention retention;
    bool retention_known; /* false: the hook raised */
    const prt_retention
        *each; /* of a shared set: that of each of set->tenants, in their order; NULL: not all are known */
    prt_keep keep;
    prt_extent *extents; /* of attached pieces, for retention */
    size_t extents_length;
    PRT_VEC(prt_segment) segments;
    PRT_VEC(const prt_waiting *) settled; /* by prt_plan_reattach */
    const char *gone;                     /* why everything of an unknown tenant goes; NULL: it does not */
    prt_sub *sub;                         /* NULL: no subpartition */
    size_t retired;                       /* how many attached partitions this plan retires */
} prt_worksite;

/* plan_findings.c */
void prt_find(prt_worksite *site, prt_finding_code code, prt_severity severity, const char *object, const char *hint,
              const char *format, ...) PRT_PRINTF(6, 7);
void prt_find_set(prt_arena *arena, prt_set *set, prt_finding_code code, prt_severity severity, const char *object,
                  const char *hint, const char *message);
const char *prt_site_name(const prt_worksite *site, const prt_table *table); /* for messages */
/* Everything that can be said once the operations are known. */
void prt_plan_observe(prt_worksite *site);

/* plan_cover.c: what exists, and what is missing */
void prt_cover_read(prt_worksite *site);
/* The first piece that ends after `at`; site->length: none. */
size_t prt_cover_find(const prt_worksite *site, prt_pos at);
/* The segments to be made, in order. */
void prt_cover_missing(prt_worksite *site);
/* The end of the unbroken cover from `at`, with the planned operations or without them; `at` itself: not covered. */
prt_pos prt_cover_end(const prt_worksite *site, prt_pos at, bool planned);

/* plan_names.c */
/* False when it is in there already. */
bool prt_name_set_add(prt_arena *arena, prt_name_set *names, const char *schema, const char *name);
bool prt_name_set_has(const prt_name_set *names, const char *schema, const char *name);

/* plan_tenants.c: all sets at or below `table`; their number */
size_t prt_tenants_add_sets(prt_planner *planner, const prt_table *table, const prt_spec *spec,
                            const prt_tenant_list *list);
/* The two ends of a RANGE (tenant, time) bound name different tenants, or none. */
bool prt_tenants_span(const prt_bound *bound);

/* plan_unknown.c: the partitions of a tenant that nobody knows any more */
void prt_plan_unknown(prt_worksite *site);

/* plan.c */
prt_set *prt_plan_add_set(prt_planner *planner, const prt_table *table, const prt_spec *spec);
/* Leads the set through all steps. */
void prt_plan_set(prt_planner *planner, prt_set *set);

/* plan_create.c */
void prt_plan_creations(prt_worksite *site);
/* The tenant for names: a parent of one tenant bears its name already, unless a template or function asks. */
const char *prt_naming_tenant(const prt_worksite *site);

/* plan_expire.c */
/* Retention, hold: marks the pieces. Before anything else is decided. */
void prt_expire_mark(prt_worksite *site);
void prt_plan_retirements(prt_worksite *site);
/* plan_waiting.c: tables detached in earlier runs, and detaches that were interrupted */
/* Finds the waiting tables of the set's parent. */
void prt_waiting_find(prt_worksite *site);
void prt_plan_pending(prt_worksite *site);
void prt_plan_waiting(prt_worksite *site);
/* A table that was built for this very range of this set, but not attached; NULL: none. */
const prt_table *prt_waiting_made(const prt_worksite *site, const char *name, const prt_range *range);
/* The marker is of this policy and this parent. */
bool prt_waiting_ours(const prt_worksite *site, const prt_marker *marker);
/* The bounds in the marker; false when they cannot be read. */
bool prt_waiting_range(const prt_worksite *site, const prt_marker *marker, prt_range *range);
/* By today's retention, beside what is attached. */
bool prt_waiting_expired(const prt_worksite *site, const prt_table *table, const prt_range *range);
const prt_waiting **prt_waiting_oldest_first(const prt_worksite *site);
/* True when the table's own comment has a marker of this very table. */
bool prt_marked(const prt_worksite *site, const prt_table *table, prt_marker *marker);
/* The policy's hold; an error of the hook holds as well, and is a finding. `expired`: for the message. */
bool prt_expire_held(prt_worksite *site, const prt_table *table, const prt_range *range, const char *state,
                     const char *reason);
/* Asks the policy's hold about one partition and one tenant (NULL: none in particular). */
bool prt_expire_ask_hold(const prt_worksite *site, const prt_table *table, const prt_range *range, const char *state,
                         const prt_tenant *tenant, bool *held, prt_error *err);
/* The policy's retention of one tenant (NULL: of the set as a whole). */
bool prt_expire_retention(prt_worksite *site, const prt_tenant *tenant, prt_retention *out, prt_error *err);
/* A foreign table, or one with rows of other tenants: never retired. A finding says so. */
bool prt_expire_foreign(prt_worksite *site, const prt_piece *piece, const char *reason);
/* Protected whatever retention says: held, or a foreign table. Without a finding. */
bool prt_expire_protected(const prt_worksite *site, const prt_piece *piece);
/* Asked for by hand (and noted as found). */
bool prt_expire_requested(prt_worksite *site, const prt_table *table);
/* "expired 3 d ago", "beyond 30 partitions", "over 500 GB" */
const char *prt_expire_reason(const prt_worksite *site, prt_pos to);
/* The operation that carries out the policy's cleanup on an expired table, attached or not. */
prt_operation prt_expire_operation(const prt_worksite *site, const prt_table *table, const prt_range *range,
                                   const char *reason, bool waited);

/* plan_purge.c: expired rows of single tenants in shared partitions; after the retirements */
void prt_plan_purges(prt_worksite *site);
/* plan_strangers.c: whether an expired partition of a shared set stays for the sake of rows that nobody knows; a finding of
 * this severity says so. */
bool prt_strangers_keep(prt_worksite *site, const prt_piece *piece, prt_severity severity);

/* plan_archive.c */
/* The policy says, or may say, where to archive. */
bool prt_archive_possible(const prt_spec *spec);
/* Puts the policy's archive before a detach, drop or move. False: it is not known, and a finding says so. */
bool prt_archive_settle(prt_worksite *site, prt_operation *operation);

/* plan_reattach.c: before the segments are looked for; what it attaches becomes a piece */
void prt_plan_reattach(prt_worksite *site);
/* The waiting table was attached again, or a finding says why not. */
bool prt_reattach_settled(const prt_worksite *site, const prt_waiting *waiting);

/* plan_fingerprint.c */
void prt_plan_fingerprint(prt_plan *plan, const prt_spec *const *specs);

/* Renders the operation and appends it to the set; what leaves the set gets its archive first, and is left out when that is
 * not known. */
void prt_plan_add(prt_worksite *site, prt_operation operation);
/* The same for an operation that has been through prt_archive_settle. */
void prt_plan_put(prt_worksite *site, prt_operation operation);

#endif
