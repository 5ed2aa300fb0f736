-- purpose: the definition of the table $1 as JSON, in the shape that pg/definition.h describes. No row: there is no such
--   table. An index whose definition does not start as it should has a null definition.
-- parameters: $1 oid
-- columns: schema_name name, table_name name, kind "char", definition text
-- versions: 14+
WITH options AS (
    SELECT c.oid AS relid, '' AS prefix, o.entry, o.place
      FROM pg_catalog.pg_class c, unnest(c.reloptions) WITH ORDINALITY AS o (entry, place)
     WHERE c.oid = $1::oid
    UNION ALL
    SELECT c.oid, 'toast.', o.entry, o.place
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid,
           unnest(t.reloptions) WITH ORDINALITY AS o (entry, place)
     WHERE c.oid = $1::oid
), sequences AS ( -- of identity columns; a partition uses the one of its topmost parent that has it
    SELECT DISTINCT ON (a.attnum) a.attnum, s.*
      FROM pg_catalog.pg_attribute a
     CROSS JOIN LATERAL (SELECT $1::oid AS relid, 0 AS distance
                          UNION ALL
                         SELECT p.relid, p.place
                           FROM pg_catalog.pg_partition_ancestors($1::oid::regclass) WITH ORDINALITY AS p (relid, place)) o
      JOIN pg_catalog.pg_attribute b ON b.attrelid = o.relid AND b.attname = a.attname AND NOT b.attisdropped
      JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = o.relid
                                 AND d.refobjsubid = b.attnum AND d.classid = 'pg_catalog.pg_class'::regclass
                                 AND d.deptype = 'i'
      JOIN pg_catalog.pg_sequence s ON s.seqrelid = d.objid
     WHERE a.attrelid = $1::oid AND a.attidentity <> '' AND NOT a.attisdropped
     ORDER BY a.attnum, o.distance
), columns AS (
    SELECT a.attnum,
           json_build_object(
               'name', a.attname,
               'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
               'collation', CASE WHEN a.attcollation <> 0 AND a.attcollation <> y.typcollation THEN
                   (SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(l.collname)
                      FROM pg_catalog.pg_collation l
                      JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace
                     WHERE l.oid = a.attcollation) END,
               'not_null', CASE WHEN a.attnotnull AND NOT EXISTS (
                   SELECT FROM pg_catalog.pg_constraint k
                    WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum]
                      AND NOT k.convalidated) THEN true END,
               'default', CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(e.adbin, e.adrelid) END,
               'generated', CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END,
               'expression', CASE WHEN a.attgenerated <> '' THEN pg_catalog.pg_get_expr(e.adbin, e.adrelid) END,
               'identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
               'sequence', CASE WHEN q.attnum IS NOT NULL THEN json_build_object(
                   'start', q.seqstart, 'increment', q.seqincrement, 'minimum', q.seqmin, 'maximum', q.seqmax,
                   'cache', q.seqcache, 'cycle', q.seqcycle) END,
               'storage', CASE WHEN a.attstorage <> y.typstorage THEN
                   CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main'
                                     WHEN 'x' THEN 'extended' END END,
               'compression', CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
               'statistics', CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END,
               'comment', pg_catalog.col_description(a.attrelid, a.attnum)) AS entry
      FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
      LEFT JOIN pg_catalog.pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
      LEFT JOIN sequences q ON q.attnum = a.attnum
     WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
), constraints AS (
    SELECT k.contype, k.conname,
           json_build_object(
               'name', k.conname,
               'kind', CASE k.contype WHEN 'c' THEN 'check' WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique'
                                      WHEN 'x' THEN 'exclude' WHEN 'n' THEN 'not null' END,
               'definition', pg_catalog.pg_get_constraintdef(k.oid),
               'valid', CASE WHEN NOT k.convalidated THEN false END,
               'comment', pg_catalog.obj_description(k.oid, 'pg_constraint')) AS entry
      FROM pg_catalog.pg_constraint k
     WHERE k.conrelid = $1::oid
       AND (k.contype IN ('c', 'p', 'u', 'x') OR (k.contype = 'n' AND NOT k.convalidated))
       -- what partrun puts on a table for a while: the fence, the guard, the stand-in for a scan
       AND NOT (k.contype = 'c' AND k.conname IN ('partrun_archived', 'partrun_guard', 'partrun_bound'))
), foreign_keys AS ( -- without the pieces of one that points at a partitioned table
    SELECT k.conname,
           json_build_object('name', k.conname, 'definition', pg_catalog.pg_get_constraintdef(k.oid)) AS entry
      FROM pg_catalog.pg_constraint k
     WHERE k.conrelid = $1::oid AND k.contype = 'f' AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_constraint u WHERE u.oid = k.conparentid AND u.conrelid = k.conrelid)
), indexes AS (
    SELECT c.relname,
           json_build_object(
               'name', c.relname,
               'unique', CASE WHEN x.indisunique THEN true END,
               'definition', CASE WHEN starts_with(d.definition, d.beginning || 'USING ')
                                  THEN substr(d.definition, length(d.beginning) + 1) END,
               'comment', pg_catalog.obj_description(c.oid, 'pg_class')) AS entry
      FROM pg_catalog.pg_index x
      JOIN pg_catalog.pg_class c ON c.oid = x.indexrelid
     CROSS JOIN LATERAL (
           SELECT pg_catalog.pg_get_indexdef(c.oid) AS definition,
                  'CREATE ' || CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END || 'INDEX '
                  || pg_catalog.quote_ident(c.relname) || ' ON ' || CASE c.relkind WHEN 'I' THEN 'ONLY ' ELSE '' END
                  || x.indrelid::regclass::text || ' ' AS beginning) d
     WHERE x.indrelid = $1::oid AND x.indislive AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_constraint k
            WHERE k.conindid = c.oid AND k.conrelid = $1::oid AND k.contype IN ('p', 'u', 'x'))
), types AS ( -- arrays by what they are made of
    SELECT DISTINCT pg_catalog.format_type(y.oid, NULL) AS name
      FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
      JOIN pg_catalog.pg_type y ON y.oid = CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem ELSE t.oid END
     WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
       AND y.typnamespace <> 'pg_catalog'::regnamespace
)
SELECT n.nspname AS schema_name,
       c.relname AS table_name,
       c.relkind AS kind,
       json_strip_nulls(json_build_object(
           'kind', CASE c.relkind WHEN 'p' THEN 'partitioned' ELSE 'table' END,
           'unlogged', CASE WHEN c.relpersistence = 'u' THEN true END,
           'owner', pg_catalog.pg_get_userbyid(c.relowner),
           'tablespace', (SELECT s.spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = c.reltablespace),
           'comment', pg_catalog.obj_description(c.oid, 'pg_class'),
           'access_method', (SELECT m.amname FROM pg_catalog.pg_am m WHERE m.oid = c.relam),
           'storage', (SELECT json_agg(json_build_object('name', o.prefix || split_part(o.entry, '=', 1),
                                                         'value', substr(o.entry, strpos(o.entry, '=') + 1))
                                       ORDER BY o.prefix, o.place) FROM options o),
           'replica_identity', CASE c.relreplident WHEN 'f' THEN 'full' WHEN 'n' THEN 'nothing' END,
           'columns', (SELECT json_agg(a.entry ORDER BY a.attnum) FROM columns a),
           'constraints', (SELECT json_agg(k.entry ORDER BY array_position('{c,p,u,x,n}'::"char"[], k.contype), k.conname)
                             FROM constraints k),
           'indexes', (SELECT json_agg(x.entry ORDER BY x.relname) FROM indexes x),
           'foreign_keys', (SELECT json_agg(f.entry ORDER BY f.conname) FROM foreign_keys f),
           'types', (SELECT json_agg(y.name ORDER BY y.name) FROM types y)))::text AS definition
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid = $1::oid
