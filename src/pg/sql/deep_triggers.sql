-- purpose: whether a row inserted into this partitioned table could fire a trigger that somebody wrote
-- parameters: $1 oid
-- columns: fires boolean
-- versions: 14+
SELECT EXISTS (
    SELECT
    FROM pg_partition_tree($1::oid::regclass) AS p
    JOIN pg_trigger AS g ON g.tgrelid = p.relid
    WHERE NOT g.tgisinternal AND g.tgenabled <> 'D') AS fires
