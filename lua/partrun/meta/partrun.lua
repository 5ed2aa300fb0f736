---@meta partrun

--- partrun keeps natively partitioned PostgreSQL tables partitioned. `local partrun = require "partrun"`
---@class partrun
---@field version string
---@field log partrun.log
---@field json partrun.json
---@field http partrun.http scripts only; action hooks have ctx.http
partrun = {}

--- An instant: microseconds since the Unix epoch. Immutable; `<`, `<=`, `==`, `..` and tostring work.
---@class partrun.time
---@operator add(partrun.interval|string): partrun.time on UTC's calendar
---@operator sub(partrun.interval|string): partrun.time on UTC's calendar
---@operator sub(partrun.time): partrun.interval the exact span
local time = {}

---@class partrun.zone_options
---@field timezone? string IANA name; default UTC

---@class partrun.grid_options: partrun.zone_options
---@field anchor? string|partrun.time where multiples count from; default 2000-01-01, for weeks Monday 2000-01-03

--- The lower bound of the grid cell that holds this instant: `t:floor "1 day"`, `t:floor("1 month", { timezone = "Europe/Paris" })`.
---@param interval string|partrun.interval
---@param options? partrun.grid_options
---@return partrun.time
function time:floor(interval, options) end

--- Formats by strftime's %Y %y %m %d %j %H %M %S %G %V %u %a %b %% and %q, the quarter.
---@param format string
---@param options? partrun.zone_options
---@return string
function time:format(format, options) end

--- This instant plus an interval on a zone's calendar: a day may have 23 or 25 hours.
---@param interval string|partrun.interval
---@param options? partrun.zone_options
---@return partrun.time
function time:add(interval, options) end

--- This instant minus an interval on a zone's calendar.
---@param interval string|partrun.interval
---@param options? partrun.zone_options
---@return partrun.time
function time:subtract(interval, options) end

--- Whole units since the Unix epoch, rounded down.
---@param unit? "s"|"ms"|"us"|"ns" default "s"
---@return integer
function time:epoch(unit) end

--- A calendar interval: months, days and microseconds. Comparisons go by length, with a month as 30.4375 days.
---@class partrun.interval
---@operator add(partrun.interval|string): partrun.interval
---@operator add(partrun.time): partrun.time
---@operator sub(partrun.interval|string): partrun.interval
---@operator mul(integer): partrun.interval
---@operator unm: partrun.interval
local interval = {}

--- Its length in seconds; months count 30.4375 days.
---@return number
function interval:seconds() end

--- What lies between two times, or two ids: `from` is inside, `to` is not.
---@class partrun.range
---@field from partrun.time|integer|nil nil: unbounded
---@field to partrun.time|integer|nil nil: unbounded
local range = {}

---@param at partrun.time|string|integer
---@return boolean
function range:contains(at) end

---@param other partrun.range
---@return boolean
function range:overlaps(other) end

--- A time from its text (ISO 8601; without an offset it is UTC), or from an epoch with its unit. Raises when it is none.
---@param value string|partrun.time|integer
---@param unit? "s"|"ms"|"us"|"ns" required with an integer
---@return partrun.time
function partrun.time(value, unit) end

--- An interval from its text: "1 day", "6 hours", "1 year 2 months", hourly daily weekly monthly quarterly yearly.
---@param text string|partrun.interval
---@return partrun.interval
function partrun.interval(text) end

--- A range of times or of ids; nil leaves an end open.
---@param from partrun.time|string|integer|nil
---@param to partrun.time|string|integer|nil
---@return partrun.range
function partrun.range(from, to) end

--- Walks the cells of a grid, from the one that holds `from` up to `to`:
--- `for r in partrun.ranges("1 month", "2025-01-01", "2026-01-01") do ... end`; with an integer interval, over ids.
---@param interval string|partrun.interval|integer
---@param from partrun.time|string|integer
---@param to partrun.time|string|integer
---@param options? partrun.grid_options
---@return fun(): partrun.range?
function partrun.ranges(interval, from, to, options) end

--- Checks a policy and returns it, immutable. Raises everything that is wrong with it at once.
---@param fields partrun.policy_fields
---@return partrun.policy
function partrun.policy(fields) end
