-- purpose: whether the journal's tables are there, whether this user may write them, and whether they are those of this
--   version
-- parameters: none
-- columns: made boolean, writable boolean, current boolean
-- versions: 14+
SELECT count(*) = 2 AS made,
       coalesce(bool_and(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'INSERT')
                         AND (c.relname <> 'run' OR has_table_privilege(c.oid, 'UPDATE') AND
                              has_table_privilege(c.oid, 'SELECT'))), false) AS writable,
       coalesce(bool_or(EXISTS (SELECT FROM pg_attribute AS a
                                WHERE a.attrelid = c.oid AND a.attname = 'rows' AND NOT a.attisdropped)), false) AS current
FROM pg_namespace AS n
JOIN pg_class AS c ON c.relnamespace = n.oid
WHERE n.nspname = 'partrun' AND c.relname IN ('run', 'operation') AND c.relkind IN ('r', 'p')
