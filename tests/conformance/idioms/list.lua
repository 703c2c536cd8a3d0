-- Lists in Lua: indices, iteration, tables, the kinds of values, collection.
local polyshm = require "polyshm"
local lu = require "luaunit"
local support = dofile((arg[0]:match "^.*/" or "") .. "support.lua")
local SharedMemory, ShareableList = polyshm.SharedMemory, polyshm.ShareableList
local PREFIX, NAME, HAS_INTEGERS, mappings = support.PREFIX, support.NAME, support.HAS_INTEGERS, support.mappings
local collect, raised, chunk, at_each_allocation = support.collect, support.raised, support.chunk, support.at_each_allocation

-- A test class with a list of every kind.
local function with_list()
  return {
    setUp = function(self)
      self.list = assert(ShareableList.create(NAME, {1, 2.5, "text", "\255\0x", true, false, polyshm.none}))
    end,
    tearDown = function(self)
      self.list:close()
      SharedMemory.unlink(NAME)
      support.assert_tidy()
    end,
  }
end

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
  lu.assertStrContains(raised("RANGE", function() list[0] = ("x"):rep(105) end).message, "its slot has 104")
  lu.assertStrContains(raised("RANGE", function() list[1] = "123456789" end).message, "slot has 8")
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

os.exit(lu.LuaUnit.run(), true)
