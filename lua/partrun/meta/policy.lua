---@meta partrun.policy

--- What partrun.policy returned: the fields in their normal form, with `file` and `line`. It cannot be changed.
---@class partrun.policy: partrun.policy_fields
---@field file string
---@field line integer

---@class partrun.hook_table
---@field schema string
---@field name string

--- What hooks are told besides the partition.
---@class partrun.context
---@field now partrun.time the run's time; not in naming functions
---@field policy string
---@field table partrun.hook_table the partitioned table
---@field tenant? partrun.tenant_row nil where several tenants share the partition; only `id` in naming functions, and of unknown tenants
---@field log partrun.log

--- What action hooks are told.
---@class partrun.action_context: partrun.context
---@field db partrun.db
---@field http partrun.http

--- What the policy's list or query says of a tenant: strings, integers, floats and booleans; NULL is nil.
---@class partrun.tenant_row
---@field id string|integer
---@field [string] string|number|boolean

--- What came of an archive.
---@class partrun.hook_archive
---@field url string
---@field rows integer
---@field bytes integer of the stored object
---@field sha256 string of the stored object

---@class partrun.hook_partition
---@field schema string
---@field name string
---@field from partrun.time|integer|nil nil: unbounded
---@field to partrun.time|integer|nil nil: unbounded
---@field bytes? integer
---@field rows? integer an estimate
---@field state "attached"|"pending"|"detached"|"new"|"dropped"
---@field tenant? string its id as PostgreSQL prints it; nil where several tenants share the partition
---@field archive? partrun.hook_archive once it is archived

---@class partrun.retention_amount
---@field partitions? integer whole partitions before the current one
---@field bytes? string "500 GB": the newest, until the budget is full

---@alias partrun.retention string|partrun.interval|integer|partrun.retention_amount

---@class partrun.snowflake
---@field epoch string|partrun.time the instant of the zero
---@field shift? integer bits below the milliseconds; default 22

---@class partrun.key
---@field column string
---@field epoch? "s"|"ms"|"us"|"ns" an integer column that holds an epoch
---@field snowflake? partrun.snowflake
---@field encode? fun(at: partrun.time): string pure; with decode, for text columns
---@field decode? fun(text: string): partrun.time

---@class partrun.cleanup_move
---@field schema string
---@field indexes? boolean default true

---@class partrun.archive_target
---@field url string "file:///...", "s3://...", "schema:NAME"; a template, unless a function returns it
---@field format? "csv"|"csv.gz"|"csv.zst"|"copy"|"copy.gz"|"copy.zst"
---@field columns? string[]

--- An id, or a row with one.
---@alias partrun.tenant_value string|integer|partrun.tenant_row

---@class partrun.tenant
---@field key string the column that says whose a row is
---@field values string|partrun.tenant_value[] a query, or a list
---@field unknown? "keep"|{ drop_after: string|partrun.interval } default "keep"

--- How expired rows are deleted from partitions that tenants share.
---@class partrun.purge
---@field batch? integer rows of one DELETE; default 5000
---@field pause? string|partrun.interval between two; default "100 ms"
---@field max_rows? integer of one run; default: no cap

--- One of hash with modulus, list with values, range with interval.
---@class partrun.subpartition
---@field hash? string
---@field modulus? integer
---@field list? string
---@field values? string|partrun.tenant_value[]
---@field range? string
---@field interval? string|partrun.interval|integer

---@class partrun.alert
---@field runway? string
---@field partition_bytes? string
---@field default_rows? integer

---@class partrun.policy_fields
---@field name? string default: the table's name
---@field table? string "schema.table"; this or `tables` is required
---@field tables? string|string[] several tables, or a query that returns schema and table
---@field key? string|partrun.key
---@field interval string|partrun.interval|integer "1 day", "6 hours", "monthly"; an integer for ids
---@field anchor? string|partrun.time|integer
---@field timezone? string default "UTC"
---@field premake? integer default 4
---@field backfill? integer default 0
---@field max_create? integer default 1000
---@field retention? partrun.retention|fun(ctx: partrun.context): partrun.retention?
---@field cleanup? "drop"|"detach"|partrun.cleanup_move required with retention
---@field grace? string|partrun.interval
---@field archive? string|partrun.archive_target|fun(ctx: partrun.context, partition: partrun.hook_partition): string|partrun.archive_target|nil
---@field hold? fun(ctx: partrun.context, partition: partrun.hook_partition): boolean?
---@field max_drop? string|integer default "50%"
---@field tenant? partrun.tenant
---@field purge? partrun.purge
---@field subpartition? partrun.subpartition
---@field naming? string|fun(ctx: partrun.context, range: partrun.range): string default "partman"
---@field default? "ignore"|"create"|"drain"
---@field template? string
---@field tablespace? string
---@field storage? table<string, string|number|boolean>
---@field inherit? ("privileges"|"rls")[]
---@field analyze? string|partrun.interval
---@field on_create? fun(ctx: partrun.action_context, partition: partrun.hook_partition)
---@field before_detach? fun(ctx: partrun.action_context, partition: partrun.hook_partition) raising keeps the partition
---@field before_drop? fun(ctx: partrun.action_context, partition: partrun.hook_partition) raising keeps the partition
---@field after_drop? fun(ctx: partrun.action_context, partition: partrun.hook_partition)
---@field on_error? fun(ctx: partrun.action_context, partition: partrun.hook_partition, message: string)
---@field schedule? string five cron fields, "@daily", "every 15m"
---@field jitter? string|partrun.interval
---@field databases? "all"|string[]
---@field lock_timeout? string|partrun.interval default "300 ms"
---@field statement_timeout? string|partrun.interval default "3 s"
---@field retries? integer default 5
---@field alert? partrun.alert
