-- partrun SCRIPT.lua
local support = require "support"

local partrun = support.partrun

local function script(text)
  return support.write(support.folder() .. "/script.lua", text)
end

describe("a script", function()
  after_each(support.cleanup)

  it("has the standard library, its arguments, and options before its name only", function()
    local path = script 'print(os.getenv "HOME" ~= nil, #arg, arg[0], ...)'
    local result = partrun { "-q", path, "a b", "--sql", "--", "-d" }
    assert.equal(0, result.status, result.err)
    assert.equal(("true\t4\t%s\ta b\t--sql\t--\t-d\n"):format(path), result.out)
  end)

  it("can be made executable", function()
    local path = script(("#!%s\nprint(arg[1])\n"):format(support.absolute(support.bin)))
    os.execute("chmod +x " .. path)
    local result = support.shell(path .. " hello")
    assert.equal(0, result.status, result.err)
    assert.equal("hello\n", result.out)
  end)

  it("has partrun's API, with the command line's database", function()
    local db = support.database(support.events { "2026-03-14" })
    local policy = support.policy "  premake = 1,"
    local path = script [[
      local partrun = require "partrun"
      local db = assert(partrun.connect())
      local policies = assert(partrun.load(arg[1]))
      local plan = assert(partrun.plan(db, policies))
      print(plan)
      local result = assert(plan:apply())
      print(assert(db:query "SELECT count(*)::int AS n FROM pg_inherits")[1].n)
    ]]
    local result = partrun { "-d", "dbname=" .. db, "--now", "2026-03-14 12:00", path, policy }
    assert.equal(0, result.status, result.err)
    assert.matches("^public.events   daily, 1 partition, runway 12 h\n  %+ create  events_p20260315 .*\n2\n$", result.out)
  end)

  it("ends as it says, or 1 with a traceback", function()
    assert.equal(7, partrun({ script "os.exit(7)" }).status)
    local result = partrun { script "local function f() error 'oh no' end\nf()" }
    assert.equal(1, result.status)
    assert.matches("oh no", result.err, 1, true)
    assert.matches("stack traceback:", result.err, 1, true)
    result = partrun { script "this is not lua" }
    assert.equal(2, result.status)
    assert.equal(2, partrun({ "/nonexistent/script.lua" }).status)
  end)

  it("ends on a signal", function()
    local path = script "while true do end"
    local result = support.shell(("env --default-signal=INT %s & pid=$!; sleep 0.7; kill -INT $pid; wait $pid")
      :format(support.command({ path }):gsub("^env ", "")))
    assert.equal(130, result.status, result.err)
  end)
end)
