-- atomics.lua NAME PASSES COUNT: an atomic add on 1000 integers of the segment NAME, ours and the yardstick's.
-- row: x = t:add(i, 1)
local name, passes, count = arg[1], tonumber(arg[2]), tonumber(arg[3])
local polyshm = require "polyshm"
local bench = dofile(arg[0]:match "^.*/" .. "interleave.lua")
local view = assert(polyshm.SharedMemory.attach(name)):view("int64")

view:fill(0)
bench.calls(passes, count, "x = t:add(i, 1)", {{"ours", view}, {"hand-written", bench.yardstick.open_lean(name)}})
