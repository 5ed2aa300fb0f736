-- `subpartition` from a policy file to the server: what is planned, what is made, what is mended, what is retired.
local support = require "support"

local sql = support.sql
local now = "2026-03-12 12:00"

local function plan(db, policy, at)
  return support.json({ "--now", at or now, "plan", policy }, { database = db })
end

local function assert_nothing_left(db, policy, at)
  for _, set in ipairs(plan(db, policy, at).sets) do
    assert.same({}, set.operations)
  end
end

local function tree(db, parent)
  return sql(db, ([[SELECT string_agg(repeat('  ', p.level - 1) || c.relname || ' ' || pg_get_expr(c.relpartbound, c.oid),
      E'\n' ORDER BY c.relname)
    FROM pg_partition_tree(%s) p JOIN pg_class c ON c.oid = p.relid WHERE p.level > 0]]):format(support.quote(parent)))
end

describe("subpartition", function()
  after_each(support.cleanup)

  it("by hash: planned, shown, made, filled by inserts, mended at the modulus that is there, and dropped whole", function()
    local db = support.database [[
      CREATE TABLE events (id uuid NOT NULL, org_id int NOT NULL, body text, PRIMARY KEY (id, org_id))
        PARTITION BY RANGE (id);]]
    local policy = support.policy_file [[table = "public.events", interval = "1 day", premake = 1, retention = "2 days",
      cleanup = "drop", max_drop = "all", subpartition = { hash = "org_id", modulus = 2 },]]
    local text = support.partrun({ "--now", now, "plan", policy }, { database = db })
    assert.matches("events_p20260312 .* with 2 hash partitions", text.out)
    local operation = plan(db, policy).sets[1].operations[1]
    assert.same({
      { partition = "public.events_p20260312_h0", bound = "FOR VALUES WITH (MODULUS 2, REMAINDER 0)" },
      { partition = "public.events_p20260312_h1", bound = "FOR VALUES WITH (MODULUS 2, REMAINDER 1)" },
    }, operation.subpartitions)
    assert.equal("ShareUpdateExclusiveLock", operation.lock)
    local shown = support.partrun({ "--now", now, "plan", "--sql", policy }, { database = db }).out
    assert.matches('PARTITION BY HASH ("org_id")', shown, 1, true)
    assert.is_nil(shown:find "CASCADE")

    -- Neither a reader nor a writer that holds its locks is in the way, and neither waits.
    local writer = support.session(db)
    writer.run "BEGIN; SELECT count(*) FROM events; LOCK TABLE events IN ROW EXCLUSIVE MODE"
    support.applied(db, now, policy)
    writer.run "COMMIT"
    writer.close()
    sql(db, [[INSERT INTO events SELECT ('019cdfb8-' || lpad(to_hex(i), 4, '0') || '-7000-8000-000000000000')::uuid, i
      FROM generate_series(0, 99) i]])
    assert.equal("2", sql(db, "SELECT count(DISTINCT tableoid) FROM events"))
    assert_nothing_left(db, policy)
    assert.equal(0, support.partrun({ "--now", now, "check", "--deep", policy }, { database = db }).status)

    sql(db, "DROP TABLE events_p20260313_h1")
    local found = support.partrun({ "--now", now, "check", policy }, { database = db })
    assert.equal(3, found.status)
    assert.matches("events_p20260313_h1", found.out, 1, true)
    local changed = support.policy_file [[table = "public.events", interval = "1 day", premake = 1, retention = "2 days",
      cleanup = "drop", max_drop = "all", subpartition = { hash = "org_id", modulus = 3 },]]
    support.applied(db, now, changed)
    assert.matches("modulus 2, remainder 1", tree(db, "events_p20260313"), 1, true)
    support.applied(db, "2026-03-15 12:00", changed)
    assert.is_nil(tree(db, "events"):find "20260312")
    assert.equal("", sql(db, "SELECT string_agg(relname, ' ') FROM pg_class WHERE relname LIKE 'events_p20260312%'"))
    assert.matches("events_p20260315_h2", tree(db, "events"), 1, true)
    assert_nothing_left(db, changed, "2026-03-15 12:00")
  end)

  it("by list: values from a query, new ones added to every branch", function()
    local db = support.database [[
      CREATE TABLE regions (code text);
      INSERT INTO regions VALUES ('eu'), ('O''Brien, (x)');
      CREATE TABLE events (region text, at date) PARTITION BY RANGE (at);]]
    local policy = support.policy_file [[table = "public.events", interval = "1 month", premake = 1,
      subpartition = { list = "region", values = "SELECT code AS id FROM public.regions" },]]
    support.applied(db, now, policy)
    sql(db, "INSERT INTO events VALUES ('O''Brien, (x)', '2026-03-01'), ('eu', '2026-04-30'); INSERT INTO regions VALUES ('us')")
    support.applied(db, now, policy)
    sql(db, "INSERT INTO events VALUES ('us', '2026-03-01'), ('us', '2026-04-01')")
    assert.equal("4", sql(db, "SELECT count(DISTINCT tableoid) FROM events"))
    assert_nothing_left(db, policy)
    sql(db, "DROP TABLE regions")
    local failed = support.partrun({ "--now", now, "apply", policy }, { database = db })
    assert.equal(1, failed.status)
  end)

  it("by a finer range: cells are mended and expire one by one", function()
    local db = support.database "CREATE TABLE events (at timestamptz, v int) PARTITION BY RANGE (at)"
    local policy = support.policy_file [[table = "public.events", interval = "1 week", premake = 0, retention = "2 days",
      cleanup = "drop", subpartition = { range = "at", interval = "1 day" }, naming = "ppm",
      hold = function(ctx, partition) return partition.name:find "03_11$" ~= nil end,]]
    support.applied(db, now, policy)
    assert.equal("6", sql(db, "SELECT count(*) FROM pg_partition_tree('events') WHERE isleaf"))
    sql(db, "DROP TABLE events_2026_w11_2026_03_15")
    support.applied(db, "2026-03-14 12:00", policy)
    assert.equal("events_2026_w11_2026_03_11 events_2026_w11_2026_03_12 events_2026_w11_2026_03_13 "
        .. "events_2026_w11_2026_03_14 events_2026_w11_2026_03_15",
      sql(db, [[SELECT string_agg(relid::regclass::text, ' ' ORDER BY relid::regclass::text)
        FROM pg_partition_tree('events') WHERE isleaf]]))
    assert_nothing_left(db, policy, "2026-03-14 12:00")
    local held = support.partrun({ "--now", "2026-03-14 12:00", "retire", policy, "events_2026_w11_2026_03_11" },
      { database = db })
    assert.equal(1, held.status)
    local by_hand = support.partrun({ "--now", "2026-03-15 12:00", "retire", policy, "events_2026_w11_2026_03_12" },
      { database = db })
    assert.equal(0, by_hand.status)
    -- The branch has expired, but goes only when none of its cells is held any more.
    support.applied(db, "2026-03-18 12:00", policy)
    assert.truthy(tree(db, "events"):find "w11_2026_03_11")
    support.applied(db, "2026-03-18 12:00", support.policy_file [[table = "public.events", interval = "1 week", premake = 0,
      retention = "2 days", cleanup = "drop", subpartition = { range = "at", interval = "1 day" }, naming = "ppm",]])
    assert.is_nil(tree(db, "events"):find "w11")
  end)

  it("drains a default partition into a branch", function()
    local db = support.database [[
      CREATE TABLE events (org int, at timestamptz) PARTITION BY RANGE (at);
      CREATE TABLE events_default PARTITION OF events DEFAULT;
      INSERT INTO events SELECT i, '2026-03-12 10:00' FROM generate_series(1, 50) i;]]
    local policy = support.policy_file [[table = "public.events", interval = "1 day", premake = 1, default = "drain",
      subpartition = { hash = "org", modulus = 4 },]]
    support.applied(db, now, policy)
    assert.equal("50|0", sql(db, "SELECT (SELECT count(*) FROM events_p20260312), (SELECT count(*) FROM events_default)"))
    assert_nothing_left(db, policy)
  end)

  it("says what it cannot build before anything is made", function()
    local db = support.database "CREATE TABLE events (id int, org int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)"
    local policy = support.policy_file [[table = "public.events", interval = "1 day",
      subpartition = { hash = "org", modulus = 4 },]]
    local result = support.partrun({ "--now", now, "apply", policy }, { database = db })
    assert.equal(1, result.status)
    assert.matches("unique index events_pkey does not contain column org", result.out, 1, true)
    assert.equal("0", sql(db, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass"))
  end)
end)

describe("new tenants under LIST", function()
  after_each(support.cleanup)

  local fields = [[table = "public.events", interval = "1 day", premake = 1, key = "at",
    subpartition = { hash = "org", modulus = 2 }, ]]

  it("get a complete branch, the first of all by the policy's key", function()
    local db = support.database [[
      CREATE TABLE events (tenant text, org int, at timestamptz, PRIMARY KEY (tenant, org, at)) PARTITION BY LIST (tenant);]]
    local long = ("x"):rep(90)
    local tenants = [[tenant = { key = "tenant", values = { "acme", "Acme", "a.b", "%s1", "%s2" } },]]
    local policy = support.policy_file(fields .. tenants:format(long, long))
    support.applied(db, now, policy)
    assert.equal("20", sql(db, "SELECT count(*) FROM pg_partition_tree('events') WHERE isleaf"))
    sql(db, [[INSERT INTO events SELECT t, i, '2026-03-13 10:00'
      FROM unnest(ARRAY['acme', 'Acme', 'a.b']) t, generate_series(1, 20) i]])
    assert.equal("6", sql(db, "SELECT count(DISTINCT tableoid) FROM events"))
    assert_nothing_left(db, policy)
    support.applied(db, "2026-03-14 12:00", policy)
    assert_nothing_left(db, policy, "2026-03-14 12:00")
    assert.matches("events_acme_p20260315_h1", tree(db, "events"), 1, true)
  end)

  it("whose rows sit in the default partition are told of, or moved", function()
    local db = support.database [[
      CREATE TABLE events (tenant text, org int, at timestamptz) PARTITION BY LIST (tenant);
      CREATE TABLE rest PARTITION OF events DEFAULT;
      INSERT INTO events VALUES ('acme', 1, '2026-03-12 10:00'), ('zed', 1, '2026-03-12 10:00');]]
    local tenants = [[tenant = { key = "tenant", values = { "acme" } },]]
    local result = support.partrun({ "--now", now, "apply", support.policy_file(fields .. tenants) }, { database = db })
    assert.equal(1, result.status)
    assert.matches("default_blocks", result.out, 1, true)
    support.applied(db, now, support.policy_file(fields .. tenants .. [[default = "drain",]]))
    assert.equal("1|1", sql(db, "SELECT (SELECT count(*) FROM events_acme), (SELECT count(*) FROM rest)"))
  end)
end)
