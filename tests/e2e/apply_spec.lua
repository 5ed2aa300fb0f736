-- plan and apply on a real server: what they print, what they change, how they end.
local support = require "support"

local partrun, json, sql = support.partrun, support.json, support.sql
local noon = { "--now", "2026-03-14 12:00" }

local function at_noon(args)
  local list = { noon[1], noon[2] }
  for _, word in ipairs(args) do
    list[#list + 1] = word
  end
  return list
end

local retiring = '  premake = 2,\n  retention = "2 days",\n  cleanup = "drop",\n  max_drop = "100%",'

describe("plan and apply", function()
  after_each(support.cleanup)

  it("keep a table partitioned", function()
    local db = support.database(support.events { "2026-03-10", "2026-03-11", "2026-03-12", "2026-03-14" })
    local policy = support.policy(retiring)
    local on = { database = db }

    local plan = partrun(at_noon { "plan", policy }, on)
    assert.equal(0, plan.status, plan.err)
    assert.equal([[
public.events   daily, 4 partitions, runway 12 h
  + create  events_p20260313   2026-03-13 .. 2026-03-14            gap                    ShareUpdateExclusiveLock
  + create  events_p20260315   2026-03-15 .. 2026-03-16            premake 1 of 2         ShareUpdateExclusiveLock
  + create  events_p20260316   2026-03-16 .. 2026-03-17            premake 2 of 2         ShareUpdateExclusiveLock
  - drop    events_p20260310   2026-03-10 .. 2026-03-11     8 kB   expired 1 d 12 h ago   ShareUpdateExclusiveLock
  - drop    events_p20260311   2026-03-11 .. 2026-03-12     8 kB   expired 12 h ago       ShareUpdateExclusiveLock
5 operations and no findings in 1 set; nothing was changed
]], plan.out)
    assert.equal("events_p20260310 events_p20260311 events_p20260312 events_p20260314", support.partitions(db, "events"))

    local apply = partrun(at_noon { "apply", policy }, on)
    assert.equal(0, apply.status, apply.out .. apply.err)
    assert.matches("+ create  events_p20260315   2026-03-15 .. 2026-03-16", apply.out, 1, true)
    assert.matches("%d+ ms", apply.out)
    assert.matches("operations done", apply.out, 1, true)
    assert.equal("events_p20260312 events_p20260313 events_p20260314 events_p20260315 events_p20260316",
      support.partitions(db, "events"))

    local again = partrun(at_noon { "apply", policy }, on)
    assert.equal(0, again.status, again.err)
    assert.equal("nothing to do in 1 set\n", again.out)
    assert.equal("nothing to do in 1 set\n", partrun(at_noon { "plan", policy }, on).out:match "\n(nothing.*)$")
  end)

  it("print JSON with the promised keys", function()
    local db = support.database(support.events { "2026-03-10", "2026-03-13", "2026-03-14" })
    local on = { database = db }
    local policy = support.policy(retiring)
    local plan = json(at_noon { "plan", policy }, on)
    assert.equal(1, plan.version)
    assert.equal("2026-03-14T12:00:00Z", plan.now)
    assert.equal(db, plan.database)
    assert.matches("^%x+$", plan.fingerprint)
    assert.equal(1, #plan.sets)
    local set = plan.sets[1]
    assert.equal("public.events", set.table)
    assert.equal("events", set.policy)
    assert.equal(support.null, set.tenant)
    local create = set.operations[1]
    assert.equal("create", create.op)
    assert.equal("ShareUpdateExclusiveLock", create.lock)
    assert.matches("^2026%-03%-1%dT00:00:00Z$", create.from)
    assert.is_true(#create.sql >= 2)
    assert.is_table(set.findings)

    local applied, result = json(at_noon { "apply", policy }, on)
    assert.equal(0, result.status, result.err)
    assert.equal(1, applied.version)
    assert.equal(#set.operations, applied.done)
    assert.equal(0, applied.failed)
    assert.equal(0, applied.skipped)
    assert.is_number(applied.run)
    assert.equal("done", applied.sets[1].operations[1].status)
    assert.equal(create.partition, applied.sets[1].operations[1].partition)
  end)

  it("tell pending changes by an exit status", function()
    local db = support.database(support.events { "2026-03-14" })
    local on, policy = { database = db }, support.policy "  premake = 1,"
    assert.equal(0, partrun(at_noon { "plan", policy }, on).status)
    assert.equal(3, partrun(at_noon { "plan", "--exit-code", policy }, on).status)
    assert.equal(0, partrun(at_noon { "-q", "apply", policy }, on).status)
    assert.equal(0, partrun(at_noon { "plan", "--exit-code", policy }, on).status)
  end)

  it("print SQL that does the same as apply", function()
    local table_sql = support.events({ "2026-03-10", "2026-03-14" },
      "INSERT INTO events VALUES ('2026-03-10 10:00+00'), ('2026-03-14 10:00+00');")
    local by_psql, by_apply = support.database(table_sql), support.database(table_sql)
    local policy = support.policy(retiring)
    local script = partrun(at_noon { "plan", "--sql", policy }, { database = by_psql })
    assert.equal(0, script.status, script.err)
    assert.matches("\nBEGIN;\n", script.out)
    assert.matches("\nCOMMIT;\n", script.out)
    assert.matches("\n-- create public.events_p20260315, 2026-03-15 .. 2026-03-16: ", script.out, 1, true)
    sql(by_psql, script.out)
    assert.equal(0, partrun(at_noon { "apply", policy }, { database = by_apply }).status)
    local bounds = "SELECT relname, pg_get_expr(relpartbound, oid) FROM pg_class WHERE relispartition ORDER BY 1"
    assert.equal(sql(by_apply, bounds), sql(by_psql, bounds))
    assert.equal("nothing to do in 1 set\n",
      partrun(at_noon { "plan", policy }, { database = by_psql }).out:match "nothing.*$")
  end)

  it("do one half of the work with --only", function()
    local db = support.database(support.events { "2026-03-10", "2026-03-13", "2026-03-14" })
    local on, policy = { database = db }, support.policy(retiring)
    local create = partrun(at_noon { "apply", "--only", "create", policy }, on)
    assert.equal(0, create.status, create.err)
    assert.not_matches("drop", create.out, 1, true)
    assert.matches("events_p20260310 ", support.partitions(db, "events"), 1, true)
    local retire = partrun(at_noon { "apply", "--only=retire", policy }, on)
    assert.equal(0, retire.status, retire.err)
    assert.not_matches("create", retire.out, 1, true)
    assert.not_matches("events_p20260310", support.partitions(db, "events"), 1, true)
  end)

  it("stop a mass drop unless told otherwise", function()
    local db = support.database(support.events { "2026-03-08", "2026-03-09", "2026-03-10", "2026-03-14" })
    local on = { database = db }
    local policy = support.policy '  premake = 0,\n  retention = "1 day",\n  cleanup = "drop",'
    local plan = partrun(at_noon { "plan", policy }, on)
    assert.matches("! mass_drop", plan.out, 1, true)
    assert.not_matches("- drop", plan.out, 1, true)
    partrun(at_noon { "apply", "--max-drop", "2", policy }, on)
    assert.matches("events_p20260310", support.partitions(db, "events"), 1, true)
    local all = partrun(at_noon { "apply", "--max-drop", "all", policy }, on)
    assert.equal(0, all.status, all.out)
    assert.not_matches("events_p2026031?[089] ", support.partitions(db, "events"))
  end)

  it("create in several sessions", function()
    local db = support.database(support.events())
    local result = partrun(at_noon { "apply", "-j", "3", support.policy "  premake = 30,\n  backfill = 30," }, { database = db })
    assert.equal(0, result.status, result.err)
    assert.equal("61", sql(db, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass"))
  end)

  it("write a journal unless told not to", function()
    local db = support.database(support.events())
    local on, policy = { database = db }, support.policy "  premake = 1,"
    assert.equal(0, partrun(at_noon { "apply", "--no-journal", policy }, on).status)
    assert.equal("", sql(db, "SELECT nspname FROM pg_namespace WHERE nspname = 'partrun'"))
    assert.equal(0, partrun({ "--now", "2026-03-20", "apply", policy }, on).status)
    assert.equal("1", sql(db, "SELECT count(*) FROM partrun.run"))
  end)

  it("report a failing operation and go on with the others", function()
    local db = support.database(support.events { "2026-03-10", "2026-03-11", "2026-03-14" } .. [[
      CREATE VIEW v AS SELECT * FROM events_p20260310;]])
    local policy = support.policy(retiring)
    local result = partrun(at_noon { "apply", policy }, { database = db })
    assert.equal(1, result.status, result.out)
    assert.matches("failed", result.out, 1, true)
    assert.matches("1 failed", result.out, 1, true)
    assert.not_matches("events_p20260311", support.partitions(db, "events"), 1, true)
    assert.matches("events_p20260315", support.partitions(db, "events"), 1, true)
    local value, again = json(at_noon { "apply", policy }, { database = db })
    assert.equal(1, again.status)
    assert.equal(1, value.failed)
    local operation = value.sets[1].operations[1]
    assert.equal("failed", operation.status)
    assert.equal("2BP01", operation.error.sqlstate)
  end)

  it("exit 1 when an error remains", function()
    local db = support.database()
    local result = partrun({ "apply", support.policy() }, { database = db })
    assert.equal(1, result.status, result.out .. result.err)
    assert.matches("! not_partitioned", result.out, 1, true)
    assert.equal(0, partrun({ "plan", support.policy() }, { database = db }).status)
  end)

  it("are silent with -q when all is well", function()
    local db = support.database(support.events { "2026-03-14" })
    local result = partrun(at_noon { "-q", "apply", support.policy() }, { database = db })
    assert.equal(0, result.status)
    assert.equal("", result.out)
    assert.equal("", result.err)
  end)

  it("exit 5 when another run holds the table", function()
    local db = support.database(support.events { "2026-03-14" })
    local oid = sql(db, "SELECT 'events'::regclass::oid")
    local folder = support.folder()
    -- Whoever holds the set's advisory lock is another run; its class id is seen on a run of ours.
    local policy = support.policy '  premake = 1, on_create = function(ctx) ctx.db:query "SELECT pg_sleep(3)" end,'
    local first = support.command(at_noon { "apply", policy }, { database = db })
    os.execute(("{ %s; echo $? >%s/status; } >%s/out 2>&1 &"):format(first, folder, folder))
    local held
    for _ = 1, 100 do
      held = sql(db, ("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"):format(oid))
      if held ~= "0" then
        break
      end
      os.execute "sleep 0.05"
    end
    assert.not_equal("0", held)
    local second = partrun(at_noon { "apply", support.policy() }, { database = db })
    assert.equal(5, second.status, second.out .. second.err)
    local wait = support.shell(("for i in $(seq 100); do [ -s %s/status ] && break; sleep 0.1; done; cat %s/status")
      :format(folder, folder))
    assert.equal("0\n", wait.out, support.read(folder .. "/out"))
    assert.equal(0, partrun(at_noon { "apply", support.policy() }, { database = db }).status)
  end)
end)

describe("two partruns at once", function()
  after_each(support.cleanup)

  it("leave the same partitions as one", function()
    local db = support.database(support.events { "2026-03-14" })
    local policy = support.policy "  premake = 60,"
    local command = support.command(at_noon { "apply", policy }, { database = db })
    local folder = support.folder()
    local result = support.shell(("{ %s; echo $? >%s/a; } >/dev/null & { %s; echo $? >%s/b; } >/dev/null; wait; cat %s/a %s/b")
      :format(command, folder, command, folder, folder, folder))
    assert.matches("^[05]\n[05]\n$", result.out, result.err)
    assert.matches("0", result.out, 1, true)
    assert.equal("61", sql(db, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass"))
    assert.equal("nothing to do in 1 set\n", partrun(at_noon { "apply", policy }, { database = db }).out)
  end)
end)

describe("a saved plan", function()
  after_each(support.cleanup)

  it("is done exactly, from any folder", function()
    local db = support.database(support.events { "2026-03-10", "2026-03-14" })
    local on = { database = db, cwd = support.folder() }
    local file = support.folder() .. "/plan.json"
    local policy = support.policy(retiring)
    local plan = partrun(at_noon { "plan", "--out", file, policy }, on)
    assert.equal(0, plan.status, plan.err)
    assert.matches("; nothing was changed\n$", plan.out)
    assert.matches("partrun apply " .. file, plan.err, 1, true)
    local apply = partrun({ "apply", file }, { database = db, cwd = "/" })
    assert.equal(0, apply.status, apply.out .. apply.err)
    assert.equal("events_p20260314 events_p20260315 events_p20260316", support.partitions(db, "events"))
  end)

  it("keeps its own options", function()
    local db = support.database(support.events { "2026-03-10", "2026-03-14" })
    local on, file = { database = db }, support.folder() .. "/plan.json"
    assert.equal(0, partrun(at_noon { "plan", "-q", "--only", "create", "--out=" .. file, support.policy(retiring) }, on).status)
    local clash = partrun({ "apply", "--only", "retire", file }, on)
    assert.equal(2, clash.status)
    assert.matches("a saved plan has its own", clash.err, 1, true)
    assert.equal(0, partrun({ "apply", file }, on).status)
    assert.matches("events_p20260310", support.partitions(db, "events"), 1, true)
  end)

  it("is refused when the database has changed", function()
    local db = support.database(support.events { "2026-03-10", "2026-03-14" })
    local on, file = { database = db }, support.folder() .. "/plan.json"
    assert.equal(0, partrun(at_noon { "plan", "-q", "--out", file, support.policy(retiring) }, on).status)
    sql(db, "CREATE TABLE odd PARTITION OF events FOR VALUES FROM ('2026-03-15') TO ('2026-03-15 06:00')")
    local before = support.partitions(db, "events")
    local result = partrun({ "apply", file }, on)
    assert.equal(1, result.status, result.out)
    assert.matches("hint: ", result.err, 1, true)
    assert.equal(before, support.partitions(db, "events"))
  end)

  it("holds no connection string", function()
    local db = support.database(support.events { "2026-03-14" })
    local file = support.folder() .. "/plan.json"
    local dsn = "dbname=" .. db .. " password=topsecret"
    assert.equal(0, partrun(at_noon { "plan", "-q", "-d", dsn, "--out", file, support.policy() }).status)
    assert.not_matches("topsecret", support.read(file), 1, true)
  end)
end)
