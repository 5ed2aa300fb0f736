-- What must never be retired, and what must not keep the rest from being retired, on a real server.
local support = require "support"

local sql, apply, applied, told = support.sql, support.apply, support.applied, support.told
local policy_file, partitions = support.policy_file, support.partitions

local function day(name, from, to, parent)
  return ("CREATE TABLE %s PARTITION OF %s FOR VALUES FROM ('%s Z') TO ('%s Z');"):format(name, parent or "events", from, to)
end

local function events(more)
  return support.database("CREATE TABLE events (at timestamptz NOT NULL, note text) PARTITION BY RANGE (at);" .. (more or ""))
end

-- A policy that drops, without any premake.
local function dropping(retention, more)
  return policy_file(('table = "public.events", interval = "1 day", premake = 0, retention = %s, cleanup = "drop", '
    .. 'max_drop = "100%%", %s'):format(retention, more or ""))
end

describe("retention", function()
  after_each(support.cleanup)

  it("judges by the upper bound: no row goes before its time, to the microsecond", function()
    local db = events(day("d10", "2026-03-10", "2026-03-11") .. day("d11", "2026-03-11", "2026-03-14")
      .. day("d14", "2026-03-14", "2026-03-20"))
    sql(db, "INSERT INTO events VALUES ('2026-03-10 23:59:59.999999Z')")
    local policy = dropping '"3 days"'
    for now, left in pairs { ["2026-03-13 00:00"] = "d10 d11 d14", ["2026-03-13 23:59:59.999999"] = "d10 d11 d14" } do
      applied(db, now, policy)
      assert.equal(left, partitions(db, "events"))
    end
    assert.equal("1", sql(db, "SELECT count(*) FROM events"))
    applied(db, "2026-03-14 00:00", policy)
    assert.equal("d11 d14", partitions(db, "events"))
  end)

  it("keeps an adopted wide partition as long as its newest row may live", function()
    local db = events(day("wide", "2020-01-01", "2026-03-14") .. day("d14", "2026-03-14", "2026-03-15"))
    sql(db, "INSERT INTO events VALUES ('2020-01-01 Z'), ('2026-03-13 23:00Z')")
    local policy = dropping '"1 day"'
    applied(db, "2026-03-14 12:00", policy)
    assert.equal("2", sql(db, "SELECT count(*) FROM events"))
    assert.equal("d14 wide", partitions(db, "events"))
    applied(db, "2026-03-15 00:00", policy)
    assert.equal("0", sql(db, "SELECT count(*) FROM pg_class WHERE relname = 'wide'"))
  end)

  it("looks at the later columns of an upper bound", function()
    local db = support.database [[CREATE TABLE t (at date, id int) PARTITION BY RANGE (at, id);
      CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM ('2025-01-01', MINVALUE) TO ('2025-02-01', 5);
      CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM ('2025-02-01', 5) TO ('2026-01-01', MINVALUE);
      INSERT INTO t VALUES ('2025-02-01', 4)]]
    local function at(now, retention)
      apply(db, now, policy_file(([[table = "public.t", interval = "1 month", premake = 0, retention = "%s", cleanup = "drop",
        max_drop = "100%%"]]):format(retention)))
      return partitions(db, "t")
    end
    assert.matches("t_1", at("2025-02-01 12:00", "0 days"), 1, true)
    assert.matches("t_1", at("2025-02-08 12:00", "7 days"), 1, true)
    assert.equal("1", sql(db, "SELECT count(*) FROM t"))
    assert.not_matches("t_1", at("2025-02-09 00:00", "7 days"), 1, true)
  end)

  for _, number in ipairs { '"90"', "90", '"90 "', '" 90"', '"9e1"', '"-90 days"', '"90 fortnights"', '""', "{ 90 }",
    "{ days = 90 }", "true", "0.5", "90.5", '"00:90"' } do
    it("of " .. number .. " without a unit is an error that changes nothing", function()
      local db = events(day("d10", "2026-03-10", "2026-03-11") .. day("d14", "2026-03-14", "2026-03-15"))
      local result = apply(db, "2026-03-14 12:00", dropping(number))
      assert.equal(2, result.status, told(result))
      assert.matches("retention", result.out .. result.err, 1, true)
      assert.equal("d10 d14", partitions(db, "events"))
    end)
  end

  for _, retention in ipairs { '"0 days"', '"1 day"', "{ partitions = 0 }", "{ partitions = 1 }", "{ bytes = 1 }" } do
    it("of " .. retention .. " never drops the current partition, a future one or the default one", function()
      local db = events("CREATE TABLE rest PARTITION OF events DEFAULT;" .. day("d01", "2026-03-01", "2026-03-02")
        .. day("d14", "2026-03-14", "2026-03-15") .. day("d15", "2026-03-15", "2026-03-16")
        .. day("far", "2030-01-01", "2031-01-01") .. "INSERT INTO events SELECT t FROM generate_series('2026-02-01'::timestamptz, "
        .. "'2030-06-01', '20 days') t")
      local before = sql(db, "SELECT count(*) FROM events WHERE at < '2026-03-01' OR at >= '2026-03-02'")
      apply(db, "2026-03-14 12:00", dropping(retention))
      local left = " " .. partitions(db, "events") .. " "
      for _, name in ipairs { "d14", "d15", "far", "rest" } do
        assert.matches(" " .. name .. " ", left, 1, true)
      end
      assert.equal(before, sql(db, "SELECT count(*) FROM events WHERE at < '2026-03-01' OR at >= '2026-03-02'"))
    end)
  end

  it("by count keeps so many whole partitions before the current one", function()
    local db = events(day("d09", "2026-03-09", "2026-03-10") .. day("d10", "2026-03-10", "2026-03-11")
      .. day("d11", "2026-03-11", "2026-03-12") .. day("d12", "2026-03-12", "2026-03-13") .. day("d13", "2026-03-13", "2026-03-14")
      .. day("d14", "2026-03-14", "2026-03-15") .. day("d15", "2026-03-15", "2026-03-16"))
    applied(db, "2026-03-14 12:00", dropping "{ partitions = 2 }")
    assert.equal("d12 d13 d14 d15", partitions(db, "events"))
  end)

  it("by size is measured, whoever says so", function()
    local rows = "ALTER TABLE events ALTER note SET STORAGE EXTERNAL; INSERT INTO events SELECT t, repeat('x', 100000) "
      .. "FROM unnest('{2026-03-09, 2026-03-10, 2026-03-11, 2026-03-14}'::timestamptz[]) t, generate_series(1, 20);"
    for _, retention in ipairs { '{ bytes = "5 MB" }', 'function() return { bytes = "5 MB" } end' } do
      local db = events(day("d09", "2026-03-09", "2026-03-10") .. day("d10", "2026-03-10", "2026-03-11")
        .. day("d11", "2026-03-11", "2026-03-12") .. day("d14", "2026-03-14", "2026-03-15") .. rows)
      applied(db, "2026-03-14 12:00", dropping(retention))
      assert.matches("^d11 d14", partitions(db, "events"))
    end
  end)

  it("is beaten by a hold, and a hold that fails keeps everything", function()
    local db = events(day("d09", "2026-03-09", "2026-03-10") .. day("d10", "2026-03-10", "2026-03-11")
      .. day("d14", "2026-03-14", "2026-03-15"))
    apply(db, "2026-03-14 12:00", dropping('"1 day"', 'hold = function() error "no idea" end'))
    assert.matches("d09 d10", partitions(db, "events"), 1, true)
    applied(db, "2026-03-14 12:00", dropping('"1 day"', 'hold = function(_, p) return p.name == "d09" end'))
    assert.matches("d09 ", partitions(db, "events"), 1, true)
    assert.not_matches("d10", partitions(db, "events"), 1, true)
  end)

  it("stops at half of a set unless told otherwise", function()
    local db = events(day("d01", "2026-03-01", "2026-03-02") .. day("d02", "2026-03-02", "2026-03-03")
      .. day("d03", "2026-03-03", "2026-03-04") .. day("d14", "2026-03-14", "2026-03-15"))
    local policy = policy_file 'table = "public.events", interval = "1 day", retention = "1 day", cleanup = "drop", premake = 0'
    local result = apply(db, "2026-03-14 12:00", policy)
    assert.equal(1, result.status, told(result))
    assert.matches("mass_drop", result.out, 1, true)
    assert.matches("^d01 d02 d03 d14", partitions(db, "events"))
    applied(db, "2026-03-14 12:00", policy, { "--max-drop", "3" })
    assert.equal("d14", partitions(db, "events"):gsub(" events.*", ""))
  end)

  it("quotes names: Events_2024_01 goes, events_2024_01 beside it stays", function()
    local db = events(day('"Events_2024_01"', "2024-01-01", "2024-02-01") .. "CREATE TABLE events_2024_01 (x int);"
      .. "INSERT INTO events_2024_01 VALUES (1);" .. day('"a""b; DROP TABLE events_2024_01"', "2024-02-01", "2024-03-01")
      .. day("d14", "2026-03-14", "2026-03-15"))
    applied(db, "2026-03-14 12:00", dropping '"1 day"')
    assert.equal("d14", partitions(db, "events"))
    assert.equal("1", sql(db, "SELECT x FROM events_2024_01"))
    assert.equal("0", sql(db, [[SELECT count(*) FROM pg_class WHERE relname LIKE 'Events%' OR relname LIKE 'a"b%']]))
  end)

  it("drops a branch with all that is below it, and nothing beside it", function()
    local db = events([[
      CREATE TABLE old PARTITION OF events FOR VALUES FROM ('2026-03-01 Z') TO ('2026-03-02 Z') PARTITION BY HASH (note);
      CREATE TABLE old_0 PARTITION OF old FOR VALUES WITH (MODULUS 2, REMAINDER 0);
      CREATE TABLE old_1 PARTITION OF old FOR VALUES WITH (MODULUS 2, REMAINDER 1);
      CREATE TABLE old_2 (x int);
      INSERT INTO events SELECT '2026-03-01 12:00Z', i FROM generate_series(1, 1000) i;]] .. day("d14", "2026-03-14", "2026-03-15"))
    local policy = dropping '"1 day"'
    local plan = support.json({ "--now", "2026-03-14 12:00", "plan", policy }, { database = db })
    local operation = plan.sets[1].operations[1]
    assert.equal("drop", operation.op)
    assert.is_true(operation.bytes > 1000 * 30, tostring(operation.bytes))
    applied(db, "2026-03-14 12:00", policy)
    assert.equal("d14", partitions(db, "events"))
    assert.equal("old_2", sql(db, "SELECT string_agg(relname, ' ') FROM pg_class WHERE relname LIKE 'old%'"))
  end)

  it("never drops a foreign table: it is told, and the others go", function()
    local db = events(([[CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
      CREATE FOREIGN TABLE afar PARTITION OF events FOR VALUES FROM ('2026-03-01 Z') TO ('2026-03-02 Z')
        SERVER files OPTIONS (filename '%s');]]):format("/dev/null")
      .. day("d02", "2026-03-02", "2026-03-03") .. day("d14", "2026-03-14", "2026-03-15"))
    local result = apply(db, "2026-03-14 12:00", dropping '"1 day"')
    assert.equal(0, result.status, told(result))
    assert.matches("foreign table", result.out, 1, true)
    assert.matches("^afar d14", (partitions(db, "events"):gsub("events_%w+ ?", "")))
    assert.equal("f", sql(db, "SELECT relkind FROM pg_class WHERE relname = 'afar'"))
    assert.is_false(support.exists(db, "d02"))
  end)
end)

describe("a failure", function()
  after_each(support.cleanup)

  it("of one set does not stop the others, and the exit status tells", function()
    local db = events(day("d10", "2026-03-10", "2026-03-11") .. day("d14", "2026-03-14", "2026-03-15")
      .. [[CREATE TABLE a_plain (x int);
      CREATE TABLE b_list (x int) PARTITION BY LIST (x);
      CREATE TABLE c_text (at text) PARTITION BY RANGE (at);
      CREATE TABLE d_taken (at timestamptz) PARTITION BY RANGE (at); CREATE TABLE d_taken_p20260314 (x int);
      CREATE TABLE z_last (at timestamptz) PARTITION BY RANGE (at);]])
    local result = apply(db, "2026-03-14 12:00", policy_file [[
      tables = { "public.a_plain", "public.nowhere", "public.b_list", "public.c_text", "public.d_taken", "public.events",
        "public.z_last" },
      interval = "1 day", premake = 1, retention = "1 day", cleanup = "drop", max_drop = "100%"]])
    assert.equal(1, result.status, told(result))
    assert.equal("d14 events_p20260315", partitions(db, "events"))
    assert.equal("d_taken_p20260315", partitions(db, "d_taken"))
    assert.equal("z_last_p20260314 z_last_p20260315", partitions(db, "z_last"))
  end)

  it("of one policy file does not stop those beside it", function()
    local db = events()
    local folder = support.folder()
    support.write(folder .. "/a_syntax.lua", "return {")
    support.write(folder .. "/b_raises.lua", 'error "no"')
    support.write(folder .. "/c_field.lua", 'return require "partrun".policy { table = "public.x", interval = "1 dya" }')
    support.write(folder .. "/d_good.lua",
      'return require "partrun".policy { table = "public.events", interval = "1 day", premake = 0 }')
    local result = apply(db, "2026-03-14 12:00", folder)
    assert.equal(2, result.status, told(result))
    assert.equal("events_p20260314", partitions(db, "events"))
  end)

  it("of a drop neither undoes creations nor stops other drops, night after night", function()
    local db = events(day("d10", "2026-03-10", "2026-03-11") .. day("d11", "2026-03-11", "2026-03-12")
      .. day("d12", "2026-03-12", "2026-03-13") .. day("d13", "2026-03-13", "2026-03-14") .. "CREATE VIEW v AS SELECT * FROM d10;")
    local policy = dropping('"1 day"', "")
    for night = 14, 18 do
      local result = apply(db, ("2026-03-%d 02:00"):format(night), policy)
      assert.equal(1, result.status, told(result))
      assert.is_true(support.exists(db, "events_p202603" .. night))
      sql(db, ("INSERT INTO events VALUES ('2026-03-%d 12:00Z')"):format(night))
    end
    assert.equal("t|f|f|f", sql(db, "SELECT to_regclass('d10') IS NOT NULL, to_regclass('d11') IS NOT NULL, "
      .. "to_regclass('d12') IS NOT NULL, to_regclass('d13') IS NOT NULL"))
    assert.equal("1", sql(db, "SELECT count(*) FROM pg_views WHERE viewname = 'v'"))
    sql(db, "DROP VIEW v")
    applied(db, "2026-03-18 02:00", policy)
    assert.is_false(support.exists(db, "d10"))
  end)

  it("to detach a referenced partition keeps it, its constraint and the rest of the run", function()
    local db = support.database [[
      CREATE TABLE events (at timestamptz NOT NULL PRIMARY KEY) PARTITION BY RANGE (at);
      CREATE TABLE referring (at timestamptz REFERENCES events);
      CREATE TABLE d10 PARTITION OF events FOR VALUES FROM ('2026-03-10 Z') TO ('2026-03-11 Z');
      CREATE TABLE d11 PARTITION OF events FOR VALUES FROM ('2026-03-11 Z') TO ('2026-03-12 Z');
      INSERT INTO events VALUES ('2026-03-10 12:00Z'), ('2026-03-11 12:00Z'); INSERT INTO referring VALUES ('2026-03-10 12:00Z')]]
    local policy = dropping '"1 day"'
    local result = apply(db, "2026-03-14 12:00", policy)
    assert.equal(1, result.status, told(result))
    assert.matches("referring", result.out, 1, true)
    assert.equal("d10 events_p20260312 events_p20260313 events_p20260314",
      (partitions(db, "events"):gsub("(d10) (events_p20260314)", "%1 events_p20260312 events_p20260313 %2")))
    assert.equal("1|1", sql(db, "SELECT (SELECT count(*) FROM referring), (SELECT count(*) FROM pg_constraint "
      .. "WHERE conrelid = 'referring'::regclass AND contype = 'f' AND conparentid = 0)"))
    assert.equal("0", sql(db, "SELECT count(*) FROM pg_inherits WHERE inhdetachpending"))
    -- It stays, and carries no marker by which a later run would drop it once somebody detaches it.
    assert.equal("", sql(db, "SELECT coalesce(obj_description('d10'::regclass), '')"))
    sql(db, "DELETE FROM referring")
    applied(db, "2026-03-14 12:00", policy)
    assert.is_false(support.exists(db, "d10"))
    assert.equal("1", sql(db, "SELECT count(*) FROM pg_constraint WHERE conrelid = 'referring'::regclass AND contype = 'f' "
      .. "AND conparentid = 0"))
  end)
end)

describe("a detached table", function()
  after_each(support.cleanup)

  local function graced()
    local db = events(day("d10", "2026-03-10", "2026-03-11") .. day("d14", "2026-03-14", "2026-03-15"))
    sql(db, "INSERT INTO events VALUES ('2026-03-10 12:00Z', 'old'); COMMENT ON TABLE d10 IS 'mine'")
    local policy = dropping('"1 day"', 'grace = "7 days"')
    applied(db, "2026-03-14 12:00", policy)
    return db, policy
  end

  it("waits out its grace with its rows and its comment, and goes then", function()
    local db, policy = graced()
    assert.equal("old", sql(db, "SELECT note FROM d10"))
    assert.equal("f|t|t", sql(db, "SELECT relispartition, obj_description(oid) LIKE 'mine' || chr(10) || 'partrun: {%', "
      .. "obj_description(oid) LIKE '%\"retiring\"%' FROM pg_class WHERE relname = 'd10'"))
    apply(db, "2026-03-21 11:59:59", policy)
    assert.is_true(support.exists(db, "d10"))
    assert.matches("detached_waiting", support.findings(db, "2026-03-20", policy), 1, true)
    applied(db, "2026-03-21 12:00", policy)
    assert.is_false(support.exists(db, "d10"))
  end)

  it("to a schema that does not exist says what to do, and goes on from there", function()
    local db = events(day("d10", "2026-03-10", "2026-03-11") .. day("d14", "2026-03-14", "2026-03-15"))
    local policy = policy_file('table = "public.events", interval = "1 day", premake = 0, retention = "1 day", '
      .. 'cleanup = { schema = "The Attic" }')
    local result = apply(db, "2026-03-14 12:00", policy)
    assert.equal(1, result.status, told(result))
    assert.matches('hint: CREATE SCHEMA "The Attic", and run apply again', result.out, 1, true)
    sql(db, 'CREATE SCHEMA "The Attic"')
    applied(db, "2026-03-14 12:00", policy)
    assert.equal("The Attic", sql(db, "SELECT relnamespace::regnamespace::name FROM pg_class WHERE relname = 'd10'"):gsub('"', ""))
  end)

  it("that was attached again by hand is not dropped by its old marker", function()
    local db, policy = graced()
    sql(db, "ALTER TABLE events ATTACH PARTITION d10 FOR VALUES FROM ('2026-03-10 Z') TO ('2026-03-11 Z')")
    local keep = dropping('"100 days"', 'grace = "7 days"')
    applied(db, "2026-04-14 12:00", keep)
    assert.matches("d10", partitions(db, "events"), 1, true)
    assert.equal("mine", sql(db, "SELECT obj_description('d10'::regclass)"))
    applied(db, "2026-04-14 12:00", policy, { "--max-drop", "all" })
    assert.equal("old", sql(db, "SELECT note FROM d10"))
  end)

  it("in a restored copy is nobody's to drop", function()
    local db = graced()
    local comment = sql(db, "SELECT quote_literal(obj_description('d10'::regclass))")
    local rest = "CREATE TABLE d10 (at timestamptz, note text); INSERT INTO d10 VALUES (now(), 'restored');"
      .. "COMMENT ON TABLE d10 IS " .. comment
    -- In another database, and in this one under another name.
    local copy = events(day("d14", "2026-03-14", "2026-03-15") .. rest)
    sql(db, (rest:gsub("d10", "d10_copy")))
    local policy = dropping('"1 day"', 'grace = "7 days"')
    applied(copy, "2026-05-14 12:00", policy, { "--max-drop", "all" })
    assert.equal("restored", sql(copy, "SELECT note FROM d10"))
    applied(db, "2026-05-14 12:00", policy, { "--max-drop", "all" })
    assert.equal("restored", sql(db, "SELECT note FROM d10_copy"))
    assert.is_false(support.exists(db, "d10"))
  end)

  if support.version <= 15 then -- as far as the distribution's pg_dump goes
    it("survives a dump and a restore into another database", function()
      local db, policy = graced()
      local copy = support.database()
      local restore = support.shell(("pg_dump -d %s | psql -XAtq -v ON_ERROR_STOP=1 -d %s"):format(db, copy))
      assert.equal(0, restore.status, restore.err)
      assert.matches("retiring", sql(copy, "SELECT obj_description('d10'::regclass)"), 1, true)
      applied(copy, "2026-05-14 12:00", policy, { "--max-drop", "all" })
      assert.equal("old", sql(copy, "SELECT note FROM d10"))
    end)
  end
end)
