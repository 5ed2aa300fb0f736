-- purpose: the server's clock, and whether it is a standby (which may end while a session lasts).
-- parameters: none
-- columns: now_us bigint, standby boolean
-- versions: 14+
SELECT (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint AS now_us,
       pg_catalog.pg_is_in_recovery() AS standby
