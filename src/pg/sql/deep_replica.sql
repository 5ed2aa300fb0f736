-- purpose: whether this role may switch triggers off for its own transaction without being a superuser
-- parameters: none
-- columns: allowed boolean
-- versions: 15+
SELECT has_parameter_privilege('session_replication_role', 'SET') AS allowed
