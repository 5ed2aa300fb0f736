-- partrun.load(path): the policies of a file or a folder, for scripts. The files see what they see under `partrun plan`, and not
-- the script's globals: what works here works there. The budgets are missing: a script can loop for ever as well.
local policy_files = ...

local partrun = require "partrun"

local allowed = {
  "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawlen", "rawset", "select",
  "setmetatable", "tonumber", "tostring", "type", "_VERSION",
}
local pure = { "version", "time", "interval", "range", "ranges", "policy", "json", "log" }

local function copy(library)
  local result = {}
  for name, value in pairs(library) do
    result[name] = value
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

-- Loads a file as text, without a byte order mark and without a first line that begins with #.
local function compile(path, env)
  local text, message = read(path)
  if not text then
    return nil, message
  end
  text = text:gsub("^\xEF\xBB\xBF", ""):gsub("^#[^\n]*", "")
  return load(text, "@" .. path, "t", env)
end

local function find(folder, name)
  local path = folder .. name:gsub("%.", "/")
  for _, suffix in ipairs { ".lua", "/init.lua" } do
    local file = io.open(path .. suffix, "rb")
    if file then
      file:close()
      return path .. suffix
    end
  end
  error(("module '%s' not found in the policy's folder %s"):format(name, folder), 3)
end

local function is_module_name(name)
  return name:find("^[%w_-][%w_.-]*$") and not name:find("..", 1, true) and not name:find("%.$")
end

-- What a policy's `require` finds: partrun, and modules in the policy's own folder.
local function requirer(folder, env)
  local loading = {}
  local loaded = { partrun = pure_partrun() }
  return function(name)
    if type(name) ~= "string" then
      error("require takes a name", 2)
    elseif loaded[name] == loading then
      error(("module '%s' requires itself, or failed before"):format(name), 2)
    elseif loaded[name] ~= nil then
      return loaded[name]
    elseif name:find("^partrun%.") then
      error(("module '%s' is not available in a policy: require \"partrun\" has what there is"):format(name), 2)
    elseif not is_module_name(name) then
      error(("'%s' is no name of a module: write folder.module"):format(name), 2)
    end
    local chunk, message = compile(find(folder, name), env)
    if not chunk then
      error(message, 0)
    end
    loaded[name] = loading
    local result = chunk(name)
    loaded[name] = result == nil and true or result
    return loaded[name]
  end
end

local function no_random()
  error("random numbers are not available in a policy: the same input has to give the same plan", 2)
end

-- Standard output belongs to the script.
local function logged_print(...)
  local texts = table.pack(...)
  for i = 1, texts.n do
    texts[i] = tostring(texts[i])
  end
  partrun.log.info(table.concat(texts, " "))
end

local function environment(folder)
  local env = { print = logged_print }
  for _, name in ipairs(allowed) do
    env[name] = _G[name]
  end
  for _, name in ipairs { "string", "math", "table", "utf8" } do
    env[name] = copy(_G[name])
  end
  env.string.dump = nil
  env.math.random, env.math.randomseed = no_random, no_random
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
  elseif type(result) ~= "table" or getmetatable(result) ~= nil or #result == 0 then
    return nil, ("%s: returns neither a policy nor a list of policies"):format(path)
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
