-- Semaphores in Lua: synchronize, a killed holder.
local polyshm = require "polyshm"
local lu = require "luaunit"
local support = dofile((arg[0]:match "^.*/" or "") .. "support.lua")
local Semaphore = polyshm.Semaphore
local NAME, raised, child, last_words = support.NAME, support.raised, support.child, support.last_words
local signal = support.signal

TestSemaphores = support.with_two(Semaphore, {count = 2})

function TestSemaphores:test_names_and_operators()
  local semaphore = self.one
  lu.assertEquals(tostring(semaphore), ("Semaphore('%s', count=2)"):format(NAME))
  lu.assertEquals(getmetatable(semaphore), "polyshm.Semaphore")
  lu.assertNil(semaphore.colour)
  raised("ARGUMENT", function() semaphore.count = 1 end)
  lu.assertStrContains(raised("ARGUMENT", Semaphore.open, NAME, {permits = 1}).message, "count")
  raised("TYPE", Semaphore.open, NAME, {count = "2"})
  semaphore:close()
  lu.assertEquals(tostring(semaphore), ("Semaphore('%s', count=2, closed)"):format(NAME))
  lu.assertEquals(semaphore.count, 2)
  raised("CLOSED", function() return semaphore.value end)
end

function TestSemaphores:test_synchronize()
  local function sees(outcome) return outcome, self.one.value end
  lu.assertEquals({self.one:synchronize(sees)}, {true, 1})
  lu.assertEquals({polyshm.with(self.one, sees)}, {true, 1})
  lu.assertEquals(self.two.value, 2)
  lu.assertFalse(self.one.closed)
  lu.assertFalse(pcall(self.one.synchronize, self.one, function() error "out" end))
  lu.assertEquals(self.two.value, 2)
  self.one:synchronize(function()
    self.one:synchronize(function()
      lu.assertIs(self.two:synchronize(function() lu.fail "none is free" end, 0.02), false)
    end)
  end)
  lu.assertEquals(self.two.value, 2)
  for _, act in ipairs{self.one.release, self.one.close} do
    lu.assertEquals(self.one:synchronize(function()
      act(self.one)
      return "done"
    end), "done")
  end
  lu.assertEquals(self.two.value, 2)
end

function TestSemaphores:test_a_killed_holder()
  local pipe, pid, file = child[[
    local semaphore = assert(polyshm.Semaphore.attach(name))
    print(semaphore:acquire(), semaphore:acquire(), semaphore:try_acquire())
    print(polyshm.Event.attach(name .. ".never", {timeout = 60}))]]
  lu.assertEquals(pipe:read(), "true\ttrue\tfalse")
  lu.assertEquals(self.one.value, 0)
  lu.assertIs(self.one:acquire(0.05), false)
  raised("NOT_OWNER", self.one.release, self.one)
  signal("KILL", pid, 0.2)
  lu.assertIs(self.one:acquire(60), true)
  lu.assertEquals(last_words(pipe, file), "")
  lu.assertEquals(self.one.value, 1)
end

os.exit(lu.LuaUnit.run(), true)
