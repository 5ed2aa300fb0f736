---@meta partrun.log

--- Messages for the program's log (stderr). Fields are texts, numbers, booleans, times, or tables (written as JSON).
---@class partrun.log
local log = {}

---@param message string
---@param fields? table<string, any>
function log.debug(message, fields) end

---@param message string
---@param fields? table<string, any>
function log.info(message, fields) end

---@param message string
---@param fields? table<string, any>
function log.warning(message, fields) end

---@param message string
---@param fields? table<string, any>
function log.error(message, fields) end
