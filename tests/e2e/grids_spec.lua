-- Keys of every type, grids of every unit, time zones, and trees, on a real server.
local support = require "support"

local sql, apply, applied = support.sql, support.apply, support.applied
local policy_file, bounds, stretches = support.policy_file, support.bounds, support.stretches

local now = "2026-03-14 12:00"

-- The timestamps' uuid of version 7 with zeros for its random bits, and ULIDs likewise.
local functions = [[
CREATE FUNCTION uuid7(t timestamptz) RETURNS uuid LANGUAGE sql AS $$
  SELECT (lpad(to_hex((extract(epoch FROM t) * 1000)::bigint), 12, '0') || '7000' || '8000000000000000')::uuid $$;
CREATE FUNCTION ulid(t timestamptz) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((ms >> (5 * i)) & 31)::int + 1, 1), '' ORDER BY i DESC)
    || '0000000000000000' FROM generate_series(0, 9) i, (SELECT (extract(epoch FROM t) * 1000)::bigint AS ms) x $$;
]]

local ulid = [[key = { column = "k",
  encode = function(t)
    local digits, ms, out = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", t:epoch() * 1000 // 1, ""
    for _ = 1, 10 do
      local digit = math.tointeger(ms % 32) + 1
      out, ms = digits:sub(digit, digit) .. out, ms // 32
    end
    return out .. ("0"):rep(16)
  end,
  decode = function(text)
    local digits, ms = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 0
    for i = 1, 10 do
      ms = ms * 32 + digits:find(text:sub(i, i), 1, true) - 1
    end
    return partrun.time(ms, "ms")
  end }]]

-- type, the policy's key, SQL for the value of an instant
local keys = {
  date = { "date", nil, "(%s AT TIME ZONE 'UTC')::date" },
  timestamp = { "timestamp", nil, "(%s AT TIME ZONE 'UTC')" },
  timestamptz = { "timestamptz", nil, "%s" },
  uuid7 = { "uuid", nil, "uuid7(%s)" },
  ["epoch seconds in an int4"] = { "int", 'key = { column = "k", epoch = "s" }', "extract(epoch FROM %s)::int" },
  ["epoch milliseconds"] = { "bigint", 'key = { column = "k", epoch = "ms" }', "(extract(epoch FROM %s) * 1000)::bigint" },
  ["epoch nanoseconds"] = { "bigint", 'key = { column = "k", epoch = "ns" }', "(extract(epoch FROM %s)::bigint * 1000000000)" },
  snowflake = { "bigint", 'key = { column = "k", snowflake = { epoch = "2020-01-01", shift = 22 } }',
    "((extract(epoch FROM %s)::bigint - 1577836800) * 1000 << 22)" },
  ["text ULID"] = { 'text COLLATE "C"', ulid, "ulid(%s)" },
}

local grids = {
  { "weekly", "2026-03-09", "1 week" },
  { "monthly", "2026-03-01", "1 month" },
  { "quarterly", "2026-01-01", "3 months" },
  { "yearly", "2026-01-01", "1 year" },
}

describe("a set by", function()
  after_each(support.cleanup)

  for name, key in pairs(keys) do
    it(name .. " gets partitions on every grid that hold just what they should, and loses just what expires", function()
      local db = support.database(functions)
      local function value(instant)
        return key[3]:format(("'%s'::timestamptz"):format(instant))
      end
      for _, grid in ipairs(grids) do
        local t = "t_" .. grid[1]
        sql(db, ("CREATE TABLE %s (k %s) PARTITION BY RANGE (k)"):format(t, key[1]))
        local fields = ('table = "public.%s", interval = "%s", premake = 2, retention = "1 microsecond", cleanup = "drop", '
          .. 'max_drop = "100%%", %s'):format(t, grid[1], key[2] or "")
        local policy = support.write(support.folder() .. "/policy.lua",
          'local partrun = require "partrun"\nreturn partrun.policy {\n' .. fields .. "\n}\n")
        applied(db, now, policy)
        assert.equal(3, support.count(db, t))
        assert.equal(1, stretches(db, t))
        -- The first and the last instant of all three, by PostgreSQL's own arithmetic; nothing beside them.
        local first = value(grid[2] .. " 00:00Z")
        local days = name == "date" and "1 day" or "1 second"
        local last = key[3]:format(
          ("('%s Z'::timestamptz AT TIME ZONE 'UTC' + 3 * interval '%s' - interval '%s') AT TIME ZONE 'UTC'")
            :format(grid[2], grid[3], days))
        local before = key[3]:format(("('%s Z'::timestamptz - interval '%s')"):format(grid[2], days))
        sql(db, ("INSERT INTO %s VALUES (%s), (%s)"):format(t, first, last))
        assert.is_false((pcall(sql, db, ("INSERT INTO %s VALUES (%s)"):format(t, before))))
        -- At the last instant of the first cell nothing has expired, at its end it has, with its row.
        local cell_end = sql(db, ("SET timezone = 'UTC'; SELECT '%s Z'::timestamptz + interval '%s'"):format(grid[2], grid[3]))
        applied(db, (cell_end:gsub("%+00$", "")), policy, { "--only", "retire" })
        assert.equal("2|t", sql(db, ("SELECT (SELECT count(*) FROM %s), (SELECT bool_or(k = %s) FROM %s)"):format(t, last, t)))
        applied(db, (cell_end:gsub("%+00$", ".000001")), policy)
        assert.equal("1|t", sql(db, ("SELECT (SELECT count(*) FROM %s), (SELECT bool_or(k = %s) FROM %s)"):format(t, last, t)))
        assert.equal(3, support.count(db, t))
        assert.equal(1, stretches(db, t))
      end
    end)
  end

  it("local days of 23 and 25 hours begins at local midnight", function()
    for zone, first in pairs {
      ["Europe/Paris"] = "2026-03-28 23:00:00+00", ["America/New_York"] = "2026-03-29 04:00:00+00",
      ["Asia/Kathmandu"] = "2026-03-28 18:15:00+00", ["Australia/Lord_Howe"] = "2026-03-28 13:00:00+00",
    } do
      local db = support.database "CREATE TABLE t (k timestamptz) PARTITION BY RANGE (k)"
      applied(db, "2026-03-29 12:00",
        policy_file(('table = "public.t", interval = "1 day", premake = 250, timezone = "%s"'):format(zone)))
      assert.matches("FROM ('" .. first .. "')", bounds(db, "t"), 1, true)
      assert.equal("0", sql(db, ([[SET timezone = '%s'; SELECT count(*) FROM (SELECT regexp_match(pg_get_expr(relpartbound, oid),
        'FROM \(''(.*)''\) TO') m FROM pg_class WHERE relispartition) x WHERE date_trunc('day', m[1]::timestamptz)
        <> m[1]::timestamptz]]):format(zone)))
      assert.equal(1, stretches(db, "t"))
    end
  end)

  it("a wall clock follows the policy's time zone", function()
    local db = support.database "CREATE TABLE t (k date) PARTITION BY RANGE (k)"
    applied(db, "2026-03-14 23:30", policy_file 'table = "public.t", interval = "1 day", premake = 0, timezone = "Asia/Tokyo"')
    assert.equal("t_p20260315 FROM ('2026-03-15') TO ('2026-03-16')", bounds(db, "t"))
  end)
end)

describe("an interval", function()
  after_each(support.cleanup)

  it("changed on a live table, from days to weeks and back, leaves neither gap nor overlap", function()
    local db = support.database "CREATE TABLE t (k timestamptz, n int) PARTITION BY RANGE (k)"
    local function policy(interval, premake)
      return policy_file(('table = "public.t", interval = "%s", premake = %d'):format(interval, premake))
    end
    local function fill()
      sql(db, "INSERT INTO t SELECT g FROM generate_series('2026-03-11 Z'::timestamptz, (SELECT max((regexp_match("
        .. "pg_get_expr(relpartbound, oid), 'TO \\(''(.*)''\\)'))[1]::timestamptz) - interval '1 s' FROM pg_class "
        .. "WHERE relispartition), '1 hour') g")
      assert.equal(1, stretches(db, "t"))
    end
    applied(db, "2026-03-11 12:00", policy("daily", 3)) -- Wednesday to Saturday
    fill()
    applied(db, "2026-03-12 12:00", policy("weekly", 2))
    fill()
    assert.matches("FROM ('2026-03-15 00:00:00+00') TO ('2026-03-16 00:00:00+00')", bounds(db, "t"), 1, true)
    assert.matches("FROM ('2026-03-23 00:00:00+00') TO ('2026-03-30 00:00:00+00')", bounds(db, "t"), 1, true)
    applied(db, "2026-03-13 12:00", policy("daily", 20))
    fill()
    assert.matches("FROM ('2026-03-30 00:00:00+00') TO ('2026-03-31 00:00:00+00')", bounds(db, "t"), 1, true)
    applied(db, "2026-03-14 12:00", policy("monthly", 2))
    fill()
    applied(db, "2026-03-14 12:00", policy("12 hours", 5))
    fill()
    assert.equal("nothing to do in 1 set\n", apply(db, "2026-03-14 12:00", policy("monthly", 2)).out)
    assert.equal("0", sql(db, "SELECT count(*) FROM pg_class c WHERE relname LIKE 't\\_%' AND NOT relispartition"))
  end)

  it("of several units counts from its anchor, not from the day when it was first used", function()
    for interval, cell in pairs {
      ["2 weeks"] = "FROM ('2026-03-09 00:00:00+00') TO ('2026-03-23 00:00:00+00')",
      ["6 hours"] = "FROM ('2026-03-14 12:00:00+00') TO ('2026-03-14 18:00:00+00')",
      ["6 months"] = "FROM ('2026-01-01 00:00:00+00') TO ('2026-07-01 00:00:00+00')",
      ["10 years"] = "FROM ('2020-01-01 00:00:00+00') TO ('2030-01-01 00:00:00+00')",
      ["15 minutes"] = "FROM ('2026-03-14 12:00:00+00') TO ('2026-03-14 12:15:00+00')",
    } do
      local db = support.database "CREATE TABLE t (k timestamptz) PARTITION BY RANGE (k)"
      applied(db, now, policy_file(('table = "public.t", interval = "%s", premake = 0'):format(interval)))
      assert.equal(cell, (bounds(db, "t"):gsub("^%S+ ", "")))
    end
  end)
end)

describe("a tree", function()
  after_each(support.cleanup)

  it("of tenants by list, then time, is kept in each of its branches", function()
    local db = support.database [[
      CREATE TABLE t (tenant text, k timestamptz) PARTITION BY LIST (tenant);
      CREATE TABLE a PARTITION OF t FOR VALUES IN ('a') PARTITION BY RANGE (k);
      CREATE TABLE bc PARTITION OF t FOR VALUES IN ('b', 'c', NULL) PARTITION BY RANGE (k);
      CREATE TABLE others PARTITION OF t DEFAULT PARTITION BY RANGE (k);
      CREATE TABLE a_old PARTITION OF a FOR VALUES FROM ('2026-03-01 Z') TO ('2026-03-02 Z');
      CREATE TABLE plain PARTITION OF t FOR VALUES IN ('p');]]
    local policy = policy_file [[table = "public.t", interval = "1 day", premake = 1, retention = "2 days", cleanup = "drop",
      max_drop = "100%"]]
    applied(db, now, policy)
    for _, branch in ipairs { "bc", "others" } do
      assert.equal(2, support.count(db, branch))
    end
    assert.equal(1, stretches(db, "a"))
    assert.is_false(support.exists(db, "a_old"))
    sql(db, "INSERT INTO t SELECT x, '2026-03-15 12:00Z' FROM unnest(ARRAY['a', 'b', 'c', NULL, 'z', 'p']) x")
    assert.equal("nothing to do in 3 sets\n", apply(db, now, policy).out)
  end)

  it("by hash, then time, is kept in each of its branches", function()
    local db = support.database [[CREATE TABLE t (id int, k date, PRIMARY KEY (id, k)) PARTITION BY HASH (id);
      CREATE TABLE h0 PARTITION OF t FOR VALUES WITH (MODULUS 3, REMAINDER 0) PARTITION BY RANGE (k);
      CREATE TABLE h1 PARTITION OF t FOR VALUES WITH (MODULUS 3, REMAINDER 1) PARTITION BY RANGE (k);
      CREATE TABLE h2 PARTITION OF t FOR VALUES WITH (MODULUS 3, REMAINDER 2) PARTITION BY RANGE (k);]]
    applied(db, now, policy_file 'table = "public.t", interval = "1 month", premake = 1')
    for _, branch in ipairs { "h0", "h1", "h2" } do
      assert.equal(2, support.count(db, branch))
    end
    sql(db, "INSERT INTO t SELECT i, '2026-04-30' FROM generate_series(1, 100) i")
    assert.equal("6", sql(db, "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = indrelid WHERE relkind = 'r' "
      .. "AND relispartition AND indisprimary AND indisvalid"))
  end)

  it("under a branch alone touches nothing of its siblings", function()
    local db = support.database [[CREATE TABLE t (tenant text, k date) PARTITION BY LIST (tenant);
      CREATE TABLE a PARTITION OF t FOR VALUES IN ('a') PARTITION BY RANGE (k);
      CREATE TABLE b PARTITION OF t FOR VALUES IN ('b') PARTITION BY RANGE (k);]]
    applied(db, now, policy_file 'table = "public.a", interval = "1 day", premake = 1')
    assert.equal(2, support.count(db, "a"))
    assert.equal(0, support.count(db, "b"))
  end)
end)
