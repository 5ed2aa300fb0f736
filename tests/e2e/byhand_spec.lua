-- check, ensure, retire and stats.
local support = require "support"

local partrun, json, sql = support.partrun, support.json, support.sql

local function noon(args)
  table.insert(args, "--now")
  table.insert(args, "2026-03-14 12:00")
  return args
end

describe("check", function()
  after_each(support.cleanup)

  it("exits 3 on findings, 0 when all is well", function()
    local db = support.database(support.events { "2026-03-14" })
    local on, policy = { database = db }, support.policy "  premake = 2,"
    local result = partrun(noon { "check", policy }, on)
    assert.equal(3, result.status, result.out .. result.err)
    assert.matches("\n  %a+ +missing ", result.out)
    assert.matches("in 1 set\n$", result.out)
    assert.equal("events_p20260314", support.partitions(db, "events"))

    assert.equal(0, partrun(noon { "apply", "-q", policy }, on).status)
    result = partrun(noon { "check", policy }, on)
    assert.equal(0, result.status, result.out)
    assert.matches("all is well in 1 set\n$", result.out)
    assert.equal("", partrun(noon { "check", "-q", policy }, on).out)
  end)

  it("prints JSON", function()
    local db = support.database(support.events { "2026-03-14" })
    local value, result = json(noon { "check", support.policy() }, { database = db })
    assert.equal(3, result.status)
    assert.equal(1, value.version)
    assert.is_true(value.errors + value.warnings > 0)
    assert.is_nil(value.sets[1].operations)
    local finding = value.sets[1].findings[1]
    assert.is_string(finding.code)
    assert.is_true(finding.severity == "error" or finding.severity == "warning")
    assert.is_string(finding.message)
  end)

  it("tries an insert and pruning with --deep", function()
    local db = support.database(support.events())
    local on, policy = { database = db }, support.policy "  premake = 2,"
    assert.equal(0, partrun({ "apply", "-q", policy }, on).status)
    local result = partrun({ "check", "--deep", policy }, on)
    assert.equal(0, result.status, result.out .. result.err)
    assert.equal("0", sql(db, "SELECT count(*) FROM events"))
    sql(db, ("ALTER DATABASE %s SET enable_partition_pruning = off"):format(db))
    assert.equal(0, partrun({ "check", policy }, on).status)
    result = partrun({ "check", "--deep", policy }, on)
    assert.equal(3, result.status, result.out .. result.err)
    assert.matches("enable_partition_pruning", result.out, 1, true)
  end)
end)

describe("ensure", function()
  after_each(support.cleanup)

  it("creates what holds an instant, and retires nothing", function()
    local db = support.database(support.events { "2026-01-01", "2026-03-14" })
    local on = { database = db }
    local policy = support.policy '  retention = "5 days", cleanup = "drop",'
    local result = partrun(noon { "ensure", policy, "--at", "2026-05-05 10:00" }, on)
    assert.equal(0, result.status, result.out .. result.err)
    assert.equal("events_p20260101 events_p20260314 events_p20260505", support.partitions(db, "events"))
    result = partrun(noon { "ensure", policy, "--at=2026-05-05" }, on)
    assert.equal(0, result.status)
    assert.equal("nothing to do in 1 set\n", result.out)
  end)

  it("creates what holds a span, and fills the holes in it", function()
    local db = support.database(support.events { "2026-04-02" })
    local span = { "ensure", support.policy(), "--from", "2026-04-01", "--to", "2026-04-03 23:00" }
    local result = partrun(noon(span), { database = db })
    assert.equal(0, result.status, result.out .. result.err)
    assert.equal("events_p20260401 events_p20260402 events_p20260403", support.partitions(db, "events"))
  end)

  it("takes ids where the policy goes by id", function()
    local db = support.database "CREATE TABLE events (id bigint) PARTITION BY RANGE (id)"
    local path = support.write(support.folder() .. "/ids.lua",
      'return require "partrun".policy { table = "public.events", interval = 1000 }')
    local on = { database = db }
    local result = partrun({ "ensure", path, "--from", "-1", "--to", "1000" }, on)
    assert.equal(0, result.status, result.out .. result.err)
    assert.equal("3", sql(db, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass"))
    result = partrun({ "ensure", path, "--at", "2026-01-01" }, on)
    assert.equal(2, result.status)
    assert.matches("policy 'events' goes by id, and 2026-01-01 is a time", result.err, 1, true)
    result = partrun({ "ensure", support.policy(), "--at", "2026" }, on)
    assert.equal(2, result.status)
    assert.matches("goes by time, and 2026 is an id", result.err, 1, true)
  end)
end)

describe("retire", function()
  after_each(support.cleanup)

  local policy = '  premake = 0, retention = "2 days", cleanup = "drop", max_drop = "100%",'

  it("retires only what it is told, and not what retention keeps", function()
    local db = support.database(support.events { "2026-03-01", "2026-03-02", "2026-03-13", "2026-03-14" })
    local on, path = { database = db }, support.policy(policy)
    local result = partrun(noon { "retire", path, "events_p20260301" }, on)
    assert.equal(0, result.status, result.out .. result.err)
    assert.equal("events_p20260302 events_p20260313 events_p20260314", support.partitions(db, "events"))

    result = partrun(noon { "retire", path, "events_p20260313" }, on)
    assert.not_equal(0, result.status, result.out)
    assert.equal("events_p20260302 events_p20260313 events_p20260314", support.partitions(db, "events"))

    result = partrun(noon { "retire", "--force-retention", path, "public.events_p20260313" }, on)
    assert.equal(0, result.status, result.out .. result.err)
    assert.equal("events_p20260302 events_p20260314", support.partitions(db, "events"))
  end)

  it("never retires what is held, nor what is not there", function()
    local db = support.database(support.events { "2026-03-01", "2026-03-14" })
    local on = { database = db }
    local path = support.policy(policy .. "\n  hold = function(ctx, p) return p.name == 'events_p20260301' end,")
    for _, args in ipairs { { "events_p20260301" }, { "events_p20260301", "--force-retention" }, { "nowhere" }, { "events" } } do
      local result = partrun(noon { "retire", path, table.unpack(args) }, on)
      assert.not_equal(0, result.status, args[1] .. result.out)
      assert.not_equal(130, result.status)
    end
    assert.equal("events_p20260301 events_p20260314", support.partitions(db, "events"))
  end)
end)

describe("stats", function()
  after_each(support.cleanup)

  it("shows a table without a policy", function()
    local db = support.database(support.events({ "2026-03-12", "2026-03-14" },
      "INSERT INTO events SELECT '2026-03-14 10:00+00' FROM generate_series(1, 1234); "
      .. "CREATE TABLE rest PARTITION OF events DEFAULT; ANALYZE;"))
    local on = { database = db }
    local result = partrun(noon { "stats", "public.events" }, on)
    assert.equal(0, result.status, result.err)
    assert.matches("^public.events   2 partitions, %d+ kB, about 1,234 rows, runway 12 h\n", result.out)
    assert.matches("\n  events_p20260314   2026%-03%-14 %.%. 2026%-03%-15 +%d+ kB +~1,234 rows   now\n", result.out)
    assert.matches("\n  rest .* default\n", result.out)
    assert.matches("^now", result.out, 1, true)
    assert.matches("^horizon", result.out, 1, true)

    sql(db, "INSERT INTO events VALUES ('2026-03-14 11:00+00')")
    result = partrun(noon { "stats", "--exact", "events" }, on)
    assert.matches(" 1,235 rows", result.out, 1, true)
    assert.not_matches("about", result.out, 1, true)
    assert.not_matches("~", result.out, 1, true)
  end)

  it("adds up the estimates that there are, and makes none up", function()
    local db = support.database [[CREATE TABLE t (at timestamptz) PARTITION BY RANGE (at);
      CREATE TABLE b PARTITION OF t FOR VALUES FROM ('2026-03-01') TO ('2026-04-01') PARTITION BY RANGE (at);
      CREATE TABLE b1 PARTITION OF b FOR VALUES FROM ('2026-03-01') TO ('2026-03-15');
      CREATE TABLE b2 PARTITION OF b FOR VALUES FROM ('2026-03-15') TO ('2026-04-01');]]
    local on = { database = db }
    assert.matches("^public.t   1 partition, 0 bytes, %? rows, ", partrun(noon { "stats", "t" }, on).out)
    assert.is_not_number(json(noon { "stats", "t" }, on).sets[1].rows)
    sql(db, "INSERT INTO t SELECT '2026-03-14' FROM generate_series(1, 1234); ANALYZE b1")
    assert.matches("^public.t   1 partition, %d+ kB, about 1,234 rows, ", partrun(noon { "stats", "t" }, on).out)
  end)

  it("marks retention, and what has expired, by the policy", function()
    local db = support.database(support.events { "2026-03-10", "2026-03-13", "2026-03-14" })
    local on = { database = db }
    local result = partrun(noon { "stats", support.policy '  retention = "2 days", cleanup = "drop",' }, on)
    assert.equal(0, result.status, result.err)
    assert.matches("^public.events   daily, 3 partitions, ", result.out)
    assert.matches("^retention", result.out, 1, true)
    assert.matches("events_p20260310.* expired\n", result.out)
    local value = json(noon { "stats", support.policy '  retention = "2 days", cleanup = "drop",' }, on)
    local set = value.sets[1]
    assert.equal("2026-03-12T12:00:00Z", set.retention)
    assert.equal("2026-03-14T12:00:00Z", set.now)
    assert.equal("2026-03-15T00:00:00Z", set.horizon)
    assert.equal(3, #set.partitions)
    assert.equal("public.events_p20260310", set.partitions[1].partition)
    assert.equal("2026-03-10T00:00:00Z", set.partitions[1].from)
    assert.equal("expired", set.partitions[1].state)
    assert.is_number(set.partitions[1].bytes)
  end)

  it("shows each tenant's partitions with its own retention, and what all share with the longest", function()
    local db = support.database [[
      CREATE TABLE events (org text, at date) PARTITION BY RANGE (org, at);
      CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('acme', '2026-03-10') TO ('acme', '2026-03-11');
      CREATE TABLE e2 PARTITION OF events FOR VALUES FROM ('acme', '2026-03-14') TO ('acme', '2026-03-15');
      CREATE TABLE e3 PARTITION OF events FOR VALUES FROM ('it''s', '2026-03-10') TO ('it''s', '2026-03-11');
      CREATE TABLE e4 PARTITION OF events FOR VALUES FROM ('gone', '2026-03-10') TO ('gone', '2026-03-11');
      CREATE TABLE rest PARTITION OF events DEFAULT;
      CREATE TABLE shared (org text, at date) PARTITION BY RANGE (at);
      CREATE TABLE s1 PARTITION OF shared FOR VALUES FROM ('2026-03-10') TO ('2026-03-11');]]
    local policy = support.policy_file [[tables = { "public.events", "public.shared" }, interval = "1 day", cleanup = "drop",
      retention = function(ctx) return ctx.tenant.plan == "free" and "2 days" or "1 year" end,
      tenant = { key = "org", values = { { id = "acme", plan = "free" }, "it's" } },]]
    local on = { database = db }
    local result = partrun(noon { "stats", policy }, on)
    assert.equal(0, result.status, result.err)
    assert.matches("public.events  tenant acme   daily, 2 partitions, ", result.out, 1, true)
    assert.matches("\n  rest .* default\n", result.out)
    local told = {}
    for _, set in ipairs(json(noon { "stats", policy }, on).sets) do
      local line = type(set.retention) == "string" and set.retention:sub(1, 10) or "none"
      local names = { type(set.tenant) == "string" and set.tenant or "all", line }
      for _, partition in ipairs(set.partitions) do
        names[#names + 1] = partition.partition:gsub("public.", "") .. (partition.state == "expired" and "!" or "")
      end
      told[#told + 1] = table.concat(names, " ")
    end
    assert.same({ "acme 2026-03-12 e1! e2 rest", "gone none e4", "it's 2025-03-14 e3", "all 2025-03-14 s1" }, told)
    result = partrun(noon { "stats", "events" }, on)
    assert.equal(0, result.status, result.err)
    assert.matches("FOR VALUES FROM ('acme', '2026-03-10')", result.out, 1, true)
    assert.not_matches("runway", result.out, 1, true)
  end)

  it("draws in the characters that the terminal has", function()
    local db = support.database(support.events { "2026-03-14" })
    local unicode = partrun(noon { "stats", "events" }, { database = db, env = { LC_ALL = "C.UTF-8" } })
    assert.matches("█", unicode.out, 1, true)
    local plain = partrun(noon { "stats", "events" }, { database = db, env = { LC_ALL = "C" } })
    assert.not_matches("[\x80-\xff]", plain.out)
  end)

  it("draws gaps as gaps, and marks now and the horizon", function()
    local db = support.database(support.events { "2026-03-10", "2026-03-11", "2026-03-13", "2026-03-14" })
    local result = partrun(noon { "stats", "events" }, { database = db, env = { LC_ALL = "C" } })
    assert.equal(0, result.status, result.err)
    assert.equal([[
  2026-03-10  ########    ########  2026-03-15
                                ^now
                                 ^horizon
]], result.out:match "\n(.-\n)  events_p20260310 ")
  end)

  it("shows tables by list, hash, ids and with odd bounds", function()
    local db = support.database [[
      CREATE TABLE l (t text, at date) PARTITION BY LIST (t);
      CREATE TABLE l_a PARTITION OF l FOR VALUES IN ('a', 'b') PARTITION BY RANGE (at);
      CREATE TABLE l_a_1 PARTITION OF l_a FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
      CREATE TABLE i (id int) PARTITION BY RANGE (id);
      CREATE TABLE i_0 PARTITION OF i FOR VALUES FROM (-100) TO (100);
      CREATE TABLE i_1 PARTITION OF i FOR VALUES FROM (100) TO (MAXVALUE);
      CREATE TABLE e (id int) PARTITION BY RANGE ((id % 10));
      CREATE TABLE e_0 PARTITION OF e FOR VALUES FROM (0) TO (10);
      INSERT INTO i VALUES (7)]]
    local result = partrun({ "stats", "l", "i", "e" }, { database = db })
    assert.equal(0, result.status, result.err)
    assert.matches("FOR VALUES IN ('a', 'b')", result.out, 1, true)
    assert.matches("-100 .. 100", result.out, 1, true)
    assert.matches("runway without end", result.out, 1, true)
  end)

  it("says what is not there", function()
    local db = support.database "CREATE TABLE plain (a int)"
    local result = partrun({ "stats", "plain", "nowhere" }, { database = db })
    assert.equal(1, result.status)
    assert.matches("plain is not partitioned", result.err, 1, true)
    assert.matches("there is no table nowhere", result.err, 1, true)
    assert.equal(2, partrun({ "stats", '"broken' }, { database = db }).status)
  end)
end)
