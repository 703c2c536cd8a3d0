# driver.rb FILE...: the conformance cases in Ruby. README.md here has their grammar.
require "polyshm"
require "strscan"

PREFIX = "conformance-ruby-#{$$}"
SELF = %w[ruby]
PREDICATES = %w[readonly closed stale owned locked dirty]
TARGETS = %w[SharedMemory ShareableList Lock Semaphore Event].to_h { |name| [name, PolyShm.const_get(name)] }.merge("polyshm" => PolyShm)
VERBS = { "values" => :to_a, "assign" => :replace, "is_set" => :set?, "set_directory" => :directory= }

# One word of a case, as Ruby's value.
class Words
  def initialize(text, variables)
    @scanner = StringScanner.new(text)
    @variables = variables
  end

  def more?
    @scanner.skip(/ +/)
    !@scanner.eos?
  end

  def keyword
    @scanner.skip(/ +/)
    @scanner.scan(/[a-z_]+(?==)/)&.then { |key| @scanner.skip(/=/) && key.to_sym }
  end

  def word
    @scanner.skip(/ +/)
    if @scanner.scan(/(b?)"((?:[^"\\]|\\.)*)"/) then repeated(string(@scanner[2], bytes: @scanner[1] == "b"))
    elsif @scanner.skip(/\[/) then list
    elsif @scanner.scan(/[^\s\]]+/) then simple(@scanner.matched)
    else raise "a word is missing at #{@scanner.rest.inspect}"
    end
  end

  private

  def string(source, bytes:)
    text = source.gsub("$P", PREFIX).b.gsub(/\\(?:x(\h\h)|(.))/n) { $1 ? $1.hex.chr : { "n" => "\n", "t" => "\t" }.fetch($2, $2) }
    text.force_encoding(bytes ? "BINARY" : "UTF-8")
  end

  def repeated(string)
    @scanner.scan(/\*(\d+)/) ? string * @scanner[1].to_i : string
  end

  def list
    items = []
    items << word until @scanner.skip(/ *\]/)
    items
  end

  def simple(token)
    case token
    when /\A-?\d+\z/ then token.to_i
    when /\A-?\d[\d.]*(e[-+]?\d+)?\z/ then token.to_f
    when "nan" then Float::NAN
    when "inf" then Float::INFINITY
    when "-inf" then -Float::INFINITY
    when "nil" then nil
    when "true" then true
    when "false" then false
    when "@foreign" then Object.new
    when "@table" then {}
    else @variables.fetch(token) { raise "there is no variable #{token}" }
    end
  end
end

# Strings out of a list are exactly text or bytes; those out of a segment are its bytes, whatever they mean.
def same?(actual, expected, exact)
  case expected
  when Array then actual.is_a?(Array) && actual.size == expected.size && actual.zip(expected).all? { |a, e| same?(a, e, exact) }
  when Float then actual.is_a?(Float) && (expected.nan? ? actual.nan? : actual == expected)
  when Integer then actual.is_a?(Integer) && actual == expected
  when String
    (actual.is_a?(String) || actual.is_a?(Symbol)) && actual.to_s.b == expected.b && !(exact && kind(actual) != kind(expected))
  else actual == expected
  end
end

def names
  PolyShm.segments.map(&:name).select { |name| name.start_with?(PREFIX) }.sort
end

def kind(value)
  case value
  when String then value.encoding == Encoding::BINARY ? "bytes" : "str"
  when nil then "none"
  when true, false then "bool"
  else { Integer => "int", Float => "float" }.fetch(value.class)
  end
end

def call(target, method, words, variables)
  return names if target == "polyshm" && method == "names"
  return kind(variables.fetch(target).get(words.word)) if method == "kind"

  arguments = []
  keywords = {}
  while words.more?
    key = words.keyword
    key ? keywords[key] = words.word : arguments << words.word
  end
  receiver = TARGETS.fetch(target) { variables.fetch(target) }
  method = PREDICATES.include?(method) ? "#{method}?" : VERBS.fetch(method, method)
  outcome(receiver, method, receiver.public_send(method, *arguments, **keywords))
end

# How a wait ended, in the cases' words.
def outcome(receiver, method, result)
  return false if result.nil? && receiver.is_a?(PolyShm::Lock) && %w[lock try_lock].include?(method)

  result.is_a?(Symbol) ? result.to_s.tr("_", "-") : result
end

def check_error(expected, error)
  code, words = expected.match(/\Aerror (\w+)(?: "(.*)")?\z/).captures
  return "no error, but #{code} was expected" unless error
  return "#{error.inspect} is no PolyShm::Error" unless error.is_a?(PolyShm::Error)
  return "#{error.code}: #{error.message}, but #{code} was expected" unless error.code == code

  words = words&.gsub("$P", PREFIX)
  "#{error.message.inspect} does not say #{words.inspect}" if words && !error.message.b.include?(words.b)
end

# This is what is wrong with a statement, or nil.
def run(line, variables)
  if line =~ /\Ash "(.*)"\z/
    command = $1.gsub("$P", PREFIX).gsub(/\\(.)/, '\1')
    return system({"LD_PRELOAD" => nil}, "/bin/sh", "-c", command) ? nil : "#{command}: #{$?}"
  end
  statement, expected = line.split(/ -> (?=[^"]*(?:"[^"]*"[^"]*)*\z)/, 2)
  variable, target, method, rest = statement.match(/\A(?:(\w+) = )?(\w+)\.(\w+)(.*)\z/).captures
  begin
    result = call(target, method, Words.new(rest, variables), variables)
  rescue StandardError => error
    return error.full_message(highlight: false) unless expected&.start_with?("error ")
  end
  return check_error(expected, error) if expected&.start_with?("error ")

  variables[variable] = result if variable
  case expected
  when nil then nil
  when "object" then "#{result.inspect} is no handle" unless result.respond_to?(:closed?)
  else
    value = Words.new(expected, variables).word
    "#{result.inspect}, but #{value.inspect} was expected" unless same?(result, value, variables[target].is_a?(PolyShm::ShareableList))
  end
end

Case = Struct.new(:name, :lines, :skip)

def cases(file)
  File.foreach(file, chomp: true).with_index(1).each_with_object([]) do |(line, number), found|
    case line
    when /\Acase (.+?), not in ([\w. ]+): (.*)/
      found << Case.new($1, [], ($2.split & SELF).any? ? $3 : nil)
    when /\Acase (.+)/ then found << Case.new($1, [], nil)
    when /\A\s*(#|\z)/ then nil
    else found.last.lines << [number, line.strip]
    end
  end
end

# This is what is wrong with a case, or nil. It leaves nothing for the next one to stumble over.
def run_case(test)
  variables = {}
  test.lines.each do |number, line|
    why = run(line, variables)
    return "line #{number}: #{why}" if why
  end
  left.empty? ? nil : "left in /dev/shm: #{left.join(" ")}"
ensure
  variables.each_value { |value| value.close if value.respond_to?(:close) }
  left.each { |name| File.unlink("/dev/shm/#{name}") }
end

def left
  (Dir.exist?("/dev/shm") ? Dir.children("/dev/shm") : []).select { |name| name.start_with?(PREFIX) }
end

count = Hash.new(0)
ARGV.flat_map { |file| cases(file) }.each do |test|
  why = test.skip ? nil : run_case(test)
  result = test.skip ? "skip" : why ? "not ok" : "ok"
  count[result] += 1
  puts [result, test.name].join(" ") + (why || test.skip ? ": #{why || test.skip}" : "")
end
puts "#{count["ok"]} passed, #{count["not ok"]} failed, #{count["skip"]} skipped"
exit(count["not ok"].zero? && count["ok"].positive?)
