-- element.lua NAME PASSES COUNT: one get and one set of a view's element, by method and by index, ours and the yardstick's.
-- The loop's own time is measured in the same pass and subtracted. The segment NAME holds at least 1000 doubles.
local name, passes, count = arg[1], tonumber(arg[2]), tonumber(arg[3])
local polyshm = require "polyshm"
local bench = dofile(arg[0]:match "^.*/" .. "interleave.lua")
local shm = assert(polyshm.SharedMemory.attach(name))

local empty, variants = bench.loop "", {"ours", "hand-written", "hand-written, leanest"}
for _, statement in ipairs {"x = t:get(i)", "t:set(i, x)", "x = t[i]", "t[i] = x"} do
  local runs = {}
  for k, object in ipairs {shm:view("float64"), bench.yardstick.open(name), bench.yardstick.open_lean(name)} do
    local run = bench.loop(statement, object)
    runs[k] = {statement, variants[k], function() return (run(count / 1000) - empty(count / 1000)) / count end}
  end
  bench.interleave(passes, runs)
end
