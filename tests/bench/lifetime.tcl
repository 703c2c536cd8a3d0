# lifetime.tcl NAME PASSES COUNT: create + close + unlink of one page.
package require polyshm
source [file join [file dirname [info script]] interleave.tcl]

proc lives {name count} {
  for {set k 0} {$k < $count} {incr k} {
    set shm [polyshm::SharedMemory create $name -size 4096]
    $shm close
    $shm unlink
  }
}
lassign $argv name passes count
interleave $passes [list "create+close+unlink" ours [list apply {{name count} {
  expr {double([timed lives $name $count]) / $count}
}} $name $count]]
