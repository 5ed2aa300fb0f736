-- A budget instead of an age: the newest partitions stay until 500 GB are full. What goes is detached at once, and dropped
-- a day later: time enough to notice a flood of rows that pushed out more than it should have.
local partrun = require "partrun"

return partrun.policy {
  name = "size-budget",
  table = "recipes.traces",
  interval = "6 hours",
  premake = 8,
  retention = { bytes = "500 GB" },
  cleanup = "drop",
  grace = "1 day",
  alert = { partition_bytes = "50 GB" },
}
