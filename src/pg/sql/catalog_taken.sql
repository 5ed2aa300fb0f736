-- purpose: those of the names $1, $2 (schemas and names, side by side) that a table or anything else in pg_class, or a type,
--   has: a new table of that name would be refused. Array types give way by themselves.
-- parameters: $1 name[], $2 name[]
-- columns: schema_name name, table_name name
-- versions: 14+
SELECT a.schema_name, a.table_name
  FROM unnest($1::name[], $2::name[]) AS a (schema_name, table_name)
  JOIN pg_catalog.pg_namespace n ON n.nspname = a.schema_name
 WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relname = a.table_name)
    OR EXISTS (SELECT FROM pg_catalog.pg_type t
                WHERE t.typnamespace = n.oid AND t.typname = a.table_name
                  AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid))
