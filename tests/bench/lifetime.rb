# lifetime.rb NAME PASSES COUNT: create + close + unlink of one page.
require 'polyshm'
require_relative 'interleave'

name, passes, count = ARGV[0], Integer(ARGV[1]), Integer(ARGV[2])
lives = lambda do
  count.times do
    shm = PolyShm::SharedMemory.create(name, size: 4096)
    shm.close
    shm.unlink
  end
end
interleave(passes, [['create+close+unlink', 'ours', -> { timed(&lives).fdiv(count) }]])
