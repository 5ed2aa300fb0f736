-- purpose: tries the advisory lock of every partition set of the given tables; at most once each, without waiting
-- parameters: $1 text[], $2 text[], $3 integer
-- columns: oid oid, held boolean
-- versions: 14+
WITH RECURSIVE wanted AS (
    SELECT c.oid
    FROM unnest($1::text[], $2::text[]) AS w(schema, name)
    JOIN pg_namespace AS n ON n.nspname = w.schema
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name
    WHERE c.relkind = 'p'
), tree AS (
    SELECT oid FROM wanted
    UNION
    SELECT i.inhrelid
    FROM tree AS t
    JOIN pg_partitioned_table AS p ON p.partrelid = t.oid AND p.partstrat IN ('l', 'h')
    JOIN pg_inherits AS i ON i.inhparent = t.oid
    JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relkind = 'p'
), sets AS MATERIALIZED (
    SELECT t.oid
    FROM tree AS t
    JOIN pg_partitioned_table AS p ON p.partrelid = t.oid AND p.partstrat IN ('r', 'l')
    ORDER BY t.oid
)
SELECT oid, pg_try_advisory_lock($3::int4, oid::int4) AS held FROM sets
