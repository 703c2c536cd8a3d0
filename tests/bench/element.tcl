# element.tcl NAME PASSES COUNT: one get and one set of a view's element, ours and the yardstick's.
# The segment NAME holds at least 1000 doubles.
# row: set x [$t get $i] | hand-written <= 1.35 | memoryview: x = t[i]
# row: $t set $i $x | hand-written <= 1.35 | memoryview: t[i] = x
package require polyshm
source [file join [file dirname [info script]] interleave.tcl]

lassign $argv name passes count
set shm [polyshm::SharedMemory attach $name]
set objects [list ours [$shm view float64] hand-written [yardstick::open $name]]
foreach statement {{set x [$t get $i]} {$t set $i $x}} {calls $passes $count $statement $objects}
