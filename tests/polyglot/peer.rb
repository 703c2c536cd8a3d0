# The polyglot tests' peer in Ruby: NAME write|read VALUESFILE, NAME write-list|read-list ITEMSFILE.
require "polyshm"

STRIDE = 256

def number(dtype, word)
  return word.to_i unless dtype.start_with?("float")

  { "nan" => Float::NAN, "inf" => Float::INFINITY, "-inf" => -Float::INFINITY }.fetch(word) { word.to_f }
end

def text(number)
  return number.to_s if number.is_a?(Integer)

  number.nan? ? "nan" : number.infinite? ? format("%f", number).downcase : format("%.17g", number)
end

def write(shm, offset, dtype, words)
  return shm.write(offset, [words.first].pack("H*")) if dtype == "bytes"

  shm.view(dtype, offset: offset, count: words.size).replace(words.map { |word| number(dtype, word) })
end

def read(shm, offset, dtype, words)
  return shm.read(offset, words.first.size / 2).unpack1("H*") if dtype == "bytes"

  shm.view(dtype, offset: offset, count: words.size).map { |number| text(number) }.join(" ")
end

def item(kind, word)
  case kind
  when "int", "float" then number(kind, word)
  when "bool" then word == "1"
  when "none" then nil
  when "str" then [word.to_s].pack("H*").force_encoding(Encoding::UTF_8)
  when "bytes" then [word.to_s].pack("H*")
  end
end

def item_text(item)
  case item
  when Integer then "int #{item}"
  when Float then "float #{text(item)}"
  when true, false then "bool #{item ? 1 : 0}"
  when nil then "none"
  else "#{item.encoding == Encoding::BINARY ? "bytes" : "str"} #{item.unpack1("H*")}".rstrip
  end
end

name, verb, file = ARGV
lines = File.foreach(file).map(&:split)
case verb
when "write"
  PolyShm::SharedMemory.create(name, size: 65536) do |shm|
    lines.each_with_index { |(dtype, *words), k| write(shm, k * STRIDE, dtype, words) }
  end
when "read"
  PolyShm::SharedMemory.attach(name, readonly: true) do |shm|
    lines.each_with_index { |(dtype, *words), k| puts "#{dtype} #{read(shm, k * STRIDE, dtype, words)}" }
  end
when "write-list"
  PolyShm::ShareableList.create(name, lines.map { |kind, word| item(kind, word) }, &:close)
when "read-list"
  PolyShm::ShareableList.attach(name, readonly: true) { |list| puts list.map { |item| item_text(item) } }
end
