-- host.lua: what host.c calls in Lua: see host.h.
local polyshm, shm, view, list, lock, event

function load_polyshm()
  polyshm = require "polyshm"
  polyshm.string_errors(true)
end

function load_anew()
  for name in pairs(package.loaded) do
    if name:find "^polyshm" then package.loaded[name] = nil end
  end
  load_polyshm()
end

function work()
  shm = assert(polyshm.SharedMemory.create(nil, {size = 4096}))
  assert(shm:unlink())
  view = shm:view "int32"
  view[0] = 7
  list = assert(polyshm.ShareableList.create(nil, {1, "two", polyshm.none}))
  assert(list:unlink())
  lock = assert(polyshm.Lock.create())
  assert(lock:unlink())
  event = assert(polyshm.Event.create())
  assert(event:unlink())
  shm:view "int8" -- for the collector
end

function use()
  assert(view[0] == 7 and list[1] == "two" and list[2] == polyshm.none and tostring(view):find "int32")
  assert(lock:synchronize(function(outcome) return outcome end) == "locked")
  event:set()
  assert(event:wait(0) and event.is_set)
  local ok, err = pcall(view.get, view, -1)
  assert(not ok and err:find "INDEX", err)
  ok, err = pcall(view.get, shm, 0)
  assert(not ok and err:find "TYPE", err)
  collectgarbage()
end

local modules

function neighbours()
  modules = {}
  for name in os.getenv "POLYSHM_EMBED_NAMES":gmatch "%S+" do
    local file = os.getenv "POLYSHM_EMBED_NEIGHBOURS" .. "/" .. name .. ".so"
    modules[#modules + 1] = assert(package.loadlib(file, "luaopen_" .. name))()
  end
  assert(#modules == 4)
end

function beside()
  for i, neighbour in ipairs(modules) do
    local theirs = neighbour.make(i)
    assert(neighbour.peek(theirs) == i)
    for _, ours in ipairs{shm, view, list, lock, event} do
      local twins = ours == view and i == 2 -- SWIG takes types of one name in C for one
      assert(twins or not pcall(neighbour.peek, ours))
      local method = ours.close
      local ok, err = pcall(method, theirs)
      assert(not ok and tostring(err):find "TYPE", err)
    end
    assert(not pcall(shm.copy, shm, theirs))
    use()
    assert(neighbour.peek(theirs) == i)
  end
  collectgarbage()
end

local function attached()
  return assert(polyshm.Lock.attach(os.getenv "POLYSHM_EMBED_NAME"))
end

function own()
  lock = attached()
  assert(lock:lock())
end

function wait()
  attached():lock()
end
