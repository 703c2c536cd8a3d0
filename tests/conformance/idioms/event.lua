-- Events in Lua: attributes, scopes, waking another process.
local polyshm = require "polyshm"
local lu = require "luaunit"
local support = dofile((arg[0]:match "^.*/" or "") .. "support.lua")
local Event = polyshm.Event
local NAME, raised, child, last_words = support.NAME, support.raised, support.child, support.last_words

TestEvents = support.with_two(Event)

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

os.exit(lu.LuaUnit.run(), true)
