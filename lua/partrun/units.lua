-- Sizes with units, as PostgreSQL's pg_size_bytes reads them: kB, MB, GB, TB and PB are powers of 1024.
local units = {}

local factors = {
  b = 1, byte = 1, bytes = 1,
  kb = 2 ^ 10, mb = 2 ^ 20, gb = 2 ^ 30, tb = 2 ^ 40, pb = 2 ^ 50,
  kib = 2 ^ 10, mib = 2 ^ 20, gib = 2 ^ 30, tib = 2 ^ 40, pib = 2 ^ 50,
}

--- Reads "500 GB" as a number of bytes; or returns nil, a message and a hint.
---@param text string
---@return integer? bytes
---@return string? message
---@return string? hint
function units.bytes(text)
  if type(text) == "number" then
    return nil, ("%s has no unit"):format(text), ('write "%s GB"'):format(text)
  elseif type(text) ~= "string" then
    return nil, ("is a %s, not a size"):format(type(text)), 'write "500 GB"'
  elseif #text > 40 then
    return nil, "is too long for a size", 'write "500 GB"'
  end
  local number, unit = text:match("^%s*([%d.]+)%s*(%a*)%s*$")
  local amount = tonumber(number or "")
  if not amount then
    return nil, ('"%s" is not a size'):format(text), 'write "500 GB"'
  elseif unit == "" then
    return nil, ('"%s" has no unit'):format(text), ('write "%s GB"'):format(number)
  end
  local factor = factors[unit:lower()]
  if not factor then
    return nil, ('"%s" is no unit of size'):format(unit), "units are bytes, kB, MB, GB, TB and PB"
  end
  local bytes = amount * factor
  if bytes >= 2 ^ 62 then
    return nil, ('"%s" is out of range'):format(text)
  end
  return math.floor(bytes)
end

return units
