-- What is Lua's own: errors, scopes, iteration, metatables, collection, interrupts, hostile values. Lua 5.1 to 5.4 and LuaJIT.
local polyshm = require "polyshm"
local lu = require "luaunit"

local SharedMemory, ShareableList = polyshm.SharedMemory, polyshm.ShareableList
local Lock, Semaphore, Event = polyshm.Lock, polyshm.Semaphore, polyshm.Event
local PREFIX = ("polyshm-idioms-lua-%d"):format(io.open("/proc/self/stat"):read("*n"))
local NAME = PREFIX .. ".a"
local HAS_INTEGERS = math.type ~= nil
local unpack = table.unpack or unpack

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
-- What it says then is read from the pipe.
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

-- The same with a list of every kind.
local function with_list()
  return {
    setUp = function(self)
      self.list = assert(ShareableList.create(NAME, {1, 2.5, "text", "\255\0x", true, false, polyshm.none}))
    end,
    tearDown = function(self)
      self.list:close()
      SharedMemory.unlink(NAME)
      assert_tidy()
    end,
  }
end

---- the module ----

TestModule = {}

function TestModule.test_leaves_the_globals_alone()
  lu.assertNil(rawget(_G, "polyshm"))
  lu.assertNil(rawget(_G, "polyshm_core"))
  lu.assertNil(rawget(_G, "swig_type"))
  lu.assertNil(rawget(_G, "swig_equals"))
end

function TestModule.test_can_be_loaded_again()
  local shm = assert(SharedMemory.create(NAME, {size = 64}))
  package.loaded["polyshm"], package.loaded["polyshm.core"] = nil, nil
  local again = require "polyshm"
  lu.assertNotIs(again, polyshm)
  local other = assert(again.SharedMemory.attach(NAME))
  other:write(0, "both")
  lu.assertEquals(shm:read(0, 4), "both")
  lu.assertEquals(shm.size, 64)
  lu.assertEquals(#other, 64)
  lu.assertTrue(shm:unlink())
end

function TestModule.test_constants()
  lu.assertStrMatches(polyshm.version, "%d+%.%d+%.%d+")
  lu.assertEquals(polyshm.page_size % 4096, 0)
end

function TestModule.test_segments_are_tables()
  local shm = assert(SharedMemory.create(NAME, {size = 123, mode = tonumber("640", 8)}))
  local mine
  for _, segment in ipairs(polyshm.segments()) do
    if segment.name == NAME then mine = segment end
  end
  lu.assertEquals(mine.kind, "SharedMemory")
  lu.assertEquals(mine.size, 123)
  lu.assertEquals(mine.mode, tonumber("640", 8))
  lu.assertEquals(type(mine.owner), "number")
  lu.assertTrue(shm:unlink())
end

---- errors ----

TestErrors = with_segment()

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
  lu.assertStrContains(err.position, ("idioms.lua:%d:"):format(line))
  lu.assertEquals(tostring(err), err.position .. "INDEX: " .. err.message)
  -- Also where the facade stands between.
  line = debug.getinfo(1, "l").currentline + 1
  err = raised("INDEX", function() self.shm:read(5000) end)
  lu.assertStrContains(err.position, ("idioms.lua:%d:"):format(line))
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

---- objects ----

TestObjects = with_segment()

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

---- views ----

TestViews = with_segment()

function TestViews:test_indexing_counts_from_0()
  self.view[0], self.view[7] = 1.5, -2
  lu.assertEquals(self.view[0], 1.5)
  lu.assertEquals(self.view[7], -2.0)
  lu.assertEquals(self.view[7.0], -2.0)
  lu.assertEquals(self.shm:get_value("float64", 56), -2.0)
  raised("INDEX", function() return self.view[8] end)
  raised("INDEX", function() return self.view[-1] end)
  raised("INDEX", function() self.view[8] = 1 end)
  raised("TYPE", function() return self.view[1.5] end)
  raised("TYPE", function() return self.view[0 / 0] end)
  raised("TYPE", function() return self.view[nil] end)
  raised("TYPE", function() return self.view[true] end)
  raised("RANGE", function() return self.view[2 ^ 63] end)
  raised("RANGE", function() return self.view[1 / 0] end)
  raised("TYPE", function() self.view[0] = nil end)
  raised("TYPE", function() self.view[0] = "1" end)
  raised("TYPE", function() self.view[0] = {} end)
end

function TestViews:test_each()
  self.view:assign{10, 11, 12, 13, 14, 15, 16, 17}
  local seen = {}
  for i, x in self.view:each() do seen[#seen + 1] = i .. "=" .. ("%d"):format(x) end
  lu.assertEquals(table.concat(seen, " "), "0=10 1=11 2=12 3=13 4=14 5=15 6=16 7=17")
  for i in self.view:each() do
    if i == 2 then break end
    lu.assertTrue(i < 2)
  end
  for _ in self.shm:view("int8", {count = 0}):each() do lu.fail("an empty view has no elements") end
  raised("CLOSED", function()
    for i in self.view:each() do
      if i == 3 then self.view:close() end
    end
  end)
end

function TestViews:test_totable_is_a_sequence()
  self.view:fill(0)
  self.view[0], self.view[3] = 7, 9
  local list = self.view:totable()
  lu.assertEquals(#list, 8)
  lu.assertEquals(list[1], 7.0)
  lu.assertEquals(list[4], 9.0)
  lu.assertNil(list[0])
  lu.assertEquals(self.view:totable(3, 1), {9.0})
  lu.assertEquals(self.view:totable(8), {})
  lu.assertEquals(self.view:totable(2, 0), {})
end

function TestViews:test_assign_takes_plain_lists()
  local bytes = self.shm:view("uint8", {count = 4})
  bytes:assign({1, 2, 3, 4})
  bytes:assign({})
  bytes:assign({9}, 3)
  bytes:assign(setmetatable({5, 6}, {__index = function() error "not asked" end, __len = function() error "not asked" end}))
  lu.assertEquals(bytes:totable(), {5, 6, 3, 9})
  lu.assertStrContains(raised("RANGE", bytes.assign, bytes, {1, 256}).message, "list[2]: 256")
  lu.assertStrContains(raised("TYPE", bytes.assign, bytes, {1, "2"}).message, "list[2]")
  raised("TYPE", bytes.assign, bytes, self.view)
  raised("INDEX", bytes.assign, bytes, {1, 2}, 3)
  lu.assertEquals(bytes:totable(), {5, 6, 3, 9})
  local holes = {1, 2, nil, 4}
  if #holes == 4 then raised("TYPE", bytes.assign, bytes, holes) end
end

function TestViews:test_a_long_range_both_ways()
  local shm = assert(SharedMemory{create = true, size = 800000})
  assert(shm:unlink())
  for _, dtype in ipairs{"int8", "uint16", "int64", "float32", "float64"} do
    local view, list = shm:view(dtype, {count = 100000}), {}
    for i = 1, 100000 do list[i] = i % 100 end
    view:assign(list)
    local back = view:totable()
    for i = 1, 100000 do
      if back[i] ~= list[i] then lu.fail(dtype .. " element " .. i) end
    end
    lu.assertEquals(#back, 100000)
  end
  shm:close()
end

---- numbers ----

TestNumbers = with_segment()

function TestNumbers:test_integers_stay_integers()
  if not HAS_INTEGERS then lu.skip "this Lua's numbers are floats" end
  local int64, uint64 = self.shm:view "int64", self.shm:view "uint64"
  int64[0] = math.maxinteger
  int64[1] = math.mininteger
  lu.assertEquals(math.type(int64[0]), "integer")
  lu.assertEquals(int64:totable(0, 2), {math.maxinteger, math.mininteger})
  lu.assertEquals(math.type(self.view[0]), "float")
  lu.assertEquals(math.type(self.shm.size), "integer")
  lu.assertEquals(math.type(self.shm.address), "integer")
  int64[0] = -1
  lu.assertEquals(uint64[0], -1) -- the bits of 2^64 - 1
  lu.assertTrue(math.ult(math.maxinteger, uint64[0]))
  raised("RANGE", function() uint64[0] = -1 end)
  uint64[0] = 2.0 ^ 63
  lu.assertEquals(uint64[0], math.mininteger)
  int64[0] = 2.0 ^ 62
  lu.assertEquals(int64[0], 2 ^ 62)
  raised("RANGE", function() self.view[0] = math.maxinteger end)
end

function TestNumbers:test_floats_alone_are_never_rounded()
  if HAS_INTEGERS then lu.skip "this Lua has integers" end
  local int64, uint64 = self.shm:view "int64", self.shm:view "uint64"
  int64[0] = 2 ^ 53
  lu.assertEquals(int64[0], 2 ^ 53)
  int64[0] = -2 ^ 53
  lu.assertEquals(int64[0], -2 ^ 53)
  raised("RANGE", function() int64[0] = 2 ^ 54 end)
  raised("RANGE", function() uint64[0] = 2 ^ 54 end)
  raised("RANGE", function() int64:fill(2 ^ 54) end)
  raised("RANGE", function() int64:assign{1, 2 ^ 54} end)
  raised("RANGE", function() self.shm:set_value("int64", 0, 2 ^ 54) end)
  lu.assertEquals(int64[0], -2 ^ 53)
  self.shm:write(0, ("\255"):rep(7) .. "\127")
  raised("RANGE", function() return int64[0] end)
  raised("RANGE", function() return uint64[0] end)
  raised("RANGE", function() return int64:totable(0, 1) end)
  raised("RANGE", function() return self.shm:get_value("int64", 0) end)
  self.view[0] = 2 ^ 60
  lu.assertEquals(self.view[0], 2 ^ 60)
  lu.assertEquals(self.shm.address % 4096, 0)
end

---- bytes ----

TestBytes = with_segment()

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

---- lists ----

TestLists = with_list()

function TestLists:test_indexing_counts_from_0_and_from_the_end()
  local list = self.list
  lu.assertEquals(list[0], 1)
  lu.assertEquals(list[2], "text")
  lu.assertIs(list[6], polyshm.none)
  lu.assertIs(list[-1], polyshm.none)
  lu.assertEquals(list[-7], 1)
  lu.assertEquals(list[1.0], 2.5)
  list[-7], list[5] = polyshm.none, "now"
  lu.assertIs(list:get(0), polyshm.none)
  lu.assertEquals(list:get(5), "now")
  lu.assertStrContains(raised("INDEX", function() return list[7] end).message, "7 items")
  raised("INDEX", function() return list[-8] end)
  raised("INDEX", function() list[7] = 1 end)
  raised("TYPE", function() return list[1.5] end)
  raised("TYPE", function() return list[nil] end)
  raised("TYPE", function() return list[true] end)
  raised("RANGE", function() return list[2 ^ 63] end)
end

function TestLists:test_names_and_operators()
  local list = self.list
  lu.assertEquals(list.length, 7)
  lu.assertEquals(#list, 7)
  lu.assertEquals(list.name, NAME)
  lu.assertNil(list.colour)
  lu.assertNil(list["0"])
  lu.assertNil(list.values)
  lu.assertNil(list.__disown)
  raised("TYPE", function() list.colour = 1 end)
  raised("TYPE", function() list.name = "other" end)
  lu.assertEquals(getmetatable(list), "polyshm.ShareableList")
  lu.assertTrue(list == list)
  lu.assertFalse(list == assert(ShareableList.attach(NAME)))
end

function TestLists:test_tostring()
  lu.assertEquals(tostring(self.list),
    ("ShareableList([1, 2.5, 'text', '\255\\x00x', true, false, none], name='%s')"):format(NAME))
  self.list.shm:write(self.list.shm.size - 7, "\9") -- the code of item 0
  lu.assertStrContains(tostring(self.list), "[CORRUPT, 2.5,")
  self.list:close()
  lu.assertEquals(tostring(self.list), ("ShareableList(name='%s', length=7, closed)"):format(NAME))
  local items = {"it's \\ a\n"}
  for i = 2, 100 do items[i] = ("x"):rep(i) end
  local long = assert(ShareableList.create(nil, items))
  lu.assertTrue(long:unlink())
  lu.assertStrContains(tostring(long), "(['it\\'s \\\\ a\\x0a', 'xx', ")
  lu.assertTrue(#tostring(long) < 400, tostring(long))
  lu.assertEquals(tostring(assert(ShareableList.create(NAME .. ".b", {}))), "ShareableList([], name='" .. NAME .. ".b')")
  SharedMemory.unlink(NAME .. ".b")
end

function TestLists:test_strings_are_text_if_they_are_utf8()
  local list, codes = self.list, self.list.shm:view("int8", {offset = self.list.shm.size - 7})
  local function code(value)
    list[2] = value
    return codes[2]
  end
  lu.assertEquals(codes:totable(), {0, 0, 1, 2, 0, 0, 3})
  lu.assertEquals(code "h\195\169", 1)
  lu.assertEquals(code "", 1)
  lu.assertEquals(code "\237\160\128", 2) -- a surrogate
  lu.assertEquals(code "\195", 2)
  lu.assertEquals(code(polyshm.bytes "abc"), 2)
  lu.assertEquals(list[2], "abc")
  lu.assertEquals(code(polyshm.str "abc"), 1)
  lu.assertStrContains(raised("ARGUMENT", function() list[2] = polyshm.str "\255" end).message, "UTF-8")
  lu.assertEquals(list[2], "abc")
  lu.assertEquals(list:count(polyshm.bytes "abc"), 0)
  lu.assertEquals(list:count "abc", 1)
end

function TestLists:test_kinds_of_numbers()
  local list = self.list
  local function format(value)
    list[0] = value
    return list:format(0)
  end
  lu.assertEquals(format(5), "q")
  lu.assertEquals(format(-2 ^ 53), HAS_INTEGERS and "d" or "q")
  lu.assertEquals(format(2.5), "d")
  lu.assertEquals(format(1 / 0), "d")
  lu.assertEquals(format(0 / 0), "d")
  lu.assertEquals(format(1e300), "d")
  lu.assertEquals(format(-2 ^ 63), "d")
  lu.assertEquals(format(polyshm.float(5)), "d")
  lu.assertEquals(list[0], 5.0)
  local minus_zero = -1 / (1 / 0)
  lu.assertEquals(format(minus_zero), "d")
  lu.assertEquals(1 / list[0], -1 / 0)
  if HAS_INTEGERS then
    lu.assertEquals(format(5.0), "d")
    lu.assertEquals(math.type(list[0]), "float")
    list[0] = math.mininteger
    lu.assertEquals(list[0], math.mininteger)
    raised("RANGE", polyshm.float, math.maxinteger)
  else
    lu.assertEquals(format(5.0), "q")
    lu.assertStrContains(raised("RANGE", function() list[0] = 2 ^ 60 end).message, "polyshm.float()")
    lu.assertEquals(list[0], 5)
    raised("RANGE", function() return list:count(2 ^ 54) end)
    lu.assertEquals(format(polyshm.float(2 ^ 60)), "d")
    lu.assertEquals(list[0], 2 ^ 60)
    list[0] = 0
    list.shm:write(8 * 9, "\1\0\0\0\0\0\32\0") -- 2^53 + 1
    raised("RANGE", function() return list[0] end)
    raised("RANGE", list.totable, list)
  end
end

function TestLists:test_what_no_list_holds()
  local list = self.list
  for _, value in ipairs{{}, print, io.stdout, list, coroutine.create(function() end)} do
    lu.assertStrContains(raised("TYPE", function() list[0] = value end).message, "booleans, strings and polyshm.none")
    raised("TYPE", list.count, list, value)
    raised("TYPE", list.index, list, value)
    lu.assertStrContains(raised("TYPE", list.assign, list, {1, value}).message, "values[2]")
    lu.assertStrContains(raised("TYPE", ShareableList.create, NAME .. ".b", {1, 2, value}).message, "values[3]")
  end
  lu.assertStrContains(raised("TYPE", function() list[0] = nil end).message, "polyshm.none")
  raised("TYPE", list.set, list, 0)
  raised("TYPE", ShareableList.create, NAME .. ".b")
  raised("TYPE", ShareableList.create, NAME .. ".b", "text")
  raised("TYPE", polyshm.str, 5)
  raised("TYPE", polyshm.bytes)
  raised("TYPE", polyshm.float, "5")
  raised("TYPE", polyshm.float, polyshm.none)
  raised("TYPE", polyshm.float)
  lu.assertEquals(list[0], 1)
end

function TestLists.test_what_says_a_kind()
  lu.assertEquals(tostring(polyshm.none), "none")
  lu.assertEquals(tostring(polyshm.str "a\0b"), "a\0b")
  lu.assertEquals(tonumber(tostring(polyshm.float(2.5))), 2.5)
  lu.assertEquals(getmetatable(polyshm.none), "polyshm.Value")
  local loaded = package.loaded["polyshm.core"]
  package.loaded["polyshm"], package.loaded["polyshm.core"] = nil, nil
  lu.assertIs(require "polyshm".none, polyshm.none)
  package.loaded["polyshm"], package.loaded["polyshm.core"] = polyshm, loaded
end

function TestLists:test_each()
  local seen = {}
  for i, x in self.list:each() do seen[#seen + 1] = i .. "=" .. tostring(x) end
  lu.assertEquals(table.concat(seen, " "), "0=1 1=2.5 2=text 3=\255\0x 4=true 5=false 6=none")
  raised("CLOSED", function()
    for i in self.list:each() do
      if i == 3 then self.list:close() end
    end
  end)
end

function TestLists:test_totable_has_no_holes()
  local all = self.list:totable()
  lu.assertEquals(#all, 7)
  lu.assertIs(all[7], polyshm.none)
  lu.assertEquals(self.list:totable(1, 2), {2.5, "text"})
  lu.assertEquals(self.list:totable(7), {})
  all[7] = "last"
  self.list:assign(all)
  lu.assertEquals(self.list:totable(), all)
end

function TestLists:test_slots()
  local list = assert(ShareableList.create(NAME .. ".b", {"a", 1}, {reserve = {100, 8}}))
  assert(list:unlink())
  lu.assertEquals(list:capacity(0), 104)
  list[0] = ("x"):rep(104)
  lu.assertStrContains(raised("RANGE", function() list[0] = ("x"):rep(105) end).message, "slot of 104")
  lu.assertStrContains(raised("RANGE", function() list[1] = "123456789" end).message, "slot of 8")
  lu.assertStrContains(raised("ARGUMENT", function() list[0] = "a\0" end).message, "NUL")
  raised("TYPE", ShareableList.create, NAME .. ".c", {"a"}, {reserve = "8"})
  raised("TYPE", ShareableList.create, NAME .. ".c", {"a"}, {reserve = {"8"}})
  raised("TYPE", ShareableList.create, NAME .. ".c", {"a"}, {reserve = 1.5})
  lu.assertEquals(self.list:format(), "qd8s8sxxxxxxx?xxxxxxx?xxxxxx?x")
end

-- Beyond what fits the stack, and where strings are long; each must come back as the same string.
function TestLists.test_text_of_every_length()
  local lengths = {0, 1, 39, 40, 41, 247, 248, 255, 256, 257, 4096, 100000}
  local items = {}
  for i, length in ipairs(lengths) do items[i] = ("a\0\255z"):rep(25000):sub(1, length):gsub("%z$", "z") end
  local list = assert(ShareableList{sequence = items})
  assert(list:unlink())
  for i, item in ipairs(list:totable()) do
    lu.assertTrue(item == items[i], lengths[i])
    lu.assertTrue(list[i - 1] == items[i], lengths[i])
    lu.assertTrue(({[items[i]] = true})[item])
    lu.assertEquals(list:index(items[i]), i - 1)
  end
  list[-1] = "brief"
  lu.assertEquals(list[-1], "brief")
end

function TestLists:test_the_segment_under_it()
  lu.assertEquals(self.list.shm.name, NAME)
  local shm = self.list.shm
  lu.assertEquals(shm:get_value("int64", 0), 7)
  collect() -- handles given back do not close the list
  lu.assertFalse(self.list.closed)
  shm:close()
  lu.assertTrue(self.list.closed)
  raised("CLOSED", function() return self.list[0] end)
  lu.assertEquals(self.list.length, 7)
end

function TestLists:test_scopes_and_errors()
  lu.assertEquals(polyshm.with(self.list, function(list) return list[2] end), "text")
  lu.assertTrue(self.list.closed)
  local list, err = ShareableList.create(NAME, {1})
  lu.assertNil(list)
  lu.assertEquals(err.code, "EEXIST")
  lu.assertEquals(select(2, ShareableList.attach(PREFIX .. ".none")).code, "ENOENT")
  lu.assertEquals(select(2, ShareableList.attach(PREFIX .. ".none", {timeout = 0.05})).code, "ENOENT")
  lu.assertEquals(select(2, ShareableList{name = PREFIX .. ".none"}).code, "ENOENT")
  lu.assertEquals(select(2, ShareableList.unlink(PREFIX .. ".none")).code, "ENOENT")
  local shm = assert(SharedMemory.create(NAME .. ".b", {size = 100}))
  shm:fill(255)
  lu.assertStrContains(raised("CORRUPT", ShareableList.attach, NAME .. ".b").message, "length is -1")
  assert(shm:unlink())
  local read_only = assert(ShareableList.attach(NAME, {readonly = true}))
  raised("READONLY", function() read_only[0] = 2 end)
  raised("READONLY", read_only.assign, read_only, {2})
  if _VERSION == "Lua 5.4" then
    lu.assertTrue(chunk[[
      local polyshm, name = ...
      local seen
      do local list <close> = assert(polyshm.ShareableList.attach(name)) seen = list end
      return seen.closed]](polyshm, NAME))
  end
  lu.assertIs(assert(self.list:unlink()), true)
  lu.assertEquals(select(2, self.list:unlink()).code, "ENOENT")
  local empty = assert(ShareableList{}) -- as in CPython
  lu.assertEquals(empty.length, 0)
  assert(empty:unlink())
end

-- Calls run() with a collector that does a whole cycle at each allocation, and fn() in a finaliser at each of them.
local function at_each_allocation(run, fn)
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
  local has_step_size = _VERSION == "Lua 5.4"
  local pause, speed = collectgarbage("setpause", 0), collectgarbage("setstepmul", has_step_size and 400 or 1000000)
  if has_step_size then collectgarbage("incremental", 0, 0, 40) end
  if jit then -- compiled code leaves for the interpreter at each cycle's end: here, for ever
    jit.off()
    jit.flush()
  end
  collectgarbage() -- the pause counts from a cycle's end
  arm()
  local result = run()
  armed = false
  collectgarbage("setpause", pause)
  collectgarbage("setstepmul", speed)
  if has_step_size then collectgarbage("incremental", 0, 0, 13) end
  if jit then jit.on() end
  return result
end

-- While create has the values in hand, a finaliser takes them out of the script's table, and others lie in their memory.
function TestLists.test_a_finaliser_cannot_take_the_values_away()
  if _VERSION == "Lua 5.2" then lu.skip "its collector does not let itself be made to run at each allocation" end
  local function text(i) return ("%03d"):format(i):rep(20) end
  local kept, taken = 0, 0
  for moment = 1, 60 do
    local items, sizes, left, other = {}, {}, moment, {}
    for i = 1, 50 do items[i], sizes[i] = text(i), 100 end
    local list = at_each_allocation(function() return assert(ShareableList.create(nil, items, {reserve = sizes})) end,
      function()
        left = left - 1
        if left > 0 then return end
        for i = 1, #items do items[i] = 0 end
        for i = 1, 200 do other[i] = ("%03d"):format(i % 7 + left):rep(20) end
      end)
    assert(list:unlink())
    local is_kept = list[0] ~= 0 -- not, if they were taken before create looked
    if is_kept then kept = kept + 1 else taken = taken + 1 end
    for i = 0, 49 do lu.assertEquals(list[i], is_kept and text(i + 1) or 0) end
    list:close()
  end
  lu.assertTrue(kept > 0 and taken > 0, ("%d kept, %d taken"):format(kept, taken))
end

function TestLists:test_dropped_lists_stay_bounded()
  self.list:close()
  collect()
  local before, most = mappings(), 0
  for _ = 1, 40 do
    assert(assert(ShareableList.create(NAME .. ".big", {"x", "y", "z"}, {reserve = 5000000})):unlink())
    most = math.max(most, mappings() - before)
    lu.assertTrue(most <= 8, most .. " lists wait for the collector")
  end
end

function TestLists:test_finalised_handles_are_refused()
  local list = assert(ShareableList.attach(NAME))
  debug.getmetatable(list).__gc(list)
  for _, fn in ipairs{list.close, list.totable, list.each, list.format, tostring} do raised("TYPE", fn, list) end
  raised("TYPE", function() return list[0] end)
  raised("TYPE", function() list[0] = 1 end)
  raised("TYPE", function() return list.length end)
  raised("TYPE", function() return list.shm end)
  raised("TYPE", self.list.get, SharedMemory.attach(NAME), 0)
end

---- locks ----

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

TestLocks = with_two(Lock)

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
  lu.assertStrContains(err.position, ("idioms.lua:%d:"):format(line))
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

-- What fn does to the lock itself neither fails at the end nor hides fn's error.
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

---- locks, semaphores and events between processes ----

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

TestSegmentLocks = with_segment()

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
  raised("ARGUMENT", function() return long.lock end)
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

---- semaphores ----

TestSemaphores = with_two(Semaphore, {count = 2})

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

---- events ----

TestEvents = with_two(Event)

function TestEvents:test_names_and_operators()
  local event = self.one
  lu.assertEquals(tostring(event), ("Event('%s')"):format(NAME))
  lu.assertEquals(getmetatable(event), "polyshm.Event")
  lu.assertIs(event.is_set, false)
  raised("ARGUMENT", function() event.colour = 1 end)
  raised("ARGUMENT", function() event.is_set = true end)
  lu.assertIs(event.is_set, false) -- an assignment is no set()
  event:set()
  lu.assertIs(self.two.is_set, true)
  lu.assertEquals(polyshm.with(event, function(given) return given:wait() end), true)
  lu.assertTrue(event.closed) -- as views are, at the end of with
  lu.assertNil(event.synchronize)
  lu.assertEquals(tostring(event), ("Event('%s', closed)"):format(NAME))
end

function TestEvents:test_wakes_another_process()
  local pipe, _, file = child[[
    local event = assert(polyshm.Event.attach(name))
    print "waiting"
    print(event:wait(60))]]
  lu.assertEquals(pipe:read(), "waiting")
  self.one:set()
  lu.assertEquals(last_words(pipe, file), "true\n")
end

---- atomics ----

TestAtomics = with_segment()

function TestAtomics:test_integers_stay_integers()
  if not HAS_INTEGERS then lu.skip "this Lua's numbers are floats" end
  local int64, uint64 = self.shm:view "int64", self.shm:view "uint64"
  int64:store(0, math.maxinteger)
  lu.assertEquals(int64:add(0, 1), math.maxinteger)
  lu.assertEquals(int64:load(0), math.mininteger)
  lu.assertEquals(math.type(int64:load(0)), "integer")
  lu.assertEquals(uint64:exchange(0, 2.0 ^ 63), math.mininteger) -- the same bits
  raised("RANGE", uint64.add, uint64, 0, -1)
  lu.assertEquals(uint64:bxor(0, 1), math.mininteger)
  lu.assertEquals(uint64:load(0), math.mininteger + 1)
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

---- scopes ----

TestScopes = with_segment()

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

TestCollection = with_segment()

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

---- waits ----

TestWaits = with_segment()

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

-- What a debug hook raises 0.15 s later, deep in a wait, as SIGINT's hook does; `before` runs in the hook before that.
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

---- zero copy ----

TestFFI = with_segment()

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

---- hostile values ----

TestHostile = with_segment()

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
