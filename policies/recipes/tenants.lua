-- Retention by the tenant's plan, on a table that is partitioned by tenant and day: RANGE (project_id, created_at). A new
-- project gets its partitions in the next run; one that is gone is reported for 30 days and then dropped.
local partrun = require "partrun"

local kept = { free = "7 days", pro = "90 days" }

return partrun.policy {
  name = "tenants",
  table = "recipes.deliveries",
  interval = "1 day",
  premake = 3,
  tenant = {
    key = "project_id",
    values = "SELECT uid AS id, plan FROM recipes.projects WHERE deleted_at IS NULL",
    unknown = { drop_after = "30 days" },
  },
  retention = function(ctx)
    return kept[ctx.tenant.plan] -- another plan: nil keeps everything
  end,
  cleanup = "drop",
}
