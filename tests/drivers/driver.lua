-- driver.lua: serves polyshm to the tests; README.md has the protocol. In Lua 5.1 to 5.4 and LuaJIT.
local polyshm = require "polyshm"

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

---- what programs call ----

local METHODS = {values = "totable", ["and"] = "band", ["or"] = "bor", xor = "bxor"}

local function names()
  local found = {}
  for i, segment in ipairs(polyshm.segments()) do found[i] = segment.name end
  table.sort(found)
  return found
end

-- An attribute, or what a method gives.
local function member(object, name, ...)
  if object == nil then error("there is no such variable", 0) end
  local found = object[name]
  if found == nil then error("there is no " .. name, 0) end
  if type(found) ~= "function" then return found end
  if object == polyshm then return found(...) end
  return found(object, ...)
end

local function broken(why)
  return "broken " .. told_string(tostring(why))
end

local function failed(err)
  if type(err) ~= "table" or not err.code then return broken(err) end
  return ("error %s %s"):format(err.code, told_string(err.message))
end

local function unexpected(line, result)
  error(("%s: it gave %s"):format(line, told(result)), 0)
end

---- programs: lines become Lua, which runs as fast as what a user writes ----

-- A program's constants, and the variables that it names.
local function program()
  return {constants = {}, names = {}}
end

local function constant(self, x)
  if type(x) == "number" and x == math.floor(x) and math.abs(x) < 2 ^ 31 and 1 / x > 0 then return told_number(x) end
  if x == nil then return "nil" end
  self.constants[#self.constants + 1] = x
  return ("K[%d]"):format(#self.constants)
end

local function variable(self, name)
  self.names[name] = true
  return "v_" .. name
end

-- The expression of the token at a place, and the place behind it.
local function expression(self, line, at, is_item)
  local x, after, name = value(line, at, is_item)
  return name and variable(self, name) or constant(self, x), after
end

-- The expression of a call, and the place behind it.
local function call(self, target, method, line, at)
  local list = target == "ShareableList" or is_list(variables[target])
  local arguments, options = {}, {}
  while at <= #line and not line:find("^%->", at) do
    local key, value_at = line:match("^(%l[%w_]*)=()", at)
    local word, after = expression(self, line, value_at or at, list and (not key or key == "sequence"))
    if key then
      options[#options + 1] = ("%s = %s"):format(key, word)
    else
      arguments[#arguments + 1] = list and word == "nil" and #arguments + 1 == ITEM_AT[method] and "none" or word
    end
    at = line:match("^ *()", after)
  end
  if options[1] then arguments[#arguments + 1] = ("{%s}"):format(table.concat(options, ", ")) end
  local words = table.concat(arguments, ", ")
  if target == "polyshm" then
    if method == "names" then return "names()", at end
    return ("member(polyshm, %q%s)"):format(method, words ~= "" and ", " .. words or ""), at
  elseif target:find "^%u" then
    return ("polyshm.%s%s(%s)"):format(target, method == "new" and "" or "." .. method, words), at
  end
  local object = variable(self, target)
  method = METHODS[method] or method
  if method == "kind" then return ("kind(%s, %s)"):format(object, words), at end
  local known, found = pcall(function() return variables[target][method] end)
  if known and type(found) == "function" then return ("%s:%s(%s)"):format(object, method, words), at end
  return ("member(%s, %q%s)"):format(object, method, words ~= "" and ", " .. words or ""), at
end

-- A line as Lua.
local function source(self, line, at)
  local name, when_at = line:match("^when (%w+) ()", at)
  if name then
    local wanted, after = expression(self, line, when_at)
    local rest = source(self, line, line:match("^ *()", after))
    return ("if %s == %s then %s end"):format(variable(self, name), wanted, rest)
  end
  local words = line:match('^fail "()', at)
  if words then return ("error(%s, 0)"):format(constant(self, (quoted(line, words)))) end
  local result, behind = line:match("^(%w+) = ()", at)
  local target, method, after = line:match("^(%w+)%.([%w_]+) *()", behind or at)
  if not target then error("cannot read this: " .. line, 0) end
  local words_of_call, next_at = call(self, target, method, line, after)
  local text = ("r, e = %s if e ~= nil then error(e, 0) end"):format(words_of_call)
  if result then text = text .. (" %s = r"):format(variable(self, result)) end
  local expects = line:match("^%-> *()", next_at)
  if expects then
    text = text .. (" if r ~= %s then unexpected(%s, r) end"):format(expression(self, line, expects), constant(self, line))
  end
  return text
end

-- Runs the lines so many times, and returns the last result.
local function run(lines, times)
  local self, texts, taken, given = program(), {}, {}, {}
  for i, line in ipairs(lines) do texts[i] = source(self, line, 1) end
  for name in pairs(self.names) do
    taken[#taken + 1] = ("local v_%s = V.%s"):format(name, name)
    given[#given + 1] = ("V.%s = v_%s"):format(name, name)
  end
  local text = ("local V, K, polyshm, names, member, kind, unexpected, none, times = ... local r, e %s\n" ..
    "for _ = 1, times do\n%s\nend %s\nreturn r"):format(
    table.concat(taken, " "), table.concat(texts, "\n"), table.concat(given, " "))
  local chunk = assert((loadstring or load)(text))
  return chunk(variables, self.constants, polyshm, names, member, kind, unexpected, polyshm.none, times)
end

---- lines ----

-- What the result of a statement is as a token: items of lists say more than Lua's types tell.
local function answer(line, result)
  local target, method, first = line:match "(%w+)%.([%w_]+) *([-%d]*)"
  local list = variables[target]
  if is_list(list) and not line:find "^when" then
    if method == "get" then return told_item(list, tonumber(first), result) end
    if method == "values" then return told_items(list, tonumber(first) or 0, result) end
  end
  return told(result)
end

local function forget()
  for _, held in pairs(variables) do
    if type(held) == "userdata" then held:close() end
  end
  variables = {}
  return "nil"
end

local function serve(line)
  if line == "forget" then return forget() end
  local times, count = line:match "^repeat (%d+) (%d+)$"
  if not times then return answer(line, run({line}, 1)) end
  local lines = {}
  for i = 1, tonumber(count) do lines[i] = io.read() end
  run(lines, tonumber(times))
  return "nil"
end

print(("ready lua %s integers=%d"):format(jit and "luajit" or _VERSION:lower():gsub(" ", ""), DOUBLES and 53 or 64))
io.flush()
for line in io.lines() do
  local ok, result = pcall(serve, line)
  print(ok and result or failed(result))
  io.flush()
end
forget()
