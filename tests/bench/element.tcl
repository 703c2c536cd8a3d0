# element.tcl NAME PASSES COUNT: one get and one set of a view's element, ours and the yardstick's.
# The loop's own time is measured in the same pass and subtracted. The segment NAME holds at least 1000 doubles.
package require polyshm
source [file join [file dirname [info script]] interleave.tcl]

lassign $argv name passes count
set shm [polyshm::SharedMemory attach $name]

# Each object gets a procedure of its own, so that neither profits from what the interpreter learnt with the other.
proc loop {procedure statement} {
  proc $procedure {t times} [string map [list STATEMENT $statement] {
    set x 1.5
    set start [yardstick::clock]
    for {set k 0} {$k < $times} {incr k} {
      for {set i 0} {$i < 1000} {incr i} {STATEMENT}
    }
    expr {[yardstick::clock] - $start}
  }]
}
loop empty {}
proc net {procedure object count} {
  set times [expr {$count / 1000}]
  expr {double([$procedure $object $times] - [empty {} $times]) / $count}
}

foreach statement {{set x [$t get $i]} {$t set $i $x}} {
  set runs {}
  foreach {variant object} [list ours [$shm view float64] hand-written [yardstick::open $name]] {
    loop "$variant $statement" $statement
    lappend runs $statement $variant [list net "$variant $statement" $object $count]
  }
  interleave $passes $runs
}
