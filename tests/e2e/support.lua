-- Drives the real program on a real server: tests/support/with-server tests/e2e/run.
local json = require "dkjson"

local support = {}

local counter = 0

function support.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local quote = support.quote

-- PARTRUN_BIN, or the development build.
support.bin = os.getenv "PARTRUN_BIN" or "build/dev/partrun"

function support.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

function support.write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

-- A folder of this test's own; support.cleanup removes it.
local folders = {}

function support.folder()
  local pipe = assert(io.popen "mktemp -d /tmp/partrun-e2e.XXXXXX")
  local path = pipe:read "l"
  pipe:close()
  folders[#folders + 1] = path
  return path
end

local function words(list)
  local quoted = {}
  for i, word in ipairs(list) do
    quoted[i] = quote(tostring(word))
  end
  return table.concat(quoted, " ")
end

local function environment(env)
  local parts = {}
  for name, value in pairs(env or {}) do
    parts[#parts + 1] = value == false and "-u " .. name or name .. "=" .. quote(value)
  end
  table.sort(parts, function(a, b) return a:sub(1, 2) == "-u" and b:sub(1, 2) ~= "-u" end)
  return "env " .. table.concat(parts, " ")
end

-- Runs a shell command; status (a signal counts as 128 + its number), stdout, stderr.
function support.shell(command)
  local folder = support.folder()
  local _, how, code = os.execute(("{ %s\n} >%s/out 2>%s/err </dev/null"):format(command, folder, folder))
  return {
    status = how == "signal" and 128 + code or code,
    out = support.read(folder .. "/out"),
    err = support.read(folder .. "/err"),
  }
end

-- The command line of partrun for a shell; `options`: env (false unsets), cwd.
function support.command(args, options)
  options = options or {}
  local env = { PARTRUN_DSN = false, PARTRUN_POLICIES = false, PARTRUN_LOG_LEVEL = false, PARTRUN_LOG_FORMAT = false }
  if options.database then
    env.PGDATABASE = options.database
  end
  for name, value in pairs(options.env or {}) do
    env[name] = value
  end
  local go = options.cwd and ("cd %s && "):format(quote(options.cwd)) or ""
  return ("%s%s %s %s"):format(go, environment(env), quote(support.absolute(support.bin)), words(args))
end

function support.absolute(path)
  if path:sub(1, 1) == "/" then
    return path
  end
  local pipe = assert(io.popen "pwd")
  local cwd = pipe:read "l"
  pipe:close()
  return cwd .. "/" .. path
end

-- Runs partrun to its end.
function support.partrun(args, options)
  return support.shell(support.command(args, options))
end

-- Runs partrun and decodes its standard output.
function support.json(args, options)
  local list = { "--format", "json" }
  for _, word in ipairs(args) do
    list[#list + 1] = word
  end
  local result = support.partrun(list, options)
  local value, _, message = json.decode(result.out, 1, json.null)
  assert(value, ("not JSON: %s\n%s\n%s"):format(message, result.out, result.err))
  return value, result
end

support.null = json.null

-- SQL by psql; rows as lines, columns apart by "|".
function support.sql(database, text)
  local path = support.write(support.folder() .. "/script.sql", text)
  local result = support.shell(("psql -XAtq -v ON_ERROR_STOP=1 -d %s -f %s"):format(quote(database), path))
  assert(result.status == 0, result.err)
  return (result.out:gsub("\n$", ""))
end

-- A fresh database; support.cleanup drops it.
local databases = {}

function support.database(sql)
  counter = counter + 1
  local name = ("e2e_%d_%d"):format(os.time(), counter)
  support.sql("postgres", "CREATE DATABASE " .. name)
  databases[#databases + 1] = name
  if sql then
    support.sql(name, sql)
  end
  return name
end

function support.cleanup()
  for _, name in ipairs(databases) do
    support.sql("postgres", "DROP DATABASE IF EXISTS " .. name .. " WITH (FORCE)")
  end
  databases = {}
  for _, path in ipairs(folders) do
    os.execute("rm -rf " .. quote(path))
  end
  folders = {}
end

-- Names of a table's partitions, in order of their names, apart by blanks.
function support.partitions(database, parent)
  return support.sql(database, ("SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_inherits i "
    .. "JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass"):format(quote(parent)))
end

-- A daily table of events with partitions for the days in `days` ("2026-03-10").
function support.events(days, more)
  local sql = { "CREATE TABLE events (created_at timestamptz NOT NULL, note text) PARTITION BY RANGE (created_at);" }
  for _, day in ipairs(days or {}) do
    local y, m, d = day:match "(%d+)-(%d+)-(%d+)"
    local next_day = os.date("!%Y-%m-%d", os.time { year = y, month = m, day = d, hour = 12 } + 86400)
    sql[#sql + 1] = ("CREATE TABLE events_p%s%s%s PARTITION OF events FOR VALUES FROM ('%s 00:00+00') TO ('%s 00:00+00');")
      :format(y, m, d, day, next_day)
  end
  return table.concat(sql, "\n") .. (more or "")
end

-- A policy file for it in a folder of its own; `fields` is Lua text.
function support.policy(fields, name)
  local path = support.folder() .. "/" .. (name or "events.lua")
  return support.write(path, 'local partrun = require "partrun"\nreturn partrun.policy {\n  table = "public.events",\n'
    .. '  interval = "1 day",\n' .. (fields or "") .. "\n}\n")
end

-- ---- the pitfalls' specs ----

-- The server's major version.
support.version = tonumber(os.getenv "PARTRUN_TEST_VERSION" or "0")

-- A policy file of its own; `fields` is the Lua text of the policy's table.
function support.policy_file(fields)
  return support.write(support.folder() .. "/policy.lua", ('return require "partrun".policy {\n%s\n}\n'):format(fields))
end

-- apply as of `now`.
function support.apply(database, now, policy, more, env)
  local args = { "--now", now, "apply", policy }
  for _, word in ipairs(more or {}) do
    args[#args + 1] = word
  end
  return support.partrun(args, { database = database, env = env })
end

-- What a result says, for the message of an assertion.
function support.told(result)
  return ("exit %d\n%s%s"):format(result.status, result.out, result.err)
end

-- apply as of `now`, which has to go well.
function support.applied(database, now, policy, more, env)
  local result = support.apply(database, now, policy, more, env)
  assert(result.status == 0, support.told(result))
  return result
end

-- "name FROM (...) TO (...)" of each partition attached to `parent`, in order of their names, as UTC prints them.
function support.bounds(database, parent)
  return support.sql(database, ([[SET timezone = 'UTC'; SET datestyle = 'ISO';
    SELECT c.relname || ' ' || replace(pg_get_expr(c.relpartbound, c.oid), 'FOR VALUES ', '')
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass
    ORDER BY c.relname]]):format(quote(parent)))
end

-- How many stretches the partitions of a RANGE parent cover. PostgreSQL forbids overlaps, so that 1 is: no gap.
function support.stretches(database, parent)
  return tonumber(support.sql(database, ([[
    WITH b AS (SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \((.*)\) TO \((.*)\)$') AS m
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass)
    SELECT count(*) FROM b WHERE m IS NOT NULL
      AND NOT EXISTS (SELECT FROM b o WHERE o.m[2] = b.m[1])]]):format(quote(parent))))
end

-- How many partitions a parent has.
function support.count(database, parent)
  return tonumber(support.sql(database, ("SELECT count(*) FROM pg_inherits WHERE inhparent = %s::regclass")
    :format(quote(parent))))
end

-- True when there is such a relation.
function support.exists(database, name)
  return support.sql(database, ("SELECT to_regclass(%s) IS NOT NULL"):format(quote(name))) == "t"
end

-- The codes of a plan's findings, in their order, apart by blanks.
function support.findings(database, now, policy)
  local plan = support.json({ "--now", now, "plan", policy }, { database = database })
  local codes = {}
  for _, set in ipairs(plan.sets) do
    for _, finding in ipairs(set.findings) do
      codes[#codes + 1] = finding.code
    end
  end
  return table.concat(codes, " ")
end

-- Waits until a query gives the wanted line; an error after 20 s.
function support.wait_for(database, query, wanted)
  local last
  for _ = 1, 400 do
    last = support.sql(database, query)
    if last == wanted then
      return
    end
    os.execute "sleep 0.05"
  end
  error(("waited in vain for %s from %s; last: %s"):format(wanted, query, last))
end

-- Starts a shell command in the background; finish() waits for its end and returns what support.shell does.
function support.start(command)
  local folder = support.folder()
  os.execute(("{ { %s\n} >%s/out 2>%s/err </dev/null; echo $? >%s/code; mv %s/code %s/status; } & echo $! >%s/pid")
    :format(command, folder, folder, folder, folder, folder, folder))
  local job = { folder = folder, pid = support.read(folder .. "/pid"):match "%d+" }

  function job.ended()
    local file = io.open(folder .. "/status")
    return file ~= nil and file:close()
  end

  function job.finish()
    for _ = 1, 1200 do
      if job.ended() then
        return {
          status = tonumber(support.read(folder .. "/status"):match "%d+"),
          out = support.read(folder .. "/out"),
          err = support.read(folder .. "/err"),
        }
      end
      os.execute "sleep 0.05"
    end
    error("it does not end: " .. command)
  end

  return job
end

-- Starts partrun in the background; signal(name) sends it a signal.
function support.start_partrun(args, options)
  local folder = support.folder()
  local command = support.command(args, options)
  -- A shell makes its background commands ignore SIGINT: they get it back.
  local job = support.start(("sh -c %s"):format(quote(("echo $$ >%s/pid; exec env --default-signal=INT,QUIT %s")
    :format(folder, command))))

  function job.signal(name)
    os.execute(("kill -%s $(cat %s/pid)"):format(name, folder))
  end

  return job
end

-- Restarts the server, as its own user.
function support.restart(mode)
  local user = os.getenv "PARTRUN_TEST_OSUSER"
  local as = support.shell("id -u").out ~= "0\n" and ""
    or ("setpriv --reuid=%s --regid=$(id -g %s) --init-groups "):format(user, user)
  local data = os.getenv "PARTRUN_TEST_DATA"
  -- Without this program's open pipes, which the new server would keep open.
  local result = support.shell(("exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; cd / && "
    .. "%senv -i PATH=/usr/bin:/bin LC_ALL=C %s/pg_ctl -D %s -w -t 60 -m %s "
    .. "-l %s/../server.log restart"):format(as, os.getenv "PARTRUN_TEST_BIN", data, mode or "fast", data))
  assert(result.status == 0, result.out .. result.err)
end

local function wait_for_file(path)
  for _ = 1, 400 do
    local file = io.open(path)
    if file then
      return file:close()
    end
    os.execute "sleep 0.05"
  end
  error("waited in vain for " .. path)
end

-- A psql session that stays open. send(sql) does not wait, run(sql) does; close() ends it and returns what it printed.
function support.session(database)
  local session, folder, steps = {}, support.folder(), 0
  local pipe = assert(io.popen(("psql -XAtq -d %s >%s/out 2>&1; touch %s/ended"):format(quote(database), folder, folder), "w"))

  function session.send(text)
    pipe:write(text, ";\n")
    pipe:flush()
  end

  function session.run(text)
    steps = steps + 1
    session.send(text)
    pipe:write(("\\! touch %s/%d\n"):format(folder, steps))
    pipe:flush()
    wait_for_file(("%s/%d"):format(folder, steps))
  end

  -- By \q: programs started meanwhile have inherited the pipe, so that closing it ends nothing.
  function session.close()
    local ended = io.open(folder .. "/ended")
    if ended then
      ended:close()
    else
      pipe:write "\\q\n"
    end
    pipe:close()
    return support.read(folder .. "/out")
  end

  return session
end

return support
