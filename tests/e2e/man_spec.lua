-- The manual page and --help say the same: both come from one table, and this compares them.
local support = require "support"

local commands = { "validate", "plan", "apply", "check", "ensure", "retire", "stats", "archive", "restore", "demo", "script" }

local function squeeze(text)
  return (text:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

-- { ["--out FILE"] = "save the plan ..." } of one help text
local function help_options(command)
  local options, current = {}, nil
  for line in support.partrun({ "help", command }).out:gmatch "[^\n]*" do
    local head = line:match "^  %s+(%-%-.+)$" or line:match "^  (%-%a, %-%-.+)$"
    if head then
      local name, text = head:match "^(.-)  +(.*)$"
      current = name or head
      options[current] = text or ""
    elseif current and line:match "^%s%s%s%s%s%s" then
      options[current] = options[current] .. " " .. line
    else
      current = nil
    end
  end
  return options
end

local function unescape(text)
  return (text:gsub("\\&", ""):gsub("\\%(dq", '"'):gsub("\\e", "\\"))
end

local function man_options()
  local options, current = {}, nil
  local text = support.read "docs/partrun.1"
  for line in text:match("%.Ss Options of single commands\n(.-)%.Sh ENVIRONMENT"):gmatch "[^\n]+" do
    if line:match "^%.It " then
      current = unescape(line:sub(5)):gsub(" , ", ", "):gsub("Fl %-", "--"):gsub("Fl ", "-"):gsub(" Ar ", " ")
      options[current] = ""
    elseif line:match "^%." then
      current = nil
    else
      options[current] = options[current] .. " " .. unescape(line)
    end
  end
  return options
end

describe("the manual page", function()
  teardown(support.cleanup)

  it("has every option of --help with the same text, and no other", function()
    local help = {}
    for _, command in ipairs(commands) do
      for name, text in pairs(help_options(command)) do
        help[name] = squeeze(text):gsub("^%l", string.upper) .. "."
      end
    end
    local man = {}
    for name, text in pairs(man_options()) do
      man[name] = squeeze(text)
    end
    assert.is_true(next(help) ~= nil)
    assert.same(help, man)
  end)

  it("has every command", function()
    local text = support.read "docs/partrun.1"
    for _, command in ipairs(commands) do
      if command ~= "script" then
        assert.matches("\n%.It Cm " .. command .. " ", text)
      end
    end
  end)
end)
