# The polyglot tests' peer in Ruby: NAME write|read VALUESFILE.
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

name, verb, file = ARGV
lines = File.foreach(file).map(&:split)
if verb == "write"
  PolyShm::SharedMemory.create(name, size: 65536) do |shm|
    lines.each_with_index { |(dtype, *words), k| write(shm, k * STRIDE, dtype, words) }
  end
else
  PolyShm::SharedMemory.attach(name, readonly: true) do |shm|
    lines.each_with_index { |(dtype, *words), k| puts "#{dtype} #{read(shm, k * STRIDE, dtype, words)}" }
  end
end
