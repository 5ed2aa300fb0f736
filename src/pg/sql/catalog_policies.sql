-- purpose: row-level security policies of the partitioned tables $1, ready for CREATE POLICY.
-- parameters: $1 oid[]
-- columns: parent oid, policy_name name, permissive boolean, command text, roles text, using_sql text, check_sql text
-- versions: 14+
SELECT p.polrelid AS parent,
       p.polname AS policy_name,
       p.polpermissive AS permissive,
       CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
            ELSE 'ALL' END AS command,
       CASE WHEN 0 = ANY (p.polroles) THEN 'PUBLIC'
            ELSE (SELECT pg_catalog.string_agg(
                             pg_catalog.concat('"', pg_catalog.replace(r.rolname::text, '"', '""'), '"'), ', '
                             ORDER BY r.rolname)
                    FROM pg_catalog.pg_roles r WHERE r.oid = ANY (p.polroles)) END AS roles,
       pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS using_sql,
       pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS check_sql
  FROM pg_catalog.pg_policy p
 WHERE p.polrelid = ANY ($1::oid[])
 ORDER BY p.polrelid, p.polname
