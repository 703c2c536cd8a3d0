-- This is what Lua's collector is told of the memory behind handles: what is dropped makes it work, what is closed in order does not.
local polyshm = require "polyshm"
local lu = require "luaunit"
local support = dofile((arg[0]:match "^.*/" or "") .. "support.lua")
local SharedMemory, ShareableList, Event = polyshm.SharedMemory, polyshm.ShareableList, polyshm.Event
local NAME, mappings, collect = support.NAME, support.mappings, support.collect

local LARGE = 64 * 1024 * 1024

-- How many times the collector goes round in fn, which allocates too little to make it do so.
local function rounds(fn)
  local count = 0
  collect()
  local stop = support.on_collection(function() count = count + 1 end)
  fn()
  stop()
  return count
end

local function attach() return assert(SharedMemory.attach(NAME)) end

local function dropped(count)
  collect()
  local before, most = mappings(), 0
  for _ = 1, count do
    attach()
    most = math.max(most, mappings() - before)
  end
  return most
end

TestCollector = {}

-- Whatever was paid for by the test before may be dropped once without paying again: here it is.
function TestCollector.setUp()
  assert(SharedMemory.create(NAME, {size = LARGE})):close()
  dropped(40)
  collect()
end

function TestCollector.tearDown()
  collect()
  assert(SharedMemory.unlink(NAME))
  support.assert_tidy()
end

-- So many are open at once, and are then closed.
local function burst(count)
  local open = {}
  for i = 1, count do open[i] = attach() end
  for i = 1, count do open[i]:close() end
end

function TestCollector.test_what_is_closed_in_order_costs_nothing()
  lu.assertEquals(rounds(function()
    for _ = 1, 50 do attach():close() end
  end), 0)
end

function TestCollector.test_views_of_it_cost_nothing()
  lu.assertEquals(rounds(function()
    for _ = 1, 20 do
      local shm = attach()
      for _ = 1, 5 do shm:view "int8" end
      shm:close()
    end
  end), 0)
end

function TestCollector.test_what_is_dropped_is_collected()
  lu.assertTrue(rounds(function() lu.assertTrue(dropped(50) <= 4) end) > 10)
end

-- Whatever was once paid for is not paid for again, but for what was dropped.
function TestCollector.test_a_small_drop_costs_little()
  local event = assert(Event.create(NAME .. ".e"))
  burst(8)
  lu.assertEquals(rounds(function() burst(8) end), 0)
  local all = rounds(function()
    for _ = 1, 5 do
      Event.attach(NAME .. ".e")
      collect()
      burst(8)
    end
  end)
  lu.assertTrue(all <= 5 * 4, all) -- two or three by collect() itself, and one for what was dropped
  assert(event:unlink())
  event:close()
end

function TestCollector.test_a_lists_segment_is_counted_once()
  local list = assert(ShareableList.create(NAME .. ".l", {"x", "y", "z"}, {reserve = 9999991}))
  lu.assertEquals(rounds(function()
    for _ = 1, 50 do lu.assertEquals(list.shm.name, NAME .. ".l") end
  end), 0)
  assert(list:unlink())
  list:close()
  lu.assertEquals(rounds(function() burst(1) end), 0)
end

function TestCollector.test_a_resize_is_counted_once()
  local shm = assert(SharedMemory.create(NAME .. ".r", {size = 4096}))
  lu.assertEquals(rounds(function()
    for i = 1, 8 do shm:resize(i * 4 * 1024 * 1024) end
    shm:refresh()
    assert(shm:unlink())
    shm:close()
    for _ = 1, 10 do attach():close() end
  end), 0)
end

-- Whatever was open before the module was loaded again is closed after it: counted off what was counted then, not below nothing.
function TestCollector.test_loaded_again()
  os.execute(("truncate -s 2147483648 /dev/shm/%s.hole"):format(NAME)) -- takes no memory
  local huge = assert(SharedMemory.attach(NAME .. ".hole"))
  package.loaded["polyshm"], package.loaded["polyshm.core"] = nil, nil
  lu.assertNotIs(require "polyshm", polyshm)
  assert(huge:unlink())
  huge:close()
  local most = dropped(20)
  lu.assertTrue(most <= 4, most .. " handles wait for the collector")
end

os.exit(lu.LuaUnit.run(), true)
