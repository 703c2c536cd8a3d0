# frozen_string_literal: true

require "polyshm"

NAME = ARGV[0]
ME = Integer(ARGV[1])

def check(good, what)
  return if good

  puts "#{ME}, Ruby: #{what}"
  exit! 1
end

shm = PolyShm::SharedMemory.attach(NAME)
v = shm.view(:int64)
lock = shm.lock
permits = PolyShm::Semaphore.attach("#{NAME}.permits")
event = PolyShm::Event.attach("#{NAME}.event")
$stdout.sync = true
puts "ready"

loop do
  outcome = lock.lock(10)
  check(outcome, "starved of the lock")
  if outcome == :recovered
    v[2] = v[1]
    v[0] = 0
    lock.repaired
    v.add(4, 1)
  end
  check(v[0].zero?, "not alone")
  check(v[1] == v[2], "half a change, and nobody said so")
  v[0] = ME
  v[1] += 1
  v[2] += 1
  check(v[0] == ME, "not alone any more")
  v[0] = 0
  lock.unlock
  check(permits.acquire(10), "starved of a permit")
  permits.release
  if ME.odd?
    check(event.wait(10), "slept through the event")
  else
    event.set
    event.clear
  end
  v.add(3, 1)
end
