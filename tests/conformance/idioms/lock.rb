# lock.rb: locks, and semaphores and events with them: outcomes, blocks, options, synchronize and every way out of it.
require "timeout"
require_relative "support"

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
      assert_equal 0o660, File.stat("/dev/shm/#{type.create(name, mode: 0o660).name}").mode & 0o777
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
    assert_equal ["#{shm.name}.lock", 0o600], [shm.lock.name, File.stat("/dev/shm/#{shm.lock.name}").mode & 0o777]
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

class SegmentLockTest < Minitest::Test
  include Scratch

  def test_a_lock_goes_with_its_segment
    1000.times do
      name = PolyShm::SharedMemory.create(nil, size: 1, unlink: true) { |shm| shm.lock.synchronize { shm.name } }
      refute_path_exists "/dev/shm/#{name}"
      refute_path_exists "/dev/shm/#{name}.lock"
    end
  end

  # The child has no such thread as the one that is in the middle of the segment.
  def test_fork_while_a_thread_changes_the_segment
    shm = scratch(size: 4096)
    made << "#{shm.name}.lock"
    go_on = true
    changer = Thread.new do
      size = 4096
      while go_on
        shm.resize(size += 4096) if size < 4_000_000
        shm.refresh
        shm.lock.close
      end
    end
    30.times do
      in_child do
        shm.refresh
        shm.lock.synchronize { shm.write(0, "1") }
        shm.close
        shm.closed?
      end
    end
  ensure
    go_on = false
    changer&.join
  end
end

# Ruby runs its threads, one after the other, on few of the system's: who ends is dead all the same.
class ThreadEndTest < Minitest::Test
  include Scratch

  def setup
    super
    @lock = lock
  end

  def quietly
    Thread.current.report_on_exception = false
  end

  ENDS = {
    its_block: -> (test) { Thread.new { test.take } },
    an_exception: -> (test) { Thread.new { test.quietly || test.take && raise("mine") } },
    throw: -> (test) { Thread.new { test.quietly || test.take && throw(:mine) } },
    exit: -> (test) { Thread.new { test.take && Thread.exit } },
    kill: -> (test) { test.killed { Thread.new { test.take && sleep } } },
    thread_start: -> (test) { test.killed { Thread.start { test.take && sleep } } },
    thread_fork: -> (test) { test.killed { Thread.fork { test.take && sleep } } },
    a_class_of_its_own: -> (test) { test.killed { Class.new(Thread).new { test.take && sleep } } }
  }.freeze

  def take
    quietly
    @lock.lock
  end

  def killed
    thread = yield
    Thread.pass until thread.stop?
    thread.kill
  end

  def join(thread)
    thread.join
  rescue RuntimeError, UncaughtThrowError
    thread
  end

  ENDS.each do |how, thread|
    define_method(:"test_its_owner_ends_by_#{how}") do
      3.times do |round|
        join(thread.call(self))
        refute_predicate @lock, :owned?
        # This thread may run where the owner ran.
        assert_equal([false, "NOT_OWNER"], Thread.new { [@lock.owned?, code_of { @lock.unlock }] }.value)
        if round == 2
          other_ruby("puts :ready; p PolyShm::Lock.attach(ARGV[0]).lock(30)", @lock.name) { |it| assert_equal ":recovered\n", it.gets }
          next
        end
        assert_equal :recovered, @lock.lock(30)
        @lock.unlock
      end
    end
  end

  def code_of
    yield
  rescue StandardError => error
    error.code
  end

  def test_a_pool
    work = Queue.new
    pool = Array.new(4) { Thread.new { work.pop.call until work.closed? && work.empty? } }
    done = Queue.new
    50.times { work << -> { done << @lock.synchronize { |outcome| outcome } } }
    assert_equal [:locked], Array.new(50) { done.pop }.uniq
    work << -> { done << @lock.lock }
    done.pop
    pool.each(&:kill).each(&:join)
    assert_equal :recovered, @lock.lock(30)
  end

  def test_a_thread_is_as_before
    at = __LINE__ + 1
    thread = Thread.new(1, 2, a: 3) { |*all, **options| [all, options, Thread.current.class] }
    assert_equal [[1, 2], { a: 3 }, Thread], thread.value
    assert_match(/#{File.basename(__FILE__)}:#{at}|\A#<Thread:0x\h+ (run|dead|sleep)>/, thread.inspect)
    assert_raises(ThreadError) { Thread.new }
    assert_equal [7, [[1], {}]], [Thread.new(7, &:itself).value, Thread.start([1]) { |*a, **o| [*a, o] }.value]
    assert_raises(ArgumentError) { Thread.new(1, &-> { quietly }).tap { |it| it.report_on_exception = false }.value }
    error = assert_raises(ZeroDivisionError) { Thread.new { quietly || 1 / 0 }.value }
    assert_includes error.backtrace.first, File.basename(__FILE__)
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

  # This is what the block gives, in a child that has become another user.
  def as_nobody(before = -> {})
    from, to = IO.pipe
    child = fork do
      before.call
      Process::Sys.setgid(65_534)
      Process::Sys.setuid(65_534)
      to.write(begin yield.inspect rescue "#{$!.class}: #{$!.message}" end)
    ensure
      exit!(0)
    end
    to.close
    from.read
  ensure
    Process.wait(child)
  end

  def test_a_worker_that_gives_up_its_user_takes_part_before
    skip "it takes root to give something up" unless Process.euid.zero?
    mine = lock
    told = as_nobody { mine.lock(1) }
    assert_match(/\AErrno::EACCES: .*its user/, told)
    assert_match(/before privileges are dropped/, told)
    assert_equal ":locked", as_nobody(-> { mine.lock(0) && mine.unlock }) { mine.lock(1) }
    assert_equal ":recovered", mine.lock(1).inspect
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
