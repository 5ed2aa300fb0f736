-- The shape of `tenant` and `purge` in a policy.
local core = require "partrun.core"
local schema = require "partrun.schema"

local tenants = {}

local plain = { string = true, number = true, boolean = true }

-- Texts go to PostgreSQL, which has no zero bytes.
local function fits(text, path, report)
  if type(text) == "string" and (#text > 10000 or text:find("\0", 1, true)) then
    return report:fail(path, #text > 10000 and "is longer than 10000 bytes" or "has a zero byte")
  end
  return true
end

local function value(item, path, report)
  if type(item) == "string" or math.type(item) == "integer" then
    return fits(item, path, report) and item
  elseif type(item) ~= "table" then
    return schema.wrong_type(item, path, report, "a tenant", 'write its id, or { id = "acme", ... }')
  elseif getmetatable(item) ~= nil then
    return report:fail(path, "is a table with a metatable, not plain data")
  end
  local id = rawget(item, "id")
  if type(id) ~= "string" and math.type(id) ~= "integer" then
    return report:fail(path .. ".id", id == nil and "is required" or "must be a string or an integer")
  elseif not fits(id, path .. ".id", report) then
    return nil
  end
  local copy = {}
  for name, column in next, item do
    if type(name) ~= "string" or name:find("\0", 1, true) then
      return report:fail(path, "has an item without a name")
    elseif not plain[type(column)] then
      return report:fail(path .. "." .. name, ("is a %s, not a plain value"):format(core.kind(column)),
        "write a string, a number, true or false")
    elseif not fits(column, path .. "." .. name, report) then
      return nil
    end
    copy[name] = column
  end
  return copy
end

local function values(given, path, report)
  if type(given) == "string" then
    if not given:find("%s") then
      return report:fail(path, "is neither a list nor a query", 'write { "a", "b" } or "SELECT uid AS id FROM ..."')
    end
    return schema.text(given, path, report)
  end
  local list = schema.list(value)(given, path, report)
  local seen = {}
  for i, item in ipairs(list or {}) do
    local id = type(item) == "table" and item.id or item
    -- Two plain ids that are the same were reported with the list.
    if seen[id] and (seen[id] == "table" or type(item) == "table") then
      report:fail(("%s[%d]"):format(path, i), ("tenant %s is there twice"):format(schema.show(id)))
    end
    seen[id] = type(item)
  end
  return list
end

local drop_after = schema.object({ drop_after = schema.positive_interval }, { "drop_after" })

tenants.tenant = schema.object({
  key = schema.identifier,
  values = values,
  unknown = schema.by_type({ string = schema.choice("keep"), table = drop_after }, '"keep" or { drop_after = "30 days" }'),
}, { "key", "values" })

tenants.purge = schema.object {
  batch = schema.integer(1, 1000000),
  pause = schema.milliseconds(0, 3600000),
  max_rows = schema.integer(1),
}

tenants.values = values

return tenants
