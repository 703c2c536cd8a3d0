-- ffi.lua NAME PASSES COUNT: LuaJIT's FFI on a segment's address, and on an array of its own. The loop's own time is in it.
local name, passes, count = arg[1], tonumber(arg[2]), tonumber(arg[3])
local ffi = require "ffi"
local polyshm = require "polyshm"
local bench = dofile(arg[0]:match "^.*/" .. "interleave.lua")
local shm = assert(polyshm.SharedMemory.attach(name))

-- Each object gets code of its own, so that neither profits from what the interpreter learnt with the other.
local function loop(statement, object)
  local code = [[
    local t, times, clock = ...
    local x = 0
    local start = clock()
    for _ = 1, times do
      for i = 0, 999 do ]] .. statement .. [[ end
    end
    return clock() - start]]
  local run = assert(loadstring(code))
  return function() return run(object, count / 1000, bench.clock) / count end
end

for _, statement in ipairs {"t[i] = i", "x = x + t[i]"} do
  local runs = {}
  for variant, object in pairs {ours = ffi.cast("double *", shm.address), ["plain FFI array"] = ffi.new "double[1000]"} do
    table.insert(runs, {statement, variant, loop(statement, object)})
  end
  bench.interleave(passes, runs)
end
