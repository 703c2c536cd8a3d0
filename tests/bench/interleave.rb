# What the scripts of the families share: the yardstick, with its clock, and interleave.
require ENV.fetch('POLYSHM_YARDSTICK')

# Which run of the script this is: 0, 1, ...
ROUND = Integer(ENV.fetch('POLYSHM_BENCH_ROUND'))

# Lets each run, which returns its nanoseconds, take its turn in each pass, and prints a line for each; the order is turned
# round in every other pass, the first pass warms up. runs: [[measure, variant, run], ...]
def interleave(passes, runs)
  (0..passes).each do |pass|
    (pass.even? ? runs : runs.reverse).each do |measure, variant, run|
      time = run.call
      puts "#{measure}\t#{variant}\t#{time}" if pass > 0
    end
  end
end

# What one call takes.
def timed
  GC.start
  start = Yardstick.clock
  yield
  Yardstick.clock - start
end
