-- What is Lua's own: errors, scopes, iteration, metatables, collection, interrupts, hostile values. Lua 5.1 to 5.4 and LuaJIT.
local polyshm = require "polyshm"
local lu = require "luaunit"

local SharedMemory, ShareableList = polyshm.SharedMemory, polyshm.ShareableList
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
      lu.assertEquals(names(), {})
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
      lu.assertEquals(names(), {})
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

-- What a debug hook raises 0.3 s later, deep in a wait, as SIGINT's hook does; `before` runs in the hook before that.
local function interrupted(thread, run, before)
  local start, raised_already = now(), false
  local function hook()
    local time = now() - start
    if time >= 0.1 and before then
      before()
      before = nil
    end
    if time >= 0.3 and not raised_already then
      raised_already = true
      error("stop", 0)
    end
  end
  if thread then debug.sethook(thread, hook, "c") else debug.sethook(hook, "c") end
  local ok, err = run()
  if thread then debug.sethook(thread) else debug.sethook() end
  local time = now() - start
  lu.assertTrue(time >= 0.25 and time < 10, tostring(time))
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

function TestWaits.test_ctrl_c_breaks_the_wait_of_the_interpreter()
  local interpreter, at = nil, -1
  while arg[at] do interpreter, at = arg[at], at - 1 end
  local script = os.tmpname()
  local file = assert(io.open(script, "w"))
  file:write(([[
    local polyshm = require "polyshm"
    io.stdout:write("waiting\n") io.stdout:flush()
    polyshm.SharedMemory.attach(%q, {timeout = 20})]]):format(PREFIX .. ".none"))
  file:close()
  local command = ("%s %s 2>&1 & sleep 1; kill -INT $!; wait $!; echo status $?"):format(interpreter, script)
  local output
  lu.assertTrue(seconds(function()
    local pipe = io.popen(command)
    output = pipe:read "*a"
    pipe:close()
  end) < 10)
  os.remove(script)
  lu.assertStrContains(output, "waiting")
  lu.assertStrContains(output, "interrupted!")
  lu.assertStrContains(output, "status 1")
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
    try("with", polyshm.with, values[i] ~= self.shm and values[i] ~= self.view and values[i] or {}, tostring)
    if type(values[i]) ~= "number" or values[i] ~= values[i] or values[i] < 1 or values[i] >= 2 ^ 40 then
      try("resize", self.shm.resize, self.shm, values[i]) -- others would be real memory
      try("size", SharedMemory.create, NAME .. ".b", {size = values[i]})
      SharedMemory.unlink(NAME .. ".b") -- nil is a size, too
    end
  end
  lu.assertTrue(calls > 10000)
  list:close()
  assert(ShareableList.unlink(NAME .. ".l"))
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
  raised("TYPE", self.shm.read, self.view, 0, 1)
end

os.exit(lu.LuaUnit.run(), true)
