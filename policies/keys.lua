-- The other types of time keys. A `date` or `timestamp` has no zone: it is read as the wall clock of `timezone` (UTC
-- here). A uuid of version 7 carries its time in its first 48 bits.
local partrun = require "partrun"

return {
  partrun.policy { table = "keys.by_date", interval = "yearly", premake = 1, naming = "ppm" },
  partrun.policy {
    table = "keys.by_timestamp",
    interval = "daily",
    premake = 3,
    retention = { partitions = 20 },
    cleanup = "drop",
    naming = "ppm",
  },
  partrun.policy { table = "keys.by_uuidv7", interval = "monthly", premake = 2, naming = "year_month" },
}
