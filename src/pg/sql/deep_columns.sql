-- purpose: the columns that a trial row has to give a value to, the partition key's own column left out. Nothing is left
--   to a sequence, which no rollback gives back; a nullable column gets NULL. value is a literal without its quotes, NULL
--   for SQL's NULL; impossible: no value of this type is known.
-- parameters: $1 oid, $2 text
-- columns: name text, value text, impossible boolean
-- versions: 14+
WITH columns AS (
    SELECT a.attnum, a.attname, a.attidentity, t.oid AS type, t.typcategory AS category, t.typname,
           a.attnotnull OR dt.typnotnull OR a.attnum = ANY (p.partattrs::int2[]) AS needed,
           d.oid IS NOT NULL AND pg_get_expr(d.adbin, d.adrelid) NOT LIKE '%nextval(%' AS has_default
    FROM pg_attribute AS a
    JOIN pg_partitioned_table AS p ON p.partrelid = a.attrelid
    JOIN pg_type AS dt ON dt.oid = a.atttypid
    JOIN pg_type AS t ON t.oid = CASE dt.typtype WHEN 'd' THEN dt.typbasetype ELSE dt.oid END
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attname <> $2::text
), samples AS (
    SELECT c.*,
           CASE
               WHEN NOT needed THEN NULL
               WHEN category = 'N' THEN '0'
               WHEN category IN ('S', 'Z') THEN ''
               WHEN category = 'B' THEN 'false'
               WHEN typname IN ('time', 'timetz') THEN '00:00+00'
               WHEN category = 'D' THEN '2000-01-01'
               WHEN category = 'T' THEN '0'
               WHEN category = 'A' THEN '{}'
               WHEN category = 'I' THEN '0.0.0.0'
               WHEN category = 'V' THEN '0'
               WHEN category = 'R' THEN 'empty'
               WHEN category = 'E' THEN (SELECT e.enumlabel FROM pg_enum AS e WHERE e.enumtypid = c.type
                                         ORDER BY e.enumsortorder LIMIT 1)
               WHEN typname = 'uuid' THEN '00000000-0000-0000-0000-000000000000'
               WHEN typname IN ('json', 'jsonb') THEN '{}'
               WHEN typname IN ('bytea', 'tsvector', 'xml') THEN ''
           END AS value
    FROM columns AS c
)
SELECT attname::text AS name, value::text AS value, needed AND value IS NULL AS impossible
FROM samples
WHERE NOT (needed AND has_default)
ORDER BY attnum
