-- Long work in Lua: it goes in steps, after each of which a debug hook can break it, as Ctrl-C does.
local polyshm = require "polyshm"
local lu = require "luaunit"
local support = dofile((arg[0]:match "^.*/" or "") .. "support.lua")
local SharedMemory, ShareableList = polyshm.SharedMemory, polyshm.ShareableList
local NAME = support.NAME

local LITTLE, MUCH = 4096, 80 * 1024 * 1024 -- two steps

TestWork = {}

function TestWork:setUp()
  self.little = assert(SharedMemory.create(NAME .. ".little", {size = LITTLE}))
  self.much = assert(SharedMemory.create(NAME .. ".much", {size = MUCH}))
end

function TestWork:tearDown()
  for _, shm in ipairs{self.little, self.much} do
    shm:unlink()
    shm:close()
  end
  support.assert_tidy()
end

local function done(object)
  object:unlink()
  object:close()
end

local bytes = {little = ("x"):rep(LITTLE), much = ("x"):rep(MUCH)}

-- The same calls, on little and on much.
local works = {
  create = function(_, which) done(assert(SharedMemory.create(NAME, {size = which == "much" and MUCH or LITTLE}))) end,
  open = function(_, which) done(assert(SharedMemory.open(NAME, {size = which == "much" and MUCH or LITTLE}))) end,
  fill = function(test, which) test[which]:fill(7) end,
  write = function(test, which) test[which]:write(0, bytes[which]) end,
  copy = function(test, which) test[which]:copy(test[which], 8, #test[which] - 8, 0) end,
  view_fill = function(test, which) test[which]:view("int64"):fill(7) end,
  list = function(_, which)
    done(assert(ShareableList.create(NAME, {"x"}, {reserve = which == "much" and 9999991 or 100})))
  end,
}

-- How often something is called for and in `run`; the call numbered `limit` raises.
local function calls(run, limit)
  local count = 0
  debug.sethook(function()
    count = count + 1
    if count == limit then error("stop", 0) end
  end, "c")
  local ok, err = pcall(run)
  debug.sethook()
  return count - 1, ok, err -- without sethook
end

for verb, work in pairs(works) do
  TestWork["test_a_debug_hook_breaks_" .. verb] = function(self)
    work(self, "little") -- compiled, loaded
    local few = calls(function() work(self, "little") end)
    local many, ok, err = calls(function() work(self, "much") end)
    lu.assertTrue(ok, tostring(err))
    lu.assertTrue(many > few, ("%d calls, %d with steps"):format(few, many))
    -- Whichever of these calls raises, the first is pcall, it ends the work.
    for limit = 2, many do
      local _, broken, why = calls(function() work(self, "much") end, limit)
      lu.assertFalse(broken)
      lu.assertEquals(why, "stop")
      SharedMemory.unlink(NAME)
    end
    work(self, "much")
  end
end

-- Whatever a hook closes is closed for the call as well.
function TestWork:test_a_debug_hook_closes_what_works()
  debug.sethook(function() self.much:close() end, "c")
  local ok, err = pcall(self.much.fill, self.much, 7)
  debug.sethook()
  lu.assertFalse(ok)
  lu.assertEquals(err.code, "CLOSED")
end

os.exit(lu.LuaUnit.run(), true)
