# atomics.tcl NAME PASSES COUNT: an atomic add on 1000 integers of the segment NAME, ours and the yardstick's.
# row: set x [$t add $i 1]
package require polyshm
source [file join [file dirname [info script]] interleave.tcl]

lassign $argv name passes count
set view [[polyshm::SharedMemory attach $name] view int64]
$view fill 0
calls $passes $count {set x [$t add $i 1]} [list ours $view hand-written [yardstick::open $name]]
