# element.rb NAME PASSES COUNT: one get and one set of a view's element, by method and by index, ours and the yardstick's.
# The loop's own time is measured in the same pass and subtracted. The segment NAME holds at least 1000 doubles.
require 'polyshm'
require_relative 'interleave'

name, passes, count = ARGV[0], Integer(ARGV[1]), Integer(ARGV[2])
objects = { 'ours' => PolyShm::SharedMemory.attach(name).view(:float64), 'hand-written' => Yardstick.open(name) }

# Each object gets code of its own, so that neither profits from what the interpreter learnt with the other.
def loop_of(statement)
  eval <<~RUBY
    lambda do |t, times|
      x = 1.5
      start = Yardstick.clock
      times.times do
        i = 0
        while i < 1000
          #{statement}
          i += 1
        end
      end
      Yardstick.clock - start
    end
  RUBY
end

empty = loop_of('')
['x = t.get(i)', 't.set(i, x)', 'x = t[i]', 't[i] = x'].each do |statement|
  interleave(passes, objects.map do |variant, object|
    run = loop_of(statement)
    [statement, variant, -> { (run.call(object, count / 1000) - empty.call(nil, count / 1000)).fdiv(count) }]
  end)
end
