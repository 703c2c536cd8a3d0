-- lifetime.lua NAME PASSES COUNT: create + close + unlink of one page.
local name, passes, count = arg[1], tonumber(arg[2]), tonumber(arg[3])
local polyshm = require "polyshm"
local bench = dofile(arg[0]:match "^.*/" .. "interleave.lua")

local function lives()
  for _ = 1, count do
    local shm = assert(polyshm.SharedMemory.create(name, {size = 4096}))
    shm:close()
    assert(shm:unlink())
  end
end
bench.interleave(passes, {{"create+close+unlink", "ours", function() return bench.timed(lives) / count end}})
