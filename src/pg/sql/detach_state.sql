-- purpose: where a partition stands after its detach failed, and what it is called by now
-- parameters: $1 oid
-- columns: attached boolean, pending boolean, comment text, schema name, name name
-- versions: 14+
SELECT c.relispartition AS attached,
       coalesce((SELECT i.inhdetachpending FROM pg_inherits AS i WHERE i.inhrelid = c.oid), false) AS pending,
       obj_description(c.oid, 'pg_class') AS comment,
       n.nspname AS schema,
       c.relname AS name
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = $1::oid
