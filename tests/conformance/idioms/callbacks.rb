# callbacks.rb: what a script does in the middle of a call, in signal handlers, finalizers, TracePoints, conversions and blocks: it
# closes, unlinks or resizes what the call works on. The call then gives its result or a documented error.
require_relative "support"

# One object of each class, what is done to them, and every call.
module Callbacks
  include Scratch

  Objects = Struct.new(:name, :shm, :view, :doubles, :list, :lock, :semaphore, :event) do
    def each_object(&block)
      [doubles, view, shm, list, lock, semaphore, event].each(&block)
    end

    def close
      each_object(&:close)
    end

    def unlink
      ["", ".l", ".list", ".k", ".s", ".e", ".new", ".lock"].each do |suffix|
        PolyShm::SharedMemory.unlink(name + suffix)
      rescue Errno::ENOENT
        next
      end
    end
  end

  LONG = ("long text " * 40).freeze

  # This is what is done, and the errors that this may give the call.
  DEEDS = {
    close: [:close.to_proc, %w[CLOSED]],
    unlink: [:unlink.to_proc, %w[ESTALE ENOENT]],
    resize: [-> (o) { o.shm.resize(3 * 4096) unless o.shm.closed? }, %w[RANGE]], # a call that resizes as well would shrink it
    compact: [-> (_) { GC.respond_to?(:compact) ? GC.compact : GC.start }, []],
    use: [lambda { |o|
      o.view.fill(7)
      o.list[1] = "other"
      o.shm.view(:int8).to_a
      GC.start
    }, []],
  }.freeze

  CALLS = {
    create: -> (o) { PolyShm::SharedMemory.create("#{o.name}.new", unlink: true) { |made| made.size } },
    attach: -> (o) { PolyShm::SharedMemory.attach(o.name, &:size) },
    list_create: -> (o) { PolyShm::ShareableList.create("#{o.name}.new", [1, LONG, "é".encode("UTF-16LE")], unlink: true, &:to_a) },
    list_attach: -> (o) { PolyShm::ShareableList.attach("#{o.name}.list", &:to_a) },
    lock_attach: -> (o) { PolyShm::Lock.attach("#{o.name}.k") { |it| it.synchronize { 1 } } },
    semaphore_open: -> (o) { PolyShm::Semaphore.open("#{o.name}.s", &:value) },
    event_open: -> (o) { PolyShm::Event.open("#{o.name}.e", &:set?) },
    segments: -> (_) { PolyShm.segments },
    read: -> (o) { o.shm.read },
    range: -> (o) { o.shm[1..8] },
    write: -> (o) { o.shm.write(0, LONG) },
    fill_bytes: -> (o) { o.shm.fill(1) },
    copy: -> (o) { o.shm.copy(o.list.shm, 0, 64) },
    buffer: lambda { |o|
      buffer = o.shm.buffer
      begin
        buffer.get_value(:U8, 8)
      rescue ArgumentError, IO::Buffer::AllocationError # Ruby's own words, of a buffer that is freed
        nil
      end
    },
    make_view: -> (o) { o.shm.view(:uint64, offset: 8, count: 2) },
    segment_lock: -> (o) { o.shm.lock.synchronize { |outcome| outcome } },
    resize: -> (o) { o.shm.resize(2 * 4096) },
    refresh: -> (o) { o.shm.refresh },
    to_a: -> (o) { o.view.to_a },
    doubles: -> (o) { o.doubles.to_a },
    replace: -> (o) { o.view.replace([1, 2, 3, 4]) },
    fill: -> (o) { o.view.fill(3) },
    add: -> (o) { o.view.add(1, 1) },
    notify: -> (o) { o.view.notify(0) },
    sum: -> (o) { o.view.first(9).sum },
    sort: -> (o) { o.list.sort_by(&:to_s) },
    item: -> (o) { o.list[1] },
    items: -> (o) { o.list.to_a },
    replace_items: -> (o) { o.list.replace([1, LONG.encode("UTF-16LE"), 2.5]) },
    set_item: -> (o) { o.list[1] = "grüße".encode("ISO-8859-1") },
    count: -> (o) { o.list.count(LONG) },
    index: -> (o) { o.list.index(LONG) },
    format: -> (o) { o.list.format },
    inspect: -> (o) { o.each_object(&:inspect) },
    synchronize: -> (o) { o.lock.synchronize { |outcome| [outcome] } },
    permit: -> (o) { o.semaphore.synchronize { |outcome| [outcome] } },
    locking: -> (o) { o.lock.lock && o.lock.unlock },
    event: -> (o) { [o.event.set, o.event.wait(1), o.event.set?] },
    misuse: -> (o) { o.view[-1] rescue $!.message }, # rubocop:disable Style/RescueModifier
  }.freeze

  def objects
    name = fresh
    made.push(*%w[.l .list .k .s .e .new .lock].map { |suffix| name + suffix })
    shm = PolyShm::SharedMemory.create(name, size: 4096)
    list = PolyShm::ShareableList.create("#{name}.list", [1, LONG, 2.5, nil, true], reserve: 500)
    Objects.new(name, shm, shm.view(:int32), shm.view(:float64), list, PolyShm::Lock.create("#{name}.k"),
                PolyShm::Semaphore.create("#{name}.s", count: 2), PolyShm::Event.create("#{name}.e"))
  end

  # Does the deed; what it meets itself is an error that it may meet.
  def act(deed, objects)
    DEEDS[deed].first.call(objects)
  rescue PolyShm::Error => error
    assert_includes %w[CLOSED ESTALE], error.code
  end

  # The call's result, or an error that the deed may give it.
  def assert_survives(call, deed, objects)
    yield
  rescue PolyShm::Error => error
    assert_includes DEEDS[deed].last, error.code, "#{call}, #{deed}: #{error.full_message}"
  ensure
    objects.close
    objects.unlink
  end
end

class MomentsTest < Minitest::Test
  include Callbacks

  # At each call of a method in turn, and each return: between the facade and the core as well.
  DEEDS.each_key do |deed|
    define_method(:"test_a_trace_point_may_#{deed}") do
      CALLS.each do |name, call|
        (1..(deed == :compact ? 6 : 40)).each do |moment|
          o = objects
          left = moment
          trace = TracePoint.new(:call, :return, :c_call, :c_return) { act(deed, o) if (left -= 1).zero? }
          assert_survives(name, deed, o) { trace.enable(target_thread: Thread.current) { call.call(o) } }
          break if left.positive?
        end
      end
    end
  end

  def self.finalizer(&block)
    proc { block.call }
  end

  # At the first moment that Ruby finds for finalizers, with a collection at each allocation.
  %i[close unlink resize].each do |deed|
    define_method(:"test_a_finalizer_may_#{deed}") do
      ran = 0
      CALLS.each do |name, call|
        o = objects
        acted = false
        deeper do
          ObjectSpace.define_finalizer(Object.new, MomentsTest.finalizer do
            GC.stress = false
            acted = true
            act(deed, o)
          end)
        end
        assert_survives(name, deed, o) do
          GC.stress = true
          call.call(o)
        ensure
          GC.stress = false
        end
        ran += 1 if acted
      end
      assert_operator ran, :>, CALLS.size / 4
    end
  end
end

class WaitsTest < Minitest::Test
  include Callbacks

  # Each would last a minute; and what ends it properly.
  WAITS = {
    lock: [-> (o) { o.lock.lock(60) }, -> (held) { held.lock.unlock }],
    synchronize: [-> (o) { o.lock.synchronize(timeout: 60) { true } }, -> (held) { held.lock.unlock }],
    acquire: [-> (o) { o.semaphore.acquire(60) }, -> (held) { held.semaphore.release }],
    permit: [-> (o) { o.semaphore.synchronize(timeout: 60) { true } }, -> (held) { held.semaphore.release }],
    event: [-> (o) { o.event.wait(60) }, -> (held) { held.event.set }],
    view: [-> (o) { o.view.wait(0, 0, 60) }, lambda { |held|
      held.view.store(0, 1)
      held.view.notify(0)
    }],
  }.freeze

  # Another handle of each, which holds what can be held, in a thread of its own that ends all waits at last.
  def held(objects)
    shm = PolyShm::SharedMemory.attach(objects.name)
    Objects.new(objects.name, shm, shm.view(:int32), shm.view(:float64), PolyShm::ShareableList.attach("#{objects.name}.list"),
                PolyShm::Lock.attach("#{objects.name}.k"), PolyShm::Semaphore.attach("#{objects.name}.s"),
                PolyShm::Event.attach("#{objects.name}.e"))
  end

  # Runs the wait, in which the signal's handler runs the block; then it is ended properly.
  def wait_with(name, objects, &handler)
    other = held(objects)
    objects.event.clear
    objects.view[0] = 0
    waiter = Thread.current
    handled = false
    before = trap(:USR1) do
      handled = true
      handler.call
    end
    holding = Queue.new
    helper = Thread.new do
      other.lock.lock
      2.times { other.semaphore.acquire }
      holding << true
      Thread.pass until waiter.stop?
      Process.kill(:USR1, $$)
      Thread.pass until handled
      sleep 0.01
      WAITS[name].last.call(other)
    rescue PolyShm::Error => error # nothing waits any more
      error
    end
    holding.pop
    WAITS[name].first.call(objects)
  ensure
    helper.join
    trap(:USR1, before)
    other.close
  end

  DEEDS.each_key do |deed|
    define_method(:"test_a_signals_handler_may_#{deed}") do
      WAITS.each_key do |name|
        o = objects
        result = code = nil
        begin
          result = wait_with(name, o) { act(deed, o) }
        rescue PolyShm::Error => error
          code = error.code
        end
        deed == :close ? assert_equal("CLOSED", code, name) : assert(result, "#{name}: #{code}")
        o.close
        o.unlink
      end
    end
  end

  # raise, throw and break out of the handler: the wait is over, nothing is held, and the next one waits.
  def test_a_signals_handler_may_leave_the_wait
    WAITS.each_key do |name|
      o = objects
      assert_raises(KeyError) { wait_with(name, o) { raise KeyError } }
      assert_equal :thrown, catch(:out) { wait_with(name, o) { throw :out, :thrown } }
      assert_equal [false, 2], [o.lock.owned?, o.semaphore.value], name
      assert_equal [nil, false], [held(o).lock.tap(&:lock) && o.lock.lock(0), o.event.clear || o.event.wait(0)]
      o.close
      o.unlink
    end
  end
end

class ArgumentsTest < Minitest::Test
  include Callbacks

  # Whatever it is asked, it does the deed, and answers well.
  class Hostile < BasicObject
    def initialize(&act)
      @act = act
    end

    ANSWERS = { to_str: "text", to_s: "text", inspect: "text", to_int: 1, to_i: 1, to_f: 1.0, to_r: 1r, to_ary: [1, 2], to_a: [1, 2],
                to_hash: { timeout: 0 }, to_sym: :int32, to_proc: nil, each: nil, "<=>": 0, "==": true, "!": false, "!=": true, hash: 1,
                eql?: true, size: 2, length: 2, class: ::Integer, is_a?: true, kind_of?: true, coerce: [1, 1], nil?: false,
                respond_to?: true, begin: 0, end: 1, "-@": 1, "+": 1, "-": 1, "*": 1, nonzero?: 1 }.freeze

    ANSWERS.each do |name, answer|
      define_method(name) do |*|
        @act.call
        answer
      end
    end

    def method_missing(*)
      @act.call
      nil
    end

    def respond_to_missing?(*)
      true
    end
  end

  CALLS = {
    shm: %i[read write fill copy get_value set_value view resize [] []=],
    view: %i[get set to_a replace fill load store add compare_exchange wait notify count include? first each_slice],
    list: %i[get set to_a replace count index format capacity first],
    lock: %i[lock synchronize],
    semaphore: %i[acquire synchronize],
    event: %i[wait],
  }.freeze

  def try
    yield
  rescue PolyShm::Error, ArgumentError, TypeError, RangeError, NoMethodError, FrozenError, IndexError
    nil
  end

  %i[close unlink resize].each do |deed|
    define_method(:"test_an_arguments_methods_may_#{deed}") do
      o = objects
      hostile = Hostile.new { act(deed, o) }
      CALLS.each do |receiver, methods|
        methods.each do |method|
          [[hostile], [0, hostile], [hostile, hostile], [:int32, hostile], [0, 1, hostile], [[hostile, 1]], [[1, hostile], hostile],
           [hostile..hostile]].each { |arguments| try { o[receiver].public_send(method, *arguments) } }
        end
      end
      try { o.lock.synchronize(timeout: hostile) { 1 } }
      try { o.shm.view(:int32, offset: hostile, count: hostile) }
      try { PolyShm::SharedMemory.create(hostile, size: hostile, mode: hostile) }
      try { PolyShm::ShareableList.create("#{o.name}.new", hostile, reserve: [hostile]) }
      try { PolyShm::SharedMemory.attach(o.name, timeout: hostile) }
      try { PolyShm::SharedMemory.unlink(hostile) }
      o.close
      o.unlink
    end
  end
end

class BlocksTest < Minitest::Test
  include Callbacks

  LENDERS = {
    shm: -> (o, &block) { PolyShm::SharedMemory.attach(o.name, unlink: true) { |it| block.call(o.shm = it) } },
    list: -> (o, &block) { PolyShm::ShareableList.attach("#{o.name}.list") { |it| block.call(o.list = it) } },
    lock: -> (o, &block) { o.lock.synchronize(&block) },
    permit: -> (o, &block) { o.semaphore.synchronize(&block) },
    event: -> (o, &block) { PolyShm::Event.open("#{o.name}.e") { |it| block.call(o.event = it) } },
  }.freeze

  ENDS = {
    returns: -> { :result },
    raises: -> { raise KeyError },
    throws: -> { throw :out, :thrown },
  }.freeze

  DEEDS.each_key do |deed|
    define_method(:"test_a_block_may_#{deed}_and_end_in_each_way") do
      LENDERS.each do |lender, lend|
        ENDS.each do |how, leave|
          o = objects
          result = begin
            catch(:out) do
              lend.call(o) do
                act(deed, o)
                leave.call
              end
            end
          rescue KeyError
            :raised
          end
          assert_equal({ returns: :result, raises: :raised, throws: :thrown }[how], result, lender)
          o.close
          o.unlink
        end
      end
    end

    define_method(:"test_a_loops_body_may_#{deed}") do
      %i[view list].each do |which|
        o = objects
        seen = 0
        code = nil
        begin
          o[which].each { act(deed, o) if (seen += 1) == 2 }
        rescue PolyShm::Error => error
          code = error.code
        end
        assert_equal deed == :close ? ["CLOSED", 2] : [nil, o[which].size], [code, seen]
        o.close
        o.unlink
      end
    end
  end

  # A Fiber that is left in the middle of a block, and a Thread that is killed there.
  def test_a_block_that_is_never_left
    o = objects
    fibers = LENDERS.values.map { |lend| Fiber.new { lend.call(o) { Fiber.yield :inside } } }
    assert_equal [:inside] * LENDERS.size, fibers.map(&:resume)
    assert_predicate o.lock, :owned?
    o.close
    fibers.clear
    collect
    o.unlink
    o = objects
    thread = waiting { o.lock.synchronize { o.semaphore.synchronize { sleep } } }
    thread.kill.join
    assert_equal [:locked, 2], [o.lock.lock(0), o.semaphore.value]
    o.close
    o.unlink
  end
end
