---@meta partrun.json

---@class partrun.json
---@field null userdata JSON's null inside tables; it is true in conditions
local json = {}

--- The value as JSON, keys sorted. What has no JSON form (functions, lists with holes, cycles) raises; texts that are not UTF-8
--- and numbers that are not finite are failures.
---@param value any
---@param options? { indent?: integer }
---@return string? text
---@return string? message
---@return partrun.code? code
function json.encode(value, options) end

--- Integers are exact (one beyond 64 bits is a failure), arrays carry a mark that keeps empty ones apart from objects.
---@param text string
---@return any value
---@return string? message
---@return partrun.code? code
function json.decode(text) end

--- Marks a table as an array, so that it is written as one even when it is empty.
---@generic T : table
---@param list? T
---@return T
function json.array(list) end
