-- This is what the files here share, for dofile(support.lua): a name of this process's own, helpers, test classes to begin with.
-- Lua 5.1 to 5.4 and LuaJIT.
local polyshm = require "polyshm"
local lu = require "luaunit"

local SharedMemory = polyshm.SharedMemory
local PREFIX = ("polyshm-idioms-lua-%d"):format(io.open("/proc/self/stat"):read("*n"))
local NAME = PREFIX .. ".a"
local HAS_INTEGERS = math.type ~= nil

local function names()
  local found = {}
  for _, segment in ipairs(polyshm.segments()) do
    if segment.name:sub(1, #PREFIX) == PREFIX then found[#found + 1] = segment.name end
  end
  return found
end

-- At the end of a test nothing may be left; what is does not spoil the next one.
local function assert_tidy()
  local left = names()
  for _, name in ipairs(left) do SharedMemory.unlink(name) end
  lu.assertEquals(left, {})
end

-- How many of our segments this process has mapped; one that was never attached by name shows without it.
local function mappings()
  local count = 0
  for line in io.lines "/proc/self/maps" do
    if line:find("rw-s", 1, true) or line:find("r--s", 1, true) then count = count + 1 end
  end
  return count
end

local function collect()
  collectgarbage()
  collectgarbage()
end

-- The error that a call raises; it must be ours.
local function raised(code, fn, ...)
  local ok, err = pcall(fn, ...)
  lu.assertFalse(ok)
  lu.assertEquals(type(err), "table", tostring(err))
  lu.assertEquals(err.code, code, tostring(err))
  lu.assertEquals(type(err.message), "string")
  return err
end

-- A compiled chunk, for syntax and operators that not every Lua has.
local function chunk(text)
  return assert((loadstring or load)(text))
end

-- Another process of this Lua: a script that knows polyshm and, as `name`, NAME, and first of all tells its process id.
-- Whatever it says then is read from the pipe.
local function child(script)
  local interpreter, at = nil, -1
  while arg[at] do interpreter, at = arg[at], at - 1 end
  local file = os.tmpname()
  local out = assert(io.open(file, "w"))
  out:write(([[
    io.stdout:setvbuf "line"
    print(io.open("/proc/self/stat"):read("*n"))
    local polyshm, name = require "polyshm", %q
    %s]]):format(NAME, script))
  out:close()
  local pipe = io.popen(("exec %s %s 2>&1"):format(interpreter, file))
  local pid = tonumber((pipe:read()))
  return pipe, pid, file
end

-- The rest of what it says, at its end.
local function last_words(pipe, file)
  local words = pipe:read "*a"
  pipe:close()
  os.remove(file)
  return words
end

local function signal(name, pid, delay)
  local command = ("kill -%s %d"):format(name, pid)
  os.execute(delay and ("(sleep %g; %s) &"):format(delay, command) or command)
end

-- A test class with a segment of one page, `shm`, and a view of it, `view`. A name left behind is a failure.
local function with_segment()
  return {
    setUp = function(self)
      self.shm = assert(SharedMemory.create(NAME, {size = 4096}))
      self.view = self.shm:view("float64", {count = 8})
    end,
    tearDown = function(self)
      if self.shm then
        self.shm:close()
        SharedMemory.unlink(NAME)
      end
      assert_tidy()
    end,
  }
end

-- A test class with an object `one` and another handle on it, `two`.
local function with_two(class, options)
  return {
    setUp = function(self)
      self.one = assert(class.create(NAME, options))
      self.two = assert(class.attach(NAME))
    end,
    tearDown = function(self)
      self.one:close()
      self.two:close()
      class.unlink(NAME)
      assert_tidy()
    end,
  }
end

-- Calls fn each time the collector has gone round, until the function that is returned is called.
local function on_collection(fn)
  local armed = true
  local function arm()
    local function finalise()
      if not armed then return end
      fn()
      arm()
    end
    if newproxy then
      getmetatable(newproxy(true)).__gc = finalise
    else
      setmetatable({}, {__gc = finalise})
    end
  end
  local function stop() armed = false end
  arm() -- last: from here on each allocation may call fn
  return stop
end

-- Calls run() with a collector that does a whole cycle at each allocation, and fn() in a finaliser at each of them.
local function at_each_allocation(run, fn)
  local has_step_size = _VERSION == "Lua 5.4"
  local pause, speed = collectgarbage("setpause", 0), collectgarbage("setstepmul", has_step_size and 400 or 1000000)
  if has_step_size then collectgarbage("incremental", 0, 0, 40) end
  if jit then -- compiled code leaves for the interpreter at each cycle's end: here, for ever
    jit.off()
    jit.flush()
  end
  collectgarbage() -- the pause counts from a cycle's end
  local stop = on_collection(fn)
  local result = run()
  stop()
  collectgarbage("setpause", pause)
  collectgarbage("setstepmul", speed)
  if has_step_size then collectgarbage("incremental", 0, 0, 13) end
  if jit then jit.on() end
  return result
end

return {
  PREFIX = PREFIX, NAME = NAME, HAS_INTEGERS = HAS_INTEGERS,
  assert_tidy = assert_tidy, mappings = mappings, collect = collect, raised = raised, chunk = chunk,
  child = child, last_words = last_words, signal = signal, at_each_allocation = at_each_allocation, on_collection = on_collection,
  with_segment = with_segment, with_two = with_two,
}
