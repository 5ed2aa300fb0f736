-- purpose: indexes of the partitioned tables $1 that are not valid: a partition lacks its part, or has it half built.
-- parameters: $1 oid[]
-- columns: parent oid, index_name name
-- versions: 14+
SELECT x.indrelid AS parent, c.relname AS index_name
  FROM pg_catalog.pg_index x
  JOIN pg_catalog.pg_class c ON c.oid = x.indexrelid
 WHERE x.indrelid = ANY ($1::oid[]) AND NOT x.indisvalid
 ORDER BY x.indrelid, c.relname
