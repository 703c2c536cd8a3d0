-- driver.lua FILE...: runs the conformance cases (README.md) in the Lua that runs this: 5.1 to 5.4, or LuaJIT.
local polyshm = require "polyshm"

local LANGUAGE = jit and "luajit" or _VERSION:lower():gsub(" ", "")
local PREFIX = ("polyshm-lua-%d"):format(io.open("/proc/self/stat"):read("*n"))
local unpack = table.unpack or unpack

---- values ----

local WORDS = {["nil"] = {}, ["true"] = {true}, ["false"] = {false}, ["@foreign"] = {io.stdout}, ["@table"] = {{}},
  nan = {0 / 0}, inf = {1 / 0}, ["-inf"] = {-1 / 0}}

-- Where numbers are doubles, an integer just below 2^63 is the double below it: the nearest one would not fit int64.
local function number(word)
  local x = tonumber(word)
  if not math.type and x == 2 ^ 63 and word ~= "9223372036854775808" then x = 2 ^ 63 - 1024 end
  return x
end

local function quoted(line, at)
  local bytes = {}
  while true do
    local c = line:sub(at, at)
    if c == "" then error "a string does not end" end
    if c == '"' then break end
    if c == "\\" then
      local hex = line:match("^x(%x%x)", at + 1)
      c = hex and string.char(tonumber(hex, 16)) or ({n = "\n", ['"'] = '"', ["\\"] = "\\"})[line:sub(at + 1, at + 1)]
      at = at + (hex and 3 or 1)
    elseif line:sub(at, at + 1) == "$P" then
      c, at = PREFIX, at + 1
    end
    bytes[#bytes + 1] = assert(c, "an unknown escape")
    at = at + 1
  end
  local times = line:match("^%*(%d+)", at + 1)
  return table.concat(bytes):rep(times or 1), at + 1 + (times and #times + 1 or 0)
end

-- The value that begins at a place in the line, and the place behind it. An item for a list says its kind where Lua's
-- types do not tell; in a table none stands for nil.
local function value(line, at, variables, is_item)
  local c = line:sub(at, at)
  if c == '"' then return quoted(line, at + 1) end
  if line:sub(at, at + 1) == 'b"' then
    local bytes, after = quoted(line, at + 2)
    return is_item and polyshm.bytes(bytes) or bytes, after
  end
  if c == "[" then
    local list = {}
    at = line:match("^%s*()", at + 1)
    while line:sub(at, at) ~= "]" do
      local x
      x, at = value(line, at, variables, is_item)
      list[#list + 1] = x == nil and polyshm.none or x
      at = line:match("^%s*()", at)
    end
    return list, at + 1
  end
  local word, after = line:match("^([^%s%]]+)()", at)
  if WORDS[word] then return WORDS[word][1], after end
  if is_item and not math.type and word:find "^-?%d+%.%d" then return polyshm.float(tonumber(word)), after end
  if variables[word] ~= nil then return variables[word], after end
  local x = number(word)
  if x == nil then error(("there is no %q"):format(word)) end
  return x, after
end

local function show(x)
  if type(x) == "string" then return ("%q"):format(x) end
  if type(x) ~= "table" then return tostring(x) end
  local words = {}
  for i, element in ipairs(x) do words[i] = show(element) end
  return "[" .. table.concat(words, " ") .. "]"
end

local function same(a, b)
  if type(a) ~= type(b) then return false end
  if type(a) == "number" then
    local kind = math.type or type
    return kind(a) == kind(b) and (a == b or a ~= a and b ~= b)
  end
  if type(a) ~= "table" then return a == b end
  for i = 1, math.max(#a, #b) do
    if not same(a[i], b[i]) then return false end
  end
  return true
end

---- calls ----

-- The kind of a list's item, from the list's bytes: what get returns does not tell all kinds in every Lua.
local KINDS = {q = "int", d = "float", ["xxxxxxx?"] = "bool", ["xxxxxx?x"] = "none"}
local function kind(list, index)
  local shm = list.shm
  local code = shm:read(shm.size - #list + index, 1)
  return KINDS[list:format(index)] or ({"str", "bytes"})[code:byte()]
end

local function names()
  local found = {}
  for _, segment in ipairs(polyshm.segments()) do
    if segment.name:sub(1, #PREFIX) == PREFIX then found[#found + 1] = segment.name end
  end
  table.sort(found)
  return found
end

local CLASSES = {SharedMemory = true, ShareableList = true, Lock = true, Semaphore = true, Event = true}
local METHODS = {values = "totable", ["and"] = "band", ["or"] = "bor", xor = "bxor"}

local function call(target, method, arguments, options, variables)
  if target == "polyshm" then
    if method == "names" then return names() end
    local member = polyshm[method]
    if type(member) ~= "function" then return member end
    return member(unpack(arguments, 1, arguments.n))
  end
  if CLASSES[target] then
    if method == "new" then return polyshm[target](options) end
    arguments.n = arguments.n + 1
    arguments[arguments.n] = options
    return polyshm[target][method](unpack(arguments, 1, arguments.n))
  end
  local object = assert(variables[target], "there is no variable " .. target)
  if method == "kind" then return kind(object, arguments[1]) end
  local member = object[METHODS[method] or method]
  assert(member ~= nil, "there is no " .. method)
  if type(member) ~= "function" then return member end
  arguments[arguments.n + 1] = options
  return member(object, unpack(arguments, 1, arguments.n + 1))
end

-- This is what the call gave, or nil and its error: the two ways in which calls fail come to the same here.
local function outcome(...)
  local ok, result, err = pcall(call, ...)
  if not ok then result, err = nil, result end
  if result == polyshm.none then result = nil end
  if err ~= nil and (type(err) ~= "table" or not err.code) then error("no polyshm error: " .. tostring(err), 0) end
  return result, err
end

local function check(line, at, result, err, variables)
  local code, after = line:match("^error ([%u_]+)()", at)
  if not code then
    if err then error(tostring(err), 0) end
    if line:match("^object%s*$", at) then
      if type(result) ~= "userdata" then error(("%s is no object"):format(show(result)), 0) end
    elseif at <= #line then
      local expected = value(line, at, variables)
      if not same(result, expected) then error(("%s, not %s"):format(show(result), show(expected)), 0) end
    end
    return
  end
  if not err then error(("%s, not error %s"):format(show(result), code), 0) end
  if err.code ~= code then error(("%s, not %s"):format(tostring(err), code), 0) end
  local quote = line:match('^%s*"()', after)
  local said = quote and quoted(line, quote) or ""
  if not err.message:find(said, 1, true) then error(("%q does not say %q"):format(err.message, said), 0) end
end

local function statement(line, variables)
  if line:match '^sh "' then
    local result = os.execute("unset LD_PRELOAD; " .. quoted(line, 5)) -- a sanitizer is for us, not for dd
    if result ~= true and result ~= 0 then error("sh: " .. tostring(result), 0) end
    return
  end
  local variable, at = line:match "^(%w+) = ()"
  local target, method, after = line:match("^(%w+)%.([%w_]+)%s*()", at or 1)
  if not target then error("not a statement", 0) end
  at = after
  local arguments, options = {n = 0}, nil
  local is_item = target == "ShareableList" or getmetatable(variables[target]) == "polyshm.ShareableList"
  local item_at = is_item and ({set = 2, count = 1, index = 1})[method] -- which argument may be none
  while at <= #line and line:sub(at, at + 1) ~= "->" do
    local key, behind = line:match("^([%a_]+)=()", at)
    local x
    x, at = value(line, behind or at, variables, is_item and not key)
    if key then
      options = options or {}
      options[key] = x
    else
      arguments.n = arguments.n + 1
      if x == nil and arguments.n == item_at then x = polyshm.none end
      arguments[arguments.n] = x
    end
    at = line:match("^%s*()", at)
  end
  local result, err = outcome(target, method, arguments, options, variables)
  if variable then variables[variable] = result end
  check(line, line:match("^%->%s*()", at) or at, result, err, variables)
end

---- cases ----

local passed, failed, skipped = 0, 0, 0

local function verdict(case, at, why)
  if why then
    failed = failed + 1
    print(("not ok %s: line %d: %s"):format(case.name, at, why))
  else
    passed = passed + 1
    print("ok " .. case.name)
  end
end

local function run(case)
  local variables, at, why = {}, 0, nil
  for _, entry in ipairs(case) do
    at = entry.at
    local ok, err = pcall(statement, entry.line, variables)
    if not ok then
      why = tostring(err)
      break
    end
  end
  for _, variable in pairs(variables) do
    if type(variable) == "userdata" then variable:close() end
  end
  local listed, left = pcall(names) -- there may be no directory to list
  for _, name in ipairs(listed and left or {}) do
    why = why or "it leaves " .. name
    polyshm.SharedMemory.unlink(name)
  end
  verdict(case, at, why)
end

local function skips(case)
  for language in (case.without or ""):gmatch "%S+" do
    if language == "lua" or language == LANGUAGE then return true end
  end
end

local function finish(case)
  if not case then return end
  if skips(case) then
    skipped = skipped + 1
    print(("skip %s: %s"):format(case.name, case.reason))
  else
    run(case)
  end
end

for _, file in ipairs(arg) do
  local case, at = nil, 0
  for line in assert(io.open(file)):lines() do
    at = at + 1
    local name = line:match "^case (.+)"
    if name then
      finish(case)
      local short, without, reason = name:match "^(.-), not in ([^:]+): (.+)"
      case = {name = short or name, without = without, reason = reason}
    elseif line:match "^%s+%S" then
      case[#case + 1] = {at = at, line = line:match "^%s+(.-)%s*$"}
    end
  end
  finish(case)
end
print(("%d passed, %d failed, %d skipped"):format(passed, failed, skipped))
os.exit(failed == 0 and passed > 0 and 0 or 1, true)
