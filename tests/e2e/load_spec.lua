-- Writers and readers at work while partitions come and go: they get no error, and wait no longer than the lock timeout
-- and the time that a busy machine takes.
local support = require "support"

local sql, applied, policy_file = support.sql, support.applied, support.policy_file

local PGBENCH = "/usr/lib/postgresql/15/bin/pgbench"
local SECONDS, LONGEST = 6, 1500000 -- microseconds; lock_timeout is 300 ms

-- Thirty days behind now, and seven from it on, in which the writers write.
local function table_sql(default)
  local statements = { [[CREATE TABLE events (id bigserial, at timestamptz NOT NULL, note text, PRIMARY KEY (id, at))
    PARTITION BY RANGE (at); CREATE INDEX ON events (at)]], default }
  for day = -30, 6 do
    statements[#statements + 1] = ([[DO $$ BEGIN EXECUTE format(
      'CREATE TABLE d%s PARTITION OF events FOR VALUES FROM (%%L) TO (%%L)',
      '2026-03-14 Z'::timestamptz + '%d days', '2026-03-14 Z'::timestamptz + '%d days'); END $$]])
      :format(day < 0 and "m" .. -day or day, day, day + 1)
  end
  statements[#statements + 1] = "INSERT INTO events (at, note) SELECT '2026-02-12 Z'::timestamptz + i * '1 hour'::interval, 'old' "
    .. "FROM generate_series(0, 719) i"
  return table.concat(statements, ";\n")
end

-- Each run premakes three more and retires two more.
local function run(db, i, default)
  local policy = policy_file(([[table = "public.events", interval = "1 day", premake = %d, retention = "%d days",
    cleanup = "drop", lock_timeout = "300ms", default = "%s"]]):format(7 + 3 * i, math.max(30 - 2 * i, 2), default))
  applied(db, "2026-03-14 12:00", policy, { "--max-drop", "all" })
end

local function bench(db, folder, name, clients, script)
  local path = support.write(("%s/%s.sql"):format(folder, name), script)
  return support.start(("%s -n -c %d -j 1 -T %d -l --log-prefix=%s/%s -f %s %s")
    :format(PGBENCH, clients, SECONDS, folder, name, path, db))
end

-- The number of transactions done without an error; checks how long each took.
local function judge(job, folder, name)
  local result = job.finish()
  assert.equal(0, result.status, result.err)
  assert.not_matches("ERROR", result.err, 1, true)
  local longest = tonumber(support.shell(("cat %s/%s.* | awk '$3 ~ /^[0-9]+$/ && $3 > max { max = $3 } END { print max + 0 }'")
    :format(folder, name)).out)
  assert.is_true(longest > 0 and longest < LONGEST, ("%s waited %d us"):format(name, longest))
  return tonumber(result.out:match "number of transactions actually processed: (%d+)")
end

-- Runs partrun over and over beside the load; the number of runs.
local function under_load(default_sql, default, prepare)
  local db = support.database(table_sql(default_sql))
  if prepare then
    sql(db, prepare)
  end
  local folder = support.folder()
  local kept = tonumber(sql(db, "SELECT count(*) FROM events WHERE at >= '2026-03-14 Z'"))
  local writer = bench(db, folder, "writer", 3, [[
\set hour random(0, 167)
INSERT INTO events (at, note) VALUES ('2026-03-14 Z'::timestamptz + :hour * '1 hour'::interval, 'written');
\sleep 2 ms
]])
  -- Divides by zero when a row of those that nobody touches cannot be seen.
  local reader = bench(db, folder, "reader", 2, ([[
\sleep 5 ms
SELECT 1 / (count(*) = %d)::int FROM events WHERE at >= '2026-03-14 Z' AND note IS DISTINCT FROM 'written';
SELECT count(*) FROM events WHERE at >= '2026-03-15 Z' AND at < '2026-03-16 Z';
]]):format(kept))
  local runs = 0
  while not writer.ended() do
    runs = runs + 1
    run(db, runs, default)
  end
  local written = judge(writer, folder, "writer")
  assert.is_true(judge(reader, folder, "reader") > 0)
  assert.equal(tostring(written), sql(db, "SELECT count(*) FROM events WHERE note = 'written'"))
  assert.equal(tostring(kept),
    sql(db, "SELECT count(*) FROM events WHERE at >= '2026-03-14 Z' AND note IS DISTINCT FROM 'written'"))
  assert.is_true(runs > 2, "only " .. runs .. " runs")
  assert.is_true(support.count(db, "events") > 7 + 3 * runs)
  assert.equal("0", sql(db, "SELECT count(*) FROM pg_class WHERE relname = 'dm30'"))
  assert.equal("0", sql(db, "SELECT count(*) FROM pg_inherits WHERE inhdetachpending"))
  assert.equal("0", sql(db, "SELECT count(*) FROM pg_constraint WHERE conname = 'partrun_guard'"))
  return db
end

describe("under load", function()
  after_each(support.cleanup)

  it("partitions come and go unnoticed", function()
    under_load("", "ignore")
  end)

  it("partitions come and go unnoticed beside a default partition", function()
    under_load("CREATE TABLE rest PARTITION OF events DEFAULT", "ignore",
      "INSERT INTO events (at, note) SELECT '2020-01-01', repeat('x', 1000) FROM generate_series(1, 12000)")
  end)

  it("a default partition is drained with every row in sight at any time", function()
    local db = under_load("CREATE TABLE rest PARTITION OF events DEFAULT", "drain",
      "INSERT INTO events (at) SELECT '2026-03-21 Z'::timestamptz + i * '10 minutes'::interval FROM generate_series(0, 2999) i")
    assert.is_true(tonumber(sql(db, "SELECT count(*) FROM ONLY rest")) < 2000)
  end)
end)
