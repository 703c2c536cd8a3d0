-- element.lua NAME PASSES COUNT: one get and one set of a view's element, by method and by index, ours and the yardstick's.
-- The segment NAME holds at least 1000 doubles.
-- row: x = t:get(i) | hand-written <= 1.0 | hand-written, leanest | memoryview: x = t[i] <= 1.0
-- row: t:set(i, x) | hand-written <= 1.0 | hand-written, leanest | memoryview: t[i] = x <= 1.0
-- row: x = t[i] | hand-written <= 1.0 | hand-written, leanest | memoryview: x = t[i] <= 1.0
-- row: t[i] = x | hand-written <= 1.0 | hand-written, leanest | memoryview: t[i] = x <= 1.0
local name, passes, count = arg[1], tonumber(arg[2]), tonumber(arg[3])
local polyshm = require "polyshm"
local bench = dofile(arg[0]:match "^.*/" .. "interleave.lua")
local shm = assert(polyshm.SharedMemory.attach(name))

for _, statement in ipairs {"x = t:get(i)", "t:set(i, x)", "x = t[i]", "t[i] = x"} do
  bench.calls(passes, count, statement, {
    {"ours", shm:view("float64")},
    {"hand-written", bench.yardstick.open(name)},
    {"hand-written, leanest", bench.yardstick.open_lean(name)},
  })
end
