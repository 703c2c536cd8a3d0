-- Segments in Lua: metatables, strings, scopes, collection, LuaJIT's pointers.
local polyshm = require "polyshm"
local lu = require "luaunit"
local support = dofile((arg[0]:match "^.*/" or "") .. "support.lua")
local SharedMemory = polyshm.SharedMemory
local PREFIX, NAME, mappings, collect = support.PREFIX, support.NAME, support.mappings, support.collect
local raised, chunk = support.raised, support.chunk

---- objects ----

TestObjects = support.with_segment()

function TestObjects:test_names_and_operators()
  lu.assertEquals(#self.shm, 4096)
  lu.assertEquals(#self.view, 8)
  lu.assertEquals(tostring(self.shm), ("SharedMemory('%s', size=4096)"):format(NAME))
  lu.assertEquals(tostring(self.view), "View('float64', offset=0, count=8)")
  self.shm:close()
  lu.assertEquals(tostring(self.shm), ("SharedMemory('%s', size=4096, closed)"):format(NAME))
  lu.assertEquals(tostring(self.view), "View('float64', offset=0, count=8, closed)")
  lu.assertEquals(#self.shm, 4096)
  lu.assertEquals(#self.view, 8)
end

function TestObjects:test_unknown_keys()
  lu.assertNil(self.shm.colour)
  lu.assertNil(self.shm[0])
  lu.assertNil(self.shm[{}])
  lu.assertNil(self.view.colour)
  lu.assertNil(self.view["0"])
  lu.assertStrContains(raised("ARGUMENT", function() self.shm.colour = 1 end).message, "colour")
  raised("ARGUMENT", function() self.shm.size = 1 end)
  raised("ARGUMENT", function() self.shm[0] = 1 end)
  raised("TYPE", function() self.view.count = 1 end)
  raised("TYPE", function() self.view["0"] = 1 end)
end

function TestObjects:test_metatables_are_locked()
  lu.assertEquals(getmetatable(self.shm), "polyshm.SharedMemory")
  lu.assertEquals(getmetatable(self.view), "polyshm.View")
end

function TestObjects:test_identity()
  lu.assertTrue(self.shm == self.shm)
  lu.assertFalse(self.shm == assert(SharedMemory.attach(NAME)))
  lu.assertFalse(self.shm == self.view)
  lu.assertFalse(self.shm == io.stdout)
end

function TestObjects:test_nothing_of_swig_is_left_on_them()
  lu.assertNil(self.shm.__disown)
  lu.assertNil(self.view.__disown)
  lu.assertNil(self.view.values)
end

---- bytes ----

TestBytes = support.with_segment()

-- A string read must be the same string as any other of its content: also as a key, which short ones are by address.
function TestBytes:test_strings_of_every_length()
  for _, length in ipairs{0, 1, 39, 40, 41, 255, 256, 257, 4096} do
    local text = ("a\0\255z"):rep(1024):sub(1, length)
    self.shm:write(0, text)
    local back = self.shm:read(0, length)
    lu.assertTrue(back == text)
    lu.assertTrue(({[text] = true})[back])
  end
end

---- scopes ----

TestScopes = support.with_segment()

function TestScopes:test_with_closes_and_passes_results_on()
  local shm = assert(SharedMemory.attach(NAME))
  local count = select("#", polyshm.with(shm, function(given)
    lu.assertIs(given, shm)
    lu.assertFalse(shm.closed)
    return 1, nil, nil
  end))
  lu.assertEquals(count, 3)
  lu.assertTrue(shm.closed)
  lu.assertFalse(self.shm.closed)
  lu.assertEquals(polyshm.with(self.view, function(view) return view.count end), 8)
  lu.assertTrue(self.view.closed)
end

function TestScopes.test_with_closes_and_rethrows()
  local shm, problem = assert(SharedMemory.attach(NAME)), {}
  local ok, err = pcall(polyshm.with, shm, function() error(problem) end)
  lu.assertFalse(ok)
  lu.assertIs(err, problem)
  lu.assertTrue(shm.closed)
  shm = assert(SharedMemory.attach(NAME))
  lu.assertFalse(pcall(polyshm.with, shm, nil))
  lu.assertTrue(shm.closed)
end

function TestScopes.test_with_passes_a_failure_on()
  local called = false
  local result, err = polyshm.with(SharedMemory.attach(PREFIX .. ".none"), function() called = true end)
  lu.assertNil(result)
  lu.assertEquals(err.code, "ENOENT")
  lu.assertFalse(called)
  raised("TYPE", polyshm.with, nil, print) -- that failure has been told
  local none, earlier = SharedMemory.attach(PREFIX .. ".none")
  lu.assertEquals(earlier.code, "ENOENT") -- this one was dealt with
  raised("TYPE", function() polyshm.with(none, print) end)
  none, earlier = SharedMemory.attach(PREFIX .. ".none")
  lu.assertEquals(earlier.code, "ENOENT")
  lu.assertFalse(pcall(polyshm.with, none, print))
  assert(SharedMemory.create(PREFIX .. ".some")):unlink()
  raised("TYPE", polyshm.with, nil, print)
  for _, other in ipairs{"text", 5, {}, io.stdout, print} do raised("TYPE", polyshm.with, other, print) end
end

function TestScopes.test_close_at_the_end_of_a_block()
  if _VERSION ~= "Lua 5.4" then lu.skip "<close> came with Lua 5.4" end
  local seen = chunk[[
    local polyshm, name = ...
    local seen
    do
      local shm <close> = assert(polyshm.SharedMemory.attach(name))
      local view <close> = shm:view "int8"
      seen = {shm, view}
    end
    pcall(function()
      local shm <close> = assert(polyshm.SharedMemory.attach(name))
      seen[3] = shm
      error "out"
    end)
    local none <close> = polyshm.SharedMemory.attach(name .. ".none")
    return seen]](polyshm, NAME)
  for i = 1, 3 do lu.assertTrue(seen[i].closed) end
end

---- collection ----

TestCollection = support.with_segment()

function TestCollection:test_dropping_unmaps_and_never_unlinks()
  collect()
  local before = mappings()
  local function drop() lu.assertEquals(assert(SharedMemory.attach(NAME)):read(0, 1), "\0") end
  for _ = 1, 10 do drop() end
  collect()
  lu.assertEquals(mappings(), before)
  lu.assertFalse(self.shm:stale())
end

function TestCollection:test_a_view_keeps_the_memory()
  self.view[0] = 42
  self.shm = nil
  collect()
  lu.assertEquals(self.view[0], 42.0)
  self.view:close()
  assert(SharedMemory.unlink(NAME))
end

-- 40 segments of 16 MiB, dropped: the collector sees only the handles, and must come all the same.
function TestCollection.test_a_loop_that_drops_segments_stays_bounded()
  collect()
  local before, most = mappings(), 0
  for _ = 1, 40 do
    assert(assert(SharedMemory.create(NAME .. ".big", {size = 16777216})):unlink())
    most = math.max(most, mappings() - before)
    lu.assertTrue(most <= 8, most .. " segments wait for the collector")
  end
end

function TestCollection.test_a_stopped_collector_stays_stopped()
  local function is_collected()
    local dropped = setmetatable({{}}, {__mode = "v"})
    for _ = 1, 4 do assert(assert(SharedMemory.create(NAME .. ".big", {size = 16777216})):unlink()) end
    return dropped[1] == nil
  end
  lu.assertTrue(is_collected())
  if _VERSION == "Lua 5.1" and not jit then return end -- it cannot tell whether its collector runs
  collectgarbage "stop"
  local collected = is_collected()
  collectgarbage "restart"
  lu.assertFalse(collected)
end

function TestCollection:test_finalised_handles_are_refused()
  for _, object in ipairs{self.view, assert(SharedMemory.attach(NAME))} do
    local collect_it = debug.getmetatable(object).__gc
    collect_it(object)
    collect_it(object)
    raised("TYPE", object.close, object)
    raised("TYPE", function() return object.closed end)
    raised("TYPE", function() return object[0] or object.size end)
    raised("TYPE", tostring, object)
    raised("TYPE", function() return #object end)
    for _, other in ipairs{io.stdout, "text", 5, {}, print} do collect_it(other) end
    collect_it(nil)
    collect_it()
  end
end

-- Finalisers run in any order: one may meet objects whose own finalisers have already run.
function TestCollection.test_finalisers_may_use_objects()
  local seen = {}
  local function drop()
    for _ = 1, 20 do
      local shm = assert(SharedMemory.attach(NAME))
      local view = shm:view "int8"
      local function use()
        local ok, result = pcall(view.get, view, 0)
        seen[#seen + 1] = ok and result or result.code
      end
      if newproxy then
        local proxy = newproxy(true)
        getmetatable(proxy).__gc = use
        getmetatable(proxy).objects = {shm, view}
      else
        setmetatable({shm, view}, {__gc = use})
      end
    end
  end
  drop()
  collect()
  lu.assertEquals(#seen, 20)
  for _, result in ipairs(seen) do lu.assertTrue(result == 0 or result == "TYPE", tostring(result)) end
end

---- zero copy ----

TestFFI = support.with_segment()

function TestFFI:test_the_address_is_the_memory()
  if not jit then lu.skip "only LuaJIT has the FFI" end
  local ffi = require "ffi"
  local doubles = ffi.cast("double *", self.shm.address)
  doubles[1] = 1.25
  lu.assertEquals(self.view[1], 1.25)
  self.view[2] = 2.5
  lu.assertEquals(doubles[2], 2.5)
end

function TestFFI:test_a_stale_pointer_reads_zeros_while_the_handle_lives()
  if not jit then lu.skip "only LuaJIT has the FFI" end
  local ffi = require "ffi"
  local doubles = ffi.cast("double *", self.shm.address)
  doubles[0] = 7
  self.shm:resize(1048576)
  local grown = ffi.cast("double *", self.shm.address)
  lu.assertEquals(doubles[0], 7)
  lu.assertEquals(grown[0], 7)
  grown[100000] = 1
  self.shm:close()
  for _ = 1, 10 do SharedMemory.attach(NAME) end -- nothing else may come to lie there
  lu.assertEquals(doubles[0], 0)
  lu.assertEquals(grown[0], 0)
  lu.assertEquals(grown[100000], 0)
  doubles[0] = 9
  lu.assertEquals(assert(SharedMemory.attach(NAME)):get_value("float64", 0), 7)
end

os.exit(lu.LuaUnit.run(), true)
