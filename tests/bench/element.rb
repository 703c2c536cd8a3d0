# element.rb NAME PASSES COUNT: one get and one set of a view's element, by method and by index, ours and the yardstick's.
# The segment NAME holds at least 1000 doubles.
# row: x = t.get(i) | hand-written <= 1.1 | memoryview: x = t[i] <= 1.0
# row: t.set(i, x) | hand-written <= 1.1 | memoryview: t[i] = x <= 1.0
# row: x = t[i] | hand-written <= 1.1 | memoryview: x = t[i] <= 1.0
# row: t[i] = x | hand-written <= 1.1 | memoryview: t[i] = x <= 1.0
require 'polyshm'
require_relative 'interleave'

name, passes, count = ARGV[0], Integer(ARGV[1]), Integer(ARGV[2])
objects = { 'ours' => PolyShm::SharedMemory.attach(name).view(:float64), 'hand-written' => Yardstick.open(name) }
['x = t.get(i)', 't.set(i, x)', 'x = t[i]', 't[i] = x'].each { |statement| calls(passes, count, statement, objects) }
