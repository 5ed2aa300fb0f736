/*
 * The snapshot: what the catalog says, as values. Made by pg/catalog.c (or by a simulated world); read by the planner,
 * which changes nothing in it. Everything lives in one arena.
 */
#ifndef PRT_MODEL_TREE_H
#define PRT_MODEL_TREE_H

#include <stdint.h>

#include "model/bound.h"
#include "model/instant.h"
#include "model/marker.h"
#include "model/tenant.h"

typedef struct prt_table prt_table;

typedef struct prt_key_column {
    const char *name; /* NULL: an expression */
    const char *type; /* format_type */
    bool not_null;
} prt_key_column;

typedef struct prt_storage {
    const char *name, *value; /* a storage parameter: fillfactor = 70 */
} prt_storage;

/* A foreign key that points at a table from outside. */
typedef struct prt_reference {
    const char *schema, *table, *constraint; /* the referencing side */
    char on_delete;                          /* pg_constraint.confdeltype: a r c n d */
    char on_update;
} prt_reference;

/* A row-level security policy of a parent; expressions as pg_get_expr prints them. */
typedef struct prt_row_policy {
    const char *name;
    bool permissive;
    const char *command;               /* ALL, SELECT, INSERT, UPDATE, DELETE */
    const char *roles;                 /* for SQL: quoted and separated by commas, or PUBLIC */
    const char *using_sql, *check_sql; /* NULL: none */
} prt_row_policy;

/* How the rows of one tenant are found in partitions that it shares with others. */
typedef enum prt_tenant_access {
    PRT_ACCESS_UNKNOWN, /* nobody has asked yet */
    PRT_ACCESS_ORDERED, /* an index on (tenant, key): in the order of the key */
    PRT_ACCESS_INDEX,   /* another index that leads with the tenant's column */
    PRT_ACCESS_SMALL,   /* none, but no partition is so large that reading it whole does harm */
    PRT_ACCESS_SCAN,    /* none: a purge would read large partitions over and over */
} prt_tenant_access;

/* A column that a level below would be partitioned by. */
typedef struct prt_sub_column {
    const char *name, *type; /* format_type */
    const char *uncovered;   /* a unique index without it: no level by this column can be built; NULL: none */
} prt_sub_column;

/* Facts that only partitioned tables carry; NULL on leaves. */
typedef struct prt_parent {
    char strategy; /* r l h */
    size_t columns;
    prt_key_column *key;
    const char *owner, *tablespace; /* tablespace NULL: the database's default */
    char replica_identity;          /* d n f i */
    const char *replica_index;      /* i: the parent's index name */
    bool row_security, force_row_security, has_triggers, has_identity, has_publication;
    const char *acl;          /* NULL: default privileges */
    prt_row_policy *policies; /* of row-level security, by name */
    size_t policies_length;
    int locks_per_child; /* relations one new partition locks: itself, indexes, toast */
    size_t references_length;
    prt_reference *references;
    prt_instant analyzed;              /* last ANALYZE of the parent, PRT_POS_MIN: never */
    const char **invalid_indexes;      /* names, NULL-ended; NULL: none */
    const prt_sub_column *sub_columns; /* those that policies name, where they exist; NULL: nobody asked */
    size_t sub_columns_length;
    const char **columns_list; /* every plain (not generated) column's name in order, NULL-ended: for drain */
    prt_table **children;
    size_t children_length;
    /* The highest value of the range key stored outside the default partition, as text; NULL: empty or not asked for
     * (filled for parents of id sets: their "now"). */
    const char *highest;
    const char *highest_error; /* why it could not be read: nothing of this set can be planned; NULL: it could */
    /* Where several tenants share the partitions, filled after a first plan. */
    prt_tenant_access tenant_access;
    const char *tenant_error; /* why their expired rows could not be looked for; NULL: they could, or nobody asked */
} prt_parent;

struct prt_table {
    uint32_t oid;
    const char *schema, *name;
    const char *owner;
    char kind;           /* relkind: r p f; 0: the requested table does not exist */
    bool detach_pending; /* inhdetachpending */
    prt_bound bound;     /* of a partition; kind is meaningless on roots */
    const char *bound_text;
    const char *bound_error; /* why it could not be parsed; NULL: it could */
    int64_t rows;            /* reltuples; -1 unknown */
    int64_t bytes;           /* pg_total_relation_size; -1: not asked for; always there for default partitions */
    const char *comment;     /* whole; NULL: none. Always read: a marker is appended to it, never put in its place */
    char replica_identity;   /* of leaves; 0: not read */
    const char *acl;         /* of leaves, read with their owner; NULL: default privileges */
    prt_table *parent_table; /* NULL on roots */
    prt_parent *parent;      /* NULL on leaves */
    bool fenced;             /* with a marker: a CHECK named partrun_archived refuses rows */
    bool guarded;            /* of a default partition: a CHECK named partrun_guard was left behind */
};

/* A table outside any tree whose comment has a valid marker of this very database. */
typedef struct prt_waiting {
    prt_table *table;
    prt_marker marker;
} prt_waiting;

typedef struct prt_snapshot {
    prt_arena *arena;
    int server_version; /* 150018 */
    const char *system;
    const char *database;
    uint32_t database_oid;
    const char *user;
    bool superuser;
    prt_instant now;    /* the server's clock, or --now */
    int64_t clock_skew; /* server minus local, microseconds; 0 with --now */
    bool standby;
    int lock_budget;   /* relations one transaction may lock safely */
    prt_table **roots; /* in the order asked for */
    size_t roots_length;
    /* tenants[i]: of the policy that roots[i] goes with; NULL where it has none. May be NULL as a whole. */
    const prt_tenant_list **tenants;
    /* sub_values[i]: the values of its `subpartition = { list = ... }`, as `id`s; NULL likewise. */
    const prt_tenant_list **sub_values;
    prt_waiting *waiting;
    size_t waiting_length;
    /* Names that new partitions would get but that exist already: filled after a first plan (prt_plan_names). */
    const char **taken; /* prt_ident_qualify texts, sorted by strcmp */
    size_t taken_length;
    /* Of the partitions to be made, those whose rows sit in the default partition now: filled likewise. */
    const char **blocked; /* prt_ident_qualify texts, sorted by strcmp */
    size_t blocked_length;
    /* Filled likewise for policies with tenants on shared partitions. `purgeable`: purges with something to delete
     * (prt_purge_id texts). `strangers`: partitions to be retired that hold rows of tenants nobody knows. Both sorted.
     * NULL: nobody has asked yet. */
    const char **purgeable;
    const char **purge_from; /* [i]: the oldest key that purgeable[i] would delete, as text; may be NULL as a whole */
    size_t purgeable_length;
    const char **strangers;      /* prt_ident_qualify texts */
    const char **stranger_notes; /* [i]: what strangers[i] holds, for people; may be NULL as a whole */
    size_t strangers_length;
} prt_snapshot;

/* Looks in `taken` by binary search. */
bool prt_snapshot_is_taken(const prt_snapshot *snapshot, const char *qualified);
bool prt_snapshot_is_purgeable(const prt_snapshot *snapshot, const char *purge);
bool prt_snapshot_has_strangers(const prt_snapshot *snapshot, const char *qualified);
/* NULL: not purgeable, or not known. */
const char *prt_snapshot_purge_from(const prt_snapshot *snapshot, const char *purge);
/* NULL: it has none, or not known. */
const char *prt_snapshot_stranger_note(const prt_snapshot *snapshot, const char *qualified);
bool prt_snapshot_is_blocked(const prt_snapshot *snapshot, const char *qualified);
/* Depth-first over a tree, parents first; false from `visit` stops. */
bool prt_table_walk(const prt_table *root, bool (*visit)(void *data, const prt_table *table), void *data);

#endif
