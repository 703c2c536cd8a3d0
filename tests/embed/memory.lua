-- Every call of the module, for lua_memory: made again and again it leaves no memory behind; and where memory runs out at
-- any of its allocations, the call says so, and no name, descriptor, mapping or lock stays.
local memory = memory -- luacheck: ignore
local polyshm, core = require "polyshm", require "polyshm.core"
local SharedMemory, ShareableList = polyshm.SharedMemory, polyshm.ShareableList
local Lock, Semaphore, Event = polyshm.Lock, polyshm.Semaphore, polyshm.Event
local NAME = ("polyshm-embed-memory-%d"):format(io.open("/proc/self/stat"):read("*n"))
local NEW, LONG = NAME .. ".new", ("long text "):rep(40)

local shm = assert(SharedMemory.create(NAME, {size = 4096}))
local view, cells = shm:view "uint64", shm:view "int32"
local list = assert(ShareableList.create(NAME .. ".list", {1, LONG, 2.5, polyshm.none}, {reserve = 500}))
local lock, semaphore = assert(Lock.create(NAME .. ".k")), assert(Semaphore.create(NAME .. ".s", {count = 2}))
local event, many, texts = assert(Event.create(NAME .. ".e")), {}, {}
for i = 1, 100 do many[i], texts[i] = i, "text " .. i end
event:set()
lock:lock() -- opens what a process's first lock needs
lock:unlock()
shm.lock:synchronize(type)
local function number() view[1] = 5 end -- small enough for every Lua

-- A new object: its name, which only a call that gives the object may leave, and the object are gone behind this.
local function made(object, err)
  if not object then error(err, 0) end
  assert(object:unlink())
  object:close()
end

local function attached(object, err)
  if not object then error(err, 0) end
  object:close()
end

local function refused(fn, ...)
  local ok, err = pcall(fn, ...)
  if type(err) == "string" then error(err, 0) end -- memory ran out
  assert(not ok)
end

-- By class and method, or function.
local calls = {
  polyshm_lua_segment = {
    close = function() attached(SharedMemory.attach(NAME)) end,
    unlink = function() made(SharedMemory.create(NEW, {size = 64})) end,
    resize = function()
      local other, why = SharedMemory.create(NEW, {size = 64})
      if not other then error(why, 0) end
      local ok, err = pcall(other.resize, other, 3 * 4096)
      made(other)
      if not ok then error(err, 0) end
    end,
    refresh = function() return shm:refresh() end,
    stale = function() return shm:stale() end,
    name = function() return shm.name end,
    size = function() return #shm + shm.size end,
    address = function() return shm.address end,
    readonly = function() return shm.readonly end,
    closed = function() return shm.closed end,
    read = function() return shm:read(0, 10), shm:read() end,
    write = function() return shm:write(0, LONG) end,
    fill = function() return shm:fill(7, 0, 100) end,
    copy = function() return shm:copy(list.shm, 0, 100) end,
    get_value = function() return shm:get_value("float64", 8) end,
    set_value = function() return shm:set_value("float64", 8, 2) end,
    view = function() shm:view("int8", {count = 7}):close() end,
    lock = function() return shm.lock:synchronize(function(outcome) return {outcome} end) end,
    tostring = function() return tostring(shm) end,
  },
  polyshm_lua_view = {
    close = function() shm:view("int8"):close() end,
    closed = function() return view.closed end,
    dtype = function() return view.dtype end,
    count = function() return view.count end,
    offset = function() return view.offset end,
    get = function() return view[1] end,
    set = number,
    values = function()
      view:fill(3)
      return view:totable(0, 200)
    end,
    assign = function() return view:assign(many) end,
    fill = function() return view:fill(3) end,
    load = function() return view:load(1) end,
    store = function() return view:store(1, 5) end,
    add = function()
      number()
      return view:add(1, 1)
    end,
    sub = function()
      number()
      return view:sub(1, 1)
    end,
    band = function() return view:band(1, 5) end,
    bor = function() return view:bor(1, 5) end,
    bxor = function() return view:bxor(1, 0) end,
    exchange = function() return view:exchange(1, 5) end,
    compare_exchange = function() return view:compare_exchange(1, 5, 5) end,
    wait = function() return cells:wait(1, 99, 0) end,
    notify = function() return cells:notify(1) end,
    each = function() for _ in view:each() do end end,
    tostring = function() return tostring(view) end,
    misuse = function() refused(view.get, view, -1) end,
    assign_misuse = function() refused(view.assign, view, {1, 2, "three"}) end,
  },
  polyshm_lua_list = {
    close = function() attached(ShareableList.attach(NAME .. ".list")) end,
    unlink = function() made(ShareableList.create(NEW, texts)) end,
    closed = function() return list.closed end,
    name = function() return list.name end,
    shm = function() return list.shm.name end,
    length = function() return #list end,
    capacity = function() return list:capacity(1) end,
    format = function() return list:format() end,
    get = function() return list[1], list[2] end,
    set = function() list[1] = LONG end,
    values = function() return list:totable() end,
    assign = function() return list:assign{2, LONG, 3.5} end,
    count = function() return list:count(LONG) end,
    index = function() return list:index(LONG) end,
    tostring = function() return tostring(list) end,
    misuse = function() refused(list.set, list, 1, LONG:rep(9)) end,
  },
  polyshm_lua_lock = {
    close = function() attached(Lock.attach(NAME .. ".k")) end,
    unlink = function() made(Lock.create(NEW)) end,
    stale = function() return lock:stale() end,
    closed = function() return lock.closed end,
    name = function() return lock.name end,
    lock = function() return lock:synchronize(function(outcome) return outcome .. tostring(lock) end) end,
    unlock = function() refused(lock.unlock, lock) end,
    owned = function() return lock.owned end,
    locked = function() return lock.locked end,
    dirty = function() return lock.dirty end,
    repaired = function() refused(lock.repaired, lock) end,
    tostring = function() return tostring(lock) end,
  },
  polyshm_lua_semaphore = {
    close = function() attached(Semaphore.attach(NAME .. ".s")) end,
    unlink = function() made(Semaphore.create(NEW, {count = 3})) end,
    stale = function() return semaphore:stale() end,
    closed = function() return semaphore.closed end,
    name = function() return semaphore.name end,
    count = function() return semaphore.count end,
    value = function() return semaphore.value end,
    acquire = function() return semaphore:synchronize(function() return tostring(semaphore) end) end,
    release = function() refused(semaphore.release, semaphore) end,
    tostring = function() return tostring(semaphore) end,
  },
  polyshm_lua_event = {
    close = function() attached(Event.attach(NAME .. ".e")) end,
    unlink = function() made(Event.create(NEW)) end,
    stale = function() return event:stale() end,
    closed = function() return event.closed end,
    name = function() return event.name end,
    set = function() return event:set() end,
    clear = function()
      event:clear()
      event:set()
    end,
    is_set = function() return event.is_set end,
    wait = function() return event:wait(1) end,
    tostring = function() return tostring(event) end,
  },
  core = {
    version = core.version,
    page_size = core.page_size,
    directory = polyshm.directory,
    set_directory = function() refused(polyshm.set_directory, "nowhere") end,
    string_errors = function()
      polyshm.string_errors(true)
      local ok, words = pcall(polyshm.set_directory, "nowhere")
      polyshm.string_errors(false)
      if not ok and type(words) ~= "string" then error(words, 0) end
    end,
    each_segment = polyshm.segments,
    segment_create = function() made(SharedMemory.create(nil, {size = 64})) end,
    segment_attach = function()
      local none, err = SharedMemory.attach(NEW)
      assert(not none and err.code)
    end,
    segment_open = function() made(SharedMemory.open(NEW, {size = 64})) end,
    segment_unlink_name = function()
      local none, err = SharedMemory.unlink(NEW)
      assert(not none and err.code)
    end,
    list_create = function() made(ShareableList.create(nil, texts, {reserve = 40})) end,
    list_attach = function() attached(ShareableList.attach(NAME .. ".list", {readonly = true})) end,
    list_open = function() made(ShareableList.open(NEW, {1, LONG, polyshm.bytes "b"}, {reserve = {1, 400, 3}})) end,
    lock_create = function() made(Lock.create()) end,
    lock_attach = function() polyshm.with(Lock.attach(NAME .. ".k"), type) end,
    lock_open = function() made(Lock.open(NEW)) end,
    semaphore_create = function() made(Semaphore.create()) end,
    semaphore_attach = function() polyshm.with(Semaphore.attach(NAME .. ".s"), type) end,
    semaphore_open = function() made(Semaphore.open(NEW)) end,
    event_create = function() made(Event.create()) end,
    event_attach = function() polyshm.with(Event.attach(NAME .. ".e"), type) end,
    event_open = function() made(Event.open(NEW)) end,
    as_str = function() return polyshm.str(LONG) end,
    as_bytes = function() return tostring(polyshm.bytes(LONG)) end,
    as_float = function() return tostring(polyshm.float(5)) end,
    none = core.none,
    metatable = function() return core.metatable "polyshm_lua_view" end,
    members = function() return core.members({}, {}) end,
    view_members = function() return core.view_members({}, {}) end,
    list_members = function() return core.list_members({}, {}) end,
    synchronize = function() return polyshm.with(lock, function(outcome) return {outcome} end) end,
    fail = function() refused(core.fail, "TYPE", "words") end,
  },
}

-- Whatever the module has is here.
for class, known in pairs(calls) do
  local there = class == "core" and core or core.metatable(class)[".fn"]
  for name, value in pairs(there) do
    if type(value) == "function" and not known[name] then error(("%s.%s has no call here"):format(class, name)) end
  end
end

local faults = {}
local function fault(...) faults[#faults + 1] = string.format(...) end

local names, call_of = {}, {}
for class, known in pairs(calls) do
  for name, call in pairs(known) do
    names[#names + 1] = class .. "." .. name
    call_of[names[#names]] = call
  end
end
table.sort(names)

local function each_call(fn)
  for _, name in ipairs(names) do
    local ok, err = pcall(fn, name, call_of[name])
    if not ok then fault("%s: %s", name, tostring(err)) end
  end
end

local function collect()
  collectgarbage()
  collectgarbage()
end

-- This is what is there when all garbage is gone.
local function balance()
  collect()
  return memory.blocks()
end

local TURNS = 200
each_call(function(what, call)
  local least
  for _ = 1, 4 do
    local before = balance()
    for _ = 1, TURNS do call() end
    least = math.min(least or 1 / 0, balance() - before)
  end
  if least >= TURNS then fault("%s: %d blocks more after %d calls", what, least, TURNS) end
end)

local function exists(name)
  local file = io.open("/dev/shm/" .. name)
  return file and file:close()
end

-- An object that was made when memory ran out behind it is the script's no more: here it is unlinked by name.
local function check(what, moment, files, maps)
  if exists(NEW) then
    fault("%s: memory that runs out at allocation %d leaves a name", what, moment)
    SharedMemory.unlink(NEW)
  end
  if lock.owned or semaphore.value ~= 2 then
    fault("%s: memory that runs out at allocation %d leaves it locked", what, moment)
    if lock.owned then lock:unlock() end
  end
  collect()
  local files_now, maps_now = memory.files()
  if files_now ~= files or maps_now ~= maps then
    fault("%s: memory that runs out at allocation %d leaves %d descriptors and %d mappings more", what, moment,
      files_now - files, maps_now - maps)
  end
  return files_now, maps_now
end

local injected = 0
local function run_out(what, call, more)
  collect()
  local files, maps = memory.files()
  for moment = 1, 5000 do
    memory.fail(moment, more)
    local ok, err = pcall(call)
    if not memory.fail(0) then return end
    injected = injected + 1
    local words = tostring(err)
    if not ok and not words:find "not enough memory" and not words:find "ENOMEM" and not words:find "error in error handling" then
      fault("%s: memory that runs out at allocation %d gives %s", what, moment, words)
    end
    files, maps = check(what, moment, files, maps)
  end
  fault("%s allocates without end", what)
end

each_call(function(what, call)
  run_out(what, call, 0) -- the collector may help, and then the call does what it should
  run_out(what, call, 1000000)
end)

for _, object in ipairs{list, lock, semaphore, event} do
  assert(object:unlink())
  object:close()
end
SharedMemory.unlink(NAME .. ".lock")
assert(shm:unlink())
for _, segment in ipairs(polyshm.segments()) do
  if segment.name:sub(1, #NAME) == NAME then
    fault("%s is left", segment.name)
    SharedMemory.unlink(segment.name)
  end
end
print(("%s: memory ran out %d times"):format(_VERSION, injected))
if faults[1] then
  faults[40] = nil
  error(table.concat(faults, "\n"), 0)
end
