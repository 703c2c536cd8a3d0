# driver.rb: serves polyshm to the tests; README.md has the protocol.
# frozen_string_literal: true

require "polyshm"
require "strscan"

VERBS = { "values" => :to_a, "assign" => :replace, "is_set" => :set?, "set_directory" => :directory= }.freeze
WORDS = { "nan" => Float::NAN, "inf" => Float::INFINITY, "-inf" => -Float::INFINITY, "nil" => nil, "true" => true, "false" => false,
          "@foreign" => Object.new, "@table" => {} }.freeze
ESCAPES = { "n" => "\n", "t" => "\t", "\"" => "\"", "\\" => "\\" }.freeze
VARIABLES = {}

Variable = Struct.new(:name) do
  def value = VARIABLES.fetch(name) { raise "there is no variable #{name}" }
end

# What a token stands for now.
def meant(token) = token.is_a?(Variable) ? token.value : token

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
  return broken("#{error.class}: #{error.message.lines.first.chomp}, in #{error.backtrace.first}") unless error.is_a?(PolyShm::Error)

  "error #{error.code} #{told_string(error.message.b.force_encoding("UTF-8"))}"
end

# ---- calls ----

def kind(value)
  case value
  when String then value.encoding == Encoding::BINARY ? "bytes" : "str"
  when nil then "none"
  when true, false then "bool"
  else { Integer => "int", Float => "float" }.fetch(value.class)
  end
end

# The method that a verb is in Ruby: an attribute that is true or false has a question mark.
METHODS = Hash.new do |known, (type, verb)|
  known[[type, verb]] =
    VERBS.fetch(verb) { (!type.method_defined?(verb) && type.method_defined?("#{verb}?") ? "#{verb}?" : verb).to_sym }
end

# What answers to a target's name: the module, a class, or what a variable holds.
def receiver_of(target)
  target == "polyshm" ? PolyShm : target.match?(/\A[A-Z]/) ? PolyShm.const_get(target) : Variable.new(target)
end

# What a lambda calls, once its arguments are known. How a lock's wait ended comes in the cases' words.
def caller_of(target, verb, keywords)
  return -> { PolyShm.segments.map(&:name).sort } if target == "polyshm" && verb == "names"
  return ->(*arguments) { kind(Variable.new(target).value.get(*arguments)) } if verb == "kind"

  receiver = receiver_of(target)
  waits = %w[lock try_lock].include?(verb)
  lambda do |*arguments|
    object = meant(receiver)
    method = METHODS[[object.is_a?(Module) ? object.singleton_class : object.class, verb]]
    result = object.public_send(method, *arguments, **keywords)
    waits && result.nil? && object.is_a?(PolyShm::Lock) ? false : result
  end
end

# ---- statements: each is a lambda, which gives its result, or throws :answer with what is not as expected ----

def compile(line)
  if (found = line.accept(/when (\w+) /))
    name = found[1]
    expected = line.token
    line.accept(/ +/)
    run = compile(line)
    return -> { told(Variable.new(name).value) == told(meant(expected)) ? run.call : nil }
  end
  return line.token.then { |words| -> { throw :answer, broken(words) } } if line.accept(/fail /)

  compile_call(line)
end

def compile_call(line)
  found = line.accept(/(?:(\w+) = )?(\w+)\.(\w+)/) or raise "cannot read this: #{line.text}"
  variable, target, verb = found[1], found[2], found[3]
  arguments = []
  keywords = {}
  while line.more?
    key = line.accept(/([a-z_]+)=/)
    key ? keywords[key[1].to_sym] = line.token : arguments << line.token
  end
  expected = line.token if (expects = line.accept(/->/))
  call = caller_of(target, verb, keywords)
  refers = arguments.any?(Variable)
  lambda do
    result = call.call(*(refers ? arguments.map { |token| meant(token) } : arguments))
    VARIABLES[variable] = result if variable
    throw :answer, broken("#{line.text}: it gave #{told(result)}") if expects && told(result) != told(meant(expected))
    result
  rescue StandardError => error
    throw :answer, failed(error)
  end
end

def repeat(times, count)
  runs = Array.new(count) { compile(Line.new($stdin.gets(chomp: true))) }
  times.times { runs.each(&:call) }
  nil
end

def forget
  VARIABLES.each_value { |value| value.close if value.respond_to?(:close) }
  VARIABLES.clear
  nil
end

def answer(text)
  catch :answer do
    told(
      case text
      when "forget" then forget
      when /\Arepeat (\d+) (\d+)\z/ then repeat($1.to_i, $2.to_i)
      else compile(Line.new(text)).call
      end
    )
  end
rescue StandardError => error
  broken(error.message)
end

$stdout.sync = true
puts "ready ruby ruby#{RUBY_VERSION[/\d+\.\d+/]}"
while (text = $stdin.gets(chomp: true))
  puts answer(text)
end
forget
