-- purpose: the foreign keys that tie the given partitioned tables to others: attaching locks both sides
-- parameters: $1 oid[]
-- columns: parent oid, other oid
-- versions: 14+
SELECT conrelid AS parent, confrelid AS other
FROM pg_constraint
WHERE contype = 'f' AND conrelid = ANY ($1::oid[]) AND confrelid <> conrelid
UNION
SELECT confrelid, conrelid
FROM pg_constraint
WHERE contype = 'f' AND confrelid = ANY ($1::oid[]) AND confrelid <> conrelid
ORDER BY 1, 2
