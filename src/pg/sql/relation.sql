-- purpose: what is called $1.$2, if anything. Always one row.
-- parameters: $1 name, $2 name
-- columns: schema_exists boolean, oid oid, kind "char"
-- versions: 14+
SELECT n.oid IS NOT NULL AS schema_exists,
       c.oid,
       c.relkind AS kind
  FROM (VALUES (1)) one
  LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1::name
  LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = $2::name
