# Four processes fill one array: views, blocks, Enumerable.
require "polyshm"

WORKERS = 4
NUMBERS = 1000

PolyShm::SharedMemory.create(size: 8 * NUMBERS, unlink: true) do |shm|
  squares = shm.view(:int64)
  puts "before: #{squares.sum}"

  workers = Array.new(WORKERS) do |worker|
    fork { (worker...NUMBERS).step(WORKERS) { |i| squares[i] = i * i } }
  end
  workers.each { |process| Process.wait(process) }

  puts "after: #{squares.sum}"
  puts "the first: #{squares.first(5).join(" ")}"
  puts "even ones: #{squares.count(&:even?)}"
  puts "the largest: #{squares.max}, at #{squares.find_index(squares.max)}"
end

# output:
# before: 0
# after: 332833500
# the first: 0 1 4 9 16
# even ones: 500
# the largest: 998001, at 999
