# list.rb: items and their encodings, a list as an Array and as an Enumerable, blocks.
require_relative "support"

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
    assert_match(/slot has 8/, assert_code("RANGE", RangeError) { l[1] = "nine byte" }.message)
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
