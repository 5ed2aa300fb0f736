-- Partitions were forgotten and the rows went to the default partition: make the partitions that are missing over the
-- last days and move the rows into them, each day in one transaction, so that no reader misses a row.
local partrun = require "partrun"

return partrun.policy {
  table = "shop.orders",
  interval = "1 day",
  premake = 4,
  backfill = 9,
  default = "drain",
}
