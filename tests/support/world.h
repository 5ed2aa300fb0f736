/* A catalog made by hand, for planner tests: tables, partitions, and the effect of a plan's operations on them. */
#ifndef PRT_TESTS_WORLD_H
#define PRT_TESTS_WORLD_H

#include <stdlib.h>
#include <string.h>

#include "model/ident.h"
#include "model/plan.h"
#include "model/render.h"
#include "support/support.h"

typedef struct world {
    prt_arena *arena;
    prt_snapshot snapshot;
    prt_spec spec; /* of every root */
    const prt_spec *specs[64];
    uint32_t next_oid;
} world;

static inline prt_instant
world_time(const char *text)
{
    prt_instant at;
    prt_error err = {0};
    assert_ok(prt_instant_parse(text, &at, &err), &err);
    return at;
}

static inline prt_interval
world_interval(const char *text)
{
    prt_interval interval;
    prt_error err = {0};
    assert_ok(prt_interval_parse(text, &interval, &err), &err);
    return interval;
}

/* An empty catalog of a 15 server at `now`, and a daily policy called "events" that drops. */
static inline void
world_init(world *w, prt_arena *arena, const char *now)
{
    *w = (world) {.arena = arena, .next_oid = 16384};
    w->snapshot = (prt_snapshot) {.arena = arena,
                                  .server_version = 150018,
                                  .system = "7000000000000000001",
                                  .database = "app",
                                  .database_oid = 5,
                                  .user = "app",
                                  .now = world_time(now),
                                  .lock_budget = 1000};
    w->snapshot.roots = prt_arena_array(arena, 64, sizeof *w->snapshot.roots);
    w->snapshot.waiting = prt_arena_array(arena, 2000, sizeof *w->snapshot.waiting);
    prt_spec_init(&w->spec);
    w->spec.name = "events";
    w->spec.file = "events.lua";
    w->spec.interval = world_interval("1 day");
    w->spec.cleanup = PRT_CLEANUP_DROP;
}

static inline prt_table *
world_table(world *w, const char *schema, const char *name, char kind)
{
    prt_table *t = PRT_NEW(w->arena, prt_table);
    *t = (prt_table) {
        .oid = w->next_oid++, .schema = schema, .name = name, .owner = "app", .kind = kind, .rows = -1, .bytes = -1};
    return t;
}

/* Makes a table a partitioned one by a single column. */
static inline void
world_partitioned(world *w, prt_table *t, char strategy, const char *column, const char *type)
{
    t->kind = 'p';
    t->parent = PRT_NEW(w->arena, prt_parent);
    *t->parent = (prt_parent) {.strategy = strategy,
                               .columns = 1,
                               .owner = "app",
                               .replica_identity = 'd',
                               .locks_per_child = 2,
                               .analyzed = PRT_POS_MIN};
    t->parent->key = prt_arena_array(w->arena, 4, sizeof(prt_key_column));
    t->parent->key[0] = (prt_key_column) {.name = column, .type = type, .not_null = true};
    t->parent->children = prt_arena_array(w->arena, 2000, sizeof(prt_table *));
}

static inline prt_table *
world_root(world *w, const char *name, const char *column, const char *type)
{
    prt_table *t = world_table(w, "public", name, 'p');
    world_partitioned(w, t, 'r', column, type);
    w->specs[w->snapshot.roots_length] = &w->spec;
    w->snapshot.roots[w->snapshot.roots_length++] = t;
    return t;
}

static inline void
world_bound(world *w, prt_table *child, const char *bound)
{
    prt_error err = {0};
    child->bound_text = prt_arena_strdup(w->arena, bound);
    assert_ok(prt_bound_parse(w->arena, child->bound_text, &child->bound, &err), &err);
}

/* Attaches a new leaf; `bound` as PostgreSQL prints it. */
static inline prt_table *
world_child(world *w, prt_table *parent, const char *name, const char *bound)
{
    prt_table *child = world_table(w, parent->schema, prt_arena_strdup(w->arena, name), 'r');
    world_bound(w, child, bound);
    child->parent_table = parent;
    parent->parent->children[parent->parent->children_length++] = child;
    return child;
}

/* A range partition from one text to another: quoted unless they are words. */
static inline prt_table *
world_range(world *w, prt_table *parent, const char *name, const char *from, const char *to)
{
    const char *f = strstr(from, "VALUE") ? from : prt_literal_quote(w->arena, from);
    const char *t = strstr(to, "VALUE") ? to : prt_literal_quote(w->arena, to);
    return world_child(w, parent, name, prt_arena_printf(w->arena, "FOR VALUES FROM (%s) TO (%s)", f, t));
}

/* The table's comment becomes a marker of partrun's, written by policy "events". */
static inline void
world_mark(world *w, prt_table *t, const prt_table *parent, const char *state, const char *from, const char *to,
           const char *since)
{
    prt_marker marker = {.state = state,
                         .system = w->snapshot.system,
                         .database = w->snapshot.database_oid,
                         .oid = t->oid,
                         .policy = "events",
                         .parent_schema = parent->schema,
                         .parent_name = parent->name,
                         .from = prt_literal_quote(w->arena, from),
                         .to = prt_literal_quote(w->arena, to),
                         .since = world_time(since)};
    t->comment = prt_marker_write(w->arena, t->comment, &marker);
}

/* A detached table with a marker. */
static inline prt_table *
world_waiting(world *w, const prt_table *parent, const char *name, const char *state, const char *from, const char *to,
              const char *since)
{
    prt_table *t = world_table(w, parent->schema, prt_arena_strdup(w->arena, name), 'r');
    world_mark(w, t, parent, state, from, to, since);
    prt_waiting *waiting = &w->snapshot.waiting[w->snapshot.waiting_length++];
    waiting->table = t;
    assert_true(prt_marker_read(w->arena, t->comment, &waiting->marker));
    return t;
}

static inline prt_plan *
world_plan(world *w, const prt_plan_options *options)
{
    prt_plan *plan;
    prt_error err = {0};
    assert_ok(prt_plan_make(w->arena, &w->snapshot, w->specs, options, &plan, &err), &err);
    return plan;
}

static inline void
world_detach(prt_table *parent, const prt_table *child)
{
    prt_parent *p = parent->parent;
    size_t n = 0;
    for (size_t i = 0; i < p->children_length; i++)
        if (p->children[i] != child)
            p->children[n++] = p->children[i];
    p->children_length = n;
}

/* The comment that the operation's statements leave on the partition. */
static inline const char *
world_comment(world *w, const prt_operation *o)
{
    const char *comment = NULL;
    for (size_t i = 0; i < o->statements_length; i++) {
        const char *is = strstr(o->statements[i].sql, " IS '");
        if (strncmp(o->statements[i].sql, "COMMENT", 7) == 0 && is != NULL) {
            char *text = prt_arena_strdup(w->arena, is + 5), *to = text;
            for (const char *c = text; *c != '\0'; c++) {
                if (*c == '\'' && c[1] == '\'')
                    c++;
                else if (*c == '\'')
                    break;
                *to++ = *c;
            }
            *to = '\0';
            comment = text;
        }
    }
    return comment;
}

static inline void
world_forget(world *w, const prt_table *table)
{
    for (size_t i = 0; i < w->snapshot.waiting_length; i++)
        if (w->snapshot.waiting[i].table == table)
            w->snapshot.waiting[i] = w->snapshot.waiting[--w->snapshot.waiting_length];
}

/* An archive that is proven: 3 rows in 30 bytes. The comment is what the operation leaves then. */
static inline void
world_archive(world *w, const prt_set *set, const prt_operation *o, prt_table *table)
{
    static const char sha256[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    prt_operation after = *o;
    prt_archive_result result = {.url = o->archive->url, .rows = 3, .bytes = 30, .sha256 = sha256};
    after.archived = &result;
    prt_render_proven(w->arena, &w->snapshot, set, &after, true, &after.statements, &after.statements_length);
    table->comment = world_comment(w, &after);
    table->fenced = strstr(table->comment, "\"archived\"") != NULL;
    for (size_t i = 0; i < w->snapshot.waiting_length; i++)
        if (w->snapshot.waiting[i].table == table)
            assert_true(prt_marker_read(w->arena, table->comment, &w->snapshot.waiting[i].marker));
}

/* Makes a branch of a new partition: RANGE ("at") and so on, by a column that its parent has, or one of times. */
static inline void
world_below(world *w, prt_table *t, const prt_sublevel *level)
{
    if (level == NULL)
        return;
    const char *quoted = strchr(level->partition_by, '"') + 1;
    const char *column = prt_arena_strndup(w->arena, quoted, strcspn(quoted, "\""));
    const prt_key_column *above = &t->parent_table->parent->key[0];
    const char *type = strcmp(above->name, column) == 0 ? above->type : "timestamp with time zone";
    char strategy = (char) (level->partition_by[0] - 'A' + 'a');
    world_partitioned(w, t, strategy, column, type);
    for (size_t i = 0; i < level->length; i++)
        world_below(w, world_child(w, t, level->children[i].name, level->children[i].bound), level->children[i].below);
}

/* What PostgreSQL would do: the test's own reading of each operation, bounds checked for overlaps as ATTACH does. */
static inline void
world_apply_one(world *w, const prt_set *set, const prt_operation *o)
{
    prt_table *parent = NULL;
    memcpy(&parent, &set->parent, sizeof parent); /* the snapshot is ours to change */
    prt_table *table = NULL;
    memcpy(&table, &o->table, sizeof table);
    if (o->op == PRT_OP_CREATE || o->op == PRT_OP_DRAIN) {
        const char *bound = o->has_range ? prt_arena_printf(w->arena, "FOR VALUES FROM (%s) TO (%s)", o->range.from.sql,
                                                            o->range.to.sql)
                            : o->bound != NULL ? o->bound
                                               : "DEFAULT";
        if (o->branch != NULL)
            memcpy(&parent, &o->branch, sizeof parent);
        world_below(w, world_child(w, parent, o->name, bound), o->below);
        return;
    }
    bool retires = o->op == PRT_OP_DROP || o->op == PRT_OP_DETACH || o->op == PRT_OP_MOVE || o->op == PRT_OP_FINALIZE ||
                   o->op == PRT_OP_ARCHIVE;
    if (o->op == PRT_OP_REATTACH) {
        world_forget(w, table);
        table->comment = prt_marker_strip(w->arena, table->comment);
        table->fenced = false;
        table->parent_table = parent;
        world_bound(w, table,
                    prt_arena_printf(w->arena, "FOR VALUES FROM (%s) TO (%s)", o->range.from.sql, o->range.to.sql));
        parent->parent->children[parent->parent->children_length++] = table;
        return;
    }
    if (o->op == PRT_OP_ANALYZE)
        parent->parent->analyzed = w->snapshot.now;
    if (o->op == PRT_OP_ALTER && o->alter == PRT_ALTER_UNMARK)
        table->comment = prt_marker_strip(w->arena, table->comment);
    if (o->op == PRT_OP_ALTER && o->alter == PRT_ALTER_NOTE)
        table->comment = world_comment(w, o);
    if (!retires)
        return;
    if (table->parent_table != NULL) {
        world_detach(parent, table);
        table->parent_table = NULL;
        table->detach_pending = false;
        if (o->op != PRT_OP_FINALIZE)
            table->comment = world_comment(w, o);
        if (o->op == PRT_OP_ARCHIVE)
            world_archive(w, set, o, table);
        prt_waiting *waiting = &w->snapshot.waiting[w->snapshot.waiting_length];
        waiting->table = table;
        if (o->op != PRT_OP_DROP && table->comment != NULL &&
            prt_marker_read(w->arena, table->comment, &waiting->marker))
            w->snapshot.waiting_length++;
        return;
    }
    if (o->op == PRT_OP_ARCHIVE)
        world_archive(w, set, o, table);
    else
        world_forget(w, table);
}

static inline void
world_apply(world *w, const prt_plan *plan)
{
    for (size_t i = 0; i < plan->sets.length; i++)
        for (size_t j = 0; j < plan->sets.items[i].operations.length; j++)
            world_apply_one(w, &plan->sets.items[i], &plan->sets.items[i].operations.items[j]);
}

/* The operations of a set as text, one a line: "create events_p20250101 2025-01-01 .. 2025-01-02 (current)". */
static inline const char *
world_operations(world *w, const prt_plan *plan, size_t index)
{
    const prt_set *set = &plan->sets.items[index];
    char *text = prt_arena_strdup(w->arena, "");
    for (size_t i = 0; i < set->operations.length; i++) {
        const prt_operation *o = &set->operations.items[i];
        text = prt_arena_printf(w->arena, "%s%s %s%s%s (%s)\n", text, prt_op_names[o->op],
                                prt_ident_display(w->arena, NULL, o->name), o->has_range ? " " : "",
                                o->has_range ? prt_range_display(w->arena, &set->key, &o->range) : "", o->reason);
    }
    return text;
}

/* Its findings: "error name_taken events_p20250101: message". */
static inline const char *
world_findings(world *w, const prt_plan *plan, size_t index)
{
    const prt_set *set = &plan->sets.items[index];
    char *text = prt_arena_strdup(w->arena, "");
    for (size_t i = 0; i < set->findings.length; i++) {
        const prt_finding *f = &set->findings.items[i];
        text = prt_arena_printf(w->arena, "%s%s %s %s: %s\n", text, prt_severity_names[f->severity],
                                prt_finding_names[f->code], f->object, f->message);
    }
    return text;
}

static inline bool
world_found(const prt_plan *plan, size_t index, prt_finding_code code, prt_severity severity)
{
    const prt_set *set = &plan->sets.items[index];
    for (size_t i = 0; i < set->findings.length; i++)
        if (set->findings.items[i].code == code && set->findings.items[i].severity == severity)
            return true;
    return false;
}

#endif
