-- Archives on S3, on a server that verifies signatures: tests/support/with-server tests/support/with-s3 tests/e2e/run.
local support = require "support"

local sql, partrun = support.sql, support.partrun
local bucket = assert(os.getenv "PARTRUN_TEST_S3", "run it through tests/support/with-s3")

-- What another client sees.
local function look(...)
  local words = { ... }
  for i, word in ipairs(words) do
    words[i] = support.quote(word)
  end
  local result = support.shell("tests/support/s3-look " .. table.concat(words, " "))
  assert(result.status == 0, result.err)
  return (result.out:gsub("\n$", ""))
end

local small = [[CREATE TABLE p (id int GENERATED ALWAYS AS IDENTITY, at date NOT NULL, v text) PARTITION BY RANGE (at);
  CREATE INDEX ON p (v); CREATE TABLE "p +1" PARTITION OF p FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
  INSERT INTO p (at, v) SELECT '2025-01-05', n FROM generate_series(1, 1000) n;]]

describe("archives on S3", function()
  teardown(support.cleanup)

  it("are proven, and come back to their parent", function()
    local db = support.database(small)
    local before = sql(db, "SELECT md5(string_agg(p::text, '|' ORDER BY id)) FROM p")
    local url = bucket .. "/a b/p+1=ü.copy.zst"
    local env = { PARTRUN_S3_SSE = "aws:kms", PARTRUN_S3_SSE_KMS_KEY_ID = os.getenv "PARTRUN_TEST_S3_KMS_KEY" }
    local manifest, result = support.json({ "archive", '"p +1"', url }, { database = db, env = env })
    assert.equal(0, result.status, support.told(result))
    assert.equal(("%d %s aws:kms"):format(manifest.bytes, manifest.sha256), look("object", url))
    assert.equal("a b/p+1=ü.copy.zst\na b/p+1=ü.copy.zst.manifest.json", look("keys", bucket))
    result = partrun({ "archive", '"p +1"', url }, { database = db })
    assert.matches("was archived already, and verified again", result.out, 1, true)
    sql(db, 'DROP TABLE "p +1"')
    result = partrun({ "restore", url, "--attach" }, { database = db })
    assert.equal(0, result.status, support.told(result))
    assert.equal(before, sql(db, "SELECT md5(string_agg(p::text, '|' ORDER BY id)) FROM p"))
    -- Somebody else's object of the same size is no archive of ours.
    look("put", url, ("x"):rep(manifest.bytes))
    result = partrun({ "restore", url, "--into", "back" }, { database = db })
    assert.equal(1, result.status, support.told(result))
    assert.matches("the archive is damaged", result.err, 1, true)
  end)

  it("go up and down in parts, and are taken back when they are stopped", function()
    local db = support.database [[CREATE TABLE large AS
      SELECT n, md5(n::text) AS a, md5((-n)::text) AS b FROM generate_series(1, 500000) n]]
    local url = bucket .. "/large.csv"
    local copying = "SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE 'COPY%' AND state = 'active'"
    local job = support.start_partrun({ "archive", "large", url }, { database = db })
    support.wait_for(db, copying, "t")
    job.signal "INT"
    local result = job.finish()
    assert.equal(130, result.status, support.told(result))
    assert.equal("", look("uploads", bucket))
    assert.is_falsy(look("keys", bucket):find("large", 1, true))

    local manifest = support.json({ "archive", "large", url }, { database = db })
    assert.equal(500000, manifest.rows)
    assert.is_true(manifest.bytes > 3 * 8 * 1024 * 1024)
    assert.equal(("%d %s -"):format(manifest.bytes, manifest.sha256), look("object", url))
    job = support.start_partrun({ "restore", url, "--into", "back" }, { database = db })
    support.wait_for(db, copying, "t")
    job.signal "TERM"
    assert.equal(130, job.finish().status)
    support.wait_for(db, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'partrun'", "0")
    assert.is_false(support.exists(db, "back"))
    assert.equal(0, partrun({ "restore", url, "--into", "back" }, { database = db }).status)
    assert.equal("", sql(db, "SELECT * FROM large EXCEPT SELECT * FROM back"))
    assert.equal("", look("uploads", bucket))
  end)

  it("say what is wrong, and never a secret", function()
    local db = support.database(small)
    for _, case in ipairs {
      { 1, bucket .. "/x.csv", { AWS_SECRET_ACCESS_KEY = "quite/wrong+secret" } },
      { 2, bucket .. "/x.csv", { AWS_ACCESS_KEY_ID = false, AWS_SECRET_ACCESS_KEY = false } },
      { 1, "s3://no-such-bucket/x.csv", {} },
      { 2, "s3://", {} },
    } do
      local result = partrun({ "-v", "archive", '"p +1"', case[2] }, { database = db, env = case[3] })
      assert.equal(case[1], result.status, support.told(result))
      assert.matches("error: ", result.err, 1, true)
      for _, secret in ipairs { "quite/wrong", os.getenv "AWS_SECRET_ACCESS_KEY" } do
        assert.is_falsy(result.err:find(secret, 1, true))
      end
      assert.equal("", result.out)
    end
    assert.equal(1, partrun({ "restore", bucket .. "/nothing.csv" }, { database = db }).status)
    assert.is_falsy(look("keys", bucket):find("x.csv", 1, true))
  end)

  it("take what the recipe's policy drops, and give it back", function()
    local db = support.database [[CREATE SCHEMA recipes;
      CREATE TABLE recipes.requests (created_at timestamptz NOT NULL, body text) PARTITION BY RANGE (created_at);
      CREATE TABLE recipes.requests_old PARTITION OF recipes.requests FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
      CREATE TABLE recipes.requests_now PARTITION OF recipes.requests FOR VALUES FROM ('2025-03-01') TO ('2026-04-01');
      INSERT INTO recipes.requests SELECT timestamptz '2025-02-03' + n * interval '1 minute', repeat('é', n % 7)
        FROM generate_series(0, 9999) n;]]
    local before = sql(db, "SELECT md5(string_agg(r::text, '|' ORDER BY created_at)) FROM recipes.requests r")
    local text = support.read "policies/recipes/archive_s3.lua":gsub("s3://partrun%-archive", bucket)
    local policy = support.write(support.folder() .. "/archive.lua", text)
    -- Without credentials nothing is dropped; the next run goes on from there.
    local refused = support.apply(db, "2026-03-12", policy, {}, { AWS_ACCESS_KEY_ID = false, AWS_SECRET_ACCESS_KEY = false })
    assert.equal(1, refused.status, support.told(refused))
    assert.is_true(support.exists(db, "recipes.requests_old"))
    support.applied(db, "2026-03-12", policy)
    assert.is_false(support.exists(db, "recipes.requests_old"))
    local url = bucket .. "/recipes/requests/requests_old.csv.zst"
    local result = partrun({ "restore", url, "--attach" }, { database = db })
    assert.equal(0, result.status, support.told(result))
    assert.equal(before, sql(db, "SELECT md5(string_agg(r::text, '|' ORDER BY created_at)) FROM recipes.requests r"))
  end)
end)
