-- purpose: which tables the names stand for. $1 and $2: schemas and names, side by side; position counts from 1. A name that
--   stands for no table or view is left out.
-- parameters: $1 name[], $2 name[]
-- columns: place bigint, oid oid
-- versions: 14+
SELECT a.place, c.oid
  FROM unnest($1::name[], $2::name[]) WITH ORDINALITY AS a (schema_name, table_name, place)
  JOIN pg_catalog.pg_namespace n ON n.nspname = a.schema_name
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = a.table_name
 WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
