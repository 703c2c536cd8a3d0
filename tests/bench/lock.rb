# lock.rb NAME PASSES COUNT: lock + unlock, ours, the yardstick's, which has its mutex in the segment NAME, and Ruby's own.
# row: t.lock; t.unlock | Mutex
require 'polyshm'
require_relative 'interleave'

name, passes, count = ARGV[0], Integer(ARGV[1]), Integer(ARGV[2])
lock = PolyShm::Lock.create("#{name}.lock")
lock.unlink # it goes on without its name
objects = { 'ours' => lock, 'hand-written' => Yardstick.open(name), 'Mutex' => Mutex.new }
calls(passes, count, 't.lock; t.unlock', objects)
