-- Tells a webhook what was dropped, and what could not be done.
local partrun = require "partrun"

local hook = "https://alerts.example/hook"

return partrun.policy {
  name = "webhook-alert",
  table = "recipes.sessions",
  interval = "1 day",
  premake = 3,
  retention = "14 days",
  cleanup = "drop",
  after_drop = function(ctx, partition)
    ctx.http.post(hook, { text = ("%s dropped %s.%s"):format(ctx.policy, partition.schema, partition.name) })
  end,
  on_error = function(ctx, partition, message)
    ctx.http.post(hook, { text = ("%s: %s: %s"):format(ctx.policy, partition and partition.name or ctx.table.name, message) })
  end,
}
