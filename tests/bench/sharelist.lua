-- sharelist.lua NAME PASSES COUNT: a ShareableList of 1000 mixed items: one get, one set, and all of them as a table.
-- The loop's own time is measured in the same pass and subtracted.
local name, passes, count = arg[1], tonumber(arg[2]), tonumber(arg[3])
local polyshm = require "polyshm"
local bench = dofile(arg[0]:match "^.*/" .. "interleave.lua")

local function value(k)
  local text = ("text %d"):format(k)
  return ({[0] = k, k + 0.25, text, polyshm.bytes(("\255 %d"):format(k)), k % 2 == 0, polyshm.none, k, k + 0.25, text})[k % 9]
end

local made, values = {}, {}
for k = 0, 999 do made[k + 1] = value(k) end
local list = assert(polyshm.ShareableList.create(name, made))
for k = 0, 999 do values[k] = list[k] end -- plain strings, as a script would have them

local empty = bench.loop("x = v[i]", list, values)
local function net(statement)
  local run = bench.loop("x = v[i] " .. statement, list, values)
  return function() return (run(count / 1000) - empty(count / 1000)) / count end
end

local function whole()
  return bench.timed(function() for _ = 1, 20 do list:totable() end end) / 20
end

bench.interleave(passes, {{"get", "ours", net "x = t[i]"}, {"set", "ours", net "t[i] = x"}})
bench.interleave(passes, {{"get item 999", "get item 0", net "x = t[0]"}, {"get item 999", "ours", net "x = t[999]"}})
bench.interleave(passes, {{"to list", "ours", whole}})
list:close()
assert(list:unlink())
