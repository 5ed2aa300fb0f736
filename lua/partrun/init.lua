-- partrun: what `require "partrun"` gives. The pure half works everywhere; scripts have the database half as well.
local core = require "partrun.core"
local policy = require "partrun.policy"

---@type partrun
local partrun = {
  version = core.version,
  time = core.time,
  interval = core.interval,
  range = core.range,
  ranges = core.ranges,
  policy = policy.define,
}

-- A module that not every program has. One that is there but broken is an error.
local function optional(name)
  local ok, module = pcall(require, name)
  if ok then
    return module
  elseif not tostring(module):find(("module '%s' not found"):format(name), 1, true) then
    error(module, 0)
  end
end

partrun.json = optional "partrun.json"
partrun.log = optional "partrun.log"
partrun.http = optional "partrun.http"

local database = optional "partrun.pg"
for name, value in pairs(database or {}) do
  partrun[name] = value
end

local elsewhere = {
  connect = true, plan = true, check = true, load = true, archive = true, restore = true,
  quote_ident = true, quote_literal = true, http = true,
}

return setmetatable(partrun, {
  __index = function(_, name)
    if not elsewhere[name] then
      return nil
    elseif package then
      error(("partrun.%s needs the module partrun.pg, which is not installed"):format(name), 2)
    end
    error(("partrun.%s is not available in a policy; scripts have it, and action hooks get ctx.db and ctx.http"):format(name), 2)
  end,
})
