# list.tcl NAME PASSES: a whole segment of doubles as a list, and a list into it; the yardstick is a hand-written C loop.
package require polyshm
source [file join [file dirname [info script]] interleave.tcl]

lassign $argv name passes
set shm [polyshm::SharedMemory attach $name]
set view [$shm view float64]
set hand [yardstick::open $name]
set list [$hand values]

interleave $passes [list \
  "to list" ours [list timed $view list] \
  "to list" hand-written [list timed $hand values]]
interleave $passes [list \
  "from list" ours {timed $::view assign $::list} \
  "from list" hand-written {timed $::hand assign $::list}]
