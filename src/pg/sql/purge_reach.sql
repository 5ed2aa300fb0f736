-- purpose: which of the tables $1 a DELETE would reach out of, by a foreign key that deletes or changes the referencing rows. Of
--   keys that point at a table above them, PostgreSQL keeps a trigger for each partition; they have an index, keys have none
-- parameters: $1 oid[]
-- columns: relation oid, constraint_name name, schema_name name, table_name name
-- versions: 14+
SELECT DISTINCT ON (t.tgrelid)
       t.tgrelid AS relation,
       k.conname AS constraint_name,
       n.nspname AS schema_name,
       c.relname AS table_name
  FROM unnest($1::oid[]) AS leaf (oid)
  JOIN pg_catalog.pg_trigger t ON t.tgrelid = leaf.oid
  JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint
  JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE k.contype = 'f' AND k.confrelid = t.tgrelid AND k.confdeltype IN ('c', 'n', 'd')
 ORDER BY t.tgrelid, k.conname
