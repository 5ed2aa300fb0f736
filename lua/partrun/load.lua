-- partrun.load(path): the policies of a file or a folder, for scripts. The files run without the script's globals, as they
-- do under `partrun plan`: what works here works there. What protects against endless loops is not here: a script can
-- loop for ever as well.
local policy_files = ...

local partrun = require "partrun"

local allowed = {
  "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawlen", "rawset", "select",
  "setmetatable", "tonumber", "tostring", "type", "_VERSION",
}
local pure = { "version", "time", "interval", "range", "ranges", "policy", "json", "log" }

local function copy(library, without)
  local result = {}
  for name, value in pairs(library) do
    if name ~= without then
      result[name] = value
    end
  end
  return result
end

local function refuse(_, name)
  error(("partrun.%s is not available in a policy"):format(tostring(name)), 2)
end

-- partrun as policies know it: without the database.
local function pure_partrun()
  local view = {}
  for _, name in ipairs(pure) do
    view[name] = partrun[name]
  end
  return setmetatable(view, { __index = refuse })
end

local function read(path)
  local file, message = io.open(path, "rb")
  if not file then
    return nil, message
  end
  local text, problem = file:read("a")
  file:close()
  if not text then
    return nil, ("%s: %s"):format(path, problem)
  end
  return text
end

-- Loads a file as text; a first line that begins with # is not Lua.
local function compile(path, env)
  local text, message = read(path)
  if not text then
    return nil, message
  end
  return load(text:gsub("^#[^\n]*", ""), "@" .. path, "t", env)
end

-- What a policy's `require` finds: partrun's own modules, and the policy's own folder.
local function requirer(folder, env)
  local loaded = { partrun = pure_partrun() }
  return function(name)
    if type(name) ~= "string" then
      error("require takes a name", 2)
    elseif loaded[name] ~= nil then
      return loaded[name]
    elseif not name:find("^[%w_]+[%w_.]*$") or name:find("..", 1, true) or name:find("^partrun%.") then
      error(("a policy cannot require '%s'"):format(name), 2)
    end
    local chunk, message = compile(folder .. name:gsub("%.", "/") .. ".lua", env)
    if not chunk then
      error(("a policy cannot require '%s': %s"):format(name, message), 2)
    end
    local result = chunk(name)
    loaded[name] = result == nil and true or result
    return loaded[name]
  end
end

local function environment(folder)
  local env = {}
  for _, name in ipairs(allowed) do
    env[name] = _G[name]
  end
  env.string, env.math = copy(string, "dump"), copy(math)
  env.table, env.utf8 = copy(table), copy(utf8)
  env._G = env
  env.require = requirer(folder, env)
  return env
end

local function is_policy(value)
  return getmetatable(value) == "partrun.policy"
end

local function add(list, path, result)
  if is_policy(result) then
    list[#list + 1] = result
    return true
  elseif type(result) ~= "table" or getmetatable(result) ~= nil then
    return nil, ("%s: returns a %s, not a policy or a list of policies"):format(path, type(result))
  end
  for i, policy in ipairs(result) do
    if not is_policy(policy) then
      return nil, ("%s: item %d of the list is a %s, not a policy"):format(path, i, type(policy))
    end
    list[#list + 1] = policy
  end
  return true
end

return function(path)
  local files, message = policy_files(path)
  if not files then
    return nil, message, "io"
  end
  local list = {}
  for _, file in ipairs(files) do
    local chunk, problem = compile(file, environment(file:match("^.*/") or "./"))
    if not chunk then
      return nil, problem, "policy"
    end
    local ok, result = pcall(chunk)
    if not ok then
      return nil, tostring(result), "policy"
    end
    local added, wrong = add(list, file, result)
    if not added then
      return nil, wrong, "policy"
    end
  end
  if #list == 0 then
    return nil, ("%s: there are no policies"):format(path), "policy"
  end
  return list
end
