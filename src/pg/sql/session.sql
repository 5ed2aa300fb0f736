-- purpose: the settings that partrun's statements and the texts it reads depend on, those in archives among them, which
--   have to be read again under other defaults. $1: only for this transaction (behind a pooler); $2 and $3: lock_timeout and statement_timeout in milliseconds, 0 for none.
-- parameters: $1 boolean, $2 text, $3 text
-- columns: applied integer
-- versions: 14+
SELECT count(set_config(s.name, s.value, $1))::integer AS applied
  FROM (VALUES ('TimeZone', 'UTC'),
               ('DateStyle', 'ISO, YMD'),
               ('IntervalStyle', 'postgres'),
               ('extra_float_digits', '1'),
               ('lc_monetary', 'C'),
               ('array_nulls', 'on'),
               ('xmloption', 'content'),
               ('bytea_output', 'hex'),
               ('search_path', 'pg_catalog'),
               ('row_security', 'off'),
               ('quote_all_identifiers', 'off'),
               ('standard_conforming_strings', 'on'),
               ('default_transaction_isolation', 'read committed'),
               ('default_transaction_deferrable', 'off'),
               ('jit', 'off'),
               ('idle_in_transaction_session_timeout', '300000'),
               ('lock_timeout', $2::text),
               ('statement_timeout', $3::text)) AS s (name, value)
