-- ffi.lua NAME PASSES COUNT: LuaJIT's FFI on a segment's address, and on an array of its own. The loop's own time is in it.
-- interpreters: luajit
-- row: x = x + t[i]
-- row: t[i] = i
local name, passes, count = arg[1], tonumber(arg[2]), tonumber(arg[3])
local ffi = require "ffi"
local polyshm = require "polyshm"
local bench = dofile(arg[0]:match "^.*/" .. "interleave.lua")
local shm = assert(polyshm.SharedMemory.attach(name))

for _, statement in ipairs {"t[i] = i", "x = x + t[i]"} do
  local runs = {}
  for variant, object in pairs {ours = ffi.cast("double *", shm.address), ["plain FFI array"] = ffi.new "double[1000]"} do
    local run = bench.loop(statement, object)
    table.insert(runs, {statement, variant, function() return run(count / 1000) / count end})
  end
  bench.interleave(passes, runs)
end
