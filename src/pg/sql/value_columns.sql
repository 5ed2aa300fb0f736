-- purpose: the types of columns $2 of tables $1, side by side; place counts from 1. A column that is not there is left out. An
--   explicit cast to a type with a length cuts and rounds: for such types (and domains over them) `plain` is the type
--   without it, to tell whether that happened; NULL for all others. Booleans, but not domains over them, are not
--   printed in bounds as their output function prints them. `collation` is the column's, for SQL; NULL: it has none.
-- parameters: $1 oid[], $2 text[]
-- columns: place bigint, type text, plain text, is_boolean boolean, collation text
-- versions: 14+
WITH RECURSIVE chain AS (
    SELECT w.place, 0 AS depth, a.atttypid AS type, a.atttypmod AS modifier, a.attcollation AS collated
      FROM unnest($1::oid[], $2::text[]) WITH ORDINALITY AS w (relation, column_name, place)
      JOIN pg_catalog.pg_attribute a
        ON a.attrelid = w.relation AND a.attname = w.column_name AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT c.place, c.depth + 1, t.typbasetype, t.typtypmod, c.collated
      FROM chain c
      JOIN pg_catalog.pg_type t ON t.oid = c.type AND t.typtype = 'd'
), ends AS (
    SELECT place,
           (array_agg(type ORDER BY depth))[1] AS type,
           (array_agg(modifier ORDER BY depth))[1] AS modifier,
           (array_agg(type ORDER BY depth DESC))[1] AS last_type,
           bool_or(modifier >= 0) AS limited,
           min(collated) AS collated
      FROM chain
     GROUP BY place
)
SELECT place,
       pg_catalog.format_type(type, modifier) AS type,
       CASE WHEN limited THEN pg_catalog.format_type(last_type, -1) END AS plain,
       type = 'pg_catalog.bool'::pg_catalog.regtype AS is_boolean,
       (SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(l.collname)
          FROM pg_catalog.pg_collation l
          JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace
         WHERE l.oid = collated) AS collation
  FROM ends
