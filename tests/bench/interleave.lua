-- This is what the scripts of the families share: dofile(interleave.lua) gives the yardstick, with its clock, and interleave.
local yardstick = package.loadlib(os.getenv "POLYSHM_YARDSTICK", "luaopen_yardstick")()

-- interleave(passes, {{measure, variant, run}, ...}): lets each run, which returns its nanoseconds, take its turn in each
-- pass, and prints a line for each; the order is turned round in every other pass, the first pass warms up.
local function interleave(passes, runs)
  for pass = 0, passes do
    for k = 1, #runs do
      local measure, variant, run = (unpack or table.unpack)(runs[pass % 2 == 0 and k or #runs + 1 - k])
      local time = run()
      if pass > 0 then print(("%s\t%s\t%.4f"):format(measure, variant, time)) end
    end
  end
end

-- timed(run): what one call takes.
local function timed(run)
  collectgarbage()
  local start = yardstick.clock()
  run()
  return yardstick.clock() - start
end

-- loop(statement, t, v): a function of `times` that runs the statement times * 1000 times, with i from 0 to 999 and an x, and returns
-- the nanoseconds. Each call makes code of its own, so that no object profits from what the interpreter learnt with another.
local function loop(statement, t, v)
  local code = [[
    local t, v, times, clock = ...
    local x = 1.5
    local start = clock()
    for _ = 1, times do
      for i = 0, 999 do ]] .. statement .. [[ end
    end
    return clock() - start]]
  local run = assert((loadstring or load)(code))
  return function(times) return run(t, v, times, yardstick.clock) end
end

-- calls(passes, count, statement, {{variant, object}, ...}): interleaves `count` runs of the statement on each object, its t; a
-- measure of that name. The loop's own time is measured in the same pass and subtracted.
local function calls(passes, count, statement, objects)
  local runs, empty = {}, loop ""
  for k, each in ipairs(objects) do
    local run = loop(statement, each[2])
    runs[k] = {statement, each[1], function() return (run(count / 1000) - empty(count / 1000)) / count end}
  end
  interleave(passes, runs)
end

-- Tells which run of the script this is: 0, 1, ...
local round = tonumber(os.getenv "POLYSHM_BENCH_ROUND")

return {round = round, yardstick = yardstick, interleave = interleave, timed = timed, loop = loop, calls = calls}
