-- partrun archive and partrun restore: files in every format, what they refuse, and what is left when they are stopped.
local support = require "support"

local sql, partrun = support.sql, support.partrun

local function files(folder)
  return (support.shell("ls -A " .. folder).out:gsub("\n", " "):gsub(" $", ""))
end

local function tamper(path, change)
  local text = support.read(path)
  local changed = change(text)
  assert(changed ~= text, "nothing was changed in " .. path)
  support.write(path, changed)
end

local days = support.events({ "2026-03-10", "2026-03-11" }, [[
  INSERT INTO events SELECT '2026-03-10 00:00+00'::timestamptz + n * interval '1 minute',
    CASE n % 5 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN E'two\nlines, "quoted"' WHEN 3 THEN '\.' ELSE n::text END
    FROM generate_series(0, 2879) n;
  CREATE INDEX ON events (note);]])

-- Sizeable: long enough to be stopped in.
local large = [[CREATE TABLE large AS SELECT n, md5(n::text) AS a, md5((-n)::text) AS b FROM generate_series(1, 400000) n]]

describe("archive and restore", function()
  after_each(support.cleanup)

  it("writes what psql and gzip can read, with its proof beside it", function()
    local db, folder = support.database(days), support.folder()
    local url = "file://" .. folder .. "/day.csv"
    local result = partrun({ "archive", "events_p20260310", url .. ".gz" }, { database = db })
    assert.equal(0, result.status, support.told(result))
    assert.matches("^public.events_p20260310  archived and verified in ", result.out)
    assert.matches("rows        1,440", result.out, 1, true)
    assert.matches("parent      public.events", result.out, 1, true)
    local manifest = support.json({ "archive", "events_p20260310", url }, { database = db })
    assert.same({ 1, "public.events_p20260310", "public.events", 1440, "csv", "none", 2 }, {
      manifest.version, manifest.table, manifest.parent, manifest.rows, manifest.format, manifest.compression,
      #manifest.columns,
    })
    assert.same({ "2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z" }, { manifest.from, manifest.to })
    local text = support.read(folder .. "/day.csv")
    assert.equal(#text, manifest.bytes)
    assert.equal(manifest.sha256, support.shell("sha256sum <" .. folder .. "/day.csv").out:match "%x+")
    assert.equal(text, support.shell("gzip -dc " .. folder .. "/day.csv.gz").out)
    assert.equal(text, support.shell(("psql -Xqd %s -c %s"):format(db, support.quote(
      "SET timezone = 'UTC'; COPY events_p20260310 TO STDOUT WITH (FORMAT csv, HEADER)"))).out)
    assert.equal("day.csv day.csv.gz day.csv.gz.manifest.json day.csv.manifest.json", files(folder))
    -- The same again is only proven again.
    result = partrun({ "archive", "public.events_p20260310", url }, { database = db })
    assert.matches("was archived already, and verified again", result.out, 1, true)
    assert.equal(2880, tonumber(sql(db, "SELECT count(*) FROM events")))
  end)

  it("bring back every format, as a table or as the partition that it was", function()
    local db, folder = support.database(days), support.folder()
    local before = sql(db, "SELECT md5(string_agg(e::text, '|' ORDER BY created_at)) FROM events e")
    for i, suffix in ipairs { "csv", "csv.gz", "csv.zst", "copy", "copy.gz", "copy.zst" } do
      local url = ("file://%s/day.%s"):format(folder, suffix)
      local result = partrun({ "archive", "events_p20260310", url }, { database = db })
      assert.equal(0, result.status, support.told(result))
      local restored = support.json({ "restore", url, "--into", "Copy" .. i }, { database = db })
      assert.same({ "public.copy" .. i, 1440, support.null }, { restored.table, restored.rows, restored.parent })
      sql(db, "DROP TABLE events_p20260310")
      result = partrun({ "restore", url .. ".manifest.json", "--attach" }, { database = db })
      assert.equal(0, result.status, support.told(result))
      assert.matches("attached to public.events", result.out, 1, true)
      assert.equal(before, sql(db, "SELECT md5(string_agg(e::text, '|' ORDER BY created_at)) FROM events e"))
      assert.equal("", sql(db, ("SELECT * FROM copy%d EXCEPT ALL SELECT * FROM events_p20260310"):format(i)))
    end
    assert.equal("events_p20260310 events_p20260311", support.partitions(db, "events"))
    local result = partrun({ "-q", "restore", "file://" .. folder .. "/day.csv", "--into", "quiet" }, { database = db })
    assert.same({ 0, "", "" }, { result.status, result.out, result.err })
  end)

  it("refuse what they cannot do, and change nothing", function()
    local db, folder = support.database(days .. "CREATE VIEW seen AS SELECT 1 AS one;"), support.folder()
    local url = "file://" .. folder .. "/day.csv.zst"
    assert.equal(0, partrun({ "archive", "events_p20260310", url }, { database = db }).status)
    local before = sql(db, "SELECT string_agg(relname, ' ' ORDER BY oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    for _, case in ipairs {
      { 2, "no address", "archive", "events_p20260310", "/tmp/x.csv" },
      { 2, "no address", "restore", "ftp://x/y.csv" },
      { 2, "format", "archive", "events_p20260310", "file://" .. folder .. "/x.parquet" },
      { 2, "--attach", "restore", url, "--parent", "events" },
      { 2, "--into", "restore", url, "--into", "a.b.c" },
      { 2, "needs more arguments", "archive", "events_p20260310" },
      { 2, "takes no option", "archive", "events_p20260310", url, "--attach" },
      { 1, "there is no such table", "archive", "nothing", "file://" .. folder .. "/x.csv" },
      { 1, "seen", "archive", "seen", "file://" .. folder .. "/x.csv" },
      { 1, "day.csv.zst", "archive", "events_p20260310", url .. "/below/a/file.csv" },
      { 1, "the manifest of another table", "archive", "events_p20260311", url },
      { 1, "there is no manifest", "restore", "file://" .. folder .. "/x.csv" },
      { 1, "already; nothing was changed", "restore", url },
      { 1, "there is no schema", "restore", url, "--into", "nowhere.t" },
      { 1, "would overlap", "restore", url, "--into", "t", "--attach" },
      { 1, "is not partitioned", "restore", url, "--into", "t", "--attach", "--parent", "seen" },
    } do
      local result = partrun({ table.unpack(case, 3) }, { database = db })
      assert.equal(case[1], result.status, table.concat(case, " ", 3) .. "\n" .. support.told(result))
      assert.matches(case[2], result.err, 1, true)
      assert.equal("", result.out)
    end
    assert.equal(4, partrun({ "-d", "host=/nonexistent", "restore", url }).status)
    assert.equal(before,
      sql(db, "SELECT string_agg(relname, ' ' ORDER BY oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace"))
    assert.equal("day.csv.zst day.csv.zst.manifest.json", files(folder))
  end)

  it("find damage in the object and lies in the manifest", function()
    local db, folder = support.database(days), support.folder()
    local path = folder .. "/day.copy.zst"
    assert.equal(0, partrun({ "archive", "events_p20260310", "file://" .. path }, { database = db }).status)
    local object, manifest = support.read(path), support.read(path .. ".manifest.json")
    local function refused(message)
      local result = partrun({ "restore", "file://" .. path, "--into", "back" }, { database = db })
      assert.equal(1, result.status, support.told(result))
      assert.matches(message, result.err, 1, true)
      assert.is_false(support.exists(db, "back"))
      support.write(path, object)
      support.write(path .. ".manifest.json", manifest)
    end
    tamper(path, function(t) return t:sub(1, -20) end)
    refused "the archive is damaged"
    tamper(path, function(t) return t:sub(1, 500) .. string.char(t:byte(501) ~ 1) .. t:sub(502) end)
    refused "the archive is damaged"
    tamper(path .. ".manifest.json", function(t) return (t:gsub('"sha256": "%x%x', '"sha256": "zz')) end)
    refused "sha256"
    tamper(path .. ".manifest.json", function(t) return (t:gsub('"rows": 1440', '"rows": 1441')) end)
    refused "the archive holds 1440 rows, its manifest says 1441"
    tamper(path .. ".manifest.json", function(t) return (t:gsub('"type": "text"', '"type": "text); DROP TABLE events; --"')) end)
    refused "the definition cannot be read"
    tamper(path .. ".manifest.json", function(t) return t:sub(1, 200) end)
    refused "the manifest is no JSON"
    support.write(path .. ".manifest.json", manifest)
    assert.equal(0, partrun({ "restore", "file://" .. path, "--into", "back" }, { database = db }).status)
    -- What was damaged after it was proven is not taken for proven again.
    tamper(path, function(t) return t:sub(1, 500) .. string.char(t:byte(501) ~ 1) .. t:sub(502) end)
    local result = partrun({ "archive", "events_p20260310", "file://" .. path }, { database = db })
    assert.equal(1, result.status, support.told(result))
  end)

  it("say how far they are on a terminal, and leave nothing behind when they are stopped", function()
    local db, folder = support.database(large), support.folder()
    local path = folder .. "/large.csv.gz"
    local job = support.start_partrun({ "archive", "large", "file://" .. path }, { database = db })
    support.wait_for(db, "SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE 'COPY%' AND state = 'active'", "t")
    job.signal "INT"
    assert.equal(130, job.finish().status)
    assert.equal("", files(folder))

    job = support.start_partrun({ "archive", "large", "file://" .. path }, { database = db })
    support.wait_for(db, "SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE 'COPY%' AND state = 'active'", "t")
    job.signal "KILL"
    job.finish()
    assert.is_falsy(files(folder):find("manifest", 1, true))

    local command = support.command({ "archive", "large", "file://" .. path }, { database = db, env = { TERM = "xterm" } })
    os.execute(("script -qec %s %s/typescript </dev/null >/dev/null 2>&1"):format(support.quote(command), folder))
    local text = support.read(folder .. "/typescript")
    assert.matches("\r\27%[Karchiving  [%d,]+ rows  [%d.]+ %a+  [%d.]+ %a+/s ", text)
    assert.matches("archived and verified", text, 1, true)
    os.remove(folder .. "/typescript")
    assert.equal("large.csv.gz large.csv.gz.manifest.json", files(folder))

    job = support.start_partrun({ "restore", "file://" .. path, "--into", "back" }, { database = db })
    support.wait_for(db, "SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE 'COPY%' AND state = 'active'", "t")
    job.signal "INT"
    local result = job.finish()
    assert.equal(130, result.status, support.told(result))
    support.wait_for(db, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'partrun'", "0")
    assert.is_false(support.exists(db, "back"))
    assert.equal(0, partrun({ "restore", "file://" .. path, "--into", "back" }, { database = db }).status)
    assert.equal("", sql(db, "SELECT * FROM large EXCEPT SELECT * FROM back"))
  end)
end)

-- The drill of docs/archiving.md, word for word, on the demo's tables.
describe("the restore drill", function()
  after_each(support.cleanup)

  it("does what the document says", function()
    local text = support.read "docs/archiving.md":match "\n## A restore drill\n(.*)"
    local folder, blocks = support.folder(), {}
    for block in text:gmatch "```sh\n(.-)```" do
      blocks[#blocks + 1] = block
    end
    assert.equal("partrun demo\n", table.remove(blocks, 1))
    local script = table.concat(blocks):gsub("/tmp/drill", folder)
    local database = support.database()
    local sample = support.shell(("PGOPTIONS=\"-c sample.now=$(date -u +%%FT%%TZ)\" psql -qX -v ON_ERROR_STOP=1 -d %s "
      .. "-f tests/sample/schema.sql -f tests/sample/rows.sql"):format(database))
    assert.equal(0, sample.status, sample.err)
    assert.equal(0, partrun({ "apply", "policies/webhooks.lua" }, { database = database }).status)

    os.execute(("mkdir %s/bin; ln -s %s %s/bin/partrun"):format(folder, support.absolute(support.bin), folder))
    local result = support.shell(("PATH=%s/bin:$PATH PARTRUN_DSN=dbname=%s bash -u %s"):format(folder, database,
      support.write(folder .. "/drill.sh", script)))
    assert.equal(0, result.status, support.told(result))
    for _, part in ipairs {
      "archived and verified", "DROP TABLE", "attached to webhooks.events", "\nthe same\n", "PRIMARY KEY",
      "Partition of: webhooks.events", "public.looked_at", "user.login", "exit status 1",
    } do
      assert.matches(part, result.out, 1, true)
    end
    assert.matches("the archive is damaged", result.err, 1, true)
    assert.is_false(support.exists(database, "damaged"))
  end)
end)
