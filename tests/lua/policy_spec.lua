local partrun = require "partrun"

local function problems(fields)
  local ok, raised = pcall(partrun.policy, fields)
  assert.is_false(ok)
  return raised
end

describe("partrun.policy", function()
  it("returns a policy that shows its fields and cannot be changed", function()
    local policy = partrun.policy { table = "app.events", interval = "daily" }
    assert.equal("events", policy.name)
    assert.equal("1 day", policy.interval)
    assert.matches('^policy "events" %(.*policy_spec.lua:%d+%)$', tostring(policy))
    assert.error_matches(function() policy.interval = "1 hour" end, "cannot be changed")
    assert.equal("partrun.policy", getmetatable(policy))
  end)

  it("reports every problem in one error, with its place", function()
    local raised = problems { table = "app.events", interval = "1 day", retention = "90", premak = 4 }
    assert.equal(3, #raised.problems)
    assert.matches('policy_spec.lua:%d+: policy "events": premak: there is no such field %(and 2 more errors%)$', raised.message)
    assert.equal("did you mean `premake`?", raised.hint)
    assert.matches('retention: "90" has no unit %(hint: write "90 days"%)', tostring(raised))
  end)

  it("names the line of the call, also of a tail call", function()
    local line = debug.getinfo(1, "l").currentline + 2
    local function tail()
      return partrun.policy { table = "a", interval = 1 }
    end
    assert.equal(line, tail().line)
  end)

  it("copies what it is given", function()
    local tables = { "a.b" }
    local policy = partrun.policy { tables = tables, interval = "1 day" }
    tables[1] = "c.d"
    assert.equal("a.b", policy.tables[1])
  end)
end)

describe("tenants, archives and levels below", function()
  local function policy(fields)
    fields.table, fields.interval = "app.events", "1 day"
    return fields
  end

  it("are read as they are documented", function()
    for _, fields in ipairs {
      { tenant = { key = "p", values = "SELECT uid AS id, plan FROM app.projects" } },
      { tenant = { key = "p", values = { "acme", 42, "" }, unknown = "keep" }, purge = {} },
      { tenant = { key = "p", values = { { id = "acme", plan = "pro", seats = 3, share = 0.5, paid = true }, "zed" },
        unknown = { drop_after = "30 days" } }, purge = { batch = 1, pause = "1 s", max_rows = 10 } },
      { archive = "s3://cold/{schema}/{table}/{tenant}/{name}.csv.zst" },
      { archive = "file:///backup/{from:%Y}/{name}.copy.gz" },
      { archive = "schema:attic" },
      { archive = { url = "s3://cold/{name}", format = "csv.gz", columns = { "id", "body" } } },
      { archive = function() end },
      { subpartition = { hash = "org_id", modulus = 4 } },
      { subpartition = { list = "region", values = { "eu", "us" } } },
      { subpartition = { list = "region", values = "SELECT code FROM app.regions" } },
      { subpartition = { range = "created_at", interval = "1 day" } },
      { subpartition = { range = "id", interval = 1000 } },
    } do
      assert.is_table(partrun.policy(policy(fields)))
    end
    local made = partrun.policy(policy { archive = "s3://b/{name}.csv", tenant = { key = "p", values = { "a" } },
      purge = { pause = "2 s" } })
    assert.same({ url = "s3://b/{name}.csv" }, made.archive)
    assert.equal(2000, made.purge.pause)
  end)

  it("say what is wrong with them, and where", function()
    local wrong = {
      { { tenant = "p" }, "tenant: \"p\" is not a table" },
      { { tenant = { values = { "a" } } }, "tenant.key: is required" },
      { { tenant = { key = "p" } }, "tenant.values: is required" },
      { { tenant = { key = "p", values = "acme" } }, "tenant.values: is neither a list nor a query" },
      { { tenant = { key = "p", values = {} } }, "tenant.values: is empty" },
      { { tenant = { key = "p", values = { "a", 1, "a" } } }, "tenant.values[3]: \"a\" is there twice" },
      { { tenant = { key = "p", values = { { id = "a" }, { id = "a" } } } }, "tenant.values[2]: tenant \"a\" is there twice" },
      { { tenant = { key = "p", values = { 1.5 } } }, "tenant.values[1]: 1.5 is not a tenant" },
      { { tenant = { key = "p", values = { { id = true } } } }, "tenant.values[1].id: must be a string or an integer" },
      { { tenant = { key = "p", values = { { id = "a", f = print } } } }, "tenant.values[1].f: is a function, not a plain value" },
      { { tenant = { key = "p", values = { "a" }, unknown = "drop" } }, "tenant.unknown: \"drop\" is not \"keep\"" },
      { { tenant = { key = "p", values = { "a" }, unknown = { drop_after = 30 } } }, "tenant.unknown.drop_after: 30 has no unit" },
      { { tenant = { key = "p", values = { "a" }, unknwon = "keep" } }, "tenant.unknwon: there is no such field" },
      { { purge = {} }, "purge: needs `tenant`" },
      { { purge = { batch = 0 } }, "purge.batch: must be between 1 and 1000000" },
      { { purge = { pause = 100 } }, "purge.pause: 100 has no unit" },
      { { purge = { pause = "2 hours" } }, "purge.pause: must be between" },
      { { purge = { max_rows = 0 } }, "purge.max_rows: must be 1 or more" },
      { { archive = true }, "archive: true is not an address, a table or a function" },
      { { archive = "/backup/{name}.csv" }, "archive: \"/backup/{name}.csv\" is no address of an archive" },
      { { archive = "file://host/{name}.csv" }, "is no address of an archive" },
      { { archive = "s3://cold/{name}.parquet" }, "does not say the archive's format" },
      { { archive = "s3://cold/{nmae}.csv" }, "archive: there is no {nmae}" },
      { { archive = "s3://cold/{name:%Y}.csv" }, "archive: " },
      { { archive = { url = "s3://cold/{name}" } }, "archive.url: \"s3://cold/{name}\" does not say the archive's format" },
      { { archive = { url = "s3://cold/{name}", format = "xml" } }, "archive.format: \"xml\" is not" },
      { { archive = { url = "s3://cold/{name}.csv", columns = { 5 } } }, "archive.columns[1]: 5 is not a string" },
      { { archive = { url = "schema:attic", format = "csv" } }, "archive.format: does not go with \"schema:\"" },
      { { subpartition = {} }, "subpartition: needs one of `hash`, `list` and `range`" },
      { { subpartition = { hash = "a", modulus = 0 } }, "subpartition.modulus: must be between 1 and 10000" },
      { { subpartition = { hash = "a", modulus = 2, range = "b", interval = "1 day" } }, "has both `hash` and `range`" },
      { { subpartition = { hash = "a", modulus = 2, values = { "x" } } }, "subpartition.values: does not go with `hash`" },
      { { subpartition = { list = "a" } }, "subpartition.values: is required with `list`" },
      { { subpartition = { range = "a", interval = "7" } }, "subpartition.interval: \"7\" has no unit" },
      { { subpartition = { range = "a", interval = "1 month 1 day" } }, "subpartition.interval: " },
    }
    for _, case in ipairs(wrong) do
      local raised = problems(policy(case[1]))
      assert.matches(case[2], tostring(raised), 1, true)
      assert.is_string(raised.problems[1].path)
    end
  end)

  it("look at what an archive function returns", function()
    local function archive(value)
      return pcall(partrun.policy(policy { archive = function() return value end }).archive, {}, {})
    end
    for value, expected in pairs {
      ["s3://cold/p1.csv.zst"] = { url = "s3://cold/p1.csv.zst" }, ["schema:attic"] = { url = "schema:attic" },
      ["file:///a/{name}.csv"] = { url = "file:///a/{name}.csv" },
    } do
      local ok, result = archive(value)
      assert.is_true(ok)
      assert.same(expected, result)
    end
    assert.same({ true }, { archive(nil) })
    for _, case in ipairs {
      { "s3://cold/{nome}.csv", "returned: there is no {nome}" },
      { "s3://cold/p1", "does not say the archive's format" }, { "p1.csv", "is no address of an archive" },
      { false, "returned: false is not an address, a table or nil" }, { {}, "returned.url: is required" },
      { { url = "s3://cold/p1.csv", name = "x" }, "returned.name: there is no such field" },
    } do
      local ok, message = archive(case[1])
      assert.is_false(ok)
      assert.matches(case[2], message, 1, true)
    end
  end)
end)

describe("the parts of a policy", function()
  local units, cron, schema = require "partrun.units", require "partrun.cron", require "partrun.schema"

  it("reads sizes as PostgreSQL does", function()
    assert.equal(500 * 1024 ^ 3, units.bytes "500 GB")
    assert.equal(1536, units.bytes "1.5kB")
    assert.equal(7, units.bytes "7 bytes")
    assert.equal(1024, units.bytes " 1 KiB ")
    for _, wrong in ipairs { "", "GB", "1..5 GB", "-1 GB", "5", "5 XB", "99999999 PB", ("9"):rep(50) .. " GB", 5, true } do
      assert.is_nil((units.bytes(wrong)))
    end
  end)

  it("knows schedules", function()
    for _, good in ipairs {
      "* * * * *", "15 * * * *", "*/15 0-6,22 1 JAN-mar mon", "0 0 29 2 *", "5/10 * * * 7", "@daily", "@yearly",
      "every 15m", "every 1d",
    } do
      assert.is_true(cron.check(good), good)
    end
    for _, wrong in ipairs {
      "", "* * * *", "* * * * * *", "a * * * *", "60 * * * *", "*/x * * * *", "1- * * * *", "@never", "every m",
    } do
      local ok, message, hint = cron.check(wrong)
      assert.is_nil(ok, wrong)
      assert.is_string(message)
      assert.is_string(hint)
    end
  end)

  it("proposes the nearest name only when one is near", function()
    assert.equal("premake", schema.nearest("premak", { "backfill", "premake" }))
    assert.equal("table", schema.nearest("tabel", { "tables", "table" }))
    assert.is_nil(schema.nearest("partition_interval", { "premake", "interval" }))
    assert.is_nil(schema.nearest(("x"):rep(1000), { "premake" }))
  end)
end)
