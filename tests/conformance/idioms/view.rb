# view.rb: a view as an Array and as an Enumerable.
require_relative "support"

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
