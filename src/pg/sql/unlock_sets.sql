-- purpose: gives back the advisory locks of partition sets
-- parameters: $1 oid[], $2 integer
-- columns: released bigint
-- versions: 14+
SELECT count(*) FILTER (WHERE pg_advisory_unlock($2::int4, oid::int4)) AS released FROM unnest($1::oid[]) AS l(oid)
