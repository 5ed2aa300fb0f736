-- purpose: the cluster's system identifier. Some managed services take the right to call this function away.
-- parameters: none
-- columns: system text
-- versions: 14+
SELECT system_identifier::text AS system FROM pg_catalog.pg_control_system()
