-- The form of a schedule: five cron fields, @daily and friends, or "every 15m". Only checked here; the service runs it.
local cron = {}

local months = { "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec" }
local days = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" }

local fields = {
  { name = "minute", least = 0, most = 59 },
  { name = "hour", least = 0, most = 23 },
  { name = "day of month", least = 1, most = 31 },
  { name = "month", least = 1, most = 12, names = months, first = 1 },
  { name = "day of week", least = 0, most = 7, names = days, first = 0 },
}

local nicknames = {
  ["@hourly"] = true, ["@daily"] = true, ["@midnight"] = true, ["@weekly"] = true,
  ["@monthly"] = true, ["@yearly"] = true, ["@annually"] = true,
}

local seconds = { s = 1, m = 60, h = 3600, d = 86400 }
local hint = 'write five fields such as "15 * * * *", "@daily" or "every 15m"'

local function number(text, field)
  for i, name in ipairs(field.names or {}) do
    if text:lower() == name then
      return i - 1 + field.first
    end
  end
  local n = #text <= 4 and text:find("^%d+$") and math.tointeger(tonumber(text))
  return n and n >= field.least and n <= field.most and n or nil
end

local function check_item(item, field)
  local span, step = item:match("^([^/]+)/(%d+)$")
  span = span or item
  if step and (#step > 4 or tonumber(step) == 0 or tonumber(step) > field.most) then
    return false
  elseif span == "*" then
    return true
  end
  local from, to = span:match("^(%w+)%-(%w+)$")
  if from then
    local a, b = number(from, field), number(to, field)
    return a ~= nil and b ~= nil and a <= b
  end
  return number(span, field) ~= nil
end

local function check_fields(text)
  local count = 0
  for part in text:gmatch("%S+") do
    count = count + 1
    local field = fields[count]
    if not field then
      break
    end
    for item in (part .. ","):gmatch("([^,]*),") do
      if not check_item(item, field) then
        return nil, ('"%s" is no %s of a schedule'):format(part, field.name), hint
      end
    end
  end
  if count ~= 5 then
    return nil, ('"%s" is not a schedule: five fields are needed'):format(text), hint
  end
  return true
end

--- Returns true, or nil, a message and a hint.
function cron.check(text)
  if #text > 200 then
    return nil, "is too long for a schedule", hint
  elseif text:sub(1, 1) == "@" then
    if nicknames[text] then
      return true
    end
    return nil, ('"%s" is not a schedule'):format(text), "there are @hourly, @daily, @weekly, @monthly and @yearly"
  end
  local amount, unit = text:match("^every%s+(%d+)%s*(%a)$")
  if amount then
    local n = #amount <= 6 and tonumber(amount) or 0
    if n > 0 and seconds[unit] then
      return true
    end
    return nil, ('"%s" is not a schedule'):format(text), 'write "every 30s", "every 15m", "every 6h" or "every 1d"'
  end
  return check_fields(text)
end

return cron
