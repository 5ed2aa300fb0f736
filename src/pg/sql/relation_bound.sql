-- purpose: what is called $1.$2, what it is attached to and with which bound (NULL: it stands alone, or is being detached),
--   the type of the first column of its parent's key, and its comment. No row: there is no such thing.
-- parameters: $1 name, $2 name
-- columns: oid oid, kind "char", parent_schema name, parent_name name, bound text, key_type text, comment text
-- versions: 14+
SELECT c.oid,
       c.relkind AS kind,
       pn.nspname AS parent_schema,
       p.relname AS parent_name,
       CASE WHEN p.oid IS NOT NULL THEN pg_catalog.pg_get_expr(c.relpartbound, c.oid) END AS bound,
       (SELECT pg_catalog.format_type(a.atttypid, NULL)
          FROM pg_catalog.pg_partitioned_table t
          JOIN pg_catalog.pg_attribute a ON a.attrelid = t.partrelid AND a.attnum = t.partattrs[0]
         WHERE t.partrelid = p.oid) AS key_type,
       pg_catalog.obj_description(c.oid, 'pg_class') AS comment
  FROM pg_catalog.pg_namespace n
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
  LEFT JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid AND c.relispartition AND NOT i.inhdetachpending
  LEFT JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
  LEFT JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
 WHERE n.nspname = $1::name AND c.relname = $2::name
