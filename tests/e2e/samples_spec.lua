-- Every policy of policies/ on the tables of tests/sample, with their year of rows.
local support = require "support"

local partrun, sql = support.partrun, support.sql
local now = "2026-03-11 15:00"

local function sample()
  local database = support.database()
  local result = support.shell(("PGOPTIONS='-c sample.now=%sZ' psql -qX -v ON_ERROR_STOP=1 -d %s "
    .. "-f tests/sample/schema.sql -f tests/sample/rows.sql"):format(now:gsub(" ", "T"), database))
  assert(result.status == 0, result.err)
  return database
end

local function run(database, command, ...)
  return partrun({ command, "--now", now, ... }, { database = database })
end

-- Name and bounds of each partition, a line each.
local function names(database, parent)
  return sql(database, ("SELECT string_agg(c.relname || ' ' || pg_get_expr(c.relpartbound, c.oid), E'\n' ORDER BY c.relname) "
    .. "FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = '%s'::regclass"):format(parent))
end

local function count(database, what)
  return tonumber(sql(database, "SELECT count(*) FROM " .. what))
end

local function has(database, parent, expected)
  local found = names(database, parent)
  for _, line in ipairs(expected) do
    assert.truthy(("\n" .. found .. "\n"):find("\n" .. line .. "\n", 1, true), ("no %s in\n%s"):format(line, found))
  end
end

describe("the sample policies", function()
  local database

  setup(function()
    database = sample()
  end)
  teardown(support.cleanup)

  local function apply(policy)
    local path = "policies/" .. policy .. ".lua"
    assert.equal(0, run(database, "validate", path).status)
    local applied = run(database, "apply", path)
    assert.equal(0, applied.status, applied.out .. applied.err)
    local again = run(database, "plan", "--exit-code", path)
    assert.equal(0, again.status, again.out .. again.err)
  end

  it("keeps the webhook tables: daily, dropped by age, with and without a grace", function()
    local before = count(database, "webhooks.events WHERE created_at >= timestamptz '2026-01-25 00:00+00'")
    apply "webhooks"
    has(database, "webhooks.events", {
      "events_p20260318 FOR VALUES FROM ('2026-03-18 00:00:00+00') TO ('2026-03-19 00:00:00+00')",
      "events_p20260125 FOR VALUES FROM ('2026-01-25 00:00:00+00') TO ('2026-01-26 00:00:00+00')",
    })
    assert.equal("", sql(database, "SELECT coalesce(to_regclass('webhooks.events_p20260124')::text, '')"))
    assert.equal(before, count(database, "webhooks.events"))
    -- 40 days back from 11 March 15:00; what is older is detached, and waits a week with its rows.
    has(database, "webhooks.delivery_attempts", {
      "attempts-2026-01-30 FOR VALUES FROM ('2026-01-30 00:00:00+00') TO ('2026-01-31 00:00:00+00')",
      "delivery_attempts_2026_03_18 FOR VALUES FROM ('2026-03-18 00:00:00+00') TO ('2026-03-19 00:00:00+00')",
    })
    assert.equal(20, count(database, "pg_class c JOIN pg_description d ON d.objoid = c.oid AND d.objsubid = 0 "
      .. "WHERE relname LIKE 'attempts-%' AND NOT relispartition AND description LIKE '%partrun: {%'"))
    local later = partrun({ "apply", "--now", "2026-03-19 15:00", "policies/webhooks.lua" }, { database = database })
    assert.equal(0, later.status, later.out .. later.err)
    assert.equal("", sql(database, "SELECT coalesce(to_regclass('webhooks.\"attempts-2026-01-29\"')::text, '')"))
  end)

  it("keeps the workflow table: monthly, moved to the attic without indexes, guarded like its parent", function()
    apply "workflow"
    has(database, "workflow.workflow_events", {
      "workflow_events_2026_04 FOR VALUES FROM ('2026-04-01 00:00:00+00') TO ('2026-05-01 00:00:00+00')",
      "workflow_events_2026_06 FOR VALUES FROM ('2026-06-01 00:00:00+00') TO ('2026-07-01 00:00:00+00')",
      "workflow_events_2025_09 FOR VALUES FROM ('2025-09-01 00:00:00+00') TO ('2025-10-01 00:00:00+00')",
    })
    assert.equal("6", sql(database, "SELECT count(*) FROM pg_class WHERE relnamespace = 'attic'::regnamespace AND relkind = 'r'"))
    assert.equal("0", sql(database, "SELECT count(*) FROM pg_class WHERE relnamespace = 'attic'::regnamespace AND relkind = 'i'"))
    assert.equal("t|1", sql(database, "SELECT relrowsecurity, (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) "
      .. "FROM pg_class c WHERE oid = 'workflow.workflow_events_2026_04'::regclass"))
    assert.equal("1", sql(database, "SELECT count(*) FROM pg_constraint WHERE contype = 'f' "
      .. "AND conrelid = 'workflow.workflow_events_2026_04'::regclass AND confdeltype = 'c'"))
    assert.equal("4", sql(database, "SELECT count(*) FROM pg_index WHERE indrelid = 'workflow.workflow_events_2026_04'::regclass"))
    sql(database, "INSERT INTO workflow.workflow_events (run_id, ts, type) VALUES (md5('1')::uuid, '2026-06-30 23:59Z', 'x')")
  end)

  it("keeps the tables with other keys", function()
    apply "keys"
    has(database, "keys.by_date", { "by_date_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')" })
    has(database, "keys.by_timestamp", {
      "by_timestamp_2026_03_14 FOR VALUES FROM ('2026-03-14 00:00:00') TO ('2026-03-15 00:00:00')",
      "by_timestamp_2026_02_19 FOR VALUES FROM ('2026-02-19 00:00:00') TO ('2026-02-20 00:00:00')",
    })
    assert.equal(24, count(database, "pg_inherits WHERE inhparent = 'keys.by_timestamp'::regclass"))
    has(database, "keys.by_uuidv7", {
      -- to_hex(1775001600000) and to_hex(1777593600000), the milliseconds of 1 April and 1 May 2026
      "by_uuidv7_y2026m04 FOR VALUES FROM ('019d4657-0000-0000-0000-000000000000') TO ('019de0d5-c800-0000-0000-000000000000')",
    })
    sql(database, "INSERT INTO keys.by_uuidv7 VALUES (keys.uuidv7_at('2026-05-31 23:59:59.999Z'), 'last')")
  end)

  it("keeps the ledger three partitions ahead of its highest id", function()
    apply "ledger"
    has(database, "ledger.entries", {
      "entries_corrections FOR VALUES FROM ('-10000') TO ('0')",
      "entries_first FOR VALUES FROM ('0') TO ('10000')",
      "entries_p30000 FOR VALUES FROM ('30000') TO ('40000')",
    })
    assert.equal(5, count(database, "pg_inherits WHERE inhparent = 'ledger.entries'::regclass"))
  end)

  it("drains the shop's default partition without losing a row", function()
    local digest = "SELECT md5(string_agg(o::text, ',' ORDER BY id)) FROM shop.orders o"
    local before = sql(database, digest)
    apply "shop"
    assert.equal(before, sql(database, digest))
    assert.equal(0, count(database, "ONLY shop.orders_default"))
    has(database, "shop.orders", {
      "orders_p20260302 FOR VALUES FROM ('2026-03-02 00:00:00+00') TO ('2026-03-03 00:00:00+00')",
      "orders_p20260315 FOR VALUES FROM ('2026-03-15 00:00:00+00') TO ('2026-03-16 00:00:00+00')",
    })
  end)

  it("adopts somebody else's partitions, fills their holes, and goes on from their bounds", function()
    apply "legacy"
    local parent = '"Legacy App"."Audit Log"'
    has(database, parent, {
      -- a lost week: 8 to 15 January lies in two weeks of the grid, of which parts were there
      "audit_2026_w02_20260108_to_20260112 FOR VALUES FROM ('2026-01-08 00:00:00+00') TO ('2026-01-12 00:00:00+00')",
      "audit_2026_w03_20260112_to_20260115 FOR VALUES FROM ('2026-01-12 00:00:00+00') TO ('2026-01-15 00:00:00+00')",
      "old stuff FOR VALUES FROM (MINVALUE) TO ('2025-12-01 00:00:00+00')",
    })
    assert.equal("", sql(database, [[
      SELECT string_agg(format('%s..%s', hole_from, hole_to), ' ') FROM (
        SELECT upper AS hole_from, lead(lower) OVER (ORDER BY lower) AS hole_to FROM (
          SELECT (regexp_match(b, 'FROM \(''([^'']*)'))[1]::timestamptz AS lower,
                 (regexp_match(b, 'TO \(''([^'']*)'))[1]::timestamptz AS upper
          FROM (SELECT pg_get_expr(c.relpartbound, c.oid) AS b FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                WHERE i.inhparent = '"Legacy App"."Audit Log"'::regclass) x) y WHERE upper IS NOT NULL) z
      WHERE hole_from <> hole_to]]))
    assert.equal(0, run(database, "check", "policies/legacy.lua").status)
  end)
end)
