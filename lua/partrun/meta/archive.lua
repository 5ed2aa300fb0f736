---@meta partrun.archive

---@class partrun.archive_options
---@field columns? string[] default: every column that is not generated
---@field format? "csv"|"csv.gz"|"csv.zst"|"copy"|"copy.gz"|"copy.zst" where the address does not say it

---@class partrun.archived
---@field url string
---@field rows integer
---@field bytes integer of the stored object
---@field sha256 string of the stored object, lower-case hex
---@field resumed boolean it was there already, and was only verified

--- Copies a table to `file:///folder/name.csv.zst` or `s3://bucket/key.copy`, reads the copy back, and writes its manifest. The
--- table stays as it is. A transaction of its own: not inside db:transaction.
---@param db partrun.db
---@param table string
---@param url string
---@param options? partrun.archive_options
---@return partrun.archived? archived
---@return string? message
---@return partrun.code? code
---@return string? sqlstate
function partrun.archive(db, table, url, options) end

---@class partrun.restore_options
---@field into? string the table to make; default: as it was called. Without a schema it is in public
---@field attach? boolean make it a partition of its parent again, at its old bounds
---@field parent? string with `attach`: the parent, where that is another one now
---@field lock_timeout? string|partrun.interval of the attachment; default "300 ms"

---@class partrun.restored
---@field table string for people: quoted where SQL needs it
---@field schema string
---@field name string
---@field rows integer
---@field parent? string what it is attached to

--- Makes a table again from its archive (or its manifest's address): all of it, or nothing. A table that is there is never
--- touched.
---@param db partrun.db
---@param url string
---@param options? partrun.restore_options
---@return partrun.restored? restored
---@return string? message
---@return partrun.code? code
---@return string? sqlstate
function partrun.restore(db, url, options) end
