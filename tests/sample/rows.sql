-- A year of rows up to the instant in the setting sample.now (SET sample.now = '2026-03-11 15:00+00'), with the partitions that an
-- application a year old would have. Deterministic but for the random bits of the uuids.
SELECT setseed(0.42);

-- Partitions as each table's maker would have made them, up to yesterday: tomorrow's inserts would fail.
DO $$
DECLARE
    at timestamptz := pg_catalog.current_setting('sample.now')::timestamptz;
    day date;
BEGIN
    FOR day IN SELECT d::date FROM generate_series((at - interval '60 days')::date, at::date, '1 day') d LOOP
        EXECUTE format('CREATE TABLE webhooks.events_p%s PARTITION OF webhooks.events FOR VALUES FROM (%L) TO (%L)',
                       to_char(day, 'YYYYMMDD'), day, day + 1);
        EXECUTE format('CREATE TABLE webhooks.%I PARTITION OF webhooks.delivery_attempts FOR VALUES FROM (%L) TO (%L)',
                       'attempts-' || day, day, day + 1);
    END LOOP;
    FOR day IN SELECT d::date FROM generate_series(date_trunc('month', at) - interval '12 months', date_trunc('month', at), '1 month') d LOOP
        EXECUTE format('CREATE TABLE workflow.workflow_events_%s PARTITION OF workflow.workflow_events FOR VALUES FROM (%L) TO (%L)',
                       to_char(day, 'YYYY_MM'), day, day + interval '1 month');
        EXECUTE format('CREATE TABLE keys.%I PARTITION OF keys.by_uuidv7 FOR VALUES FROM (%L) TO (%L)',
                       'by_uuidv7_' || to_char(day, 'YYYY_MM'),
                       rpad(lpad(to_hex((extract(epoch FROM day::timestamptz) * 1000)::bigint), 12, '0'), 32, '0')::uuid,
                       rpad(lpad(to_hex((extract(epoch FROM (day + interval '1 month')::timestamptz) * 1000)::bigint), 12, '0'), 32, '0')::uuid);
    END LOOP;
    FOR day IN SELECT d::date FROM generate_series(date_trunc('year', at) - interval '2 years', date_trunc('year', at), '1 year') d LOOP
        EXECUTE format('CREATE TABLE keys.by_date_%s PARTITION OF keys.by_date FOR VALUES FROM (%L) TO (%L)',
                       to_char(day, 'YYYY'), day, day + interval '1 year');
    END LOOP;
    FOR day IN SELECT d::date FROM generate_series((at - interval '30 days')::date, at::date, '1 day') d LOOP
        EXECUTE format('CREATE TABLE keys.by_timestamp_%s PARTITION OF keys.by_timestamp FOR VALUES FROM (%L) TO (%L)',
                       to_char(day, 'YYYY_MM_DD'), day, day + 1);
    END LOOP;
    -- Somebody else's: two of three weeks, a lost week, ten days in one, and the rest of that month.
    at := date_trunc('month', at);
    EXECUTE format('CREATE TABLE "Legacy App"."old stuff" PARTITION OF "Legacy App"."Audit Log" FOR VALUES FROM (MINVALUE) TO (%L)', at - interval '3 months');
    EXECUTE format('CREATE TABLE "Legacy App"."it''s Q4" PARTITION OF "Legacy App"."Audit Log" FOR VALUES FROM (%L) TO (%L)', at - interval '3 months', at - interval '2 months' + interval '7 days');
    EXECUTE format('CREATE TABLE "Legacy App"."AUDIT-2" PARTITION OF "Legacy App"."Audit Log" FOR VALUES FROM (%L) TO (%L)', at - interval '2 months' + interval '14 days', at - interval '1 month');
    EXECUTE format('CREATE TABLE "Legacy App"."user" PARTITION OF "Legacy App"."Audit Log" FOR VALUES FROM (%L) TO (%L)', at - interval '1 month', at + interval '1 month');
END
$$;

INSERT INTO webhooks.endpoints (url) SELECT 'https://customer-' || n || '.example/hook' FROM generate_series(1, 20) n;

INSERT INTO webhooks.events (created_at, type, payload)
SELECT at - n * interval '13 minutes', (ARRAY['order.created', 'order.paid', 'user.login'])[1 + n % 3],
       jsonb_build_object('n', n, 'amount', round((random() * 100)::numeric, 2))
FROM (SELECT current_setting('sample.now')::timestamptz AS at) t, generate_series(0, 6400) n;

INSERT INTO webhooks.delivery_attempts (id, event_id, endpoint_id, attempted_at, status, response_ms)
SELECT n, n, 1 + n % 20, at - n * interval '13 minutes', CASE WHEN n % 17 = 0 THEN 503 ELSE 200 END, (random() * 1500)::int
FROM (SELECT current_setting('sample.now')::timestamptz AS at) t, generate_series(0, 6400) n;

INSERT INTO workflow.workflow_runs
SELECT md5(n::text)::uuid, 'run ' || n FROM generate_series(1, 50) n;

INSERT INTO workflow.workflow_events (run_id, ts, type, payload)
SELECT md5((1 + n % 50)::text)::uuid, at - n * interval '2 hours', (ARRAY['started', 'step', 'error.timeout', 'done'])[1 + n % 4],
       jsonb_build_object('step', n)
FROM (SELECT current_setting('sample.now')::timestamptz AS at) t, generate_series(0, 4300) n;

INSERT INTO keys.by_date
SELECT (at - n * interval '1 day')::date, n FROM (SELECT current_setting('sample.now')::timestamptz AS at) t, generate_series(0, 365) n;

INSERT INTO keys.by_timestamp
SELECT (at AT TIME ZONE 'UTC') - n * interval '10 minutes', 'message ' || n
FROM (SELECT current_setting('sample.now')::timestamptz AS at) t, generate_series(0, 4200) n;

INSERT INTO keys.by_uuidv7
SELECT keys.uuidv7_at(at - n * interval '2 hours'), 'body ' || n
FROM (SELECT current_setting('sample.now')::timestamptz AS at) t, generate_series(0, 4300) n;

INSERT INTO ledger.entries
SELECT n, 'account ' || n % 7, (random() * 1000)::numeric(14, 2), at - (9000 - n) * interval '58 minutes'
FROM (SELECT current_setting('sample.now')::timestamptz AS at) t, generate_series(-40, 8999) n;

INSERT INTO shop.orders (ordered_at, total)
SELECT at - n * interval '31 minutes', (random() * 100)::numeric(10, 2)
FROM (SELECT current_setting('sample.now')::timestamptz AS at) t, generate_series(0, 400) n;

INSERT INTO "Legacy App"."Audit Log"
SELECT at - n * interval '1 hour', 'user ' || n % 9, 'did ' || n
FROM (SELECT current_setting('sample.now')::timestamptz AS at) t, generate_series(0, 500) n;

ANALYZE;
