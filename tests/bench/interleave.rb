# This is what the scripts of the families share: the yardstick, with its clock, and interleave.
require ENV.fetch('POLYSHM_YARDSTICK')

# Tells which run of the script this is: 0, 1, ...
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

# This is what one call takes.
def timed
  GC.start
  start = Yardstick.clock
  yield
  Yardstick.clock - start
end

# A lambda of t, v and times that runs the statement times * 1000 times, with i from 0 to 999 and an x, and returns the
# nanoseconds. Each call makes code of its own, so that no object profits from what the interpreter learnt with another.
def loop_of(statement)
  eval <<~RUBY
    lambda do |t, v, times|
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

# Interleaves `count` runs of a statement on each object, its t; a measure of that name. The loop's own time is measured in the
# same pass and subtracted. objects: {variant => object}
def calls(passes, count, statement, objects)
  empty = loop_of('')
  interleave(passes, objects.map do |variant, object|
    run = loop_of(statement)
    [statement, variant, -> { (run.call(object, nil, count / 1000) - empty.call(nil, nil, count / 1000)).fdiv(count) }]
  end)
end
