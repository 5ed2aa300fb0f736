-- Policies that are wrong, and what that means for the others.
local support = require "support"

local partrun, json = support.partrun, support.json

local good = 'local partrun = require "partrun"\n'
  .. 'return partrun.policy { table = "public.events", interval = "1 day", premake = 1 }\n'

describe("validate", function()
  after_each(support.cleanup)

  it("says what each policy will do, without a database", function()
    local result = partrun({ "validate", "policies" }, { env = { PGHOST = "/nonexistent" } })
    assert.equal(0, result.status, result.err)
    assert.matches("\n  webhooks.events +daily +7 ahead, keeps 45 days, then drops\n", result.out)
    assert.matches("\n%d+ policies, all valid\n$", result.out)
    for said, fields in pairs {
      ["archives and drops"] = 'cleanup = "drop", archive = "s3://b/{name}.csv"',
      ["archives and detaches, and drops after 2 days"] =
        'cleanup = "drop", grace = "2 days", archive = function() end',
      ["moves to attic"] = 'cleanup = "drop", archive = "schema:attic"',
      ["archives and moves to attic"] = 'cleanup = { schema = "attic" }, archive = "s3://b/{name}.csv"',
    } do
      assert.matches(", then " .. said .. "\n", partrun({ "validate",
        support.policy(' retention = "9 days", ' .. fields) }).out, 1, true)
    end
  end)

  it("takes PARTRUN_POLICIES, or ./policies", function()
    local folder = support.folder()
    os.execute("mkdir " .. folder .. "/policies")
    support.write(folder .. "/policies/a.lua", good)
    local result = partrun({ "validate" }, { cwd = folder })
    assert.equal(0, result.status, result.err)
    assert.equal("policies/a.lua\n  public.events   daily   1 ahead, keeps everything\n1 policy, all valid\n", result.out)
    result = partrun({ "validate" }, { cwd = "/", env = { PARTRUN_POLICIES = folder .. "/policies/a.lua" } })
    assert.equal(0, result.status, result.err)
  end)

  it("says file, line and field of what is wrong, and the nearest name", function()
    local path = support.write(support.folder() .. "/bad.lua",
      'local partrun = require "partrun"\n\nreturn partrun.policy {\n  table = "a.b",\n  intervall = "1 day",\n}\n')
    local result = partrun { "validate", path }
    assert.equal(2, result.status)
    assert.equal("", result.out)
    assert.matches("bad%.lua:%d+: .*intervall", result.err)
    assert.matches("interval", result.err:gsub("intervall", ""), 1, true)
  end)

  it("checks each field", function()
    local wrong = {
      'interval = "1 fortnight"', "interval = 0", 'interval = "1 day", premake = -1', 'interval = "1 day", premake = "many"',
      'interval = "1 day", retention = "90"', 'interval = "1 day", retention = 90, cleanup = "drop"',
      'interval = "1 day", retention = "90 days"', 'interval = "1 day", retention = "90 days", cleanup = "burn"',
      'interval = "1 day", timezone = "Mars/Olympus"', 'interval = "1 day", naming = "{nonsense}"',
      'interval = "1 day", default = "delete"', 'interval = "1 day", max_drop = "150%"', 'interval = "1 day", key = 3',
      'interval = "1 day", storage = "x"', 'interval = "1 day", hold = true', 'interval = "1 day", on_create = "x"',
      'interval = "1 day", retries = -1', 'interval = "1 day", lock_timeout = "0"', 'premake = 3',
    }
    for _, fields in ipairs(wrong) do
      local path = support.write(support.folder() .. "/bad.lua",
        'return require "partrun".policy { table = "a.b", ' .. fields .. " }\n")
      local result = partrun { "validate", path }
      assert.equal(2, result.status, fields .. "\n" .. result.out)
      assert.matches("^error: .*bad%.lua:1: ", result.err, fields)
    end
  end)

  it("prints JSON, errors included", function()
    local folder = support.folder()
    support.write(folder .. "/a.lua", good)
    support.write(folder .. "/b.lua", "return {")
    local value, result = json { "validate", folder }
    assert.equal(2, result.status)
    assert.equal(1, value.version)
    assert.equal(1, #value.policies)
    assert.equal("events", value.policies[1].policy)
    assert.same({ "public.events" }, value.policies[1].tables)
    assert.equal("daily", value.policies[1].interval)
    assert.equal(1, #value.errors)
    assert.matches("b.lua", value.errors[1].message, 1, true)
  end)

end)

describe("a policy that does not load", function()
  after_each(support.cleanup)

  it("leaves the others at work, and is told by the exit status", function()
    local db = support.database(support.events())
    local folder = support.folder()
    support.write(folder .. "/a.lua", good)
    support.write(folder .. "/b.lua", 'error "broken on purpose"')
    for _, command in ipairs { "plan", "apply", "check", "stats" } do
      local result = partrun({ command, "--now", "2026-03-14", folder }, { database = db })
      assert.equal(2, result.status, command .. result.err)
      assert.matches("broken on purpose", result.err, 1, true)
      assert.matches("public.events", result.out, 1, true)
    end
    assert.equal("events_p20260314 events_p20260315", support.partitions(db, "events"))
  end)

  it("changes nothing when it is the only one", function()
    local db = support.database(support.events())
    local path = support.write(support.folder() .. "/b.lua", "return 42")
    for _, command in ipairs { "plan", "apply", "check" } do
      local result = partrun({ command, path }, { database = db })
      assert.equal(2, result.status)
      assert.equal("", result.out)
    end
    assert.equal("", support.partitions(db, "events"))
  end)

  it("cannot run for ever", function()
    local path = support.write(support.folder() .. "/loop.lua", "while true do pcall(function() while true do end end) end")
    local result = partrun { "validate", path }
    assert.equal(2, result.status)
    assert.matches("loop.lua", result.err, 1, true)
  end)
end)
