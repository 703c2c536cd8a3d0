# errors.rb: exceptions, and what hostile arguments, objects and bytes come to.
require_relative "support"

class ErrorsTest < Minitest::Test
  include Scratch

  def test_failures_of_the_system_are_errno
    shm = scratch
    error = assert_code("EEXIST", Errno::EEXIST) { PolyShm::SharedMemory.create(shm.name, size: 1) }
    assert_match(/create "#{shm.name}"/, error.message)
    assert_equal Encoding::UTF_8, error.message.encoding
    assert_equal Errno::EEXIST::Errno, error.errno
    assert_code("ENOENT", Errno::ENOENT) { PolyShm::SharedMemory.attach(fresh("none")) }
    shm.unlink
    assert_code("ESTALE", Errno::ESTALE) { shm.resize(128) }
  end

  def test_misuse_is_rubys_own_classes
    shm = scratch
    assert_code("INDEX", IndexError) { shm.read(65) }
    assert_code("RANGE", RangeError) { shm.fill(256) }
    assert_code("TYPE", TypeError) { shm.write(0, 12) }
    assert_code("ARGUMENT", ArgumentError) { shm.view(:int9) }
    readonly = PolyShm::SharedMemory.attach(shm.name, readonly: true)
    assert_code("READONLY", PolyShm::ReadOnlyError) { readonly.write(0, "x") }
    shm.close
    assert_code("CLOSED", PolyShm::ClosedError) { shm.read }
  end

  def test_one_rescue_for_all
    caught = [-> { PolyShm::SharedMemory.attach("") }, -> { PolyShm::SharedMemory.attach("#{PREFIX}.none") }].map do |failing|
      failing.call
    rescue PolyShm::Error => error
      error.code
    end
    assert_equal %w[ARGUMENT ENOENT], caught
  end

  def test_a_misspelt_option_is_named_with_the_known_ones
    error = assert_code("ARGUMENT", ArgumentError) { PolyShm::SharedMemory.create(fresh, sise: 1) }
    assert_match(/:sise.*size, mode, exclusive/, error.message)
    assert_code("ARGUMENT", ArgumentError) { scratch.view(:int8, ofset: 1) }
    assert_code("ARGUMENT", ArgumentError) { PolyShm::SharedMemory.new(create: true, length: 1) }
  end
end

class HostileTest < Minitest::Test
  include Scratch

  def hostile
    other = PolyShm::SharedMemory.attach(made.last)
    closed = PolyShm::SharedMemory.attach(made.last).tap(&:close)
    [nil, true, false, -1, 0, 1, 64, 2**31, 2**62, 2**63 - 1, 2**63, 2**64, -(2**63), -(2**63) - 1, -(2**64), 2**2000, 1.5, -0.0,
     Float::NAN, Float::INFINITY, 1r, 1i, "12", "", "a\0b", "\xff", "x" * 100_000, :int32, :"a\0b", [], [1, nil], {}, 1..2, Object.new,
     BasicObject.new, Object, $stdout, other, closed, other.view(:int8), closed.method(:name), other.buffer, Struct.new(:size).new(5)]
  end

  # Whatever a call makes of it: an answer or an error of ours or of Ruby's, and the process lives.
  def survive(receiver, method, *arguments, **keywords, &block)
    receiver.public_send(method, *arguments, **keywords, &block)
  rescue StandardError => error
    known = [PolyShm::Error, ArgumentError, TypeError, NoMethodError]
    assert known.any? { |kind| error.is_a?(kind) }, -> { "#{method}: #{error.full_message}" }
    nil
  end

  def assert_survives(receiver, methods, arity)
    values = hostile
    random = Random.new(1)
    methods.each do |method|
      (0..arity).each do |count|
        tries = count < 2 ? values.size**count : 400
        tries.times do |k|
          survive(receiver, method, *Array.new(count) { count == 1 ? values[k] : values.sample(random: random) })
        end
      end
    end
  end

  SEGMENT_METHODS = %i[read write fill copy get_value set_value view [] []= stale? address refresh name size inspect].freeze
  VIEW_METHODS = %i[get set [] []= to_a replace fill count dtype offset inspect].freeze
  LIST_METHODS = %i[get set [] []= to_a replace count index capacity format length name each include? inspect].freeze

  def test_every_argument_of_a_segment
    assert_survives(scratch, SEGMENT_METHODS, 4)
  end

  def test_every_argument_of_a_view
    %i[uint8 int64 float32].each { |dtype| assert_survives(scratch_again.view(dtype), VIEW_METHODS, 3) }
  end

  ATOMICS = %i[load store add sub and or xor exchange compare_exchange].freeze

  def test_every_argument_of_atomics
    %i[uint8 int32 uint32 int64 uint64 float32].each { |dtype| assert_survives(scratch_again.view(dtype), ATOMICS, 3) }
  end

  LOCK_METHODS = %i[lock try_lock unlock owned? locked? dirty? repaired stale? name inspect].freeze
  SEMAPHORE_METHODS = %i[acquire try_acquire release value count stale? name inspect].freeze
  EVENT_METHODS = %i[wait set? set clear stale? name inspect].freeze

  # None of these would wait long: no argument is what the elements are, and what is waited for is there, or this thread has it.
  def test_every_argument_of_a_wait
    scratch
    %i[int32 uint64].each { |dtype| assert_survives(scratch_again.view(dtype).fill(77_777_777), %i[wait notify], 3) }
    assert_survives(event.tap(&:set), EVENT_METHODS, 0)
    assert_survives(event.tap(&:set), %i[wait], 2)
    assert_survives(semaphore(count: 1024), SEMAPHORE_METHODS, 2)
    assert_survives(lock, LOCK_METHODS, 2)
    hostile.each do |value|
      [lock, semaphore].each { |object| survive(object, :synchronize, timeout: value) { nil } }
      [lock, semaphore].each { |object| survive(object, :synchronize, value) { nil } }
    end
  end

  def test_every_argument_of_closed_primitives
    scratch # for hostile
    assert_survives(lock.tap(&:close), LOCK_METHODS + [:synchronize], 1)
    assert_survives(semaphore.tap(&:close), SEMAPHORE_METHODS + [:synchronize], 1)
    assert_survives(event.tap(&:close), EVENT_METHODS, 1)
  end

  def test_every_argument_of_the_classes_of_primitives
    name = lock.name
    scratch # for hostile
    [PolyShm::Lock, PolyShm::Semaphore, PolyShm::Event].each do |type|
      hostile.each do |value|
        # "12" would be a name; nil, too, has create make one.
        %i[create attach open unlink].each { |method| survive(type, method, value) unless [nil, "12"].include?(value) }
        survive(type, :attach, name, any_owner: value)
        survive(type, :attach, name, timeout: value)
        survive(type, :create, fresh("new"), mode: value)
        survive(type, :open, fresh("new"), any_owner: value)
        survive(type, :create, fresh("new"), count: value)
      end
    end
  end

  # Bytes that another process makes anything of: answers and errors, in time.
  def test_primitives_whose_bytes_are_anything
    objects = [lock, semaphore(count: 3), event]
    random = Random.new(3)
    objects.each do |object|
      shm = PolyShm::SharedMemory.attach(object.name)
      whole = shm.read
      300.times do |round|
        shm.write(0, whole) if (round % 20).zero?
        length = random.rand(1..12)
        shm.write([random.rand(76), 4096 + random.rand(shm.size - 4096 - length)].sample(random: random), random.bytes(length))
        survive(object.class, :attach, object.name) { |other| use(other) }
        use(object)
      end
    end
  end

  def use(object)
    case object
    when PolyShm::Lock then %i[try_lock owned? locked? dirty? unlock].each { |method| survive(object, method) }
    when PolyShm::Semaphore then %i[try_acquire value release].each { |method| survive(object, method) }
    when PolyShm::Event then %i[set? set wait clear].each { |method| survive(object, method, *(0.001 if method == :wait)) }
    end
    survive(object, :synchronize, timeout: 0.001) { nil } unless object.is_a?(PolyShm::Event)
  end

  def scratch_list
    PolyShm::ShareableList.create(fresh, [1, 2.5, "text", "\xff".b, nil, true, "x" * 1000])
  end

  def test_every_argument_of_a_list
    assert_survives(scratch_list, LIST_METHODS, 3)
    readonly = PolyShm::ShareableList.attach(made.last, readonly: true)
    before = readonly.shm.read
    assert_survives(readonly, LIST_METHODS, 2)
    assert_equal before, readonly.shm.read
    assert_survives(readonly.tap(&:close), LIST_METHODS, 2)
  end

  def test_every_argument_of_the_class_of_lists
    name = scratch_list.name
    hostile.each do |value|
      # "12" would be a name; nil, too, has create make one.
      %i[attach unlink].each { |method| survive(PolyShm::ShareableList, method, value) unless "12" == value } # rubocop:disable Style/YodaCondition
      %i[create open].each do |method|
        survive(PolyShm::ShareableList, method, value, [1]) unless [nil, "12"].include?(value)
        survive(PolyShm::ShareableList, method, fresh("new"), value)
        survive(PolyShm::ShareableList, method, fresh("new"), [1, "a", value])
        survive(PolyShm::ShareableList, method, fresh("new"), [1, "a"], reserve: value)
        survive(PolyShm::ShareableList, method, fresh("new"), [1, "a"], reserve: [value, 8])
        survive(PolyShm::ShareableList, method, fresh("new"), [1, "a"], mode: value)
      end
      survive(PolyShm::ShareableList, :attach, name, readonly: value)
      survive(PolyShm::ShareableList, :attach, name, timeout: value)
      survive(PolyShm::ShareableList, :new, [1], name: value) unless [nil, "12"].include?(value)
    end
  end

  def test_a_list_whose_bytes_are_anything
    list = scratch_list
    shm = PolyShm::SharedMemory.attach(list.name)
    random = Random.new(2)
    whole = shm.read
    2000.times do |round|
      shm.write(0, whole) if (round % 20).zero?
      length = random.rand(1..12)
      shm.write(random.rand(shm.size - length), random.bytes(length))
      survive(PolyShm::ShareableList, :attach, list.name, &:to_a)
      %i[to_a inspect format].each { |method| survive(list, method) }
      survive(list, :index, "none")
      7.times { |i| survive(list, :[], i) }
      survive(list, :[]=, random.rand(7), [7, "text", nil, "\xfe".b].sample(random: random))
    end
    list.replace([1, 2, "end"])
    assert_equal [1, 2, "end"], list.to_a(0, 3)
  end

  def test_an_array_that_changes_while_it_is_read
    values = ["a".encode("UTF-16LE")] * 500
    done = false
    thread = Thread.new { (values.clear && values.concat(["b".encode("UTF-32BE")] * 500)) until done }
    50.times do
      list = PolyShm::ShareableList.create(fresh("changing"), values)
      assert_includes [0, 500], list.length
      list.unlink
    end
  ensure
    done = true
    thread.join
  end

  def scratch_again
    made.empty? ? scratch : PolyShm::SharedMemory.attach(made.last)
  end

  def test_every_argument_of_closed_ones
    shm = scratch
    view = shm.view(:int32)
    shm.close
    assert_survives(shm, SEGMENT_METHODS + [:resize], 2)
    assert_survives(view, VIEW_METHODS, 2)
  end

  def test_every_argument_of_a_read_only_one
    scratch
    shm = PolyShm::SharedMemory.attach(made.last, readonly: true)
    assert_survives(shm, SEGMENT_METHODS + [:resize], 3)
    assert_survives(shm.view(:int16), VIEW_METHODS, 3)
    assert_equal "\0" * 64, shm.read
  end

  def test_every_argument_of_the_class
    scratch
    hostile.each do |value|
      # "12" would be a name; nil, too, has create make one.
      %i[create attach open new unlink].each { |method| survive(PolyShm::SharedMemory, method, value) unless [nil, "12"].include?(value) }
      survive(PolyShm::SharedMemory, :attach, made.first, readonly: value)
      survive(PolyShm::SharedMemory, :attach, made.first, timeout: value)
      survive(PolyShm::SharedMemory, :create, fresh("new"), size: 1, mode: value)
      survive(PolyShm::SharedMemory, :open, fresh("new"), size: 1, any_owner: value)
      next if Integer === value && value.between?(1, 2**40) # that one would be made

      assert_nil survive(PolyShm::SharedMemory, :create, fresh("size"), size: value)
    end
  end

  def test_no_object_of_another_class_is_a_handle
    shm = scratch
    [shm.view(:int8), scratch_list, lock, shm.buffer, shm.method(:size), Thread.current, Random.new, binding, Object.new,
     BasicObject.new].each do |other|
      assert_code("TYPE", TypeError) { shm.copy(other) }
    end
  end

  def test_no_object_without_a_handle
    shm = scratch
    [shm, shm.view(:int8), scratch_list, lock, semaphore, event].each do |object|
      assert_raises(TypeError) { object.class.allocate }
      assert_raises(TypeError) { Class.new(object.class).allocate }
      assert_raises(TypeError) { object.dup }
      assert_raises(TypeError) { object.clone }
      assert_raises(TypeError) { Marshal.dump(object) }
      assert_raises(TypeError, ArgumentError) { Marshal.load("\x04\bo:#{(object.class.name.size + 5).chr}#{object.class.name}\0") }
    end
    assert_raises(NoMethodError) { PolyShm::View.new }
  end

  def test_no_method_on_another_object
    [Object.new, "text", PolyShm::View].each do |other|
      assert_raises(TypeError) { PolyShm::SharedMemory.instance_method(:size).bind_call(other) }
    end
    assert_raises(TypeError) { PolyShm::View.instance_method(:get).bind_call(scratch, 0) }
    assert_raises(TypeError) { PolyShm::ShareableList.instance_method(:get).bind_call(scratch, 0) }
    assert_raises(TypeError) { PolyShm::Lock.instance_method(:lock).bind_call(semaphore) }
    assert_raises(TypeError) { PolyShm::Semaphore.instance_method(:acquire).bind_call(event) }
    assert_raises(TypeError) { PolyShm::Semaphore.instance_method(:synchronize).bind_call(lock) { nil } }
    assert_raises(TypeError) { PolyShm::Event.instance_method(:set).bind_call(lock) }
  end
end
