/*
 * The plan: what would be done to each partition set, as a value. plan(snapshot, specs, now) is pure: no I/O, no clock.
 *
 * A set is one RANGE parent by time or id under one policy: the policy's table itself, or each such parent below its
 * LIST and HASH levels. Every operation carries the very SQL that runs (model/render.h).
 */
#ifndef PRT_MODEL_PLAN_H
#define PRT_MODEL_PLAN_H

#include <jansson.h>

#include "base/vec.h"
#include "model/finding.h"
#include "model/grid.h"
#include "model/spec.h"
#include "model/tree.h"

typedef enum prt_op {
    PRT_OP_CREATE,
    PRT_OP_DRAIN, /* create, with the default partition's rows of its range moved into it */
    PRT_OP_DETACH,
    PRT_OP_FINALIZE,
    PRT_OP_ARCHIVE,
    PRT_OP_DROP,
    PRT_OP_MOVE,
    PRT_OP_PURGE,
    PRT_OP_REATTACH,
    PRT_OP_ALTER, /* a default partition's guarding CHECK; replica identity; ... */
    PRT_OP_ANALYZE,
    PRT_OP_HOOK,
    PRT_OP_COUNT
} prt_op;
extern const char *const prt_op_names[PRT_OP_COUNT];

/* What an ALTER is for. */
typedef enum prt_alter {
    PRT_ALTER_GUARD,   /* the default partition gets a validated CHECK: creations need not scan it */
    PRT_ALTER_UNGUARD, /* and loses it again */
    PRT_ALTER_NOTE,    /* a partition's comment says since when its tenant is unknown */
    PRT_ALTER_UNMARK,  /* a partition that stays loses the marker of a detach that did not happen */
} prt_alter;

/* How a statement has to be run. Neighbouring statements of one operation without PRT_ALONE or PRT_BREAK form one
 * transaction; operations of kind CREATE may share a transaction with their neighbours. */
enum {
    PRT_ALONE = 1, /* not inside a transaction block (DETACH CONCURRENTLY) */
    PRT_LONG = 2,  /* no statement_timeout: validations, copies of rows; concurrent detaches have their own limit */
    PRT_BREAK = 4, /* commits what came before it, and starts a new transaction */
    PRT_EARLY =
        8, /* harmless on its own (a marker): may run in one transaction with those of later operations, beforehand */
    PRT_ARCHIVE = 16, /* with PRT_ALONE: shown, and carried out by the archiver; what follows is rendered anew with the
                       * archive's facts (prt_render_proven) */
    PRT_CHECK = 32,   /* with PRT_EARLY: those of many operations may run as one (prt_render_checks) */
};

typedef struct prt_statement {
    const char *sql; /* without a semicolon */
    unsigned flags;
} prt_statement;

/* What is built beneath a new partition (a branch) before it is attached: complete at the first commit that shows it. */
typedef struct prt_sublevel {
    const char *partition_by; /* HASH ("org_id"), RANGE ("created_at") */
    struct prt_subpartition {
        const char *name;  /* in the set's schema */
        const char *bound; /* FOR VALUES WITH (MODULUS 4, REMAINDER 0), FOR VALUES IN ('eu'), DEFAULT, ... */
        const struct prt_sublevel *below; /* NULL: a leaf */
    } * children;
    size_t length;
} prt_sublevel;

/* PURGE: the rows of one tenant that are older than its retention, in partitions it shares with others. */
typedef struct prt_purge {
    const char *id; /* prt_purge_id: what the snapshot's `purgeable` holds */
    const char *tenant;
    prt_end before;    /* rows with a key below it go */
    const char *limit; /* the literal for the key's column at `before` */
    const char *from;  /* and where to begin: no row that may go has a key below it; NULL: anywhere */
    bool ordered;      /* an index finds the tenant's rows in the order of the key */
    /* Oids of leaves with keys below `limit` whose rows are not to be touched: held, default, foreign, retired anyway. */
    const uint32_t *spared;
    size_t spared_length;
    const prt_table **leaves; /* operations: what to delete from, oldest first; statements[i] goes with leaves[i] */
    size_t leaves_length;
} prt_purge;

typedef struct prt_operation {
    prt_op op;
    prt_alter alter;           /* ALTER */
    bool made;                 /* CREATE: `table` is built already and only has to be attached */
    const char *schema, *name; /* the partition (or the parent, for ANALYZE) */
    uint32_t oid;              /* 0: it does not exist yet */
    const prt_table *table;    /* of the snapshot: a child of the set's parent, or a waiting one; NULL: new */
    const prt_table
        *branch; /* CREATE: the existing branch below the set's parent that gets it; NULL: the parent itself */
    const prt_sublevel *below; /* CREATE: built beneath it, then attached once; NULL: a plain table */
    const char *bound;         /* CREATE: FOR VALUES ... where it is no range of the set's key; NULL: from `range` */
    const prt_archive_request *archive; /* what leaves the set is copied here first; NULL: no archive */
    const prt_archive_result *archived; /* proven: by an earlier run, or by now; NULL: not yet */
    const char *destination;            /* MOVE: the schema */
    const prt_purge *purge;             /* PURGE */
    bool has_range;                     /* CREATE without, and without a bound: the default partition */
    prt_range range;
    const char *reason;  /* "premake 4 of 4", "gap", "expired 1 h ago" */
    const char *note;    /* "after a grace of 7 days"; NULL: none */
    const char *lock;    /* the strongest lock on the parent: "ShareUpdateExclusiveLock" */
    int64_t bytes, rows; /* -1 unknown */
    prt_statement *statements;
    size_t statements_length;
    size_t building; /* CREATE: so many of them build what the rest attaches */
} prt_operation;

typedef struct prt_set {
    const prt_spec *spec;
    const prt_table *parent; /* kind 0 when the table does not exist */
    const prt_table *outer;  /* a RANGE level inside a branch: the parent of the branch's own set; NULL */
    const char *schema, *table;
    const char *tenant;             /* its id; NULL: none, or shared by several */
    const prt_tenant *tenant_row;   /* NULL: none, shared, or nobody knows this tenant */
    const prt_tenant_list *tenants; /* a set shared by all of these; NULL */
    bool unknown_tenant;            /* `tenant` is in no list any more */
    const prt_tenant_list *group;   /* a LIST partition of several tenants: those that are known; NULL */
    const char *stranger;           /* and one that is not; NULL */
    bool exact;                     /* RANGE (tenant, time): `tenant` is in both ends of the bounds */
    bool follows;                   /* another set of the same parent comes before: that one speaks for the parent */
    prt_table *const *children;     /* the parent's partitions that belong to this set (all of them without tenants) */
    size_t children_length;
    bool plannable; /* false: findings say why; key and grid are not set */
    prt_key key;
    prt_grid grid;
    PRT_VEC(prt_operation) operations; /* creations first, then retirement, in the order of execution */
    PRT_VEC(prt_finding) findings;
    /* Of a shared set, what the caller looks up before it plans again (pg/run_purge.h): tenants that may have expired rows,
     * and partitions about to be retired, which may hold rows of tenants nobody knows. */
    PRT_VEC(prt_purge) purges;
    PRT_VEC(const prt_table *) suspects;
    prt_pos now;     /* on the key's axis; for ids prt_parent.highest, 0 when empty */
    prt_pos horizon; /* the end of the unbroken cover from now on, before this plan; `now` when an insert fails now */
    int64_t runway;  /* microseconds (or ids) from now to horizon; PRT_POS_MAX: unbounded */
    const prt_table *default_table; /* NULL: none is attached */
    bool has_default;               /* attached, or made by this plan: no detach can be concurrent */
    size_t partitions;              /* attached leaves or branches of this level, the default not counted */
    int64_t bytes;                  /* sum of those known; -1: not asked for */
} prt_set;

typedef struct prt_plan {
    prt_arena *arena;
    const prt_snapshot *snapshot;
    prt_instant now;
    char fingerprint[17]; /* of everything the plan was made from: a saved plan is refused when it differs */
    PRT_VEC(prt_set) sets;
    bool wants_bytes; /* a retention function chose a size: the snapshot has to have them */
} prt_plan;

typedef struct prt_plan_options {
    bool create_only, retire_only;
    const prt_max_drop *max_drop; /* overrides the policies' */
    /* ensure: create the partitions that hold [from, to] (to = from for one instant or id) instead of the usual window,
     * and retire nothing. Instants for time keys, ids for ids. */
    const prt_pos *ensure_from, *ensure_to;
    /* retire by hand: only these partitions (texts as written), NULL-ended; hold and retention still protect. */
    const char *const *retire;
    bool force_retention;
    bool checking; /* `check`: also the findings that cost work (oversize, owner, privileges, replica identity) */
} prt_plan_options;

/* specs[i] goes with the roots[i] of the snapshot: one entry a table (a policy of several tables appears several times). */
PRT_NODISCARD bool prt_plan_make(prt_arena *arena, const prt_snapshot *snapshot, const prt_spec *const *specs,
                                 const prt_plan_options *options, prt_plan **out, prt_error *err);

/* Qualified (prt_ident_qualify) names that the plan would create, sorted: the caller looks which of them exist, puts
 * those into snapshot->taken, and plans again. */
const char **prt_plan_names(prt_arena *arena, const prt_plan *plan, size_t *length);
/* True when the retention is by size, or a hook or an alert wants bytes: the snapshot has to have them. What a retention
 * function chooses is known once it was asked (prt_plan.wants_bytes). */
bool prt_spec_wants_bytes(const prt_spec *spec);

/* What names a purge of this set: its parent (prt_ident_qualify), a space, and the tenant's id. */
const char *prt_purge_id(prt_arena *arena, const prt_set *set, const char *tenant);

size_t prt_plan_operations(const prt_plan *plan);
size_t prt_plan_findings(const prt_plan *plan, prt_severity at_least);

/* PRODUCT's `plan --format json`. A new reference. */
json_t *prt_plan_json(const prt_plan *plan);
/* The same set or one operation alone; shapes as in the whole. */
json_t *prt_operation_json(prt_arena *arena, const prt_set *set, const prt_operation *operation);
json_t *prt_finding_json(const prt_finding *finding);

#endif
