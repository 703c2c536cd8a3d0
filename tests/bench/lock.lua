-- lock.lua NAME PASSES COUNT: lock + unlock, ours and the yardstick's, which has its mutex in the segment NAME.
-- row: t:lock() t:unlock()
local name, passes, count = arg[1], tonumber(arg[2]), tonumber(arg[3])
local polyshm = require "polyshm"
local bench = dofile(arg[0]:match "^.*/" .. "interleave.lua")
local lock = assert(polyshm.Lock.create(name .. ".lock"))
assert(lock:unlink()) -- it goes on without its name

bench.calls(passes, count, "t:lock() t:unlock()", {{"ours", lock}, {"hand-written", bench.yardstick.open_lean(name)}})
