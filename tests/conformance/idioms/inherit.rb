# inherit.rb: classes that inherit from ours, and what their verbs make.
require_relative "support"

class InheritTest < Minitest::Test
  include Scratch

  # Each class, with the arguments of its create.
  CLASSES = {PolyShm::SharedMemory => [[], {size: 64}], PolyShm::ShareableList => [[[1, "two"]], {}],
             PolyShm::Lock => [[], {}], PolyShm::Semaphore => [[], {count: 2}], PolyShm::Event => [[], {}]}.freeze

  def test_no_class_is_left_out
    named = PolyShm.constants.map { |name| PolyShm.const_get(name) }.select { |type| Class === type && type.respond_to?(:attach) }
    assert_equal named.map(&:name).sort, CLASSES.keys.map(&:name).sort
  end

  def test_the_verbs_make_what_was_asked
    CLASSES.each do |base, (arguments, options)|
      name = fresh
      mine = Class.new(base) { def twice = name * 2 }
      made = mine.create(name, *arguments, **options)
      attached = mine.attach(name)
      opened = mine.open(name, *arguments, **options)
      [made, attached, opened].each do |object|
        assert_instance_of mine, object
        assert_kind_of base, object
        assert_equal name * 2, object.twice
        assert_match(/\A#{base.name.split("::").last}\(/, object.inspect)
      end
      mine.attach(name) { |object| assert_instance_of mine, object }
      assert_instance_of base, base.attach(name)
      [attached, opened].each(&:close)
      made.unlink
      made.close
      assert_raises(PolyShm::ClosedError) { made.is_a?(PolyShm::ShareableList) ? made[0] : probe(made) }
    end
  end

  def test_the_constructor
    mine = Class.new(PolyShm::SharedMemory)
    name = fresh
    made = mine.new(name, create: true, size: 64)
    assert_instance_of mine, made
    assert_instance_of mine, mine.new(name: name)
    assert_instance_of PolyShm::View, made.view(:int8)
    assert_instance_of PolyShm::Lock, made.lock
    made.unlink
    list = Class.new(PolyShm::ShareableList).create(fresh, [1])
    assert_instance_of PolyShm::SharedMemory, list.shm
    list.unlink
  end

  def test_the_collector_frees_them
    mine = Class.new(PolyShm::SharedMemory)
    2000.times { mine.create(nil, size: 64, unlink: true) { |shm| shm.write(0, "x") } }
    GC.start
    refute_predicate mine.create(nil, size: 64, unlink: true) { |shm| shm }, :readonly?
  end

  private

  def probe(object)
    case object
    when PolyShm::SharedMemory then object.read
    when PolyShm::Lock then object.lock
    when PolyShm::Semaphore then object.acquire
    else object.set
    end
  end
end
