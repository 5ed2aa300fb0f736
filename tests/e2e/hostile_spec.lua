-- Names that break what is spliced: quotes, blanks, keywords, dots, newlines, escapes, 63 bytes.
local support = require "support"

local sql = support.sql

local names = {
  "we'ird", 'we"ird', "Order", "user", "a.b", "My Table", "sémantique", "x; DROP TABLE y; --", "$$", "\\", "percent %s %n",
  "tab\there", "new\nline", "esc\27[31mape", ("long"):rep(15),
}

local function quote_ident(name)
  return '"' .. name:gsub('"', '""') .. '"'
end

describe("hostile names", function()
  after_each(support.cleanup)

  it("work from plan to drop", function()
    local statements = { 'CREATE SCHEMA "My Sch""ema"' }
    local tables = {}
    for _, name in ipairs(names) do
      local full = '"My Sch""ema".' .. quote_ident(name)
      statements[#statements + 1] = ("CREATE TABLE %s (%s timestamptz NOT NULL) PARTITION BY RANGE (%s)")
        :format(full, quote_ident(name), quote_ident(name))
      statements[#statements + 1] = ('CREATE TABLE "My Sch""ema".%s PARTITION OF %s '
        .. "FOR VALUES FROM ('2026-03-01') TO ('2026-03-02')"):format(quote_ident(name:sub(1, 50) .. " old"), full)
      tables[#tables + 1] = ("%q"):format(full):gsub("\\\n", "\\n"):gsub("\27", "\\27")
    end
    local db = support.database(table.concat(statements, ";\n"))
    local policy = support.write(support.folder() .. "/names.lua", ([[
      return require "partrun".policy { tables = { %s }, interval = "1 day", premake = 1, retention = "3 days",
        cleanup = "drop", max_drop = "100%%" }]]):format(table.concat(tables, ", ")))
    local on = { database = db }
    local args = { "--now", "2026-03-14 12:00" }
    local function run(...)
      return support.partrun({ args[1], args[2], ... }, on)
    end

    local plan = run("plan", policy)
    assert.equal(0, plan.status, plan.out .. plan.err)
    assert.not_matches("\27", plan.out, 1, true)
    assert.matches(("%d operations and no findings in %d sets"):format(3 * #names, #names), plan.out, 1, true)
    local apply = run("apply", policy)
    assert.equal(0, apply.status, apply.out .. apply.err)
    assert.not_matches("\27", apply.out, 1, true)
    assert.matches(("%d operations done and no findings in %d sets"):format(3 * #names, #names), apply.out, 1, true)
    assert.equal(tostring(2 * #names), sql(db, "SELECT count(*) FROM pg_class WHERE relispartition AND relkind = 'r'"))
    local check = run("check", policy)
    assert.equal(0, check.status, check.out)
    local stats = run("stats", policy)
    assert.equal(0, stats.status, stats.err)
    assert.not_matches("\27", stats.out, 1, true)
    assert.equal(("nothing to do in %d sets\n"):format(#names), run("apply", policy).out)
  end)

  it("work in the SQL of a plan", function()
    local statements, tables = {}, {}
    for _, name in ipairs(names) do
      statements[#statements + 1] = ("CREATE TABLE %s (at timestamptz NOT NULL) PARTITION BY RANGE (at)"):format(quote_ident(name))
      tables[#tables + 1] = ("%q"):format("public." .. quote_ident(name)):gsub("\\\n", "\\n"):gsub("\27", "\\27")
    end
    local db = support.database(table.concat(statements, ";\n"))
    local policy = support.write(support.folder() .. "/names.lua",
      ('return require "partrun".policy { tables = { %s }, interval = "1 day", premake = 1 }'):format(table.concat(tables, ", ")))
    local script = support.partrun({ "plan", "--sql", policy }, { database = db })
    assert.equal(0, script.status, script.err)
    sql(db, script.out)
    assert.equal(("nothing to do in %d sets\n"):format(#names), support.partrun({ "apply", policy }, { database = db }).out)
  end)

  it("cannot be databases' undoing either", function()
    local name = "we'ird \"db\" \\ x=y"
    sql("postgres", "CREATE DATABASE " .. quote_ident(name))
    local dsn = "dbname='" .. name:gsub("[\\']", "\\%0") .. "'"
    local result = support.partrun { "plan", "-d", dsn, support.policy() }
    sql("postgres", "DROP DATABASE " .. quote_ident(name))
    assert.equal(0, result.status, result.err)
    assert.matches("not_partitioned", result.out, 1, true)
  end)
end)
