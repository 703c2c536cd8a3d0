# wait.rb: waits of every kind, and what breaks them: time, signals, other threads.
require "timeout"
require_relative "support"

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

# Whatever breaks a wait must break each of them.
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
