---@meta partrun.db

--- Why something failed, behind a nil and a message: "sql" (the server refused it), "connect", "version", "timeout", "locked",
--- "interrupted", "drift", "value", "policy", "lua", "limit", "io", "failed".
---@alias partrun.code string

---@class partrun.connect_options
---@field lock_timeout? string|partrun.interval default "300 ms"; "0" lifts it
---@field statement_timeout? string|partrun.interval default: none
---@field application_name? string default "partrun"

--- A session. It runs with TimeZone=UTC and search_path=pg_catalog: write `public.events`, not `events`.
--- `local db <close> = ...` closes it at the end of the block.
---@class partrun.db
local db = {}

--- Connects. Without a DSN: the one of the command line, or libpq's PG* variables.
---@param dsn? string
---@param options? partrun.connect_options
---@return partrun.db? db
---@return string? message
---@return partrun.code? code
function partrun.connect(dsn, options) end

--- A name for SQL text, quoted; several make a qualified one.
---@param ... string
---@return string
function partrun.quote_ident(...) end

--- A value for SQL text, quoted; NULL for nil. Parameters are the better way wherever they are allowed.
---@param value any
---@return string
function partrun.quote_literal(value) end

--- Runs one statement and returns its rows, each a table by column name. Parameters are $1, $2, ...; tables become JSON.
---
--- NULL is nil; integers are integers; numeric is an integer when it is one, otherwise a text that keeps all its digits;
--- date, timestamp and timestamptz are partrun times; json and jsonb are decoded; everything else is PostgreSQL's text.
---@param sql string
---@param ... any
---@return table<string, any>[]? rows
---@return string? message
---@return partrun.code? code
---@return string? sqlstate
function db:query(sql, ...) end

--- Runs one statement and returns the number of rows it affected.
---@param sql string
---@param ... any
---@return integer? affected
---@return string? message
---@return partrun.code? code
---@return string? sqlstate
function db:exec(sql, ...) end

--- Calls fn(db) in a transaction: commits when it returns, rolls back when it raises (and lets the error go on). When a
--- statement failed and fn returned all the same, nothing is committed, and that is a failure.
---@param fn fun(db: partrun.db): ...
---@return true? committed
---@return any ... fn's results; or a message, code and sqlstate
function db:transaction(fn) end

---@class partrun.table
---@field schema string
---@field name string
---@field kind "table"|"partitioned"|"foreign"
---@field strategy? "range"|"list"|"hash"
---@field key? string "RANGE (created_at)"
---@field partitions? integer
---@field rows? integer an estimate; nil before the first ANALYZE

--- The database's own tables without their partitions. In the pattern, `*` and `?` stand for any characters and any one; with a
--- point it is of schema.name, otherwise of the name.
---@param pattern? string
---@return partrun.table[]? tables
---@return string? message
---@return partrun.code? code
---@return string? sqlstate
function db:tables(pattern) end

---@class partrun.partition_info
---@field schema string
---@field name string
---@field kind "table"|"partitioned"|"foreign"
---@field state "attached"|"pending"
---@field bound string as PostgreSQL prints it
---@field tenant? string of RANGE (tenant, time), where both ends have the same one: `from` and `to` are of the second column
---@field from? partrun.time|integer nil when unbounded, and for list and hash
---@field to? partrun.time|integer
---@field rows? integer an estimate
---@field bytes? integer
---@field default? true

--- A table's own partitions in the order of their bounds, the default last. `{ bytes = false }` leaves the sizes out.
---@param table string
---@param options? { bytes?: boolean }
---@return partrun.partition_info[]? partitions
---@return string? message
---@return partrun.code? code
---@return string? sqlstate
function db:partitions(table, options) end

--- As partrun.quote_ident, for hooks.
---@param ... string
---@return string
function db:quote_ident(...) end

--- As partrun.quote_literal, for hooks.
---@param value any
---@return string
function db:quote_literal(value) end

--- The server's version: 150018 is 15.18.
---@return integer
function db:version() end

function db:close() end
