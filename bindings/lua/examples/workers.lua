-- Four processes share the work: each squares a quarter of the numbers in place, and leaves its sum in a slot of its own.
local polyshm = require "polyshm"

local WORKERS, COUNT = 4, 1000
local QUARTER = COUNT / WORKERS

local function views(shm)
  return shm:view("int64", {count = WORKERS}), shm:view("float64", {offset = 8 * WORKERS, count = COUNT})
end

local function work(name, worker)
  polyshm.with(polyshm.SharedMemory.attach(name), function(shm)
    local sums, numbers = views(shm)
    local quarter, sum = numbers:totable(worker * QUARTER, QUARTER), 0
    for i, x in ipairs(quarter) do -- a plain table, which begins at 1; views count from 0
      quarter[i] = x * x
      sum = sum + x * x
    end
    numbers:assign(quarter, worker * QUARTER)
    sums[worker] = sum
  end)
end

if arg[1] then
  work(arg[1], tonumber(arg[2]))
  return
end

local shm = assert(polyshm.SharedMemory.create(nil, {size = 8 * (WORKERS + COUNT)}))
local sums, numbers = views(shm)
for i = 0, COUNT - 1 do numbers[i] = i end

local processes = {}
for worker = 0, WORKERS - 1 do
  processes[#processes + 1] = io.popen(("'%s' '%s' %s %d"):format(arg[-1], arg[0], shm.name, worker))
end
for _, process in ipairs(processes) do process:close() end -- waits

local total = 0
for worker, sum in sums:each() do
  print(("worker %d: %d"):format(worker, sum))
  total = total + sum
end
print(("total: %d, the last number: %d"):format(total, numbers[#numbers - 1]))

shm:close()
assert(shm:unlink())

-- output:
-- worker 0: 5177125
-- worker 1: 36364625
-- worker 2: 98802125
-- worker 3: 192489625
-- total: 332833500, the last number: 998001
