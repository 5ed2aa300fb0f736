-- partrun.policy{...}: checks every field, fills in what follows from others, and returns a policy that nothing changes
-- any more. src/lua/spec.c reads it.
local core = require "partrun.core"
local cron = require "partrun.cron"
local naming = require "partrun.naming"
local schema = require "partrun.schema"
local tenants = require "partrun.tenants"

local policy = {}

local presets = { "hourly", "daily", "weekly", "monthly", "quarterly", "yearly" }

-- ------------------------------------------------------------------------------------------------- single fields

local function tables(value, path, report)
  if type(value) ~= "string" then
    return schema.list(schema.table_name)(value, path, report)
  elseif not value:find("%S%s+%S") then
    return report:fail(path, ("%s is not a query"):format(schema.show(value)), "to name one table, write `table = ...`")
  end
  return schema.text(value, path, report)
end

local function interval(value, path, report)
  local kind = core.kind(value)
  if kind == "number" then
    return schema.integer(1)(value, path, report)
  elseif kind == "string" and value:find("^%a+$") and #value < 20 and not core.check_interval(value) then
    local near = schema.nearest(value, presets)
    return report:fail(path, ("%s is not an interval"):format(schema.show(value)),
      near and ('did you mean "%s"?'):format(near) or 'write "1 day", "6 hours", "monthly", or an integer for ids')
  end
  return schema.positive_interval(value, path, report)
end

local function timezone(value, path, report)
  local name = schema.text(value, path, report)
  if not name then
    return nil
  end
  local ok, message, hint = core.check_zone(name)
  if not ok then
    return report:fail(path, message, hint)
  end
  return name
end

local snowflake = schema.object({ epoch = schema.time, shift = schema.integer(0, 62) }, { "epoch" })

local key_fields = schema.object({
  column = schema.identifier,
  epoch = schema.choice("s", "ms", "us", "ns"),
  snowflake = snowflake,
  encode = schema.func,
  decode = schema.func,
}, { "column" })

local function key_object(value, path, report)
  local key = key_fields(value, path, report)
  if not key then
    return nil
  end
  if (key.encode == nil) ~= (key.decode == nil) then
    local missing = key.encode == nil and "encode" or "decode"
    report:fail(path .. "." .. missing, "is required: `encode` and `decode` belong together")
  end
  local kinds = (key.epoch and 1 or 0) + (key.snowflake and 1 or 0) + ((key.encode or key.decode) and 1 or 0)
  if kinds > 1 then
    report:fail(path, "is either an epoch, a snowflake or a text with encode and decode, not several of them")
  end
  return key
end

local function key_column(value, path, report)
  local column = schema.identifier(value, path, report)
  return column and { column = column }
end

local key = schema.by_type({ string = key_column, table = key_object }, "a column or a table")

local amounts = schema.object { partitions = schema.integer(0), bytes = schema.bytes }

-- The normal form has one field: age, ids, partitions or bytes.
local function retention(by_id)
  return function(value, path, report)
    local kind = core.kind(value)
    if kind == "table" then
      local amount = amounts(value, path, report)
      if amount and not report[1] and (amount.partitions == nil) == (amount.bytes == nil) then
        return report:fail(path, "needs either `partitions` or `bytes`", "write { partitions = 30 } or { bytes = \"500 GB\" }")
      end
      return amount
    elseif by_id and kind == "number" then
      local ids = schema.integer(1)(value, path, report)
      return ids and { ids = ids }
    elseif by_id and (kind == "string" or kind == "interval") then
      return report:fail(path, ("%s is a text or a time, but the interval counts ids"):format(schema.show(value)),
        "write a distance in ids, such as 1000000")
    elseif kind ~= "string" and kind ~= "interval" and kind ~= "number" then
      return schema.wrong_type(value, path, report, "a retention", 'write "90 days", { partitions = 30 } or { bytes = "500 GB" }')
    end
    local age = schema.positive_interval(value, path, report)
    return age and { age = age }
  end
end

local move = schema.object({ schema = schema.identifier, indexes = schema.boolean }, { "schema" })
local cleanup = schema.by_type({
  string = schema.choice("drop", "detach"),
  table = function(value, path, report)
    return move(value, path, report)
  end,
}, '"drop", "detach" or { schema = "attic" }')

local function percentage(value, path, report)
  local number = value:match("^(%d%d?%d?)%%$")
  if value == "all" then
    return value
  elseif not number or tonumber(number) > 100 then
    return report:fail(path, ("%s is no share of a set"):format(schema.show(value)), 'write "50%", a number of partitions or "all"')
  end
  return value
end

local max_drop = schema.by_type({ string = percentage, number = schema.integer(0) }, '"50%", a number or "all"')

local subpartition_fields = schema.object {
  hash = schema.identifier,
  modulus = schema.integer(1, 10000),
  list = schema.identifier,
  values = tenants.values,
  range = schema.identifier,
  interval = interval,
}

local companions = { hash = "modulus", list = "values", range = "interval" }

local function subpartition(value, path, report)
  local sub = subpartition_fields(value, path, report)
  if not sub then
    return nil
  end
  local kind
  for _, name in ipairs { "hash", "list", "range" } do
    if value[name] ~= nil and kind then
      return report:fail(path, ("has both `%s` and `%s`"):format(kind, name))
    elseif value[name] ~= nil then
      kind = name
    end
  end
  if not kind then
    return report:fail(path, "needs one of `hash`, `list` and `range`", 'write { hash = "org_id", modulus = 4 }')
  end
  for name, companion in pairs(companions) do
    if name == kind and value[companion] == nil then
      report:fail(path .. "." .. companion, ("is required with `%s`"):format(kind))
    elseif name ~= kind and value[companion] ~= nil then
      report:fail(path .. "." .. companion, ("does not go with `%s`"):format(kind))
    end
  end
  if kind == "range" and type(sub.interval) == "string" then
    local ok, message, hint = core.check_grid(sub.interval, nil)
    if not ok then
      report:fail(path .. ".interval", message, hint)
    end
  end
  return sub
end

local function storage(value, path, report)
  if type(value) ~= "table" or getmetatable(value) ~= nil then
    return schema.wrong_type(value, path, report, "a table of storage parameters", "write { fillfactor = 70 }")
  end
  local result = {}
  for name, setting in next, value do
    if type(name) ~= "string" or not name:find("^[%l_][%l%d_.]*$") or #name > 63 then
      report:fail(path, ("%s is no name of a storage parameter"):format(schema.show(name)))
    elseif math.type(setting) == "integer" or type(setting) == "boolean" or math.type(setting) == "float" then
      result[name] = tostring(setting)
    else
      result[name] = schema.text(setting, path .. "." .. name, report)
    end
  end
  return result
end

local function databases(value, path, report)
  if value == "all" then
    return value
  end
  return schema.list(schema.identifier)(value, path, report)
end

local function schedule(value, path, report)
  local text = schema.text(value, path, report)
  if not text then
    return nil
  end
  local ok, message, hint = cron.check(text)
  if not ok then
    return report:fail(path, message, hint)
  end
  return text
end

local function name(value, path, report)
  local text = schema.text(value, path, report)
  if text and (#text > 100 or text:find("%c")) then
    return report:fail(path, "must be at most 100 bytes without control characters")
  end
  return text
end

local inherit = schema.list(schema.choice("privileges", "rls"))

local function fields_for(by_id)
  return {
    name = name,
    table = schema.table_name,
    tables = tables,
    key = key,
    interval = interval,
    anchor = by_id and schema.integer(math.mininteger) or schema.time,
    timezone = timezone,
    premake = schema.integer(0, 100000),
    backfill = schema.integer(0, 100000),
    max_create = schema.integer(1, 1000000),
    retention = schema.by_type({ ["function"] = schema.func, string = retention(by_id), number = retention(by_id),
      interval = retention(by_id), table = retention(by_id) }, "a retention",
      'write "90 days", { partitions = 30 }, { bytes = "500 GB" } or a function'),
    cleanup = cleanup,
    grace = schema.interval,
    archive = naming.archive,
    hold = schema.func,
    max_drop = max_drop,
    tenant = tenants.tenant,
    purge = tenants.purge,
    subpartition = subpartition,
    naming = naming.naming,
    default = schema.choice("ignore", "create", "drain"),
    template = schema.table_name,
    tablespace = schema.identifier,
    storage = storage,
    inherit = inherit,
    analyze = schema.positive_interval,
    on_create = schema.func,
    before_detach = schema.func,
    before_drop = schema.func,
    after_drop = schema.func,
    on_error = schema.func,
    schedule = schedule,
    jitter = schema.interval,
    databases = databases,
    lock_timeout = schema.milliseconds(1, 3600000),
    statement_timeout = schema.milliseconds(1, 86400000),
    retries = schema.integer(0, 100),
    alert = schema.object {
      runway = schema.interval,
      partition_bytes = schema.bytes,
      default_rows = schema.integer(0),
    },
  }
end

local time_object, id_object = schema.object(fields_for(false)), schema.object(fields_for(true))

-- ------------------------------------------------------------------------------------------------- whole policies

local function check_together(given, data, report)
  if given.table == nil and given.tables == nil then
    report:fail("table", "is required", 'write table = "schema.table"')
  elseif given.table ~= nil and given.tables ~= nil then
    report:fail("tables", "cannot be there together with `table`")
  end
  if given.interval == nil then
    report:fail("interval", "is required", 'write interval = "1 day", or an integer for ids')
  end
  if given.retention ~= nil and given.cleanup == nil then
    report:fail("cleanup", "is required with `retention`", 'write cleanup = "drop", "detach" or { schema = "attic" }')
  end
  if data.grace and data.cleanup == "detach" and select(2, core.check_interval(data.grace)) > 0 then
    report:fail("grace", 'nothing comes after the detaching when `cleanup` is "detach"')
  end
  if given.purge ~= nil and given.tenant == nil then
    report:fail("purge", "needs `tenant`: it deletes the rows of single tenants")
  end
  if given.jitter ~= nil and given.schedule == nil then
    report:fail("jitter", "needs `schedule`")
  end
  if type(data.interval) == "string" then
    local ok, message, hint = core.check_grid(data.interval, data.anchor)
    if not ok then
      report:fail(data.anchor and message:find("anchor") and "anchor" or "interval", message, hint)
    end
  end
end

local function default_name(data)
  local first = data.table or (type(data.tables) == "table" and data.tables[1])
  if first then
    return select(2, core.check_table(first))
  end
end

local problems_meta = { __name = "partrun.problems", __metatable = "partrun.problems" }

local function text_of(problem)
  return problem.hint and ("%s (hint: %s)"):format(problem.message, problem.hint) or problem.message
end

function problems_meta.__tostring(problems)
  local lines = {}
  for i, problem in ipairs(problems.problems) do
    lines[i] = text_of(problem)
  end
  return table.concat(lines, "\n")
end

-- Raises all problems as one value: `message` and `hint` of the first, and the list `problems`.
local function refuse(report, file, line, title)
  local where = ("%s:%d: %s: "):format(file, line, title and ('policy "%s"'):format(title) or "policy")
  local list = {}
  for i, problem in ipairs(report) do
    local place = problem.path == "" and "" or problem.path .. ": "
    list[i] = { message = where .. place .. problem.message, hint = problem.hint, path = problem.path }
  end
  local message = list[1].message
  if #list > 1 then
    message = ("%s (and %d more error%s)"):format(message, #list - 1, #list == 2 and "" or "s")
  end
  error(setmetatable({ message = message, hint = list[1].hint, problems = list }, problems_meta), 0)
end

-- A decision function's results go through the same checks as the field. Nil stays nil.
local function checked(decide, check)
  return function(...)
    local value = decide(...)
    if value == nil then
      return nil
    end
    local report = schema.report()
    local result = check(value, "returned", report)
    if report[1] then
      error(("%s: %s"):format(report[1].path, text_of(report[1])), 0)
    end
    return result
  end
end

local function read_only(_, field)
  error(("a policy cannot be changed after partrun.policy has checked it (field `%s`)"):format(tostring(field)), 2)
end

local function seal(data)
  return setmetatable({}, {
    __name = "partrun.policy",
    __metatable = "partrun.policy",
    __index = data,
    __newindex = read_only,
    __tostring = function()
      return ('policy "%s" (%s:%d)'):format(data.name or "?", data.file, data.line)
    end,
  })
end

local function define(given, file, line)
  if type(given) ~= "table" then
    error(("%s:%d: partrun.policy takes a table: partrun.policy { ... }"):format(file, line), 0)
  end
  local report = schema.report()
  local by_id = math.type(rawget(given, "interval")) == "integer"
  local data = (by_id and id_object or time_object)(given, "", report)
  if data then
    check_together(given, data, report)
    data.named = data.name ~= nil
    data.name = data.name or default_name(data)
  end
  if report[1] then
    refuse(report, file, line, data and data.name)
  end
  if type(data.retention) == "function" then
    data.retention = checked(data.retention, retention(by_id))
  end
  if type(data.archive) == "function" then
    data.archive = checked(data.archive, naming.archive_result)
  end
  data.file, data.line, data.by_id = file, line, by_id
  return seal(data)
end

--- Checks a policy. Raises everything that is wrong with it at once.
policy.define = core.located(define)

return policy
