-- purpose: the table $1.$2 as an archive sees it: a row for each of its columns, or one without (column_name NULL) when it
--   has none; no row when there is no such table.
-- parameters: $1 text, $2 text
-- columns: oid oid, kind "char", children boolean, column_name name, generated boolean, pending text
-- versions: 14+
WITH RECURSIVE below AS (
    SELECT i.inhrelid, i.inhdetachpending
      FROM pg_inherits AS i
      JOIN pg_class AS c ON c.oid = i.inhparent
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname = $1::text AND c.relname = $2::text
     UNION ALL
    SELECT i.inhrelid, i.inhdetachpending
      FROM below AS b
      JOIN pg_inherits AS i ON i.inhparent = b.inhrelid
)
SELECT c.oid,
       c.relkind AS kind,
       EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhparent = c.oid) AS children,
       a.attname AS column_name,
       a.attgenerated <> '' AS generated,
       (SELECT min(b.inhrelid::regclass::text) FROM below AS b WHERE b.inhdetachpending) AS pending
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = $1::text AND c.relname = $2::text
ORDER BY a.attnum
