-- purpose: the tables asked for ($1, $2: schemas and names, side by side) and every partitioned table below them, with what
--   only parents carry. The walk goes over pg_inherits, which also lists partitions that are being detached, but only
--   through partitioned tables: leaves are read by catalog_children. $3: sizes of default partitions are 'exact' (which
--   waits for whoever holds one locked) or an 'estimate', which is never 0: relpages is, until somebody has counted.
-- parameters: $1 name[], $2 name[], $3 text
-- columns: oid oid, schema_name name, table_name name, kind "char", rows bigint, owner name, strategy "char",
--   key_columns integer, tablespace name, replica_identity "char", replica_index name, row_security boolean,
--   force_row_security boolean, has_triggers boolean, published boolean, schema_oid oid, acl text, indexes integer,
--   analyzed_us bigint, default_oid oid, default_bytes bigint, default_guarded boolean
-- versions: 14+
WITH RECURSIVE tree AS (
    SELECT c.oid
      FROM unnest($1::name[], $2::name[]) AS a (schema_name, table_name)
      JOIN pg_catalog.pg_namespace n ON n.nspname = a.schema_name
      JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = a.table_name
     WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
    UNION
    SELECT i.inhrelid
      FROM tree t
      JOIN (pg_catalog.pg_partitioned_table b
            JOIN pg_catalog.pg_inherits i ON i.inhrelid = b.partrelid) ON i.inhparent = t.oid
)
SELECT c.oid,
       n.nspname AS schema_name,
       c.relname AS table_name,
       c.relkind AS kind,
       c.reltuples::bigint AS rows,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       p.partstrat AS strategy,
       p.partnatts::integer AS key_columns,
       ts.spcname AS tablespace,
       c.relreplident AS replica_identity,
       CASE WHEN c.relreplident = 'i' THEN
            (SELECT r.relname
               FROM pg_catalog.pg_index x
               JOIN pg_catalog.pg_class r ON r.oid = x.indexrelid
              WHERE x.indrelid = c.oid AND x.indisreplident) END AS replica_index,
       c.relrowsecurity AS row_security,
       c.relforcerowsecurity AS force_row_security,
       c.relhastriggers AND EXISTS (
            SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal) AS has_triggers,
       EXISTS (SELECT FROM pg_catalog.pg_publication u WHERE u.puballtables)
         OR EXISTS (SELECT FROM pg_catalog.pg_publication_rel u WHERE u.prrelid = c.oid) AS published,
       c.relnamespace AS schema_oid,
       c.relacl::text AS acl,
       CASE WHEN c.relhasindex THEN
            (SELECT count(*)::integer FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid) ELSE 0 END AS indexes,
       (extract(epoch FROM greatest(pg_catalog.pg_stat_get_last_analyze_time(c.oid),
                                    pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid))) * 1000000)::bigint
         AS analyzed_us,
       nullif(p.partdefid, 0) AS default_oid,
       CASE WHEN p.partdefid = 0 THEN NULL
            WHEN $3::text = 'exact' THEN
            (SELECT sum(pg_catalog.pg_total_relation_size(d.relid))::bigint
               FROM pg_catalog.pg_partition_tree(p.partdefid) d WHERE d.isleaf)
            ELSE
            (WITH RECURSIVE below AS (
                 SELECT p.partdefid AS relid
                 UNION
                 SELECT i.inhrelid FROM below b JOIN pg_catalog.pg_inherits i ON i.inhparent = b.relid)
             SELECT sum(greatest(l.relpages, 1))::bigint * pg_catalog.current_setting('block_size')::bigint
               FROM below d
               JOIN pg_catalog.pg_class l ON l.oid = d.relid AND l.relkind = 'r') END AS default_bytes,
       p.partdefid <> 0 AND EXISTS (
            SELECT FROM pg_catalog.pg_constraint k
             WHERE k.conrelid = p.partdefid AND k.conname = 'partrun_guard' AND k.contype = 'c') AS default_guarded
  FROM tree t
  JOIN pg_catalog.pg_class c ON c.oid = t.oid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = c.oid
  LEFT JOIN pg_catalog.pg_tablespace ts ON ts.oid = c.reltablespace
