# This is what the scripts of the families share: the yardstick, with its clock, and interleave.
load $env(POLYSHM_YARDSTICK) Yardstick

# Tells which run of the script this is: 0, 1, ...
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

# This is what one command takes. Its result is freed after the clock was read.
proc timed {args} {
  set start [yardstick::clock]
  set result [{*}$args]
  expr {[yardstick::clock] - $start}
}

# Makes a procedure of t, v and times that runs the statement times * 1000 times, with i from 0 to 999 and an x, and gives the
# nanoseconds. Each object gets one of its own, so that none profits from what the interpreter learnt with another.
proc loop {procedure statement} {
  proc $procedure {t v times} [string map [list STATEMENT $statement] {
    set x 1.5
    set start [yardstick::clock]
    for {set k 0} {$k < $times} {incr k} {
      for {set i 0} {$i < 1000} {incr i} {STATEMENT}
    }
    expr {[yardstick::clock] - $start}
  }]
}

# This is what one of `count` runs of such a procedure's statement takes, less the loop's own time: that of the procedure `empty`.
proc net {procedure t v count} {
  set times [expr {$count / 1000}]
  expr {double([$procedure $t $v $times] - [empty $t $v $times]) / $count}
}

# Interleaves `count` runs of a statement on each object, its t; a measure of that name. objects: {variant object ...}
proc calls {passes count statement objects} {
  loop empty {}
  foreach {variant object} $objects {
    loop "$variant $statement" $statement
    lappend runs $statement $variant [list net "$variant $statement" $object {} $count]
  }
  interleave $passes $runs
}
