local polyshm = require "polyshm"
local name, me = arg[1], tonumber(arg[2])

local function check(ok, what)
  if not ok then
    print(("%d, Lua: %s"):format(me, what))
    os.exit(1)
  end
end

local shm = assert(polyshm.SharedMemory.attach(name))
local v = shm:view("int64")
local lock = shm.lock
local permits = assert(polyshm.Semaphore.attach(name .. ".permits"))
local event = assert(polyshm.Event.attach(name .. ".event"))
print("ready")
io.flush()

while true do
  local outcome = lock:lock(10)
  check(outcome, "starved of the lock")
  if outcome == "recovered" then
    v[2], v[0] = v[1], 0
    lock:repaired()
    v:add(4, 1)
  end
  check(v[0] == 0, "not alone")
  check(v[1] == v[2], "half a change, and nobody said so")
  v[0] = me
  v[1] = v[1] + 1
  v[2] = v[2] + 1
  check(v[0] == me, "not alone any more")
  v[0] = 0
  lock:unlock()
  check(permits:acquire(10), "starved of a permit")
  permits:release()
  if me % 2 == 1 then
    check(event:wait(10), "slept through the event")
  else
    event:set()
    event:clear()
  end
  v:add(3, 1)
end
