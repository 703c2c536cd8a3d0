-- bytes.lua NAME PASSES: a whole segment read into a fresh string and written from one; the yardstick is malloc and memcpy.
local name, passes = arg[1], tonumber(arg[2])
local polyshm = require "polyshm"
local bench = dofile(arg[0]:match "^.*/" .. "interleave.lua")
local timed = bench.timed
-- Where a mapping lies makes 5 %: who maps first changes with the round.
local shm = bench.round % 2 == 0 and assert(polyshm.SharedMemory.attach(name))
local hand = bench.yardstick.open(name)
shm = shm or assert(polyshm.SharedMemory.attach(name))
local size = shm.size
local bytes = shm:read(0, size)

bench.interleave(passes, {
  {"read", "ours", function() return timed(function() return shm:read(0, size) end) end},
  {"read", "malloc + memcpy", function()
    local time = timed(function() hand:copy_out() end)
    hand:drop()
    return time
  end},
})
bench.interleave(passes, {
  {"write", "ours", function() return timed(function() shm:write(0, bytes) end) end},
  {"write", "memcpy", function() return timed(function() hand:copy_in(bytes) end) end},
})
