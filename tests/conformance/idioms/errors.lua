-- Errors in Lua: what is returned, what is raised, and that hostile values raise nothing else.
local polyshm = require "polyshm"
local lu = require "luaunit"
local support = dofile((arg[0]:match "^.*/" or "") .. "support.lua")
local SharedMemory, ShareableList = polyshm.SharedMemory, polyshm.ShareableList
local Lock, Semaphore, Event = polyshm.Lock, polyshm.Semaphore, polyshm.Event
local PREFIX, NAME, HAS_INTEGERS, raised = support.PREFIX, support.NAME, support.HAS_INTEGERS, support.raised

---- errors ----

TestErrors = support.with_segment()

function TestErrors.test_the_system_returns_nil_and_a_table()
  local shm, err = SharedMemory.create(NAME)
  lu.assertNil(shm)
  lu.assertEquals(err.code, "EEXIST")
  lu.assertEquals(err.errno, 17)
  lu.assertStrContains(err.message, NAME)
  lu.assertEquals(tostring(err), "EEXIST: " .. err.message)
  lu.assertEquals(select(2, SharedMemory.attach(PREFIX .. ".none")).code, "ENOENT")
  lu.assertEquals(select(2, SharedMemory.unlink(PREFIX .. ".none")).code, "ENOENT")
  lu.assertEquals(select(2, SharedMemory{name = PREFIX .. ".none"}).code, "ENOENT")
end

function TestErrors:test_errors_join_words()
  local _, err = SharedMemory.create(NAME)
  lu.assertEquals("failed: " .. err, "failed: " .. tostring(err))
  lu.assertEquals(err .. "!", tostring(err) .. "!")
  lu.assertEquals(err .. err, tostring(err):rep(2))
  lu.assertEquals(1 .. err, "1" .. tostring(err))
end

function TestErrors:test_errors_as_strings()
  local shm = self.shm
  polyshm.string_errors(true)
  local ok, err = pcall(function() return shm:read(-1, 1) end)
  local returned, why = SharedMemory.create(NAME)
  polyshm.string_errors(false)
  lu.assertFalse(ok)
  lu.assertEquals(type(err), "string")
  lu.assertStrMatches(err, ".*errors.lua:%d+: INDEX: read .*")
  lu.assertNil(returned)
  lu.assertEquals(why.code, "EEXIST") -- what is returned stays a table
  raised("INDEX", shm.read, shm, -1, 1)
  raised("TYPE", polyshm.string_errors, 1)
  raised("TYPE", polyshm.string_errors)
end

function TestErrors:test_unlink_returns_true_so_that_assert_takes_it()
  lu.assertIs(assert(self.shm:unlink()), true)
  local gone, err = self.shm:unlink()
  lu.assertNil(gone)
  lu.assertEquals(err.errno, 2)
end

function TestErrors.test_assert_raises_the_table()
  local ok, err = pcall(function() return assert(SharedMemory.attach(PREFIX .. ".none")) end)
  lu.assertFalse(ok)
  if _VERSION == "Lua 5.2" or _VERSION == "Lua 5.1" and not jit then
    lu.assertStrContains(err, "string expected") -- their assert() takes no other message
  else
    lu.assertEquals(err.code, "ENOENT")
  end
end

function TestErrors:test_misuse_is_raised_with_the_line_of_the_script()
  local line = debug.getinfo(1, "l").currentline + 1
  local err = raised("INDEX", function() return self.view[8] end)
  lu.assertNil(err.errno)
  lu.assertStrContains(err.position, ("errors.lua:%d:"):format(line))
  lu.assertEquals(tostring(err), err.position .. "INDEX: " .. err.message)
  -- Also where the facade stands between.
  line = debug.getinfo(1, "l").currentline + 1
  err = raised("INDEX", function() self.shm:read(5000) end)
  lu.assertStrContains(err.position, ("errors.lua:%d:"):format(line))
end

function TestErrors:test_a_failure_of_the_system_elsewhere_is_raised()
  assert(self.shm:unlink())
  local err = raised("ESTALE", self.shm.resize, self.shm, 8192)
  lu.assertEquals(type(err.errno), "number")
end

function TestErrors:test_missing_arguments()
  raised("TYPE", self.view.get, self.view)
  raised("TYPE", self.view.set, self.view, 0)
  raised("TYPE", self.shm.write, self.shm)
  raised("TYPE", self.shm.read)
  raised("TYPE", self.shm.view, self.shm)
  raised("ARGUMENT", SharedMemory.attach)
  raised("ARGUMENT", SharedMemory)
end

function TestErrors:test_options()
  lu.assertStrContains(raised("ARGUMENT", SharedMemory.create, NAME, {sise = 1}).message, "mode, exclusive, any_owner, size")
  lu.assertStrContains(raised("ARGUMENT", SharedMemory.create, NAME, {1}).message, "1")
  raised("TYPE", SharedMemory.create, NAME, 4096)
  raised("TYPE", SharedMemory.create, NAME, {exclusive = 1})
  raised("TYPE", SharedMemory.create, NAME, {any_owner = "yes"})
  raised("TYPE", SharedMemory.attach, NAME, {readonly = 0})
  raised("TYPE", SharedMemory, {create = 1})
  raised("TYPE", SharedMemory, "name")
  raised("TYPE", self.shm.view, self.shm, "int8", 5)
  raised("RANGE", SharedMemory.create, NAME, {mode = 600}) -- decimal: Lua has no octal numbers
end

function TestErrors:test_forged_error_codes_do_not_matter()
  local err = raised("INDEX", self.view.get, self.view, -1)
  err.code, err.message, err.position = {}, nil, 5
  lu.assertEquals(tostring(err), ": ")
end

---- hostile values ----

TestHostile = support.with_segment()

-- Every method with every pair of hostile values, as arguments and as the object: it may work, or raise our error.
function TestHostile:test_every_call_survives()
  local closed = assert(SharedMemory.attach(NAME))
  local closed_view, finalised = closed:view "int8", assert(SharedMemory.attach(NAME))
  closed:close()
  debug.getmetatable(finalised).__gc(finalised)
  local values = {n = 0}
  local function add(...)
    for i = 1, select("#", ...) do
      values.n = values.n + 1
      values[values.n] = (select(i, ...))
    end
  end
  add(nil, true, false, "", "12", "int32", "nul\0", ("x"):rep(300), {}, {1, 2}, {{}}, {offset = {}}, print, io.stdout)
  local list = assert(ShareableList.create(NAME .. ".l", {1, "text", polyshm.none}, {reserve = 300}))
  add(list, polyshm.none, polyshm.str "x", polyshm.bytes "\0", polyshm.float(5))
  local lock, semaphore = assert(Lock.create(NAME .. ".k")), assert(Semaphore.create(NAME .. ".p"))
  local event, closed_lock = assert(Event.create(NAME .. ".e")), assert(Lock.attach(NAME .. ".k"))
  closed_lock:close()
  add(lock, semaphore, event, closed_lock)
  event:set() -- no wait in this test may last
  local other = assert(SharedMemory.create(NAME .. ".w", {size = 64}))
  local cells, waited = self.shm:view "int32", other:view "int32"
  waited:fill(77)
  add(coroutine.create(function() end), newproxy and newproxy() or io.stderr, self.shm, self.view, closed, closed_view, finalised)
  add(-1, 0, 1, 8, 1.5, -0.5, 2 ^ 31, 2 ^ 31 - 1, 2 ^ 53, 2 ^ 62, 2 ^ 63, -2 ^ 63, 2 ^ 64, 0 / 0, 1 / 0, -1 / 0)
  if HAS_INTEGERS then add(math.maxinteger, math.mininteger) end
  local calls = 0
  local function try(what, fn, ...)
    local ok, err = pcall(fn, ...)
    calls = calls + 1
    if not ok and (type(err) ~= "table" or type(err.code) ~= "string") then
      lu.fail(("%s: %s"):format(what, tostring(err)))
    end
  end
  local methods = {
    [self.shm] = {"read", "write", "fill", "copy", "get_value", "set_value", "view", "stale", "refresh"},
    [self.view] = {"get", "set", "totable", "assign", "fill", "each"},
    [list] = {"get", "set", "totable", "assign", "each", "count", "index", "format", "capacity"},
    [cells] = {"load", "store", "add", "sub", "band", "bor", "bxor", "exchange", "compare_exchange"},
    [waited] = {"wait", "notify"},
    [lock] = {"lock", "try_lock", "unlock", "repaired", "stale"},
    [semaphore] = {"try_acquire", "release", "stale"},
    [event] = {"set", "wait", "stale"},
  }
  for object, list in pairs(methods) do
    for _, method in ipairs(list) do
      local fn = object[method]
      for i = 1, values.n do
        try(method, fn, values[i], 0, 1)
        for k = 1, values.n do
          try(method, fn, object, values[i], values[k])
          try(method, fn, object, "int32", values[i], values[k])
          try(method, fn, object, 0, values[i], values[k])
        end
      end
    end
  end
  local used = {[self.shm] = true, [self.view] = true, [list] = true, [event] = true}
  for i = 1, values.n do
    try("[]", function() return self.view[values[i]] end)
    try("[]=", function() self.view[values[i]] = 1 end)
    try("[0]=", function() self.view[0] = values[i] end)
    try("list[]", function() return list[values[i]] end)
    try("list[]=", function() list[values[i]] = 1 end)
    try("list[0]=", function() list[0] = values[i] end)
    try("ShareableList", ShareableList, {sequence = values[i], name = NAME})
    try("attach", ShareableList.attach, values[i])
    try("create", ShareableList.create, NAME, {1, values[i]}, {reserve = values[i]})
    try("create", ShareableList.open, NAME, values[i], {reserve = {1, values[i]}})
    try("acquire", semaphore.acquire, values[i] ~= semaphore and values[i] or nil)
    try("acquire", function()
      if semaphore:acquire(values[i]) then semaphore:release() end
    end)
    try("synchronize", lock.synchronize, values[i], tostring, 0)
    try("synchronize", lock.synchronize, semaphore, tostring, values[i])
    for _, class in ipairs{Lock, Semaphore, Event} do
      try("attach", class.attach, values[i])
      try("attach", class.attach, NAME, values[i])
      try("create", class.create, NAME .. ".k", {mode = values[i]})
      try("open", class.open, NAME .. ".k", {any_owner = values[i]})
      try("unlink", class.unlink, values[i] ~= NAME and values[i] or "")
    end
    try("count", Semaphore.open, NAME .. ".p", {count = values[i]})
    for _, key in ipairs{"owned", "value", "is_set", "name", "lock"} do
      for _, object in ipairs{lock, semaphore, event, self.shm} do
        try(key, debug.getmetatable(object).__index, values[i], key)
      end
    end
    for _, kind in ipairs{"str", "bytes", "float"} do try(kind, polyshm[kind], values[i]) end
    try("attach", SharedMemory.attach, values[i])
    try("attach", SharedMemory.attach, NAME, values[i])
    try("unlink", SharedMemory.unlink, values[i] ~= NAME and values[i] or "")
    try("create", SharedMemory.create, values[i], {size = 0})
    for _, option in ipairs{"mode", "exclusive", "any_owner"} do
      try("create", SharedMemory.create, NAME, {[option] = values[i]})
    end
    try("view", self.shm.view, self.shm, "int8", {offset = values[i]})
    try("view", self.shm.view, self.shm, "int8", {count = values[i]})
    if values[i] == nil or not used[values[i]] then try("with", polyshm.with, values[i], tostring) end
    if type(values[i]) ~= "number" or values[i] ~= values[i] or values[i] < 1 or values[i] >= 2 ^ 40 then
      try("resize", self.shm.resize, self.shm, values[i]) -- others would be real memory
      try("size", SharedMemory.create, NAME .. ".b", {size = values[i]})
      SharedMemory.unlink(NAME .. ".b") -- nil is a size, too
    end
  end
  lu.assertTrue(calls > 10000)
  for _, object in ipairs{list, lock, semaphore, event, other} do
    lu.assertFalse(object.closed)
    assert(object:unlink())
    object:close()
  end
  assert(Lock.unlink(NAME .. ".lock"))
  lu.assertFalse(self.shm.closed)
  self.view[0] = 5
  lu.assertEquals(self.view[0], 5.0)
end

-- A userdata of a handle's size is still no handle.
function TestHostile:test_foreign_userdata()
  for _, other in ipairs{io.stdout, io.stderr, newproxy and newproxy(true) or io.stdin} do
    raised("TYPE", self.shm.size and self.shm.read, other, 0, 1)
    raised("TYPE", self.shm.copy, self.shm, other)
    raised("TYPE", self.view.get, other, 0)
  end
  raised("TYPE", self.view.get, self.shm, 0)
  local event = assert(Event.create(NAME .. ".e"))
  local lock, semaphore = self.shm.lock, assert(Semaphore.create(NAME .. ".p"))
  lu.assertStrContains(raised("TYPE", lock.lock, semaphore).message, "a Lock is needed")
  lu.assertStrContains(raised("TYPE", semaphore.acquire, lock).message, "a Semaphore is needed")
  lu.assertStrContains(raised("TYPE", event.set, lock).message, "an Event is needed")
  lu.assertStrContains(raised("TYPE", lock.synchronize, event, print).message, "a Lock or a Semaphore is needed")
  for _, object in ipairs{lock, event, semaphore} do
    local close = object.close
    debug.getmetatable(object).__gc(object)
    raised("TYPE", close, object)
    raised("TYPE", tostring, object)
    assert(SharedMemory.unlink(NAME .. (object == lock and ".lock" or object == event and ".e" or ".p")))
  end
  raised("TYPE", self.shm.read, self.view, 0, 1)
end

os.exit(lu.LuaUnit.run(), true)
