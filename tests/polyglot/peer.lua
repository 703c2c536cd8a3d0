-- The polyglot tests' peer in Lua 5.1 to 5.4 and LuaJIT: NAME write|read|write-list|read-list VALUESFILE.
-- write, read: line k lies at byte 256 k, through a view. write-list, read-list: line k is item k of a list.
-- 64-bit numbers that this Lua cannot hold are written as two halves, in a list as 0; reading one must raise RANGE, and is
-- told as `!`.
local polyshm = require "polyshm"

local STRIDE, HALF = 256, 2 ^ 32
local FLOATS = {nan = math.abs(0 / 0), inf = 1 / 0, ["-inf"] = -1 / 0} -- 0 / 0 has a sign on x86

local function to_float(word)
  return FLOATS[word] or tonumber((word:gsub("^%-?%d+$", "%0.0"))) -- "-0" as an integer would lose its sign
end

-- An integer, or nil if this Lua has no such number.
local function to_integer(word)
  local x = tonumber(word)
  if math.type then return math.type(x) == "integer" and x or nil end
  return math.abs(x) <= 2 ^ 53 and ("%.0f"):format(x) == word and x or nil
end

-- The two's complement of a decimal number, as its upper and lower 32 bits.
local function halves(word)
  local high, low = 0, 0
  for digit in word:gmatch "%d" do
    low = low * 10 + tonumber(digit)
    high = (high * 10 + math.floor(low / HALF)) % HALF
    low = low % HALF
  end
  if word:sub(1, 1) == "-" then
    high = (HALF - high - (low > 0 and 1 or 0)) % HALF
    low = (HALF - low) % HALF
  end
  return high, low
end

-- An integer that stands for one beyond 2^63, as Lua 5.3 and 5.4 give it.
local function unsigned_decimal(x)
  local hex, digits = ("%016x"):format(x), {}
  local high, low = tonumber(hex:sub(1, 8), 16), tonumber(hex:sub(9), 16)
  repeat
    low = high % 10 * HALF + low
    high = math.floor(high / 10)
    table.insert(digits, 1, ("%d"):format(low % 10))
    low = math.floor(low / 10)
  until high == 0 and low == 0
  return table.concat(digits)
end

local function from_hex(hex)
  return (hex:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

local function to_hex(bytes)
  return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

local function float_told(x)
  return x ~= x and "nan" or ("%.17g"):format(x)
end

local function write(shm, offset, dtype, words)
  if dtype == "bytes" then
    shm:write(offset, from_hex(words[1]))
    return
  end
  local view = shm:view(dtype, {offset = offset, count = #words})
  local convert = dtype:find "^float" and to_float or to_integer
  for i, word in ipairs(words) do
    local x = convert(word)
    if x then
      view[i - 1] = x
    else
      local high, low = halves(word)
      local at = offset + 8 * (i - 1)
      shm:set_value("uint16", at, 1)
      local little_endian = shm:read(at, 1) == "\1"
      shm:set_value("uint32", at + (little_endian and 0 or 4), low)
      shm:set_value("uint32", at + (little_endian and 4 or 0), high)
    end
  end
end

local function told(view, dtype, index)
  local ok, x = pcall(view.get, view, index)
  if not ok then return assert(x.code == "RANGE" and "!", x) end
  if dtype:find "^float" then return float_told(x) end
  if dtype == "uint64" and x < 0 then return unsigned_decimal(x) end
  return ("%d"):format(x)
end

local function read(shm, offset, dtype, words)
  if dtype == "bytes" then
    return to_hex(shm:read(offset, #words[1] / 2))
  end
  local view = shm:view(dtype, {offset = offset, count = #words})
  local told_words = {}
  for i = 1, #words do told_words[i] = told(view, dtype, i - 1) end
  return table.concat(told_words, " ")
end

---- lists ----

local ITEMS = {
  int = function(word) return to_integer(word) or 0 end,
  float = function(word) return polyshm.float(to_float(word)) end,
  bool = function(word) return word == "1" end,
  none = function() return polyshm.none end,
  str = function(word) return polyshm.str(from_hex(word)) end,
  bytes = function(word) return polyshm.bytes(from_hex(word)) end,
}

-- By format; of text, by the byte that each item has at the list's end: a Lua string does not tell str from bytes.
local KINDS = {q = "int", d = "float", ["xxxxxxx?"] = "bool", ["xxxxxx?x"] = "none"}

local TOLD = {
  int = function(x) return x and ("%d"):format(x) or "!" end,
  float = float_told,
  bool = function(x) return x and "1" or "0" end,
  none = function(x) return assert(x == polyshm.none and "") end,
  str = to_hex,
  bytes = to_hex,
}

local function read_item(list, index, codes)
  local ok, x = pcall(list.get, list, index)
  if not ok then
    if x.code ~= "RANGE" then error(x) end
    x = nil
  end
  local kind = KINDS[list:format(index)] or ({"str", "bytes"})[codes:byte(index + 1)]
  return (kind .. " " .. TOLD[kind](x)):gsub(" $", "")
end

---- verbs ----

local name, verb, values = arg[1], arg[2], arg[3]
local SharedMemory, ShareableList = polyshm.SharedMemory, polyshm.ShareableList

-- Calls line(first word, other words) for each line.
local function each_line(line)
  for text in assert(io.open(values)):lines() do
    local words = {}
    for word in text:gmatch "%S+" do words[#words + 1] = word end
    line(table.remove(words, 1), words)
  end
end

local verbs = {}

function verbs.write()
  local shm, offset = assert(SharedMemory.create(name, {size = 65536})), 0
  each_line(function(dtype, words)
    write(shm, offset, dtype, words)
    offset = offset + STRIDE
  end)
  shm:close()
end

function verbs.read()
  local shm, offset = assert(SharedMemory.attach(name, {readonly = true})), 0
  each_line(function(dtype, words)
    print(dtype .. " " .. read(shm, offset, dtype, words))
    offset = offset + STRIDE
  end)
  shm:close()
end

verbs["write-list"] = function()
  local items = {}
  each_line(function(kind, words) items[#items + 1] = ITEMS[kind](words[1] or "") end)
  assert(ShareableList.create(name, items)):close()
end

verbs["read-list"] = function()
  local list = assert(ShareableList.attach(name, {readonly = true}))
  local shm = list.shm
  local codes = shm:read(shm.size - #list, #list)
  for i = 0, #list - 1 do print((read_item(list, i, codes))) end
  list:close()
end

verbs[verb]()
