# element.rb NAME PASSES COUNT: one get and one set of a view's element, by method and by index, ours and the yardstick's.
# The loop's own time is measured in the same pass and subtracted. The segment NAME holds at least 1000 doubles.
require 'polyshm'
require_relative 'interleave'

name, passes, count = ARGV[0], Integer(ARGV[1]), Integer(ARGV[2])
objects = { 'ours' => PolyShm::SharedMemory.attach(name).view(:float64), 'hand-written' => Yardstick.open(name) }

empty = loop_of('')
['x = t.get(i)', 't.set(i, x)', 'x = t[i]', 't[i] = x'].each do |statement|
  interleave(passes, objects.map do |variant, object|
    run = loop_of(statement)
    [statement, variant, -> { (run.call(object, nil, count / 1000) - empty.call(nil, nil, count / 1000)).fdiv(count) }]
  end)
end
