-- Archive to S3, then drop: nothing is dropped before its archive has been read back and its manifest lies beside it. The
-- address, region and credentials come from the AWS_ variables (docs/archiving.md).
local partrun = require "partrun"

return partrun.policy {
  name = "archive-s3",
  table = "recipes.requests",
  interval = "1 month",
  premake = 2,
  retention = "12 months",
  cleanup = "drop",
  archive = "s3://partrun-archive/{schema}/{table}/{name}.csv.zst",
}
