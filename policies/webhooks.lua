-- A webhook product: two daily tables. Events are kept for 45 days; attempts for 40 days, and then for a week more
-- as detached tables, so that a mistake in this file can be undone.
local partrun = require "partrun"

return {
  partrun.policy {
    table = "webhooks.events",
    interval = "1 day",
    premake = 7,
    retention = "45 days",
    cleanup = "drop",
  },
  partrun.policy {
    table = "webhooks.delivery_attempts",
    interval = "1 day",
    premake = 7,
    retention = "40 days",
    cleanup = "drop",
    grace = "7 days",
    naming = "ppm",
  },
}
