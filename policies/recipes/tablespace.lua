-- Partitions older than 30 days move to a cheaper tablespace, one for each new partition. A partition is locked while its
-- files are copied: choose an age at which nobody reads it all the time.
local partrun = require "partrun"

local slow = "cold"

return partrun.policy {
  name = "tablespace",
  table = "recipes.metrics",
  interval = "1 day",
  premake = 3,
  retention = "2 years",
  cleanup = "drop",
  on_create = function(ctx)
    local edge = ctx.now - partrun.interval "30 days"
    local parent = ctx.db:quote_ident(ctx.table.schema, ctx.table.name)
    for _, partition in ipairs(assert(ctx.db:partitions(parent))) do
      local name = ctx.db:quote_ident(partition.schema, partition.name)
      local found = assert(ctx.db:query([[SELECT t.spcname AS tablespace FROM pg_class c
        LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace WHERE c.oid = $1::regclass]], name))
      if partition.to and partition.to <= edge and found[1].tablespace ~= slow then
        assert(ctx.db:exec(("ALTER TABLE %s SET TABLESPACE %s"):format(name, ctx.db:quote_ident(slow))))
        ctx.log.info("moved to another tablespace", { partition = partition.name, tablespace = slow })
        return
      end
    end
  end,
}
