-- purpose: the direct children of the partitioned tables $1, those that are being detached included. $2: sizes are 'none',
--   'exact' (which waits for whoever holds one locked) or an 'estimate'. $3: also owners and privileges. Rows are many: nothing here
--   costs more than the bound's own text. A bound names no column: without the relation, pg_get_expr need not
--   lock it, nor wait for whoever holds it.
-- parameters: $1 oid[], $2 text, $3 boolean
-- columns: parent oid, oid oid, schema_name name, table_name name, kind "char", pending boolean, rows real,
--   bound text, replica_identity "char", bytes bigint, owner name, acl text
-- versions: 14+
SELECT i.inhparent AS parent,
       c.oid,
       n.nspname AS schema_name,
       c.relname AS table_name,
       c.relkind AS kind,
       i.inhdetachpending AS pending,
       c.reltuples AS rows,
       pg_catalog.pg_get_expr(c.relpartbound, 0) AS bound,
       c.relreplident AS replica_identity,
       CASE WHEN $2::text = 'none' OR c.relkind = 'p' THEN NULL
            WHEN $2::text = 'exact' THEN pg_catalog.pg_total_relation_size(c.oid)
            ELSE c.relpages::bigint * pg_catalog.current_setting('block_size')::bigint END AS bytes,
       CASE WHEN $3::boolean THEN pg_catalog.pg_get_userbyid(c.relowner) END AS owner,
       CASE WHEN $3::boolean THEN c.relacl::text END AS acl
  FROM pg_catalog.pg_inherits i
  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE i.inhparent = ANY ($1::oid[])
