-- What PostgreSQL itself asks of whoever creates, drains and detaches partitions, on each of its versions.
local support = require "support"

local sql, apply, applied, told = support.sql, support.apply, support.applied, support.told
local policy_file, partitions = support.policy_file, support.partitions

local now = "2026-03-14 12:00"

local function day(name, from, to, parent)
  return ("CREATE TABLE %s PARTITION OF %s FOR VALUES FROM ('%s Z') TO ('%s Z');"):format(name, parent or "events", from, to)
end

-- A daily policy with the partition of now and two more.
local function daily(more)
  return policy_file('table = "public.events", interval = "1 day", premake = 2, ' .. (more or ""))
end

local function dropping(more)
  return daily('retention = "1 day", cleanup = "drop", max_drop = "100%", ' .. (more or ""))
end

local events = "CREATE TABLE events (at timestamptz NOT NULL, note text) PARTITION BY RANGE (at);"

describe("creation", function()
  after_each(support.cleanup)

  it("goes on beside open transactions that read and write the table, with and without a default partition", function()
    for _, default in ipairs { "", "CREATE TABLE rest PARTITION OF events DEFAULT;" } do
      local db = support.database(events .. default .. day("d14", "2026-03-14", "2026-03-15"))
      local writer = support.session(db)
      -- ATTACH needs the default partition for itself: only who uses that is in its way.
      writer.run("BEGIN; INSERT INTO events VALUES ('2026-03-14 13:00Z', 'open'); SELECT count(*) FROM "
        .. (default == "" and "events" or "d14"))
      applied(db, now, daily(), { "--lock-timeout", "200ms" })
      assert.equal(3 + (default == "" and 0 or 1), support.count(db, "events"))
      writer.run "COMMIT"
      writer.close()
      assert.equal("1", sql(db, "SELECT count(*) FROM events"))
    end
  end)

  it("scans a large default partition once under no lock, not once a partition under an exclusive one", function()
    local db = support.database(events .. "CREATE TABLE rest PARTITION OF events DEFAULT;" .. day("d14", "2026-03-14", "2026-03-15")
      .. "INSERT INTO events SELECT '2020-01-01', repeat('x', 1000) FROM generate_series(1, 12000)")
    sql("postgres", ("ALTER DATABASE %s SET log_min_messages = debug1"):format(db))
    applied(db, now, daily "premake = 5,")
    local log = support.read(os.getenv("PARTRUN_TEST_DATA") .. "/../server.log")
    local spared = 0
    for _ in log:gmatch "updated partition constraint for default partition \"rest\" is implied by existing constraints" do
      spared = spared + 1
    end
    assert.equal(5, spared)
    assert.equal("0", sql(db, "SELECT count(*) FROM pg_constraint WHERE conname = 'partrun_guard'"))
    assert.equal(7, support.count(db, "events"))
  end)

  it("gives identity and generated columns that work", function()
    local db = support.database(([[CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL,
      n int DEFAULT 3, twice int GENERATED ALWAYS AS (n * 2) STORED%s, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)]])
      :format(support.version >= 18 and ", thrice int GENERATED ALWAYS AS (n * 3) VIRTUAL" or ""))
    applied(db, now, daily())
    sql(db, "INSERT INTO events (at) VALUES ('2026-03-14 Z'), ('2026-03-15 Z'), ('2026-03-16 Z')")
    assert.equal("1-3-6,2-3-6,3-3-6", sql(db, "SELECT string_agg(id || '-' || n || '-' || twice, ',' ORDER BY id) FROM events"))
    assert.equal(support.version >= 17 and "4" or "1", sql(db, "SELECT count(*) FROM pg_attribute WHERE attidentity <> '' "
      .. "AND attrelid IN (SELECT oid FROM pg_class WHERE relname LIKE 'events%' AND relkind IN ('r', 'p'))"))
    assert.equal("1", sql(db, "SELECT count(*) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"))
  end)

  it("gives storage parameters and a tablespace, which partitioned tables refuse or keep to themselves", function()
    local db = support.database()
    sql(db, "SET allow_in_place_tablespaces = on; CREATE TABLESPACE " .. db .. " LOCATION ''")
    sql(db, ("CREATE TABLE events (at timestamptz NOT NULL, note text) PARTITION BY RANGE (at) TABLESPACE %s;"):format(db)
      .. "CREATE TABLE other (at timestamptz NOT NULL) PARTITION BY RANGE (at)")
    applied(db, now, daily 'storage = { fillfactor = 70, autovacuum_enabled = false },')
    applied(db, now, policy_file(('table = "public.other", interval = "1 day", premake = 0, tablespace = "%s"'):format(db)))
    assert.equal("3|3|t", sql(db, ([[SELECT count(*),
      count(*) FILTER (WHERE reloptions @> '{fillfactor=70,autovacuum_enabled=false}'), bool_and(spcname = '%s')
      FROM pg_class c JOIN pg_tablespace t ON t.oid = reltablespace WHERE relname LIKE 'events_p%%']])
      :format(db)))
    assert.equal("1", sql(db, "SELECT count(*) FROM pg_class c JOIN pg_tablespace t ON t.oid = reltablespace "
      .. "WHERE relname LIKE 'other_p%'"))
    applied(db, now, policy_file 'table = "public.other", interval = "1 day", premake = 1, tablespace = "pg_default"')
    assert.equal("2", sql(db, "SELECT count(*) FROM pg_class WHERE relname LIKE 'other_p%'"))
    sql(db, "DROP TABLE events, other")
    sql(db, "DROP TABLESPACE " .. db)
  end)

  it("gives owner, replica identity, grants and row-level security", function()
    local db = support.database(([[CREATE ROLE owner_%s; CREATE ROLE reader_%s;
      CREATE TABLE events (at timestamptz NOT NULL, note text NOT NULL, UNIQUE (at, note)) PARTITION BY RANGE (at);
      ALTER TABLE events REPLICA IDENTITY USING INDEX events_at_note_key;
      GRANT CREATE ON SCHEMA public TO owner_%s; GRANT SELECT, INSERT ON events TO reader_%s; GRANT UPDATE ON events TO PUBLIC;
      ALTER TABLE events ENABLE ROW LEVEL SECURITY; ALTER TABLE events FORCE ROW LEVEL SECURITY;
      CREATE POLICY mine ON events FOR SELECT TO reader_%s USING (note = current_user AND note <> 'it''s');
      ALTER TABLE events OWNER TO owner_%s]]):gsub("_%%s", "_k"))
    applied(db, now, daily 'inherit = { "privileges", "rls" },')
    assert.equal("3|t|t|t|t", sql(db, [[SELECT count(*), bool_and(relowner = 'owner_k'::regrole), bool_and(relreplident = 'i'),
      bool_and(relrowsecurity AND relforcerowsecurity), bool_and(has_table_privilege('reader_k', oid, 'INSERT'))
      FROM pg_class WHERE relname LIKE 'events_p%' AND relkind = 'r']]))
    assert.equal("3", sql(db, "SELECT count(*) FROM pg_index WHERE indisreplident AND indrelid IN "
      .. "(SELECT oid FROM pg_class WHERE relname LIKE 'events_p%')"))
    assert.equal("4|1", sql(db, "SELECT count(*), count(DISTINCT pg_get_expr(polqual, polrelid)) FROM pg_policy"))
    sql(db, "DROP OWNED BY owner_k, reader_k; DROP ROLE owner_k; DROP ROLE reader_k")
  end)

  it("follows publications, foreign keys and indexes", function()
    local db = support.database [[CREATE TABLE kinds (kind int PRIMARY KEY); INSERT INTO kinds VALUES (1);
      CREATE TABLE events (at timestamptz NOT NULL, kind int REFERENCES kinds ON DELETE CASCADE, note text, PRIMARY KEY (at))
        PARTITION BY RANGE (at);
      CREATE TABLE referring (at timestamptz REFERENCES events);
      CREATE INDEX ON events (note DESC) INCLUDE (kind) WHERE kind > 0; CREATE INDEX ON events (lower(note));
      CREATE PUBLICATION p FOR TABLE events]]
    applied(db, now, daily())
    assert.equal("3", sql(db, "SELECT count(*) FROM pg_publication_tables WHERE tablename LIKE 'events_p%'"))
    assert.equal("9", sql(db, "SELECT count(*) FROM pg_index i JOIN pg_inherits h ON inhrelid = indexrelid WHERE indisvalid"))
    sql(db, "INSERT INTO events VALUES ('2026-03-15 10:00Z', 1, 'x'); INSERT INTO referring VALUES ('2026-03-15 10:00Z')")
    assert.is_false((pcall(sql, db, "INSERT INTO events VALUES ('2026-03-15 11:00Z', 2)")))
    assert.is_false((pcall(sql, db, "INSERT INTO referring VALUES ('2026-03-15 12:00Z')")))
    sql(db, "DELETE FROM referring; DELETE FROM kinds")
    assert.equal("0", sql(db, "SELECT count(*) FROM events"))
  end)

  it("analyzes the parent, which autovacuum never does", function()
    local db = support.database(events .. day("d14", "2026-03-14", "2026-03-15")
      .. "INSERT INTO events SELECT '2026-03-14 Z', i FROM generate_series(1, 100) i")
    assert.equal("0", sql(db, "SELECT count(*) FROM pg_stats WHERE tablename = 'events'"))
    applied(db, now, daily 'analyze = "1 day",')
    assert.equal("2", sql(db, "SELECT count(*) FROM pg_stats WHERE tablename = 'events' AND inherited"))
  end)
end)

describe("draining", function()
  after_each(support.cleanup)

  local digest = "SELECT count(*), md5(string_agg(e::text, ',' ORDER BY e::text)) FROM events e"

  it("keeps generated, identity, dropped and reordered columns, and fires no trigger of the user's", function()
    local db = support.database [[
      CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, gone int, at timestamptz NOT NULL, n int,
        twice int GENERATED ALWAYS AS (n * 2) STORED, "odd ""name" text DEFAULT 'd') PARTITION BY RANGE (at);
      ALTER TABLE events DROP COLUMN gone;
      CREATE TABLE rest ("odd ""name" text DEFAULT 'other', n int, lost int, at timestamptz NOT NULL, id bigint NOT NULL,
        twice int GENERATED ALWAYS AS (n * 2) STORED);
      ALTER TABLE rest DROP COLUMN lost;
      ALTER TABLE events ATTACH PARTITION rest DEFAULT;
      CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'fired'; END $$;
      INSERT INTO events (at, n) SELECT '2026-03-14 Z'::timestamptz + i * interval '1 hour', i FROM generate_series(0, 99) i;
      INSERT INTO events (at, n, "odd ""name") VALUES ('2026-03-15 Z', NULL, NULL), ('2020-01-01', 7, 'stays');
      CREATE TRIGGER a BEFORE DELETE ON events FOR EACH ROW EXECUTE FUNCTION no();
      CREATE TRIGGER b AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION no();
      CREATE TRIGGER c AFTER DELETE ON rest FOR EACH STATEMENT EXECUTE FUNCTION no();
      ALTER TABLE rest ENABLE ALWAYS TRIGGER c]]
    local before = sql(db, digest)
    local triggers = "SELECT string_agg(tgname::text || tgenabled::text, ' ' ORDER BY tgname) FROM pg_trigger "
      .. "WHERE tgrelid = 'rest'::regclass"
    local modes = sql(db, triggers)
    applied(db, now, daily 'default = "drain",')
    assert.equal(before, sql(db, digest))
    assert.equal(modes, sql(db, triggers))
    assert.equal("29", sql(db, "SELECT count(*) FROM ONLY rest"))
    assert.equal("24", sql(db, "SELECT count(*) FROM events_p20260314"))
    sql(db, 'DROP TRIGGER b ON events; INSERT INTO events (at, n) VALUES (\'2026-03-15 01:00Z\', 1)')
    assert.equal("1", sql(db, "SELECT count(*) FROM events WHERE id = 103"))
  end)

  for _, action in ipairs { "CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT" } do
    it("is refused under ON DELETE " .. action .. ", and loses nothing", function()
      local db = support.database(([[CREATE TABLE events (at timestamptz NOT NULL PRIMARY KEY) PARTITION BY RANGE (at);
        CREATE TABLE rest PARTITION OF events DEFAULT;
        CREATE TABLE referring (at timestamptz REFERENCES events ON DELETE %s);
        INSERT INTO events VALUES ('2026-03-14 10:00Z'); INSERT INTO referring SELECT at FROM events]]):format(action))
      local result = apply(db, now, daily 'default = "drain",')
      assert.equal(1, result.status, told(result))
      assert.matches("referenced", result.out, 1, true)
      assert.equal("1|1|1", sql(db, "SELECT (SELECT count(*) FROM referring WHERE at IS NOT NULL), "
        .. "(SELECT count(*) FROM ONLY rest), (SELECT count(*) FROM events)"))
      -- What no row is in the way of is made all the same.
      assert.equal("events_p20260315 events_p20260316 rest", partitions(db, "events"))
    end)
  end

  it("under ON DELETE NO ACTION moves what nobody refers to, and keeps what somebody does where it is", function()
    local db = support.database [[CREATE TABLE events (at timestamptz NOT NULL PRIMARY KEY) PARTITION BY RANGE (at);
      CREATE TABLE rest PARTITION OF events DEFAULT;
      CREATE TABLE referring (at timestamptz REFERENCES events);
      INSERT INTO events VALUES ('2026-03-14 10:00Z'), ('2026-03-15 10:00Z');
      INSERT INTO referring VALUES ('2026-03-15 10:00Z')]]
    local result = apply(db, now, daily 'default = "drain",')
    assert.equal(1, result.status, told(result))
    assert.matches("23503", result.out .. result.err, 1, true)
    assert.equal("2|1", sql(db, "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM referring JOIN events USING (at))"))
    assert.equal("1", sql(db, "SELECT count(*) FROM events_p20260314"))
    assert.is_true(support.exists(db, "events_p20260316"))
  end)

  it("keeps an outgoing foreign key", function()
    local db = support.database [[CREATE TABLE kinds (kind int PRIMARY KEY); INSERT INTO kinds VALUES (1);
      CREATE TABLE events (at timestamptz NOT NULL, kind int REFERENCES kinds ON DELETE CASCADE) PARTITION BY RANGE (at);
      CREATE TABLE rest PARTITION OF events DEFAULT; INSERT INTO events VALUES ('2026-03-14 10:00Z', 1)]]
    applied(db, now, daily 'default = "drain",')
    assert.equal("1", sql(db, "SELECT count(*) FROM events_p20260314"))
    sql(db, "DELETE FROM kinds")
    assert.equal("0", sql(db, "SELECT count(*) FROM events"))
  end)

  it("is not begun without being asked: rows in the default partition are told", function()
    local db = support.database(events .. "CREATE TABLE rest PARTITION OF events DEFAULT;"
      .. "INSERT INTO events VALUES ('2026-03-15 10:00Z')")
    local result = apply(db, now, daily())
    assert.equal(1, result.status, told(result))
    assert.matches("default_blocks", result.out, 1, true)
    assert.equal("events_p20260314 events_p20260316 rest", partitions(db, "events"))
    assert.equal("1", sql(db, "SELECT count(*) FROM ONLY rest"))
  end)
end)

describe("an interrupted detach", function()
  after_each(support.cleanup)

  local old = events .. day("d10", "2026-03-10", "2026-03-11") .. day("d11", "2026-03-11", "2026-03-12")
    .. day("d12", "2026-03-12", "2026-03-13") .. day("d14", "2026-03-14", "2026-03-15")

  -- Leaves d11 with a detach under way, as somebody's session does that was cancelled.
  local function interrupt(db)
    local reader = support.session(db)
    reader.run "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM events"
    assert.is_false((pcall(sql, db, "SET statement_timeout = 300; ALTER TABLE events DETACH PARTITION d11 CONCURRENTLY")))
    assert.equal("d11", sql(db, "SELECT inhrelid::regclass FROM pg_inherits WHERE inhdetachpending"))
    reader.run "COMMIT"
    reader.close()
  end

  it("is finalized, the others are detached after it, and somebody else's table stays", function()
    local db = support.database(old)
    sql(db, "INSERT INTO events VALUES ('2026-03-11 10:00Z', 'kept')")
    interrupt(db)
    assert.matches("pending_detach", support.findings(db, now, dropping()), 1, true)
    applied(db, now, dropping())
    assert.equal("0", sql(db, "SELECT count(*) FROM pg_inherits WHERE inhdetachpending"))
    assert.equal("kept", sql(db, "SELECT note FROM d11"))
    assert.equal("", sql(db, "SELECT coalesce(obj_description('d11'::regclass), '')"))
    assert.is_false(support.exists(db, "d10"))
    assert.is_false(support.exists(db, "d12"))
    assert.matches("^nothing to do", apply(db, now, dropping()).out)
  end)

  it("of the current partition is told as an error, and mended by two runs", function()
    local db = support.database(old)
    interrupt(db)
    local at = "2026-03-11 12:00"
    local policy = daily "premake = 0,"
    assert.matches("pending_detach", support.findings(db, at, policy), 1, true)
    apply(db, at, policy)
    apply(db, at, policy)
    assert.equal("0", sql(db, "SELECT count(*) FROM pg_inherits WHERE inhdetachpending"))
    sql(db, "INSERT INTO events VALUES ('2026-03-11 11:00Z')")
  end)
end)

describe("detaching", function()
  after_each(support.cleanup)

  it("with a default partition is done by the plain form, under a bounded wait", function()
    local db = support.database(events .. "CREATE TABLE rest PARTITION OF events DEFAULT;" .. day("d10", "2026-03-10", "2026-03-11")
      .. day("d14", "2026-03-14", "2026-03-15"))
    local writer = support.session(db)
    writer.run "BEGIN; INSERT INTO events VALUES ('2026-03-14 13:00Z', 'open')"
    local policy = dropping "retries = 1, lock_timeout = \"100ms\","
    local blocked = apply(db, now, policy)
    assert.equal(1, blocked.status, told(blocked))
    assert.matches("d10", partitions(db, "events"), 1, true)
    assert.matches("events_p20260316", partitions(db, "events"), 1, true)
    writer.run "COMMIT"
    writer.close()
    applied(db, now, policy)
    assert.is_false(support.exists(db, "d10"))
  end)

  it("keeps an outgoing foreign key on the detached table", function()
    local db = support.database("CREATE TABLE kinds (kind int PRIMARY KEY);"
      .. "CREATE TABLE events (at timestamptz NOT NULL, kind int REFERENCES kinds) PARTITION BY RANGE (at);"
      .. day("d10", "2026-03-10", "2026-03-11") .. day("d14", "2026-03-14", "2026-03-15"))
    applied(db, now, daily 'retention = "1 day", cleanup = "detach",')
    assert.equal("f|1", sql(db, "SELECT relispartition, (SELECT count(*) FROM pg_constraint WHERE conrelid = c.oid "
      .. "AND contype = 'f') FROM pg_class c WHERE relname = 'd10'"))
    assert.equal("nothing to do in 1 set\n", apply(db, now, daily 'retention = "1 day", cleanup = "detach",').out)
  end)
end)

describe("a transaction pooler", function()
  after_each(support.cleanup)

  it("is noticed, and nothing is done through it", function()
    local db = support.database(events)
    local folder = support.folder()
    os.execute("chmod 777 " .. folder)
    local user = support.shell("id -u").out == "0\n" and "user = nobody\n" or ""
    support.write(folder .. "/b.ini", ("[databases]\n* = host=%s port=%s user=postgres\n[pgbouncer]\nunix_socket_dir = %s\n"
      .. "listen_port = 6432\nauth_type = any\npool_mode = transaction\nlogfile = %s/b.log\npidfile = %s/b.pid\n%s")
      :format(os.getenv "PGHOST", os.getenv "PGPORT", folder, folder, folder, user))
    local bouncer = support.start("/usr/sbin/pgbouncer -q " .. folder .. "/b.ini")
    local on = { database = db, env = { PGHOST = folder, PGPORT = "6432" } }
    assert.equal(0, support.shell(("for i in $(seq 100); do [ -S %s/.s.PGSQL.6432 ] && exit 0; sleep 0.05; done; exit 1")
      :format(folder)).status)
    local plan = support.partrun({ "--now", now, "plan", daily() }, on)
    local result = support.partrun({ "--now", now, "apply", daily() }, on)
    support.shell(("kill $(cat %s/b.pid)"):format(folder))
    bouncer.finish()
    assert.matches("pooler", plan.out, 1, true)
    assert.is_true(result.status ~= 0, told(result))
    assert.matches("pooler", result.out .. result.err, 1, true)
    assert.equal(0, support.count(db, "events"))
  end)
end)
