# list.rb NAME PASSES: a whole segment of doubles as an Array, and an Array into it; the yardstick is a hand-written C loop.
require 'polyshm'
require_relative 'interleave'

name, passes = ARGV[0], Integer(ARGV[1])
view = PolyShm::SharedMemory.attach(name).view(:float64)
hand = Yardstick.open(name)
list = hand.values

interleave(passes, [
  ['to list', 'ours', -> { timed { view.to_a } }],
  ['to list', 'hand-written', -> { timed { hand.values } }]
])
interleave(passes, [
  ['from list', 'ours', -> { timed { view.replace(list) } }],
  ['from list', 'hand-written', -> { timed { hand.assign(list) } }]
])
