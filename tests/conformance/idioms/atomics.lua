-- Atomics in Lua: numbers with and without integers, waiting for another process.
local lu = require "luaunit"
local support = dofile((arg[0]:match "^.*/" or "") .. "support.lua")
local HAS_INTEGERS, raised, child, last_words = support.HAS_INTEGERS, support.raised, support.child, support.last_words

TestAtomics = support.with_segment()

function TestAtomics:test_integers_stay_integers()
  if not HAS_INTEGERS then lu.skip "this Lua's numbers are floats" end
  local int64, uint64 = self.shm:view "int64", self.shm:view "uint64"
  int64:store(0, math.maxinteger)
  lu.assertEquals(int64:add(0, 1), math.maxinteger)
  lu.assertEquals(int64:load(0), math.mininteger)
  lu.assertEquals(math.type(int64:load(0)), "integer")
  lu.assertEquals(uint64:exchange(0, 2.0 ^ 63), math.mininteger) -- the same bits
  lu.assertEquals(uint64:bxor(0, 1), math.mininteger)
  lu.assertEquals(uint64:load(0), math.mininteger + 1)
  lu.assertEquals(uint64:compare_exchange(0, uint64:load(0), -1), math.mininteger + 1) -- what was read is found
  lu.assertEquals(uint64:add(0, 1), -1)
  lu.assertEquals(uint64:sub(0, 1), 0)
  uint64:store(0, uint64:load(0))
  lu.assertEquals(uint64:exchange(0, 0), -1)
end

function TestAtomics:test_floats_alone_are_never_rounded()
  if HAS_INTEGERS then lu.skip "this Lua has integers" end
  local int64 = self.shm:view "int64"
  for _, operation in ipairs{"store", "add", "sub", "band", "bor", "bxor", "exchange"} do
    raised("RANGE", int64[operation], int64, 0, 2 ^ 54)
  end
  raised("RANGE", int64.compare_exchange, int64, 0, 0, 2 ^ 54)
  raised("RANGE", int64.compare_exchange, int64, 0, 2 ^ 54, 0)
  lu.assertEquals(int64:load(0), 0)
  int64:store(0, 2 ^ 53)
  lu.assertEquals(int64:add(0, 1), 2 ^ 53)
  raised("RANGE", int64.load, int64, 0)
  raised("RANGE", int64.sub, int64, 0, 1) -- what was there cannot be told, but it is done
  lu.assertEquals(int64:load(0), 2 ^ 53)
end

function TestAtomics:test_wait_and_notify_between_processes()
  local cells = self.shm:view "int32"
  local pipe, _, file = child[[
    local cells = assert(polyshm.SharedMemory.attach(name)):view "int32"
    print "waiting"
    print(cells:wait(1, 0, 60))
    print(cells:wait(1, 0, 60) == "timed-out")]]
  lu.assertEquals(pipe:read(), "waiting")
  local start, woken = os.time()
  repeat woken = cells:notify(1) until woken > 0 or os.time() > start + 60 -- it may not sleep yet
  lu.assertEquals(woken, 1)
  cells:store(1, 7)
  cells:notify(1)
  lu.assertEquals(last_words(pipe, file), "ok\nfalse\n")
end

os.exit(lu.LuaUnit.run(), true)
