-- Policies with tenants on a real server: RANGE (tenant, time), LIST (tenant) -> RANGE (time), HASH and time alone.
local support = require "support"

local sql, applied = support.sql, support.applied
local now = "2026-03-12 12:00"

local function bounds(db, parent)
  return sql(db, ([[SELECT string_agg(pg_get_expr(c.relpartbound, c.oid), E'\n' ORDER BY pg_get_expr(c.relpartbound, c.oid))
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass]]):format(support.quote(parent)))
end

local function count(db, parent)
  return tonumber(sql(db, ("SELECT count(*) FROM pg_inherits WHERE inhparent = %s::regclass"):format(support.quote(parent))))
end

local function nothing_left(db, policy, at)
  local again = support.json({ "--now", at or now, "plan", policy }, { database = db })
  for _, set in ipairs(again.sets) do
    assert.same({}, set.operations)
  end
end

describe("tenant and time in one key", function()
  after_each(support.cleanup)

  -- Ids that break what is spliced, and two that a name of 63 bytes cannot tell apart.
  local hostile = {
    "O'Brien", "a,b", "(c)", "ACME", "acme", "a_b", "a", '"q"', "\\", "{}", "über", "x y", "$1", "', 'z",
    ("t"):rep(80) .. "1", ("t"):rep(80) .. "2",
  }

  it("keeps every id apart", function()
    local values = {}
    for i, id in ipairs(hostile) do
      values[i] = ("('%s')"):format(id:gsub("'", "''"))
    end
    local db = support.database(([[
      CREATE TABLE projects (uid text PRIMARY KEY, plan text DEFAULT 'pro');
      INSERT INTO projects VALUES %s;
      CREATE TABLE events (project text NOT NULL, at timestamptz NOT NULL, note text, PRIMARY KEY (project, at))
        PARTITION BY RANGE (project, at);]]):format(table.concat(values, ", ")))
    local policy = support.policy_file [[table = "public.events", interval = "1 day", premake = 1, backfill = 1,
      tenant = { key = "project", values = "SELECT uid AS id, plan FROM public.projects" },]]
    applied(db, now, policy)
    assert.equal(3 * #hostile, count(db, "events"))
    sql(db, "INSERT INTO events SELECT uid, t FROM projects, unnest(ARRAY['2026-03-11', '2026-03-13 23:59']::timestamptz[]) t")
    assert.equal(tostring(#hostile * 2), sql(db, "SELECT count(DISTINCT (tableoid, project)) FROM events"))
    nothing_left(db, policy)
    assert.equal(0, support.partrun({ "--now", now, "check", "--deep", policy }, { database = db }).status)
    sql(db, "INSERT INTO projects VALUES ('new one')")
    applied(db, now, policy)
    assert.equal(3 * #hostile + 3, count(db, "events"))
  end)

  it("works with uuids and integers, in whatever form the policy writes them", function()
    local db = support.database [[
      CREATE TABLE u (tenant uuid, at timestamp, v int) PARTITION BY RANGE (tenant, at);
      CREATE TABLE i (tenant bigint, at date, v int) PARTITION BY RANGE (tenant, at);]]
    local u = support.policy_file [[table = "public.u", interval = "monthly", premake = 0,
      tenant = { key = "tenant", values = { "8F14E45F-CEEA-467A-9575-6A0E1B6B8C11", "00000000-0000-0000-0000-000000000001" } },]]
    local i = support.policy_file [[table = "public.i", interval = "1 week", premake = 0,
      tenant = { key = "tenant", values = { -5, 10, 9, "9007199254740993" } },]]
    for _, policy in ipairs { u, i } do
      applied(db, now, policy)
      nothing_left(db, policy)
    end
    assert.equal("FOR VALUES FROM ('00000000-0000-0000-0000-000000000001', '2026-03-01 00:00:00') TO "
      .. "('00000000-0000-0000-0000-000000000001', '2026-04-01 00:00:00')\n"
      .. "FOR VALUES FROM ('8f14e45f-ceea-467a-9575-6a0e1b6b8c11', '2026-03-01 00:00:00') TO "
      .. "('8f14e45f-ceea-467a-9575-6a0e1b6b8c11', '2026-04-01 00:00:00')", bounds(db, "u"))
    sql(db, "INSERT INTO i VALUES (-5, '2026-03-12'), (9, '2026-03-12'), (10, '2026-03-12'), (9007199254740993, '2026-03-12')")
    assert.equal("4", sql(db, "SELECT count(DISTINCT tableoid) FROM i"))
    local bad = support.policy_file [[table = "public.i", interval = "1 week", tenant = { key = "tenant", values = { "nine" } },]]
    local result = support.apply(db, now, bad)
    assert.equal(1, result.status)
    assert.matches("nine", result.out, 1, true)
  end)

  it("gives each tenant its own retention, and adopts what others made", function()
    local db = support.database [[
      CREATE TABLE projects (uid text, plan text, deleted_at timestamptz);
      INSERT INTO projects VALUES ('acme', 'pro'), ('zed', 'free');
      CREATE TABLE events (project text, at timestamptz) PARTITION BY RANGE (project, at);
      CREATE TABLE zed_before PARTITION OF events FOR VALUES FROM ('zed', MINVALUE) TO ('zed', '2026-02-01');
      CREATE TABLE acme_before PARTITION OF events FOR VALUES FROM ('acme', MINVALUE) TO ('acme', '2026-02-01');
      CREATE TABLE "Odd one" PARTITION OF events FOR VALUES FROM ('zed', '2026-02-01') TO ('zed', '2026-03-03');
      CREATE TABLE odd_two PARTITION OF events FOR VALUES FROM ('acme', '2026-02-01') TO ('acme', '2026-03-03');
      CREATE TABLE gone_one PARTITION OF events FOR VALUES FROM ('gone', '2026-01-01') TO ('gone', '2026-01-02');]]
    local policy = support.policy_file [[table = "public.events", interval = "1 day", premake = 2, cleanup = "drop",
      max_drop = "all", tenant = { key = "project", values = "SELECT uid AS id, plan FROM public.projects" },
      retention = function(ctx) return ctx.tenant.plan == "free" and "7 days" or "90 days" end,]]
    local plan = support.partrun({ "--now", now, "plan", policy }, { database = db })
    assert.matches("acme", plan.out, 1, true)
    applied(db, now, policy)
    local held = sql(db, "SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_inherits "
      .. "JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = 'events'::regclass AND c.relname !~ '_p20'")
    assert.equal("acme_before gone_one odd_two", held)
    -- acme: every hole from what stays to the horizon, 03-03 to 03-14; nothing of zed's stays: from now on.
    assert.equal("12 3", sql(db, "SELECT count(*) FILTER (WHERE b LIKE '%acme%') || ' ' || count(*) FILTER (WHERE b LIKE '%zed%') "
      .. "FROM (SELECT pg_get_expr(c.relpartbound, c.oid) b, c.relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid "
      .. "WHERE inhparent = 'events'::regclass) x WHERE relname ~ '_p20'"))
    nothing_left(db, policy)
    local check = support.json({ "--now", now, "check", policy }, { database = db })
    local codes = {}
    for _, set in ipairs(check.sets) do
      for _, finding in ipairs(set.findings) do
        codes[finding.code] = (codes[finding.code] or 0) + 1
      end
    end
    assert.equal(1, codes.unknown_tenant)
    assert.is_nil(codes.gap)
  end)

  it("drops a tenant that is gone after the stated time, and not for an empty list", function()
    local db = support.database [[
      CREATE TABLE projects (uid text); INSERT INTO projects VALUES ('a'), ('b');
      CREATE TABLE events (project text, at timestamptz) PARTITION BY RANGE (project, at);]]
    local policy = support.policy_file [[table = "public.events", interval = "1 day", premake = 1, cleanup = "drop",
      retention = "5 years", tenant = { key = "project", values = "SELECT uid FROM public.projects",
      unknown = { drop_after = "30 days" } },]]
    applied(db, now, policy)
    sql(db, "DELETE FROM projects WHERE uid = 'b'")
    applied(db, now, policy)
    assert.equal(4, count(db, "events"))
    local function of_b()
      return select(2, bounds(db, "events"):gsub("FROM %('b'", ""))
    end
    applied(db, "2026-04-11 11:00", policy)
    assert.equal(2, of_b())
    sql(db, "DELETE FROM projects")
    applied(db, "2026-04-11 13:00", policy)
    assert.equal(2, of_b())
    sql(db, "INSERT INTO projects VALUES ('a')")
    applied(db, "2026-04-11 13:00", policy)
    assert.equal(0, of_b())
    assert.truthy(count(db, "events") > 30)
  end)

  it("has one default partition for all", function()
    local db = support.database [[
      CREATE TABLE events (project text, at timestamptz) PARTITION BY RANGE (project, at);
      CREATE TABLE rest PARTITION OF events DEFAULT;
      INSERT INTO events VALUES ('a', '2026-03-12 01:00'), ('nobody', '2026-03-12');]]
    local policy = support.policy_file [[table = "public.events", interval = "1 day", premake = 1, default = "drain",
      tenant = { key = "project", values = { "a", "b" } },]]
    applied(db, now, policy)
    assert.equal(5, count(db, "events"))
    assert.equal("nobody", sql(db, "SELECT string_agg(project, ' ') FROM rest"))
    assert.equal("2", sql(db, "SELECT count(*) FROM events"))
    local fresh = support.database "CREATE TABLE events (project text, at timestamptz) PARTITION BY RANGE (project, at);"
    local create = support.policy_file [[table = "public.events", interval = "1 day", premake = 1, default = "create",
      tenant = { key = "project", values = { "a", "b" } },]]
    applied(fresh, now, create)
    assert.equal(5, count(fresh, "events"))
    nothing_left(fresh, create)
  end)

  it("leaves a partition of several tenants alone and says so", function()
    local db = support.database [[
      CREATE TABLE events (project text, at timestamptz) PARTITION BY RANGE (project, at);
      CREATE TABLE wide PARTITION OF events FOR VALUES FROM ('a', '2026-03-13') TO ('c', '2026-01-01');
      INSERT INTO events VALUES ('b', '2026-03-12');]]
    local policy = support.policy_file [[table = "public.events", interval = "1 day", premake = 1, cleanup = "drop",
      retention = "7 days", max_drop = "all", tenant = { key = "project", values = { "a", "c" } },]]
    local result = applied(db, now, policy)
    assert.matches("several tenants", result.out, 1, true)
    assert.equal("1", sql(db, "SELECT count(*) FROM wide"))
  end)
end)

describe("LIST (tenant) above RANGE (time)", function()
  after_each(support.cleanup)

  local schema = [[
    CREATE TABLE events (project text, at timestamptz, PRIMARY KEY (project, at)) PARTITION BY LIST (project);
    CREATE TABLE events_acme PARTITION OF events FOR VALUES IN ('acme') PARTITION BY RANGE (at);
    CREATE TABLE events_acme_p20260301 PARTITION OF events_acme FOR VALUES FROM ('2026-03-01') TO ('2026-03-02');
    CREATE TABLE events_both PARTITION OF events FOR VALUES IN ('zed', 'pat') PARTITION BY RANGE (at);
    CREATE TABLE events_both_p20260301 PARTITION OF events_both FOR VALUES FROM ('2026-03-01') TO ('2026-03-02');]]
  local fields = [[table = "public.events", interval = "1 day", premake = 1, cleanup = "drop", max_drop = "all",
    retention = function(ctx) return ctx.tenant.plan == "free" and "3 days" or "90 days" end, ]]

  it("keeps each subtree by its tenants' longest retention", function()
    local db = support.database(schema)
    local policy = support.policy_file(fields .. [[tenant = { key = "project", values = {
      { id = "acme", plan = "free" }, { id = "zed", plan = "free" }, { id = "pat", plan = "pro" } } },]])
    local result = applied(db, now, policy)
    assert.matches("longest of their retentions", result.out, 1, true)
    assert.is_nil(support.partitions(db, "events_acme"):find "20260301")
    assert.truthy(support.partitions(db, "events_both"):find "20260301")
    nothing_left(db, policy)
  end)

  it("builds a new tenant's subtree complete and attaches it once", function()
    local db = support.database(schema)
    local policy = support.policy_file(fields .. [[tenant = { key = "project", values = { { id = "acme", plan = "pro" },
      { id = "zed", plan = "pro" }, { id = "pat", plan = "pro" }, { id = "O'Neil, (x)", plan = "pro" } } },]])
    local plan = support.json({ "--now", now, "plan", policy }, { database = db })
    local found
    for _, set in ipairs(plan.sets) do
      if set.tenant == "O'Neil, (x)" then
        found = set
      end
    end
    assert.equal(1, #found.operations)
    applied(db, now, policy)
    sql(db, "INSERT INTO events VALUES ('O''Neil, (x)', '2026-03-12 13:00'), ('O''Neil, (x)', '2026-03-13 13:00')")
    assert.equal("2", sql(db, "SELECT count(DISTINCT tableoid) FROM events"))
    nothing_left(db, policy)
  end)
end)

describe("partitions that all tenants share", function()
  after_each(support.cleanup)

  it("live as long as the longest retention", function()
    local db = support.database [[
      CREATE TABLE events (project text, at timestamptz) PARTITION BY HASH (project);
      CREATE TABLE h0 PARTITION OF events FOR VALUES WITH (MODULUS 2, REMAINDER 0) PARTITION BY RANGE (at);
      CREATE TABLE h1 PARTITION OF events FOR VALUES WITH (MODULUS 2, REMAINDER 1) PARTITION BY RANGE (at);
      CREATE TABLE old PARTITION OF h0 FOR VALUES FROM ('2026-03-01') TO ('2026-03-02');
      CREATE TABLE older PARTITION OF h1 FOR VALUES FROM ('2026-01-01') TO ('2026-01-02');]]
    local policy = support.policy_file [[table = "public.events", interval = "1 day", premake = 1, cleanup = "drop",
      max_drop = "all",
      tenant = { key = "project", values = { { id = "a", days = "3 days" }, { id = "b", days = "30 days" } } },
      retention = function(ctx) return ctx.tenant.days end,]]
    applied(db, now, policy)
    assert.truthy(support.partitions(db, "h0"):find "old")
    assert.is_nil(support.partitions(db, "h1"):find "older")
    nothing_left(db, policy)
  end)
end)
