/*
 * A policy as the planner sees it: plain values and pure decision hooks. Made by the policy room from Lua, or by hand
 * in C. Everything it points to outlives the plan.
 */
#ifndef PRT_MODEL_SPEC_H
#define PRT_MODEL_SPEC_H

#include "model/archive.h"
#include "model/interval.h"
#include "model/key.h"
#include "model/naming.h"
#include "model/tree.h"

typedef enum prt_retention_kind {
    PRT_KEEP,       /* nothing expires */
    PRT_KEEP_AGE,   /* upper bound <= now - interval */
    PRT_KEEP_COUNT, /* that many whole partitions before the current one */
    PRT_KEEP_BYTES, /* the newest, until the budget is full */
    PRT_KEEP_IDS,   /* a distance in ids */
} prt_retention_kind;

typedef struct prt_retention {
    prt_retention_kind kind;
    prt_interval age;
    int64_t amount; /* COUNT, BYTES, IDS */
} prt_retention;

typedef enum prt_cleanup { PRT_CLEANUP_NONE, PRT_CLEANUP_DROP, PRT_CLEANUP_DETACH, PRT_CLEANUP_MOVE } prt_cleanup;
typedef enum prt_default { PRT_DEFAULT_IGNORE, PRT_DEFAULT_CREATE, PRT_DEFAULT_DRAIN } prt_default;

/* max_drop: a number, a share of the set, or all. */
typedef struct prt_max_drop {
    enum { PRT_DROP_PERCENT, PRT_DROP_COUNT, PRT_DROP_ALL } kind;
    int64_t amount;
} prt_max_drop;

/* `tenant` */
typedef struct prt_tenant_spec {
    const char *key;        /* the column; NULL: the policy has no tenants */
    const prt_tenant *list; /* values as a list (ids as written) ... */
    size_t list_length;
    const char *query; /* ... or as SQL; NULL */
    bool drop_unknown; /* unknown = { drop_after = ... }; otherwise keep */
    prt_interval drop_after;
} prt_tenant_spec;

/* `purge` */
typedef struct prt_purge_spec {
    int64_t batch;    /* rows a statement; 5000 */
    int64_t pause_ms; /* between two; 100 */
    int64_t max_rows; /* a run; 0: no cap */
    bool stated;      /* the policy says `purge`: rows may be deleted also where partitions are archived or kept */
} prt_purge_spec;

typedef enum prt_sub_kind { PRT_SUB_NONE, PRT_SUB_HASH, PRT_SUB_LIST, PRT_SUB_RANGE } prt_sub_kind;

/* `subpartition`: the level below each partition */
typedef struct prt_sub_spec {
    prt_sub_kind kind;
    const char *column;
    int modulus;            /* HASH */
    const prt_tenant *list; /* LIST: values as a list (their ids) ... */
    size_t list_length;
    const char *query; /* ... or as SQL; NULL */
    bool by_id;        /* RANGE: the interval was an integer */
    prt_interval interval;
    int64_t id_step;
} prt_sub_spec;

/* What decision and action hooks are told. */
typedef struct prt_hook_context {
    const struct prt_spec *spec;
    const char *schema, *table; /* the set's parent */
    const prt_key *key;
    const prt_tenant *tenant; /* ctx.tenant; NULL: none */
    prt_instant now;
} prt_hook_context;

typedef struct prt_hook_partition {
    const char *schema, *name;
    prt_range range;
    int64_t bytes, rows;               /* -1 unknown */
    const char *state;                 /* "attached", "pending", "detached", "new", "dropped" */
    const char *tenant;                /* its id; NULL: none */
    const prt_archive_result *archive; /* once it is archived; NULL */
} prt_hook_partition;

typedef enum prt_hook {
    PRT_HOOK_CREATE,
    PRT_HOOK_BEFORE_DETACH,
    PRT_HOOK_BEFORE_DROP,
    PRT_HOOK_AFTER_DROP,
    PRT_HOOK_ERROR,
    PRT_HOOK_COUNT
} prt_hook;
extern const char *const prt_hook_names[PRT_HOOK_COUNT]; /* "on_create", "before_detach", ... */

typedef struct prt_hooks {
    void *data;
    /* Decision hooks, pure; NULL: the static field holds. */
    bool (*retention)(void *data, const prt_hook_context *context, prt_retention *out, prt_error *err);
    bool (*hold)(void *data, const prt_hook_context *context, const prt_hook_partition *partition, bool *out,
                 prt_error *err);
    bool (*archive)(void *data, const prt_hook_context *context, const prt_hook_partition *partition, prt_arena *arena,
                    prt_archive_choice *out, prt_error *err);
    /* Action hooks: `actions` has bit (1 << hook) for those the policy has. `cause` only for PRT_HOOK_ERROR. */
    unsigned actions;
    bool (*action)(void *data, prt_hook hook, const prt_hook_context *context, const prt_hook_partition *partition,
                   const prt_error *cause, prt_error *err);
} prt_hooks;

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order of the documentation */
typedef struct prt_spec {
    const char *name; /* the policy's name */
    const char *file; /* where it was defined */
    int line;
    const char **tables; /* "schema.table" as written; NULL when a query gives them */
    size_t tables_length;
    const char *tables_query;
    prt_key_options key;
    bool by_id; /* the interval was an integer */
    prt_interval interval;
    int64_t id_step;
    bool has_anchor;
    int64_t anchor; /* an instant, or an id */
    const prt_zone *zone;
    int64_t premake, backfill, max_create;
    prt_retention retention;
    prt_cleanup cleanup;
    const char *cleanup_schema; /* MOVE */
    bool cleanup_indexes;       /* MOVE: keep them */
    prt_interval grace;
    prt_max_drop max_drop;
    prt_archive_choice archive; /* url NULL: none (or the hook decides) */
    prt_tenant_spec tenant;
    prt_purge_spec purge;
    prt_sub_spec subpartition;
    prt_naming naming;
    prt_default default_partition;
    const char *template_table; /* "schema.table"; NULL: the parent */
    const char *tablespace;     /* NULL: the parent's */
    prt_storage *storage;
    size_t storage_length;
    bool inherit_privileges, inherit_rls;
    bool has_analyze;
    prt_interval analyze;
    bool has_alert_runway;
    prt_interval alert_runway;
    int64_t alert_partition_bytes; /* 0: none */
    int64_t alert_default_rows;    /* rows beyond which default_not_empty is a warning; 0 */
    int64_t lock_timeout_ms, statement_timeout_ms;
    int retries;
    prt_hooks hooks;
} prt_spec;

/* Every default of PRODUCT's table. */
void prt_spec_init(prt_spec *spec);

#endif
