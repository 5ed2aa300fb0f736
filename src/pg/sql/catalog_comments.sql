-- purpose: comments of the partitioned tables $1 and of their children, and of every other table whose comment looks as if
--   it had a marker. $2: with the sizes of the latter.
-- parameters: $1 oid[], $2 boolean
-- columns: oid oid, description text, schema_name name, table_name name, kind "char", partition boolean, rows real,
--   owner name, replica_identity "char", bytes bigint, fenced boolean
-- versions: 14+
SELECT c.oid,
       d.description,
       n.nspname AS schema_name,
       c.relname AS table_name,
       c.relkind AS kind,
       c.relispartition AS partition,
       c.reltuples AS rows,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       c.relreplident AS replica_identity,
       CASE WHEN $2::boolean AND NOT c.relispartition AND c.relkind <> 'p' THEN
            pg_catalog.pg_total_relation_size(c.oid) END AS bytes,
       CASE WHEN pg_catalog.strpos(d.description, 'partrun: {') > 0 THEN
            EXISTS (SELECT FROM pg_catalog.pg_constraint k -- as model/render_archive.c asks again before the drop
                     WHERE k.conrelid = c.oid AND k.conname = 'partrun_archived' AND k.contype = 'c'
                       AND pg_catalog.pg_get_constraintdef(k.oid) ~ '^CHECK [(]false[)]( NOT VALID)?$'
                       AND NOT EXISTS (SELECT FROM pg_catalog.pg_partition_tree(c.oid) t
                                        WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint l
                                                           WHERE l.conrelid = t.relid AND l.conname = k.conname
                                                             AND l.contype = 'c' AND l.xmin = k.xmin)))
            ELSE false END AS fenced
  FROM pg_catalog.pg_description d
  JOIN pg_catalog.pg_class c ON c.oid = d.objoid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE d.classoid = 'pg_catalog.pg_class'::regclass
   AND d.objsubid = 0
   AND c.relkind IN ('r', 'p', 'f')
   AND (pg_catalog.strpos(d.description, 'partrun: {') > 0
        OR d.objoid = ANY ($1::oid[])
        OR EXISTS (SELECT FROM pg_catalog.pg_inherits i
                    WHERE i.inhrelid = d.objoid AND i.inhparent = ANY ($1::oid[])))
 ORDER BY c.oid
