-- Options of every command, on a server: where the connection comes from, logs, timeouts.
local json = require "dkjson"
local support = require "support"

local partrun, sql = support.partrun, support.sql

describe("options", function()
  after_each(support.cleanup)

  it("take the database from --dsn, then PARTRUN_DSN, then libpq's variables", function()
    local a = support.database(support.events { "2026-01-01" })
    local b = support.database(support.events { "2026-01-01", "2026-01-02" })
    local c = support.database(support.events { "2026-01-01", "2026-01-02", "2026-01-03" })
    local function partitions(args, env)
      local value, result = support.json({ "stats", "events", table.unpack(args) }, { database = a, env = env })
      assert.equal(0, result.status, result.err)
      return #value.sets[1].partitions
    end
    assert.equal(1, partitions {})
    assert.equal(2, partitions({}, { PARTRUN_DSN = "dbname=" .. b }))
    assert.equal(3, partitions({ "-d", "dbname=" .. c }, { PARTRUN_DSN = "dbname=" .. b }))
    assert.equal(3, partitions { "--dsn", "postgresql:///" .. c })
    local service = support.write(support.folder() .. "/service", "[mine]\ndbname=" .. b .. "\n")
    assert.equal(2, partitions({ "-d", "service=mine" }, { PGSERVICEFILE = service, PGDATABASE = false }))
  end)

  it("log statements with -v, as JSON on demand, and only to stderr", function()
    local db = support.database(support.events())
    local on, policy = { database = db }, support.policy()
    local plain = partrun({ "plan", policy }, on)
    assert.equal("", plain.err)
    local verbose = partrun({ "-v", "plan", policy }, on)
    assert.matches("debug: ", verbose.err, 1, true)
    local lines = 0
    for line in partrun({ "-v", "--log-format", "json", "plan", policy }, on).err:gmatch "[^\n]+" do
      local entry = assert(json.decode(line), line)
      assert.equal("debug", entry.level)
      assert.is_string(entry.message)
      lines = lines + 1
    end
    assert.is_true(lines > 2)
  end)

  it("set timeouts for one run", function()
    local db = support.database(support.events { "2026-03-14" })
    local on = { database = db }
    os.execute(("PGDATABASE=%s psql -XAtqc 'BEGIN; LOCK TABLE events; SELECT pg_sleep(8)' >/dev/null 2>&1 &"):format(db))
    for _ = 1, 100 do
      if sql("postgres", "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(8)%'"
        .. " AND wait_event = 'PgSleep'") ~= "0" then
        break
      end
      os.execute "sleep 0.05"
    end
    local policy = support.policy "  premake = 1, retries = 0,"
    local started = os.time()
    local result = partrun({ "--now", "2026-03-14", "apply", "--lock-timeout", "100 ms", policy }, on)
    assert.equal(1, result.status, result.out .. result.err)
    assert.matches("55P03", result.out, 1, true)
    assert.is_true(os.time() - started < 6)
    assert.equal("events_p20260314", support.partitions(db, "events"))
  end)

  it("are honest with a user who may only read", function()
    local db = support.database(support.events { "2026-03-14" })
    sql(db, "DROP ROLE IF EXISTS e2e_reader; CREATE ROLE e2e_reader LOGIN; GRANT SELECT ON events TO e2e_reader")
    local reader = { database = db, env = { PGUSER = "e2e_reader" } }
    local policy = support.policy "  premake = 1,"
    local plan = partrun({ "--now", "2026-03-14", "plan", policy }, reader)
    local apply = partrun({ "--now", "2026-03-14", "apply", policy }, reader)
    sql(db, "DROP OWNED BY e2e_reader; DROP ROLE e2e_reader")
    assert.equal(0, plan.status, plan.err)
    assert.matches("+ create  events_p20260315", plan.out, 1, true)
    assert.equal(1, apply.status, apply.out .. apply.err)
    assert.matches("42501", apply.out, 1, true)
    assert.matches("! privileges .*hint: connect as the table's owner", apply.out)
    assert.matches("warning: ", apply.err, 1, true)
    assert.equal("events_p20260314", support.partitions(db, "events"))
  end)

  it("say what is wrong with a connection", function()
    local policy = support.policy()
    local result = partrun { "plan", "-d", "dbname=there_is_no_such_database", policy }
    assert.equal(4, result.status)
    assert.matches('database "there_is_no_such_database" does not exist', result.err, 1, true)
    result = partrun { "plan", "-d", "nonsense=1", policy }
    assert.equal(2, result.status)
    assert.matches("the connection string cannot be read", result.err, 1, true)
  end)
end)
