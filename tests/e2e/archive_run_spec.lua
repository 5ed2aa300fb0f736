-- Policies with `archive`: on disk before anything is dropped, kept when anything goes wrong, back when retention grows.
local support = require "support"

local sql, partrun, told, applied = support.sql, support.partrun, support.told, support.applied

local now = "2026-03-14 12:00"

local function files(folder)
  local found = support.shell(("cd %s && LC_ALL=C find . -type f -printf '%%P\\n' | LC_ALL=C sort"):format(folder)).out
  return (found:gsub("\n", " "):gsub(" $", ""))
end

-- Four days; the first has expired by `now`, with 1,440 rows.
local function events(more)
  return support.database(support.events({ "2026-03-10", "2026-03-11", "2026-03-12", "2026-03-13", "2026-03-14" }, [[
    INSERT INTO events SELECT '2026-03-10 00:00+00'::timestamptz + n * interval '1 minute', 'n' || n
      FROM generate_series(0, 1439) n;]] .. (more or "")))
end

local function policy(more)
  return support.policy('premake = 0, max_drop = "all", retention = "3 days", cleanup = "drop",\n' .. more)
end

local function state(db, name)
  return sql(db, ([[SELECT concat_ws(' ', CASE WHEN c.relispartition THEN 'attached' ELSE 'detached' END,
      substring(obj_description(c.oid) FROM '"state":"([a-z]*)"'),
      (SELECT 'fenced' FROM pg_constraint k WHERE k.conrelid = c.oid AND k.conname = 'partrun_archived'))
    FROM pg_class c WHERE c.relname = '%s']]):format(name))
end

describe("a policy with archive", function()
  after_each(support.cleanup)

  it("copies, proves and drops, and the rows come back", function()
    local db, folder = events(), support.folder()
    local url = "file://" .. folder .. "/public/events/2026/events_p20260310.csv.zst"
    local p = policy(('archive = "file://%s/{schema}/{table}/{from:%%Y}/{name}.csv.zst",'):format(folder))
    local plan = partrun({ "--now", now, "plan", p }, { database = db })
    assert.matches("- drop +events_p20260310 .*expired .* after archive to " .. url:gsub("%p", "%%%0"), plan.out)
    local result = applied(db, now, p)
    assert.matches("- drop +events_p20260310", result.out)
    assert.matches("archived", result.err, 1, true)
    assert.equal("", state(db, "events_p20260310"))
    assert.equal("public/events/2026/events_p20260310.csv.zst public/events/2026/events_p20260310.csv.zst.manifest.json",
      files(folder))
    result = partrun({ "restore", url, "--attach" }, { database = db })
    assert.equal(0, result.status, told(result))
    assert.equal("1440|n0|n999", sql(db, "SELECT count(*), min(note), max(note) FROM events"))
    assert.matches("nothing to do", applied(db, "2026-03-13", p).out, 1, true)
  end)

  it("keeps the table when the archive fails, and goes on from there", function()
    local db, folder = events(), support.folder()
    local p = policy(('archive = "file://%s/cold/{name}.copy.gz", on_error = function(ctx, partition) ctx.log.error("lost: "'
      .. ' .. partition.name .. " " .. partition.state) end,'):format(folder))
    support.write(folder .. "/cold", "a file where a folder has to be")
    local result = support.apply(db, now, p)
    assert.equal(1, result.status, told(result))
    assert.matches("lost: events_p20260310 detached", result.err, 1, true)
    assert.equal("detached retiring fenced", state(db, "events_p20260310"))
    assert.equal("1440", sql(db, "SELECT count(*) FROM events_p20260310"))
    assert.matches("drop +events_p20260310 .*after archive", partrun({ "--now", now, "plan", p }, { database = db }).out)
    os.remove(folder .. "/cold")
    applied(db, now, p)
    assert.equal("", state(db, "events_p20260310"))
    assert.equal("cold/events_p20260310.copy.gz cold/events_p20260310.copy.gz.manifest.json", files(folder))
  end)

  it("tells hooks of the archive; one that raises keeps the table, archived", function()
    local db, folder = events(), support.folder()
    local hooks = [[
      archive = function(ctx, partition)
        return { url = "file://%s/" .. partition.name, format = "csv.gz", columns = { "note" } }
      end,
      before_drop = function(ctx, partition)
        local a = partition.archive
        ctx.log.info(("%%s %%d rows %%d %%d"):format(a.url, a.rows, a.bytes, #a.sha256))
        %s
      end,
      after_drop = function(ctx, partition) ctx.log.info("gone: " .. partition.archive.url) end,]]
    local result = support.apply(db, now, policy(hooks:format(folder, 'error "not today"')))
    assert.equal(1, result.status, told(result))
    assert.matches("not today", result.out, 1, true)
    assert.equal("detached archived fenced", state(db, "events_p20260310"))
    result = applied(db, now, policy(hooks:format(folder, "")))
    assert.matches(folder:gsub("%p", "%%%0") .. "/events_p20260310 1440 rows %d+ 64", result.err)
    assert.matches("gone: file://" .. folder .. "/events_p20260310", result.err, 1, true)
    assert.equal("note\nn0\n", support.shell("gzip -dc " .. folder .. "/events_p20260310 | head -2").out)
  end)

  it("keeps what its function cannot place, and drops what it lets go", function()
    local db = events()
    local result = support.apply(db, now, policy 'archive = function() error "where to?" end,')
    assert.equal(1, result.status, told(result))
    assert.matches("it is kept, because its archive is not known: .*where to%?", result.out)
    assert.equal("attached", state(db, "events_p20260310"))
    applied(db, now, policy "archive = function() return nil end,")
    assert.equal("", state(db, "events_p20260310"))
  end)

  it("drops after the grace, when the archive is still there", function()
    local db, folder = events(), support.folder()
    local p = policy(('grace = "2 days", archive = "file://%s/{name}.csv",'):format(folder))
    assert.matches("- archive +events_p20260310 .* to file:.*, dropped after a grace of 2 days\n",
      partrun({ "--now", now, "plan", p }, { database = db }).out)
    applied(db, now, p)
    assert.equal("detached archived fenced", state(db, "events_p20260310"))
    local insert = support.shell(("psql -Xqd %s -c \"INSERT INTO events_p20260310 VALUES ('2026-03-10 Z')\""):format(db))
    assert.matches("partrun_archived", insert.err, 1, true)
    assert.matches("it is detached, and dropped after 2026%-03%-16 12:00", applied(db, "2026-03-15 12:00", p).out)
    os.remove(folder .. "/events_p20260310.csv")
    local result = applied(db, "2026-03-16 12:00", p)
    assert.matches("not there any more", result.err, 1, true)
    assert.equal("", state(db, "events_p20260310"))
    assert.matches("events_p20260310.csv events_p20260310.csv.manifest.json", files(folder), 1, true)
  end)

  it("attaches again what a longer retention has caught up with", function()
    local db, folder = events(), support.folder()
    local text = ('grace = "1 month", archive = "file://%s/{name}.csv",'):format(folder)
    applied(db, now, policy(text))
    local longer = support.policy('premake = 0, retention = "10 days", cleanup = "drop",\n' .. text)
    assert.equal(3, partrun({ "--now", now, "check", longer }, { database = db }).status)
    assert.matches("+ reattach +events_p20260310 .*inside the retention of 10 days", applied(db, now, longer).out)
    assert.equal("attached", state(db, "events_p20260310"))
    assert.equal("events_p20260310 events_p20260311 events_p20260312 events_p20260313 events_p20260314",
      support.partitions(db, "events"))
    sql(db, "INSERT INTO events VALUES ('2026-03-10 01:00Z')")
    assert.equal("1441", sql(db, "SELECT count(*) FROM events"))
  end)

  it("moves to a schema instead", function()
    local db = events "CREATE SCHEMA attic;"
    local p = policy 'archive = "schema:attic",'
    assert.matches("- move +events_p20260310 .*to schema attic", partrun({ "--now", now, "plan", p }, { database = db }).out)
    applied(db, now, p)
    assert.equal("1440", sql(db, "SELECT count(*) FROM attic.events_p20260310"))
    assert.matches("nothing to do", applied(db, now, p).out, 1, true)
  end)

  it("never leaves its folder, whatever a tenant is called", function()
    local db, folder = support.database [[
      CREATE TABLE events (tenant text, at timestamptz, note text) PARTITION BY RANGE (tenant, at);
      CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('../../x', '2026-03-10 Z') TO ('../../x', '2026-03-11 Z');
      CREATE TABLE e2 PARTITION OF events FOR VALUES FROM ('..', '2026-03-10 Z') TO ('..', '2026-03-11 Z');
      CREATE TABLE e3 PARTITION OF events FOR VALUES FROM ('50%2F', '2026-03-10 Z') TO ('50%2F', '2026-03-11 Z')]],
      support.folder()
    applied(db, now, support.policy_file(([[table = "public.events", interval = "1 day", retention = "1 day",
      cleanup = "drop", max_drop = "all", tenant = { key = "tenant", values = { "../../x", "..", "50%%2F" } },
      archive = "file://%s/{tenant}/{name}.csv"]]):format(folder)))
    assert.equal("%2E./e2.csv %2E./e2.csv.manifest.json ..%2F..%2Fx/e1.csv ..%2F..%2Fx/e1.csv.manifest.json "
      .. "50%252F/e3.csv 50%252F/e3.csv.manifest.json", files(folder))
  end)

  it("shows SQL that drops nothing when it is run by hand", function()
    local db, folder = events(), support.folder()
    local shown = partrun({ "--now", now, "plan", "--sql", policy(('archive = "file://%s/{name}.csv",'):format(folder)) },
      { database = db }).out
    assert.matches("\nCOPY \"public\".\"events_p20260310\"", shown, 1, true)
    local result = support.shell(("psql -Xqd %s -f %s >/dev/null"):format(db, support.write(folder .. "/plan.sql", shown)))
    assert.matches("nothing proves that this very table is archived", result.err, 1, true)
    assert.equal("1440", sql(db, "SELECT count(*) FROM events_p20260310"))
  end)

  it("archives for scripts, and by hand", function()
    local db, folder = events(), support.folder()
    local p = policy(('archive = "file://%s/{name}.csv",'):format(folder))
    local script = support.write(folder .. "/run.lua", ([[
      local partrun = require "partrun"
      local db = assert(partrun.connect())
      local plan = assert(partrun.plan(db, assert(partrun.load %q), { now = partrun.time "%s" }))
      local result = assert(plan:apply())
      print(result.done, result.failed)]]):format(p, now))
    local result = partrun({ script }, { database = db })
    assert.equal("1\t0\n", result.out, told(result))
    result = partrun({ "--now", now, "retire", p, "events_p20260312", "--force-retention" }, { database = db })
    assert.equal(0, result.status, told(result))
    assert.matches("events_p20260310.csv .*events_p20260312.csv ", files(folder))
  end)
end)
