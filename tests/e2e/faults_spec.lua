-- What goes wrong in the middle of a run: blocked locks, killed backends, restarts, signals, missing privileges. Whatever
-- happens, the next run completes, and nothing is left lying about.
local support = require "support"

local sql, apply, applied, told = support.sql, support.apply, support.applied, support.told
local policy_file, wait_for = support.policy_file, support.wait_for

local now = "2026-03-14 12:00"

local advisory_locks = "pg_locks WHERE locktype = 'advisory' "
  .. "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"

local function day(name, from, to)
  return ("CREATE TABLE %s PARTITION OF events FOR VALUES FROM ('%s Z') TO ('%s Z');"):format(name, from, to)
end

local events = "CREATE TABLE events (at timestamptz NOT NULL, note text) PARTITION BY RANGE (at);"
local old = events .. day("d10", "2026-03-10", "2026-03-11") .. day("d11", "2026-03-11", "2026-03-12")
  .. day("d13", "2026-03-12", "2026-03-14") .. "INSERT INTO events VALUES ('2026-03-13 12:00Z', 'kept');"

local function keeping(more)
  return policy_file([[table = "public.events", interval = "1 day", premake = 2, retention = "1 day", cleanup = "drop",
    max_drop = "100%", ]] .. (more or ""))
end

local function start(db, policy, more)
  local args = { "--now", now, "apply", policy }
  for _, word in ipairs(more or {}) do
    args[#args + 1] = word
  end
  return support.start_partrun(args, { database = db })
end

-- Nothing is left of an interrupted run.
local function clean(db)
  assert.equal("0|0|0|0|0", sql(db, [[SELECT
    (SELECT count(*) FROM pg_inherits WHERE inhdetachpending),
    (SELECT count(*) FROM pg_constraint WHERE conname = 'partrun_guard'),
    (SELECT count(*) FROM pg_class WHERE relname LIKE 'events\_p%' AND relkind = 'r' AND NOT relispartition),
    (SELECT count(*) FROM pg_description WHERE description LIKE '%partrun: {%'),
    (SELECT count(*) FROM ]] .. advisory_locks .. ")"))
end

-- One more run, undisturbed, does what is left to do; the next has nothing to do.
local function completes(db, policy)
  applied(db, now, policy, { "--max-drop", "all" })
  clean(db)
  assert.equal("d13 events_p20260314 events_p20260315 events_p20260316", support.partitions(db, "events"))
  assert.equal("kept", sql(db, "SELECT note FROM events WHERE note = 'kept'"))
  assert.equal("0", sql(db, "SELECT count(*) FROM pg_class WHERE relname IN ('d10', 'd11')"))
  assert.equal("nothing to do in 1 set\n", apply(db, now, policy).out)
end

-- A session that reads in a long transaction: what it could see cannot be detached.
local function reader(db)
  local session = support.session(db)
  session.run "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM events"
  return session
end

local detaching = "SELECT count(*) FROM pg_inherits WHERE inhdetachpending"
local backend = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
local terminate = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() "
  .. "AND wait_event_type = 'Lock'"

describe("a blocked lock", function()
  after_each(support.cleanup)

  for _, sessions in ipairs { "1", "3" } do
    it("ends in a failure after the retries, with nothing half done, in " .. sessions .. " sessions", function()
      local db = support.database(old)
      local blocker = support.session(db)
      blocker.run "BEGIN; LOCK events IN ACCESS EXCLUSIVE MODE"
      local policy = keeping "retries = 1, lock_timeout = \"50ms\""
      local result = apply(db, now, policy, { "-j", sessions })
      assert.is_true(result.status == 1 or result.status == 4, told(result))
      assert.matches("lock timeout", result.out .. result.err, 1, true)
      assert.equal("d10 d11 d13", support.partitions(db, "events"))
      blocker.run "ROLLBACK"
      blocker.close()
      completes(db, policy)
    end)
  end

  it("is waited out by the retries", function()
    local db = support.database(old)
    local blocker = support.session(db)
    blocker.run "BEGIN; LOCK events IN SHARE UPDATE EXCLUSIVE MODE"
    local policy = keeping "retries = 50, lock_timeout = \"50ms\""
    local job = start(db, policy)
    wait_for(db, backend, "1")
    blocker.run "COMMIT"
    blocker.close()
    local result = job.finish()
    assert.equal(0, result.status, told(result))
    completes(db, policy)
  end)

  it("on one table does not keep others from their partitions", function()
    local db = support.database(old .. "CREATE TABLE other (at date) PARTITION BY RANGE (at)")
    local blocker = support.session(db)
    blocker.run "BEGIN; LOCK ONLY events IN SHARE UPDATE EXCLUSIVE MODE"
    local result = apply(db, now, policy_file [[tables = { "public.events", "public.other" }, interval = "1 day", premake = 1,
      retries = 1, lock_timeout = "50ms"]])
    assert.equal(1, result.status, told(result))
    assert.equal("other_p20260314 other_p20260315", support.partitions(db, "other"))
    assert.equal("d10 d11 d13", support.partitions(db, "events"))
    blocker.close()
  end)

  it("by a long reader delays a detach, refuses no creation, and ends with the reader", function()
    local db = support.database(old)
    local session = reader(db)
    local job = start(db, keeping())
    wait_for(db, detaching, "1")
    assert.matches("events_p20260316", support.partitions(db, "events"), 1, true)
    sql(db, "INSERT INTO events VALUES ('2026-03-14 11:00Z', 'while')")
    session.run "COMMIT"
    session.close()
    local result = job.finish()
    assert.equal(0, result.status, told(result))
    completes(db, keeping())
  end)
end)

describe("in the middle of a run", function()
  after_each(support.cleanup)

  local ends = {
    ["a killed backend"] = function(db) sql(db, terminate) end,
    ["a fast restart of the server"] = function() support.restart "fast" end,
    ["a crash of the server"] = function() support.restart "immediate" end,
    ["SIGINT"] = function(_, job) job.signal "INT" end,
    ["SIGTERM"] = function(_, job) job.signal "TERM" end,
    ["kill -9"] = function(db, job)
      job.signal "KILL"
      sql(db, terminate)
    end,
  }
  local statuses = { SIGINT = 130, SIGTERM = 130, ["kill -9"] = 137 }

  for name, strike in pairs(ends) do
    it(name .. " during a detach leaves what the next run completes", function()
      local db = support.database(old)
      local session = reader(db)
      local job = start(db, keeping())
      wait_for(db, detaching, "1")
      strike(db, job)
      local result = job.finish()
      if statuses[name] then
        assert.equal(statuses[name], result.status, told(result))
      else
        assert.is_true(result.status == 1 or result.status == 4, told(result))
      end
      session.close()
      wait_for(db, "SELECT count(*) FROM " .. advisory_locks, "0")
      completes(db, keeping())
    end)

    it(name .. " during a creation leaves what the next run completes", function()
      local db = support.database(old)
      local session = support.session(db)
      session.run "BEGIN; LOCK ONLY events IN SHARE UPDATE EXCLUSIVE MODE"
      local policy = keeping "lock_timeout = \"20s\", statement_timeout = \"25s\""
      local job = start(db, policy, { "-j", "2" })
      wait_for(db, backend, "1")
      strike(db, job)
      local result = job.finish()
      assert.is_true(result.status ~= 0, told(result))
      session.close()
      wait_for(db, "SELECT count(*) FROM " .. advisory_locks, "0")
      completes(db, policy)
    end)
  end

  it("kill -9 leaves no guard on a default partition for good", function()
    local db = support.database(old .. "CREATE TABLE rest PARTITION OF events DEFAULT;"
      .. "INSERT INTO events SELECT '2020-01-01', repeat('x', 1000) FROM generate_series(1, 12000)")
    local session = support.session(db)
    session.run "BEGIN; LOCK ONLY events IN SHARE UPDATE EXCLUSIVE MODE"
    local job = start(db, keeping "lock_timeout = \"20s\", statement_timeout = \"25s\"")
    wait_for(db, "SELECT count(*) FROM pg_constraint WHERE conname = 'partrun_guard' AND convalidated", "1")
    job.signal "KILL"
    job.finish()
    wait_for(db, backend, "1")
    sql(db, terminate)
    session.close()
    wait_for(db, "SELECT count(*) FROM " .. advisory_locks, "0")
    -- Rows for what the guard had fenced off are refused until then.
    applied(db, now, keeping())
    clean(db)
    assert.equal("d13 events_p20260314 events_p20260315 events_p20260316 rest", support.partitions(db, "events"))
    sql(db, "INSERT INTO events VALUES ('2026-03-16 Z'), ('2036-03-16 Z')")
  end)

  it("kill -9 anywhere between many partitions leaves a consistent set", function()
    local db = support.database(events .. day("d14", "2026-03-14", "2026-03-15"))
    local policy = policy_file 'table = "public.events", interval = "1 day", premake = 300, backfill = 60'
    local counted = "SELECT count(*) >= %d FROM pg_inherits WHERE inhparent = 'events'::regclass"
    for _, many in ipairs { 2, 60, 150, 300 } do
      local job = start(db, policy, { "-j", many % 4 == 0 and "2" or "1" })
      wait_for(db, counted:format(many), "t")
      job.signal "KILL"
      job.finish()
      wait_for(db, "SELECT count(*) FROM " .. advisory_locks, "0")
      sql(db, "INSERT INTO events VALUES ('2026-03-14 12:00Z')")
    end
    applied(db, now, policy, { "-j", "2" })
    assert.equal(361, support.count(db, "events"))
    assert.equal(1, support.stretches(db, "events"))
    clean(db)
    assert.equal("nothing to do in 1 set\n", apply(db, now, policy).out)
  end)
end)

describe("two runs at once", function()
  after_each(support.cleanup)

  it("share the tables: the second leaves out what the first holds, does the rest, and says so", function()
    local db = support.database(old .. "CREATE TABLE other (at date) PARTITION BY RANGE (at)")
    local session = reader(db)
    local first = start(db, keeping())
    wait_for(db, detaching, "1")
    local second = apply(db, now, policy_file 'tables = { "public.events", "public.other" }, interval = "1 day", premake = 30')
    assert.equal(5, second.status, told(second))
    assert.matches("lock_held", second.out, 1, true)
    assert.equal(31, support.count(db, "other"))
    assert.is_false(support.exists(db, "events_p20260320"))
    session.close()
    assert.equal(0, first.finish().status)
    completes(db, keeping())
  end)
end)

describe("a user", function()
  after_each(support.cleanup)

  -- Roles belong to the whole server.
  local function as_user(grants, check)
    local db = support.database(old)
    local role = "user_" .. db
    sql(db, ("CREATE ROLE %s LOGIN; %s"):format(role, grants:gsub("ROLE", role)))
    local ok, message = pcall(check, db, { database = db, env = { PGUSER = role } }, role)
    sql(db, ("DROP OWNED BY %s; DROP ROLE %s"):format(role, role))
    assert(ok, message)
  end

  it("who may only read sees the plan, and changes nothing", function()
    as_user("GRANT SELECT ON ALL TABLES IN SCHEMA public TO ROLE", function(db, on)
      local plan = support.partrun({ "--now", now, "plan", keeping() }, on)
      assert.equal(0, plan.status, told(plan))
      assert.matches("events_p20260314", plan.out, 1, true)
      local result = support.partrun({ "--now", now, "apply", keeping() }, on)
      assert.equal(1, result.status, told(result))
      assert.matches("42501", result.out .. result.err, 1, true)
      assert.equal("d10 d11 d13", support.partitions(db, "events"))
      assert.equal("", sql(db, "SELECT string_agg(description, '') FROM pg_description WHERE description LIKE '%partrun%'"))
    end)
  end)

  it("without any privilege is told so, too", function()
    as_user("REVOKE ALL ON SCHEMA public FROM PUBLIC; REVOKE ALL ON events FROM PUBLIC", function(db, on)
      local result = support.partrun({ "--now", now, "apply", keeping() }, on)
      assert.is_true(result.status ~= 0, told(result))
      assert.equal("d10 d11 d13", support.partitions(db, "events"))
    end)
  end)

  it("who owns the table needs no superuser", function()
    as_user("GRANT CREATE, USAGE ON SCHEMA public TO ROLE; ALTER TABLE events OWNER TO ROLE; ALTER TABLE d10 OWNER TO ROLE; "
      .. "ALTER TABLE d11 OWNER TO ROLE; ALTER TABLE d13 OWNER TO ROLE", function(db, on)
      local result = support.partrun({ "--now", now, "apply", "--max-drop", "all", keeping() }, on)
      assert.equal(0, result.status, told(result))
      assert.equal("d13 events_p20260314 events_p20260315 events_p20260316", support.partitions(db, "events"))
      sql(db, "DROP OWNED BY " .. on.env.PGUSER)
    end)
  end)

  it("of a read-only database is told so", function()
    local db = support.database(old)
    sql("postgres", ("ALTER DATABASE %s SET default_transaction_read_only = on"):format(db))
    local result = apply(db, now, keeping())
    assert.is_true(result.status == 1 or result.status == 0, told(result))
    sql("postgres", ("ALTER DATABASE %s RESET default_transaction_read_only"):format(db))
    if result.status == 1 then
      assert.equal("d10 d11 d13", support.partitions(db, "events"))
    end
    completes(db, keeping())
  end)
end)

describe("the lock table", function()
  after_each(support.cleanup)

  it("is never used up, however many partitions one run makes and drops", function()
    sql("postgres", "ALTER SYSTEM SET max_locks_per_transaction = 10")
    support.restart()
    local ok, message = pcall(function()
      local db = support.database [[CREATE TABLE events (at timestamptz NOT NULL, a int, b text, PRIMARY KEY (at))
        PARTITION BY RANGE (at); CREATE INDEX ON events (a); CREATE INDEX ON events (b);]]
      -- All in one transaction is too much for this server.
      assert.is_false((pcall(sql, db, [[BEGIN; DO $$ BEGIN FOR i IN 1 .. 900 LOOP
        EXECUTE format('CREATE TABLE x%s (LIKE events INCLUDING ALL)', i); END LOOP; END $$; ROLLBACK]])))
      applied(db, now, policy_file 'table = "public.events", interval = "1 day", premake = 899')
      assert.equal(900, support.count(db, "events"))
      local shrunk = policy_file [[table = "public.events", interval = "1 day", premake = 0, retention = "1 day",
        cleanup = "drop"]]
      applied(db, "2026-06-22 12:00", shrunk, { "--max-drop", "all" })
      assert.equal(801, support.count(db, "events"))
    end)
    sql("postgres", "ALTER SYSTEM RESET max_locks_per_transaction")
    support.restart()
    assert(ok, message)
  end)
end)
