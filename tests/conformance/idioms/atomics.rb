# atomics.rb: atomic operations on the elements of a view.
require_relative "support"

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
