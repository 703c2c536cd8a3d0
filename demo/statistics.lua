-- statistics.lua NAME: keeps the mean and the peak of what the sampler wrote.
local polyshm = require "polyshm"

local SLOTS = 64
local shm = assert(polyshm.SharedMemory.attach(arg[1], {timeout = 10}))
local counts = shm:view("int32", {offset = 0, count = 4})
local samples = {
  shm:view("float64", {offset = 512, count = SLOTS}),
  shm:view("float64", {offset = 1024, count = SLOTS}),
}
local statistics = shm:view("float64", {offset = 2048, count = 4})

local function mean_and_peak(view, count)
  local sum, peak = 0, 0
  for k = 0, count - 1 do
    sum, peak = sum + view[k], math.max(peak, view[k])
  end
  return sum / count, peak
end

repeat
  local news = counts:load(3) -- before all else: what comes later wakes us
  local last = counts[1] == 1 -- asked first: what it closes off has then been written
  local taken = counts[0]
  if taken > counts[2] then
    for i, view in ipairs(samples) do
      local mean, peak = mean_and_peak(view, math.min(taken, SLOTS))
      statistics[2 * i - 2], statistics[2 * i - 1] = mean, peak
    end
    counts[2] = taken
    counts:add(3, 1)
    counts:notify(3)
  end
  if not last then counts:wait(3, news) end
until last
shm:close()
