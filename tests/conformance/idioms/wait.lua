-- Waits in Lua, and what breaks them: time-outs, debug hooks, finalisers, Ctrl-C.
local polyshm = require "polyshm"
local lu = require "luaunit"
local support = dofile((arg[0]:match "^.*/" or "") .. "support.lua")
local SharedMemory, Lock, Semaphore, Event = polyshm.SharedMemory, polyshm.Lock, polyshm.Semaphore, polyshm.Event
local PREFIX, NAME, raised, child = support.PREFIX, support.NAME, support.raised, support.child
local last_words, signal, at_each_allocation = support.last_words, support.signal, support.at_each_allocation

TestWaits = support.with_segment()

local function now()
  local uptime = assert(io.open "/proc/uptime")
  local time = uptime:read "*n"
  uptime:close()
  return time
end

local function seconds(fn)
  local start = now()
  fn()
  return now() - start
end

function TestWaits.test_the_timeout_ends_the_wait()
  local _, err
  local time = seconds(function() _, err = SharedMemory.attach(PREFIX .. ".none", {timeout = 0.3}) end)
  lu.assertEquals(err.code, "ENOENT")
  lu.assertTrue(time >= 0.28 and time < 3, tostring(time))
  lu.assertTrue(seconds(function() SharedMemory.attach(PREFIX .. ".none", {timeout = 0}) end) < 1)
end

function TestWaits.test_a_segment_that_comes()
  os.execute(("(sleep 0.2; printf came > /dev/shm/%s.late) &"):format(PREFIX))
  local shm = assert(SharedMemory.attach(PREFIX .. ".late", {timeout = 20}))
  assert(shm:unlink())
  lu.assertEquals(shm:read(), "came")
  shm:close()
end

function TestWaits.test_bad_timeouts()
  raised("RANGE", SharedMemory.attach, NAME, {timeout = -1})
  raised("RANGE", SharedMemory.attach, NAME, {timeout = 0 / 0})
  raised("TYPE", SharedMemory.attach, NAME, {timeout = "1"})
  raised("TYPE", SharedMemory.attach, NAME, {timeout = true})
  assert(SharedMemory.attach(NAME, {timeout = 1 / 0})):close()
end

-- The waits: functions of nothing that wait for ever, and what ends them properly.
local function waits()
  local owner, lock = assert(Lock.create(NAME .. ".l")), assert(Lock.attach(NAME .. ".l"))
  local semaphore, event = assert(Semaphore.create(NAME .. ".p")), assert(Event.create(NAME .. ".e"))
  local cells = assert(SharedMemory.attach(NAME)):view "int32"
  owner:lock()
  semaphore:acquire()
  local function unexpected() lu.fail "this cannot have been reached" end
  return {
    {"lock", function() lock:lock() end},
    {"lock.synchronize", function() lock:synchronize(unexpected) end},
    {"acquire", function() semaphore:acquire() end},
    {"semaphore.synchronize", function() semaphore:synchronize(unexpected, 60) end},
    {"event", function() event:wait() end},
    {"view", function() cells:wait(0, 0) end},
    {"attach", function() Lock.attach(NAME .. ".none", {timeout = 60}) end},
  }, function()
    lu.assertFalse(lock.owned)
    lu.assertTrue(owner.owned)
    owner:unlock()
    lu.assertEquals(lock:lock(), "locked")
    semaphore:release()
    lu.assertEquals(semaphore.value, 1)
    for _, object in ipairs{owner, semaphore, event} do
      assert(object:unlink())
      object:close()
    end
    lock:close()
  end
end

-- This is what a debug hook raises 0.15 s later, deep in a wait, as SIGINT's hook does; `before` runs in the hook before that.
local function interrupted(thread, run, before)
  local start, raised_already = now(), false
  local function hook()
    local time = now() - start
    if time >= 0.05 and before then
      before()
      before = nil
    end
    if time >= 0.15 and not raised_already then
      raised_already = true
      error("stop", 0)
    end
  end
  if thread then debug.sethook(thread, hook, "c") else debug.sethook(hook, "c") end
  local ok, err = run()
  if thread then debug.sethook(thread) else debug.sethook() end
  local time = now() - start
  lu.assertTrue(time >= 0.12 and time < 20, tostring(time))
  return ok, err
end

function TestWaits.test_a_debug_hook_breaks_the_wait()
  local ok, err = interrupted(nil, function() return pcall(SharedMemory.attach, PREFIX .. ".none", {timeout = 20}) end)
  lu.assertFalse(ok)
  lu.assertEquals(err, "stop")
  -- The next wait is not disturbed.
  lu.assertEquals(select(2, SharedMemory.attach(PREFIX .. ".none", {timeout = 0.05})).code, "ENOENT")
end

function TestWaits.test_a_hook_may_wait_itself()
  local inner
  local ok, err = interrupted(nil, function() return pcall(SharedMemory.attach, PREFIX .. ".none", {timeout = 20}) end,
    function() inner = select(2, SharedMemory.attach(PREFIX .. ".none", {timeout = 0.02})) end)
  lu.assertEquals(inner.code, "ENOENT")
  lu.assertFalse(ok)
  lu.assertEquals(err, "stop")
end

function TestWaits.test_the_hook_of_the_coroutine_that_waits()
  local thread = coroutine.create(function() return SharedMemory.attach(PREFIX .. ".none", {timeout = 20}) end)
  local ok, err = interrupted(thread, function() return coroutine.resume(thread) end)
  lu.assertFalse(ok)
  lu.assertEquals(err, "stop")
end

function TestWaits.test_a_debug_hook_breaks_every_wait()
  local each, finish = waits()
  for _, wait in ipairs(each) do
    local ok, err = interrupted(nil, function() return pcall(wait[2]) end)
    lu.assertFalse(ok, wait[1])
    lu.assertEquals(err, "stop", wait[1])
  end
  finish()
end

function TestWaits.test_a_hook_may_lock()
  local each, finish = waits()
  local event, lock, outcome = Event.attach(NAME .. ".e"), assert(Lock.attach(NAME .. ".l")), nil
  local ok, err = interrupted(nil, function() return pcall(event.wait, event) end,
    function() outcome = lock:lock(0.02) end)
  lu.assertIs(outcome, false)
  lu.assertFalse(ok)
  lu.assertEquals(err, "stop")
  lu.assertTrue(#each > 5)
  finish()
end

-- Where a wait needs memory to look for interrupts, the collector may run, and so finalisers, and those may fail.
function TestWaits.test_a_finaliser_that_fails_in_a_wait()
  if jit or not newproxy then lu.skip "a wait does not make the collector run in this Lua" end
  local each, finish = waits()
  local lock = assert(Lock.attach(NAME .. ".l"))
  local function wait() lock:lock(20) end
  local how = {}
  at_each_allocation(function() how.ok, how.err = pcall(wait) end, function() error("finaliser", 0) end)
  lu.assertEquals(how, {ok = false, err = "finaliser"})
  for _, other in ipairs(each) do -- the next ones are not disturbed
    lu.assertEquals(select(2, interrupted(nil, function() return pcall(other[2]) end)), "stop", other[1])
  end
  lock:close()
  finish()
end

function TestWaits.test_ctrl_c_breaks_every_wait_of_the_interpreter()
  local statements = {
    'polyshm.SharedMemory.attach(name .. ".none", {timeout = 60})',
    'local other = polyshm.Lock.attach(name .. ".l") other:lock() lock:lock()',
    'local other = polyshm.Lock.attach(name .. ".l") other:lock() lock:synchronize(print)',
    'polyshm.with(semaphore, function() semaphore:acquire() end)',
    'assert(polyshm.Event.attach(name .. ".e")):wait()',
    'polyshm.SharedMemory.attach(name):view("int32"):wait(0, 0)',
  }
  local lock, semaphore = assert(Lock.create(NAME .. ".l")), assert(Semaphore.create(NAME .. ".p"))
  local event = assert(Event.create(NAME .. ".e"))
  for _, statement in ipairs(statements) do
    local pipe, pid, file = child([[
      local lock, semaphore = assert(polyshm.Lock.attach(name .. ".l")), assert(polyshm.Semaphore.attach(name .. ".p"))
      print "waiting"
      ]] .. statement)
    lu.assertEquals(pipe:read(), "waiting")
    local words
    local time = seconds(function()
      signal("INT", pid, 0.2)
      words = last_words(pipe, file)
    end)
    lu.assertStrContains(words, "interrupted!", statement)
    lu.assertTrue(time < 20, ("%s: %g"):format(statement, time))
    lu.assertFalse(lock.locked, statement)
    lu.assertEquals(semaphore.value, 1, statement)
  end
  for _, object in ipairs{lock, semaphore, event} do
    assert(object:unlink())
    object:close()
  end
end

os.exit(lu.LuaUnit.run(), true)
