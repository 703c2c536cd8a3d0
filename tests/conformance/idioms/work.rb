# work.rb: calls that work long let other threads run, and are broken by what breaks waits.
require "timeout"
require_relative "support"

class WorkTest < Minitest::Test
  include Scratch

  SIZE = 80 << 20 # two steps

  def setup
    super
    @shm = scratch(size: SIZE)
  end

  def teardown
    @shm.close
    super
  end

  # Each works on so many bytes that it goes in steps.
  WORK = {
    create: -> (test) { test.scratch(size: SIZE).close },
    open: -> (test) { PolyShm::SharedMemory.open(test.fresh, size: SIZE).close },
    resize: -> (test) { test.grown.resize(SIZE) },
    fill: -> (test) { test.shm.fill(7) },
    copy: -> (test) { test.shm.copy(test.shm, SIZE / 4, SIZE / 2) },
    read: -> (test) { test.bytes = test.shm.read },
    write: -> (test) { test.shm.write(0, test.bytes) },
    view_fill: -> (test) { test.shm.view(:float64).fill(1.5) }
  }.freeze

  attr_reader :shm
  attr_writer :bytes

  def bytes
    @bytes ||= "x" * SIZE
  end

  def grown
    @grown ||= scratch(size: 64)
  end

  # How often another thread found this one waiting, in the block. It never sleeps, so only where Ruby's lock is let go.
  def ticks
    count = 0
    me = Thread.current
    running = true
    ticker = Thread.new { (count += 1 if me.stop?) while running }
    50.times { count.zero? && yield } # a busy machine may not run the other one in time
    count
  ensure
    running = false
    ticker.join
  end

  WORK.each do |verb, work|
    define_method(:"test_other_threads_run_during_#{verb}") do
      bytes
      grown
      assert_operator ticks { work.call(self) }, :>, 0
    end

    # It is pending before the call, and raised where that lets other threads run.
    define_method(:"test_an_interrupt_breaks_#{verb}") do
      bytes
      grown
      me = Thread.current
      reached = sent = false
      Thread.handle_interrupt(KeyError => :on_blocking) do
        Thread.new { sent = me.raise(KeyError, "mine") || true }
        Thread.pass until sent
        assert_raises(KeyError) do
          work.call(self)
          reached = true
        end
      end
      refute reached
      assert_equal 64, grown.size
      assert_equal [], Dir.children("/dev/shm").grep(/^\.polyshm/)
      work.call(self) # and the thread is fit
    end
  end

  # Another process holds the right to grow it.
  def with_growth_locked
    file = File.open("/dev/shm/#{grown.name}", "r+")
    file.flock(File::LOCK_EX)
    yield
  ensure
    file.close
  end

  def test_resize_waits_for_another_grower_and_others_run
    with_growth_locked do
      assert_operator ticks { assert_raises(Timeout::Error) { Timeout.timeout(0.2) { grown.resize(4096) } } }, :>, 0
      thread = waiting { grown.resize(4096) }
      thread.kill.join
      thread = waiting { grown.resize(4096) }
      thread.raise(KeyError, "mine")
      assert_raises(KeyError) { thread.value }
    end
    assert_equal 64, grown.size
    grown.resize(4096)
    assert_equal 4096, grown.size
  end

  def test_another_thread_may_close_what_works
    [-> { shm.fill(1) }, -> { shm.read }, -> { shm.write(0, bytes) }].each do |use|
      bytes
      thread = Thread.new { loop { use.call } rescue $!.code } # rubocop:disable Style/RescueModifier
      Thread.pass while thread.alive? && !thread.stop? && rand(1000) != 0
      shm.close
      assert_equal "CLOSED", thread.value
      @shm = scratch(size: SIZE)
    end
  end

  def test_another_thread_may_close_what_grows
    with_growth_locked do
      thread = waiting { grown.resize(SIZE) }
      grown.close
    ensure
      @thread = thread
    end
    assert_code("CLOSED", PolyShm::ClosedError) { @thread.value }
  end

  # Whatever is written is what the String held when the call began.
  def test_a_string_that_changes_while_it_is_written
    text = "a" * SIZE
    writer = Thread.new { shm.write(0, text) }
    (text[-1] = "b") && Thread.pass while writer.alive?
    writer.join
    assert_includes %w[a b], shm.read(SIZE - 1, 1)
    text.replace("")
    GC.start
    assert_equal "a", shm.read(0, 1)
  end

  def test_a_list_whose_text_moves
    text = Array.new(300_000) { |i| "item #{i}" }
    GC.auto_compact = true if GC.respond_to?(:auto_compact=)
    collecting = true
    collector = Thread.new { GC.start while collecting }
    list = PolyShm::ShareableList.create(fresh, text, reserve: 16)
    assert_equal text, list.to_a
  ensure
    collecting = false
    collector.join
    GC.auto_compact = false if GC.respond_to?(:auto_compact=)
  end
end
