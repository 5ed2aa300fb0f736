-- Event sourcing: monthly, two months back and three ahead. A month of more than half a year ago leaves the table and
-- stays in the schema "attic" without its indexes. New partitions are guarded by row-level security like their parent.
local partrun = require "partrun"

return partrun.policy {
  table = "workflow.workflow_events",
  interval = "1 month",
  premake = 3,
  backfill = 2,
  retention = "6 months",
  cleanup = { schema = "attic", indexes = false },
  naming = "{table}_{from:%Y_%m}",
  inherit = { "privileges", "rls" },
}
