-- list.lua NAME PASSES: a whole segment of doubles as a table, and a table into it; the yardstick is a hand-written C loop.
local name, passes = arg[1], tonumber(arg[2])
local polyshm = require "polyshm"
local bench = dofile(arg[0]:match "^.*/" .. "interleave.lua")
local timed = bench.timed
local shm = assert(polyshm.SharedMemory.attach(name))
local view, hand = shm:view("float64"), bench.yardstick.open(name)
local list = hand:values()

bench.interleave(passes, {
  {"to list", "ours", function() return timed(function() return view:totable() end) end},
  {"to list", "hand-written", function() return timed(function() return hand:values() end) end},
})
bench.interleave(passes, {
  {"from list", "ours", function() return timed(function() view:assign(list) end) end},
  {"from list", "hand-written", function() return timed(function() hand:assign(list) end) end},
})
