-- A ledger by id: 10,000 entries a partition, three partitions ahead of the highest id. Nothing ever expires.
local partrun = require "partrun"

return partrun.policy {
  table = "ledger.entries",
  interval = 10000,
  premake = 3,
}
