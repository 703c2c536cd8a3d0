# host.rb: what host.c calls in Ruby: see host.h.
module Host
  module_function

  def load_polyshm
    require 'polyshm'
  end

  def load_anew
    require 'polyshm' # Ruby forgets nothing
  end

  def assert(truth)
    raise 'not so' unless truth
  end

  def refuses(error)
    yield
  rescue error
    true
  else
    raise "no #{error}"
  end

  def work
    $shm = PolyShm::SharedMemory.create(size: 4096)
    $shm.unlink
    $view = $shm.view(:int32)
    $view[0] = 7
    $list = PolyShm::ShareableList.create(nil, [1, 'two', nil])
    $list.unlink
    $lock = PolyShm::Lock.create
    $lock.unlink
    $event = PolyShm::Event.create
    $event.unlink
  end

  def use
    assert $view[0] == 7 && $list.to_a == [1, 'two', nil]
    assert $lock.synchronize { 5 } == 5
    $event.set
    assert $event.wait(0)
    refuses(IndexError) { $view[-1] }
    GC.start
  end

  def neighbours
    $neighbours = ENV['POLYSHM_EMBED_NAMES'].split.map do |name|
      require File.join(ENV['POLYSHM_EMBED_NEIGHBOURS'], name)
      Object.const_get(name.capitalize)
    end
  end

  def beside
    $neighbours.each do |neighbour|
      theirs = neighbour.make(5)
      assert neighbour.peek(theirs) == 5
      others = [$shm, $list, $lock, $event]
      others << $view unless neighbour.name.end_with?('twin') # SWIG takes types of one name in C for one
      others.each { |ours| refuses(TypeError) { neighbour.peek(ours) } }
      refuses(TypeError) { $shm.copy(theirs) }
      use
      assert neighbour.peek(theirs) == 5
    end
  end

  def own
    $lock = PolyShm::Lock.attach(ENV['POLYSHM_EMBED_NAME'])
    $lock.lock
  end

  def wait
    PolyShm::Lock.attach(ENV['POLYSHM_EMBED_NAME']).lock
  end

  def own_and_wait
    Thread.new do
      own
      sleep
    end
    Thread.new { wait }
    sleep 0.2
  end
end
