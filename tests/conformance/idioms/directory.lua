-- Another directory than /dev/shm: chosen once for the process, so all of it is one test.
local polyshm = require "polyshm"
local lu = require "luaunit"
local support = dofile((arg[0]:match "^.*/" or "") .. "support.lua")
local SharedMemory = polyshm.SharedMemory

local directory = "/dev/shm/" .. support.NAME .. ".d"
local function shell(command) return (os.execute(command:format(directory))) end

TestDirectory = {}

function TestDirectory.test_is_chosen_once()
  lu.assertEquals(polyshm.directory(), "/dev/shm")
  support.raised("ARGUMENT", polyshm.set_directory, "dev/shm")
  support.raised("ARGUMENT", polyshm.set_directory, "")
  support.raised("ARGUMENT", polyshm.set_directory, "/dev/shm\0more")
  support.raised("TYPE", polyshm.set_directory, {})
  local missing = support.raised("ENOENT", polyshm.set_directory, directory)
  lu.assertStrContains(missing.message, "set_directory: there is no " .. directory)
  support.raised("EOPNOTSUPP", polyshm.set_directory, "/proc")
  lu.assertEquals(polyshm.directory(), "/dev/shm")

  shell "mkdir -m 700 %s"
  polyshm.set_directory(directory)
  lu.assertEquals(polyshm.directory(), directory)
  local shm = assert(SharedMemory.create(support.NAME, {size = 64}))
  lu.assertEquals(#polyshm.segments(), 1)
  local file = assert(io.open(directory .. "/" .. support.NAME))
  lu.assertEquals(#file:read "*a", 64)
  file:close()
  support.raised("ARGUMENT", polyshm.set_directory, "/dev/shm")
  polyshm.set_directory(directory)
  shm:close()
  lu.assertTrue(shm:unlink())
  shell "rmdir %s"
  local gone, why = SharedMemory.create(support.NAME)
  lu.assertNil(gone)
  lu.assertStrContains(why.message, "there is no " .. directory)
end

os.exit(lu.LuaUnit.run(), true)
