# atomics.rb NAME PASSES COUNT: an atomic add on 1000 integers of the segment NAME, ours and the yardstick's.
# row: x = t.add(i, 1)
require 'polyshm'
require_relative 'interleave'

name, passes, count = ARGV[0], Integer(ARGV[1]), Integer(ARGV[2])
view = PolyShm::SharedMemory.attach(name).view(:int64)
view.fill(0)
calls(passes, count, 'x = t.add(i, 1)', { 'ours' => view, 'hand-written' => Yardstick.open(name) })
