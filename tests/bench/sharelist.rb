# sharelist.rb NAME PASSES COUNT: a ShareableList of 1000 mixed items: one get, one set, and all of them as an Array.
# The loop's own time is measured in the same pass and subtracted.
require 'polyshm'
require_relative 'interleave'

name, passes, count = ARGV[0], Integer(ARGV[1]), Integer(ARGV[2])

def value(k)
  [k, k + 0.25, "text #{k}", "\xff #{k}".b, k.even?, nil, k, k + 0.25, "text #{k}"][k % 9]
end

values = Array.new(1000) { |k| value(k) }
list = PolyShm::ShareableList.create(name, values)

empty = loop_of('x = v[i]')
net = lambda do |statement|
  run = loop_of("x = v[i]; #{statement}")
  -> { (run.call(list, values, count / 1000) - empty.call(list, values, count / 1000)).fdiv(count) }
end

interleave(passes, [['get', 'ours', net['x = t[i]']], ['set', 'ours', net['t[i] = x']]])
interleave(passes, [['get item 999', 'get item 0', net['x = t[0]']], ['get item 999', 'ours', net['x = t[999]']]])
interleave(passes, [['to list', 'ours', -> { timed { 20.times { list.to_a } } / 20.0 }]])
list.close
list.unlink
