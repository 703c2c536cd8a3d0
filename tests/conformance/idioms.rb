# idioms.rb: what is Ruby's own: exceptions, blocks, Enumerable, IO::Buffer, garbage collection, threads, interrupts, fork, hostile objects.
require "etc"
require "io/wait"
require "minitest/autorun"
require "polyshm"
require "rbconfig"
require "timeout"

module Scratch
  PREFIX = "idioms-ruby-#{$$}"

  def setup
    @process = $$
  end

  def teardown
    return if $$ != @process

    left = Dir.children("/dev/shm").select { |name| name.start_with?(PREFIX) }
    left.each { |name| File.unlink("/dev/shm/#{name}") }
    assert_empty left - made, "left in /dev/shm"
  end

  # A name of this run; the test's end removes what is there.
  def fresh(suffix = made.size)
    made << "#{PREFIX}.#{suffix}"
    made.last
  end

  def made
    @made ||= []
  end

  def scratch(size: 64, **options, &block)
    PolyShm::SharedMemory.create(fresh, size: size, **options, &block)
  end

  def lock(...)
    PolyShm::Lock.create(fresh, ...)
  end

  def semaphore(...)
    PolyShm::Semaphore.create(fresh, ...)
  end

  def event(...)
    PolyShm::Event.create(fresh, ...)
  end

  def assert_code(code, kind, &block)
    error = assert_raises(kind, &block)
    assert_kind_of PolyShm::Error, error
    assert_equal code, error.code
    error
  end

  # Of segments, in this process. The system may know them by other names: they had none when they were mapped.
  def mappings
    File.foreach("/proc/self/maps").count { |line| line.include?("/dev/shm/") }
  end

  # Ruby's collector sees dead references on the stack: what is to be collected must be made deeper than this.
  def deeper(depth = 50, &block)
    depth.zero? ? block.call : deeper(depth - 1, &block)
  end

  def collect
    deeper { nil }
    3.times { GC.start }
  end

  # Runs the block in a child; its result must be true.
  def in_child
    child = fork do
      exit!(yield ? 0 : 1)
    rescue Exception => error # rubocop:disable Lint/RescueException
      warn error.full_message
      exit!(2)
    end
    Process.wait(child)
    assert_predicate $?, :success?, "the child"
  end

  # Another interpreter runs the code, which says "ready"; it ends when this block does, at the latest, if it reads its input.
  def other_ruby(code, *arguments)
    IO.popen([RbConfig.ruby, "-rpolyshm", "-e", "$stdout.sync = true; #{code}", *arguments], "r+") do |child|
      assert_equal "ready\n", child.gets
      yield child
    end
  end

  def clock
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  def assert_takes(range)
    start = clock
    yield
    assert_includes range, clock - start
  end

  # A thread of its own that has begun to wait in the block.
  def waiting(&block)
    thread = Thread.new do
      Thread.current.report_on_exception = false
      block.call
    end
    Thread.pass until thread.stop?
    sleep 0.05
    thread
  end
end

class ErrorsTest < Minitest::Test
  include Scratch

  def test_failures_of_the_system_are_errno
    shm = scratch
    error = assert_code("EEXIST", Errno::EEXIST) { PolyShm::SharedMemory.create(shm.name, size: 1) }
    assert_match(/create "#{shm.name}"/, error.message)
    assert_equal Encoding::UTF_8, error.message.encoding
    assert_equal Errno::EEXIST::Errno, error.errno
    assert_code("ENOENT", Errno::ENOENT) { PolyShm::SharedMemory.attach(fresh("none")) }
    shm.unlink
    assert_code("ESTALE", Errno::ESTALE) { shm.resize(128) }
  end

  def test_misuse_is_rubys_own_classes
    shm = scratch
    assert_code("INDEX", IndexError) { shm.read(65) }
    assert_code("RANGE", RangeError) { shm.fill(256) }
    assert_code("TYPE", TypeError) { shm.write(0, 12) }
    assert_code("ARGUMENT", ArgumentError) { shm.view(:int9) }
    readonly = PolyShm::SharedMemory.attach(shm.name, readonly: true)
    assert_code("READONLY", PolyShm::ReadOnlyError) { readonly.write(0, "x") }
    shm.close
    assert_code("CLOSED", PolyShm::ClosedError) { shm.read }
  end

  def test_one_rescue_for_all
    caught = [-> { PolyShm::SharedMemory.attach("") }, -> { PolyShm::SharedMemory.attach("#{PREFIX}.none") }].map do |failing|
      failing.call
    rescue PolyShm::Error => error
      error.code
    end
    assert_equal %w[ARGUMENT ENOENT], caught
  end

  def test_a_misspelt_option_is_named_with_the_known_ones
    error = assert_code("ARGUMENT", ArgumentError) { PolyShm::SharedMemory.create(fresh, sise: 1) }
    assert_match(/:sise.*size, mode, exclusive/, error.message)
    assert_code("ARGUMENT", ArgumentError) { scratch.view(:int8, ofset: 1) }
    assert_code("ARGUMENT", ArgumentError) { PolyShm::SharedMemory.new(create: true, length: 1) }
  end
end

class BlockTest < Minitest::Test
  include Scratch

  def test_a_block_closes_and_returns_its_value
    held = nil
    assert_equal 42, scratch { |shm| (held = shm) && 42 }
    assert_predicate held, :closed?
    refute_predicate held, :stale?
    assert_equal 64, PolyShm::SharedMemory.attach(held.name, &:size)
    assert_equal 64, PolyShm::SharedMemory.open(held.name, &:size)
  end

  def test_unlink_at_the_end
    scratch(unlink: true) { |shm| refute_predicate shm, :stale? }
    refute_path_exists "/dev/shm/#{made.last}"
    scratch(unlink: true, &:unlink) # done already
    scratch.close
    PolyShm::SharedMemory.attach(made.last, unlink: true) { nil }
    refute_path_exists "/dev/shm/#{made.last}"
    PolyShm::SharedMemory.open(fresh("b"), unlink: true) { nil }
    refute_path_exists "/dev/shm/#{made.last}"
  end

  def test_unlink_needs_a_block_before_anything_is_made
    assert_code("ARGUMENT", ArgumentError) { scratch(unlink: true) }
    refute_path_exists "/dev/shm/#{made.last}"
  end

  def test_however_a_block_ends
    held = []
    assert_raises(ZeroDivisionError) { scratch(unlink: true) { |shm| (held << shm) && 1 / 0 } }
    scratch(unlink: true) { |shm| held << shm; break }
    catch(:done) { scratch(unlink: true) { |shm| held << shm; throw :done } }
    assert held.all?(&:closed?)
    assert held.all?(&:stale?)
  end

  def test_the_constructor_of_cpython
    made = PolyShm::SharedMemory.new(fresh, create: true, size: 8)
    assert_equal 8, PolyShm::SharedMemory.new(made.name).size
    assert_equal 8, PolyShm::SharedMemory.new(name: made.name).size
    generated = PolyShm::SharedMemory.new(create: true, size: 8)
    assert_match(/\Apsm_\h{8}\z/, generated.name)
    generated.unlink
  end
end

class BytesTest < Minitest::Test
  include Scratch

  def test_bytes_are_binary_and_names_utf8
    shm = scratch
    assert_equal Encoding::BINARY, shm.read.encoding
    assert_equal Encoding::UTF_8, shm.name.encoding
    refute_predicate shm.read, :frozen?
  end

  def test_strings_of_any_encoding_are_taken_byte_by_byte
    shm = scratch
    ["h\u00e9", "h\u00e9".encode("UTF-16LE"), "\xff\x00".b, "frozen", Class.new(String).new("subclass")].each do |bytes|
      shm.write(0, bytes.freeze)
      assert_equal bytes.b, shm.read(0, bytes.bytesize)
    end
  end

  def test_index_and_range
    shm = scratch(size: 10)
    shm[0, 5] = "hello"
    shm[5..] = "world"
    assert_equal "helloworld", shm.read
    assert_equal "ello", shm[1, 4]
    assert_equal "ello", shm[1..4]
    assert_equal "ell", shm[1...4]
    assert_equal "hel", shm[..2]
    assert_equal "", shm[10..]
    assert_equal "", shm[3...3]
    shm[2..3] = "LL"
    assert_equal "heLLoworld", shm[0..]
  end

  def test_index_and_range_outside
    shm = scratch(size: 10)
    assert_code("INDEX", IndexError) { shm[0..10] }
    assert_code("INDEX", IndexError) { shm[-3..] }
    assert_code("INDEX", IndexError) { shm[2..-1] }
    assert_code("INDEX", IndexError) { shm[11..] }
    assert_code("TYPE", TypeError) { shm[3] }
    assert_code("TYPE", TypeError) { shm["a".."b"] }
    assert_code("TYPE", TypeError) { shm[0.5..2] }
    assert_code("ARGUMENT", ArgumentError) { shm[0, 4] = "hello" }
    assert_code("ARGUMENT", ArgumentError) { shm[0..] = "hello" }
    assert_code("TYPE", TypeError) { shm[0, 5] = :hello }
    assert_equal "\0" * 10, shm.read
  end

  def test_string_forms
    shm = scratch
    view = shm.view(:float64, offset: 8, count: 2)
    assert_equal "SharedMemory('#{shm.name}', size=64)", shm.inspect
    assert_equal shm.inspect, shm.to_s
    assert_equal "View('float64', count=2, offset=8)", view.inspect
    shm.close
    assert_equal "SharedMemory('#{shm.name}', size=64, closed)", "#{shm}"
    assert_equal "View('float64', count=2, offset=8, closed)", "#{view}"
  end

  def test_the_module
    assert_equal PolyShm.version, PolyShm::VERSION
    assert_equal Etc.sysconf(Etc::SC_PAGESIZE), PolyShm.page_size
    shm = scratch(mode: 0o640)
    info = PolyShm.segments.find { |segment| segment.name == shm.name }
    assert_equal ["SharedMemory", 64, 0o640, Process.euid], [info.kind, info.size, info.mode, info.owner]
  end
end

class ViewTest < Minitest::Test
  include Scratch

  def view(dtype = :float64, count = 4)
    scratch(size: 4096).view(dtype, count: count)
  end

  def test_an_array_as_to_reading_and_writing
    t = view
    assert_equal 21.5, t[0] = 21.5
    assert_equal 21.5, t[0]
    assert_equal [21.5, 1.0, 2.0, 3.0], t.replace([1, 2, 3], 1).to_a
    assert_equal [1.0, 2.0], t.to_a(1, 2)
    assert_same t, t.fill(0.5, 2)
    assert_equal [21.5, 1.0, 0.5, 0.5], t.entries
    assert_equal :float64, t.dtype
    assert_equal [4, 4, 4, 0], [t.count, t.size, t.length, t.offset]
  end

  def test_dtypes_by_symbol_and_string
    assert_equal :uint16, view(:uint16).dtype
    assert_equal :uint16, view("uint16").dtype
    shm = PolyShm::SharedMemory.attach(made.last)
    shm.set_value("int8", 3, -1)
    assert_equal(-1, shm.get_value(:int8, 3))
  end

  def test_enumerable
    t = view(:int32).replace([3, 1, 2, 1])
    assert_equal [1, 1, 2, 3], t.sort
    assert_equal [1, 3, 7], [t.min, t.max, t.sum]
    assert_equal [6, 2, 4, 2], t.map { |x| x * 2 }
    assert_equal [[3, 0], [1, 1]], t.each_with_index.first(2)
    assert_includes t, 2
    assert_equal 2, t.count(1)
    assert_equal(1, t.count { |x| x > 2 })
    assert_equal [3, 1], t.first(2)
    assert_equal [1, 2], t.lazy.reject { |x| x == 3 }.first(2)
    assert_equal [1, 2, 1, 3], t.reverse_each.to_a
  end

  def test_each
    t = view(:int32).replace([3, 1, 2, 1])
    seen = []
    assert_same t, t.each { |x| seen << x }
    assert_equal [3, 1, 2, 1], seen
    assert_equal 4, t.each.size
    enumerator = t.each
    assert_equal [3, 1], [enumerator.next, enumerator.next]
    assert_equal(:found, t.each { break :found })
  end

  def test_each_sees_elements_as_they_are_when_their_turn_comes
    t = view(:int32)
    assert_equal([0, 7, 7, 7], t.each.map { |x| t.fill(7) && x })
  end

  def test_a_segment_that_is_closed_within_each
    shm = scratch
    assert_code("CLOSED", PolyShm::ClosedError) { shm.view(:int32).each { shm.close } }
  end

  def test_integers_and_floats_stay_what_they_are
    assert_equal [0, Integer], [view(:uint64)[0], view(:uint64)[0].class]
    assert_instance_of Float, view(:float32)[0]
    t = view(:uint64).replace([2**64 - 1, 2**63, 2**62, 0])
    assert_equal [2**64 - 1, 2**63, 2**62, 0], t.to_a
    assert_code("TYPE", TypeError) { t[0] = 1r }
    assert_code("TYPE", TypeError) { t[0] = :one }
  end

  def test_a_bad_element_is_named
    t = view(:uint8)
    error = assert_code("RANGE", RangeError) { t.replace([1, 2, 300]) }
    assert_match(/element 2: 300 is outside uint8/, error.message)
    assert_match(/element 1/, assert_code("TYPE", TypeError) { t.replace([1, Object.new]) }.message)
    assert_match(/element 0/, assert_code("RANGE", RangeError) { t.replace([2**64]) }.message)
    assert_equal [0, 0, 0, 0], t.to_a
  end
end

class BufferTest < Minitest::Test
  include Scratch

  def test_no_copy
    shm = scratch
    shm.write(3, "abc")
    assert_equal "abc", shm.buffer.get_string(3, 3)
    shm.buffer.set_value(:u32, 8, 0x01020304)
    assert_equal "\x04\x03\x02\x01".b, shm[8, 4] # :u32 is little-endian
    assert_same shm.buffer, shm.buffer
    assert_equal [64, true, false], [shm.buffer.size, shm.buffer.external?, shm.buffer.readonly?]
  end

  def test_it_is_freed_at_close_and_its_slices_with_it
    shm = scratch
    buffer = shm.buffer
    slice = buffer.slice(8, 8)
    shm.close
    assert_predicate buffer, :null?
    assert_raises(IO::Buffer::AllocationError, ArgumentError) { buffer.get_value(:U8, 0) } # the latter in Ruby 3.3
    assert_raises(IO::Buffer::InvalidatedError) { slice.get_value(:U8, 0) }
    assert_code("CLOSED", PolyShm::ClosedError) { shm.buffer }
  end

  def test_a_new_one_after_growth_and_after_free
    shm = scratch
    shm.write(0, "kept")
    old = shm.buffer
    shm.resize(100_000)
    assert_equal "kept", old.get_string(0, 4)
    assert_equal 100_000, shm.buffer.size
    assert_predicate old, :null?
    shm.buffer.free
    assert_equal "kept", shm.buffer.get_string(0, 4)
  end

  def test_read_only
    scratch.write(0, "text")
    shm = PolyShm::SharedMemory.attach(made.last, readonly: true)
    assert_predicate shm.buffer, :readonly?
    assert_equal "text", shm.buffer.get_string(0, 4)
    assert_raises(IO::Buffer::AccessError) { shm.buffer.set_value(:U8, 0, 1) }
    assert_raises(IO::Buffer::AccessError) { shm.buffer.clear }
    # Ruby 3.1 has slices that forget it: none of those may be had.
    assert_raises(NoMethodError, IO::Buffer::AccessError) { shm.buffer.slice(0, 8).set_value(:U8, 0, 1) }
    assert_equal "text", shm.read(0, 4)
  end

  def test_it_keeps_its_segment
    buffer = deeper { scratch.tap { |shm| shm.write(0, "alive") }.buffer }
    slice = deeper { scratch_again.buffer.slice(0, 5) }
    collect
    assert_equal "alive", buffer.get_string(0, 5)
    assert_equal "alive", slice.get_string
    assert_raises(NoMethodError) { buffer.transfer } # it would leave its segment behind
  end

  def scratch_again
    PolyShm::SharedMemory.attach(made.last)
  end

  def test_no_warning
    assert_silent { scratch.buffer.get_value(:U8, 0) }
  end
end

class ListTest < Minitest::Test
  include Scratch

  List = PolyShm::ShareableList

  def list(*values, **options, &block)
    List.create(fresh, values, **options, &block)
  end

  def test_kinds_both_ways
    values = [42, -(2**63), 2**63 - 1, 2.5, -0.0, Float::INFINITY, true, false, nil, "h\u00e9llo", "", "\x00\xff".b, "".b]
    l = list(*values)
    assert_equal values, l.to_a
    assert_equal values.map(&:class), l.map(&:class)
    assert_equal [Encoding::UTF_8, Encoding::UTF_8, Encoding::BINARY, Encoding::BINARY], l.to_a(9).map(&:encoding)
    assert_equal [Encoding::UTF_8, Encoding::BINARY], [l[9].encoding, l[11].encoding]
    refute_predicate l[9], :frozen?
    assert_equal(-1 / 0.0, 1 / l[4])
  end

  TEXT = "h\u00e9"

  def test_text_of_any_encoding_is_transcoded
    l = list("", reserve: 40)
    ["UTF-16LE", "UTF-16BE", "UTF-16", "UTF-32LE", "ISO-8859-1", "Windows-1252", "UTF-8"].each do |encoding|
      text = TEXT.encode(encoding).freeze
      l[0] = text
      assert_equal [TEXT, Encoding::UTF_8], [l[0], l[0].encoding], encoding
      assert_equal [1, 0], [l.count(text), l.index(text)]
      l.replace([text])
      assert_equal [TEXT], l.to_a
      assert_equal [TEXT], list(text).to_a
    end
    l[0] = "\u3042".encode("Shift_JIS")
    assert_equal "\u3042", l[0]
    ["US-ASCII", "Shift_JIS", "EUC-JP", "ISO-8859-15", "UTF-7"].each do |encoding|
      l[0] = "plain".dup.force_encoding(encoding)
      assert_equal ["plain", Encoding::UTF_8], [l[0], l[0].encoding]
    rescue PolyShm::Error # an encoding that Ruby cannot convert is refused
      assert_equal "UTF-7", encoding
    end
    l[0] = Class.new(String).new("subclass")
    assert_instance_of String, l[0]
  end

  def test_text_that_is_none_is_refused
    l = list("kept")
    ["\xff", "\xc0\x80", "\xed\xa0\x80", "a\xff".dup.force_encoding("US-ASCII"), "\x00\xd8".dup.force_encoding("UTF-16LE"),
     "\x81".dup.force_encoding("Shift_JIS"), "\xff".dup.force_encoding("UTF-7")].each do |broken|
      assert_match(/UTF-8/, assert_code("ARGUMENT", ArgumentError) { l[0] = broken }.message)
      assert_match(/item 1: .*UTF-8/, assert_code("ARGUMENT", ArgumentError) { list(1, broken) }.message)
      assert_code("ARGUMENT", ArgumentError) { l.replace([broken]) }
      l.count(broken) if broken.encoding == Encoding::UTF_8
    end
    assert_equal ["kept"], l.to_a
    l[0] = "\xff".b
    assert_equal "\xff".b, l[0]
  end

  def test_errors
    l = list(1, "text")
    assert_match(/index 2 .* 2 items/, assert_code("INDEX", IndexError) { l[2] }.message)
    assert_code("INDEX", IndexError) { l[-3] = 1 }
    assert_match(/slot of 8/, assert_code("RANGE", RangeError) { l[1] = "nine byte" }.message)
    assert_match(/outside int64/, assert_code("RANGE", RangeError) { l[0] = 2**63 }.message)
    assert_match(/64 bits/, assert_code("RANGE", RangeError) { l[0] = 2**64 }.message)
    assert_match(/NUL/, assert_code("ARGUMENT", ArgumentError) { l[1] = "a\0" }.message)
    [:text, Object.new, [], {}, 1r, 1i, 1..2, String].each do |value|
      assert_match(/number, String, nil, true or false.*not #{value.class}/, assert_code("TYPE", TypeError) { l[0] = value }.message)
      assert_match(/item 1: .*not #{value.class}/, assert_code("TYPE", TypeError) { l.replace([1, value]) }.message)
      assert_code("TYPE", TypeError) { l.count(value) }
    end
    assert_match(/item 1: .*64 bits/, assert_code("RANGE", RangeError) { list(1, 2**64) }.message)
    assert_match(/item 1: .*int64/, assert_code("RANGE", RangeError) { list(1, 2**63) }.message)
    [nil, 12, "ab", {}, 1..2, l].each { |value| assert_code("TYPE", TypeError) { List.create(fresh, value) } }
    assert_equal [1, "text"], l.to_a
    readonly = List.attach(l.name, readonly: true)
    assert_code("READONLY", PolyShm::ReadOnlyError) { readonly[0] = 2 }
    l.close
    assert_code("CLOSED", PolyShm::ClosedError) { l[0] }
    assert_code("CLOSED", PolyShm::ClosedError) { l.to_a }
    assert_code("CLOSED", PolyShm::ClosedError) { l.shm.read }
  end

  def test_what_is_no_list
    scratch.set_value(:int64, 0, 7)
    error = assert_code("CORRUPT", PolyShm::CorruptError) { List.attach(made.last) }
    assert_match(/no list: .*7/, error.message)
    assert_kind_of StandardError, error
    l = list(1, 2)
    l.shm.write(l.shm.size - 1, "\x09")
    assert_match(/item 1/, assert_code("CORRUPT", PolyShm::CorruptError) { l[1] }.message)
    assert_match(/item 1/, assert_code("CORRUPT", PolyShm::CorruptError) { l.to_a }.message)
    assert_equal "ShareableList([1, corrupt], name='#{l.name}')", l.inspect
  end

  def test_reserve
    assert_equal [8, 40, 40], list(1, "a", "b".b, reserve: 40).then { |l| Array.new(3) { |i| l.capacity(i) } }
    assert_equal [16, 8, 24], list(1, "a", nil, reserve: [16, 0, 24]).then { |l| Array.new(3) { |i| l.capacity(i) } }
    assert_equal [8, 8], list(1, "a", reserve: nil).then { |l| [l.capacity(0), l.capacity(-1)] }
    ["8", 1.5, true, [1, nil], [[]], {}].each { |bad| assert_code("TYPE", TypeError) { list(1, "a", reserve: bad) } }
    [-1, 2**31, 2**64, [0, -1]].each { |bad| assert_code("RANGE", RangeError) { list(1, "a", reserve: bad) } }
    assert_code("ARGUMENT", ArgumentError) { list(1, "a", reserve: [1, 2, 3]) }
  end

  def test_large_items_and_many
    text = "\u00e9" * 50_000
    l = list(1, text, "small", reserve: [0, 0, 300])
    assert_equal [1, text, "small"], l.to_a
    assert_equal text, l[-2]
    assert_equal 1, l.index(text)
    l[1] = "short"
    l[2] = "x" * 300
    assert_equal ["short", "x" * 300, 1], [l[1], l[2], l[0]]
    values = Array.new(20_000) { |i| [i, i / 2.0, "text #{i}", nil, i.even?][i % 5] }
    many = list(*values)
    assert_equal values, many.to_a
    assert_equal values, many.replace(values).entries
    assert_equal [4000, 19_999], [many.count(nil), many.index(values.last) && many.length - 1]
  end

  def test_enumerable
    l = list(3, 1, 2, 1)
    assert_equal [1, 1, 2, 3], l.sort
    assert_equal [6, 2, 4, 2], l.map { |x| x * 2 }
    assert_includes l, 2
    assert_equal [3, 1], l.first(2)
    assert_equal [1, 2, 1, 3], l.reverse_each.to_a
    assert_equal [4, 4, 4], [l.size, l.length, l.each.size]
    seen = []
    assert_same l, l.each { |x| seen << x }
    assert_equal [3, 1, 2, 1], seen
    assert_equal(:found, l.each { break :found })
    assert_equal [[1, 2], [3], []], [l.to_a(1, 2), l.to_a(0, 1), l.to_a(4)]
    assert_same l, l.replace([7, "x"], 2)
    assert_equal [3, 1, 7, "x"], l.to_a
    assert_code("CLOSED", PolyShm::ClosedError) { l.each { l.close } }
  end

  def test_count_and_index_of_a_value_and_of_a_block
    l = list(1, "a", 1, 2.5, "a".b, nil, 2.0)
    assert_equal [7, 2, 1, 1, 1, 1], [l.count, l.count(1), l.count("a"), l.count("a".b), l.count(nil), l.count(2)]
    assert_equal [0, 1, 4, 5, 6, nil], [l.index(1), l.index("a"), l.index("a".b), l.index(nil), l.index(2), l.index("none")]
    assert_equal(3, l.count { |x| x.is_a?(Numeric) && x < 2.1 })
    assert_equal(3, l.index { |x| x.is_a?(Float) })
    assert_nil(l.index { false })
    assert_instance_of Enumerator, l.index
  end

  def test_blocks_and_the_constructor_of_cpython
    held = nil
    assert_equal 42, list(1, unlink: true) { |l| (held = l) && 42 }
    assert_predicate held, :closed?
    assert_predicate held.shm, :stale?
    assert_code("ARGUMENT", ArgumentError) { list(1, unlink: true) }
    first = List.new([1, "a"], name: fresh)
    assert_equal [1, "a"], List.new(name: first.name).to_a
    assert_equal [1, "a"], List.attach(first.name, &:to_a)
    assert_equal [1, "a"], List.open(first.name, [5], &:to_a)
    assert_equal [5], List.open(fresh, [5], &:to_a)
    assert_equal [], List.new(sequence: [], name: fresh).to_a
    [List.new([1]), List.new].each do |generated|
      assert_match(/\Apsm_\h{8}\z/, generated.name)
      generated.unlink
    end
    assert_match(/:nam.*sequence, name/, assert_code("ARGUMENT", ArgumentError) { List.new([1], nam: "x") }.message)
    assert_match(/reserve, mode/, assert_code("ARGUMENT", ArgumentError) { list(1, size: 3) }.message)
    List.unlink(first.name)
    assert_code("ENOENT", Errno::ENOENT) { List.unlink(first.name) }
    assert_code("ENOENT", Errno::ENOENT) { first.unlink }
  end

  def test_the_segment_under_a_list
    l = list(258, "x")
    assert_same l.shm, l.shm
    assert_instance_of PolyShm::SharedMemory, l.shm
    assert_equal [l.name, 8 * 4 + 16 + 9 * 2], [l.shm.name, l.shm.size]
    assert_equal 258, l.shm.get_value(:int64, 32)
    buffer = l.shm.buffer
    buffer.set_value(:s64, 32, 7)
    assert_equal 7, l[0]
    l.close
    assert_predicate buffer, :null?
    assert_predicate l.shm, :closed?
    other = List.attach(l.name)
    other.shm.close
    assert_predicate other, :closed?
    other.close
    assert_equal [7, "x"], deeper { List.attach(l.name).shm }.tap { collect }.then { |shm| [shm.get_value(:int64, 32), shm.read(40, 1)] }
  end

  def test_string_forms
    l = list(1, 2.5, "a\"b", "\xff".b, nil, true)
    assert_equal "ShareableList([1, 2.5, \"a\\\"b\", \"\\xFF\", nil, true], name='#{l.name}')", l.inspect
    assert_equal l.inspect, "#{l}"
    long = list(*0..10)
    assert_equal "ShareableList([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...], name='#{long.name}')", long.inspect
    empty = list
    assert_equal "ShareableList([], name='#{empty.name}')", empty.inspect
    l.close
    assert_equal "ShareableList([...], name='#{l.name}', closed)", l.to_s
    assert_equal "qd8s8sxxxxxx?xxxxxxxx?", List.attach(l.name).format
  end
end

class LifetimeTest < Minitest::Test
  include Scratch

  def test_the_collector_closes_and_never_unlinks
    GC.start
    before = mappings
    made_here = deeper { Array.new(50) { |i| scratch_named(i) } }
    collect
    assert_operator mappings - before, :<=, 5
    made_here.each { |left| assert_path_exists "/dev/shm/#{left}" }
  end

  def scratch_named(number)
    PolyShm::SharedMemory.create(fresh(number), size: 4096).name
  end

  def test_dropped_segments_do_not_pile_up
    name = fresh
    200.times { PolyShm::SharedMemory.create(name, size: 1 << 20).unlink }
    assert_operator mappings, :<, 128, "1 MiB segments of 200 waiting for the collector"
  end

  def test_dropped_lists_do_not_pile_up
    name = fresh
    200.times { PolyShm::ShareableList.create(name, ["x"], reserve: 1 << 20).unlink }
    assert_operator mappings, :<, 100, "1 MiB lists waiting for the collector"
  end

  def test_a_list_under_gc_stress_and_compaction
    values = [1, 2.5, "short", "long " * 50, "latin \u00e9".encode("ISO-8859-1"), "\xff".b, 2**62, nil, true]
    expected = values.map { |value| value.is_a?(String) && value.encoding != Encoding::BINARY ? value.encode("UTF-8") : value }
    # Before 3.3 Ruby itself crashes at a method's first call under both: github.com/ruby/ruby/pull/8940
    GC.auto_compact = GC.respond_to?(:compact) && RUBY_VERSION >= "3.3"
    GC.stress = true
    list = PolyShm::ShareableList.create(fresh, values, reserve: Array.new(9, 16))
    all = list.to_a
    list.replace(values)
    list[2] = "utf16".encode("UTF-16LE")
    ones = Array.new(9) { |i| list[i] }
    found = [list.index(values[3]), list.count(values[4]), list.format]
    text = list.inspect
    GC.stress = false
    assert_equal expected, all
    assert_equal expected.dup.tap { |array| array[2] = "utf16" }, ones
    assert_equal [3, 1], found.first(2)
    assert_match(/utf16/, text)
  ensure
    GC.stress = false
    GC.auto_compact = false
  end

  def test_a_view_keeps_its_segment
    view = deeper { scratch.view(:int32).fill(7) }
    collect
    assert_equal [7] * 16, view.to_a
  end

  def test_everything_under_gc_stress
    shm = scratch
    view = shm.view(:uint64)
    GC.stress = true
    view.replace([2**64 - 1, 2**63, 1])
    list = view.to_a
    view[1] = 2**64 - 2
    one = view[1]
    names = PolyShm.segments.map(&:name)
    bytes = shm.read
    begin
      view.replace([1, -1])
    rescue RangeError => error
      message = error.message
    end
    GC.stress = false
    assert_equal [2**64 - 1, 2**63, 1, 0], list.first(4)
    assert_equal 2**64 - 2, one
    assert_includes names, shm.name
    assert_equal 64, bytes.bytesize
    assert_match(/element 1: -1/, message)
  ensure
    GC.stress = false
  end

  def test_a_childs_end_touches_nothing_shared
    shm = scratch
    shm.write(0, "parent's")
    view = shm.view(:uint8)
    in_child do
      view[63] = 9
      deeper { PolyShm::SharedMemory.attach(shm.name).view(:uint8) }
      shm.buffer
      collect
      shm.close
      shm.closed?
    end
    in_child_at_exit { shm }
    assert_equal "parent's", shm.read(0, 8)
    assert_equal 9, view[63]
    refute_predicate shm, :stale?
  end

  # With all of Ruby's own finalisers, which exit! leaves out.
  def in_child_at_exit
    code = 'require "polyshm"; PolyShm::SharedMemory.attach(ARGV[0]); $v = PolyShm::SharedMemory.attach(ARGV[0]).view(:int8)'
    assert system(RbConfig.ruby, "-e", code, yield.name)
  end

  def test_other_threads_close_while_we_read
    2.times do
      shm = scratch(size: 4096)
      view = shm.view(:int64)
      users = [-> { shm.read }, -> { view[1] += 1 }, -> { view.to_a }, -> { shm.fill(1) }, -> { view.replace([1] * 512) }]
      list = PolyShm::ShareableList.create(fresh, [1, "a" * 1000] * 100)
      users.push(-> { list[0] += 1 }, -> { list.to_a }, -> { list.replace(["b" * 999], 1) }, -> { list.index("none") })
      threads = users.map do |use|
        Thread.new { loop { use.call } rescue $! } # rubocop:disable Style/RescueModifier
      end
      sleep 0.01
      shm.close
      list.close
      assert_equal ["CLOSED"], threads.map { |thread| thread.value.code }.uniq
      shm.unlink
    end
  end
end

class WaitTest < Minitest::Test
  include Scratch

  def attach(timeout)
    PolyShm::SharedMemory.attach(fresh("awaited"), timeout: timeout)
  end

  def test_the_name_comes
    thread = waiting { attach(nil) }
    made_now = PolyShm::SharedMemory.create(fresh("awaited"), size: 8)
    assert_equal made_now.name, thread.value.name
  end

  def test_the_name_does_not_come
    [0.1, 1/10r].each { |seconds| assert_takes(0.1..1) { assert_code("ENOENT", Errno::ENOENT) { attach(seconds) } } }
    [0, 0.0, 1e-12].each { |seconds| assert_takes(0..0.1) { assert_code("ENOENT", Errno::ENOENT) { attach(seconds) } } }
  end

  def test_bad_timeouts
    [-1, -0.5, Float::NAN, -(2**70), -Float::INFINITY].each { |bad| assert_code("RANGE", RangeError) { attach(bad) } }
    ["1", :one, true, [], Object.new, 1i].each { |bad| assert_code("TYPE", TypeError) { attach(bad) } }
    shm = PolyShm::SharedMemory.create(fresh("awaited"), size: 8)
    [nil, 2**31, 2**63, 2**2000, 1e300, Float::INFINITY].each { |long| assert_equal shm.name, attach(long).name }
  end

  def test_other_threads_run
    ticks = 0
    ticker = Thread.new { loop { (ticks += 1) && sleep(0.01) } }
    assert_code("ENOENT", Errno::ENOENT) { attach(0.3) }
    ticker.kill
    assert_operator ticks, :>, 10
  end

  def test_timeout_breaks_it
    assert_takes(0.1..1) { assert_raises(Timeout::Error) { Timeout.timeout(0.1) { attach(nil) } } }
  end

  def test_thread_raise_breaks_it
    thread = waiting { attach(nil) }
    assert_takes(0..1) do
      thread.raise(KeyError, "mine")
      assert_equal "mine", assert_raises(KeyError) { thread.value }.message
    end
  end

  def test_thread_kill_breaks_it
    ended = false
    thread = Thread.new do
      attach(nil)
    ensure
      ended = true
    end
    Thread.pass until thread.stop?
    assert_takes(0..1) { thread.kill.join }
    assert ended
    assert_code("ENOENT", Errno::ENOENT) { attach(0.01) } # nothing of it is left over
  end

  def test_a_broken_wait_leaves_the_thread_fit
    2.times do
      assert_raises(Timeout::Error) { Timeout.timeout(0.05) { attach(nil) } }
      assert_code("TYPE", TypeError) { PolyShm::SharedMemory.attach(12) }
      assert_code("ENOENT", Errno::ENOENT) { attach(0.05) }
    end
  end

  def test_ctrl_c
    code = 'require "polyshm"; $stdout.sync = true; puts "ready"
            begin; PolyShm::SharedMemory.attach(ARGV[0], timeout: 20); rescue Interrupt => error; puts error.class; end'
    IO.popen([RbConfig.ruby, "-e", code, fresh("awaited")]) do |child|
      assert_equal "ready\n", child.gets
      sleep 0.1
      Process.kill(:INT, child.pid)
      assert_takes(0..1) { assert_equal "Interrupt\n", child.gets }
    end
  end

  def test_a_signal_that_needs_nothing_lets_it_go_on
    signals = 0
    old = trap(:USR1) { signals += 1 }
    thread = Thread.new { 5.times { sleep(0.03) && Process.kill(:USR1, $$) } }
    assert_takes(0.3..1.5) { assert_code("ENOENT", Errno::ENOENT) { attach(0.3) } }
    thread.join
    assert_operator signals, :>, 0
  ensure
    trap(:USR1, old)
  end

  def test_a_handler_that_waits_itself
    inner = nil
    missing = fresh("missing")
    old = trap(:USR1) do
      PolyShm::SharedMemory.attach(missing, timeout: 0.02)
    rescue Errno::ENOENT => error
      inner = error.code
    end
    killer = Thread.new { sleep(0.05) && Process.kill(:USR1, $$) }
    assert_takes(0.2..1) { assert_raises(Timeout::Error) { Timeout.timeout(0.2) { attach(3) } } }
    killer.join
    assert_equal "ENOENT", inner
  ensure
    trap(:USR1, old)
  end

  def test_a_name_that_changes_while_it_is_waited_for
    wanted = +"" << fresh("awaited") # bytes of its own
    thread = Thread.new { PolyShm::SharedMemory.attach(wanted, timeout: 5) }
    Thread.pass until thread.stop?
    wanted.replace("x" * 100_000)
    GC.start
    made_now = PolyShm::SharedMemory.create(made.last, size: 8)
    assert_equal made_now.name, thread.value.name
  end
end

class PrimitivesTest < Minitest::Test
  include Scratch

  CLASSES = [PolyShm::Lock, PolyShm::Semaphore, PolyShm::Event].freeze

  def test_outcomes_of_a_lock
    first = lock
    second = PolyShm::Lock.attach(first.name)
    assert_equal [:locked, nil, nil, nil], [first.lock, second.try_lock, second.lock(0), second.lock(0.01)]
    assert_equal [true, false, true, true], [first.owned?, second.owned?, first.locked?, second.locked?]
    assert_equal [nil, false, false], [first.unlock, first.owned?, second.locked?]
    assert_equal [:locked, nil, :locked, nil], [first.try_lock, first.unlock, second.lock(1r), second.unlock]
    first.lock
    first.close
    assert_equal [:recovered, true, nil, :recovered], [second.lock, second.dirty?, second.unlock, second.try_lock]
    assert_equal [nil, false, nil, :locked], [second.repaired, second.dirty?, second.unlock, second.lock]
  end

  def test_outcomes_of_a_semaphore_and_an_event
    permits = semaphore(count: 2)
    assert_equal [true, true], [permits.acquire, permits.try_acquire]
    assert_equal [false, false, false], [permits.try_acquire, permits.acquire(0), permits.acquire(0.01)]
    assert_equal [2, 0, nil, 1], [permits.count, permits.value, permits.release, permits.value]
    flag = event
    assert_equal [false, false, false], [flag.set?, flag.wait(0), flag.wait(0.01)]
    assert_equal [nil, true, true, nil, false], [flag.set, flag.set?, flag.wait, flag.clear, flag.set?]
  end

  def test_string_forms
    CLASSES.zip([lock, semaphore(count: 3), event], ["", ", count=3", ""]).each do |type, object, more|
      kind = type.name.delete_prefix("PolyShm::")
      assert_equal "#{kind}('#{object.name}'#{more})", object.inspect
      assert_equal Encoding::UTF_8, object.name.encoding
      object.close
      assert_equal "#{kind}('#{object.name}'#{more}, closed)", "#{object}"
    end
  end

  def test_blocks_close_and_unlink
    CLASSES.each do |type|
      held = []
      name = fresh
      assert_equal(42, type.create(name) { |object| (held << object) && 42 })
      assert_equal(name, type.attach(name) { |object| (held << object) && object.name })
      refute_predicate held.last, :stale?
      assert_raises(ZeroDivisionError) { type.open(name, unlink: true) { |object| (held << object) && 1 / 0 } }
      assert held.all?(&:closed?)
      assert held.all?(&:stale?)
      refute_path_exists "/dev/shm/#{name}"
      assert_code("ARGUMENT", ArgumentError) { type.create(name, unlink: true) }
      refute_path_exists "/dev/shm/#{name}"
      generated = type.create
      assert_match(/\Apsm_\h{8}\z/, generated.name)
      type.unlink(generated.name)
      assert_code("ENOENT", Errno::ENOENT) { generated.unlink }
    end
  end

  def test_options
    CLASSES.each do |type|
      name = fresh
      assert_equal 0o640, File.stat("/dev/shm/#{type.create(name, mode: 0o640).name}").mode & 0o777
      assert_code("EEXIST", Errno::EEXIST) { type.create(name) }
      assert_instance_of type, type.create(name, exclusive: false, any_owner: true)
      assert_instance_of type, type.open(name, any_owner: true)
      assert_instance_of type, type.attach(name, any_owner: true, timeout: nil)
      error = assert_code("ARGUMENT", ArgumentError) { type.attach(name, readonly: true) }
      assert_match(/:readonly.*any_owner, timeout, unlink/, error.message)
      assert_match(/:size.*mode, exclusive/, assert_code("ARGUMENT", ArgumentError) { type.create(name, size: 8) }.message)
      assert_match(/:exclusive.*mode, any_owner/, assert_code("ARGUMENT", ArgumentError) { type.open(name, exclusive: true) }.message)
      assert_equal type.name.delete_prefix("PolyShm::"), PolyShm.segments.find { |segment| segment.name == name }.kind
      assert_raises(NoMethodError) { type.new }
    end
    assert_match(/options are count, mode/, assert_code("ARGUMENT", ArgumentError) { semaphore(permits: 2) }.message)
    assert_match(/options are mode/, assert_code("ARGUMENT", ArgumentError) { lock(count: 2) }.message)
    assert_match(/no option but timeout/, assert_code("ARGUMENT", ArgumentError) { lock.synchronize(seconds: 2) { nil } }.message)
  end

  def test_errors
    mine = lock
    error = assert_code("NOT_OWNER", ThreadError) { mine.unlock }
    assert_match(/unlock "#{mine.name}": this thread has not locked it/, error.message)
    assert_code("NOT_OWNER", ThreadError) { mine.repaired }
    assert_code("NOT_OWNER", ThreadError) { semaphore.release }
    mine.lock
    assert_code("DEADLOCK", ThreadError) { mine.lock }
    assert_code("DEADLOCK", ThreadError) { mine.synchronize { flunk "the block ran" } }
    assert_kind_of StandardError, assert_code("KIND", PolyShm::KindError) { PolyShm::Event.attach(mine.name) }
    assert_code("KIND", PolyShm::KindError) { PolyShm::Semaphore.attach(scratch(size: 8192).name) }
    File.open("/dev/shm/#{mine.name}", "r+b") { |file| file.pwrite("\x02", 12) }
    assert_kind_of StandardError, assert_code("INCOMPATIBLE", PolyShm::IncompatibleError) { PolyShm::Lock.attach(mine.name) }
    assert_code("CLOSED", PolyShm::ClosedError) { mine.tap(&:close).lock }
  end

  def test_bad_timeouts
    waits = [->(t) { lock.lock(t) }, ->(t) { lock.synchronize(timeout: t) { 1 } }, ->(t) { semaphore.acquire(t) },
             ->(t) { semaphore.synchronize(timeout: t) { 1 } }, ->(t) { event.tap(&:set).wait(t) }, ->(t) { scratch.view(:int32).wait(0, 1, t) },
             ->(t) { PolyShm::Lock.attach(lock.name, timeout: t) }]
    waits.each do |wait|
      [-1, -0.5, Float::NAN, -(2**70)].each { |bad| assert_code("RANGE", RangeError) { wait.call(bad) } }
      ["1", :one, true, [], {}, Object.new, 1i].each { |bad| assert_code("TYPE", TypeError) { wait.call(bad) } }
      [nil, 0, 0.0, 2**31, 2**63, 2**2000, 1e300, Float::INFINITY, 1/3r].each { |good| assert wait.call(good) }
    end
  end

  def test_the_lock_of_a_segment
    shm = scratch(mode: 0o640)
    made << "#{shm.name}.lock"
    assert_same shm.lock, shm.lock
    assert_equal ["#{shm.name}.lock", 0o640], [shm.lock.name, File.stat("/dev/shm/#{shm.lock.name}").mode & 0o777]
    shm.lock.lock
    assert_predicate shm.lock, :owned?
    assert_nil PolyShm::SharedMemory.attach(shm.name).lock.try_lock
    shm.lock.unlock
    first = shm.lock.tap(&:close)
    refute_same first, shm.lock
    assert_equal :locked, shm.lock.lock
    held = shm.lock
    shm.close
    assert_code("CLOSED", PolyShm::ClosedError) { shm.lock }
    assert_predicate held, :owned?
    held.unlock
    list = PolyShm::ShareableList.create(fresh, [1])
    made << "#{list.name}.lock"
    assert_equal(2, list.shm.lock.synchronize { list[0] += 1 })
  end
end

class AtomicsTest < Minitest::Test
  include Scratch

  def test_operations_return_what_was_there
    v = scratch.view(:uint64)
    assert_equal [nil, 10, 13, 12], [v.store(0, 10), v.add(0, 3), v.sub(0, 1), v.load(0)]
    assert_equal [12, 8, 9, 1], [v.and(0, 8), v.or(0, 1), v.xor(0, 8), v.exchange(0, 2**64 - 1)]
    assert_equal [2**64 - 1, 2**64 - 1, 2**63], [v.compare_exchange(0, 1, 2), v.compare_exchange(0, 2**64 - 1, 2**63), v[0]]
    assert_code("RANGE", RangeError) { v.add(0, 2**64) }
    assert_code("RANGE", RangeError) { v.compare_exchange(0, 2**63, -1) }
    [nil, "1", :one, 1r, Object.new].each do |bad|
      assert_code("TYPE", TypeError) { v.add(0, bad) }
      assert_code("TYPE", TypeError) { v.compare_exchange(0, bad, 1) }
      assert_code("TYPE", TypeError) { v.compare_exchange(0, 1, bad) }
      assert_code("TYPE", TypeError) { v.store(bad, 1) }
    end
    assert_equal 2**63, v.load(0)
  end

  def test_wait_and_notify
    v = scratch.view(:int32)
    assert_equal %i[not_equal timed_out timed_out], [v.wait(0, 1), v.wait(0, 0, 0), v.wait(0, 0, 0.01)]
    assert_equal [0, 0, 0], [v.notify(0), v.notify(0, 0), v.notify(0, 2**62)]
    assert_code("TYPE", TypeError) { v.notify(0, "1") }
    thread = waiting { v.wait(3, 0) }
    v.store(3, 1)
    v.notify(3)
    assert_equal :ok, thread.value
    assert_equal 0, v.notify(3)
  end

  def test_no_step_is_lost_between_processes
    v = scratch.view(:int64)
    workers = Array.new(2) { fork { 20_000.times { v.add(0, 1) } && exit!(0) } }
    workers.each { |worker| Process.wait(worker) }
    assert_equal 40_000, v.load(0)
  end
end

class SynchronizeTest < Minitest::Test
  include Scratch

  def test_the_block_gets_the_outcome_and_gives_the_value
    mine = lock
    assert_equal([:locked, true], mine.synchronize { |outcome| [outcome, mine.owned?] })
    refute_predicate mine, :locked?
    permits = semaphore(count: 3)
    assert_equal([true, 2], permits.synchronize { |outcome| [outcome, permits.value] })
    assert_equal 3, permits.value
    PolyShm::Lock.attach(mine.name).tap(&:lock).close
    assert_equal(:recovered, mine.synchronize { |outcome| mine.repaired || outcome })
    assert_equal(:locked, mine.synchronize(timeout: 0) { |outcome| outcome })
  end

  def test_in_time_or_not_at_all
    other = lock.tap(&:lock)
    mine = PolyShm::Lock.attach(other.name)
    [0, 0.01].each { |seconds| assert_nil(mine.synchronize(timeout: seconds) { flunk "the block ran" }) }
    other.unlock
    permits = semaphore.tap(&:acquire)
    assert_nil(permits.synchronize(timeout: 0) { flunk "the block ran" })
    assert_equal 0, permits.value
  end

  def test_a_block_is_needed
    [lock, semaphore].each do |object|
      assert_match(/block/, assert_code("ARGUMENT", ArgumentError) { object.synchronize }.message)
      assert_match(/block/, assert_code("ARGUMENT", ArgumentError) { object.synchronize(timeout: 1) }.message)
      assert_match(/timeout: seconds/, assert_code("TYPE", TypeError) { object.synchronize(1) { nil } }.message)
    end
  end

  # Each way out of a block.
  def returned(object)
    object.synchronize { return :returned }
  end

  def ways_out
    { raise: ->(o) { assert_raises(KeyError) { o.synchronize { raise KeyError } } },
      break: ->(o) { assert_equal(:out, o.synchronize { break :out }) },
      next: ->(o) { assert_equal(:out, o.synchronize { next :out }) },
      throw: ->(o) { assert_equal(:out, catch(:done) { o.synchronize { throw :done, :out } }) },
      return: ->(o) { assert_equal(:returned, returned(o)) },
      exit: ->(o) { assert_raises(SystemExit) { o.synchronize { exit } } },
      stop_iteration: ->(o) { assert_equal(:out, loop { o.synchronize { raise StopIteration } } || :out) },
      timeout: ->(o) { assert_raises(Timeout::Error) { Timeout.timeout(0.05) { o.synchronize { sleep } } } },
      thread_raise: ->(o) { assert_raises(KeyError) { waiting { o.synchronize { sleep } }.tap { |t| t.raise(KeyError) }.value } },
      thread_kill: ->(o) { assert_nil(waiting { o.synchronize { sleep } }.kill.value) },
      abandoned_enumerator: ->(o) { Enumerator.new { |y| o.synchronize { y << 1 } }.first } }
  end

  def test_every_way_out_gives_it_back
    mine = lock
    permits = semaphore(count: 2)
    ways_out.each do |way, leave|
      leave.call(mine)
      refute_predicate mine, :locked?, way
      leave.call(permits)
      assert_equal 2, permits.value, way
    end
    refute_predicate mine, :dirty?
  end

  def test_nested
    outer = lock
    inner = lock
    assert_raises(KeyError) { outer.synchronize { inner.synchronize { raise KeyError } } }
    assert_equal(:out, outer.synchronize { inner.synchronize { break :out } })
    assert_equal [false, false], [outer.locked?, inner.locked?]
  end

  def test_a_block_that_gave_it_back_itself
    mine = lock
    assert_equal(1, mine.synchronize { mine.unlock || 1 })
    assert_raises(KeyError) { mine.synchronize { mine.unlock || raise(KeyError) } }
    other = PolyShm::Lock.attach(mine.name)
    mine.synchronize { mine.unlock || other.lock }
    assert_predicate other, :owned?
    other.unlock
    assert_equal(2, mine.synchronize { mine.close || 2 })
    permits = semaphore
    assert_equal(3, permits.synchronize { permits.release || 3 })
    assert_equal 1, permits.value
    assert_raises(KeyError) { permits.synchronize { permits.close || raise(KeyError) } }
  end

  def test_a_lock_that_somebody_wrote_over
    mine = lock
    bytes = PolyShm::SharedMemory.attach(mine.name).view(:uint32, offset: 4096)
    assert_code("CORRUPT", PolyShm::CorruptError) { mine.synchronize { bytes[0] = 0x7fffffff } }
    bytes[0] = 0
    assert_raises(KeyError) { mine.synchronize { (bytes[0] = 0x7fffffff) && raise(KeyError) } }
    bytes[0] = 0
    assert_equal(1, mine.synchronize { 1 })
  end

  def test_a_child_that_leaves_the_block_unlocks_nothing
    mine = lock
    child = nil
    mine.synchronize do
      child = fork
      next unless child

      Process.wait(child)
      assert_predicate $?, :success?, "the child left the block without an error"
      assert_predicate mine, :owned?
      assert_nil PolyShm::Lock.attach(mine.name).try_lock
    end
    exit!(mine.owned? ? 1 : 0) unless child
    refute_predicate mine, :locked?
    refute_predicate mine, :dirty?
  ensure
    exit!(2) if $$ != @process
  end

  # Gives the block a call that asks a child for one signal, which comes at any moment of the next millisecond.
  def with_signals
    requests, request = IO.pipe
    child = fork do
      request.close
      sleep(rand * 0.001) && Process.kill(:USR1, Process.ppid) while requests.getbyte
      exit!(0)
    end
    requests.close
    yield -> { request.putc(0) }
  ensure
    request.close
    Process.wait(child)
  end

  def broken_at_any_moment(object, signal)
    signal.call
    loop { object.synchronize { nil } }
  rescue KeyError
    nil
  end

  def test_nothing_comes_between_the_lock_and_the_block
    mine = lock
    permits = semaphore
    old = trap(:USR1) { raise KeyError }
    with_signals do |signal|
      500.times do |round|
        broken_at_any_moment(mine, signal)
        refute_predicate mine, :locked?, "round #{round}"
        broken_at_any_moment(permits, signal)
        assert_equal 1, permits.value, "round #{round}"
      end
    end
    refute_predicate mine, :dirty?
  ensure
    trap(:USR1, old)
  end

  def test_the_callers_mask_holds_in_the_block
    mine = lock
    seen = []
    thread = Thread.new do
      Thread.handle_interrupt(KeyError => :never) do
        mine.synchronize { (seen << :begun) && sleep(0.01) until Thread.pending_interrupt? }
        seen << :whole
      end
    rescue KeyError
      seen << :raised
    end
    Thread.pass until seen.any?
    thread.raise(KeyError)
    thread.join
    assert_equal %i[begun whole raised], seen.uniq
    refute_predicate mine, :locked?
  end

  def test_threads_exclude_one_another
    mine = lock
    v = scratch.view(:int64)
    threads = Array.new(4) { Thread.new { 200.times { mine.synchronize { v[0] = v[0].tap { Thread.pass } + 1 } } } }
    threads.each(&:join)
    assert_equal 800, v[0]
    mine.lock
    assert_code("NOT_OWNER", ThreadError) { Thread.new { Thread.current.report_on_exception = false; mine.unlock }.value }
    assert_equal([false, true, nil], Thread.new { [mine.owned?, mine.locked?, mine.try_lock] }.value)
    permits = semaphore.tap(&:acquire)
    Thread.new { permits.release }.join
    assert_equal 1, permits.value
  end
end

# What breaks a wait must break each of them.
class InterruptTest < Minitest::Test
  include Scratch

  # Waits for what does not come; what it gives when its time is over.
  WAITS = { lock: nil, synchronize: nil, acquire: false, event: false, element: :timed_out }.freeze
  LONG = 30

  def setup
    super
    @owner = lock.tap(&:lock)
    @lock = PolyShm::Lock.attach(@owner.name)
    @semaphore = semaphore.tap(&:acquire)
    @event = event
    @shm = scratch
    @view = @shm.view(:int32)
  end

  def wait_for(what, timeout)
    case what
    when :lock then @lock.lock(timeout)
    when :synchronize then @lock.synchronize(timeout: timeout) { flunk "the block ran" }
    when :acquire then @semaphore.acquire(timeout)
    when :event then @event.wait(timeout)
    when :element then @view.wait(0, 0, timeout)
    end
  end

  # A broken wait has taken nothing, and the thread can go on.
  def assert_nothing_taken
    assert_equal [false, true], [@lock.owned?, @owner.owned?]
    @owner.unlock
    assert_equal [:locked, nil], [@lock.try_lock, @lock.unlock]
    @semaphore.release
    assert_equal 1, @semaphore.value
    assert_code("NOT_OWNER", ThreadError) { @semaphore.release }
  end

  WAITS.each do |what, late|
    define_method(:"test_its_time_runs_out_in_#{what}") do
      [0, 0.1, 1/10r].each { |seconds| assert_takes(seconds..seconds + 5) { assert_equal [late], [wait_for(what, seconds)] } }
      assert_nothing_taken
    end

    define_method(:"test_other_threads_run_during_#{what}") do
      ticks = 0
      ticker = Thread.new { loop { (ticks += 1) && sleep(0.01) } }
      wait_for(what, 0.3)
      ticker.kill
      assert_operator ticks, :>, 5
    end

    define_method(:"test_timeout_breaks_#{what}") do
      [nil, LONG].each do |timeout|
        assert_takes(0.1..10) { assert_raises(Timeout::Error) { Timeout.timeout(0.1) { wait_for(what, timeout) } } }
      end
      assert_nothing_taken
    end

    define_method(:"test_thread_raise_breaks_#{what}") do
      thread = waiting { wait_for(what, nil) }
      thread.raise(KeyError, "mine")
      assert_takes(0..10) { assert_equal "mine", assert_raises(KeyError) { thread.value }.message }
      assert_nothing_taken
    end

    define_method(:"test_thread_kill_breaks_#{what}") do
      ended = false
      thread = waiting do
        wait_for(what, nil)
      ensure
        ended = true
      end
      assert_takes(0..10) { thread.kill.join }
      assert ended
      assert_nothing_taken
    end

    define_method(:"test_a_signal_that_needs_nothing_lets_#{what}_go_on") do
      signals = 0
      old = trap(:USR1) { signals += 1 }
      thread = Thread.new { 5.times { sleep(0.03) && Process.kill(:USR1, $$) } }
      assert_takes(0.3..10) { assert_equal [late], [wait_for(what, 0.3)] }
      thread.join
      assert_operator signals, :>, 0
    ensure
      trap(:USR1, old)
    end

    define_method(:"test_close_wakes_#{what}") do
      thread = waiting { wait_for(what, nil) }
      [@lock, @semaphore, @event, @shm].each(&:close)
      assert_takes(0..10) { assert_code("CLOSED", PolyShm::ClosedError) { thread.value } }
    end
  end

  WAITING = { lock: "PolyShm::Lock.attach(ARGV[0]).lock", synchronize: "PolyShm::Lock.attach(ARGV[0]).synchronize { puts :ran }",
              acquire: "PolyShm::Semaphore.attach(ARGV[1]).acquire", event: "PolyShm::Event.attach(ARGV[2]).wait",
              element: "PolyShm::SharedMemory.attach(ARGV[3]).view(:int32).wait(0, 0)" }.freeze

  WAITING.each do |what, code|
    define_method(:"test_ctrl_c_breaks_#{what}") do
      names = [@owner, @semaphore, @event, @shm].map(&:name)
      other_ruby("puts :ready; begin; #{code}; rescue Interrupt => error; puts error.class; end", *names) do |child|
        sleep 0.1
        Process.kill(:INT, child.pid)
        assert_takes(0..10) { assert_equal "Interrupt\n", child.gets }
      end
      assert_nothing_taken
    end
  end

  def test_what_is_waited_for_comes
    threads = WAITS.keys.first(1).push(:acquire, :event, :element).to_h { |what| [what, waiting { wait_for(what, LONG) }] }
    @owner.unlock
    @semaphore.release
    @event.set
    @view.store(0, 1)
    assert_equal({ lock: :locked, acquire: true, event: true, element: :ok }, threads.transform_values(&:value))
  end

  def test_a_handler_may_use_them
    seen = nil
    old = trap(:USR1) { seen = [@lock.try_lock, @event.wait(0.02), @semaphore.synchronize(timeout: 0) { :ran }] }
    killer = Thread.new { sleep(0.05) && Process.kill(:USR1, $$) }
    assert_raises(Timeout::Error) { Timeout.timeout(0.3) { @lock.lock } }
    killer.join
    assert_equal [nil, false, nil], seen
    assert_nothing_taken
  ensure
    trap(:USR1, old)
  end
end

class ProcessTest < Minitest::Test
  include Scratch

  HOLDER = '
    lock = PolyShm::Lock.attach(ARGV[0])
    lock.lock
    semaphore = PolyShm::Semaphore.attach(ARGV[1])
    2.times { semaphore.acquire }
    puts :ready
    $stdin.read
  '

  def test_a_killed_owner
    mine = lock
    permits = semaphore(count: 2)
    other_ruby(HOLDER, mine.name, permits.name) do |child|
      assert_equal [nil, true, false, 0], [mine.try_lock, mine.locked?, permits.try_acquire, permits.value]
      thread = waiting { mine.lock.tap { mine.unlock } }
      waiter = waiting { permits.acquire }
      Process.kill(:KILL, child.pid)
      assert_takes(0..10) { assert_equal [:recovered, true], [thread.value, waiter.value] }
    end
    assert_equal [true, 1], [mine.dirty?, permits.value]
    assert_equal(:recovered, mine.synchronize { |outcome| mine.repaired || outcome })
    assert_equal :locked, mine.lock
  end

  def test_an_owner_that_ends_without_unlocking
    mine = lock
    permits = semaphore(count: 2)
    other_ruby(HOLDER, mine.name, permits.name, &:close_write)
    assert_equal [:recovered, 2], [mine.lock(30), permits.value]
  end

  def test_another_process_sets_and_notifies
    flag = event
    shm = scratch
    other_ruby('flag = PolyShm::Event.attach(ARGV[0]); v = PolyShm::SharedMemory.attach(ARGV[1]).view(:int32); puts :ready
                $stdin.gets; flag.set; v.store(2, 7); v.notify(2)', flag.name, shm.name) do |child|
      refute flag.wait(0.05)
      child.puts
      assert flag.wait(30)
      assert_includes %i[ok not_equal], shm.view(:int32).wait(2, 0, 30)
    end
    assert_equal 7, shm.view(:int32).load(2)
  end

  def code_of
    yield
  rescue PolyShm::Error => error
    error.code
  end

  def test_a_child_owns_nothing
    mine = lock.tap(&:lock)
    permits = semaphore.tap(&:acquire)
    reader, writer = IO.pipe
    child = fork do
      writer.puts [mine.owned?, mine.locked?, code_of { mine.unlock }, code_of { permits.release }, mine.try_lock].inspect
      writer.puts [mine.lock(30), mine.unlock].inspect
      writer.puts [permits.acquire(30), permits.release].inspect
      exit!(0)
    end
    writer.close
    assert_equal "[false, true, \"NOT_OWNER\", \"NOT_OWNER\", nil]\n", reader.gets
    assert_nil reader.wait_readable(0.1), "the child waits"
    assert_predicate mine, :owned?
    mine.unlock
    assert_equal "[:locked, nil]\n", reader.gets
    permits.release
    assert_equal "[true, nil]\n", reader.gets
    Process.wait(child)
    assert_equal [:locked, true], [mine.lock, permits.acquire]
  end

  def test_a_child_that_is_killed_while_it_owns
    mine = lock
    permits = semaphore
    reader, writer = IO.pipe
    child = fork do
      writer.puts [mine.lock, permits.acquire].inspect
      sleep 60
      exit!(0)
    end
    assert_equal "[:locked, true]\n", reader.gets
    assert_nil mine.try_lock
    Process.kill(:KILL, child)
    assert_equal [:recovered, true], [mine.lock(30), permits.acquire(30)]
    Process.wait(child)
  end

  def test_a_childs_end_leaves_what_the_parent_owns
    mine = lock.tap(&:lock)
    permits = semaphore.tap(&:acquire)
    flag = event
    in_child do
      collect
      [mine, permits, flag].each(&:close)
      [mine, permits, flag].all?(&:closed?)
    end
    assert_equal [true, 0, false], [mine.owned?, permits.value, flag.set?]
    assert_nil PolyShm::Lock.attach(mine.name).try_lock
    refute_predicate mine, :dirty?
  end
end

class HandlesTest < Minitest::Test
  include Scratch

  def test_the_collector_closes_and_what_it_owned_is_abandoned
    mine = lock
    permits = semaphore(count: 2)
    deeper { PolyShm::Lock.attach(mine.name).lock && PolyShm::Semaphore.attach(permits.name).acquire }
    assert_equal [true, 1], [mine.locked?, permits.value]
    collect
    assert_equal [:recovered, 2], [mine.lock, permits.value]
    assert_path_exists "/dev/shm/#{mine.name}"
  end

  # Each open handle has a file open. From here on there are few more.
  def allow_files(more)
    collect
    Process.setrlimit(:NOFILE, Dir.children("/proc/self/fd").map(&:to_i).max + more)
  end

  def test_dropped_handles_give_their_files_back
    mine = lock
    permits = semaphore
    flag = event
    shm = scratch
    made << "#{shm.name}.lock"
    in_child do
      allow_files(32)
      200.times do
        PolyShm::Lock.attach(mine.name).tap(&:lock).unlock
        PolyShm::Lock.attach(mine.name).synchronize { nil }
        PolyShm::Semaphore.attach(permits.name).tap(&:acquire).release
        PolyShm::Semaphore.open(permits.name).synchronize { nil }
        PolyShm::Event.open(flag.name).set
        PolyShm::SharedMemory.attach(shm.name).lock.synchronize { nil }
      end
      true
    end
  end

  def test_files_that_are_not_dropped_run_out
    mine = lock
    in_child do
      allow_files(32)
      handles = []
      begin
        100.times { handles << PolyShm::Lock.attach(mine.name) }
      rescue Errno::EMFILE => error
        error.code == "EMFILE" && handles.size.between?(1, 99)
      end
    end
  end

  def test_under_gc_stress
    mine = lock
    permits = semaphore
    flag = event
    view = scratch.view(:uint64)
    GC.stress = true
    outcomes = [mine.lock, mine.unlock, mine.synchronize { |outcome| outcome }, permits.synchronize { permits.value }, flag.wait(0.001)]
    numbers = [view.add(0, 2**63), view.compare_exchange(0, 2**63, 2**64 - 1), view.load(0)]
    begin
      mine.unlock
    rescue ThreadError => error
      code = error.code
    end
    GC.stress = false
    assert_equal [:locked, nil, :locked, 0, false], outcomes
    assert_equal [0, 2**63, 2**64 - 1], numbers
    assert_equal "NOT_OWNER", code
  ensure
    GC.stress = false
  end

  def test_other_threads_close_while_we_use
    2.times do
      objects = [lock, semaphore, event, scratch]
      mine, permits, flag, shm = objects
      view = shm.view(:int32)
      users = [-> { mine.synchronize { nil } }, -> { mine.locked? }, -> { permits.synchronize { nil } }, -> { permits.value },
               -> { flag.set || flag.clear }, -> { flag.wait(0.01) }, -> { view.add(0, 1) }, -> { view.wait(1, 0, 0.01) }]
      threads = users.map do |use|
        Thread.new { loop { use.call } rescue $! } # rubocop:disable Style/RescueModifier
      end
      sleep 0.01
      objects.each(&:close)
      assert_equal ["CLOSED"], threads.map { |thread| thread.value.code }.uniq
    end
  end
end

class HostileTest < Minitest::Test
  include Scratch

  def hostile
    other = PolyShm::SharedMemory.attach(made.last)
    closed = PolyShm::SharedMemory.attach(made.last).tap(&:close)
    [nil, true, false, -1, 0, 1, 64, 2**31, 2**62, 2**63 - 1, 2**63, 2**64, -(2**63), -(2**63) - 1, -(2**64), 2**2000, 1.5, -0.0,
     Float::NAN, Float::INFINITY, 1r, 1i, "12", "", "a\0b", "\xff", "x" * 100_000, :int32, :"a\0b", [], [1, nil], {}, 1..2, Object.new,
     BasicObject.new, Object, $stdout, other, closed, other.view(:int8), closed.method(:name), other.buffer, Struct.new(:size).new(5)]
  end

  # Whatever a call makes of it: an answer or an error of ours or of Ruby's, and the process lives.
  def survive(receiver, method, *arguments, **keywords, &block)
    receiver.public_send(method, *arguments, **keywords, &block)
  rescue StandardError => error
    known = [PolyShm::Error, ArgumentError, TypeError, NoMethodError]
    assert known.any? { |kind| error.is_a?(kind) }, -> { "#{method}: #{error.full_message}" }
    nil
  end

  def assert_survives(receiver, methods, arity)
    values = hostile
    random = Random.new(1)
    methods.each do |method|
      (0..arity).each do |count|
        tries = count < 2 ? values.size**count : 400
        tries.times do |k|
          survive(receiver, method, *Array.new(count) { count == 1 ? values[k] : values.sample(random: random) })
        end
      end
    end
  end

  SEGMENT_METHODS = %i[read write fill copy get_value set_value view [] []= stale? address refresh name size inspect].freeze
  VIEW_METHODS = %i[get set [] []= to_a replace fill count dtype offset inspect].freeze
  LIST_METHODS = %i[get set [] []= to_a replace count index capacity format length name each include? inspect].freeze

  def test_every_argument_of_a_segment
    assert_survives(scratch, SEGMENT_METHODS, 4)
  end

  def test_every_argument_of_a_view
    %i[uint8 int64 float32].each { |dtype| assert_survives(scratch_again.view(dtype), VIEW_METHODS, 3) }
  end

  ATOMICS = %i[load store add sub and or xor exchange compare_exchange].freeze

  def test_every_argument_of_atomics
    %i[uint8 int32 uint32 int64 uint64 float32].each { |dtype| assert_survives(scratch_again.view(dtype), ATOMICS, 3) }
  end

  LOCK_METHODS = %i[lock try_lock unlock owned? locked? dirty? repaired stale? name inspect].freeze
  SEMAPHORE_METHODS = %i[acquire try_acquire release value count stale? name inspect].freeze
  EVENT_METHODS = %i[wait set? set clear stale? name inspect].freeze

  # None of these would wait long: no argument is what the elements are, and what is waited for is there, or this thread has it.
  def test_every_argument_of_a_wait
    scratch
    %i[int32 uint64].each { |dtype| assert_survives(scratch_again.view(dtype).fill(77_777_777), %i[wait notify], 3) }
    assert_survives(event.tap(&:set), EVENT_METHODS, 0)
    assert_survives(event.tap(&:set), %i[wait], 2)
    assert_survives(semaphore(count: 1024), SEMAPHORE_METHODS, 2)
    assert_survives(lock, LOCK_METHODS, 2)
    hostile.each do |value|
      [lock, semaphore].each { |object| survive(object, :synchronize, timeout: value) { nil } }
      [lock, semaphore].each { |object| survive(object, :synchronize, value) { nil } }
    end
  end

  def test_every_argument_of_closed_primitives
    scratch # for hostile
    assert_survives(lock.tap(&:close), LOCK_METHODS + [:synchronize], 1)
    assert_survives(semaphore.tap(&:close), SEMAPHORE_METHODS + [:synchronize], 1)
    assert_survives(event.tap(&:close), EVENT_METHODS, 1)
  end

  def test_every_argument_of_the_classes_of_primitives
    name = lock.name
    scratch # for hostile
    [PolyShm::Lock, PolyShm::Semaphore, PolyShm::Event].each do |type|
      hostile.each do |value|
        # "12" would be a name; nil, too, has create make one.
        %i[create attach open unlink].each { |method| survive(type, method, value) unless [nil, "12"].include?(value) }
        survive(type, :attach, name, any_owner: value)
        survive(type, :attach, name, timeout: value)
        survive(type, :create, fresh("new"), mode: value)
        survive(type, :open, fresh("new"), any_owner: value)
        survive(type, :create, fresh("new"), count: value)
      end
    end
  end

  # Bytes that another process makes anything of: answers and errors, in time.
  def test_primitives_whose_bytes_are_anything
    objects = [lock, semaphore(count: 3), event]
    random = Random.new(3)
    objects.each do |object|
      shm = PolyShm::SharedMemory.attach(object.name)
      whole = shm.read
      300.times do |round|
        shm.write(0, whole) if (round % 20).zero?
        length = random.rand(1..12)
        shm.write([random.rand(76), 4096 + random.rand(shm.size - 4096 - length)].sample(random: random), random.bytes(length))
        survive(object.class, :attach, object.name) { |other| use(other) }
        use(object)
      end
    end
  end

  def use(object)
    case object
    when PolyShm::Lock then %i[try_lock owned? locked? dirty? unlock].each { |method| survive(object, method) }
    when PolyShm::Semaphore then %i[try_acquire value release].each { |method| survive(object, method) }
    when PolyShm::Event then %i[set? set wait clear].each { |method| survive(object, method, *(0.001 if method == :wait)) }
    end
    survive(object, :synchronize, timeout: 0.001) { nil } unless object.is_a?(PolyShm::Event)
  end

  def scratch_list
    PolyShm::ShareableList.create(fresh, [1, 2.5, "text", "\xff".b, nil, true, "x" * 1000])
  end

  def test_every_argument_of_a_list
    assert_survives(scratch_list, LIST_METHODS, 3)
    readonly = PolyShm::ShareableList.attach(made.last, readonly: true)
    before = readonly.shm.read
    assert_survives(readonly, LIST_METHODS, 2)
    assert_equal before, readonly.shm.read
    assert_survives(readonly.tap(&:close), LIST_METHODS, 2)
  end

  def test_every_argument_of_the_class_of_lists
    name = scratch_list.name
    hostile.each do |value|
      # "12" would be a name; nil, too, has create make one.
      %i[attach unlink].each { |method| survive(PolyShm::ShareableList, method, value) unless "12" == value } # rubocop:disable Style/YodaCondition
      %i[create open].each do |method|
        survive(PolyShm::ShareableList, method, value, [1]) unless [nil, "12"].include?(value)
        survive(PolyShm::ShareableList, method, fresh("new"), value)
        survive(PolyShm::ShareableList, method, fresh("new"), [1, "a", value])
        survive(PolyShm::ShareableList, method, fresh("new"), [1, "a"], reserve: value)
        survive(PolyShm::ShareableList, method, fresh("new"), [1, "a"], reserve: [value, 8])
        survive(PolyShm::ShareableList, method, fresh("new"), [1, "a"], mode: value)
      end
      survive(PolyShm::ShareableList, :attach, name, readonly: value)
      survive(PolyShm::ShareableList, :attach, name, timeout: value)
      survive(PolyShm::ShareableList, :new, [1], name: value) unless [nil, "12"].include?(value)
    end
  end

  def test_a_list_whose_bytes_are_anything
    list = scratch_list
    shm = PolyShm::SharedMemory.attach(list.name)
    random = Random.new(2)
    whole = shm.read
    2000.times do |round|
      shm.write(0, whole) if (round % 20).zero?
      length = random.rand(1..12)
      shm.write(random.rand(shm.size - length), random.bytes(length))
      survive(PolyShm::ShareableList, :attach, list.name, &:to_a)
      %i[to_a inspect format].each { |method| survive(list, method) }
      survive(list, :index, "none")
      7.times { |i| survive(list, :[], i) }
      survive(list, :[]=, random.rand(7), [7, "text", nil, "\xfe".b].sample(random: random))
    end
    list.replace([1, 2, "end"])
    assert_equal [1, 2, "end"], list.to_a(0, 3)
  end

  def test_an_array_that_changes_while_it_is_read
    values = ["a".encode("UTF-16LE")] * 500
    done = false
    thread = Thread.new { (values.clear && values.concat(["b".encode("UTF-32BE")] * 500)) until done }
    50.times do
      list = PolyShm::ShareableList.create(fresh("changing"), values)
      assert_includes [0, 500], list.length
      list.unlink
    end
  ensure
    done = true
    thread.join
  end

  def scratch_again
    made.empty? ? scratch : PolyShm::SharedMemory.attach(made.last)
  end

  def test_every_argument_of_closed_ones
    shm = scratch
    view = shm.view(:int32)
    shm.close
    assert_survives(shm, SEGMENT_METHODS + [:resize], 2)
    assert_survives(view, VIEW_METHODS, 2)
  end

  def test_every_argument_of_a_read_only_one
    scratch
    shm = PolyShm::SharedMemory.attach(made.last, readonly: true)
    assert_survives(shm, SEGMENT_METHODS + [:resize], 3)
    assert_survives(shm.view(:int16), VIEW_METHODS, 3)
    assert_equal "\0" * 64, shm.read
  end

  def test_every_argument_of_the_class
    scratch
    hostile.each do |value|
      # "12" would be a name; nil, too, has create make one.
      %i[create attach open new unlink].each { |method| survive(PolyShm::SharedMemory, method, value) unless [nil, "12"].include?(value) }
      survive(PolyShm::SharedMemory, :attach, made.first, readonly: value)
      survive(PolyShm::SharedMemory, :attach, made.first, timeout: value)
      survive(PolyShm::SharedMemory, :create, fresh("new"), size: 1, mode: value)
      survive(PolyShm::SharedMemory, :open, fresh("new"), size: 1, any_owner: value)
      next if Integer === value && value.between?(1, 2**40) # that one would be made

      assert_nil survive(PolyShm::SharedMemory, :create, fresh("size"), size: value)
    end
  end

  def test_no_object_of_another_class_is_a_handle
    shm = scratch
    [shm.view(:int8), scratch_list, lock, shm.buffer, shm.method(:size), Thread.current, Random.new, binding, Object.new,
     BasicObject.new].each do |other|
      assert_code("TYPE", TypeError) { shm.copy(other) }
    end
  end

  def test_no_object_without_a_handle
    shm = scratch
    [shm, shm.view(:int8), scratch_list, lock, semaphore, event].each do |object|
      assert_raises(TypeError) { object.class.allocate }
      assert_raises(TypeError) { Class.new(object.class).allocate }
      assert_raises(TypeError) { object.dup }
      assert_raises(TypeError) { object.clone }
      assert_raises(TypeError) { Marshal.dump(object) }
      assert_raises(TypeError, ArgumentError) { Marshal.load("\x04\bo:#{(object.class.name.size + 5).chr}#{object.class.name}\0") }
    end
    assert_raises(NoMethodError) { PolyShm::View.new }
  end

  def test_no_method_on_another_object
    [Object.new, "text", PolyShm::View].each do |other|
      assert_raises(TypeError) { PolyShm::SharedMemory.instance_method(:size).bind_call(other) }
    end
    assert_raises(TypeError) { PolyShm::View.instance_method(:get).bind_call(scratch, 0) }
    assert_raises(TypeError) { PolyShm::ShareableList.instance_method(:get).bind_call(scratch, 0) }
    assert_raises(TypeError) { PolyShm::Lock.instance_method(:lock).bind_call(semaphore) }
    assert_raises(TypeError) { PolyShm::Semaphore.instance_method(:acquire).bind_call(event) }
    assert_raises(TypeError) { PolyShm::Semaphore.instance_method(:synchronize).bind_call(lock) { nil } }
    assert_raises(TypeError) { PolyShm::Event.instance_method(:set).bind_call(lock) }
  end

  def test_what_the_facade_replaces_is_out_of_reach
    assert_empty PolyShm.singleton_methods.grep(/segment_|list_|lock_|semaphore_|event_|each_/)
    assert_empty PolyShm::SharedMemory.public_instance_methods.grep(/core_|new_buffer|give_back|describe/)
    [PolyShm::Lock, PolyShm::Semaphore, PolyShm::Event].each do |type|
      assert_empty type.public_instance_methods.grep(/core_|give_back|describe/)
      assert_empty type.public_methods.grep(/core_|lock_|semaphore_|event_|lend/)
    end
    assert_empty PolyShm::View.public_instance_methods.grep(/core_|values|assign/)
    assert_empty PolyShm::ShareableList.public_instance_methods.grep(/core_|values|assign|give_back/)
    assert_raises(NoMethodError) { PolyShm::SharedMemory.segment_create("x", 1, 1) }
  end
end
