-- Shapes of values, and the checking of tables against them. A checker is a function (value, path, report) that returns
-- the value in its normal form; what is wrong goes to the report, and everything wrong is found in one pass.
local core = require "partrun.core"
local units = require "partrun.units"

local schema = {}

---@class partrun.problem
---@field path string
---@field message string
---@field hint? string

-- ---------------------------------------------------------------------------------------------------- reporting

local report_meta = {}
report_meta.__index = report_meta

--- Notes a problem. Returns nil, so that a checker can say `return report:fail(...)`.
function report_meta:fail(path, message, hint)
  self[#self + 1] = { path = path, message = message, hint = hint }
end

function schema.report()
  return setmetatable({}, report_meta)
end

--- How messages show a value.
function schema.show(value)
  local kind = core.kind(value)
  if kind == "string" then
    local text = #value > 60 and value:sub(1, 57) .. "..." or value
    return '"' .. text:gsub("%c", "?") .. '"'
  elseif kind == "number" or kind == "boolean" or kind == "nil" then
    return tostring(value)
  end
  return "a " .. kind
end

local show = schema.show

local function wrong_type(value, path, report, wanted, hint)
  local kind = core.kind(value)
  if kind == "table" or kind == "function" or kind == "userdata" or kind == "thread" then
    return report:fail(path, ("is a %s, not %s"):format(kind, wanted), hint)
  end
  return report:fail(path, ("%s is not %s"):format(show(value), wanted), hint)
end

schema.wrong_type = wrong_type

-- Insertions, deletions, replacements and swaps of neighbours between two short names.
local function distance(a, b)
  local rows = {}
  for i = 0, #a do
    rows[i] = { [0] = i }
  end
  for j = 0, #b do
    rows[0][j] = j
  end
  for i = 1, #a do
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      local least = math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (same and 0 or 1))
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        least = math.min(least, rows[i - 2][j - 2] + 1)
      end
      rows[i][j] = least
    end
  end
  return rows[#a][#b]
end

--- The nearest of `names` (a list, in order of preference), or nil when none is near.
function schema.nearest(wrong, names)
  local best, least = nil, #wrong // 3 + 2
  if #wrong > 60 then
    return nil
  end
  for _, name in ipairs(names) do
    local d = distance(wrong:lower(), name)
    if d < least then
      best, least = name, d
    end
  end
  return best
end

local function sorted_keys(t)
  local keys = {}
  for key in next, t do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    return tostring(a) < tostring(b)
  end)
  return keys
end

local function alternatives(names)
  local quoted = {}
  for i, name in ipairs(names) do
    quoted[i] = '"' .. name .. '"'
  end
  if #quoted == 1 then
    return quoted[1]
  end
  return table.concat(quoted, ", ", 1, #quoted - 1) .. " or " .. quoted[#quoted]
end

-- ---------------------------------------------------------------------------------------------------- checkers

--- A text that is not empty.
function schema.text(value, path, report)
  if type(value) ~= "string" then
    return wrong_type(value, path, report, "a string")
  elseif #value > 10000 then
    return report:fail(path, "is longer than 10000 bytes")
  elseif value:find("^%s*$") then
    return report:fail(path, "is empty")
  elseif value:find("\0", 1, true) then
    return report:fail(path, "has a zero byte")
  end
  return value
end

--- A name as PostgreSQL stores it.
function schema.identifier(value, path, report)
  local text = schema.text(value, path, report)
  if text and #text > 63 then
    return report:fail(path, ("has %d bytes, and PostgreSQL's names at most 63"):format(#text))
  end
  return text
end

function schema.boolean(value, path, report)
  if type(value) ~= "boolean" then
    return wrong_type(value, path, report, "true or false")
  end
  return value
end

function schema.func(value, path, report)
  if type(value) ~= "function" then
    return wrong_type(value, path, report, "a function")
  end
  return value
end

--- An integer within bounds; a whole float is none.
function schema.integer(least, most)
  return function(value, path, report)
    if math.type(value) ~= "integer" then
      return wrong_type(value, path, report, "an integer")
    elseif value < least or (most and value > most) then
      local bounds = most and ("between %d and %d"):format(least, most) or ("%d or more"):format(least)
      return report:fail(path, ("must be %s, not %d"):format(bounds, value))
    end
    return value
  end
end

function schema.choice(...)
  local names = { ... }
  return function(value, path, report)
    for _, name in ipairs(names) do
      if value == name then
        return value
      end
    end
    if type(value) ~= "string" then
      return wrong_type(value, path, report, alternatives(names))
    end
    local near = schema.nearest(value, names)
    local hint = near and ('did you mean "%s"?'):format(near)
    return report:fail(path, ("%s is not %s"):format(show(value), alternatives(names)), hint)
  end
end

--- An interval of time as its text.
function schema.interval(value, path, report)
  local kind = core.kind(value)
  if kind == "interval" then
    return tostring(value)
  elseif kind == "number" then
    return report:fail(path, ("%s has no unit"):format(value), ('write "%s days"'):format(value))
  elseif kind ~= "string" then
    return wrong_type(value, path, report, "an interval", 'write "90 days"')
  elseif value:find("^%s*%d+%s*$") and tonumber(value) ~= 0 then
    return report:fail(path, ("%s has no unit"):format(show(value)), ('write "%s days"'):format(value:match("%d+")))
  end
  local text, message, hint = core.check_interval(value)
  if not text then
    return report:fail(path, message, hint)
  end
  return text
end

--- An interval that is not empty.
function schema.positive_interval(value, path, report)
  local text = schema.interval(value, path, report)
  if text then
    local _, usec = core.check_interval(text)
    if usec == 0 then
      return report:fail(path, "must be longer than zero")
    end
  end
  return text
end

--- An interval within bounds, in milliseconds.
function schema.milliseconds(least, most)
  return function(value, path, report)
    local text = schema.interval(value, path, report)
    if not text then
      return nil
    end
    local _, usec = core.check_interval(text)
    if usec < least * 1000 or usec > most * 1000 then
      return report:fail(path, ("must be between %d ms and %d s"):format(least, most // 1000))
    end
    return usec // 1000
  end
end

--- A time, as a value.
function schema.time(value, path, report)
  local kind = core.kind(value)
  if kind == "time" then
    return value
  elseif kind ~= "string" then
    return wrong_type(value, path, report, "a time", 'write "2025-01-01"')
  end
  local time, message, hint = core.check_time(value)
  if not time then
    return report:fail(path, message, hint)
  end
  return time
end

--- A table's name, as written.
function schema.table_name(value, path, report)
  local text = schema.text(value, path, report)
  if not text then
    return nil
  end
  local schema_name, message, hint = core.check_table(text)
  if schema_name == nil then
    return report:fail(path, message, hint)
  end
  return text
end

--- A size in bytes.
function schema.bytes(value, path, report)
  local bytes, message, hint = units.bytes(value)
  if not bytes then
    return report:fail(path, message, hint)
  elseif bytes == 0 then
    return report:fail(path, "must be more than nothing")
  end
  return bytes
end

-- Policies are plain data: a metatable could show one thing to the check and another to the reader.
local function is_plain(value, path, report)
  if getmetatable(value) ~= nil then
    return report:fail(path, "is a table with a metatable, not plain data")
  end
  return true
end

--- A list whose items pass `item`; not empty, nothing twice.
function schema.list(item)
  return function(value, path, report)
    if type(value) ~= "table" then
      return wrong_type(value, path, report, "a list")
    elseif not is_plain(value, path, report) then
      return nil
    end
    local count, result, seen = 0, {}, {}
    for _ in next, value do
      count = count + 1
    end
    if count ~= #value then
      return report:fail(path, "is not a list: it has named fields or holes")
    elseif count == 0 then
      return report:fail(path, "is empty")
    end
    for i = 1, count do
      local place = ("%s[%d]"):format(path, i)
      local checked = item(rawget(value, i), place, report)
      if checked ~= nil and seen[checked] then
        report:fail(place, ("%s is there twice"):format(show(checked)))
      end
      if checked ~= nil then
        seen[checked] = true
      end
      result[i] = checked
    end
    return result
  end
end

--- A table with these fields only: `fields` maps names to checkers; `required` lists what has to be there.
function schema.object(fields, required)
  local names = sorted_keys(fields)
  return function(value, path, report)
    if type(value) ~= "table" then
      return wrong_type(value, path, report, "a table")
    elseif not is_plain(value, path, report) then
      return nil
    end
    local prefix, result = path == "" and "" or path .. ".", {}
    for _, key in ipairs(sorted_keys(value)) do
      if type(key) ~= "string" then
        report:fail(prefix:sub(1, -2), ("has an item without a name: [%s]"):format(show(key)))
      elseif not fields[key] then
        local near = schema.nearest(key, names)
        local hint = near and ("did you mean `%s`?"):format(near) or ("fields are " .. table.concat(names, ", "))
        report:fail(prefix .. key, "there is no such field", hint)
      end
    end
    for _, name in ipairs(names) do
      local field = rawget(value, name)
      if field ~= nil then
        result[name] = fields[name](field, prefix .. name, report)
      end
    end
    for _, name in ipairs(required or {}) do
      if rawget(value, name) == nil then
        report:fail(prefix .. name, "is required")
      end
    end
    return result
  end
end

--- The first checker whose type() fits: `{ string = checker, table = checker, ... }`.
function schema.by_type(checkers, wanted, hint)
  return function(value, path, report)
    local checker = checkers[core.kind(value)]
    if not checker then
      return wrong_type(value, path, report, wanted, hint)
    end
    return checker(value, path, report)
  end
end

return schema
