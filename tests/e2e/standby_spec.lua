-- On a standby partrun does nothing, and says so; after a promotion it goes on.
local support = require "support"

local sql, partrun = support.sql, support.partrun

describe("a standby", function()
  teardown(support.cleanup)

  it("is left alone until it is promoted", function()
    local db = support.database(support.events { "2026-03-13", "2026-03-14" })
    local policy = support.policy '  premake = 2,\n  retention = "1 day",\n  cleanup = "drop",\n  max_drop = "all",'
    local before = support.partitions(db, "events")
    support.write(os.getenv "PARTRUN_TEST_DATA" .. "/standby.signal", "")
    support.restart()
    assert.equal("t", sql(db, "SELECT pg_is_in_recovery()"))

    for _, command in ipairs { "plan", "apply", "check" } do
      local result = partrun({ command, "--now", "2026-03-15 12:00", policy }, { database = db })
      assert.equal(0, result.status, result.out .. result.err)
      assert.matches("standby", result.out, 1, true)
    end
    assert.equal(before, support.partitions(db, "events"))

    sql(db, "SELECT pg_promote()")
    local applied = partrun({ "apply", "--now", "2026-03-15 12:00", policy }, { database = db })
    assert.equal(0, applied.status, applied.out .. applied.err)
    assert.equal("events_p20260314 events_p20260315 events_p20260316 events_p20260317", support.partitions(db, "events"))
  end)
end)
