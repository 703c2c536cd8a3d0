-- Processes move money between two accounts, each in its turn. One is killed halfway: the next one is told, and puts it right.
local polyshm = require "polyshm"

local WORKERS, MOVES, TOTAL = 3, 500, 1000
local HERE, THERE, REPAIRS = 0, 1, 2

local function in_turn(shm, fn)
  local accounts = shm:view "int64"
  return shm.lock:synchronize(function(outcome)
    if outcome == "recovered" then -- who had the lock died: what it left may be half done
      accounts[HERE] = TOTAL - accounts[THERE]
      accounts[REPAIRS] = accounts[REPAIRS] + 1
      shm.lock:repaired()
    end
    return fn(accounts)
  end)
end

local function work(name, dies)
  local shm = assert(polyshm.SharedMemory.attach(name))
  polyshm.with(polyshm.Event.attach(name .. ".open"), function(open) open:wait(5) end)
  for _ = 1, MOVES do
    in_turn(shm, function(accounts)
      accounts[HERE] = accounts[HERE] - 1
      if dies then os.execute "kill -9 $PPID" end -- a shell's parent: this process
      accounts[THERE] = accounts[THERE] + 1
    end)
  end
end

if arg[1] then
  work(arg[1], arg[2] == "dies")
  return
end

local shm = assert(polyshm.SharedMemory.create(nil, {size = 24}))
shm:view("int64"):assign{TOTAL, 0, 0}
local open = assert(polyshm.Event.create(shm.name .. ".open"))

local processes = {}
for worker = 1, WORKERS do
  local command = ("exec '%s' '%s' %s %s"):format(arg[-1], arg[0], shm.name, worker == 1 and "dies" or "")
  processes[worker] = io.popen(command)
end
open:set() -- all begin
for _, process in ipairs(processes) do process:close() end -- waits

in_turn(shm, function(accounts)
  print(("here %d, there %d, repairs %d"):format(accounts[HERE], accounts[THERE], accounts[REPAIRS]))
end)
for _, object in ipairs{shm.lock, open, shm} do
  assert(object:unlink())
  object:close()
end

-- output:
-- here 0, there 1000, repairs 1
