-- Expired rows of single tenants in partitions that all of them share, and rows of tenants that nobody knows.
local support = require "support"

local sql, applied = support.sql, support.applied
local now = "2026-03-12 12:00"

-- Three hourly rows of each tenant and day, from 1 February on.
local rows = [[
  INSERT INTO events (project, at) SELECT p, d + h * interval '1 hour'
  FROM unnest(ARRAY['free', 'O''Neil, (x)', 'pro']) AS p, generate_series(0, 23, 8) AS h,
       generate_series(timestamptz '2026-02-01 00:00Z', '2026-03-12 00:00Z', '1 day') AS d
  WHERE d + h * interval '1 hour' < '2026-03-12 12:00Z';]]

local fields = [[table = "public.events", interval = "1 day", premake = 1, cleanup = "drop", max_drop = "all",
  tenant = { key = "project", values = { { id = "free", days = "7 days" }, { id = "O'Neil, (x)", days = "10 days" },
    { id = "pro", days = "30 days" } } %s },
  retention = function(ctx) return ctx.tenant.days end, %s]]

local layouts = {
  ["HASH (project) -> RANGE (at)"] = [[
    CREATE TABLE events (project text NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (project, at)) PARTITION BY HASH (project);
    CREATE TABLE h0 PARTITION OF events FOR VALUES WITH (MODULUS 2, REMAINDER 0) PARTITION BY RANGE (at);
    CREATE TABLE h1 PARTITION OF events FOR VALUES WITH (MODULUS 2, REMAINDER 1) PARTITION BY RANGE (at);]],
  ["RANGE (at)"] = [[
    CREATE TABLE events (at timestamptz NOT NULL, project text) PARTITION BY RANGE (at);
    CREATE INDEX ON events (project, at);]],
}

local function policy_of(tenant, more)
  return support.policy_file(fields:format(tenant or "", more or ""))
end

local function oldest(db)
  return sql(db, "SET timezone = 'UTC'; SELECT string_agg(project || ' ' || m, '; ' ORDER BY project COLLATE \"C\") FROM "
    .. "(SELECT project, to_char(min(at), 'MM-DD HH24') AS m FROM events GROUP BY project) t")
end

local function purges(result)
  local found = {}
  for _, set in ipairs(result.sets) do
    for _, op in ipairs(set.operations) do
      if op.op == "purge" then
        found[#found + 1] = op
      end
    end
  end
  return found
end

describe("purges", function()
  after_each(support.cleanup)

  for layout, create in pairs(layouts) do
    it("delete each tenant's expired rows: " .. layout, function()
      local db = support.database(create)
      local policy = policy_of()
      applied(db, "2026-02-01 12:00", policy, { "--only", "create" })
      sql(db, [[DO $$ DECLARE p regclass; BEGIN
        FOR p IN SELECT relid FROM pg_partition_tree('events') t JOIN pg_partitioned_table s ON s.partrelid = relid
          WHERE s.partstrat = 'r' LOOP
          FOR d IN 2..38 LOOP
            EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
              p || '_p' || to_char(date '2026-02-01' + d, 'YYYYMMDD'), p,
              (date '2026-02-01' + d)::timestamp at time zone 'UTC', (date '2026-02-02' + d)::timestamp at time zone 'UTC');
          END LOOP; END LOOP; END $$;]])
      applied(db, now, policy, { "--only", "create" })
      sql(db, rows)
      local plan = support.json({ "--now", now, "plan", policy }, { database = db })
      assert.equal(2, #purges(plan))
      assert.equal("2026-03-05T12:00:00Z", purges(plan)[2].to)
      assert.truthy(purges(plan)[1].sql[1]:find("SKIP LOCKED", 1, true))
      assert.equal("expired rows of tenant free", purges(plan)[2].reason)
      local text = support.partrun({ "--now", now, "plan", policy }, { database = db }).out
      assert.truthy(text:find("older than 7 days; 5000 rows a batch, 100 ms apart", 1, true))

      local result = support.json({ "--now", now, "apply", policy }, { database = db })
      local deleted = 0
      for _, op in ipairs(purges(result)) do
        assert.equal("done", op.status)
        deleted = deleted + op.rows
      end
      -- Partitions up to 10 February went whole. Beyond: 22 days and 12 hours of one, 19 days and 12 hours of the other.
      assert.equal("O'Neil, (x) 03-02 16; free 03-05 16; pro 02-10 00", oldest(db))
      assert.equal(23 * 3 + 2 + 20 * 3 + 2, deleted)
      assert.equal(tostring(deleted), sql(db, "SELECT sum(rows) FROM partrun.operation WHERE op = 'purge'"))
      for _, set in ipairs(support.json({ "--now", now, "plan", policy }, { database = db }).sets) do
        assert.same({}, set.operations)
        assert.same({}, set.findings)
      end
    end)
  end

  it("stop at their cap, and tell", function()
    local db = support.database(layouts["RANGE (at)"] .. [[
      CREATE TABLE march PARTITION OF events FOR VALUES FROM ('2026-02-01 00:00Z') TO ('2026-03-14 00:00Z');]] .. rows)
    local policy = policy_of(nil, [[purge = { batch = 7, pause = "1 ms", max_rows = 20 }]])
    local text = applied(db, now, policy).out
    assert.truthy(text:find("20 rows in", 1, true), text)
    assert.truthy(text:find("the cap of rows is reached: the next run goes on", 1, true), text)
    assert.equal("20", sql(db, "SELECT sum(rows) FROM partrun.operation WHERE op = 'purge'"))
    local result = support.json({ "--now", now, "apply", policy }, { database = db })
    assert.equal("the cap of rows is reached: the next run goes on", purges(result)[1].note)
  end)

  it("are refused where they would scan, with the index that helps", function()
    local db = support.database([[
      CREATE TABLE events (at timestamptz NOT NULL, project text, filler text) PARTITION BY RANGE (at);
      CREATE TABLE march PARTITION OF events FOR VALUES FROM ('2026-02-01 00:00Z') TO ('2026-03-14 00:00Z');]] .. rows .. [[
      INSERT INTO events SELECT '2026-03-12Z', 'pro', repeat('x', 1900) FROM generate_series(1, 5000);]])
    local result = support.apply(db, now, policy_of())
    assert.equal(1, result.status)
    assert.truthy(result.out:find("invalid_index", 1, true), result.out)
    assert.truthy(result.out:find("CREATE INDEX ON public.events (project, at)", 1, true), result.out)
    sql(db, "CREATE INDEX ON events (project, at)")
    applied(db, now, policy_of())
    assert.equal("O'Neil, (x) 03-02 16; free 03-05 16; pro 02-01 00", oldest(db))
  end)
end)

describe("rows of tenants that nobody knows", function()
  after_each(support.cleanup)

  it("keep their partition, until their time is over as well", function()
    local db = support.database(layouts["RANGE (at)"] .. [[
      CREATE TABLE old PARTITION OF events FOR VALUES FROM ('2026-02-01 00:00Z') TO ('2026-02-02 00:00Z');
      CREATE TABLE older PARTITION OF events FOR VALUES FROM ('2026-01-01 00:00Z') TO ('2026-01-02 00:00Z');
      INSERT INTO events VALUES ('2026-02-01 10:00Z', 'gone'), ('2026-01-01 10:00Z', NULL);]])
    local result = applied(db, now, policy_of(nil, [[name = "kept"]]))
    assert.truthy(support.exists(db, "old") and support.exists(db, "older"))
    assert.truthy(result.out:find("it holds rows of tenants that are not in the list: gone", 1, true), result.out)
    local check = support.partrun({ "--now", now, "check", policy_of() }, { database = db })
    assert.equal(3, check.status)
    assert.truthy(check.out:find("unknown_tenant", 1, true), check.out)
    applied(db, now, policy_of([[, unknown = { drop_after = "20 days" }]]))
    assert.truthy(support.exists(db, "old"))
    assert.falsy(support.exists(db, "older"))
  end)
end)
