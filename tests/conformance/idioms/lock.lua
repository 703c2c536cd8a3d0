-- Locks in Lua: synchronize, scopes, coroutines, collection, a killed owner, a segment's lock.
local polyshm = require "polyshm"
local lu = require "luaunit"
local support = dofile((arg[0]:match "^.*/" or "") .. "support.lua")
local SharedMemory, Lock, Semaphore, Event = polyshm.SharedMemory, polyshm.Lock, polyshm.Semaphore, polyshm.Event
local PREFIX, NAME, mappings, collect = support.PREFIX, support.NAME, support.mappings, support.collect
local raised, chunk, child, last_words = support.raised, support.chunk, support.child, support.last_words
local signal = support.signal

TestLocks = support.with_two(Lock)

function TestLocks:test_names_and_operators()
  local lock = self.one
  lu.assertEquals(tostring(lock), ("Lock('%s')"):format(NAME))
  lu.assertEquals(getmetatable(lock), "polyshm.Lock")
  lu.assertTrue(lock == lock)
  lu.assertFalse(lock == self.two)
  lu.assertNil(lock.colour)
  lu.assertNil(lock[0])
  lu.assertNil(lock.__disown)
  lu.assertStrContains(raised("ARGUMENT", function() lock.colour = 1 end).message, "colour")
  raised("ARGUMENT", function() lock.owned = true end)
  raised("ARGUMENT", function() lock[0] = 1 end)
  lock:close()
  lu.assertEquals(tostring(lock), ("Lock('%s', closed)"):format(NAME))
  raised("CLOSED", function() return lock.owned end)
end

function TestLocks:test_errors()
  local none, err = Lock.attach(PREFIX .. ".none")
  lu.assertNil(none)
  lu.assertEquals(err.code, "ENOENT")
  lu.assertEquals(select(2, Lock.create(NAME)).code, "EEXIST")
  lu.assertEquals(select(2, Lock.unlink(PREFIX .. ".none")).code, "ENOENT")
  raised("KIND", Event.attach, NAME)
  raised("KIND", Semaphore.open, NAME)
  lu.assertStrContains(raised("ARGUMENT", Lock.attach, NAME, {readonly = true}).message, "any_owner, timeout")
  lu.assertStrContains(raised("ARGUMENT", Lock.create, NAME, {size = 1}).message, "mode, exclusive, any_owner")
  raised("TYPE", Lock.create, NAME, "mode")
  lu.assertNil(raised("NOT_OWNER", self.one.unlock, self.one).errno)
  self.one:lock()
  local line = debug.getinfo(1, "l").currentline + 1
  err = raised("DEADLOCK", function() self.one:lock() end)
  lu.assertStrContains(err.position, ("lock.lua:%d:"):format(line))
  lu.assertIs(assert(self.one:unlink()), true)
  lu.assertEquals(select(2, self.one:unlink()).code, "ENOENT")
end

function TestLocks:test_a_time_out_is_false()
  lu.assertEquals(self.one:lock(), "locked")
  lu.assertIs(self.two:lock(0.02), false)
  lu.assertIs(self.two:try_lock(), false)
  self.one:unlock()
  lu.assertEquals(self.two:try_lock(), "locked")
end

function TestLocks:test_synchronize_passes_results_on()
  local function sees(outcome) return outcome, self.one.owned, nil, nil end
  for _, results in ipairs{{n = select("#", self.one:synchronize(sees)), self.one:synchronize(sees)},
    {n = select("#", polyshm.with(self.one, sees)), polyshm.with(self.one, sees)}} do
    lu.assertEquals(results.n, 4)
    lu.assertEquals(results[1], "locked")
    lu.assertIs(results[2], true)
  end
  lu.assertFalse(self.two.locked)
  lu.assertFalse(self.one.closed)
  lu.assertEquals(select("#", self.one:synchronize(function() end)), 0)
  local callable = setmetatable({}, {__call = function(_, outcome) return outcome end})
  lu.assertEquals(self.one:synchronize(callable), "locked")
end

function TestLocks:test_synchronize_rethrows()
  local problem = {}
  for _, scope in ipairs{self.one.synchronize, polyshm.with} do
    local ok, err = pcall(scope, self.one, function() error(problem) end)
    lu.assertFalse(ok)
    lu.assertIs(err, problem)
    lu.assertFalse(self.two.locked)
    lu.assertFalse(pcall(scope, self.one, nil))
    lu.assertFalse(self.two.locked)
    lu.assertFalse(pcall(scope, self.one))
    lu.assertFalse(self.two.locked)
  end
end

function TestLocks:test_synchronize_in_time_or_not_at_all()
  self.two:lock()
  local called = false
  lu.assertIs(self.one:synchronize(function() called = true end, 0.02), false)
  lu.assertIs(self.one:synchronize(function() called = true end, 0), false)
  lu.assertFalse(called)
  lu.assertTrue(self.two.owned)
  raised("RANGE", self.one.synchronize, self.one, print, -1)
  raised("RANGE", self.one.synchronize, self.one, print, 0 / 0)
  raised("TYPE", self.one.synchronize, self.one, print, "1")
  self.two:unlock()
  lu.assertEquals(self.one:synchronize(function(outcome) return outcome end, 5), "locked")
end

function TestLocks:test_synchronize_in_synchronize()
  self.one:synchronize(function()
    raised("DEADLOCK", self.one.synchronize, self.one, function() lu.fail "it is locked already" end)
    lu.assertTrue(self.one.owned)
    lu.assertIs(self.one:synchronize(function() lu.fail "it is locked already" end, 0), false)
    lu.assertTrue(self.one.owned)
  end)
  lu.assertFalse(self.two.locked)
end

-- Whatever fn does to the lock itself neither fails at the end nor hides fn's error.
function TestLocks:test_fn_may_unlock_or_close()
  local function unlock() self.one:unlock() end
  local function close() self.one:close() end
  local function free() debug.getmetatable(self.one).__gc(self.one) end
  for _, act in ipairs{unlock, close, free} do
    self.one = assert(Lock.attach(NAME))
    lu.assertEquals(self.one:synchronize(function()
      act()
      return "done"
    end), "done")
    self.one = assert(Lock.attach(NAME))
    local ok, err = pcall(self.one.synchronize, self.one, function()
      act()
      error("problem", 0)
    end)
    lu.assertFalse(ok)
    lu.assertEquals(err, "problem")
    local outcome = self.two:lock(20) -- closing abandons it, and freeing closes
    lu.assertEquals(outcome, act == unlock and "locked" or "recovered")
    self.two:repaired()
    self.two:unlock()
    self.one = assert(Lock.attach(NAME))
  end
end

function TestLocks:test_a_lock_overwritten_meanwhile_is_an_error()
  local bytes = assert(SharedMemory.attach(NAME))
  local function scribble() bytes:set_value("uint32", 4096, 0) end
  raised("CORRUPT", self.one.synchronize, self.one, scribble)
  local ok, err = pcall(self.one.synchronize, self.one, function()
    scribble()
    error("problem", 0)
  end)
  lu.assertFalse(ok)
  lu.assertEquals(err, "problem")
end

-- A debug hook, as Ctrl-C's, raises at the k-th step of a call, for each k. None may leave the lock locked.
function TestLocks:test_no_step_of_synchronize_leaves_it_locked()
  local function raised_at(k, run)
    local step = 0
    local function hook()
      step = step + 1
      if step == k then
        debug.sethook()
        error("stop", 0)
      end
    end
    return not pcall(function()
      debug.sethook(hook, "crl", 1)
      run()
      debug.sethook()
    end)
  end
  local function left_locked(run)
    local steps, left = 0, 0
    for k = 1, 500 do
      if not raised_at(k, run) then break end
      steps = k
      if self.one.owned then
        left = left + 1
        self.one:unlock()
      end
    end
    lu.assertTrue(steps > 10 and steps < 500, tostring(steps))
    return left
  end
  local function body() return 1 + 1 end
  if jit then jit.off() end -- compiled code calls no hooks
  local by_hand = left_locked(function()
    self.one:lock()
    local ok, result = pcall(body)
    self.one:unlock()
    assert(ok, result)
  end)
  local synchronized = left_locked(function() self.one:synchronize(body) end)
  local with = left_locked(function() polyshm.with(self.one, body) end)
  if jit then jit.on() end
  lu.assertTrue(by_hand > 0) -- or this test could not fail
  lu.assertEquals(synchronized, 0)
  lu.assertEquals(with, 0)
end

function TestLocks:test_fn_may_yield()
  local thread = coroutine.create(function()
    return self.one:synchronize(function(outcome)
      local answer = coroutine.yield(outcome)
      if answer == "fail" then error("failed", 0) end
      return answer
    end)
  end)
  local ok, result = coroutine.resume(thread)
  if _VERSION == "Lua 5.1" then -- LuaJIT, too
    lu.assertFalse(ok)
    lu.assertStrContains(result, "yield across")
    lu.assertFalse(self.one.owned)
    return
  end
  lu.assertEquals(result, "locked")
  lu.assertTrue(self.one.owned)
  ok, result = coroutine.resume(thread, "done")
  lu.assertTrue(ok, result)
  lu.assertEquals(result, "done")
  lu.assertFalse(self.one.owned)
  thread = coroutine.create(function() self.one:synchronize(coroutine.yield) end)
  coroutine.resume(thread)
  lu.assertTrue(self.one.owned)
  coroutine.resume(thread)
  lu.assertFalse(self.one.owned)
  thread = coroutine.create(function()
    self.one:synchronize(function()
      coroutine.yield()
      error("failed", 0)
    end)
  end)
  coroutine.resume(thread)
  ok, result = coroutine.resume(thread)
  lu.assertFalse(ok)
  lu.assertEquals(result, "failed")
  lu.assertFalse(self.one.owned)
end

-- The owner is the thread of the system, of which a script has one.
function TestLocks:test_coroutines_share_it()
  self.one:lock()
  coroutine.wrap(function()
    lu.assertTrue(self.one.owned)
    raised("DEADLOCK", self.one.lock, self.one)
    self.one:unlock()
  end)()
  lu.assertFalse(self.one.owned)
end

function TestLocks:test_collected_while_locked()
  local function drop() assert(Lock.attach(NAME)):lock() end
  drop()
  collect()
  lu.assertEquals(self.one:lock(20), "recovered")
  lu.assertTrue(self.one.dirty)
  self.one:unlock()
  lu.assertEquals(self.two:lock(), "recovered")
  self.two:repaired()
  self.two:unlock()
  lu.assertEquals(self.one:lock(), "locked")
end

function TestLocks:test_close_at_the_end_of_a_block()
  if _VERSION ~= "Lua 5.4" then lu.skip "<close> came with Lua 5.4" end
  local seen = chunk[[
    local polyshm, name = ...
    local seen = {}
    do
      local lock <close> = assert(polyshm.Lock.open(name))
      local semaphore <close> = assert(polyshm.Semaphore.open(name .. ".p"))
      local event <close> = assert(polyshm.Event.open(name .. ".e"))
      seen = {lock, semaphore, event}
    end
    return seen]](polyshm, NAME)
  for i = 1, 3 do
    lu.assertTrue(seen[i].closed)
    if i > 1 then assert(seen[i]:unlink()) end
  end
end

-- A handle has a descriptor, of which there may be a thousand.
function TestLocks.test_dropped_handles_stay_bounded()
  collect()
  local before, most = mappings(), 0
  local ballast = {} -- a heap that would not be looked at for long
  for i = 1, 200000 do ballast[i] = {} end
  for _, class in ipairs{Lock, Semaphore, Event} do
    local name = ("%s.%s"):format(NAME, tostring(class):gsub("%W", ""))
    assert(class.create(name))
    for i = 1, 1500 do
      assert(class.attach(name))
      if i % 100 == 0 then most = math.max(most, mappings() - before) end -- to count makes garbage, too
    end
    assert(class.unlink(name))
  end
  lu.assertTrue(most < 500, most .. " handles wait for the collector")
  lu.assertEquals(#ballast, 200000)
  collect()
  lu.assertEquals(mappings(), before)
end

---- between processes ----

function TestLocks:test_a_killed_owner()
  local pipe, pid, file = child[[
    local lock = assert(polyshm.Lock.attach(name))
    print(lock:lock())
    print(polyshm.Event.attach(name .. ".never", {timeout = 60}))]]
  lu.assertEquals(pipe:read(), "locked")
  lu.assertTrue(self.one.locked)
  lu.assertFalse(self.one.owned)
  lu.assertIs(self.one:lock(0.05), false)
  raised("NOT_OWNER", self.one.unlock, self.one)
  signal("KILL", pid, 0.2)
  local outcome = self.one:synchronize(function(how) -- waits for it
    lu.assertTrue(self.one.dirty)
    self.one:repaired()
    return how
  end, 60)
  lu.assertEquals(outcome, "recovered")
  lu.assertEquals(self.two:lock(), "locked")
  lu.assertEquals(last_words(pipe, file), "")
end

function TestLocks:test_processes_take_turns()
  local shm = assert(SharedMemory.create(NAME .. ".s", {size = 8}))
  local script = [[
    local lock, shm = assert(polyshm.Lock.attach(name)), assert(polyshm.SharedMemory.attach(name .. ".s"))
    for i = 1, 3000 do
      lock:synchronize(function() shm:set_value("int64", 0, shm:get_value("int64", 0) + 1) end)
    end
    print "done"]]
  local first, _, first_file = child(script)
  local second, _, second_file = child(script)
  lu.assertEquals(last_words(first, first_file), "done\n")
  lu.assertEquals(last_words(second, second_file), "done\n")
  lu.assertEquals(shm:get_value("int64", 0), 6000)
  lu.assertFalse(self.one.locked)
  assert(shm:unlink())
end

---- a segment's lock ----

-- A coroutine that is closed, not resumed, gives back what it holds in the middle of a scope.
function TestLocks:test_a_closed_coroutine_unlocks()
  if not coroutine.close then lu.skip "coroutine.close came with Lua 5.4" end
  for _, scope in ipairs{self.one.synchronize, polyshm.with} do
    local holder = coroutine.create(function() scope(self.one, coroutine.yield) end)
    lu.assertEquals({coroutine.resume(holder)}, {true, "locked"})
    lu.assertTrue(self.one.owned)
    lu.assertTrue(coroutine.close(holder))
    lu.assertFalse(self.one.owned)
    lu.assertEquals(self.two:lock(0), "locked")
    self.two:unlock()
  end
  local other = assert(Lock.attach(self.one.name))
  local user = coroutine.create(function() polyshm.with(assert(polyshm.Event.create(self.one.name .. ".e")), coroutine.yield) end)
  local _, event = coroutine.resume(user)
  assert(coroutine.close(user))
  lu.assertTrue(event.closed)
  event:unlink()
  other:close()
end

TestSegmentLocks = support.with_segment()

function TestSegmentLocks:test_is_one_object()
  local lock = self.shm.lock
  lu.assertIs(self.shm.lock, lock)
  lu.assertEquals(lock.name, NAME .. ".lock")
  lu.assertEquals(self.shm.lock:lock(), "locked")
  lu.assertTrue(self.shm.lock.owned)
  local other = assert(SharedMemory.attach(NAME))
  lu.assertNotIs(other.lock, lock)
  lu.assertIs(other.lock:try_lock(), false)
  self.shm.lock:unlock()
  lu.assertEquals(polyshm.with(other.lock, function(outcome) return outcome end), "locked")
  lock:close()
  lu.assertNotIs(self.shm.lock, lock) -- closed: another one
  lu.assertFalse(self.shm.lock.closed)
  lock = self.shm.lock
  self.shm:close()
  raised("CLOSED", function() return self.shm.lock end)
  lu.assertFalse(lock.closed)
  assert(lock:unlink())
end

function TestSegmentLocks:test_errors_are_raised()
  raised("ARGUMENT", function() self.shm.lock = 1 end)
  local other = assert(SharedMemory.create(NAME .. ".lock"))
  raised("KIND", function() return self.shm.lock end)
  assert(other:unlink())
  local long = assert(SharedMemory.create(PREFIX .. ("x"):rep(200 - #PREFIX)))
  lu.assertEquals(long.lock.name, long.name .. ".lock")
  long.lock:close()
  assert(long:unlink())
  local read = debug.getmetatable(self.shm).__index
  for _, other in ipairs{self.view, io.stdout, "text", {}} do raised("TYPE", read, other, "lock") end
  raised("TYPE", read, nil, "lock")
end

function TestSegmentLocks:test_is_collected_with_its_segment()
  self.shm:close()
  collect()
  local before = mappings()
  local function drop()
    local shm = assert(SharedMemory.attach(NAME))
    lu.assertEquals(shm.lock:lock(20), "locked")
    shm.lock:unlock()
  end
  for _ = 1, 10 do drop() end
  collect()
  collect() -- the first cycle finalises the segment, and gives its entry up: the lock goes with the next
  lu.assertEquals(mappings(), before)
  assert(Lock.unlink(NAME .. ".lock"))
end

os.exit(lu.LuaUnit.run(), true)
