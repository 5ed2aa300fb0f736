-- purpose: where a partition stands after its detach failed
-- parameters: $1 oid
-- columns: attached boolean, pending boolean, comment text
-- versions: 14+
SELECT c.relispartition AS attached,
       coalesce((SELECT i.inhdetachpending FROM pg_inherits AS i WHERE i.inhrelid = c.oid), false) AS pending,
       obj_description(c.oid, 'pg_class') AS comment
FROM pg_class AS c
WHERE c.oid = $1::oid
