-- partrun demo: starts, shows, and leaves nothing behind.
local support = require "support"

-- What demos left: folders in TMPDIR, which is this test's own, and their servers.
local function leftovers(folder)
  return support.shell(("ls -A %s | grep partrun-demo; ps -eo args | grep '[/]postgres -D %s'"):format(folder, folder)).out
end

local function short_folder()
  local folder = support.folder()
  os.execute("chmod 711 " .. folder)
  return folder
end

describe("the demo", function()
  after_each(support.cleanup)

  it("shows everything and leaves nothing", function()
    local folder = short_folder()
    local result = support.partrun({ "demo", "--run" }, { env = { TMPDIR = folder, PGHOST = "/nonexistent", PGPORT = "1" } })
    assert.equal(0, result.status, result.out .. result.err)
    assert.equal("", result.err)
    for _, text in ipairs {
      "$ partrun validate", "$ partrun check", "$ partrun plan", "$ partrun apply", "$ partrun stats",
      "webhooks.events", "+ create", "+ drain", "- drop", "operations done", "all is well",
    } do
      assert.matches(text, result.out, 1, true)
    end
    assert.equal("", leftovers(folder))
  end)

  it("waits for Enter", function()
    local folder = short_folder()
    local result = support.shell(("(sleep 12; echo) | %s"):format(support.command({ "demo" }, { env = { TMPDIR = folder } })))
    assert.equal(0, result.status, result.err)
    assert.matches("export PARTRUN_DSN='host=", result.out, 1, true)
    assert.matches("Press Enter", result.out, 1, true)
    assert.equal("", leftovers(folder))
  end)

  it("cleans up when it is interrupted, twice even", function()
    for _, delay in ipairs { "0.2", "1.0", "3" } do
      local folder = short_folder()
      local result = support.shell(
        ("env --default-signal=INT,TERM %s & pid=$!; sleep %s; kill -INT $pid; kill -INT $pid; wait $pid")
          :format(support.command({ "demo" }, { env = { TMPDIR = folder } }):gsub("^env ", ""), delay))
      assert.equal(130, result.status, result.err)
      assert.equal("", leftovers(folder))
    end
  end)

  it("takes its server along when it is killed", function()
    local folder = short_folder()
    support.shell(("%s --run & pid=$!; sleep 2; kill -KILL $pid; wait $pid"):format(
      support.command({ "demo" }, { env = { TMPDIR = folder } })))
    os.execute "sleep 2"
    assert.equal("", support.shell(("ps -eo args | grep '[/]postgres -D %s'"):format(folder)).out)
  end)
end)
