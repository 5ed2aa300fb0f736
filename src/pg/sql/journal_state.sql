-- purpose: whether the journal's tables are there, and whether this user may write them
-- parameters: none
-- columns: made boolean, writable boolean
-- versions: 14+
SELECT count(*) = 2 AS made,
       coalesce(bool_and(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'INSERT')
                         AND (c.relname <> 'run' OR has_table_privilege(c.oid, 'UPDATE') AND
                              has_table_privilege(c.oid, 'SELECT'))), false) AS writable
FROM pg_namespace AS n
JOIN pg_class AS c ON c.relnamespace = n.oid
WHERE n.nspname = 'partrun' AND c.relname IN ('run', 'operation') AND c.relkind IN ('r', 'p')
