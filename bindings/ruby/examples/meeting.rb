# A reader waits for a writer's segment, and reads it without a copy: timeouts, errors, IO::Buffer.
require "polyshm"

NAME = "meeting-#{$$}"
READY = 0 # byte offsets
TEXT = 8

begin
  PolyShm::SharedMemory.attach(NAME, timeout: 0.1)
rescue Errno::ENOENT => error
  puts "not yet: #{error.code}"
end

reader, output = IO.pipe
process = fork do
  PolyShm::SharedMemory.attach(NAME, readonly: true, timeout: 5) do |shm|
    sleep 0.01 until shm.get_value(:int64, READY) == 1
    output.puts "read: #{shm.buffer.get_string(TEXT, 11)}, of #{shm.size} bytes"
    begin
      shm[TEXT, 5] = "HELLO"
    rescue PolyShm::Error => error
      output.puts "not written: #{error.code}"
    end
  end
end
output.close

PolyShm::SharedMemory.create(NAME, size: 64, unlink: true) do |shm|
  shm[TEXT, 11] = "hello world"
  shm.set_value(:int64, READY, 1)
  puts reader.read
  Process.wait(process)
end
puts "gone: #{PolyShm.segments.none? { |segment| segment.name == NAME }}"

# output:
# not yet: ENOENT
# read: hello world, of 64 bytes
# not written: READONLY
# gone: true
