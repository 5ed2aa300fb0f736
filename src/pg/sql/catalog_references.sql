-- purpose: foreign keys from elsewhere that point at the partitioned tables $1. PostgreSQL keeps one more row for each
--   partition of either side: conparentid leaves them out.
-- parameters: $1 oid[]
-- columns: parent oid, schema_name name, table_name name, constraint_name name, on_delete "char", on_update "char"
-- versions: 14+
SELECT k.confrelid AS parent,
       n.nspname AS schema_name,
       c.relname AS table_name,
       k.conname AS constraint_name,
       k.confdeltype AS on_delete,
       k.confupdtype AS on_update
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid = ANY ($1::oid[])
 ORDER BY k.confrelid, n.nspname, c.relname, k.conname
