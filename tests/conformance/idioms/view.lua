-- Views in Lua: indices, iteration, tables, and numbers with and without integers.
local polyshm = require "polyshm"
local lu = require "luaunit"
local support = dofile((arg[0]:match "^.*/" or "") .. "support.lua")
local SharedMemory = polyshm.SharedMemory
local HAS_INTEGERS, raised = support.HAS_INTEGERS, support.raised

---- views ----

TestViews = support.with_segment()

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

function TestViews:test_ipairs_is_refused()
  local ok, err = pcall(function() for _ in ipairs(self.view) do end end)
  lu.assertFalse(ok)
  if _VERSION == "Lua 5.1" then -- LuaJIT, too: they look no further than at the type
    lu.assertStrContains(err, "table expected")
  else
    lu.assertStrContains(tostring(err), "each()")
  end
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

TestNumbers = support.with_segment()

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
  for _, bits in ipairs{-1, math.mininteger, math.maxinteger, 0} do -- what was read can be written back
    int64[0] = bits
    uint64[1] = uint64[0]
    lu.assertEquals(int64[1], bits)
    uint64:assign(uint64:totable(0, 1), 2)
    lu.assertEquals(int64[2], bits)
    uint64:fill(uint64[0], 3, 1)
    lu.assertEquals(int64[3], bits)
    self.shm:set_value("uint64", 32, self.shm:get_value("uint64", 0))
    lu.assertEquals(int64[4], bits)
  end
  raised("RANGE", function() self.shm:view("uint32")[0] = -1 end)
  raised("RANGE", function() uint64[0] = -1.0 end)
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

function TestViews:test_pairs_is_each_where_lua_asks()
  if _VERSION == "Lua 5.1" then return end -- it knows no __pairs, and says that it is no table
  local t = self.shm:view("int32", {count = 3})
  t:assign{7, 8, 9}
  local seen = {}
  for i, x in pairs(t) do seen[#seen + 1] = i .. "=" .. x end
  lu.assertEquals(table.concat(seen, " "), "0=7 1=8 2=9")
end

os.exit(lu.LuaUnit.run(), true)
