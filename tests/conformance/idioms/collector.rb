# collector.rb: what Ruby's collector is told, what it moves, and what it runs in the middle of calls.
require_relative "support"

class CollectorTest < Minitest::Test
  include Scratch

  # Garbage as in a program at work: no more of it than collections let pile up.
  def test_resize_and_close_leave_the_collectors_account_as_it_was
    name = fresh
    before = GC.count
    60.times do
      shm = PolyShm::SharedMemory.create(name, size: 4096)
      garbage = "x" * (4 << 20)
      shm.resize(64 << 20)
      shm.unlink
      garbage << shm.read(0, 1)
      shm.close
    end
    assert_operator GC.count - before, :>, 2, "collections while 240 MiB of garbage were made"
  end

  def test_what_is_told_of_a_segment_is_taken_back
    shm = scratch(size: 1 << 20)
    GC.start
    GC.disable
    before = GC.stat(:malloc_increase_bytes)
    shm.resize(8 << 20)
    grown = GC.stat(:malloc_increase_bytes)
    PolyShm::SharedMemory.attach(shm.name).tap(&:refresh).close
    other = GC.stat(:malloc_increase_bytes)
    shm.close
    after = GC.stat(:malloc_increase_bytes)
    assert_in_delta 7 << 20, grown - before, 1 << 19
    assert_in_delta 0, other - grown, 1 << 19
    assert_operator after, :<, 1 << 19 # it cannot be below 0
  ensure
    GC.enable
  end

  # In a process of its own with a heap so large that nothing of Ruby's asks for a collection.
  def roomy(code, *arguments)
    environment = { "RUBY_GC_HEAP_INIT_SLOTS" => "2000000" }
    command = [environment, RbConfig.ruby, "-rpolyshm", "-e", "def maps = File.foreach('/proc/self/maps').count; #{code}", *arguments]
    IO.popen(command, err: %i[child out], &:read)
  end

  def test_dropped_handles_are_collected_before_they_are_too_many
    said = roomy('30_000.times { PolyShm::Event.attach(ARGV[0]) }; p maps < 25_000', event.name)
    assert_equal "true\n", said
  end

  def test_a_second_try_where_no_more_can_be_mapped
    most = File.read("/proc/sys/vm/max_map_count").to_i
    return skip("#{most} mappings are too many to reach") if most > 100_000
    return skip("under ASan, which ends a process that can map no more") if ENV["LD_PRELOAD"].to_s.include?("asan")

    said = roomy('GC.disable; ARGV[1].to_i.times { PolyShm::Event.attach(ARGV[0]) }; p GC.count.positive?', event.name, most.to_s)
    assert_equal "true\n", said
  end

  # In a child, in which files are open that only a collection closes, and no more may be.
  def use_up_descriptors
    deeper { 30.times { File.open("/dev/null") } }
    next_one = IO.sysopen("/dev/null")
    IO.for_fd(next_one).close
    Process.setrlimit(:NOFILE, next_one, Process.getrlimit(:NOFILE).last)
  end

  def in_child_without_collections
    in_child do
      GC.start
      GC.disable
      yield
    end
  end

  def test_a_second_try_with_what_the_first_was_given
    skip "no compaction" unless GC.respond_to?(:auto_compact=)
    name = fresh
    in_child_without_collections do
      text = Array.new(200) { |i| deeper { +"item #{i}" } } # short ones, which lie in what is moved
      GC.auto_compact = true
      use_up_descriptors
      list = PolyShm::ShareableList.create(name, text)
      opened = GC.count.positive? && list.to_a
      opened == text
    end
  end

  # A finaliser waits as well, and the second try must let other threads run nevertheless.
  def test_a_second_try_with_its_hook
    owner = lock.tap(&:lock)
    missing = fresh("missing")
    in_child_without_collections do
      waited = seen = false
      mine = PolyShm::Lock.attach(owner.name)
      deeper { ObjectSpace.define_finalizer(Object.new, self.class.finalizer(missing) { waited = true }) }
      me = Thread.current
      running = true
      # Only in one call: what comes after the finaliser is its second try.
      watcher = Thread.new { seen ||= waited && me.stop? while running }
      use_up_descriptors
      mine.lock(1) # the first in this process, for which it opens files
      found = [waited, seen]
      running = false
      watcher.join
      found == [true, true]
    end
  end

  def self.finalizer(missing)
    proc do
      PolyShm::SharedMemory.attach(missing, timeout: 0.001)
    rescue Errno::ENOENT, Errno::EMFILE # the files are not all closed yet
      yield
    end
  end
end

# Each call that gives what it has made, again and again.
class LeakTest < Minitest::Test
  include Scratch

  MADE = {
    segments: -> (it) { PolyShm.segments },
    read: -> (it) { it.shm.read(0, 1000) },
    buffer: -> (it) { it.shm.buffer.slice(0, 8) },
    view: -> (it) { it.shm.view(:int64, count: 3).close },
    values: -> (it) { it.view.to_a },
    value: -> (it) { it.view[3] },
    add: -> (it) { it.view.add(4, 1) },
    assign: -> (it) { it.view.replace([1, 2**63, 3]) },
    item: -> (it) { it.list[1] },
    items: -> (it) { it.list.to_a },
    items_assign: -> (it) { it.list.replace([1, "t", nil]) },
    found: -> (it) { [it.list.index("t"), it.list.count(1)] },
    formats: -> (it) { it.list.format },
    text: -> (it) { [it.shm.inspect, it.view.inspect, it.list.inspect, it.lock.inspect, it.shm.name] },
    lock: -> (it) { it.lock.synchronize { |outcome| outcome } },
    lock_handle: -> (it) { PolyShm::Lock.attach(it.lock.name).close },
    segment_lock: -> (it) { it.shm.lock },
    attach: -> (it) { PolyShm::SharedMemory.attach(it.shm.name).close },
    list_attach: -> (it) { PolyShm::ShareableList.attach(it.list.name).close },
    event: -> (it) { it.event.wait(0) },
    create: -> (it) { PolyShm::SharedMemory.create("#{it.shm.name}.c", size: 5) { |made| made.unlink } },
    list: -> (it) { PolyShm::ShareableList.create("#{it.shm.name}.c", ["x" * 100, 1], unlink: true) { |made| made[0] } },
    open: -> (it) { PolyShm::SharedMemory.open(it.shm.name) { |made| [made.resize(4096), made.refresh, made.stale?, made.readonly?, made.address] } },
    bytes: -> (it) { [it.shm.write(8, "bytes"), it.shm.fill(0, 8, 64), it.shm.copy(it.list.shm, 64, 8)] },
    number: -> (it) { [it.shm.set_value(:int64, 8, 2**62), it.shm.get_value(:uint64, 8)] },
    atomics: lambda { |it|
      it.view[5] = 2**63
      [it.view.sub(5, 1), it.view.and(5, 2**63), it.view.or(5, 1), it.view.xor(5, 1), it.view.store(5, 2**63), it.view.load(5),
       it.view.exchange(5, 2**63), it.view.compare_exchange(5, 2**63, 1), it.view.fill(2**63, 5, 9)]
    },
    waits: -> (it) { [it.cells.wait(0, 99, 0), it.cells.notify(0)] },
    capacity: -> (it) { it.list.capacity(1) },
    lock_calls: -> (it) { [it.lock.lock, it.lock.repaired, it.lock.owned?, it.lock.locked?, it.lock.dirty?, it.lock.stale?, it.lock.unlock] },
    lock_new: -> (_) { [PolyShm::Lock.create(nil, unlink: true, &:name), PolyShm::Lock.open(PREFIX, unlink: true, &:name)] },
    semaphore: -> (it) { PolyShm::Semaphore.attach(it.semaphore.name) { |made| [made.acquire, made.value, made.count, made.stale?, made.closed?, made.release] } },
    permit: -> (it) { it.semaphore.synchronize { |outcome| outcome } },
    semaphore_new: -> (_) { [PolyShm::Semaphore.create(nil, unlink: true, &:name), PolyShm::Semaphore.open(PREFIX, unlink: true, &:name)] },
    event_calls: -> (it) { PolyShm::Event.attach(it.event.name) { |made| [made.set, made.set?, made.clear, made.stale?, made.closed?] } },
    event_new: -> (_) { [PolyShm::Event.create(nil, unlink: true, &:name), PolyShm::Event.open(PREFIX, unlink: true, &:name)] },
    list_open: -> (it) { PolyShm::ShareableList.open(it.list.name, [1], &:to_a) },
    module: -> (_) { [PolyShm.version, PolyShm.page_size, PolyShm.directory, PolyShm.directory = "/dev/shm"] },
    thread: -> (_) { PolyShm.send(:ending, proc { |it| it }).call(1) },
    failures: -> (it) { [-> { it.shm.read(-1, 1) }, -> { it.view[99] }, -> { it.list[0] = "x" * 9000 }, -> { it.list.replace([Object.new]) },
                         -> { PolyShm::SharedMemory.attach("none") }, -> { PolyShm::SharedMemory.unlink("none") }, -> { it.view.replace([1, -1]) },
                         -> { PolyShm::SharedMemory.create(nil, size: 2**62) }].each { |fault| fault.call rescue $! } } # rubocop:disable Style/RescueModifier
  }.freeze

  attr_reader :shm, :view, :cells, :list, :lock, :semaphore, :event

  def setup
    super
    @shm = scratch(size: 4096)
    @view = @shm.view(:uint64, count: 50)
    @cells = @shm.view(:int32)
    @list = PolyShm::ShareableList.create(fresh, [1, "text", nil])
    @lock = PolyShm::Lock.create(fresh)
    @semaphore = PolyShm::Semaphore.create(fresh)
    @event = PolyShm::Event.create(fresh)
    made << "#{@shm.name}.lock"
  end

  def resident
    GC.start
    File.read("/proc/self/statm").split[1].to_i * 4096
  end

  # The core's calls, by the class they belong to: what is written in C. Ruby knows an alias by the first name.
  def calls_of_the_core
    classes = [PolyShm::SharedMemory, PolyShm::View, PolyShm::ShareableList, PolyShm::Lock, PolyShm::Semaphore, PolyShm::Event]
    [PolyShm, *classes].flat_map do |owner|
      methods = owner.instance_methods(false) + owner.private_instance_methods(false)
      methods += owner.singleton_methods(false) if owner == PolyShm
      methods.map { |name| owner.instance_method(name) rescue owner.method(name).unbind } # rubocop:disable Style/RescueModifier
             .reject(&:source_location).map { |method| [owner, method.original_name] }
    end.uniq
  end

  # A call that is new in the module and not in MADE fails here.
  def test_every_call_is_made
    reached = []
    trace = TracePoint.new(:c_call) do |at|
      reached << [at.defined_class.singleton_class? ? PolyShm : at.defined_class, at.method_id]
    end
    MADE.each_value { |make| trace.enable(target_thread: Thread.current) { make.call(self) } }
    assert_empty(calls_of_the_core - reached)
  end

  # Once more the same may not take more.
  def test_nothing_leaks
    skip "under ASan, which keeps what is freed, leaks are its own to find" if ENV["LD_PRELOAD"].to_s.include?("asan")
    MADE.each do |what, make|
      least = 4.times.map do
        before = resident
        1000.times { make.call(self) }
        resident - before
      end.drop(1).min
      assert_operator least, :<, 150_000, what
    end
  end
end
