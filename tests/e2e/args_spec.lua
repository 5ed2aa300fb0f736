-- The command line itself: help, options, wrong usage. No database.
local support = require "support"

local partrun = support.partrun
local nowhere = { env = { PGHOST = "/nonexistent" } }

local commands = { "validate", "plan", "apply", "check", "ensure", "retire", "stats", "demo" }

local function refused(args, message, hint)
  local result = partrun(args, nowhere)
  assert.equal(2, result.status, result.err)
  assert.equal("", result.out)
  assert.matches(message, result.err, 1, true)
  if hint then
    assert.matches(hint, result.err, 1, true)
  end
end

describe("the command line", function()
  teardown(support.cleanup)

  it("prints its version", function()
    local result = partrun { "--version" }
    assert.equal(0, result.status)
    assert.matches("^partrun %d+%.%d+%.%d+\n$", result.out)
    assert.equal(result.out, partrun({ "-V" }).out)
  end)

  it("lists every command, and none that does not exist yet", function()
    local result = partrun { "--help" }
    assert.equal(0, result.status)
    for _, name in ipairs(commands) do
      assert.matches("\n  " .. name .. " ", result.out)
    end
    for _, name in ipairs { "simulate", "migrate", "import", "serve" } do
      assert.not_matches("\n  " .. name .. " ", result.out)
      assert.equal(2, partrun({ name }).status)
    end
    assert.equal(result.out, partrun({ "help" }).out)
  end)

  it("has help for each command", function()
    for _, name in ipairs(commands) do
      local result = partrun { name, "--help" }
      assert.equal(0, result.status)
      assert.matches("partrun [OPTIONS] " .. name, result.out, 1, true)
      assert.matches("--dsn DSN", result.out, 1, true)
      assert.equal(result.out, partrun({ "help", name }).out)
      assert.equal(result.out, partrun({ "-h", name }).out)
    end
    refused({ "help", "plam" }, "there is no command 'plam'", "did you mean plan?")
  end)

  it("says how it is used when nothing is asked for", function()
    local result = partrun {}
    assert.equal(2, result.status)
    assert.equal("", result.out)
    assert.matches("partrun [OPTIONS] COMMAND", result.err, 1, true)
  end)

  it("suggests the nearest name", function()
    refused({ "appyl" }, "there is no command 'appyl'", "did you mean apply?")
    refused({ "plan", "--sqll" }, "there is no option --sqll", "did you mean --sql?")
    refused({ "--max-dorp=3", "apply" }, "there is no option --max-dorp", "did you mean --max-drop?")
    refused({ "frobnicate" }, "there is no command 'frobnicate'")
    refused({ "-x", "plan" }, "there is no option -x")
  end)

  it("takes an option only with its own command", function()
    refused({ "apply", "--sql" }, "apply takes no option --sql", "see partrun apply --help")
    refused({ "--exact", "plan" }, "plan takes no option --exact")
    refused({ "demo", "something" }, "demo takes no such argument")
    refused({ "retire", "events.lua" }, "retire needs more arguments: POLICY PARTITION...")
  end)

  it("refuses values that are none", function()
    refused({ "plan", "--format", "yaml" }, "--format: 'yaml' is not text or json")
    refused({ "plan", "--format" }, "--format needs a value: text|json")
    refused({ "plan", "--sql=yes" }, "--sql takes no value")
    refused({ "plan", "--now", "yesterday" }, "--now: ")
    refused({ "plan", "--now", "2025-02-30" }, "--now: ")
    refused({ "plan", "--now", "infinity" }, "--now: ")
    refused({ "apply", "-j0" }, "--jobs: '0' is not a number from 1 to 64")
    refused({ "apply", "-j", "two" }, "--jobs: 'two' is not")
    refused({ "apply", "--only", "both" }, "--only: 'both' is not create or retire")
    for _, wrong in ipairs { "-1", "101%", "half", "50 %", "", "%", "9999999999999999999" } do
      refused({ "apply", "--max-drop", wrong }, "--max-drop: '" .. wrong .. "' is not a number of partitions")
    end
    refused({ "plan", "--lock-timeout", "5" }, "--lock-timeout: ")
    refused({ "plan", "--lock-timeout", "0" }, "--lock-timeout: '0' is not a time between 1 ms and 24 days")
    refused({ "plan", "--statement-timeout", "2 parsecs" }, "--statement-timeout: ")
    refused({ "plan", "--log-level", "loud" }, "--log-level: 'loud' is not debug, info, warning or error")
    refused({ "plan", "--log-format=xml" }, "--log-format: 'xml' is not text or json")
  end)

  it("reads options from the environment, and says which variable is wrong", function()
    local result = partrun({ "validate" }, { env = { PARTRUN_LOG_LEVEL = "loud" } })
    assert.equal(2, result.status)
    assert.matches("PARTRUN_LOG_LEVEL: 'loud'", result.err, 1, true)
    result = partrun({ "validate", "/nonexistent" }, { env = { PARTRUN_LOG_FORMAT = "json" } })
    assert.equal(2, result.status)
    assert.matches('^{.*"level": ?"error"', result.err)
  end)

  it("says what ensure needs", function()
    refused({ "ensure", "x.lua" }, "ensure wants either --at, or --from and --to")
    refused({ "ensure", "x.lua", "--from", "2025-01-01" }, "ensure wants either --at, or --from and --to")
    refused({ "ensure", "x.lua", "--at", "1", "--to", "2" }, "ensure wants either --at, or --from and --to")
    refused({ "ensure", "x.lua", "--from", "2", "--to", "1" }, "--from is after --to")
    refused({ "ensure", "x.lua", "--from", "2", "--to", "2025-01-01" }, "--from and --to are an id and a time")
  end)

  it("wants policies that exist", function()
    refused({ "plan", "/nonexistent/policies" }, "there is no policy file or folder /nonexistent/policies")
    local empty = support.folder()
    local result = partrun({ "plan" }, { cwd = empty, env = nowhere.env })
    assert.equal(2, result.status)
    assert.matches("there is no folder ./policies", result.err, 1, true)
    refused({ "plan", empty }, "there is no policy file in the folder")
    refused({ "apply", "a.json", "b.lua" }, "a saved plan is applied alone")
    refused({ "apply", support.write(empty .. "/x.json", "{}") }, "is not a plan that partrun plan --out has saved")
    refused({ "apply", support.write(empty .. "/y.json", "not json") }, "is not a plan")
  end)

  it("never repeats a password", function()
    local secret = "s3cr3tw0rd"
    local policy = support.policy()
    local tries = {
      { "plan", "postgresql://me:" .. secret .. "@/db?host=/nonexistent" },
      { "plan", "host=/nonexistent dbname=x password=" .. secret },
      { "--dns=postgresql://me:" .. secret .. "@host/db", "plan" },
      { "plan", policy, "-d", "postgresql://me:" .. secret .. "@127.0.0.1:1/db?connect_timeout=1" },
      { "plan", policy, "-d", "host=/nonexistent password=" .. secret },
      { "plan", policy, "-d", "postgresql://me:" .. secret .. "@[broken" },
      { "plan", policy, "-d", "nonsense=1 password=" .. secret },
      { "plan", policy, "-v", "-d", "host=/nonexistent password='" .. secret },
    }
    for _, args in ipairs(tries) do
      local result = partrun(args)
      assert.is_true(result.status == 2 or result.status == 4, result.err)
      assert.not_matches(secret, result.out .. result.err, 1, true)
    end
  end)

  it("exits 4 when the database cannot be reached", function()
    local result = partrun({ "plan", support.policy() }, nowhere)
    assert.equal(4, result.status)
    assert.matches("error: ", result.err, 1, true)
  end)

  it("takes options before and after the command, attached and apart, until --", function()
    local policy = support.policy()
    for _, args in ipairs {
      { "validate", policy }, { "-q", "validate", policy }, { "validate", "--", policy },
      { "validate", "--format=text", policy }, { "--format", "text", "validate", policy, "-v" },
      { "-ddbname=x", "validate", policy },
    } do
      local result = partrun(args)
      assert.equal(0, result.status, result.err)
    end
    refused({ "validate", "--", "--version" }, "there is no policy file or folder --version")
  end)
end)
