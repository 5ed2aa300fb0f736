-- What users can call is declared for their editors (lua/partrun/meta), and nothing else is.
local partrun = require "partrun"

local function read(name)
  local file <close> = assert(io.open("lua/partrun/meta/" .. name .. ".lua"))
  return file:read("a")
end

local function declared(text, prefix)
  local names = {}
  for name in text:gmatch("\nfunction " .. prefix .. "[.:]([%w_]+)%(") do
    names[name] = true
  end
  return names
end

describe("the declarations", function()
  local all = read "partrun" .. read "policy" .. read "db" .. read "plan" .. read "archive"

  it("name every function of partrun", function()
    local names = declared(all, "partrun")
    for name, value in pairs(partrun) do
      if type(value) == "function" then
        assert.is_true(names[name] or false, "partrun." .. name .. " is not declared")
        names[name] = nil
      end
    end
    assert.same({}, names)
  end)

  it("name every method of a time and an interval", function()
    local at, span = partrun.time "2025-01-01", partrun.interval "1 day"
    for name in pairs(declared(all, "time")) do
      assert.is_function(at[name], "time:" .. name)
    end
    for name in pairs(declared(all, "interval")) do
      assert.is_function(span[name], "interval:" .. name)
    end
  end)

  it("name every field of a policy", function()
    local fields = {}
    local class = read("policy"):match("%-%-%-@class partrun.policy_fields\n(.*)")
    for name in class:gmatch("%-%-%-@field ([%w_]+)") do
      fields[#fields + 1] = name
    end
    assert.is_true(#fields > 35)
    local ok, raised = pcall(partrun.policy, { ["?"] = 1 })
    assert.is_false(ok)
    local hint = raised.hint
    for _, name in ipairs(fields) do
      assert.is_truthy(hint:find("%f[%w_]" .. name .. "%f[^%w_]"), name)
    end
    assert.equal(#fields, select(2, hint:gsub("[%w_]+", "")) - 2) -- "fields are ..."
  end)
end)
