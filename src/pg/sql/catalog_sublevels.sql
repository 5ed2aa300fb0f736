-- purpose: of the partitioned tables $1, the columns called $2, which policies want to partition a level below by. A unique index
--   that lacks such a column forbids that.
-- parameters: $1 oid[], $2 name[]
-- columns: parent oid, column_name name, type text, uncovered name
-- versions: 14+
SELECT a.attrelid AS parent,
       a.attname AS column_name,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
       (SELECT r.relname
          FROM pg_catalog.pg_index x
          JOIN pg_catalog.pg_class r ON r.oid = x.indexrelid
         WHERE x.indrelid = a.attrelid AND x.indisunique
           AND NOT a.attnum = ANY ((x.indkey::smallint[])[0:x.indnkeyatts - 1])
         ORDER BY r.relname LIMIT 1) AS uncovered
  FROM pg_catalog.pg_attribute a
 WHERE pg_catalog.cardinality($2::name[]) > 0
   AND a.attrelid = ANY ($1::oid[]) AND a.attname = ANY ($2::name[]) AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attrelid, a.attnum
