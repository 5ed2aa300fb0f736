-- purpose: how the rows of one tenant ($2: the column) are found in each of these tables ($1): by an index on it and the key ($3),
--   by another one that leads with it, or only by reading partitions whole: then how large the largest is
-- parameters: $1 oid[], $2 text[], $3 text[]
-- columns: type text, ordered boolean, led boolean, largest bigint
-- versions: 14+
SELECT format_type(t.atttypid, -1) AS type,
       coalesce(i.ordered, false) AS ordered,
       coalesce(i.led, false) AS led,
       CASE WHEN NOT coalesce(i.led, false)
            THEN (SELECT max(pg_relation_size(p.relid)) FROM pg_partition_tree(a.parent) AS p WHERE p.isleaf)
       END AS largest
FROM unnest($1::oid[], $2::text[], $3::text[]) WITH ORDINALITY AS a (parent, tenant, key, number)
LEFT JOIN pg_attribute AS t ON t.attrelid = a.parent AND t.attname = a.tenant AND t.attnum > 0 AND NOT t.attisdropped
LEFT JOIN pg_attribute AS k ON k.attrelid = a.parent AND k.attname = a.key AND k.attnum > 0 AND NOT k.attisdropped
LEFT JOIN LATERAL
      (SELECT bool_or(x.indnkeyatts > 1 AND x.indkey[1] = k.attnum AND x.indcollation[1] = k.attcollation
                      AND x.indoption[1] IN (0, 3) AND o.opcdefault) AS ordered,
              true AS led
       FROM pg_index AS x
       JOIN pg_class AS c ON c.oid = x.indexrelid
       JOIN pg_am AS m ON m.oid = c.relam
       LEFT JOIN pg_opclass AS o ON x.indnkeyatts > 1 AND o.oid = x.indclass[1]
       WHERE x.indrelid = a.parent AND m.amname = 'btree' AND x.indisvalid AND x.indpred IS NULL
         AND x.indkey[0] = t.attnum AND x.indcollation[0] = t.attcollation
       HAVING count(*) > 0) AS i ON true
ORDER BY a.number
