-- What depends on a terminal: colour, progress, shortened plans; and signals.
local support = require "support"

local sql = support.sql

-- The output as a terminal gets it (stdout and stderr are one there).
local function on_terminal(args, options)
  local command = support.command(args, options)
  local folder = support.folder()
  os.execute(("script -qec %s %s/typescript </dev/null >/dev/null 2>&1"):format(support.quote(command), folder))
  return support.read(folder .. "/typescript")
end

describe("a terminal", function()
  after_each(support.cleanup)

  it("gets colour unless NO_COLOR says no", function()
    local db = support.database(support.events())
    local policy = support.policy()
    local env = { TERM = "xterm", NO_COLOR = false }
    local text = on_terminal({ "plan", policy }, { database = db, env = env })
    assert.matches("\27[32m+ create\27[0m", text, 1, true)
    env.NO_COLOR = "1"
    assert.not_matches("\27[", on_terminal({ "plan", policy }, { database = db, env = env }), 1, true)
    env.NO_COLOR, env.TERM = "", "xterm"
    assert.matches("\27[32m", on_terminal({ "plan", policy }, { database = db, env = env }), 1, true)
    env.TERM = "dumb"
    assert.not_matches("\27[", on_terminal({ "plan", policy }, { database = db, env = env }), 1, true)
    assert.not_matches("\27[", support.partrun({ "plan", policy }, { database = db }).out, 1, true)
  end)

  it("gets long plans shortened, unless -v asks for all", function()
    local db = support.database(support.events())
    local policy = support.policy "  premake = 99,"
    local on = { database = db, env = { TERM = "xterm", NO_COLOR = "1" } }
    local text = on_terminal({ "plan", policy }, on)
    assert.matches("... 96 more like these (-v shows all)", text, 1, true)
    assert.not_matches("more like these", on_terminal({ "plan", "-v", policy }, on), 1, true)
    local _, lines = support.partrun({ "plan", policy }, { database = db }).out:gsub("%+ create", "")
    assert.equal(100, lines)
  end)

  it("gets a progress bar that is gone at the end; a file gets none", function()
    local db = support.database(support.events())
    local slow = '  premake = 3,\n  on_create = function(ctx) ctx.db:query "SELECT pg_sleep(0.2)" end,'
    local text = on_terminal({ "apply", support.policy(slow) }, { database = db, env = { TERM = "xterm" } })
    assert.matches("%[#*%.*%] %d+ of %d+", text)
    assert.matches("\r\27[K", text, 1, true)
    local db2 = support.database(support.events())
    local result = support.partrun({ "apply", support.policy(slow) }, { database = db2 })
    assert.equal(0, result.status, result.err)
    assert.not_matches("\r", result.out .. result.err, 1, true)
  end)
end)

describe("a full disk", function()
  after_each(support.cleanup)

  it("is an error, not silence", function()
    local result = support.shell(support.command { "--help" } .. " >/dev/full")
    assert.equal(1, result.status)
    assert.matches("cannot write the output", result.err, 1, true)
  end)
end)

describe("a pipe", function()
  after_each(support.cleanup)

  it("may be closed early", function()
    local result = support.shell(("{ %s; echo $? >&2; } | head -n 1"):format(support.command { "--help" }))
    assert.matches("^partrun keeps", result.out)
    assert.equal("0\n", result.err)
    result = support.shell(("{ sleep 0.3; %s; echo $? >&2; } | true"):format(support.command { "--help" }))
    assert.equal("0\n", result.err)
  end)
end)

describe("signals", function()
  after_each(support.cleanup)

  it("are answered in a few lines, however much was left to do", function()
    local db = support.database(support.events())
    local policy = support.policy '  premake = 500, on_create = function(ctx) ctx.db:query "SELECT pg_sleep(0.05)" end,'
    local command = support.command({ "apply", policy }, { database = db })
    local result = support.shell(("env --default-signal=INT %s & pid=$!; sleep 1.5; kill -INT $pid; wait $pid")
      :format(command:gsub("^env ", "")))
    assert.equal(130, result.status, result.out .. result.err)
    assert.equal("error: interrupted\n  hint: what is done stays done; the next run goes on from there\n", result.err)
    assert.matches("skipped and no findings in 1 set", result.out, 1, true)
    assert.not_matches("interrupted", result.out, 1, true)
  end)

  for _, signal in ipairs { "INT", "TERM" } do
    it(signal .. " ends a run in good order", function()
      local db = support.database(support.events { "2026-03-14" })
      local folder = support.folder()
      -- Somebody reads the table and keeps the transaction open: the detach of the old partition waits.
      os.execute(("PGDATABASE=%s psql -XAtqc 'BEGIN; SELECT count(*) FROM events; SELECT pg_sleep(20)' >%s/reader 2>&1 &")
        :format(db, folder))
      os.execute "sleep 0.5"
      local policy = support.policy '  premake = 2, retention = "1 day", cleanup = "drop", max_drop = "100%",'
      local command = support.command({ "--now", "2026-04-01", "apply", policy }, { database = db })
      local result = support.shell(("env --default-signal=INT,TERM %s & pid=$!; sleep 1.5; kill -%s $pid; wait $pid")
        :format(command:gsub("^env ", ""), signal))
      assert.equal(130, result.status, result.out .. result.err)
      assert.matches("interrupt", result.err, 1, true)
      sql(db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        .. "WHERE query LIKE '%pg_sleep(20)%' AND pid <> pg_backend_pid()")
      -- Creations came first and stay; the next run goes on from there.
      assert.matches("events_p20260401", support.partitions(db, "events"), 1, true)
      local again = support.partrun({ "--now", "2026-04-01", "apply", policy }, { database = db })
      assert.equal(0, again.status, again.out .. again.err)
      assert.not_matches("events_p20260314", support.partitions(db, "events"), 1, true)
    end)
  end
end)
