-- The shapes of names and of archive addresses in a policy.
local core = require "partrun.core"
local schema = require "partrun.schema"

local naming = {}

local function template(value, path, report)
  local text = schema.text(value, path, report)
  if not text then
    return nil
  end
  local ok, message, hint = core.check_naming(text)
  if not ok then
    return report:fail(path, message, hint)
  end
  return text
end

local function as_is(value)
  return value
end

naming.naming = schema.by_type({ string = template, ["function"] = as_is }, "a preset, a template or a function")

local suffixes = { "%.csv$", "%.copy$", "%.csv%.gz$", "%.csv%.zst$", "%.copy%.gz$", "%.copy%.zst$" }
local placeholders = { schema = true, table = true, tenant = true, name = true, from = true, to = true }

-- Placeholders as in names, and {name}.
local function check_placeholders(text, path, report)
  local plain = text:gsub("{{", ""):gsub("}}", "")
  for inside in plain:gmatch("{([^{}]*)}") do
    local name, format = inside:match("^(%a+):(.+)$")
    name = name or inside
    if not placeholders[name] then
      return report:fail(path, ("there is no {%s}"):format(inside), "there are {schema} {table} {tenant} {name} {from} {to}")
    elseif format then
      local ok, message, hint = core.check_naming(("{from:%s}"):format(format))
      if not ok or (name ~= "from" and name ~= "to") then
        return report:fail(path, message or ("{%s} takes no format"):format(name), hint)
      end
    end
  end
  if plain:gsub("{[^{}]*}", ""):find("[{}]") then
    return report:fail(path, "has an open brace")
  end
  return text
end

-- "file:///dir/...", "s3://bucket/key" or "schema:NAME".
local function address(value, path, report)
  local text = schema.text(value, path, report)
  if not text then
    return nil
  elseif text:find("^schema:.") then
    return check_placeholders(text, path, report)
  elseif not (text:find("^file:///.") or text:find("^s3://[^/{}]+/.")) then
    return report:fail(path, ("%s is no address of an archive"):format(schema.show(text)),
      'write "file:///dir/{name}.csv.zst", "s3://bucket/{name}.csv.zst" or "schema:NAME"')
  end
  return check_placeholders(text, path, report)
end

-- Without a `format` of its own, the address has to end in one.
local function address_with_format(value, path, report)
  local text = address(value, path, report)
  if not text or text:find("^schema:") then
    return text
  end
  for _, suffix in ipairs(suffixes) do
    if text:find(suffix) then
      return text
    end
  end
  return report:fail(path, ("%s does not say the archive's format"):format(schema.show(text)),
    "end it in .csv or .copy, and perhaps .gz or .zst")
end

local full = schema.object({
  url = address,
  format = schema.choice("csv", "csv.gz", "csv.zst", "copy", "copy.gz", "copy.zst"),
  columns = schema.list(schema.identifier),
}, { "url" })

naming.archive = schema.by_type({ string = address_with_format, table = full, ["function"] = as_is },
  "an address, a table or a function", 'write "s3://bucket/{table}/{name}.csv.zst"')

return naming
