-- purpose: schemas that are published as a whole.
-- parameters: none
-- columns: schema_oid oid
-- versions: 15+
SELECT DISTINCT s.pnnspid AS schema_oid FROM pg_catalog.pg_publication_namespace s
