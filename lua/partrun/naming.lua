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
  elseif text:find("%c") then
    return report:fail(path, "has a control character")
  elseif not (text:find("^schema:.") or text:find("^file:///.") or text:find("^s3://[^/{}]+/.")) then
    return report:fail(path, ("%s is no address of an archive"):format(schema.show(text)),
      'write "file:///dir/{name}.csv.zst", "s3://bucket/{name}.csv.zst" or "schema:NAME"')
  end
  return check_placeholders(text, path, report)
end

-- Without a `format` of its own, the address has to end in one.
local function check_suffix(text, path, report)
  for _, suffix in ipairs(suffixes) do
    if text:find(suffix) then
      return text
    end
  end
  return report:fail(path, ("%s does not say the archive's format"):format(schema.show(text)),
    "end it in .csv or .copy, and perhaps .gz or .zst")
end

local archive_fields = schema.object({
  url = address,
  format = schema.choice("csv", "csv.gz", "csv.zst", "copy", "copy.gz", "copy.zst"),
  columns = schema.list(schema.identifier),
}, { "url" })

local function archive_table(value, path, report)
  local full = archive_fields(value, path, report)
  if not full or not full.url then
    return nil
  elseif full.url:find("^schema:") then
    local extra = value.format ~= nil and "format" or value.columns ~= nil and "columns"
    return extra and report:fail(path .. "." .. extra, 'does not go with "schema:": the table moves as it is') or full
  elseif value.format == nil and not check_suffix(full.url, path .. ".url", report) then
    return nil
  end
  return full
end

-- The normal form is a table.
local function archive_text(value, path, report)
  local text = address(value, path, report)
  return text and (text:find("^schema:") or check_suffix(text, path, report)) and { url = text }
end

naming.archive = schema.by_type({ string = archive_text, table = archive_table, ["function"] = as_is },
  "an address, a table or a function", 'write "s3://bucket/{table}/{name}.csv.zst"')

--- What an archive function returned, apart from nil.
naming.archive_result = schema.by_type({ string = archive_text, table = archive_table }, "an address, a table or nil",
  'return "s3://bucket/{name}.csv.zst", { url = ... }, or nil for no archive')

return naming
