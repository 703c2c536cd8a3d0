# lock.tcl NAME PASSES COUNT: lock + unlock, ours and the yardstick's, which has its mutex in the segment NAME.
# row: $t lock; $t unlock
package require polyshm
source [file join [file dirname [info script]] interleave.tcl]

lassign $argv name passes count
set lock [polyshm::Lock create $name.lock]
$lock unlink ;# it goes on without its name
calls $passes $count {$t lock; $t unlock} [list ours $lock hand-written [yardstick::open $name]]
