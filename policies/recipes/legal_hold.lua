-- A legal hold beats every retention: what lies in one of these spans stays until its line is removed.
local partrun = require "partrun"

local holds = {
  { from = partrun.time "2025-03-01", to = partrun.time "2025-04-15", case = "2025-117" },
}

return partrun.policy {
  name = "legal-hold",
  table = "recipes.messages",
  interval = "1 day",
  premake = 3,
  retention = "1 year",
  cleanup = "drop",
  hold = function(_, partition)
    for _, span in ipairs(holds) do
      -- An open end reaches as far as anything.
      if (not partition.from or partition.from < span.to) and (not partition.to or partition.to > span.from) then
        return true
      end
    end
  end,
}
