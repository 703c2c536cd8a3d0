-- driver.lua: serves polyshm to the tests; README.md has the protocol. In Lua 5.1 to 5.4 and LuaJIT.
local polyshm = require "polyshm"

local unpack = table.unpack or unpack
local DOUBLES = not math.type -- numbers are doubles, and integers are not told from them

local variables = {}

---- tokens ----

local WORDS = {["nil"] = {}, ["true"] = {true}, ["false"] = {false}, ["@foreign"] = {io.stdout}, ["@table"] = {{}},
  nan = {math.abs(0 / 0)}, inf = {1 / 0}, ["-inf"] = {-1 / 0}} -- 0 / 0 has a sign on x86

local ESCAPES = {n = "\n", t = "\t", ['"'] = '"', ["\\"] = "\\"}

-- An integer just below 2^63 is the double below it: the nearest one would not fit int64.
local function number(word)
  local x = tonumber(word)
  if DOUBLES and x == 2 ^ 63 and word ~= "9223372036854775808" then x = 2 ^ 63 - 1024 end
  return x
end

local function utf8_of(code)
  if code < 0x80 then return string.char(code) end
  local last = string.char(0x80 + code % 64)
  if code < 0x800 then return string.char(0xC0 + math.floor(code / 64)) .. last end
  return string.char(0xE0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64) .. last
end

-- The string whose opening quote ends before a place in the line, and the place behind it.
local function quoted(line, at)
  local pieces = {}
  while true do
    local plain, sign, after = line:match('^([^"\\]*)(["\\])()', at)
    if not plain then error("a string does not end", 0) end
    pieces[#pieces + 1] = plain
    if sign == '"' then
      at = after
      break
    end
    local hex, behind = line:match("^x(%x%x)()", after)
    local code = not hex and line:match("^u(%x%x%x%x)", after)
    pieces[#pieces + 1] = hex and string.char(tonumber(hex, 16)) or code and utf8_of(tonumber(code, 16)) or
      ESCAPES[line:sub(after, after)] or error("an unknown escape: \\" .. line:sub(after, after), 0)
    at = behind or after + (code and 5 or 1)
  end
  local times, behind = line:match("^%*(%d+)()", at)
  local bytes = table.concat(pieces)
  return times and bytes:rep(tonumber(times)) or bytes, behind or at
end

-- The value that begins at a place in the line, the place behind it, and the name where it is a variable's. An item for a
-- list says its kind where Lua's types do not tell; in a table none stands for nil.
local function value(line, at, is_item)
  local c = line:sub(at, at)
  if c == '"' then return quoted(line, at + 1) end
  if c == "b" and line:sub(at + 1, at + 1) == '"' then
    local bytes, after = quoted(line, at + 2)
    return is_item and polyshm.bytes(bytes) or bytes, after
  end
  if c == "[" then
    local list = {}
    at = line:match("^ *()", at + 1)
    while line:sub(at, at) ~= "]" do
      local x
      x, at = value(line, at, is_item)
      list[#list + 1] = x == nil and polyshm.none or x
      at = line:match("^ *()", at)
    end
    return list, at + 1
  end
  local word, after = line:match("^([^ %]]+)()", at)
  if not word then error("a word is missing", 0) end
  local x = WORDS[word] and WORDS[word][1]
  if not WORDS[word] then x = number(word) end
  if x == nil and not WORDS[word] then return nil, after, word end
  if is_item and DOUBLES and type(x) == "number" and not word:find "^-?%d+$" then x = polyshm.float(x) end
  return x, after
end

local function told_string(bytes)
  return '"' .. bytes:gsub("[^ !#-Z%[%]^-~]", function(c) return ("\\x%02x"):format(c:byte()) end) .. '"'
end

local function told_float(x)
  if x ~= x then return "nan" end
  local word = ("%.17g"):format(x)
  return word:find "^-?%d+$" and word .. ".0" or word
end

local function told_number(x)
  if DOUBLES then
    return x == math.floor(x) and math.abs(x) <= 2 ^ 53 and 1 / x ~= -1 / 0 and ("%.0f"):format(x) or told_float(x)
  end
  return math.type(x) == "integer" and ("%d"):format(x) or told_float(x)
end

local function told(x)
  local kind = type(x)
  if x == nil or x == polyshm.none then return "nil" end
  if kind == "string" then return told_string(x) end
  if kind == "number" then return told_number(x) end
  if kind == "boolean" then return tostring(x) end
  if kind == "userdata" then return "object" end
  if kind ~= "table" then return "other " .. told_string(tostring(x)) end
  local words = {}
  for i, element in ipairs(x) do words[i] = told(element) end
  return "[" .. table.concat(words, " ") .. "]"
end

---- lists, whose items have kinds that Lua's types do not tell ----

local KINDS = {q = "int", d = "float", ["xxxxxxx?"] = "bool", ["xxxxxx?x"] = "none"}

local function is_list(x)
  return getmetatable(x) == "polyshm.ShareableList"
end

-- From the list's bytes.
local function kind(list, index)
  local shm = list.shm
  local code = shm:read(shm.size - #list + index % #list, 1)
  return KINDS[list:format(index)] or ({"str", "bytes"})[code:byte()]
end

local function told_item(list, index, x)
  if type(x) == "string" then return (kind(list, index) == "bytes" and "b" or "") .. told_string(x) end
  if DOUBLES and type(x) == "number" and kind(list, index) == "float" then return told_float(x) end
  return told(x)
end

local function told_items(list, first, items)
  local words = {}
  for i, x in ipairs(items) do words[i] = told_item(list, first + i - 1, x) end
  return "[" .. table.concat(words, " ") .. "]"
end

local ITEM_AT = {set = 2, count = 1, index = 1} -- which argument is an item, and may be none

---- calls ----

local METHODS = {values = "totable", ["and"] = "band", ["or"] = "bor", xor = "bxor"}

local function names()
  local found = {}
  for i, segment in ipairs(polyshm.segments()) do found[i] = segment.name end
  table.sort(found)
  return found
end

local function call(target, method, arguments, count)
  if target == "polyshm" then
    if method == "names" then return names() end
    local member = polyshm[method]
    if type(member) ~= "function" then return member end
    return member(unpack(arguments, 1, count))
  end
  if target:find "^%u" then
    if method == "new" then return polyshm[target](arguments[count]) end
    return polyshm[target][method](unpack(arguments, 1, count))
  end
  local object = variables[target]
  if object == nil then error("there is no variable " .. target, 0) end
  if method == "kind" then return kind(object, arguments[1]) end
  local member = object[METHODS[method] or method]
  if member == nil then error("there is no " .. method, 0) end
  if type(member) ~= "function" then return member end
  return member(object, unpack(arguments, 1, count))
end

-- What the call gave, or nil and its error: the two ways in which calls fail come to the same here.
local function outcome(ok, result, err)
  if not ok then return nil, result end
  return result, err
end

local function broken(why)
  return "broken " .. told_string(tostring(why))
end

local function failed(err)
  if type(err) ~= "table" or not err.code then return broken(err) end
  return ("error %s %s"):format(err.code, told_string(err.message))
end

-- What a method's result is as a token.
local function answer(target, method, arguments, result)
  local list = variables[target]
  if is_list(list) then
    if method == "get" then return told_item(list, arguments[1], result) end
    if method == "values" then return told_items(list, arguments[1] or 0, result) end
  end
  return told(result)
end

---- statements: compile(LINE) makes a function that runs it. It returns whether it came out as expected, and the answer; this
---- may be a function to call with the arguments and the result, which come behind it ----

local function compile_call(line, at)
  local variable, behind = line:match("^(%w+) = ()", at)
  local target, method, after = line:match("^(%w+)%.([%w_]+) *()", behind or at)
  if not target then error("cannot read this: " .. line, 0) end
  at = after
  local given, references, options, count = {}, {}, nil, 0
  local items = target == "ShareableList" or is_list(variables[target])
  local item_at = items and ITEM_AT[method]
  while at <= #line and not line:find("^%->", at) do
    local key, value_at = line:match("^(%l[%w_]*)=()", at)
    local x, next_at, reference = value(line, value_at or at, items and (not key or key == "sequence"))
    if key then
      options = options or {}
      options[key] = x
    else
      count = count + 1
      references[count] = reference
      given[count] = x
      if x == nil and not reference and count == item_at then given[count] = polyshm.none end
    end
    at = line:match("^ *()", next_at)
  end
  if options then
    count = count + 1
    given[count] = options
  end
  local expected, _, expected_reference
  local expects = line:match("^%-> *()", at)
  if expects then
    expected, _, expected_reference = value(line, expects)
    expected = told(expected)
  end
  local refers = next(references) ~= nil
  local function tell(arguments, result) return answer(target, method, arguments, result) end
  return function()
    local arguments = given
    if refers then
      arguments = {unpack(given, 1, count)}
      for i, name in pairs(references) do
        arguments[i] = variables[name]
        if arguments[i] == nil then return false, broken("there is no " .. name) end
      end
    end
    local result, err = outcome(pcall(call, target, method, arguments, count))
    if err ~= nil then return false, failed(err) end
    if variable then variables[variable] = result end
    if expects then
      local got = tell(arguments, result)
      if got ~= (expected_reference and told(variables[expected_reference]) or expected) then
        return false, broken(("%s: it gave %s"):format(line, got))
      end
    end
    return true, tell, arguments, result
  end
end

local function compile(line, at)
  at = at or 1
  local name, when_at = line:match("^when (%w+) ()", at)
  if name then
    local x, after, reference = value(line, when_at)
    local expected, run = told(x), compile(line, line:match("^ *()", after))
    return function()
      if told(variables[name]) ~= (reference and told(variables[reference]) or expected) then return true, "nil" end
      return run()
    end
  end
  local words = line:match('^fail "()', at)
  if words then
    local why = broken(quoted(line, words))
    return function() return false, why end
  end
  return compile_call(line, at)
end

local function run_line(line)
  local _, tells, arguments, result = compile(line)()
  return type(tells) == "function" and tells(arguments, result) or tells
end

local function repeat_lines(times, count)
  local runs = {}
  for i = 1, count do runs[i] = compile(io.read()) end
  for _ = 1, times do
    for i = 1, count do
      local ok, why = runs[i]()
      if not ok then return why end
    end
  end
  return "nil"
end

local function forget()
  for _, variable in pairs(variables) do
    if type(variable) == "userdata" then variable:close() end
  end
  variables = {}
  return "nil"
end

local function serve(line)
  if line == "forget" then return forget() end
  local times, count = line:match "^repeat (%d+) (%d+)$"
  if times then return repeat_lines(tonumber(times), tonumber(count)) end
  return run_line(line)
end

print(("ready lua %s integers=%d"):format(jit and "luajit" or _VERSION:lower():gsub(" ", ""), DOUBLES and 53 or 64))
io.flush()
for line in io.lines() do
  local ok, line_answer = pcall(serve, line)
  print(ok and line_answer or broken(line_answer))
  io.flush()
end
forget()
