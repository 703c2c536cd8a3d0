# driver.rb: serves polyshm to the tests; README.md has the protocol.
# frozen_string_literal: true

require "polyshm"
require "strscan"

VERBS = { "values" => :to_a, "assign" => :replace, "is_set" => :set?, "set_directory" => :directory= }.freeze
WORDS = { "nan" => Float::NAN, "inf" => Float::INFINITY, "-inf" => -Float::INFINITY, "nil" => nil, "true" => true, "false" => false,
          "@foreign" => Object.new, "@table" => {} }.freeze
ESCAPES = { "n" => "\n", "t" => "\t", "\"" => "\"", "\\" => "\\" }.freeze
VARIABLES = {}
Variable = Struct.new(:name)

# ---- tokens ----

# One line, as Ruby's values.
class Line
  attr_reader :text

  def initialize(text)
    @text = text
    @scanner = StringScanner.new(text)
  end

  def accept(pattern) = @scanner.skip(pattern) && @scanner

  def more? = accept(/ +/) && !@scanner.eos? && !@scanner.match?(/->/)

  def token
    accept(/ +/)
    if @scanner.scan(/(b?)"((?:[^"\\]|\\.)*)"/) then repeated(string(@scanner[2], bytes: @scanner[1] == "b"))
    elsif @scanner.skip(/\[/) then list
    elsif @scanner.scan(/[^ \]]+/) then simple(@scanner.matched)
    else raise "a word is missing at #{@scanner.rest.inspect}"
    end
  end

  private

  def string(source, bytes:)
    text = source.b.gsub(/\\(?:x(\h\h)|u(\h{4})|(.))/n) { $1 ? $1.hex.chr : $2 ? [$2.hex].pack("U").b : ESCAPES.fetch($3) }
    text.force_encoding(bytes ? "BINARY" : "UTF-8")
  end

  def repeated(string) = @scanner.scan(/\*(\d+)/) ? string * @scanner[1].to_i : string

  def list
    items = []
    items << token until @scanner.skip(/ *\]/)
    items
  end

  def simple(word)
    case word
    when /\A-?\d+\z/ then word.to_i
    when /\A-?\d[\d.]*(e[-+]?\d+)?\z/ then word.to_f
    else WORDS.fetch(word) { Variable.new(word) }
    end
  end
end

def told_string(string)
  body = string.b.gsub(/[^ -~]|["\\]/n) { |byte| format("\\x%02x", byte.ord) }
  "#{"b" if string.encoding == Encoding::BINARY}\"#{body}\""
end

def told_float(number)
  return number.nan? ? "nan" : number.negative? ? "-inf" : "inf" unless number.finite?

  word = format("%.17g", number)
  word.match?(/\A-?\d+\z/) ? "#{word}.0" : word
end

def told(value)
  case value
  when nil, true, false, Integer then value.inspect
  when Float then told_float(value)
  when String then told_string(value)
  when Symbol then told_string(value.to_s.tr("_", "-"))
  when Array then "[#{value.map { |item| told(item) }.join(" ")}]"
  else value.respond_to?(:closed?) ? "object" : "other #{told_string(value.inspect)}"
  end
end

def broken(why) = "broken #{told_string(why.b.force_encoding("UTF-8"))}"

def failed(error)
  first = error.message.lines.first.chomp
  return broken("#{error.class}: #{first}, in #{error.backtrace.first}") unless error.is_a?(PolyShm::Error)

  "error #{error.code} #{told_string(error.message.b.force_encoding("UTF-8"))}"
end

# ---- what programs call ----

def kind(value)
  case value
  when String then value.encoding == Encoding::BINARY ? "bytes" : "str"
  when nil then "none"
  when true, false then "bool"
  else { Integer => "int", Float => "float" }.fetch(value.class)
  end
end

def names = PolyShm.segments.map(&:name).sort

def held(name) = VARIABLES.fetch(name) { raise "there is no variable #{name}" }

# How a wait ended comes in the tests' words.
def outcome(result) = result.is_a?(Symbol) ? result.to_s.tr("_", "-") : result

def unexpected(line, result) = raise("#{line}: it gave #{told(result)}")

# ---- programs: lines become Ruby, which runs as fast as what a user writes ----

class Program
  def initialize(lines)
    @constants = []
    @names = {}
    @text = lines.map { |line| statement(Line.new(line)) }.join("\n")
  end

  # Runs it so many times, and returns the last result.
  def run(times)
    taken = @names.keys.map { |name| "v_#{name} = VARIABLES[#{name.inspect}]\n" }
    given = @names.keys.map { |name| "VARIABLES[#{name.inspect}] = v_#{name} unless v_#{name}.nil?\n" }
    eval("->(k, times) { r = nil\n#{taken.join}while (times -= 1) >= 0\n#{@text}\nend\n#{given.join}r }", TOPLEVEL_BINDING)
      .call(@constants, times)
  end

  private

  def constant(value)
    return value.inspect if [nil, true, false].include?(value) || value.is_a?(Integer)

    @constants << value
    "k[#{@constants.size - 1}]"
  end

  def variable(name)
    @names[name] = true
    "v_#{name}"
  end

  def expression(token) = token.is_a?(Variable) ? variable(token.name) : constant(token)

  def statement(line)
    if (found = line.accept(/when (\w+) /))
      name = variable(found[1])
      wanted = expression(line.token)
      line.accept(/ +/)
      return "if #{name} == #{wanted}\n#{statement(line)}\nend"
    end
    return "raise #{constant(line.token)}" if line.accept(/fail /)

    found = line.accept(/(?:(\w+) = )?(\w+)\.(\w+)/) or raise "cannot read this: #{line.text}"
    result, target, verb = found[1], found[2], found[3]
    text = "r = #{call(target, verb, arguments(line))}\n"
    text << "#{variable(result)} = r\n" if result
    text << "unexpected(#{constant(line.text)}, r) unless r == #{expression(line.token)}\n" if line.accept(/->/)
    text
  end

  def arguments(line)
    words = []
    while line.more?
      key = line.accept(/([a-z_]+)=/)&.[](1)
      words << "#{"#{key}: " if key}#{expression(line.token)}"
    end
    words.join(", ")
  end

  def call(target, verb, words)
    return "names" if target == "polyshm" && verb == "names"
    return "PolyShm.#{VERBS.fetch(verb, verb)}(#{words})" if target == "polyshm"
    return "PolyShm::#{target}.#{verb}(#{words})" if target.match?(/\A[A-Z]/)

    object, type = variable(target), held(target)
    return "kind(#{object}.get(#{words}))" if verb == "kind"
    return "outcome(#{object}.#{verb}(#{words}) || false)" if type.is_a?(PolyShm::Lock) && %w[lock try_lock].include?(verb)
    return "outcome(#{object}.wait(#{words}))" if verb == "wait"

    "#{object}.#{method_of(type, verb)}(#{words})"
  end

  # The method that a verb is in Ruby: an attribute that is true or false has a question mark.
  def method_of(object, verb)
    VERBS.fetch(verb) { !object.respond_to?(verb) && object.respond_to?("#{verb}?") ? "#{verb}?" : verb }
  end
end

# ---- lines ----

def forget
  VARIABLES.each_value { |value| value.close if value.respond_to?(:close) }
  VARIABLES.clear
  nil
end

def answer(text)
  told(
    case text
    when "forget" then forget
    when /\Arepeat (\d+) (\d+)\z/
      Program.new(Array.new($2.to_i) { $stdin.gets(chomp: true) }).run($1.to_i)
      nil
    else Program.new([text]).run(1)
    end
  )
rescue StandardError, SyntaxError => error
  failed(error)
end

$stdout.sync = true
puts "ready ruby ruby#{RUBY_VERSION[/\d+\.\d+/]}"
while (text = $stdin.gets(chomp: true))
  puts answer(text)
end
forget
