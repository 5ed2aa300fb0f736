-- The recipes of policies/recipes, each on a table as it asks for. (archive_s3.lua: with the specs on S3.)
local support = require "support"

local sql, applied = support.sql, support.applied
local now = "2026-03-12 12:00"

local function table_of(name, days, more)
  local made = { "CREATE SCHEMA recipes;",
    ("CREATE TABLE recipes.%s (created_at timestamptz NOT NULL, note text%s) PARTITION BY RANGE (created_at);")
      :format(name, more or "") }
  for i, day in ipairs(days) do
    made[#made + 1] = ("CREATE TABLE recipes.p%d PARTITION OF recipes.%s FOR VALUES FROM ('%s') TO ('%s');")
      :format(i, name, day[1], day[2])
  end
  return table.concat(made, "\n")
end

local function recipe(name)
  return "policies/recipes/" .. name .. ".lua"
end

-- A copy of the recipe with one text in place of another.
local function changed(name, from, to)
  local text = support.read(recipe(name))
  local at, last = text:find(from, 1, true)
  return support.write(support.folder() .. "/" .. name .. ".lua", text:sub(1, at - 1) .. to .. text:sub(last + 1))
end

local function exists(db, relation)
  return sql(db, ("SELECT to_regclass('%s') IS NOT NULL"):format(relation)) == "t"
end

describe("recipe", function()
  after_each(support.cleanup)

  it("tenants: retention by plan, new ones and gone ones", function()
    local db = support.database [[
      CREATE SCHEMA recipes;
      CREATE TABLE recipes.projects (uid text PRIMARY KEY, plan text, deleted_at timestamptz);
      INSERT INTO recipes.projects VALUES ('acme', 'pro'), ('zed', 'free'), ('odd', 'barter');
      CREATE TABLE recipes.deliveries (project_id text, created_at timestamptz, PRIMARY KEY (project_id, created_at))
        PARTITION BY RANGE (project_id, created_at);
      CREATE TABLE recipes.p1 PARTITION OF recipes.deliveries FOR VALUES FROM ('acme', '2026-02-01') TO ('acme', '2026-03-12');
      CREATE TABLE recipes.p2 PARTITION OF recipes.deliveries FOR VALUES FROM ('zed', '2026-02-01') TO ('zed', '2026-03-01');
      CREATE TABLE recipes.p3 PARTITION OF recipes.deliveries FOR VALUES FROM ('zed', '2026-03-01') TO ('zed', '2026-03-12');
      CREATE TABLE recipes.p4 PARTITION OF recipes.deliveries FOR VALUES FROM ('odd', '2001-01-01') TO ('odd', '2026-03-12');]]
    applied(db, now, recipe "tenants")
    assert.is_true(exists(db, "recipes.p1") and exists(db, "recipes.p3") and exists(db, "recipes.p4"))
    assert.is_false(exists(db, "recipes.p2"))
    sql(db, "UPDATE recipes.projects SET deleted_at = now() WHERE uid = 'acme'; INSERT INTO recipes.projects VALUES ('new', 'pro')")
    assert.matches("acme is not in the policy's list any more", applied(db, now, recipe "tenants").out, 1, true)
    sql(db, "INSERT INTO recipes.deliveries VALUES ('new', '2026-03-12 13:00')")
    applied(db, "2026-04-12", recipe "tenants", { "--max-drop", "all" })
    assert.is_false(exists(db, "recipes.p1"))
  end)

  it("archive_schema: old months move, without their indexes", function()
    local db = support.database(table_of("invoices", { { "2024-01-01", "2024-02-01" }, { "2025-02-01", "2025-03-01" },
      { "2025-03-01", "2026-03-01" } }) .. "CREATE INDEX ON recipes.invoices (note); CREATE SCHEMA attic;")
    applied(db, now, recipe "archive_schema")
    assert.is_true(exists(db, "attic.p1") and exists(db, "recipes.p2"))
    assert.equal("0", sql(db, "SELECT count(*) FROM pg_index WHERE indrelid = 'attic.p1'::regclass"))
  end)

  it("legal_hold: what is on hold stays", function()
    local db = support.database(table_of("messages", { { "2025-01-01", "2025-02-01" }, { "2025-02-01", "2025-03-02" },
      { "2025-04-14", "2025-04-16" }, { "2025-04-16", "2025-04-17" }, { "2025-04-17", "2026-03-12" } }))
    applied(db, "2026-04-20", changed("legal_hold", 'retention = "1 year"', 'retention = "1 year", max_drop = "all"'))
    assert.is_false(exists(db, "recipes.p1") or exists(db, "recipes.p4"))
    assert.is_true(exists(db, "recipes.p2") and exists(db, "recipes.p3"))
  end)

  it("size_budget: the newest stay until the budget is full", function()
    local db = support.database(table_of("traces", { { "2026-03-11 18:00", "2026-03-12 00:00" },
      { "2026-03-12 00:00", "2026-03-12 06:00" }, { "2026-03-12 06:00", "2026-03-12 12:00" } })
      .. "INSERT INTO recipes.traces SELECT t, repeat('x', 1000) FROM generate_series(timestamptz '2026-03-11 18:00', "
      .. "'2026-03-12 11:59', '30 s') t;")
    local policy = changed("size_budget", 'bytes = "500 GB"', 'bytes = "2000 KB"')
    applied(db, now, policy)
    assert.matches("^p1 ", sql(db, "SELECT string_agg(relname, ' ' ORDER BY relname) || ' ' FROM pg_class "
      .. "WHERE relnamespace = 'recipes'::regnamespace AND relkind = 'r' AND NOT relispartition"))
    applied(db, "2026-03-13 12:00:01", policy, { "--only", "retire", "--max-drop", "all" })
    assert.is_false(exists(db, "recipes.p1"))
  end)

  it("tablespace: old partitions move to the cheaper one, one by one", function()
    local folder = support.folder()
    local owner = sql("postgres", "SHOW data_directory")
    os.execute(("chmod 777 %s && mkdir -m 777 %s/cold"):format(folder, folder))
    local made = support.shell(("stat -c %%U %s; chown --reference=%s %s/cold || true"):format(owner, owner, folder))
    assert.equal(0, made.status)
    local db = support.database(table_of("metrics", { { "2026-01-01", "2026-01-02" }, { "2026-01-02", "2026-03-01" },
      { "2026-03-01", "2026-03-12" } }))
    sql(db, ("CREATE TABLESPACE cold LOCATION '%s/cold'"):format(folder))
    local policy = changed("tablespace", "premake = 3", "premake = 1")
    applied(db, now, policy)
    local moved = "SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class c JOIN pg_tablespace t "
      .. "ON t.oid = c.reltablespace WHERE spcname = 'cold' AND c.relkind = 'r'"
    assert.matches("p1", sql(db, moved), 1, true)
    assert.is_nil(sql(db, moved):find "p3")
    sql("postgres", "DROP DATABASE " .. db .. " WITH (FORCE)")
    sql("postgres", "DROP TABLESPACE cold")
  end)

  it("webhook_alert: tells what was dropped and what was not", function()
    local db = support.database(table_of("sessions", { { "2026-01-01", "2026-01-02" }, { "2026-01-02", "2026-03-12" } },
      ", PRIMARY KEY (created_at)") .. "CREATE TABLE recipes.refers (at timestamptz REFERENCES recipes.sessions)")
    local folder = support.folder()
    support.write(folder .. "/hook.py", [[
import http.server, sys
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        open(sys.argv[1] + "/told", "ab").write(body + b"\n")
        self.send_response(204)
        self.end_headers()
    def log_message(self, *args): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
open(sys.argv[1] + "/port.new", "w").write(str(server.server_port))
import os; os.rename(sys.argv[1] + "/port.new", sys.argv[1] + "/port")
server.serve_forever()
]])
    local run = support.shell(("python3 %s/hook.py %s >/dev/null 2>&1 & echo $! >%s/pid; "
      .. "for i in $(seq 100); do [ -f %s/port ] && break; sleep 0.05; done"):format(folder, folder, folder, folder))
    assert.equal(0, run.status)
    finally(function() os.execute(("kill $(cat %s/pid)"):format(folder)) end)
    local policy = changed("webhook_alert", "https://alerts.example", "http://127.0.0.1:" .. support.read(folder .. "/port"))
    applied(db, now, policy)
    assert.matches("webhook-alert dropped recipes.p1", support.read(folder .. "/told"), 1, true)
    sql(db, "INSERT INTO recipes.sessions VALUES ('2026-02-01'); INSERT INTO recipes.refers VALUES ('2026-02-01')")
    assert.equal(1, support.apply(db, "2026-03-27", policy, { "--max-drop", "all" }).status)
    assert.matches("webhook%-alert: p2: .*foreign key", support.read(folder .. "/told"))
  end)
end)
