local partrun = require "partrun"

local function problems(fields)
  local ok, raised = pcall(partrun.policy, fields)
  assert.is_false(ok)
  return raised
end

describe("partrun.policy", function()
  it("returns a policy that shows its fields and cannot be changed", function()
    local policy = partrun.policy { table = "app.events", interval = "daily" }
    assert.equal("events", policy.name)
    assert.equal("1 day", policy.interval)
    assert.matches('^policy "events" %(.*policy_spec.lua:%d+%)$', tostring(policy))
    assert.error_matches(function() policy.interval = "1 hour" end, "cannot be changed")
    assert.equal("partrun.policy", getmetatable(policy))
  end)

  it("reports every problem in one error, with its place", function()
    local raised = problems { table = "app.events", interval = "1 day", retention = "90", premak = 4 }
    assert.equal(3, #raised.problems)
    assert.matches('policy_spec.lua:%d+: policy "events": premak: there is no such field %(and 2 more errors%)$', raised.message)
    assert.equal("did you mean `premake`?", raised.hint)
    assert.matches('retention: "90" has no unit %(hint: write "90 days"%)', tostring(raised))
  end)

  it("names the line of the call, also of a tail call", function()
    local line = debug.getinfo(1, "l").currentline + 2
    local function tail()
      return partrun.policy { table = "a", interval = 1 }
    end
    assert.equal(line, tail().line)
  end)

  it("copies what it is given", function()
    local tables = { "a.b" }
    local policy = partrun.policy { tables = tables, interval = "1 day" }
    tables[1] = "c.d"
    assert.equal("a.b", policy.tables[1])
  end)
end)

describe("the parts of a policy", function()
  local units, cron, schema = require "partrun.units", require "partrun.cron", require "partrun.schema"

  it("reads sizes as PostgreSQL does", function()
    assert.equal(500 * 1024 ^ 3, units.bytes "500 GB")
    assert.equal(1536, units.bytes "1.5kB")
    assert.equal(7, units.bytes "7 bytes")
    assert.equal(1024, units.bytes " 1 KiB ")
    for _, wrong in ipairs { "", "GB", "1..5 GB", "-1 GB", "5", "5 XB", "99999999 PB", ("9"):rep(50) .. " GB", 5, true } do
      assert.is_nil((units.bytes(wrong)))
    end
  end)

  it("knows schedules", function()
    for _, good in ipairs {
      "* * * * *", "15 * * * *", "*/15 0-6,22 1 JAN-mar mon", "0 0 29 2 *", "5/10 * * * 7", "@daily", "@yearly",
      "every 15m", "every 1d",
    } do
      assert.is_true(cron.check(good), good)
    end
    for _, wrong in ipairs {
      "", "* * * *", "* * * * * *", "a * * * *", "60 * * * *", "*/x * * * *", "1- * * * *", "@never", "every m",
    } do
      local ok, message, hint = cron.check(wrong)
      assert.is_nil(ok, wrong)
      assert.is_string(message)
      assert.is_string(hint)
    end
  end)

  it("proposes the nearest name only when one is near", function()
    assert.equal("premake", schema.nearest("premak", { "backfill", "premake" }))
    assert.equal("table", schema.nearest("tabel", { "tables", "table" }))
    assert.is_nil(schema.nearest("partition_interval", { "premake", "interval" }))
    assert.is_nil(schema.nearest(("x"):rep(1000), { "premake" }))
  end)
end)
