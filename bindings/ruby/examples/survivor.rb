# A worker is killed between two writes that belong together; the next one to lock is told, and puts things in order.
require "polyshm"

ALL = 100

PolyShm::SharedMemory.create(size: 16, unlink: true) do |shm|
  accounts = shm.view(:int64).replace([60, 40])
  halfway = PolyShm::Event.create("#{shm.name}.halfway")

  worker = fork do
    shm.lock.synchronize do
      accounts[0] -= 10
      halfway.set
      sleep # and is killed before it can do the rest
      accounts[1] += 10
    end
  end

  halfway.wait
  puts "while the worker has it: #{shm.lock.try_lock.inspect}"
  Process.kill(:KILL, worker)

  shm.lock.synchronize do |outcome|
    puts "#{outcome}, with #{accounts.sum} of #{ALL}"
    accounts[1] = ALL - accounts[0]
    shm.lock.repaired
  end
  shm.lock.synchronize { |outcome| puts "#{outcome}, with #{accounts.to_a.join(" + ")}" }

  Process.wait(worker)
  [shm.lock, halfway].each(&:unlink)
end

# output:
# while the worker has it: nil
# recovered, with 90 of 100
# locked, with 50 + 50
