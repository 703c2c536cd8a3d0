# lifetime.rb: garbage collection, handles that are closed in use, fork, and processes that end as owners.
require "io/wait"
require_relative "support"

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
