# module.rb: what the module tells, and what it hides.
require "etc"
require_relative "support"

class ModuleTest < Minitest::Test
  include Scratch

  def test_the_module
    assert_equal PolyShm.version, PolyShm::VERSION
    assert_equal Etc.sysconf(Etc::SC_PAGESIZE), PolyShm.page_size
    shm = scratch(mode: 0o640)
    info = PolyShm.segments.find { |segment| segment.name == shm.name }
    assert_equal ["SharedMemory", 64, 0o640, Process.euid], [info.kind, info.size, info.mode, info.owner]
  end

  def test_what_the_facade_replaces_is_out_of_reach
    assert_empty PolyShm.singleton_methods.grep(/segment_|list_|lock_|semaphore_|event_|each_/)
    assert_empty PolyShm::SharedMemory.public_instance_methods.grep(/core_|new_buffer|give_back|describe/)
    [PolyShm::Lock, PolyShm::Semaphore, PolyShm::Event].each do |type|
      assert_empty type.public_instance_methods.grep(/core_|give_back|describe/)
      assert_empty type.public_methods.grep(/core_|lock_|semaphore_|event_|lend/)
    end
    assert_empty PolyShm::View.public_instance_methods.grep(/core_|values|assign/)
    assert_empty PolyShm::ShareableList.public_instance_methods.grep(/core_|values|assign|give_back/)
    assert_raises(NoMethodError) { PolyShm::SharedMemory.segment_create("x", 1, 1) }
  end
end
