-- purpose: what does not change while the session lasts. database_fact stands in for the system identifier where that may
--   not be read: the row version of the database's catalog entry, which a dump, a template copy or a new cluster changes.
--   backend is the server's process: another one than the client was told of means that something sits between.
-- parameters: none
-- columns: backend integer, role_name text, superuser boolean, database_name text, database_oid oid,
--   database_fact text, lock_slots bigint
-- versions: 14+
SELECT pg_catalog.pg_backend_pid() AS backend,
       current_user::text AS role_name,
       coalesce((SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user), false) AS superuser,
       d.datname::text AS database_name,
       d.oid AS database_oid,
       pg_catalog.concat_ws('.', d.oid, d.xmin, d.ctid) AS database_fact,
       pg_catalog.current_setting('max_locks_per_transaction')::bigint
         * (pg_catalog.current_setting('max_connections')::bigint
            + pg_catalog.current_setting('max_prepared_transactions')::bigint) AS lock_slots
  FROM pg_catalog.pg_database d
 WHERE d.datname = pg_catalog.current_database()
