/* A new partition: a table like its parent, with what LIKE does not carry over, and its attachment. */
#include <string.h>

#include "base/buf.h"
#include "model/acl.h"
#include "model/ident.h"
#include "model/render_parts.h"

static const char *
source(prt_renderer *r)
{
    const char *schema, *name;
    prt_error err = {0};
    const char *text = r->set->spec->template_table;
    if (text == NULL || !prt_ident_parse(r->arena, text, &schema, &name, &err))
        return r->parent;
    return prt_ident_qualify(r->arena, schema == NULL ? "public" : schema, name);
}

/* WITH (...) and TABLESPACE: refused on partitioned tables, so that a policy gives them for the leaves. */
static const char *
options(prt_renderer *r)
{
    const prt_spec *spec = r->set->spec;
    prt_buf text;
    prt_buf_init(&text, r->arena);
    prt_buf_str(&text, "");
    for (size_t i = 0; i < spec->storage_length; i++)
        prt_buf_fmt(&text, "%s%s = %s", i == 0 ? " WITH (" : ", ", prt_storage_name(r->arena, spec->storage[i].name),
                    prt_literal_quote(r->arena, spec->storage[i].value));
    if (spec->storage_length > 0)
        prt_buf_char(&text, ')');
    const char *tablespace = spec->tablespace != NULL ? spec->tablespace : r->set->parent->parent->tablespace;
    if (tablespace != NULL)
        prt_buf_fmt(&text, " TABLESPACE %s", prt_ident_quote(r->arena, tablespace));
    return text.data;
}

/* Identity belongs to the parent: from 17 on ATTACH refuses a second one, and gives the partition the parent's. A branch is
 * like the parent itself: a template may have unique indexes that only leaves can have. */
static void
put_like(prt_renderer *r, const char *partition_by)
{
    const char *tablespace = r->set->parent->parent->tablespace;
    if (partition_by == NULL)
        prt_put(r, 0, "CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING IDENTITY)%s", r->child, source(r), options(r));
    else
        prt_put(r, 0, "CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING IDENTITY) PARTITION BY %s%s%s", r->child,
                prt_ident_qualify(r->arena, r->set->schema, r->set->table), partition_by,
                tablespace == NULL ? "" : " TABLESPACE ",
                tablespace == NULL ? "" : prt_ident_quote(r->arena, tablespace));
}

static void
put_privileges(prt_renderer *r)
{
    prt_grant *grants;
    size_t length;
    prt_error err = {0};
    const prt_parent *parent = r->set->parent->parent;
    if (!r->set->spec->inherit_privileges || !prt_acl_parse(r->arena, parent->acl, &grants, &length, &err))
        return;
    for (size_t i = 0; i < length; i++) {
        bool owner = grants[i].grantee != NULL && parent->owner != NULL &&
                     strcmp(grants[i].grantee, parent->owner) == 0;
        if (!owner)
            prt_put(r, 0, "GRANT %s ON TABLE %s TO %s%s", grants[i].privileges, r->child,
                    grants[i].grantee == NULL ? "PUBLIC" : prt_ident_quote(r->arena, grants[i].grantee),
                    grants[i].grantable ? " WITH GRANT OPTION" : "");
    }
}

static void
put_policy(prt_renderer *r, const prt_row_policy *policy)
{
    prt_buf sql;
    prt_buf_init(&sql, r->arena);
    prt_buf_fmt(&sql, "CREATE POLICY %s ON %s AS %s FOR %s TO %s", prt_ident_quote(r->arena, policy->name), r->child,
                policy->permissive ? "PERMISSIVE" : "RESTRICTIVE", policy->command, policy->roles);
    if (policy->using_sql != NULL)
        prt_buf_fmt(&sql, " USING (%s)", policy->using_sql);
    if (policy->check_sql != NULL)
        prt_buf_fmt(&sql, " WITH CHECK (%s)", policy->check_sql);
    prt_put(r, 0, "%s", sql.data);
}

static void
put_row_security(prt_renderer *r)
{
    const prt_parent *parent = r->set->parent->parent;
    if (!r->set->spec->inherit_rls)
        return;
    for (size_t i = 0; i < parent->policies_length; i++)
        put_policy(r, &parent->policies[i]);
    if (parent->row_security)
        prt_put(r, 0, "ALTER TABLE %s ENABLE ROW LEVEL SECURITY", r->child);
    if (parent->force_row_security)
        prt_put(r, 0, "ALTER TABLE %s FORCE ROW LEVEL SECURITY", r->child);
}

void
prt_put_table(prt_renderer *r, const char *partition_by)
{
    const prt_parent *parent = r->set->parent->parent;
    put_like(r, partition_by);
    if (parent->replica_identity == 'f' || parent->replica_identity == 'n')
        prt_put(r, 0, "ALTER TABLE %s REPLICA IDENTITY %s", r->child,
                parent->replica_identity == 'f' ? "FULL" : "NOTHING");
    put_privileges(r);
    put_row_security(r);
    /* Last: grants given before it become the new owner's. */
    if (parent->owner != NULL && (r->snapshot->user == NULL || strcmp(parent->owner, r->snapshot->user) != 0))
        prt_put(r, 0, "ALTER TABLE %s OWNER TO %s", r->child, prt_ident_quote(r->arena, parent->owner));
}

/* The name of the partition's index is PostgreSQL's choice: ask for it once ATTACH has tied it to the parent's. */
static void
put_replica_index(prt_renderer *r)
{
    const prt_parent *parent = r->set->parent->parent;
    const char *index = prt_ident_qualify(r->arena, r->set->schema, parent->replica_index);
    prt_put_do(
        r, 0, "index_name pg_catalog.name",
        prt_arena_printf(
            r->arena,
            "SELECT c.relname INTO STRICT index_name FROM pg_catalog.pg_inherits h"
            " JOIN pg_catalog.pg_index i ON i.indexrelid = h.inhrelid"
            " JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid"
            " WHERE h.inhparent = %s AND i.indrelid = %s;"
            " EXECUTE pg_catalog.format(%s, index_name);",
            prt_regclass(r, index), prt_regclass(r, r->child),
            prt_literal_quote(
                r->arena,
                prt_format_escape(r->arena,
                                  prt_arena_printf(r->arena, "ALTER TABLE %s REPLICA IDENTITY USING INDEX ", r->child),
                                  "%I"))));
}

void
prt_put_attach(prt_renderer *r)
{
    const prt_operation *o = r->operation;
    const prt_parent *parent = r->set->parent->parent;
    /* Where no guard helps, ATTACH scans the default partition: that takes as long as it takes. */
    bool scans = o->branch != NULL ? prt_branch_has_default(o->branch)
                                   : r->set->default_table != NULL && !prt_guardable(r->set, o);
    if (o->has_range)
        prt_put(r, scans ? PRT_LONG : 0, "ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%s)", r->parent,
                r->child, o->range.from.sql, o->range.to.sql);
    else
        prt_put(r, scans && o->bound != NULL ? PRT_LONG : 0, "ALTER TABLE %s ATTACH PARTITION %s %s", r->parent,
                r->child, o->bound != NULL ? o->bound : "DEFAULT");
    prt_put_identity(r);
    if (parent->replica_identity != 'i' || parent->replica_index == NULL)
        return;
    if (o->below != NULL || o->branch != NULL)
        prt_put_replica_indexes(r);
    else
        put_replica_index(r);
}
