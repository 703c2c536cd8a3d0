-- This is what a script does in the middle of a call, in finalisers, debug hooks, metamethods and functions that the call is given:
-- it closes, unlinks or resizes what the call works on. The call then gives its result or a documented error.
local polyshm = require "polyshm"
local lu = require "luaunit"
local support = dofile((arg[0]:match "^.*/" or "") .. "support.lua")
local SharedMemory, ShareableList = polyshm.SharedMemory, polyshm.ShareableList
local Lock, Semaphore, Event = polyshm.Lock, polyshm.Semaphore, polyshm.Event
local NAME, at_each_allocation = support.NAME, support.at_each_allocation

local LONG = ("long text "):rep(40)
local NAMES = {NAME, NAME .. ".lock", NAME .. ".list", NAME .. ".l", NAME .. ".s", NAME .. ".e", NAME .. ".new"}

-- One object of each class.
local function objects()
  local o = {shm = assert(SharedMemory.create(NAME, {size = 4096}))}
  o.view = o.shm:view "int32"
  o.doubles = o.shm:view "float64"
  o.list = assert(ShareableList.create(NAME .. ".list", {1, LONG, 2.5, polyshm.none, true}, {reserve = 500}))
  o.lock, o.semaphore = assert(Lock.create(NAME .. ".l")), assert(Semaphore.create(NAME .. ".s", {count = 2}))
  o.event = assert(Event.create(NAME .. ".e"))
  o.event:set()
  return o
end

local function each_object(o, fn)
  for _, class in ipairs{"doubles", "view", "shm", "list", "lock", "semaphore", "event"} do fn(o[class]) end
end

local function unlink_all()
  for _, name in ipairs(NAMES) do SharedMemory.unlink(name) end
end

-- This is what is done in the middle, and which errors it may give the call.
local deeds = {
  close = {function(o) each_object(o, function(object) object:close() end) end, CLOSED = true},
  unlink = {unlink_all, ESTALE = true, ENOENT = true},
  resize = {function(o)
    if not o.shm.closed then o.shm:resize(3 * 4096) end
  end, RANGE = true}, -- a call that resizes as well would shrink it
  use = {function(o)
    o.view:fill(7)
    o.list:set(1, "other")
    o.shm:view("int8"):totable()
    collectgarbage()
  end},
}

local function opened(object, err)
  if not object then error(err, 0) end
  object:unlink()
  object:close()
end

-- Every call that allocates memory, and so may run finalisers.
local calls = {
  create = function() opened(SharedMemory.create(NAME .. ".new")) end,
  attach = function() opened(SharedMemory.attach(NAME)) end,
  open = function() opened(SharedMemory.open(NAME)) end,
  list_create = function() opened(ShareableList.create(NAME .. ".new", {1, LONG, 3})) end,
  list_attach = function() opened(ShareableList.attach(NAME .. ".list")) end,
  lock_create = function() opened(Lock.create(NAME .. ".new")) end,
  lock_attach = function() opened(Lock.attach(NAME .. ".l")) end,
  semaphore_open = function() opened(Semaphore.open(NAME .. ".s")) end,
  event_open = function() opened(Event.open(NAME .. ".e")) end,
  segments = function() return polyshm.segments() end,
  read = function(o) return o.shm:read() end,
  write = function(o) return o.shm:write(0, LONG .. #o) end,
  copy = function(o) return o.shm:copy(o.list.shm, 0, 64) end,
  make_view = function(o) return o.shm:view("uint64", {offset = 8, count = 2}) end,
  segment_lock = function(o) return o.shm.lock:synchronize(function(outcome) return outcome .. #o end) end,
  resize = function(o) return o.shm:resize(2 * 4096) end,
  refresh = function(o) return o.shm:refresh() end,
  get_value = function(o) return o.shm:get_value("float64", 8) end,
  totable = function(o) return o.view:totable() end,
  doubles = function(o) return o.doubles:totable() end,
  assign = function(o) return o.view:assign{1, 2, 3, 4, 5} end,
  fill = function(o) return o.view:fill(3) end,
  item = function(o) return o.list[1] end,
  items = function(o) return o.list:totable() end,
  assign_items = function(o) return o.list:assign{1, LONG, 3.5} end,
  set_item = function(o) return o.list:set(1, "text" .. #o) end,
  count = function(o) return o.list:count(LONG) end,
  index = function(o) return o.list:index(LONG) end,
  format = function(o) return o.list:format() end,
  list_shm = function(o) return o.list.shm.name end,
  names = function(o)
    local words = {}
    each_object(o, function(object) words[#words + 1] = tostring(object) end)
    return table.concat(words)
  end,
  synchronize = function(o) return o.lock:synchronize(function(outcome) return {outcome} end) end,
  permit = function(o) return o.semaphore:synchronize(function(outcome) return {outcome} end) end,
  with = function(o) return polyshm.with(o.view, function(view) return view:totable(0, 8) end) end,
  set = function(o) return o.event:set() end,
  misuse = function(o)
    local ok, err = pcall(o.view.get, o.view, -1)
    lu.assertFalse(ok)
    lu.assertTrue(err.code == "INDEX" or err.code == "CLOSED", tostring(err))
  end,
}

local function sorted(list)
  local names = {}
  for name in pairs(list) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- Runs the call with new objects; `around` arranges that the deed is done. Tells whether it was.
local function run(name, deed, around)
  local o, done = objects(), false
  local function act()
    if done then return end
    done = true
    local ok, err = pcall(deeds[deed][1], o)
    if not ok then lu.assertTrue(err.code == "CLOSED" or err.code == "TYPE" or err.code == "ESTALE", tostring(err)) end
  end
  local ok, err = around(function() return pcall(calls[name], o) end, act)
  if not ok then
    lu.assertEquals(type(err), "table", ("%s, %s: %s"):format(name, deed, tostring(err)))
    lu.assertTrue(deeds[deed][err.code], ("%s, %s: %s"):format(name, deed, tostring(err)))
  end
  each_object(o, function(object) object:close() end)
  unlink_all()
  return done
end

TestCallbacks = {tearDown = support.assert_tidy}

-- At each allocation of each call in turn.
for _, deed in ipairs(sorted(deeds)) do
  TestCallbacks["test_a_finaliser_may_" .. deed] = function()
    local moments = 0
    for _, name in ipairs(sorted(calls)) do
      local moment = 0
      repeat
        moment = moment + 1
        local left = moment
        local done = run(name, deed, function(call, act)
          local result = at_each_allocation(function() return {call()} end, function()
            left = left - 1
            if left == 0 then act() end
          end)
          return result[1], result[2]
        end)
        moments = moments + (done and 1 or 0)
      until not done or moment == 12
    end
    if _VERSION == "Lua 5.2" then return end -- its collector does not let itself be made to run at each allocation
    lu.assertTrue(moments > #sorted(calls), moments)
  end
end

-- At each call of a function in turn: the hook comes between the facade and the core as well.
for _, deed in ipairs(sorted(deeds)) do
  TestCallbacks["test_a_debug_hook_may_" .. deed] = function()
    for _, name in ipairs(sorted(calls)) do
      local moment = 0
      repeat
        moment = moment + 1
        local left = moment
        local done = run(name, deed, function(call, act)
          debug.sethook(function()
            left = left - 1
            if left == 0 then act() end
          end, "cr")
          local ok, err = call()
          debug.sethook()
          return ok, err
        end)
      until not done or moment == 40
    end
  end
end

-- In each wait, which would last a minute. What is only unlinked or resized can be waited for as before.
local waits = {
  lock = {function(o) return o.lock:lock(60) end, function(held) return held.lock:unlock() end},
  synchronize = {function(o) return o.lock:synchronize(type, 60) end, function(held) return held.lock:unlock() end},
  acquire = {function(o) return o.semaphore:acquire(60) end, function(held) return held.semaphore:release() end},
  permit = {function(o) return o.semaphore:synchronize(type, 60) end, function(held) return held.semaphore:release() end},
  event = {function(o) return o.event:wait(60) end, function(held) return held.event:set() end},
  view = {function(o) return o.view:wait(0, 0, 60) end, function(held)
    held.view:store(0, 1)
    held.view:notify(0)
  end},
}

local function hold()
  local held = {lock = assert(Lock.attach(NAME .. ".l")), semaphore = assert(Semaphore.attach(NAME .. ".s")),
    event = assert(Event.attach(NAME .. ".e")), shm = assert(SharedMemory.attach(NAME))}
  held.view = held.shm:view "int32"
  held.lock:lock()
  held.semaphore:acquire()
  held.semaphore:acquire()
  held.event:clear()
  return held
end

for _, deed in ipairs(sorted(deeds)) do
  TestCallbacks["test_a_debug_hook_in_a_wait_may_" .. deed] = function()
    for _, name in ipairs(sorted(waits)) do
      local o = objects()
      local held, hooked = hold(), 0
      debug.sethook(function()
        hooked = hooked + 1
        if hooked == 5 then pcall(deeds[deed][1], o) end -- the wait has looked for hooks at least once before
        if hooked == 7 and deed ~= "close" then waits[name][2](held) end
      end, "c")
      local ok, err = pcall(waits[name][1], o)
      debug.sethook()
      if deed == "close" then
        lu.assertEquals({ok, type(err) == "table" and err.code}, {false, "CLOSED"}, name)
      else
        lu.assertTrue(ok and err ~= false, ("%s: %s"):format(name, tostring(err)))
      end
      for _, object in pairs(held) do object:close() end
      each_object(o, function(object) object:close() end)
      unlink_all()
    end
  end
end

-- Arguments whose metamethods do it: they are asked where Lua's own operators are, by the facade, and nowhere else.
function TestCallbacks.test_metamethods_of_arguments()
  for _, deed in ipairs(sorted(deeds)) do
    local o = objects()
    local asked = {}
    local function act(event)
      return function(...)
        asked[event] = true
        pcall(deeds[deed][1], o)
        return ...
      end
    end
    local function hostile(fields)
      local metatable = {}
      for _, event in ipairs{"__len", "__eq", "__lt", "__le", "__add", "__sub", "__mul", "__concat", "__unm", "__call", "__tostring"} do
        metatable[event] = act(event)
      end
      metatable.__tostring = function() act "__tostring"() return "text" end
      metatable.__index = function(_, key) act "__index"() return (fields or {})[key] end
      return setmetatable({}, metatable)
    end
    local function try(fn, ...)
      local ok, err = pcall(fn, ...)
      if not ok then lu.assertEquals(type(err) == "table" and type(err.code), "string", tostring(err)) end
    end
    try(o.shm.view, o.shm, "int32", hostile{offset = 8, count = 4})
    try(SharedMemory.create, NAME .. ".new", hostile{size = 64, exclusive = false})
    try(SharedMemory.attach, NAME, hostile{timeout = 0})
    try(ShareableList.create, NAME .. ".new", hostile{1, 2}, hostile{reserve = hostile{1, 2}})
    for _, method in ipairs{"read", "write", "fill", "copy", "get_value", "resize", "view"} do
      try(o.shm[method], o.shm, hostile(), hostile(), hostile())
      try(o.shm[method], o.shm, 0, hostile(), hostile())
    end
    for _, method in ipairs{"get", "set", "totable", "assign", "fill", "load", "add", "wait", "notify"} do
      try(o.view[method], o.view, hostile(), hostile(), hostile())
      try(o.view[method], o.view, 0, hostile(), hostile())
    end
    for _, method in ipairs{"get", "set", "totable", "assign", "count", "index", "format"} do
      try(o.list[method], o.list, hostile(), hostile())
      try(o.list[method], o.list, 0, hostile())
    end
    try(function() return o.view[hostile()] end)
    try(function() o.view[0] = hostile() end)
    try(function() o.shm[hostile()] = 1 end)
    try(SharedMemory.create, NAME .. ".new", {[hostile()] = 1})
    try(o.lock.lock, o.lock, hostile())
    try(polyshm.with, hostile(), tostring)
    try(polyshm.with, o.event, hostile())
    try(o.semaphore.synchronize, o.semaphore, hostile(), 0)
    lu.assertTrue(asked.__index and asked.__tostring, deed)
    each_object(o, function(object) object:close() end)
    unlink_all()
  end
end

-- Functions that a call is given, which then end in each possible way.
function TestCallbacks.test_functions_that_a_call_is_given()
  local ends = {
    returns = function() return "result" end,
    raises = function() error("problem", 0) end,
  }
  if _VERSION ~= "Lua 5.1" or jit then ends.yields = function() return coroutine.yield "result" end end
  local takers = {with = polyshm.with, synchronize = function(object, fn) return object:synchronize(fn) end}
  local function try(deed, how, class, taker)
    local o = objects()
    local thread = coroutine.create(function()
      return takers[taker](o[class], function()
        deeds[deed][1](o)
        return ends[how]()
      end)
    end)
    local ok, result = coroutine.resume(thread)
    if coroutine.status(thread) == "suspended" then
      lu.assertEquals({ok, result}, {true, "result"})
      lu.assertEquals({coroutine.resume(thread, "resumed")}, {true, "resumed"})
    elseif how == "raises" then
      lu.assertEquals({ok, result}, {false, "problem"})
    elseif how == "returns" then
      lu.assertEquals({ok, result}, {true, "result"})
    else -- a function of C that this Lua cannot yield across
      lu.assertStrContains(result, "attempt to yield across")
    end
    each_object(o, function(object) object:close() end)
    unlink_all()
  end
  for _, deed in ipairs(sorted(deeds)) do
    for _, how in ipairs(sorted(ends)) do
      for _, class in ipairs{"shm", "view", "list", "lock", "semaphore", "event"} do try(deed, how, class, "with") end
      for _, class in ipairs{"lock", "semaphore"} do try(deed, how, class, "synchronize") end
    end
  end
end

-- Loops, whose body does it.
function TestCallbacks.test_the_bodies_of_loops()
  for _, deed in ipairs(sorted(deeds)) do
    for _, class in ipairs{"view", "list"} do
      local o, seen = objects(), 0
      local ok, err = pcall(function()
        for index in o[class]:each() do
          seen = seen + 1
          if index == 1 then deeds[deed][1](o) end
        end
      end)
      if deed == "close" then
        lu.assertEquals({ok, err.code, seen}, {false, "CLOSED", 2})
      else
        lu.assertTrue(ok, tostring(err))
        lu.assertEquals(seen, #o[class])
      end
      each_object(o, function(object) object:close() end)
      unlink_all()
    end
  end
end

os.exit(lu.LuaUnit.run(), true)
