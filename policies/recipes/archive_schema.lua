-- Old months leave the table, but not the database: they move to a schema for the archive, without their indexes.
local partrun = require "partrun"

return partrun.policy {
  name = "archive-schema",
  table = "recipes.invoices",
  interval = "1 month",
  premake = 2,
  retention = "24 months",
  cleanup = { schema = "attic", indexes = false },
}
