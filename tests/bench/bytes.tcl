# bytes.tcl NAME PASSES: a whole segment read into a fresh byte array and written from one; the yardstick is malloc and memcpy.
package require polyshm
source [file join [file dirname [info script]] interleave.tcl]

lassign $argv name passes
# Where a mapping lies makes 5 %: who maps first changes with the round.
if {$round % 2 == 0} {set shm [polyshm::SharedMemory attach $name]}
set hand [yardstick::open $name]
if {$round % 2 == 1} {set shm [polyshm::SharedMemory attach $name]}
set size [$shm size]
set bytes [$shm read 0 $size]

proc copy_out {hand} {
  set time [timed $hand copy_out]
  $hand drop
  return $time
}
interleave $passes [list \
  read ours [list timed $shm read 0 $size] \
  read "malloc + memcpy" [list copy_out $hand]]
interleave $passes [list \
  write ours {timed $::shm write 0 $::bytes} \
  write memcpy {timed $::hand copy_in $::bytes}]
