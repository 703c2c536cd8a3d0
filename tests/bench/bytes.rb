# bytes.rb NAME PASSES: a whole segment read into a fresh string and written from one; the yardsticks are malloc and memcpy,
# and IO::Buffer#get_string.
# row: read | IO::Buffer#get_string <= 1.05
Warning[:experimental] = false # IO::Buffer is
require 'polyshm'
require_relative 'interleave'

name, passes = ARGV[0], Integer(ARGV[1])
# Where a mapping lies makes 5 %: who maps first changes with the round.
shm = PolyShm::SharedMemory.attach(name) if ROUND.even?
hand = Yardstick.open(name)
shm ||= PolyShm::SharedMemory.attach(name)
size = shm.size
buffer = File.open("/dev/shm/#{name}", 'r+') { |file| IO::Buffer.map(file) }
bytes = shm.read(0, size)

# Lets go of the string after the clock was read, not at some later moment.
def timed_string
  string = nil
  time = timed { string = yield }
  string.clear
  time
end

copy_out = lambda do
  time = timed { hand.copy_out }
  hand.drop
  time
end
interleave(passes, [
  ['read', 'ours', -> { timed_string { shm.read(0, size) } }],
  ['read', 'malloc + memcpy', copy_out],
  ['read', 'IO::Buffer#get_string', -> { timed_string { buffer.get_string(0, size) } }]
])
interleave(passes, [
  ['write', 'ours', -> { timed { shm.write(0, bytes) } }],
  ['write', 'memcpy', -> { timed { hand.copy_in(bytes) } }]
])
