/* Partitions that are partitioned themselves: built with all that is beneath them before anybody sees them. */
#include "model/ident.h"
#include "model/render_parts.h"

/*
 * Each leaf is made as a partition without a level above it would be, and attached to its branch. Nobody else sees the
 * branch yet, so that no lock of this is felt; ATTACH, unlike PARTITION OF, keeps what LIKE brings along: extended
 * statistics, comments, and the indexes of a template.
 */
static void
put_level(prt_renderer *r, const char *branch, const prt_sublevel *level)
{
    for (size_t i = 0; i < level->length; i++) {
        const struct prt_subpartition *child = &level->children[i];
        r->child = prt_ident_qualify(r->arena, r->operation->schema, child->name);
        const char *name = r->child;
        prt_put_table(r, child->below == NULL ? NULL : child->below->partition_by);
        if (child->below != NULL)
            put_level(r, name, child->below);
        prt_put(r, 0, "ALTER TABLE %s ATTACH PARTITION %s %s", branch, name, child->bound);
    }
}

void
prt_put_tree(prt_renderer *r)
{
    const prt_sublevel *below = r->operation->below;
    const char *table = r->child;
    prt_put_table(r, below == NULL ? NULL : below->partition_by);
    if (below != NULL)
        put_level(r, table, below);
    r->child = table;
}

/*
 * From 17 on ATTACH gives the parent's identity columns to the branch, but to nothing below it; such a branch can then not be
 * detached ("is not an identity column"). Taken off and attached again, each table below gets them from its own parent.
 */
void
prt_put_identity(prt_renderer *r)
{
    if (r->operation->below == NULL || !r->set->parent->parent->has_identity || r->snapshot->server_version < 170000)
        return;
    prt_put_do(r, 0, "item record",
               prt_arena_printf(
                   r->arena,
                   "FOR item IN SELECT p.parentrelid::pg_catalog.regclass AS branch, p.relid::pg_catalog.regclass"
                   " AS child, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound"
                   " FROM pg_catalog.pg_partition_tree(%s) p JOIN pg_catalog.pg_class c ON c.oid = p.relid"
                   " WHERE p.level > 0 ORDER BY p.level LOOP"
                   " EXECUTE pg_catalog.format('ALTER TABLE %%s DETACH PARTITION %%s', item.branch, item.child);"
                   " EXECUTE pg_catalog.format('ALTER TABLE %%s ATTACH PARTITION %%s %%s', item.branch, item.child,"
                   " item.bound); END LOOP;",
                   prt_regclass(r, r->child)));
}

bool
prt_branch_has_default(const prt_table *branch)
{
    const prt_parent *parent = branch->parent;
    for (size_t i = 0; parent != NULL && i < parent->children_length; i++)
        if (parent->children[i]->bound_error == NULL && parent->children[i]->bound.kind == PRT_BOUND_DEFAULT)
            return true;
    return false;
}

/* As for a single partition: the names of the indexes are PostgreSQL's choice, and known once they are tied together. */
void
prt_put_replica_indexes(prt_renderer *r)
{
    const prt_parent *parent = r->set->parent->parent;
    const char *index = prt_ident_qualify(r->arena, r->set->schema, parent->replica_index);
    prt_put_do(
        r, 0, "item record",
        prt_arena_printf(r->arena,
                         "FOR item IN SELECT n.nspname, t.relname, c.relname AS index_name"
                         " FROM pg_catalog.pg_partition_tree(%s) p JOIN pg_catalog.pg_class t ON t.oid = p.relid"
                         " JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace"
                         " JOIN pg_catalog.pg_index i ON i.indrelid = t.oid"
                         " JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
                         " WHERE EXISTS (SELECT FROM pg_catalog.pg_partition_ancestors(c.oid) a WHERE a.relid = %s)"
                         " LOOP EXECUTE pg_catalog.format('ALTER TABLE %%I.%%I REPLICA IDENTITY USING INDEX %%I',"
                         " item.nspname, item.relname, item.index_name); END LOOP;",
                         prt_regclass(r, r->child), prt_regclass(r, index)));
}

void
prt_put_move_leaves(prt_renderer *r, const char *schema)
{
    prt_put_do(r, 0, "item record",
               prt_arena_printf(r->arena,
                                "FOR item IN SELECT n.nspname, c.relname FROM pg_catalog.pg_partition_tree(%s) t"
                                " JOIN pg_catalog.pg_class c ON c.oid = t.relid"
                                " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE t.level > 0"
                                " LOOP EXECUTE pg_catalog.format('ALTER TABLE %%I.%%I SET SCHEMA %%I', item.nspname,"
                                " item.relname, %s); END LOOP;",
                                prt_regclass(r, r->child), prt_literal_quote(r->arena, schema)));
}
