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

---- classes: made from what the module tells of them (core.facts), and added to below ----

-- by a type of the core, "lock": its name, "Lock"; a list or a set of its attributes; and so on
local told = {}
for _, row in ipairs(core.facts) do
  local c_type, fact, word, number = row[1], row[2], row[3], row[4]
  local class = told[c_type] or {attribute = {}}
  told[c_type] = class
  if fact == "attribute" then
    class.attribute[#class.attribute + 1] = word
  elseif fact == "option" then
    class.option, class.default = word, number
  else
    class[fact] = word
  end
end

-- The methods of a C class, as a table to add to; what reads its attributes; and its metatable.
local methods, getters, metatables = {}, {}, {}

-- An attribute that is the same object each time. It means nothing to its object, so the collector gets both at once.
local function keeping(get)
  local kept = setmetatable({}, {__mode = "k"})
  return function(object)
    local found = kept[object]
    if not found or found.closed or object.closed then
      found = get(object)
      kept[object] = found
    end
    return found
  end
end

-- Sequences have this in common: assignment to an index, ranges as tables, and iteration.
local function sequence(own, metatable, length)
  local get = own.get
  own.totable, own.values = own.values, nil
  metatable.__newindex = own.set

  -- for index, value in t:each() do ... end; where Lua asks for it, pairs(t) is the same.
  function own:each()
    local count = length(self)
    return function(_, index)
      index = index + 1
      if index < count then return index, get(self, index) end
    end, self, -1
  end
  metatable.__pairs = own.each

  -- Lua 5.2, and a 5.3 that is compatible with it, ask here; others are told by the error in which their ipairs ends.
  function metatable.__ipairs(object)
    fail("TYPE", ("ipairs: it begins at 1, and %s at 0: use each()"):format(tostring(object)))
  end
end

-- What can be taken may be tried, and held while fn is called.
local function takeable(own, metatable, verb)
  local take = own[verb]
  own["try_" .. verb] = function(object) return take(object, 0) end
  own.synchronize = core.synchronize
  scopes[metatable.__metatable] = core.synchronize
end

for c_type, class in pairs(told) do
  local metatable, own, attributes = core.metatable("polyshm_lua_" .. c_type), {}, {}
  for key, method in pairs(metatable[".fn"]) do own[key] = method end
  for _, key in ipairs(class.attribute) do
    attributes[key], own[key] = own[key], nil
  end
  if class.keeps then attributes[class.keeps] = keeping(attributes[class.keeps]) end
  metatable.__index = core[class.sequence and c_type .. "_members" or "members"](own, attributes)
  metatable.__newindex = function(object, key)
    fail("ARGUMENT", ("%s: nothing can be assigned to .%s"):format(tostring(object), tostring(key)))
  end
  metatable.__len = attributes[class.length]
  metatable.__close = own.close
  metatable.__metatable = "polyshm." .. class.class
  function metatable:__tostring()
    return ("%s('%s'%s)"):format(class.class, attributes.name(self), attributes.closed(self) and ", closed" or "")
  end
  scopes[metatable.__metatable] = closing
  if class.sequence then sequence(own, metatable, attributes[class.length]) end
  if class.take then takeable(own, metatable, class.take) end
  methods[c_type], getters[c_type], metatables[c_type] = own, attributes, metatable
end

---- the verbs of classes ----

local FILE_MODE = 384 -- 0600

local function any_owner(verb, given)
  return boolean(verb, "any_owner", given.any_owner, false) and core.FLAG_ANY_OWNER or 0
end

-- create, attach, open and unlink. Contents, where a class has such, come behind the name.
local function verbs(c_type, class)
  local core_create, core_attach, core_open = core[c_type .. "_create"], core[c_type .. "_attach"], core[c_type .. "_open"]
  local own, default = class.option, class.default
  local attach_options = options(class.readonly and {"readonly", "any_owner", "timeout"} or {"any_owner", "timeout"})
  local create_options = options{"mode", "exclusive", "any_owner", own}
  local open_options = options{"mode", "any_owner", own}

  local function make(core_make, name, contents, given, ...)
    if class.contents then return returned(core_make(name, contents, given[own], ...)) end
    if own then return returned(core_make(name, either(given[own], default), ...)) end
    return returned(core_make(name, ...))
  end

  local function create(name, contents, given)
    given = create_options("create", given)
    local mode, flags = either(given.mode, FILE_MODE), any_owner("create", given)
    if boolean("create", "exclusive", given.exclusive, true) then return make(core_create, name, contents, given, mode) end
    return make(core_open, name, contents, given, mode, flags)
  end

  local function open(name, contents, given)
    given = open_options("open", given)
    return make(core_open, name, contents, given, either(given.mode, FILE_MODE), any_owner("open", given))
  end

  local function attach(name, given)
    given = attach_options("attach", given)
    local flags = any_owner("attach", given)
    if boolean("attach", "readonly", given.readonly, false) then flags = flags + core.FLAG_READONLY end
    return returned(core_attach(name, flags, either(given.timeout, 0)))
  end

  return {
    create = class.contents and create or function(name, given) return create(name, nil, given) end,
    open = class.contents and open or function(name, given) return open(name, nil, given) end,
    attach = attach,
    unlink = core.segment_unlink_name,
  }
end

for c_type, class in pairs(told) do
  if class.named then polyshm[class.class] = verbs(c_type, class) end
end

---- CPython's constructors ----

local SharedMemory, ShareableList = polyshm.SharedMemory, polyshm.ShareableList
local new_options, list_new_options = options{"name", "create", "size"}, options{"sequence", "name"}

-- SharedMemory{name = "x"} attaches, SharedMemory{create = true, size = 64} creates.
setmetatable(SharedMemory, {__call = function(_, given)
  given = new_options("SharedMemory", given)
  if boolean("SharedMemory", "create", given.create, false) then
    return SharedMemory.create(given.name, {size = either(given.size, 0)})
  end
  return SharedMemory.attach(given.name)
end})

-- ShareableList{sequence = {1, 2}, name = "x"} creates, ShareableList{name = "x"} attaches.
setmetatable(ShareableList, {__call = function(_, given)
  given = list_new_options("ShareableList", given)
  if given.sequence == nil and given.name ~= nil then return ShareableList.attach(given.name) end
  return ShareableList.create(given.name, either(given.sequence, {}))
end})

---- a segment ----

local segment, view_of = getters.segment, methods.segment.view

local view_options = options{"offset", "count"}
function methods.segment:view(dtype, given)
  given = view_options("view", given)
  return view_of(self, dtype, given.offset, given.count)
end

function metatables.segment:__tostring()
  return ("SharedMemory('%s', size=%d%s)"):format(segment.name(self), segment.size(self),
    segment.closed(self) and ", closed" or "")
end

---- a view ----

local view = getters.view

function metatables.view:__tostring()
  return ("View('%s', offset=%d, count=%d%s)"):format(view.dtype(self), view.offset(self), view.count(self),
    view.closed(self) and ", closed" or "")
end

---- a list ----

local list, List = getters.list, methods.list
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
function metatables.list:__tostring()
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

---- a semaphore ----

local semaphore = getters.semaphore

function metatables.semaphore:__tostring()
  return ("Semaphore('%s', count=%d%s)"):format(semaphore.name(self), semaphore.count(self),
    semaphore.closed(self) and ", closed" or "")
end

---- the module ----

polyshm.segments = core.each_segment
polyshm.directory, polyshm.set_directory = core.directory, core.set_directory

return polyshm
