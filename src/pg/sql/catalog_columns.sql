-- purpose: the columns of the partitioned tables $1. key_place counts from 0 and is NULL outside the partition key; a
--   place that no column takes is an expression. The type is only spelt out for the key.
-- parameters: $1 oid[]
-- columns: parent oid, column_name name, key_place integer, type text, not_null boolean, generated boolean,
--   identity boolean
-- versions: 14+
SELECT a.attrelid AS parent,
       a.attname AS column_name,
       k.place AS key_place,
       CASE WHEN k.place IS NOT NULL THEN pg_catalog.format_type(a.atttypid, a.atttypmod) END AS type,
       a.attnotnull AS not_null,
       a.attgenerated <> '' AS generated,
       a.attidentity <> '' AS identity
  FROM pg_catalog.pg_partitioned_table p
  JOIN pg_catalog.pg_attribute a ON a.attrelid = p.partrelid
 CROSS JOIN LATERAL (SELECT pg_catalog.array_position(p.partattrs::smallint[], a.attnum) AS place) k
 WHERE p.partrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attrelid, a.attnum
