/*
 * New tenants under LIST (tenant) -> RANGE (time): their branch looks like those of the others, has all partitions of the
 * usual window, and is attached once. What belongs beneath it is found by planning a parent that does not exist yet.
 */
#include <string.h>

#include "base/buf.h"
#include "model/ident.h"
#include "model/plan_subtree.h"

typedef struct newcomer {
    prt_worksite *site; /* of the LIST parent and this tenant */
    const prt_table *root;
    bool ok;
} newcomer;

static prt_sublevel *level_like(newcomer *n, const prt_parent *like, const char *name);

static void
refuse(newcomer *n, prt_finding_code code, const char *hint, const char *message)
{
    prt_find(n->site, code, PRT_SEVERITY_ERROR, NULL, hint, "%s", message);
    n->ok = false;
}

/* RANGE ("a", "b"); NULL: it has an expression, which a new table would have to repeat. */
static const char *
partition_by(prt_arena *arena, const prt_parent *like)
{
    prt_buf text;
    prt_buf_init(&text, arena);
    prt_buf_str(&text, like->strategy == 'r' ? "RANGE (" : like->strategy == 'h' ? "HASH (" : "LIST (");
    for (size_t i = 0; i < like->columns; i++) {
        if (like->key[i].name == NULL)
            return NULL;
        prt_buf_fmt(&text, "%s%s", i == 0 ? "" : ", ", prt_ident_quote(arena, like->key[i].name));
    }
    prt_buf_char(&text, ')');
    return text.data;
}

static bool
is_planned(prt_finding_code code)
{
    return code == PRT_FINDING_MISSING || code == PRT_FINDING_GAP || code == PRT_FINDING_LOW_RUNWAY;
}

/*
 * What the planner says of the parent that does not exist yet, but for what the creation itself mends. A branch is made
 * although its retention is not known, as any partition is; without a partition in it, it would be in the way.
 */
static void
take_findings(newcomer *n, const prt_set *set)
{
    bool creates = false;
    for (size_t i = 0; i < set->operations.length; i++)
        creates = creates || set->operations.items[i].op == PRT_OP_CREATE;
    n->ok = n->ok && creates;
    for (size_t i = 0; i < set->findings.length; i++) {
        const prt_finding *finding = &set->findings.items[i];
        if (creates && is_planned(finding->code))
            continue;
        prt_vec_push(n->site->arena, &n->site->set->findings, *finding);
        n->ok = n->ok && (finding->severity != PRT_SEVERITY_ERROR || finding->code == PRT_FINDING_EXPIRED);
    }
}

static void
take_operations(newcomer *n, const prt_set *set, prt_sublevel *level)
{
    prt_arena *arena = n->site->arena;
    level->children = prt_arena_array(arena, set->operations.length + 1, sizeof *level->children);
    for (size_t i = 0; i < set->operations.length; i++) {
        const prt_operation *o = &set->operations.items[i];
        if (o->op == PRT_OP_CREATE)
            level->children[level->length++] = (struct prt_subpartition) {
                .name = o->name,
                .bound = !o->has_range ? "DEFAULT"
                                       : prt_arena_printf(arena, "FOR VALUES FROM (%s) TO (%s)", o->range.from.sql,
                                                          o->range.to.sql),
                .below = o->below};
    }
}

/* Plans a RANGE parent called `name` as if it were there and empty. */
static void
plan_range(newcomer *n, const prt_parent *like, const char *name, prt_sublevel *level)
{
    prt_worksite *site = n->site;
    prt_arena *arena = site->arena;
    const prt_planner *planner = site->planner;
    prt_parent *parent = PRT_NEW(arena, prt_parent);
    prt_table *table = PRT_NEW(arena, prt_table);
    prt_plan *plan = PRT_NEW(arena, prt_plan);
    prt_plan_options options = *planner->options;
    options.create_only = true;
    *parent = *like;
    parent->children = NULL;
    parent->children_length = parent->references_length = 0;
    parent->highest = parent->highest_error = NULL;
    parent->invalid_indexes = NULL;
    *table = (prt_table) {
        .schema = n->root->schema, .name = name, .owner = n->root->owner, .kind = 'p', .rows = -1, .bytes = -1};
    table->parent = parent;
    memcpy(&table->parent_table, &n->root, sizeof n->root); /* only looked at */
    *plan = (prt_plan) {.arena = arena, .snapshot = planner->snapshot, .now = planner->snapshot->now};
    prt_planner inner = *planner;
    inner.plan = plan;
    inner.options = &options;
    memset(&inner.parents, 0, sizeof inner.parents);
    memset(&inner.nests, 0, sizeof inner.nests);
    prt_set *set = prt_plan_add_set(&inner, table, site->spec);
    set->tenant = site->set->tenant;
    set->tenant_row = site->set->tenant_row;
    prt_plan_set(&inner, set);
    site->planner->names = inner.names; /* no name is given twice in a run */
    take_findings(n, set);
    take_operations(n, set, level);
    n->ok = n->ok && set->plannable;
    site->set->plannable = n->ok;
    site->set->key = set->key;
    site->set->grid = set->grid;
    site->set->now = site->set->horizon = set->now;
}

/* Hash buckets or list values as the others have them. */
static void
copy_children(newcomer *n, const prt_parent *like, const char *name, prt_sublevel *level)
{
    prt_worksite *site = n->site;
    prt_arena *arena = site->arena;
    prt_name_set names = {0};
    level->children = prt_arena_array(arena, like->children_length + 1, sizeof *level->children);
    for (size_t i = 0; i < like->children_length; i++) {
        const prt_table *child = like->children[i];
        const prt_bound *bound = &child->bound;
        if (child->bound_error != NULL || child->bound_text == NULL) {
            refuse(n, PRT_FINDING_UNEXPECTED_BOUNDS, NULL, "the bounds of another tenant's partitions cannot be read");
            return;
        }
        const char *own = NULL;
        if (bound->kind == PRT_BOUND_HASH)
            own = prt_subtree_name(arena, n->root->name, name, prt_arena_printf(arena, "_h%d", bound->remainder));
        else
            own = prt_subtree_list_name(site, name,
                                        bound->kind == PRT_BOUND_DEFAULT ? "default"
                                        : bound->values[0].text == NULL  ? "null"
                                                                         : bound->values[0].text,
                                        &names);
        if (own == NULL) {
            refuse(n, PRT_FINDING_NAME_COLLISION, NULL,
                   prt_arena_printf(arena, "no name of at most %d bytes for its partition %s", PRT_NAME_BYTES,
                                    child->bound_text));
            return;
        }
        prt_name_set_add(arena, &names, n->root->schema, own);
        n->ok = prt_subtree_claim(site, own) && n->ok;
        level->children[level->length++] = (struct prt_subpartition) {
            .name = own,
            .bound = child->bound_text,
            .below = child->parent == NULL ? NULL : level_like(n, child->parent, own)};
    }
}

static prt_sublevel *
level_like(newcomer *n, const prt_parent *like, const char *name)
{
    prt_sublevel *level = PRT_NEW(n->site->arena, prt_sublevel);
    level->partition_by = partition_by(n->site->arena, like);
    if (level->partition_by == NULL)
        refuse(n, PRT_FINDING_UNSUPPORTED_KEY, "create its LIST partition by hand",
               "the other tenants' branches are partitioned by an expression, not by a column");
    else if (like->strategy == 'r')
        plan_range(n, like, name, level);
    else
        copy_children(n, like, name, level);
    return level;
}

static bool
has_range(const prt_parent *parent)
{
    if (parent == NULL || parent->strategy == 'r')
        return parent != NULL;
    for (size_t i = 0; i < parent->children_length; i++)
        if (has_range(parent->children[i]->parent))
            return true;
    return false;
}

/* A level of ranges by that column, as there is none yet; NULL: there is no such column. */
static const prt_parent *
branch_by(newcomer *n, const char *column)
{
    const prt_parent *root = n->root->parent;
    for (size_t i = 0; i < root->sub_columns_length; i++) {
        if (strcmp(root->sub_columns[i].name, column) != 0)
            continue;
        prt_parent *made = PRT_NEW(n->site->arena, prt_parent);
        *made = *root;
        made->strategy = 'r';
        made->columns = 1;
        made->key = PRT_NEW(n->site->arena, prt_key_column);
        made->key[0] = (prt_key_column) {.name = column, .type = root->sub_columns[i].type};
        made->children_length = 0;
        return made;
    }
    return NULL;
}

/* How tenants are partitioned here: as the newest of them is, else by the policy's key. */
static const prt_parent *
find_example(newcomer *n)
{
    const prt_parent *root = n->root->parent, *found = NULL;
    const char *column = n->site->spec->key.column;
    bool is_tenant = false;
    for (size_t i = root->children_length; i-- > 0 && !is_tenant;) {
        const prt_table *child = root->children[i];
        if (child->detach_pending || !has_range(child->parent))
            continue;
        found = child->parent;
        is_tenant = child->bound_error == NULL && child->bound.kind == PRT_BOUND_LIST;
    }
    if (found == NULL && column != NULL)
        found = branch_by(n, column);
    if (found == NULL)
        refuse(n, PRT_FINDING_UNSUPPORTED_KEY,
               column == NULL ? "give the policy its key, such as key = \"created_at\"" : "correct the policy's key",
               "no tenant has a branch yet that would show by which column it is to be partitioned");
    return found;
}

static void
find_default(newcomer *n)
{
    const prt_parent *root = n->root->parent;
    for (size_t i = 0; i < root->children_length; i++)
        if (root->children[i]->bound_error == NULL && root->children[i]->bound.kind == PRT_BOUND_DEFAULT) {
            n->site->set->default_table = root->children[i];
            n->site->set->has_default = true;
        }
}

/* Rows of the tenant in the LIST parent's default partition: they move, or the branch cannot be attached. */
static bool
resolve_blocked(newcomer *n, prt_operation *o)
{
    prt_worksite *site = n->site;
    const prt_parent *root = n->root->parent;
    if (site->set->default_table == NULL ||
        !prt_snapshot_is_blocked(site->planner->snapshot, prt_ident_qualify(site->arena, o->schema, o->name)))
        return true;
    const char *holder = prt_site_name(site, site->set->default_table);
    bool drains = site->spec->default_partition == PRT_DEFAULT_DRAIN;
    for (size_t i = 0; i < root->references_length; i++)
        drains = drains && root->references[i].on_delete == 'a';
    if (drains) {
        o->op = PRT_OP_DRAIN;
        o->note = prt_arena_printf(site->arena, "%s, moves rows out of %s", o->note, holder);
        return true;
    }
    prt_find(site, PRT_FINDING_DEFAULT_BLOCKS, PRT_SEVERITY_ERROR, prt_ident_display(site->arena, NULL, o->name),
             site->spec->default_partition == PRT_DEFAULT_DRAIN
                 ? "move the rows by hand: foreign keys that point at the table would act on them"
                 : "default = \"drain\" moves them when the tenant's partition is made",
             "%s holds rows of tenant %s", holder, site->set->tenant);
    return false;
}

static void
create(newcomer *n)
{
    prt_worksite *site = n->site;
    prt_arena *arena = site->arena;
    const char *tenant = site->set->tenant;
    prt_operation o = {.op = PRT_OP_CREATE,
                       .schema = n->root->schema,
                       .reason = "new tenant",
                       .bytes = -1,
                       .rows = -1,
                       .bound = prt_arena_printf(arena, "FOR VALUES IN (%s)", prt_literal_quote(arena, tenant))};
    prt_error err = {0};
    if (!prt_naming_branch(arena, n->root->name, tenant, &o.name, &err)) {
        refuse(n, PRT_FINDING_NAME_COLLISION, "create its LIST partition by hand, under any name",
               prt_arena_strdup(arena, err.message));
        return;
    }
    o.table = prt_subtree_made(site, n->root, o.name, o.bound);
    o.made = o.table != NULL;
    if (o.made) {
        o.oid = o.table->oid;
        o.reason = "resumed";
        prt_name_set_add(arena, &site->planner->names, o.schema, o.name);
    } else if (!prt_subtree_claim(site, o.name)) {
        return;
    }
    const prt_parent *like = find_example(n);
    if (like == NULL)
        return;
    size_t known = site->set->findings.length;
    prt_sublevel *below = level_like(n, like, o.name);
    if (o.made) { /* complete since it was built: its own names are in nobody's way */
        site->set->findings.length = known;
        n->ok = site->set->plannable = true;
    }
    o.below = below;
    o.note = prt_subtree_note(arena, below);
    if (n->ok && prt_subtree_fits(site, &o) && resolve_blocked(n, &o))
        prt_plan_add(site, o);
}

void
prt_subtree_tenant(prt_planner *planner, const prt_table *root, const prt_spec *spec, const prt_tenant *tenant)
{
    const prt_plan_options *options = planner->options;
    if (options->retire != NULL || options->retire_only)
        return;
    prt_set *set = prt_plan_add_set(planner, root, spec);
    set->tenant = tenant->id;
    set->tenant_row = tenant;
    set->follows = true;
    set->children = NULL;
    set->children_length = 0;
    prt_worksite site = {.planner = planner, .arena = planner->arena, .set = set, .spec = spec, .parent = root->parent};
    newcomer n = {.site = &site, .root = root, .ok = true};
    find_default(&n);
    if (!planner->snapshot->standby)
        create(&n);
    if (options->checking)
        prt_find(&site, PRT_FINDING_MISSING, set->default_table != NULL ? PRT_SEVERITY_WARNING : PRT_SEVERITY_ERROR,
                 NULL, "apply creates it", "tenant %s has no partition: %s", tenant->id,
                 set->default_table != NULL ? "its rows go into the default partition" : "its inserts fail");
}
