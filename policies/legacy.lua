-- A set that somebody else's tool made: adopted by its bounds, whatever its partitions are called. Holes are filled
-- with weeks; where an old partition covers a week in part, the rest of that week becomes a partition of its own.
local partrun = require "partrun"

return partrun.policy {
  name = "audit",
  table = '"Legacy App"."Audit Log"',
  interval = "1 week",
  premake = 2,
  naming = "audit_{from:%G_w%V}",
  alert = { runway = "1 week" },
}
