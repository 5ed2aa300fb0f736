---@meta partrun.plan

---@class partrun.plan_options
---@field now? partrun.time|string
---@field only? "create"|"retire"
---@field max_drop? integer|string 3, "20%" or "all"
---@field at? partrun.time|string|integer make the partition that holds this, and retire nothing
---@field from? partrun.time|string|integer with `to`: likewise for all between
---@field to? partrun.time|string|integer
---@field retire? string|string[] retire just these partitions; hold and retention still protect them
---@field force_retention? boolean with `retire`: retention does not
---@field sizes? boolean default true
---@field jobs? integer sessions for creation
---@field journal? boolean default true
---@field lock_timeout? string|partrun.interval
---@field statement_timeout? string|partrun.interval

---@class partrun.operation
---@field op string "create", "drain", "detach", "finalize", "drop", "move", "alter", "analyze"
---@field policy string
---@field table string
---@field tenant? string whose partitions these are; nil: everybody's
---@field schema string
---@field partition string
---@field from? partrun.time|integer
---@field to? partrun.time|integer
---@field reason string
---@field note? string
---@field lock? string
---@field bytes? integer
---@field rows? integer
---@field sql string[]

---@class partrun.outcome : partrun.operation
---@field status "planned"|"done"|"failed"|"skipped"
---@field attempts integer
---@field seconds number
---@field error? string
---@field code? partrun.code
---@field sqlstate? string
---@field hint? string

---@class partrun.finding
---@field policy string
---@field table string
---@field tenant? string whose partitions these are; nil: everybody's
---@field code string
---@field severity "info"|"warning"|"error"
---@field object string
---@field message string
---@field hint? string

---@class partrun.set
---@field policy string
---@field table string
---@field tenant? string whose partitions these are; nil: everybody's
---@field schema string
---@field name string
---@field plannable boolean
---@field partitions integer
---@field bytes? integer
---@field now? partrun.time|integer
---@field horizon? partrun.time|integer the end of the unbroken cover from now on
---@field runway? number seconds (or ids) from now to the horizon; nil: unbounded

---@class partrun.result
---@field done integer
---@field failed integer
---@field skipped integer
---@field locked integer sets that another run holds
---@field run_id? integer in the journal
---@field operations partrun.outcome[]
---@field findings partrun.finding[]

--- tostring(plan) is what `partrun plan` prints.
---@class partrun.plan
local plan = {}

--- The policies of a file or a folder. They run apart from the script, as under `partrun plan`.
---@param path string
---@return partrun.policy[]? policies
---@return string? message
---@return partrun.code? code
function partrun.load(path) end

--- What would be done. Changes nothing.
---@param db partrun.db
---@param policies partrun.policy|partrun.policy[]
---@param options? partrun.plan_options
---@return partrun.plan? plan
---@return string? message
---@return partrun.code? code
function partrun.plan(db, policies, options) end

--- Compares the database with the policies. `deep` also tries inserts that are rolled back.
---@param db partrun.db
---@param policies partrun.policy|partrun.policy[]
---@param options? { now?: partrun.time|string, sizes?: boolean, deep?: boolean, lock_timeout?: string|partrun.interval, statement_timeout?: string|partrun.interval }
---@return partrun.plan? plan
---@return string? message
---@return partrun.code? code
function partrun.check(db, policies, options) end

--- In the order of execution.
---@return partrun.operation[]
function plan:operations() end

---@return partrun.finding[]
function plan:findings() end

---@return partrun.set[]
function plan:sets() end

--- The text of `partrun plan --format json`.
---@return string
function plan:json() end

--- Does it. Refused with code "drift" when the database is no longer what the plan was made from. Failures of single operations
--- are in the result; when the run as a whole could not go on, what was done is the fourth value.
---@param options? { jobs?: integer, journal?: boolean, lock_timeout?: string|partrun.interval, statement_timeout?: string|partrun.interval }
---@return partrun.result? result
---@return string? message
---@return partrun.code? code
---@return partrun.result? partial
function plan:apply(options) end
