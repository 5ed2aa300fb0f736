-- purpose: total sizes of the tables $1 in their order, branches summed up; NULL where there is no such table.
-- parameters: $1 oid[]
-- columns: place bigint, bytes bigint
-- versions: 14+
SELECT a.place,
       CASE WHEN c.relkind = 'p' THEN
            (SELECT sum(pg_catalog.pg_total_relation_size(d.relid))::bigint
               FROM pg_catalog.pg_partition_tree(c.oid) d WHERE d.isleaf)
            ELSE pg_catalog.pg_total_relation_size(c.oid) END AS bytes
  FROM unnest($1::oid[]) WITH ORDINALITY AS a (oid, place)
  LEFT JOIN pg_catalog.pg_class c ON c.oid = a.oid
 ORDER BY a.place
