# directory.rb: another directory than /dev/shm. It is chosen once for the process, so all of it is one test.
require "tmpdir"
require_relative "support"

class DirectoryTest < Minitest::Test
  def refused(type, path)
    assert_raises(type) { PolyShm.directory = path }
  end

  def test_it_is_chosen_once
    directory = Dir.mktmpdir("idioms-ruby", "/dev/shm")
    assert_equal "/dev/shm", PolyShm.directory
    ["dev/shm", "", nil, "/dev/shm\0more"].each { |path| refused(ArgumentError, path) }
    refused(TypeError, 1)
    assert_match(/set_directory: there is no \/nowhere: make it/, refused(Errno::ENOENT, "/nowhere").message)
    assert_kind_of PolyShm::Error, refused(Errno::EOPNOTSUPP, "/proc")
    assert_equal "/dev/shm", PolyShm.directory

    PolyShm.directory = directory
    assert_equal directory, PolyShm.directory
    PolyShm::SharedMemory.create("it", size: 64, unlink: true) do
      assert_equal [["it", 64]], PolyShm.segments.map { |segment| [segment.name, segment.size] }
      assert_equal 64, File.size("#{directory}/it")
      refused(ArgumentError, "/dev/shm")
      PolyShm.directory = directory
    end
    assert_raises(NoMethodError) { PolyShm.set_directory(directory) }

    Dir.rmdir(directory)
    missing = assert_raises(Errno::ENOENT) { PolyShm::SharedMemory.create("it") }
    assert_includes missing.message, "there is no #{directory}"
  end
end
