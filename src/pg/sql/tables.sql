-- purpose: the database's own tables, partitions left out, that match the pattern $1 of * and ? (NULL: all). A pattern with a
--   point is of schema.name, otherwise of the name alone.
-- parameters: $1 text
-- columns: schema name, name name, kind text, strategy text, key text, partitions bigint, rows bigint
-- versions: 14+
WITH wanted AS (
    SELECT '^(' || replace(replace(regexp_replace($1::text, '([].+^$(){}|\\[])', '\\\1', 'g'), '*', '.*'), '?', '.')
               || ')$' AS expression,
           strpos($1::text, '.') > 0 AS qualified
)
SELECT n.nspname AS schema,
       c.relname AS name,
       CASE c.relkind WHEN 'p' THEN 'partitioned' WHEN 'f' THEN 'foreign' ELSE 'table' END AS kind,
       CASE p.partstrat WHEN 'r' THEN 'range' WHEN 'l' THEN 'list' WHEN 'h' THEN 'hash' END AS strategy,
       CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS key,
       CASE WHEN c.relkind = 'p' THEN (SELECT count(*) FROM pg_inherits AS i WHERE i.inhparent = c.oid)
       END AS partitions,
       CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint END AS rows
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_partitioned_table AS p ON p.partrelid = c.oid
CROSS JOIN wanted AS w
WHERE c.relkind IN ('r', 'p', 'f')
  AND NOT c.relispartition
  AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_(toast|temp)'
  AND (w.expression IS NULL OR
       CASE WHEN w.qualified THEN n.nspname || '.' || c.relname ELSE c.relname END ~ w.expression)
ORDER BY n.nspname, c.relname
