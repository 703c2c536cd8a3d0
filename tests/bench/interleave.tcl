# What the scripts of the families share: the yardstick, with its clock, and interleave.
load $env(POLYSHM_YARDSTICK) Yardstick

# Which run of the script this is: 0, 1, ...
set round $env(POLYSHM_BENCH_ROUND)

# Lets each run, a script that gives its nanoseconds, take its turn in each pass, and prints a line for each; the order is
# turned round in every other pass, the first pass warms up. runs: {measure variant run ...}
proc interleave {passes runs} {
  foreach {measure variant run} $runs {lappend forth [list $measure $variant $run]}
  for {set pass 0} {$pass <= $passes} {incr pass} {
    foreach each [expr {$pass % 2 ? [lreverse $forth] : $forth}] {
      lassign $each measure variant run
      set time [eval $run]
      if {$pass > 0} {puts "$measure\t$variant\t$time"}
    }
  }
}

# What one command takes. Its result is freed after the clock was read.
proc timed {args} {
  set start [yardstick::clock]
  set result [{*}$args]
  expr {[yardstick::clock] - $start}
}
