# support.rb: what the idioms' tests share: names of their own and the check that none is left, errors, collection, children, time.
require "minitest/autorun"
require "polyshm"
require "rbconfig"

module Scratch
  PREFIX = "idioms-ruby-#{$$}"

  def setup
    @process = $$
  end

  def teardown
    return if $$ != @process

    left = Dir.children("/dev/shm").select { |name| name.start_with?(PREFIX) }
    left.each { |name| File.unlink("/dev/shm/#{name}") }
    assert_empty left - made, "left in /dev/shm"
  end

  # A name of this run; the test's end removes what is there.
  def fresh(suffix = made.size)
    made << "#{PREFIX}.#{suffix}"
    made.last
  end

  def made
    @made ||= []
  end

  def scratch(size: 64, **options, &block)
    PolyShm::SharedMemory.create(fresh, size: size, **options, &block)
  end

  def lock(...)
    PolyShm::Lock.create(fresh, ...)
  end

  def semaphore(...)
    PolyShm::Semaphore.create(fresh, ...)
  end

  def event(...)
    PolyShm::Event.create(fresh, ...)
  end

  def assert_code(code, kind, &block)
    error = assert_raises(kind, &block)
    assert_kind_of PolyShm::Error, error
    assert_equal code, error.code
    error
  end

  # Of segments, in this process. The system may know them by other names: they had none when they were mapped.
  def mappings
    File.foreach("/proc/self/maps").count { |line| line.include?("/dev/shm/") }
  end

  # Ruby's collector sees dead references on the stack: what is to be collected must be made deeper than this.
  def deeper(depth = 50, &block)
    depth.zero? ? block.call : deeper(depth - 1, &block)
  end

  def collect
    deeper { nil }
    3.times { GC.start }
  end

  # Runs the block in a child; its result must be true.
  def in_child
    child = fork do
      exit!(yield ? 0 : 1)
    rescue Exception => error # rubocop:disable Lint/RescueException
      warn error.full_message
      exit!(2)
    end
    Process.wait(child)
    assert_predicate $?, :success?, "the child"
  end

  # Another interpreter runs the code, which says "ready"; it ends when this block does, at the latest, if it reads its input.
  def other_ruby(code, *arguments)
    IO.popen([RbConfig.ruby, "-rpolyshm", "-e", "$stdout.sync = true; #{code}", *arguments], "r+") do |child|
      assert_equal "ready\n", child.gets
      yield child
    end
  end

  def clock
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  def assert_takes(range)
    start = clock
    yield
    assert_includes range, clock - start
  end

  # A thread of its own that has begun to wait in the block.
  def waiting(&block)
    thread = Thread.new do
      Thread.current.report_on_exception = false
      block.call
    end
    Thread.pass until thread.stop?
    sleep 0.05
    thread
  end
end
