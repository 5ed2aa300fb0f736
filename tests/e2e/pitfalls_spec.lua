-- What other tools got wrong about which partitions should exist, on a real server.
local support = require "support"

local sql, apply, applied, told = support.sql, support.apply, support.applied, support.told
local policy_file, bounds, stretches = support.policy_file, support.bounds, support.stretches

local function events(more)
  return support.database("CREATE TABLE events (at timestamptz NOT NULL, note text) PARTITION BY RANGE (at);" .. (more or ""))
end

local function day(name, from, to, parent)
  return ("CREATE TABLE %s PARTITION OF %s FOR VALUES FROM ('%s') TO ('%s');"):format(name, parent or "events", from, to)
end

local daily = policy_file

describe("names", function()
  after_each(support.cleanup)

  -- Both changes of clocks of 2026.
  for zone, changes in pairs {
    ["Europe/Paris"] = { "2026-03-28", "2026-10-24" },
    ["America/New_York"] = { "2026-03-07", "2026-10-31" },
    ["Australia/Lord_Howe"] = { "2026-04-04", "2026-10-03" },
  } do
    it("of hours differ through both changes of clocks in " .. zone, function()
      for _, date in ipairs(changes) do
        local db = events()
        sql("postgres", ("ALTER DATABASE %s SET timezone = '%s'"):format(db, zone))
        applied(db, date .. " 12:30",
          policy_file(('table = "public.events", interval = "1 hour", premake = 47, timezone = "%s"'):format(zone)), nil,
          { PGTZ = zone, TZ = zone })
        sql(db, ("INSERT INTO events SELECT t FROM generate_series('%s 12:00Z'::timestamptz, '%s 12:00Z'::timestamptz "
          .. "+ '47h59m', '1 minute') t"):format(date, date))
        assert.equal("48|48|0", sql(db, [[SELECT count(*), count(DISTINCT relname), count(*) FILTER (WHERE m[2]::timestamptz
          - m[1]::timestamptz <> '1 hour') FROM (SELECT relname, regexp_match(pg_get_expr(relpartbound, oid),
          '\((.*)\) TO \((.*)\)') m FROM pg_class WHERE relispartition) x]]))
        assert.equal(1, stretches(db, "events"))
      end
    end)
  end

  for kind, stray in pairs {
    ["table"] = "CREATE TABLE %s (x int)", view = "CREATE VIEW %s AS SELECT 1", sequence = "CREATE SEQUENCE %s",
    index = "CREATE TABLE t (x int); CREATE INDEX %s ON t (x)", composite = "CREATE TYPE %s AS (x int)",
    ["enum"] = "CREATE TYPE %s AS ENUM ('a')", domain = "CREATE DOMAIN %s AS int",
    ["partition of another table"] = "CREATE TABLE u (at timestamptz) PARTITION BY RANGE (at); "
      .. "CREATE TABLE %s PARTITION OF u FOR VALUES FROM ('2026-03-15') TO ('2026-03-16')",
  } do
    it("taken by a stray " .. kind .. " are told, and leave no silent hole", function()
      local db = events(stray:format "events_p20260315")
      local policy = daily 'table = "public.events", interval = "1 day", premake = 2'
      local types = "SELECT oid FROM pg_type WHERE typname ~ 'events_p20260315$' ORDER BY 1"
      local before = sql(db, types)
      assert.matches("name_taken", support.findings(db, "2026-03-14 12:00", policy), 1, true)
      local result = apply(db, "2026-03-14 12:00", policy)
      assert.equal(1, result.status, told(result))
      assert.matches("events_p20260315", result.out, 1, true)
      assert.equal("events_p20260314 events_p20260316", support.partitions(db, "events"))
      assert.equal(before, sql(db, types))
      -- Told again and again, until somebody acts; another naming is one way.
      assert.equal(1, apply(db, "2026-03-14 12:00", policy).status)
      applied(db, "2026-03-14 12:00",
        daily 'table = "public.events", interval = "1 day", premake = 2, naming = "ppm"')
      assert.equal(1, stretches(db, "events"))
      sql(db, "INSERT INTO events VALUES ('2026-03-15 12:00Z')")
    end)
  end

  it("taken by a sibling with other bounds are told", function()
    local db = events(day("events_p20260315", "2026-04-15", "2026-04-16"))
    local result = apply(db, "2026-03-14 12:00", daily 'table = "public.events", interval = "1 day", premake = 2')
    assert.equal(1, result.status, told(result))
    assert.matches("name_taken", result.out, 1, true)
    assert.matches("events_p20260315 FROM ('2026-04-15 00:00:00+00') TO ('2026-04-16 00:00:00+00')", bounds(db, "events"), 1, true)
    assert.matches("events_p20260316", support.partitions(db, "events"), 1, true)
  end)

  it("of two long tables that are cut to one prefix collide loudly, and no table goes without", function()
    local prefix = ("x"):rep(60)
    local db = support.database(("CREATE TABLE %sa (at date) PARTITION BY RANGE (at); CREATE TABLE %sb (LIKE %sa) "
      .. "PARTITION BY RANGE (at)"):format(prefix, prefix, prefix))
    local result = apply(db, "2026-03-14", policy_file(('tables = { "public.%sa", "public.%sb" }, interval = "1 day", premake = 1')
      :format(prefix, prefix)))
    local a, b = support.count(db, prefix .. "a"), support.count(db, prefix .. "b")
    assert.equal(2, a)
    if b ~= 2 then
      assert.equal(1, result.status, told(result))
      assert.matches("name_", result.out, 1, true)
    end
    -- One after the other: the second sees relations with its names.
    local second = apply(db, "2026-03-14", policy_file(('table = "public.%sb", interval = "1 day", premake = 1'):format(prefix)))
    assert.is_true(second.status == 1 or support.count(db, prefix .. "b") == 2, told(second))
    applied(db, "2026-03-14", policy_file(
      ('table = "public.%sb", interval = "1 day", premake = 1, naming = "b_{from:%%Y%%m%%d}"'):format(prefix)))
    assert.equal(2, support.count(db, prefix .. "b"))
  end)

  it("of tables with 63 bytes are cut on a character, never inside one", function()
    local name = ("é"):rep(31) .. "x"
    assert.equal(63, #name)
    local db = support.database(('CREATE TABLE "%s" (at date) PARTITION BY RANGE (at)'):format(name))
    applied(db, "2026-03-14", policy_file(('table = %q, interval = "1 day", premake = 3'):format('public."' .. name .. '"')))
    assert.equal("4|t|t", sql(db, [[SELECT count(*), bool_and(octet_length(relname) <= 63), bool_and(relname ~ '_p202603\d\d$')
      FROM pg_class WHERE relispartition]]))
  end)

  it("never stand for bounds: what is called 2020 and holds today stays", function()
    local db = events(day("events_p20200101", "2026-03-14 00:00Z", "2026-03-15 00:00Z")
      .. day("events_p20260314", "2020-01-01 00:00Z", "2020-01-02 00:00Z"))
    applied(db, "2026-03-14 12:00", daily [[table = "public.events", interval = "1 day", premake = 0, retention = "30 days",
      cleanup = "drop", max_drop = "100%"]])
    assert.equal("events_p20200101 FROM ('2026-03-14 00:00:00+00') TO ('2026-03-15 00:00:00+00')", bounds(db, "events"))
  end)

  it("that only look alike belong to others", function()
    local db = events([[
      CREATE TABLE events_archive (at timestamptz) PARTITION BY RANGE (at);
      CREATE TABLE "eventsX" (at timestamptz) PARTITION BY RANGE (at);
      CREATE TABLE events_20200102 (at timestamptz);]]
      .. day("events_archive_20200101", "2020-01-01", "2020-01-02", "events_archive")
      .. day("eventsX20200101", "2020-01-01", "2020-01-02", '"eventsX"') .. day("events_20200101", "2020-01-01", "2020-01-02"))
    applied(db, "2026-03-14 12:00", daily [[table = "public.events", interval = "1 day", premake = 0, retention = "30 days",
      cleanup = "drop", max_drop = "100%"]])
    assert.equal("events_p20260314", support.partitions(db, "events"))
    assert.equal("events_archive_20200101", support.partitions(db, "events_archive"))
    assert.equal("eventsx20200101", support.partitions(db, '"eventsX"'))
    assert.is_true(support.exists(db, "events_20200102"))
  end)

  it("of tenants that begin alike stay apart", function()
    local db = support.database([[
      CREATE TABLE t (tenant text, at date) PARTITION BY LIST (tenant);
      CREATE TABLE t_a PARTITION OF t FOR VALUES IN ('a') PARTITION BY RANGE (at);
      CREATE TABLE t_a_b PARTITION OF t FOR VALUES IN ('a_b') PARTITION BY RANGE (at);
      CREATE TABLE t_axb PARTITION OF t FOR VALUES IN ('axb') PARTITION BY RANGE (at);]]
      .. day("t_a_old", "2026-02-01", "2026-02-02", "t_a") .. day("t_a_b_old", "2026-02-01", "2026-03-14", "t_a_b"))
    applied(db, "2026-03-14", policy_file [[table = "public.t_a", interval = "1 day", premake = 1, retention = "30 days",
      cleanup = "drop", max_drop = "100%"]])
    assert.equal("t_a_p20260314 t_a_p20260315", support.partitions(db, "t_a"))
    assert.equal("t_a_b_old", support.partitions(db, "t_a_b"))
    applied(db, "2026-03-14", policy_file 'table = "public.t", interval = "1 day", premake = 1')
    assert.equal("t_a_b_p20260314 t_a_b_p20260315", sql(db, [[SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_inherits
      JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = 't_a_b'::regclass AND relname LIKE 't\_a\_b\_p%']]))
    sql(db, "INSERT INTO t VALUES ('a', '2026-03-15'), ('a_b', '2026-03-15'), ('axb', '2026-03-15')")
  end)
end)

describe("the grid", function()
  after_each(support.cleanup)

  it("of months made in UTC does not move with the session's time zone", function()
    local db = events()
    local policy = daily 'table = "public.events", interval = "1 month", premake = 2'
    applied(db, "2026-03-14 12:00", policy)
    sql("postgres", ("ALTER DATABASE %s SET timezone = 'America/New_York'; ALTER DATABASE %s SET datestyle = 'German, DMY'; "
      .. "ALTER DATABASE %s SET intervalstyle = 'sql_standard'"):format(db, db, db))
    applied(db, "2026-04-30 23:30", policy, nil, { PGTZ = "America/New_York", TZ = "Asia/Tokyo", PGDATESTYLE = "SQL, DMY" })
    applied(db, "2026-06-01 00:00", policy, nil, { PGTZ = "Pacific/Apia" })
    assert.equal([[
events_p20260301 FROM ('2026-03-01 00:00:00+00') TO ('2026-04-01 00:00:00+00')
events_p20260401 FROM ('2026-04-01 00:00:00+00') TO ('2026-05-01 00:00:00+00')
events_p20260501 FROM ('2026-05-01 00:00:00+00') TO ('2026-06-01 00:00:00+00')
events_p20260601 FROM ('2026-06-01 00:00:00+00') TO ('2026-07-01 00:00:00+00')
events_p20260701 FROM ('2026-07-01 00:00:00+00') TO ('2026-08-01 00:00:00+00')
events_p20260801 FROM ('2026-08-01 00:00:00+00') TO ('2026-09-01 00:00:00+00')]], (bounds(db, "events"):gsub("^.-(events)", "%1")))
  end)

  it("is not anchored at now: seven days do not overlap on day two", function()
    local db = events()
    local policy = daily 'table = "public.events", interval = "7 days", premake = 2'
    for date = 10, 25 do
      applied(db, ("2026-03-%d 07:11"):format(date), policy)
      assert.equal(1, stretches(db, "events"))
    end
    assert.equal("0", sql(db, [[SELECT count(*) FROM (SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid),
      '\((.*)\) TO \((.*)\)') m FROM pg_class c WHERE relispartition) x WHERE m[2]::timestamptz - m[1]::timestamptz <> '7 days']]))
  end)

  it("cuts days into halves", function()
    local db = events()
    applied(db, "2026-03-14 15:00", daily 'table = "public.events", interval = "12 hours", premake = 1')
    assert.equal([[
events_p20260314_120000 FROM ('2026-03-14 12:00:00+00') TO ('2026-03-15 00:00:00+00')
events_p20260315_000000 FROM ('2026-03-15 00:00:00+00') TO ('2026-03-15 12:00:00+00')]], bounds(db, "events"))
  end)

  it("is looked at by its horizon: ten future partitions do not make up for today's, nor for a gap", function()
    local db = events(day("far", "2026-03-19", "2026-03-30"))
    applied(db, "2026-03-14 12:00", daily 'table = "public.events", interval = "1 day", premake = 4')
    assert.equal(1, stretches(db, "events"))
    assert.equal(6, support.count(db, "events"))
    sql(db, "INSERT INTO events SELECT generate_series('2026-03-14 00:00Z'::timestamptz, '2026-03-29 23:00Z', '1 hour')")
  end)

  it("has no hole after a pause of months, and later runs are quiet", function()
    local db = events()
    local policy = daily 'table = "public.events", interval = "1 day", premake = 3'
    applied(db, "2026-03-14 12:00", policy)
    applied(db, "2026-07-02 12:00", policy)
    assert.equal(1, stretches(db, "events"))
    assert.equal(114, support.count(db, "events"))
    assert.equal("nothing to do in 1 set\n", apply(db, "2026-07-02 13:00", policy).out)
    assert.equal(0, support.partrun({ "--now", "2026-07-02 13:00", "check", policy }, { database = db }).status)
  end)

  it("after a pause with retention is filled as far back as retention keeps, and is quiet then", function()
    local db = events()
    local policy = daily [[table = "public.events", interval = "1 day", premake = 3, retention = "10 days", cleanup = "drop",
      max_drop = "100%"]]
    applied(db, "2026-03-14 12:00", policy)
    applied(db, "2026-07-02 12:00", policy)
    assert.equal(1, stretches(db, "events"))
    local again = apply(db, "2026-07-02 12:00", policy)
    assert.equal("nothing to do in 1 set\n", again.out, told(again))
  end)
end)

describe("odd bounds", function()
  after_each(support.cleanup)

  it("MINVALUE and MAXVALUE are understood", function()
    local db = events("CREATE TABLE past PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('2026-03-10');"
      .. "CREATE TABLE rest PARTITION OF events FOR VALUES FROM ('2026-03-16') TO (MAXVALUE);")
    local policy = daily 'table = "public.events", interval = "1 day", premake = 4'
    local result = apply(db, "2026-03-14 12:00", policy)
    assert.equal(0, result.status, told(result))
    assert.equal("events_p20260310 events_p20260311 events_p20260312 events_p20260313 events_p20260314 events_p20260315 past rest",
      support.partitions(db, "events"))
    assert.matches("unbounded", support.findings(db, "2026-03-14 12:00", policy), 1, true)
    sql(db, "INSERT INTO events VALUES ('-infinity'), ('infinity'), ('2026-03-15 23:59Z')")
  end)

  it("MINVALUE expires by its upper bound, MAXVALUE never", function()
    local db = events("CREATE TABLE past PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('2026-03-10 00:00Z');"
      .. "CREATE TABLE rest PARTITION OF events FOR VALUES FROM ('2026-03-10 00:00Z') TO (MAXVALUE);")
    local policy = daily [[table = "public.events", interval = "1 day", retention = "4 days", cleanup = "drop",
      max_drop = "100%"]]
    apply(db, "2026-03-13 23:59:59", policy)
    assert.equal("past rest", support.partitions(db, "events"))
    apply(db, "2026-03-14 00:00", policy)
    assert.equal("rest", support.partitions(db, "events"))
    apply(db, "2036-03-14 00:00", policy)
    assert.equal("rest", support.partitions(db, "events"))
  end)

  it("one set with only MINVALUE .. MAXVALUE does not stop the run", function()
    local db = events("CREATE TABLE everything PARTITION OF events FOR VALUES FROM (MINVALUE) TO (MAXVALUE);"
      .. "CREATE TABLE other (at date) PARTITION BY RANGE (at)")
    apply(db, "2026-03-14", policy_file 'tables = { "public.events", "public.other" }, interval = "1 day", premake = 1')
    assert.equal("everything", support.partitions(db, "events"))
    assert.equal("other_p20260314 other_p20260315", support.partitions(db, "other"))
  end)

  it("negative ids are floored", function()
    local db = support.database [[CREATE TABLE t (id bigint) PARTITION BY RANGE (id);
      CREATE TABLE t_x PARTITION OF t FOR VALUES FROM (-1005) TO (-1000); INSERT INTO t VALUES (-1001)]]
    applied(db, "2026-03-14", policy_file 'table = "public.t", interval = 10, premake = 2')
    assert.equal("FROM ('-1010') TO ('-1005'),"
      .. "FROM ('-1005') TO ('-1000'),FROM ('-1000') TO ('-990'),FROM ('-990') TO ('-980')", sql(db,
      [[SELECT string_agg(b, ',' ORDER BY (regexp_match(b, '''(-?\d+)'))[1]::int) FROM (SELECT
        replace(pg_get_expr(relpartbound, oid), 'FOR VALUES ', '') b FROM pg_class WHERE relispartition) x]]))
    sql(db, "INSERT INTO t SELECT generate_series(-1010, -981)")
  end)

  for _, case in ipairs {
    { type = "int4", last = "2147483640", max = "2147483647", from = "2147483000" },
    { type = "int2", last = "32761", max = "32767", from = "32000" },
    { type = "int8", last = "9223372036854775800", max = "9223372036854775807", from = "9223372036854775000" },
  } do
    it(case.type .. " near its maximum does not overflow", function()
      local db = support.database(([[CREATE TABLE t (id %s) PARTITION BY RANGE (id);
        CREATE TABLE t_x PARTITION OF t FOR VALUES FROM (%s) TO (%s); INSERT INTO t VALUES (%s - 1)]])
        :format(case.type, case.from, case.last, case.last))
      local policy = policy_file 'table = "public.t", interval = 1000, premake = 4'
      local first = apply(db, "2026-03-14", policy)
      assert.equal(0, first.status, told(first))
      sql(db, ("INSERT INTO t VALUES (%s)"):format(case.max - 1))
      assert.equal(1, stretches(db, "t"))
      local again = apply(db, "2026-03-14", policy)
      assert.equal(0, again.status, told(again))
      assert.is_truthy(again.out:find "no operations done" or again.out:find "^nothing to do", told(again))
      assert.not_matches("unbounded", again.out, 1, true)
    end)

    it(case.type .. " near its minimum does not overflow", function()
      local db = support.database(([[CREATE TABLE t (id %s) PARTITION BY RANGE (id);
        CREATE TABLE t_x PARTITION OF t FOR VALUES FROM (MINVALUE) TO (-%s); INSERT INTO t VALUES (-%s - 1)]])
        :format(case.type, case.last, case.last))
      applied(db, "2026-03-14", policy_file 'table = "public.t", interval = 1000, premake = 2, backfill = 5')
      assert.equal(1, stretches(db, "t"))
    end)
  end

  for _, strategy in ipairs { "drain", "ignore", "create" } do
    it("infinity and NULL in a default partition end no run with default = " .. strategy, function()
      local db = support.database [[CREATE TABLE events (at timestamptz, note text) PARTITION BY RANGE (at);
        CREATE TABLE rest PARTITION OF events DEFAULT;
        INSERT INTO events VALUES ('infinity', 'a'), ('-infinity', 'b'), (NULL, 'c'), ('2026-03-15 10:00Z', 'd'),
          ('4000-01-01', 'e')]]
      local before = sql(db, "SELECT string_agg(note, '' ORDER BY note) FROM events")
      local result = apply(db, "2026-03-14 12:00",
        daily(('table = "public.events", interval = "1 day", premake = 2, default = "%s"'):format(strategy)))
      assert.equal(strategy == "drain" and 0 or 1, result.status, told(result))
      assert.equal(before, sql(db, "SELECT string_agg(note, '' ORDER BY note) FROM events"))
      assert.equal(strategy == "drain" and "abce" or "abcde", sql(db, "SELECT string_agg(note, '' ORDER BY note) FROM ONLY rest"))
      assert.equal(strategy == "drain" and 4 or 3, support.count(db, "events"))
    end)
  end

  it("quotes, commas and parentheses in list values, and offsets in range bounds, are read", function()
    local hostile = { "O'Brien, \"x\" (y)", "FROM ('a') TO ('b')", "a, b", "')", "{\"k\": [1,2]}", "back\\slash", "", "NULL" }
    local statements = { "CREATE TABLE t (tenant text, at timestamptz) PARTITION BY LIST (tenant)" }
    for i, tenant in ipairs(hostile) do
      statements[#statements + 1] = ("CREATE TABLE t_%d PARTITION OF t FOR VALUES IN ('%s') PARTITION BY RANGE (at)")
        :format(i, tenant:gsub("'", "''"))
      statements[#statements + 1] = ("CREATE TABLE t_%d_x PARTITION OF t_%d FOR VALUES FROM ('2026-03-14 00:00+05:30') "
        .. "TO ('2026-03-15 00:00+05:30')"):format(i, i)
    end
    local db = support.database(table.concat(statements, ";\n"))
    sql("postgres", ("ALTER DATABASE %s SET timezone = 'Asia/Kolkata'"):format(db))
    applied(db, "2026-03-14 12:00",
      policy_file 'table = "public.t", interval = "1 day", premake = 1, timezone = "Asia/Kolkata"', nil, { PGTZ = "Asia/Kolkata" })
    for i, tenant in ipairs(hostile) do
      assert.equal(2, support.count(db, "t_" .. i))
      assert.equal(1, stretches(db, "t_" .. i))
      sql(db, ("INSERT INTO t VALUES ('%s', '2026-03-15 23:59+05:30')"):format(tenant:gsub("'", "''")))
    end
  end)

  it("of several columns are understood, and extended with MINVALUE", function()
    local db = support.database [[CREATE TABLE t (at date, id int, x text) PARTITION BY RANGE (at, id, x);
      CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM ('2026-03-13', 5, 'it''s, (x)') TO ('2026-03-14', 5, 'y');]]
    applied(db, "2026-03-14", policy_file 'table = "public.t", interval = "1 day", premake = 1')
    assert.equal(1, stretches(db, "t"))
    sql(db, "INSERT INTO t VALUES ('2026-03-14', 4, 'a'), ('2026-03-14', 5, 'z'), ('2026-03-15', 1, '')")
    assert.equal("nothing to do in 1 set\n",
      apply(db, "2026-03-14", policy_file 'table = "public.t", interval = "1 day", premake = 1').out)
  end)

  it("of (tenant, time), which swallow the tenants between, are refused", function()
    local db = support.database [[CREATE TABLE t (tenant text, at date) PARTITION BY RANGE (tenant, at);
      CREATE TABLE t_a PARTITION OF t FOR VALUES FROM ('a', '2020-01-01') TO ('b', '2020-01-02')]]
    local result = apply(db, "2026-03-14",
      policy_file [[table = "public.t", key = "at", interval = "1 day", retention = "1 day", cleanup = "drop"]])
    assert.equal(1, result.status, told(result))
    assert.matches("unsupported_key", result.out, 1, true)
    assert.equal("t_a", support.partitions(db, "t"))
  end)
end)
