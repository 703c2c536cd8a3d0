-- polyshm: named shared memory. The C module does the work; here are option tables, defaults, iterators and scopes.
-- README.md beside this file is the manual; what each call may fail with stands in core/include/polyshm/*.h.
local core = require "polyshm.core"
local fail = core.fail

local polyshm = {version = core.version(), page_size = core.page_size()}

-- A list's items: what stands for nothing, where nil would be a hole; and what says a value's kind.
polyshm.none, polyshm.str, polyshm.bytes, polyshm.float = core.none(), core.as_str, core.as_bytes, core.as_float

-- string_errors(true): from now on this state's errors are raised as strings, for a host that prints no tables.
polyshm.string_errors = core.string_errors

---- options ----

-- options{"size", ...}: a function that checks a call's option table, and gives {} for none.
local function options(known)
  local list, is_known = table.concat(known, ", "), {}
  for _, key in ipairs(known) do is_known[key] = true end
  return function(verb, given)
    if given == nil then return {} end
    if type(given) ~= "table" then
      fail("TYPE", ("%s: options are a table, not %s"):format(verb, type(given)))
    end
    for key in pairs(given) do
      if not is_known[key] then
        fail("ARGUMENT", ("%s: there is no option %s; there are: %s"):format(verb, tostring(key), list))
      end
    end
    return given
  end
end

local function boolean(verb, key, value, default)
  if value == nil then return default end
  if type(value) ~= "boolean" then
    fail("TYPE", ("%s: %s is true or false, not %s"):format(verb, key, type(value)))
  end
  return value
end

local function either(value, default)
  if value == nil then return default end
  return value
end

-- Returns what is left of `whole` from `start` on, unless a length is given. A bad start is the core's to find.
local function rest(whole, start, length)
  if length ~= nil then return length end
  return type(start) == "number" and whole - start or 0
end

---- scopes ----

local scopes = {} -- what with() does, by what getmetatable() tells of an object

local function finish(object, ok, ...)
  object:close()
  if not ok then error((...), 0) end
  return ...
end

local function closing(object, fn)
  return finish(object, pcall(fn, object))
end

-- Lua 5.4 also closes it when fn has yielded, and its coroutine is closed instead of being resumed.
if _VERSION == "Lua 5.4" then
  closing = assert(load("local object, fn = ... local closed <close> = object return (function(...) return ... end)(fn(object))",
    "=polyshm.lua", "t", {}))
end

-- The last failure that a maker returned, and where it was called: with(attach(...), fn) is given only the nil of
-- nil, error. It is told if it can be an argument of this very call: no other maker was called since, and it stands
-- in the same function, on the same line or below.
local failure
local getinfo = debug and debug.getinfo

-- The innermost function that is not of this file, and its line. Lua 5.1 shows a tail call as a level without any.
local function script()
  local level, info = 2, getinfo and getinfo(2, "Slf")
  while info and (info.what == "tail" or info.source == getinfo(1, "S").source) do
    level = level + 1
    info = getinfo(level, "Slf")
  end
  if info then return info.func, info.currentline end
end

local function returned(object, err)
  failure = nil
  if err ~= nil then
    local fn, line = script()
    failure = {err = err, fn = fn, line = line}
  end
  return object, err
end

-- Calls fn(object), closes the object whatever happens, and returns what fn returned. A Lock or a Semaphore is not
-- closed, but held meanwhile. What the object's maker failed with is passed on:
-- local ok, err = polyshm.with(polyshm.SharedMemory.attach("x"), fn).
function polyshm.with(object, fn)
  local failed = failure
  failure = nil
  if object == nil and failed then
    local caller, line = script()
    if caller and caller == failed.fn and failed.line >= line then return nil, failed.err end
  end
  local scope = scopes[getmetatable(object)]
  if not scope then fail("TYPE", ("with: an object of polyshm is needed, not %s"):format(type(object))) end
  return scope(object, fn)
end

---- classes ----

-- The methods of a C class, as a table to add to; its metatable; what reads its attributes. `members` makes __index.
local function class(c_name, name, members, attributes)
  local metatable = core.metatable(c_name)
  local methods, getters = {}, {}
  for key, method in pairs(metatable[".fn"]) do methods[key] = method end
  for _, key in ipairs(attributes) do
    getters[key], methods[key] = methods[key], nil
  end
  metatable.__index = members(methods, getters)
  metatable.__newindex = function(object, key)
    fail("ARGUMENT", ("%s: nothing can be assigned to .%s"):format(tostring(object), tostring(key)))
  end
  metatable.__len = getters[attributes.length]
  metatable.__close = methods.close
  metatable.__metatable = "polyshm." .. name
  scopes[metatable.__metatable] = closing
  return methods, metatable, getters
end

local Segment, segment_metatable, segment = class("polyshm_lua_segment", "SharedMemory", core.members,
  {"name", "size", "address", "readonly", "closed", "lock", length = "size"})
local View, view_metatable, view = class("polyshm_lua_view", "View", core.view_members,
  {"dtype", "count", "offset", "closed", length = "count"})
local List, list_metatable, list = class("polyshm_lua_list", "ShareableList", core.list_members,
  {"name", "length", "shm", "closed", length = "length"})
local Lock, lock_metatable, lock = class("polyshm_lua_lock", "Lock", core.members,
  {"name", "closed", "owned", "locked", "dirty"})
local Semaphore, semaphore_metatable, semaphore = class("polyshm_lua_semaphore", "Semaphore", core.members,
  {"name", "closed", "count", "value"})
local _, event_metatable, event = class("polyshm_lua_event", "Event", core.members, {"name", "closed", "is_set"})

-- Views and lists have this in common: assignment to an index, ranges as tables, and iteration.
local function sequence(methods, metatable, length)
  local values, assign, get = methods.values, methods.assign, methods.get
  methods.values = nil
  metatable.__newindex = methods.set

  function methods:totable(index, count)
    index = either(index, 0)
    return values(self, index, rest(length(self), index, count))
  end

  function methods:assign(items, index)
    return assign(self, either(index, 0), items)
  end

  -- for index, value in t:each() do ... end; where Lua asks for it, pairs(t) is the same.
  function methods:each()
    local count = length(self)
    return function(_, index)
      index = index + 1
      if index < count then return index, get(self, index) end
    end, self, -1
  end
  metatable.__pairs = methods.each

  -- Lua 5.2, and a 5.3 that is compatible with it, ask here; others are told by the error in which their ipairs ends.
  function metatable.__ipairs(object)
    fail("TYPE", ("ipairs: it begins at 1, and %s at 0: use each()"):format(tostring(object)))
  end
end

sequence(View, view_metatable, view.count)
sequence(List, list_metatable, list.length)

-- Locks and semaphores have this in common: the method that takes them may be told not to wait, and fn may be called
-- while they are taken.
local function takeable(methods, metatable, verb)
  local take = methods[verb]
  methods["try_" .. verb] = function(object) return take(object, 0) end
  methods.synchronize = core.synchronize
  scopes[metatable.__metatable] = core.synchronize
end

takeable(Lock, lock_metatable, "lock")
takeable(Semaphore, semaphore_metatable, "acquire")

---- the verbs of classes ----

local FILE_MODE = 384 -- 0600

local function any_owner(verb, given)
  return boolean(verb, "any_owner", given.any_owner, false) and core.FLAG_ANY_OWNER or 0
end

local function attacher(core_attach, attach_options)
  return function(name, given)
    given = attach_options("attach", given)
    local flags = any_owner("attach", given)
    if boolean("attach", "readonly", given.readonly, false) then flags = flags + core.FLAG_READONLY end
    return returned(core_attach(name, flags, either(given.timeout, 0)))
  end
end

-- create, open and unlink, and with these options attach. `own` is an option that only this class has, if it has one.
local function verbs(kind, attach_options, own, default)
  local core_create, core_open = core[kind .. "_create"], core[kind .. "_open"]
  local create_options = options{"mode", "exclusive", "any_owner", own}
  local open_options = options{"mode", "any_owner", own}

  local function make(core_make, name, given, ...)
    if own then return returned(core_make(name, either(given[own], default), ...)) end
    return returned(core_make(name, ...))
  end

  return {
    create = function(name, given)
      given = create_options("create", given)
      local mode, flags = either(given.mode, FILE_MODE), any_owner("create", given)
      if boolean("create", "exclusive", given.exclusive, true) then return make(core_create, name, given, mode) end
      return make(core_open, name, given, mode, flags)
    end,
    open = function(name, given)
      given = open_options("open", given)
      return make(core_open, name, given, either(given.mode, FILE_MODE), any_owner("open", given))
    end,
    attach = attacher(core[kind .. "_attach"], attach_options),
    unlink = core.segment_unlink_name,
  }
end

local attach_options = options{"readonly", "any_owner", "timeout"}
local attach_to_write_options = options{"any_owner", "timeout"}

polyshm.Lock = verbs("lock", attach_to_write_options)
polyshm.Semaphore = verbs("semaphore", attach_to_write_options, "count", 1)
polyshm.Event = verbs("event", attach_to_write_options)

---- SharedMemory ----

local SharedMemory = verbs("segment", attach_options, "size", polyshm.page_size)
polyshm.SharedMemory = SharedMemory

local new_options = options{"name", "create", "size"}

-- CPython's constructor: SharedMemory{name = "x"} attaches, SharedMemory{create = true, size = 64} creates.
setmetatable(SharedMemory, {__call = function(_, given)
  given = new_options("SharedMemory", given)
  if boolean("SharedMemory", "create", given.create, false) then
    return SharedMemory.create(given.name, {size = either(given.size, 0)})
  end
  return SharedMemory.attach(given.name)
end})

---- ShareableList ----

local ShareableList = {attach = attacher(core.list_attach, attach_options), unlink = SharedMemory.unlink}
polyshm.ShareableList = ShareableList

local list_create_options = options{"reserve", "mode", "exclusive", "any_owner"}
local list_open_options = options{"reserve", "mode", "any_owner"}
local list_new_options = options{"sequence", "name"}

function ShareableList.open(name, values, given)
  given = list_open_options("open", given)
  return returned(core.list_open(name, values, given.reserve, either(given.mode, FILE_MODE), any_owner("open", given)))
end

function ShareableList.create(name, values, given)
  given = list_create_options("create", given)
  local mode, flags = either(given.mode, FILE_MODE), any_owner("create", given)
  if boolean("create", "exclusive", given.exclusive, true) then
    return returned(core.list_create(name, values, given.reserve, mode))
  end
  return returned(core.list_open(name, values, given.reserve, mode, flags))
end

-- CPython's constructor: ShareableList{sequence = {1, 2}, name = "x"} creates, ShareableList{name = "x"} attaches.
setmetatable(ShareableList, {__call = function(_, given)
  given = list_new_options("ShareableList", given)
  if given.sequence == nil and given.name ~= nil then return ShareableList.attach(given.name) end
  return ShareableList.create(given.name, either(given.sequence, {}))
end})

---- a segment ----

local read, fill, copy, view_of = Segment.read, Segment.fill, Segment.copy, Segment.view

function Segment:read(offset, length)
  offset = either(offset, 0)
  return read(self, offset, rest(segment.size(self), offset, length))
end

function Segment:fill(byte, offset, length)
  offset = either(offset, 0)
  return fill(self, either(byte, 0), offset, rest(segment.size(self), offset, length))
end

function Segment:copy(source, offset, length, source_offset)
  source_offset = either(source_offset, 0)
  return copy(self, source, either(offset, 0), rest(segment.size(source), source_offset, length), source_offset)
end

local view_options = options{"offset", "count"}
function Segment:view(dtype, given)
  given = view_options("view", given)
  return view_of(self, dtype, either(given.offset, 0), either(given.count, -1))
end

-- shm.lock is the same object each time. It means nothing to its segment, so the collector gets both at once.
local lock_of, locks = segment.lock, setmetatable({}, {__mode = "k"})
function segment.lock(shm)
  local found = locks[shm]
  if not found or lock.closed(found) or segment.closed(shm) then
    found = lock_of(shm)
    locks[shm] = found
  end
  return found
end

function segment_metatable:__tostring()
  return ("SharedMemory('%s', size=%d%s)"):format(segment.name(self), segment.size(self),
    segment.closed(self) and ", closed" or "")
end

---- a view ----

local fill_view, notify = View.fill, View.notify

function View:fill(value, index, count)
  index = either(index, 0)
  return fill_view(self, value, index, rest(view.count(self), index, count))
end

function View:notify(index, count)
  return notify(self, index, either(count, -1))
end

function view_metatable:__tostring()
  return ("View('%s', offset=%d, count=%d%s)"):format(view.dtype(self), view.offset(self), view.count(self),
    view.closed(self) and ", closed" or "")
end

---- a list ----

local index_of, format = List.index, List.format

function List:index(value)
  local index = index_of(self, value)
  if index >= 0 then return index end
end

-- One item's format, or all of them in one string, as CPython's attribute.
function List:format(index)
  if index ~= nil then return format(self, index) end
  local formats = {}
  for i = 0, list.length(self) - 1 do formats[i + 1] = format(self, i) end
  return table.concat(formats)
end

local SHOWN_ITEMS, SHOWN_BYTES = 16, 40

local function shown(item)
  if type(item) ~= "string" then return tostring(item) end
  local text, more = item:sub(1, SHOWN_BYTES), #item > SHOWN_BYTES and "..." or ""
  text = text:gsub("[%c\\']", function(c)
    return c:find "[\\']" and "\\" .. c or ("\\x%02x"):format(c:byte())
  end)
  return ("'%s%s'"):format(text, more)
end

-- As CPython writes it, but short.
function list_metatable:__tostring()
  local name, length = list.name(self), list.length(self)
  if list.closed(self) then return ("ShareableList(name='%s', length=%d, closed)"):format(name, length) end
  local words = {}
  for i = 0, math.min(length, SHOWN_ITEMS) - 1 do
    local ok, item = pcall(List.get, self, i)
    words[#words + 1] = ok and shown(item) or item.code
  end
  if length > SHOWN_ITEMS then words[#words + 1] = "..." end
  return ("ShareableList([%s], name='%s')"):format(table.concat(words, ", "), name)
end

---- a lock, a semaphore, an event ----

function lock_metatable:__tostring()
  return ("Lock('%s'%s)"):format(lock.name(self), lock.closed(self) and ", closed" or "")
end

function semaphore_metatable:__tostring()
  return ("Semaphore('%s', count=%d%s)"):format(semaphore.name(self), semaphore.count(self),
    semaphore.closed(self) and ", closed" or "")
end

function event_metatable:__tostring()
  return ("Event('%s'%s)"):format(event.name(self), event.closed(self) and ", closed" or "")
end

---- the module ----

polyshm.segments = core.each_segment
polyshm.directory, polyshm.set_directory = core.directory, core.set_directory

return polyshm
