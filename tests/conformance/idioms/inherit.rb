# inherit.rb: classes that inherit from ours, and what their verbs make.
require_relative "support"

class InheritTest < Minitest::Test
  include Scratch

  # Each class whose objects have a name, with the arguments of its create.
  CLASSES = PolyShm.constants.map { |name| PolyShm.const_get(name) }.select { |type| Class === type && type.respond_to?(:attach) }
                   .to_h { |type| [type, type == PolyShm::ShareableList ? [[1, "two"]] : []] }.freeze

  def test_the_verbs_make_what_was_asked
    CLASSES.each do |base, arguments|
      name = fresh
      mine = Class.new(base) { def twice = name * 2 }
      made = mine.create(name, *arguments)
      attached = mine.attach(name)
      opened = mine.open(name, *arguments)
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
      assert_raises(PolyShm::ClosedError) { probe(made) }
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

  # A call that a closed handle refuses.
  def probe(object)
    return object[0] if object.is_a?(PolyShm::ShareableList)

    object.public_send(%i[read acquire set lock].find { |call| object.respond_to?(call) })
  end
end
