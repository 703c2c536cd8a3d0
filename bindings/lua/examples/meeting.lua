-- A reader waits for a writer's segment: timeouts, both kinds of errors, scopes.
local polyshm = require "polyshm"
local SharedMemory = polyshm.SharedMemory

local READY, TEXT = 0, 8 -- byte offsets

local function read(name)
  return polyshm.with(SharedMemory.attach(name, {readonly = true, timeout = 5}), function(shm)
    while shm:get_value("int64", READY) == 0 do end -- a moment
    print(("read: %s, of %d bytes"):format(shm:read(TEXT, 11), #shm))
    local _, err = pcall(shm.write, shm, TEXT, "HELLO") -- misuse is raised
    print("not written: " .. err.code)
    return true
  end)
end

if arg[1] then
  assert(read(arg[1]))
  return
end

local name = ("meeting-%d"):format(io.open("/proc/self/stat"):read("*n"))
local shm, err = SharedMemory.attach(name, {timeout = 0.1}) -- what the system says is returned
print("not yet: " .. err.code, shm)

local reader = io.popen(("'%s' '%s' %s"):format(arg[-1], arg[0], name))
shm = assert(SharedMemory.create(name, {size = 64}))
shm:write(TEXT, "hello world")
shm:set_value("int64", READY, 1)
io.write(reader:read "*a")
reader:close()

shm:close()
assert(shm:unlink())
print(shm.closed, shm:stale())

-- output:
-- not yet: ENOENT	nil
-- read: hello world, of 64 bytes
-- not written: READONLY
-- true	true
