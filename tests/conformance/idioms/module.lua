-- This is what the module is in Lua: the globals, loading it again, the tables that it gives.
local polyshm = require "polyshm"
local lu = require "luaunit"
local support = dofile((arg[0]:match "^.*/" or "") .. "support.lua")
local SharedMemory = polyshm.SharedMemory
local NAME = support.NAME

TestModule = {tearDown = support.assert_tidy}

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

-- A finaliser may require it, too, at whichever moment of another require it runs.
function TestModule.test_a_finaliser_requires_it_while_it_is_being_loaded()
  local function load_again()
    package.loaded["polyshm"], package.loaded["polyshm.core"] = nil, nil
    local found = require "polyshm"
    package.loaded["polyshm"], package.loaded["polyshm.core"] = nil, nil -- so that the other require goes on by itself
    return found
  end
  local inner = 0
  local again = support.at_each_allocation(load_again, function()
    local found = load_again()
    local shm = assert(found.SharedMemory.create(NAME, {size = 64}))
    shm:close()
    assert(found.SharedMemory.unlink(NAME))
    inner = inner + 1
  end)
  lu.assertTrue(inner > 10, inner)
  local modules = {again, load_again(), polyshm}
  package.loaded["polyshm"] = polyshm
  for _, module in ipairs(modules) do
    local shm = assert(module.SharedMemory.create(NAME, {size = 64}))
    local view = shm:view "int8"
    view[3] = 7
    lu.assertEquals(view:totable(2, 2), {0, 7})
    lu.assertEquals(tostring(shm), ("SharedMemory('%s', size=64)"):format(NAME))
    shm:close()
    assert(module.SharedMemory.unlink(NAME))
  end
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

os.exit(lu.LuaUnit.run(), true)
