# sampler.rb NAME SECONDS: samples this machine's load into a segment that it makes.
require "polyshm"

RATE = 5 # samples a second
SLOTS = 64

def processor_times
  times = File.foreach("/proc/stat").first.split.drop(1).map(&:to_i)
  idle = times[3] + times[4]
  [times.first(8).sum, idle]
end

def memory_percent
  kilobytes = File.foreach("/proc/meminfo").first(3).to_h { |line| line.split.then { |word| [word[0], word[1].to_f] } }
  100 * (1 - kilobytes["MemAvailable:"] / kilobytes["MemTotal:"])
end

# Wakes those who wait for news.
def tell(counts)
  counts.add(3, 1)
  counts.notify(3)
end

name, seconds = ARGV
PolyShm::SharedMemory.create(name, size: 4096) do |shm|
  counts = shm.view(:int32, offset: 0, count: 4)
  processor = shm.view(:float64, offset: 512, count: SLOTS)
  memory = shm.view(:float64, offset: 1024, count: SLOTS)

  total, idle = processor_times
  (seconds.to_f * RATE).ceil.times do |k|
    sleep 1.0 / RATE
    new_total, new_idle = processor_times
    spent = [new_total - total, 1].max
    processor[k % SLOTS] = 100.0 * (spent - (new_idle - idle)) / spent
    memory[k % SLOTS] = memory_percent
    counts[0] = k + 1
    tell(counts)
    total, idle = new_total, new_idle
  end
  counts[1] = 1
  tell(counts)
end
