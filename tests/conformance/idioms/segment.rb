# segment.rb: blocks, the bytes of a segment as strings, indexes and ranges, IO::Buffer.
require_relative "support"

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

  # Ruby 3.1 itself reads and writes before the buffer then, or crashes.
  def test_offsets_and_lengths_that_are_none
    middle = scratch(size: 4096).buffer.slice(1024, 1024)
    bytes = middle.get_string
    other = scratch_again.buffer
    bad = [-1, -8, -1024, 2**62, -(2**62), (2**64) - 1, (2**64) - 8, 2**64, -1.5]
    [scratch_again.buffer, middle, middle.slice(8, 1000)].each do |buffer|
      bad.each do |place|
        [-> { buffer.get_value(:U8, place) }, -> { buffer.set_value(:U64, place, 1) }, -> { buffer.get_string(place) },
         -> { buffer.get_string(place, 8) }, -> { buffer.get_string(8, place) }, -> { buffer.set_string("zz", place) },
         -> { buffer.set_string("zz", place, 1) }, -> { buffer.set_string("zz", 0, place) },
         -> { buffer.set_string("zz", 0, 1, place) }, -> { buffer.copy(other, place) }, -> { buffer.copy(other, place, 8) },
         -> { buffer.copy(other, 0, place) }, -> { buffer.copy(other, 0, 8, place) }, -> { buffer.slice(place, 8) },
         -> { buffer.slice(8, place) }, -> { buffer.clear(1, place) }, -> { buffer.clear(1, place, 8) },
         -> { buffer.clear(1, 8, place) }].each_with_index do |call, i|
          assert_raises(ArgumentError, RangeError, TypeError, "call #{i} with #{place}", &call)
        end
      end
      assert_raises(ArgumentError) { buffer.clear(1, buffer.size + 1) }
    end
    assert_equal bytes, middle.get_string
  end

  def test_offsets_and_lengths_that_are_some
    buffer = scratch.buffer
    slice = buffer.slice(8, 16)
    slice.set_string("abc", 1)
    slice.set_string("abcdef", 4, 2, 3)
    slice.copy(buffer, 8, 4, 8)
    slice.clear(120, 14)
    slice.set_value(:S16, 12, -2)
    assert_equal "\0abcde\0\0\0abc\xff\xfexx".b.bytes.first(16), slice.get_string.b.bytes.first(16)
    assert_equal(-2, slice.get_value(:S16, 12))
    assert_equal ["", "xx"], [slice.get_string(16), slice.get_string(14, 2)]
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
