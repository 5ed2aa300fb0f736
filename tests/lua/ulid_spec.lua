package.path = "policies/?.lua;" .. package.path

local partrun = require "partrun"
local ulid = require "lib.ulid"

describe("ULIDs", function()
  it("hold the time of the specification's example", function()
    -- 01ARZ3NDEKTSV4RRFFQ69G5FAV of github.com/ulid/spec
    assert.equal("2016-07-30T23:54:10.259Z", tostring(ulid.decode "01ARZ3NDEKTSV4RRFFQ69G5FAV"))
    assert.equal("01ARZ3NDEK0000000000000000", ulid.encode(partrun.time "2016-07-30 23:54:10.259"))
  end)

  it("begin in 1970 and end in 10889", function()
    assert.equal(("0"):rep(26), ulid.encode(partrun.time "1970-01-01"))
    assert.equal("7ZZZZZZZZZ", ulid.encode(partrun.time((1 << 48) - 1, "ms")):sub(1, 10))
    assert.error_matches(function() ulid.encode(partrun.time "1969-12-31") end, "has no ULID")
    assert.error_matches(function() ulid.encode(partrun.time(1 << 48, "ms")) end, "has no ULID")
  end)

  it("come back, in the order of their times", function()
    local before = ""
    for range in partrun.ranges("17 hours", "1999-12-01", "2030-01-01") do
      local text = ulid.encode(range.from)
      assert.equal(26, #text)
      assert.is_true(before < text)
      assert.equal(range.from, ulid.decode(text))
      before = text
    end
  end)

  it("are read in lower case, and when a bound is short", function()
    assert.equal(ulid.decode "01ARZ3NDEK", ulid.decode "01arz3ndek")
    assert.equal(partrun.time "1970-01-01", ulid.decode "0")
  end)

  it("refuse what is none", function()
    for _, wrong in ipairs { "8ZZZZZZZZZ", "01ARZ3NDE!", "01ARZ3NDEU", "é" } do
      assert.error_matches(function() ulid.decode(wrong) end, "is no ULID")
    end
  end)
end)
