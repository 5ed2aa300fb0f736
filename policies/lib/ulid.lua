-- ULIDs as partition keys: 26 characters of Crockford's base 32, of which the first ten are milliseconds since 1970. A
-- bound is the smallest ULID of its millisecond, so that texts compare as times do (in the C collation; bounds of a text
-- column follow the column's collation).
--
--   local ulid = require "lib.ulid"
--   return partrun.policy {
--     table = "app.requests", interval = "1 day",
--     key = { column = "id", encode = ulid.encode, decode = ulid.decode },
--   }
local partrun = require "partrun"

local ulid = {}

local digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
local values = {}
for i = 1, #digits do
  values[digits:byte(i)] = i - 1
end

--- The smallest ULID of the time's millisecond.
---@param at partrun.time
---@return string
function ulid.encode(at)
  local ms = at:epoch "ms"
  if ms < 0 or ms >= 1 << 48 then
    error(("%s has no ULID: they begin in 1970 and end in 10889"):format(at), 2)
  end
  local text = {}
  for i = 10, 1, -1 do
    local digit = (ms & 31) + 1
    text[i] = digits:sub(digit, digit)
    ms = ms >> 5
  end
  return table.concat(text) .. ("0"):rep(16)
end

--- The time in a ULID, or in its beginning: a bound may be shorter.
---@param text string
---@return partrun.time
function ulid.decode(text)
  local ms = 0
  for i = 1, 10 do
    local byte = text:upper():byte(i)
    local value = byte == nil and 0 or values[byte]
    if not value or (i == 1 and value > 7) then
      error(('"%s" is no ULID'):format(text), 2)
    end
    ms = ms << 5 | value
  end
  return partrun.time(ms, "ms")
end

return ulid
