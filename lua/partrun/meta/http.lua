---@meta partrun.http

---@class partrun.http_options
---@field headers? table<string, string|number>
---@field timeout? number|string|partrun.interval seconds, or an interval; default 10
---@field max_bytes? integer of the answer; default 8 MiB

--- HTTP and HTTPS requests; certificates are always verified. A status of 400 and above is an answer, not a failure.
---@class partrun.http
local http = {}

--- Follows up to five redirects.
---@param url string
---@param options? partrun.http_options
---@return integer? status
---@return string body_or_message
---@return partrun.code? code
function http.get(url, options) end

--- Sends a text as it is, a table as JSON. Follows no redirects.
---@param url string
---@param body? string|table
---@param options? partrun.http_options
---@return integer? status
---@return string body_or_message
---@return partrun.code? code
function http.post(url, body, options) end
